//! What goes into the compiler and what comes out: plain data.

use crate::dim::{Dim, Var};
use crate::dtype::DType;
use crate::ir::{Fragment, Uop};
use crate::optimize::Actions;
use crate::target::Isa;

/// A tensor function after tracing: its body as a graph.
#[derive(Clone, Debug)]
pub struct Function<'g> {
    /// The function's name, for kernel names and messages.
    pub name: String,
    /// Buffers read, in the order of the parameters; those also in `updates` are written in place.
    pub inputs: Vec<(String, Uop<'g>)>,
    /// Names of the inputs of one element that a GPU gets by value; processors get all by address.
    pub scalars: Vec<String>,
    /// Names of the inputs that most likely hold the same at the next call: processors keep copies of them in the order
    /// in which they are read. Nothing but speed depends on it.
    pub constants: Vec<String>,
    /// In-place updates: the buffer of an input and the value it has after the call.
    pub updates: Vec<(Uop<'g>, Uop<'g>)>,
    /// Results, in order.
    pub outputs: Vec<(String, Uop<'g>)>,
}

/// How a parameter of a program is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Read only.
    Input,
    /// Read, and replaced by its new value.
    InPlace,
    /// Written.
    Output,
}

/// One buffer a program is called with: inputs (and in-place ones) in order, then outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name for error messages, such as `net.w1`.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Shape, row-major and contiguous.
    pub shape: Vec<Dim>,
    /// How it is used.
    pub role: Role,
    /// Whether a GPU's kernels get its one element itself instead of its address.
    pub by_value: bool,
}

/// Where a kernel argument lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Parameter of the program.
    Param(u32),
    /// Slot of the program's workspace.
    Workspace(u32),
}

/// A kernel's text for one instruction set.
///
/// In C and Rust the function has the C signature
/// `void NAME(unsigned char *const *buffers, const int64_t *dims, int64_t begin, int64_t end, unsigned char *scratch)`,
/// or `unsafe extern "C" fn(buffers: *const *mut u8, dims: *const i64, begin: i64, end: i64, scratch: *mut u8)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Instruction set the text is for.
    pub isa: Isa,
    /// Complete text of the function, and then of those of `packs`, without the prelude of [`Program::prelude`].
    pub source: String,
    /// Trip count of the outer loop is `floor(extent / tile)`; one call covers `begin..end` of it, and
    /// the call whose `end` is the trip count also does what remains.
    pub extent: Dim,
    /// See `extent`.
    pub tile: i64,
    /// Bytes at `scratch`, aligned to 64, that each concurrent call has for itself; on a GPU, bytes of shared memory.
    pub scratch: usize,
    /// Elements that each call puts into scratch memory, whichever part it covers, or in whose time it jumps through memory: where
    /// calls are many, that is done in vain.
    pub repeated: i64,
    /// Copies of constant operands, in the order of the arguments that follow [`Kernel::args`].
    pub packs: Vec<Pack>,
    /// How a kernel of a GPU is launched; `None` for processors.
    pub launch: Option<Launch>,
    /// The schedule actions the text is the result of.
    pub actions: Actions,
    /// Who chose them.
    pub origin: Origin,
}

/// A copy of a constant operand in the order in which a kernel reads it, which is made when there is none yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// The symbol of the kernel that makes it, of the same signature, with the operand and the copy as buffers. It is called
    /// once for all of it, without dimensions.
    pub name: String,
    /// The parameter of the program that is copied.
    pub of: u32,
    /// Bytes of the copy.
    pub bytes: usize,
    /// Equal for equal copies of the same operand, whichever kernel or function reads them.
    pub key: u64,
}

/// How many threads run a kernel of a GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// There are as many blocks as the product of all `floor(extent / size)`.
    pub blocks: Vec<(Dim, i64)>,
    /// Threads of a block.
    pub threads: u32,
    /// What the matrix units multiply, if they do.
    pub matrix: Option<Fragment>,
}

impl Launch {
    /// How many blocks there are, where run-time dimensions are `vars`.
    pub fn count(&self, vars: &dyn Fn(&Var) -> i64) -> i64 {
        self.blocks.iter().map(|(extent, size)| extent.eval(vars).div_euclid(*size)).product()
    }
}

/// Who chose the actions of a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The heuristic.
    Heuristic,
    /// A search, whose result is in the tuning file.
    Tuned,
    /// The heuristic, because the list in the tuning file cannot be applied, for this reason.
    Inapplicable(String),
}

/// One kernel of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Symbol, such as `tgk_r_32_128_784_matmul_relu`.
    pub name: String,
    /// What each entry of `buffers` is.
    pub args: Vec<Slot>,
    /// One per instruction set, in the order they were asked for.
    pub variants: Vec<Variant>,
    /// Elementwise operations, over all elements.
    pub flops: Dim,
    /// Bytes read and written, each buffer element once.
    pub bytes: Dim,
    /// Time of a call, as [`crate::schedule::work`] takes it to be: what decides whether threads share it.
    pub work: Dim,
}

/// The language kernels are rendered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// C with GCC vector extensions.
    C,
    /// Rust, for machines without a C compiler: functions to stand where all of tg-runtime's `kernel` is imported.
    Rust,
    /// PTX, for GPUs. The prelude is the head of a module. A kernel's parameters are its arguments in order, each the
    /// address of global memory aligned to 256 bytes or, if [`Parameter::by_value`], the value itself, and then the
    /// run-time dimensions as integers of 64 bits; it is launched with `scratch` bytes of shared memory.
    Ptx,
}

/// Totals of a program, evaluated at the smallest value of each run-time dimension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Kernels launched per call.
    pub kernels: usize,
    /// Arithmetic operations.
    pub flops: u64,
    /// Bytes read and written by all kernels.
    pub bytes: u64,
    /// Peak bytes of intermediate results, without the scratch memory of kernels: see [`Variant::scratch`].
    pub workspace_bytes: u64,
}

/// Everything needed to embed and run a compiled tensor function.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The function's name.
    pub name: String,
    /// Run-time dimensions; kernels get their values in this order.
    pub dims: Vec<Var>,
    /// Buffers, in call order.
    pub params: Vec<Parameter>,
    /// Bytes of each workspace slot.
    pub workspace: Vec<Dim>,
    /// Kernels, in launch order.
    pub kernels: Vec<Kernel>,
    /// Text that must precede the kernels of each instruction set, in the order of the sets.
    pub prelude: Vec<String>,
    /// Totals.
    pub report: Report,
}
