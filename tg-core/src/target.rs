//! Targets: which instruction sets kernels are built for, as plain data.
//!
//! A target triple decides a list of [`Isa`]s; each kernel is built once for each of them and one is picked at
//! start-up. This is not feature detection (the runtime does that) and not a compiler's flags (tg-toolchain has those).

/// Bytes of the widest access that a thread of a GPU has.
pub(crate) const WIDEST: usize = 16;

macro_rules! isas {
    ($($(#[$doc:meta])* $variant:ident $name:literal $bytes:literal $registers:literal $fma:literal;)*) => {
        /// An instruction-set level that kernels are built for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Isa { $($(#[$doc])* $variant,)* }

        impl Isa {
            /// Every level, in the order of the table.
            pub const ALL: &'static [Isa] = &[$(Isa::$variant),*];
            /// The name used in symbols, cache keys and messages; a valid part of an identifier.
            pub fn name(self) -> &'static str { match self { $(Isa::$variant => $name,)* } }
            /// Width of a vector register in bytes.
            pub fn vector_bytes(self) -> usize { match self { $(Isa::$variant => $bytes,)* } }
            /// Number of vector registers: bounds the register tile of a kernel.
            pub fn vector_registers(self) -> usize { match self { $(Isa::$variant => $registers,)* } }
            /// How many lines a first-level cache holds whose addresses are a multiple of 4 KiB apart, on most processors of
            /// the level.
            pub fn cache_ways(self) -> usize { if matches!(self, Isa::Neon) { 4 } else { 8 } }
            /// Whether a multiply-add is one instruction with one rounding.
            pub fn has_fma(self) -> bool { match self { $(Isa::$variant => $fma,)* } }

            /// Whether what is behind the point of an f32, and its product with a power of two, are an instruction each.
            pub fn has_scaling(self) -> bool { self == Isa::X86V4 }
            /// Whether an operand of an instruction may be one element of memory, for all lanes.
            pub fn folds_broadcasts(self) -> bool { self == Isa::X86V4 }
            /// Whether kernels run as blocks of threads on a GPU.
            pub fn is_gpu(self) -> bool { self.shared_bytes() > 0 }
            /// Whether four warps together have products of matrices in shared memory.
            pub fn has_groups(self) -> bool { self == Isa::Sm90a }
            /// Whether kernels wait by themselves for those started before them.
            pub fn waits(self) -> bool { self == Isa::Sm90a }
            /// Bytes of shared memory that a block can have on every GPU of the level; none for processors.
            pub fn shared_bytes(self) -> usize {
                match self {
                    Isa::Sm80 => 99 << 10,
                    Isa::Sm90a => 227 << 10,
                    _ => 0,
                }
            }
        }
    };
}

isas! {
    /// x86-64-v2: SSE4.2, every x86-64 server and desktop since 2009.
    X86V2 "x86v2" 16 16 false;
    /// x86-64-v3: AVX2 and FMA.
    X86V3 "x86v3" 32 16 true;
    /// x86-64-v4: AVX-512 F, BW, CD, DQ, VL.
    X86V4 "x86v4" 64 32 true;
    /// Armv8-A with Advanced SIMD, which every aarch64 target has.
    Neon "neon" 16 32 true;
    /// NVIDIA GPUs of compute capability 8.0 and newer: asynchronous copies, matrix units for f16, bf16 and tf32.
    Sm80 "sm80" 16 255 true;
    /// NVIDIA GPUs of compute capability 9.0: Hopper.
    Sm90a "sm90a" 16 255 true;
    /// Whatever the target's default is; nothing is assumed beyond 16-byte vectors being no loss.
    Baseline "baseline" 16 16 false;
}

/// What runs kernels: decides how a function is cut into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Device {
    /// A processor with some cores.
    Cpu,
    /// A GPU: many threads, no scratch memory of a size that is not known.
    Gpu,
}

impl Device {
    /// The device that all of `isas` are of.
    pub fn of(isas: &[Isa]) -> Device {
        if isas.iter().any(|isa| isa.is_gpu()) { Device::Gpu } else { Device::Cpu }
    }
}

/// A processor architecture, as far as kernels care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit x86 with 64-bit pointers.
    X86_64,
    /// Little-endian 64-bit Arm with 64-bit pointers.
    Aarch64,
    /// Anything else.
    Other,
}

impl Arch {
    /// The architecture of a target triple, or of the first part of one.
    pub fn of_triple(triple: &str) -> Arch {
        let short_pointers = triple.ends_with("x32") || triple.contains("ilp32");
        match triple.split('-').next() {
            _ if short_pointers => Arch::Other,
            Some("x86_64" | "x86_64h" | "amd64") => Arch::X86_64,
            Some("aarch64" | "arm64") => Arch::Aarch64,
            _ => Arch::Other,
        }
    }

    /// The levels kernels are built for, from the least to the most demanding; never empty.
    pub fn isas(self) -> &'static [Isa] {
        match self {
            Arch::X86_64 => &[Isa::X86V2, Isa::X86V3, Isa::X86V4],
            Arch::Aarch64 => &[Isa::Neon],
            Arch::Other => &[Isa::Baseline],
        }
    }
}

/// The file format a target's assembler writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectFormat {
    /// Linux, the BSDs, Android and bare metal.
    Elf,
    /// Apple systems.
    MachO,
    /// Windows and UEFI.
    Coff,
    /// WebAssembly.
    Wasm,
}

impl ObjectFormat {
    /// The format of a target triple, in rustc's or in a C compiler's spelling.
    pub fn of_triple(triple: &str) -> ObjectFormat {
        let has = |words: &[&str]| words.iter().any(|w| triple.contains(w));
        if triple.starts_with("wasm") {
            ObjectFormat::Wasm
        } else if has(&["apple", "darwin"]) {
            ObjectFormat::MachO
        } else if has(&["windows", "mingw", "cygwin", "uefi"]) {
            ObjectFormat::Coff
        } else {
            ObjectFormat::Elf
        }
    }
}

/// What a target triple says about kernels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The triple, as rustc spells it.
    pub triple: String,
    /// Its processor.
    pub arch: Arch,
    /// Its object files.
    pub format: ObjectFormat,
}

impl Target {
    /// Reads a triple such as `x86_64-unknown-linux-gnu`. Never fails: what is unknown is [`Arch::Other`].
    pub fn parse(triple: &str) -> Target {
        Target { triple: triple.into(), arch: Arch::of_triple(triple), format: ObjectFormat::of_triple(triple) }
    }

    /// The levels kernels are built for, from the least to the most demanding; never empty.
    pub fn isas(&self) -> &'static [Isa] {
        self.arch.isas()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples_decide_arch_format_and_levels() {
        let check = |triple: &str, arch, format, isas: &[Isa]| {
            let target = Target::parse(triple);
            assert_eq!((target.arch, target.format, target.isas()), (arch, format, isas), "{triple}");
        };
        let x86 = &[Isa::X86V2, Isa::X86V3, Isa::X86V4];
        check("x86_64-unknown-linux-gnu", Arch::X86_64, ObjectFormat::Elf, x86);
        check("x86_64-linux-gnu", Arch::X86_64, ObjectFormat::Elf, x86);
        check("x86_64-apple-darwin", Arch::X86_64, ObjectFormat::MachO, x86);
        check("x86_64-pc-windows-msvc", Arch::X86_64, ObjectFormat::Coff, x86);
        check("x86_64-w64-mingw32", Arch::X86_64, ObjectFormat::Coff, x86);
        check("aarch64-unknown-linux-musl", Arch::Aarch64, ObjectFormat::Elf, &[Isa::Neon]);
        check("arm64-apple-ios", Arch::Aarch64, ObjectFormat::MachO, &[Isa::Neon]);
        check("wasm32-unknown-unknown", Arch::Other, ObjectFormat::Wasm, &[Isa::Baseline]);
        check("x86_64-unknown-linux-gnux32", Arch::Other, ObjectFormat::Elf, &[Isa::Baseline]);
        check("aarch64-unknown-linux-gnu_ilp32", Arch::Other, ObjectFormat::Elf, &[Isa::Baseline]);
        check("aarch64_be-unknown-linux-gnu", Arch::Other, ObjectFormat::Elf, &[Isa::Baseline]);
        check("i686-unknown-linux-gnu", Arch::Other, ObjectFormat::Elf, &[Isa::Baseline]);
        check("", Arch::Other, ObjectFormat::Elf, &[Isa::Baseline]);
    }

    #[test]
    fn names_are_distinct_parts_of_identifiers() {
        for (i, a) in Isa::ALL.iter().enumerate() {
            assert!(a.name().chars().all(|c| c.is_ascii_alphanumeric()), "{a:?}");
            assert!(Isa::ALL[..i].iter().all(|b| a.name() != b.name()), "{a:?}");
            assert!(a.vector_bytes().is_power_of_two() && a.vector_registers() >= 16, "{a:?}");
        }
    }
}
