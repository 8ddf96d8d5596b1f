//! Instruction sets: what a kernel may be compiled for, as data.

/// A level of instructions a kernel is compiled for; the best the running CPU has is picked at start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Isa {
    /// Whatever the Rust target guarantees.
    Baseline,
    /// x86-64 with SSE4.2.
    X86V2,
    /// x86-64 with AVX2 and FMA.
    X86V3,
    /// x86-64 with AVX-512 F, BW, CD, DQ, VL.
    X86V4,
    /// 64-bit Arm with Advanced SIMD.
    Neon,
}
