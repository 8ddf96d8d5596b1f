//! Compiled tensor functions: what generated code hands to the runtime, and how it is called.
//!
//! A [`Program`] is a `static` made by generated code: kernels with their arguments, the parameters they
//! work on, the plan of the memory between them, and constants about cost. Everything here can be built in a
//! `const`. Calling one checks the run-time dimensions ([`Program::bind`]) and launches the kernels in order
//! ([`Program::run`]). User code does not see this module; it is the interface of the macro.

mod bind;
#[cfg(feature = "cuda")]
mod gpu;
mod launch;
mod owned;
mod packs;
mod watch;

pub use bind::{DimValues, Dims};
#[cfg(feature = "cuda")]
pub use gpu::GpuState;
pub use launch::ProgramState;
pub use owned::Owned;
pub use packs::Constants;

use crate::error::Result;
use crate::isa::Isa;
use tg_core::dtype::Scalar;
#[cfg(feature = "cuda")]
pub use tg_core::ir::Fragment;

/// Most run-time dimensions of one tensor function.
pub const MAX_DIMS: usize = 8;

/// A kernel: `begin..end` of its outer loop over `buffers` (in the order of [`Kernel::args`]), for the values
/// `dims` of the run-time dimensions, with [`Variant::scratch`] bytes at `scratch` for itself.
pub type KernelFn =
    unsafe extern "C" fn(buffers: *const *mut u8, dims: *const i64, begin: i64, end: i64, scratch: *mut u8);

/// An integer polynomial in the run-time dimensions: the sum of coefficients times products of dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poly {
    /// Coefficient and the indices of the dimensions of each term; no indices for the constant.
    pub terms: &'static [(i64, &'static [u32])],
}

impl Poly {
    /// The value for these dimensions; saturating.
    pub fn eval(&self, dims: &[i64]) -> i64 {
        // Most are constants, and a call evaluates a few for each of its kernels and arguments.
        if let [(constant, [])] = self.terms {
            return *constant;
        }
        let product = |&(c, vars): &(i64, &[u32])| vars.iter().fold(c, |p, &v| p.saturating_mul(dims[v as usize]));
        self.terms.iter().map(product).fold(0, i64::saturating_add)
    }

    /// The dimension this is, if it is one dimension and nothing else.
    pub fn variable(&self) -> Option<usize> {
        match self.terms {
            [(1, [v])] => Some(*v as usize),
            _ => None,
        }
    }

    /// The text with the names of the dimensions: `2*N*M+3`.
    fn describe(&self, names: &[DimSpec]) -> String {
        let name = |v: &u32| names.get(*v as usize).map_or("?", |d| d.name).to_owned();
        let term = |&(c, vars): &(i64, &[u32])| {
            let coefficient = (c != 1 || vars.is_empty()).then(|| c.to_string());
            coefficient.into_iter().chain(vars.iter().map(name)).collect::<Vec<_>>().join("*")
        };
        match self.terms {
            [] => "0".to_owned(),
            terms => terms.iter().map(term).collect::<Vec<_>>().join("+"),
        }
    }
}

/// A kernel as compiled for one instruction set.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its code. The call whose `end` is the number of iterations also does the tail, the part of the
    /// extent that fills no tile; so there is always such a call, also for 0 iterations.
    pub entry: KernelFn,
    /// Length of the outer axis; the outer loop has `extent / tile` iterations, rounded down.
    pub extent: Poly,
    /// Elements of the outer axis that one iteration computes, at least 1.
    pub tile: i64,
    /// Bytes of scratch memory that each thread needs.
    pub scratch: usize,
    /// Elements that each call puts there whichever iterations it does.
    pub repeated: i64,
    /// The copies of constant parameters that it gets behind [`Kernel::args`].
    pub packs: &'static [Pack],
}

/// A copy of a constant parameter in the order in which a kernel reads it, kept with the tensor's elements.
#[derive(Clone, Copy, Debug)]
pub struct Pack {
    /// Its name, which is also that of the code.
    pub name: &'static str,
    /// Makes it: the buffers are the parameter and the copy, and there are no dimensions, iterations and scratch memory.
    pub entry: KernelFn,
    /// The index of the parameter.
    pub of: u32,
    /// Bytes of the copy.
    pub bytes: usize,
    /// Equal for equal copies of the same elements.
    pub key: u64,
}

/// What a kernel's buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The parameter with this index.
    Param(u32),
    /// The part of the workspace with this index.
    Workspace(u32),
}

/// One kernel of a tensor function.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Its name, which is also its symbol's.
    pub name: &'static str,
    /// Its buffers.
    pub args: &'static [Slot],
    /// Its code for each of [`Program::isas`], in that order.
    pub variants: &'static [Variant],
    /// Scalar operations and memory accesses it executes, to decide whether threads share it.
    pub work: Poly,
    /// Floating-point operations of the computation.
    pub flops: Poly,
    /// Bytes the computation reads and writes at least.
    pub bytes: Poly,
}

/// A run-time dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DimSpec {
    /// Its name in the source.
    pub name: &'static str,
    /// Smallest value.
    pub min: i64,
    /// Largest value.
    pub max: i64,
}

/// What happens to a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is read.
    Input,
    /// It is read and overwritten.
    InPlace,
    /// It is written, whatever it held.
    Output,
}

/// A parameter: an argument of the tensor function, a field of one, or a result.
#[derive(Clone, Copy, Debug)]
pub struct ParamSpec {
    /// Its name in the source, `net.w1` for a field.
    pub name: &'static str,
    /// Its elements. A scalar argument is a parameter without dimensions.
    pub dtype: Scalar,
    /// Its sizes.
    pub shape: &'static [Poly],
    /// What happens to it.
    pub role: Role,
}

/// What a call costs, as the compiler counts it: constants that tests can assert. With run-time dimensions,
/// the values are those at each dimension's smallest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Kernels launched.
    pub kernels: usize,
    /// Floating-point operations.
    pub flops: u64,
    /// Bytes that the kernels read and write at least, summed over the kernels.
    pub bytes: u64,
    /// Bytes of memory in use between the kernels, beside the parameters. The scratch memory of a kernel, which depends on
    /// the instruction set and is there once for each thread, is not in it: see [`Variant::scratch`].
    pub workspace_bytes: u64,
}

/// A compiled tensor function.
#[derive(Debug)]
pub struct Program {
    /// Its name in the source.
    pub name: &'static str,
    /// Its run-time dimensions, at most [`MAX_DIMS`].
    pub dims: &'static [DimSpec],
    /// Its parameters: the arguments in order, results among them or after them.
    pub params: &'static [ParamSpec],
    /// The size in bytes of each part of the workspace.
    pub workspace: &'static [Poly],
    /// Its kernels, in launch order.
    pub kernels: &'static [Kernel],
    /// The instruction sets that every kernel was compiled for.
    pub isas: &'static [Isa],
    /// What a call costs.
    pub report: Report,
    /// What the runtime keeps between calls.
    pub state: ProgramState,
    /// How it is run where its kernels cannot be.
    pub fallback: Option<Fallback>,
    /// The same for GPUs of NVIDIA, if it was compiled for them.
    #[cfg(feature = "cuda")]
    pub gpu: Option<&'static GpuProgram>,
}

/// How a tensor function is run on a processor that it was not compiled for: from its graph.
#[derive(Clone, Copy, Debug)]
pub struct Fallback {
    /// The traced function as text.
    pub graph: &'static str,
    /// Runs it, as [`Program::run`] would.
    pub run: unsafe fn(&'static Program, &'static str, &[*mut u8], &DimValues) -> Result<()>,
}

/// A tensor function as compiled for GPUs of NVIDIA: it shares name, dimensions and parameters with the [`Program`].
#[cfg(feature = "cuda")]
#[derive(Debug)]
pub struct GpuProgram {
    /// Its kernels for each level of devices.
    pub images: &'static [GpuImage],
    /// The size in bytes of each part of the workspace.
    pub workspace: &'static [Poly],
    /// Its kernels, in launch order.
    pub kernels: &'static [GpuKernel],
    /// The parameters that are numbers of Rust and no tensors: kernels get the values of those that are only read.
    pub numbers: &'static [u32],
    /// What the runtime keeps between calls.
    pub state: GpuState,
}

/// All kernels of a function for one level of devices.
#[cfg(feature = "cuda")]
#[derive(Clone, Copy, Debug)]
pub struct GpuImage {
    /// The least compute capability, as `10 * major + minor`.
    pub capability: u32,
    /// Whether it is for this capability only, as those are that use what later devices lack again.
    pub exact: bool,
    /// Whether its kernels wait by themselves for those before them, so that they may be started early.
    pub waits: bool,
    /// A module as PTX, which the driver compiles.
    pub ptx: &'static str,
    /// The same compiled for exactly this capability.
    pub cubin: Option<&'static [u8]>,
}

/// One kernel on GPUs. It gets for each of `args` an address or, for a number that is only read, its value; then the
/// run-time dimensions as 64-bit integers.
#[cfg(feature = "cuda")]
#[derive(Clone, Copy, Debug)]
pub struct GpuKernel {
    /// Its name, which is also its entry's.
    pub name: &'static str,
    /// What it works on.
    pub args: &'static [Slot],
    /// How it is launched, for each of [`GpuProgram::images`], in that order.
    pub launches: &'static [GpuLaunch],
    /// Floating-point operations of the computation.
    pub flops: Poly,
    /// Bytes the computation reads and writes at least.
    pub bytes: Poly,
}

/// How many threads run a kernel, and what they share.
#[cfg(feature = "cuda")]
#[derive(Clone, Copy, Debug)]
pub struct GpuLaunch {
    /// There are as many blocks as the product of all `extent / size`, rounded down.
    pub blocks: &'static [(Poly, i64)],
    /// Threads of a block.
    pub threads: u32,
    /// Bytes of shared memory of a block.
    pub shared: usize,
    /// What the matrix units multiply, if they do.
    pub matrix: Option<Fragment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials() {
        const P: Poly = Poly { terms: &[(2, &[0, 1]), (3, &[])] };
        const NAMES: &[DimSpec] = &[DimSpec { name: "N", min: 1, max: 9 }, DimSpec { name: "M", min: 1, max: 9 }];
        assert_eq!(P.eval(&[4, 5]), 43);
        assert_eq!(P.describe(NAMES), "2*N*M+3");
        assert_eq!(P.eval(&[i64::MAX, 2]), i64::MAX);
        assert_eq!(Poly { terms: &[] }.eval(&[]), 0);
        assert_eq!(Poly { terms: &[(7, &[])] }.eval(&[2]), 7);
        assert_eq!(Poly { terms: &[(1, &[1])] }.variable(), Some(1));
        assert_eq!(P.variable(), None);
    }
}
