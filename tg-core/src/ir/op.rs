//! The op table: one row declares an operation; everything else is derived or an exhaustive `match`.
//!
//! Columns: name, class, number of sources (`_` = any), one line of meaning.

use std::fmt;
use std::str::FromStr;

/// What family an operation belongs to: decides at which stages it may stand and how it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Values with no computation behind them: constants, variables, buffers.
    Source,
    /// Rearranges a tensor without computing; becomes index arithmetic.
    Movement,
    /// Elementwise on one value.
    Unary,
    /// Elementwise on two values.
    Binary,
    /// Elementwise on three values.
    Ternary,
    /// Combines many elements of a tensor into one.
    Reduction,
    /// Says something about scheduling or gradients, computes nothing.
    Marker,
    /// Reads or writes memory.
    Memory,
    /// Builds or takes apart vectors.
    Lanes,
    /// Loops, accumulators, order of execution.
    Control,
}

macro_rules! ops {
    ($($name:ident $variant:ident $class:ident $arity:tt $doc:literal;)*) => {
        /// An operation. See the table in `ir/op.rs`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Op { $(#[doc = $doc] $variant,)* }

        impl Op {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Op] = &[$(Op::$variant),*];
            /// The name in text form.
            pub fn name(self) -> &'static str { match self { $(Op::$variant => stringify!($name),)* } }
            /// The family it belongs to.
            pub fn class(self) -> Class { match self { $(Op::$variant => Class::$class,)* } }
            /// How many sources it takes; `None` if that varies.
            pub fn arity(self) -> Option<usize> { match self { $(Op::$variant => ops!(@arity $arity),)* } }
            /// One line of meaning.
            pub fn doc(self) -> &'static str { match self { $(Op::$variant => $doc,)* } }
        }
    };
    (@arity _) => { None };
    (@arity $n:literal) => { Some($n) };
}

ops! {
    // Sources
    CONST         Const         Source    0 "A value known at compile time; in a tensor graph it has shape ()";
    DEFINE_VAR    DefineVar     Source    0 "A run-time dimension, passed as a kernel argument";
    BUFFER        Buffer        Source    0 "A tensor in memory: a parameter or an intermediate result";
    IOTA          Iota          Source    0 "The index of each element of a one-dimensional tensor";
    DEFINE_GLOBAL DefineGlobal  Source    0 "A pointer to a buffer passed to the kernel";
    DEFINE_LOCAL  DefineLocal   Source    0 "A pointer to scratch memory of the kernel: of a call, or shared by a block of threads";
    SPECIAL       Special       Source    1 "The number, below `src[0]`, of this block of threads, or of this thread in its block";
    // Movement
    RESHAPE       Reshape       Movement  1 "Same elements in row-major order, other shape";
    PERMUTE       Permute       Movement  1 "Axis i of the result is axis `arg[i]` of the source";
    EXPAND        Expand        Movement  1 "Axes of size 1 repeat to the size in arg";
    PAD           Pad           Movement  1 "Zeros before and after each axis";
    SHRINK        Shrink        Movement  1 "Keeps begin..end of each axis";
    FLIP          Flip          Movement  1 "Reverses the axes in arg";
    VIEW          View          Movement  1 "Any composition of movements, as a ShapeTracker";
    // Elementwise
    CAST          Cast          Unary     1 "Converts to the node's dtype: float to int truncates and saturates, to bool is != 0";
    BITCAST       Bitcast       Unary     1 "Reads the same bits as the node's dtype";
    NEG           Neg           Unary     1 "-x; integers wrap";
    RECIP         Recip         Unary     1 "1/x";
    SQRT          Sqrt          Unary     1 "Square root";
    EXP2          Exp2          Unary     1 "2 to the power x";
    LOG2          Log2          Unary     1 "Base-2 logarithm";
    SIN           Sin           Unary     1 "Sine of x in radians";
    TANH          Tanh          Unary     1 "Hyperbolic tangent";
    ERF           Erf           Unary     1 "Error function";
    TRUNC         Trunc         Unary     1 "Rounds toward zero, stays a float";
    ROUND_TF32    RoundTf32     Unary     1 "An f32 rounded to the 10 bits of fraction of TensorFloat-32, ties away from zero";
    CUT_TF32      CutTf32       Unary     1 "An f32 without the lower 13 bits of its fraction, as matrix units read it";
    FRACT         Fract         Unary     1 "An f32 less the next integer below, 0 of infinities";
    ADD           Add           Binary    2 "x + y; integers wrap";
    SUB           Sub           Binary    2 "x - y; integers wrap";
    MUL           Mul           Binary    2 "x * y; integers wrap";
    FDIV          Fdiv          Binary    2 "x / y on floats";
    IDIV          Idiv          Binary    2 "x / y on integers: truncates; on `index` it floors";
    MOD           Mod           Binary    2 "Remainder with IDIV's rounding";
    MAX           Max           Binary    2 "The larger; NaN if either is NaN";
    POW           Pow           Binary    2 "x to the power y";
    LDEXP         Ldexp         Binary    2 "An f32 x * 2^n, where n is the next integer below y; rounded once";
    CMPLT         Cmplt         Binary    2 "x < y, a bool";
    CMPNE         Cmpne         Binary    2 "x != y, a bool";
    CMPEQ         Cmpeq         Binary    2 "x == y, a bool";
    AND           And           Binary    2 "Bitwise and; logical on bool";
    OR            Or            Binary    2 "Bitwise or; logical on bool";
    XOR           Xor           Binary    2 "Bitwise exclusive or; logical on bool";
    SHL           Shl           Binary    2 "Shift left; the amount is taken modulo the width";
    SHR           Shr           Binary    2 "Shift right, arithmetic on signed; the amount is taken modulo the width";
    WHERE         Where         Ternary   3 "y where the bool x holds, else z";
    MULACC        Mulacc        Ternary   3 "x * y + z, rounded once or twice";
    // Reductions
    REDUCE_AXIS   ReduceAxis    Reduction 1 "Combines axes with the op in arg; they stay with size 1";
    REDUCE        Reduce        Reduction _ "Combines `src[0]` with the op in arg over the ranges `src[1..]`";
    // Markers of the tensor stage
    ASSIGN        Assign        Marker    2 "Replaces the contents of BUFFER `src[0]` by `src[1]`";
    CONTIGUOUS    Contiguous    Marker    1 "Must be stored before it is used";
    CONTIGUOUS_BACKWARD ContiguousBackward Marker 1 "Its gradient must be stored before it is used";
    DETACH        Detach        Marker    1 "No gradient flows through";
    SINK          Sink          Marker    _ "Keeps its sources alive; the root of a graph";
    // Memory
    INDEX         Index         Memory    _ "The address `src[0]` + `src[1]` elements; `src[2]`, if any, says when it may be accessed";
    LOAD          Load          Memory    _ "The value at INDEX `src[0]`; `src[1]`, if any, is the value where access is not allowed";
    STORE         Store         Memory    _ "Writes `src[1]` to INDEX `src[0]`, over the ranges `src[2..]`";
    PREFETCH      Prefetch      Memory    1 "A hint that what is at INDEX `src[0]` is needed soon; it may be nowhere";
    LOAD_MATRIX   LoadMatrix    Memory    1 "Matrices of 8 rows of 16 bytes, spread over a warp, of which every 8 threads give the rows' addresses `src[0]`";
    AFTER         After         Memory    _ "The pointer `src[0]`, to be used only once the stores `src[1..]` have happened";
    // Lanes
    VECTORIZE     Vectorize     Lanes     _ "A vector of its sources";
    GEP           Gep           Lanes     1 "One lane of a vector";
    SHUFFLE       Shuffle       Lanes     1 "What the thread whose number in the warp differs in the bits of arg has as `src[0]`";
    WMMA          Wmma          Lanes     3 "`src[0]` * `src[1]` + `src[2]`, matrices whose elements the threads of a warp hold as arg says";
    WGMMA         Wgmma         Lanes     3 "`src[2]` plus the product of matrices in scratch memory at INDEXes `src[0]` and `src[1]`, by four warps, as arg says; it goes on until a SETTLE";
    // Control
    RANGE         Range         Control   1 "A loop counter from 0 to `src[0]`, exclusive";
    ENDRANGE      Endrange      Control   1 "The end of the loop `src[0]`";
    DEFINE_ACC    DefineAcc     Control   _ "A register that starts as `src[0]` outside the loops `src[1..]`";
    UPDATE_ACC    UpdateAcc     Control   _ "Sets the register `src[0]` to `src[1]`, where `src[2]`, if there is one, holds";
    BARRIER       Barrier       Control   0 "All threads of the block have come here before any goes on";
    COMMIT        Commit        Control   0 "Ends a group of copies that run ahead";
    WAIT          Wait          Control   0 "This thread's copies that run ahead have arrived, but for the last groups, as many as arg says";
    SETTLE        Settle        Control   0 "Ends a group of WGMMA; they are done, and have read their factors, but for the last groups, as many as arg says";
}

impl Op {
    /// Whether it computes elementwise, with sources and result of one shape.
    pub fn is_alu(self) -> bool {
        matches!(self.class(), Class::Unary | Class::Binary | Class::Ternary)
    }

    /// Whether `x op y == y op x`.
    pub fn is_commutative(self) -> bool {
        use Op::*;
        matches!(self, Add | Mul | Max | Cmpne | Cmpeq | And | Or | Xor)
    }

    /// Whether `(x op y) op z == x op (y op z)`, up to rounding of floats.
    pub fn is_associative(self) -> bool {
        matches!(self, Op::Add | Op::Mul | Op::Max | Op::And | Op::Or | Op::Xor)
    }

    /// Whether the result is `bool` whatever the operands are.
    pub fn is_comparison(self) -> bool {
        matches!(self, Op::Cmplt | Op::Cmpne | Op::Cmpeq)
    }

    /// Whether `REDUCE` may combine with it.
    pub fn is_reducing(self) -> bool {
        matches!(self, Op::Add | Op::Mul | Op::Max)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Op {
    type Err = String;
    fn from_str(text: &str) -> Result<Op, String> {
        Op::ALL.iter().find(|op| op.name() == text).copied().ok_or_else(|| format!("unknown op `{text}`"))
    }
}
