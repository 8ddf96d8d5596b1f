//! Instruction sets kernels are compiled for, and which of them this processor has.
//!
//! The x86-64 levels are those of the psABI: a kernel compiled for v3 uses AVX2 and FMA, for v4 AVX-512.

/// An instruction set level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// What every processor of the target has; the level of kernels rendered as Rust.
    Baseline,
    /// x86-64-v2: SSE4.2, POPCNT.
    X86V2,
    /// x86-64-v3: AVX2, FMA, F16C, BMI.
    X86V3,
    /// x86-64-v4: AVX-512 F, BW, CD, DQ, VL.
    X86V4,
    /// aarch64 with Advanced SIMD.
    Neon,
}

impl Isa {
    /// Every level, lowest first.
    pub const ALL: &'static [Isa] = &[Isa::Baseline, Isa::X86V2, Isa::X86V3, Isa::X86V4, Isa::Neon];

    /// The name in `TG_CPU` and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Baseline => "baseline",
            Isa::X86V2 => "v2",
            Isa::X86V3 => "v3",
            Isa::X86V4 => "v4",
            Isa::Neon => "neon",
        }
    }

    /// Whether this processor, under this operating system, can run code of this level.
    pub fn is_supported(self) -> bool {
        self == Isa::Baseline || detected(self)
    }

    /// The index in `compiled` of the best level that this processor has and that is not above `limit`.
    pub fn best(compiled: &[Isa], limit: Option<Isa>) -> Option<usize> {
        let usable = |isa: Isa| isa.is_supported() && limit.is_none_or(|limit| isa <= limit);
        let candidates = compiled.iter().enumerate().filter(|(_, isa)| usable(**isa));
        candidates.max_by_key(|(_, isa)| **isa).map(|(at, _)| at)
    }
}

#[cfg(target_arch = "x86_64")]
fn detected(isa: Isa) -> bool {
    macro_rules! has {
        ($($feature:tt)*) => { true $(&& std::arch::is_x86_feature_detected!($feature))* };
    }
    let v2 = || has!("sse3" "ssse3" "sse4.1" "sse4.2" "popcnt");
    let v3 = || v2() && has!("avx" "avx2" "fma" "f16c" "bmi1" "bmi2" "lzcnt" "movbe");
    match isa {
        Isa::Baseline => true,
        Isa::X86V2 => v2(),
        Isa::X86V3 => v3(),
        Isa::X86V4 => v3() && has!("avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl"),
        Isa::Neon => false,
    }
}

#[cfg(target_arch = "aarch64")]
fn detected(isa: Isa) -> bool {
    isa == Isa::Neon && std::arch::is_aarch64_feature_detected!("neon")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detected(_: Isa) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_usable_level_is_chosen() {
        assert_eq!(Isa::best(&[Isa::Baseline], None), Some(0));
        assert_eq!(Isa::best(Isa::ALL, Some(Isa::Baseline)), Some(0));
        let foreign = if cfg!(target_arch = "x86_64") { Isa::Neon } else { Isa::X86V3 };
        assert_eq!(Isa::best(&[foreign], None), None);
        let chosen = Isa::best(Isa::ALL, None).unwrap();
        assert!(Isa::ALL[chosen + 1..].iter().all(|isa| !isa.is_supported()));
    }
}
