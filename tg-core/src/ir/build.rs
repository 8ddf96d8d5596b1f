//! Making nodes: constructors that fill in dtypes, and operators on [`Uop`].
//!
//! An operator takes a [`Uop`] or a Rust number, which becomes a constant of the other side's dtype:
//! `x * 2 + y`. Nothing is simplified.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Shl, Shr, Sub};

use crate::dim::Dim;
use crate::dtype::{DType, Space};
use crate::ir::{Arg, Arrangement, Axis, Graph, Op, Special, Uop, Value, cast};

/// What may stand beside a [`Uop`] in an expression.
pub trait Operand<'g>: Copy {
    /// The node, given the other side.
    fn like(self, other: Uop<'g>) -> Uop<'g>;
}

impl<'g> Operand<'g> for Uop<'g> {
    fn like(self, _: Uop<'g>) -> Uop<'g> {
        self
    }
}

macro_rules! number_operands {
    ($($ty:ty => $value:expr;)*) => {$(
        impl<'g> Operand<'g> for $ty {
            fn like(self, other: Uop<'g>) -> Uop<'g> {
                let value: fn($ty) -> Value = $value;
                other.graph().constant(other.dtype(), value(self))
            }
        }
    )*};
}

number_operands! {
    i32 => |v| Value::Int(v as i128);
    i64 => |v| Value::Int(v as i128);
    i128 => Value::Int;
    usize => |v| Value::Int(v as i128);
    f64 => Value::Float;
    bool => Value::Bool;
    Value => |v| v;
}

impl Graph {
    /// The constant `value`, converted to `dtype`.
    pub fn constant(&self, dtype: DType, value: impl Into<Value>) -> Uop<'_> {
        self.node(Op::Const, dtype, &[], Arg::Value(cast(value.into(), dtype)))
    }

    /// An `index` constant.
    pub fn index(&self, value: i64) -> Uop<'_> {
        self.constant(DType::INDEX, value)
    }

    /// The `index` value of a dimension: a sum of products of variables.
    pub fn dim(&self, dim: &Dim) -> Uop<'_> {
        if let Some(v) = dim.known() {
            return self.index(v);
        }
        let var = |v| self.node(Op::DefineVar, DType::INDEX, &[], Arg::Var(v));
        let product = |(vars, c): (Vec<_>, i64)| -> Uop<'_> {
            let factors = vars.into_iter().map(var).reduce(|a, b| a * b);
            factors.map_or_else(|| self.index(c), |f| if c == 1 { f } else { f * c })
        };
        let terms = dim.terms().into_iter().rev().map(product).reduce(|a, b| a + b);
        terms.unwrap_or_else(|| self.index(0))
    }

    /// A new buffer, unequal to all others.
    pub fn buffer(&self, dtype: DType, shape: Vec<Dim>) -> Uop<'_> {
        self.node(Op::Buffer, dtype, &[], Arg::Buffer(self.fresh(), shape))
    }

    /// The root over `roots`.
    pub fn sink<'g>(&'g self, roots: &[Uop<'g>]) -> Uop<'g> {
        self.node(Op::Sink, DType::VOID, roots, Arg::None)
    }

    /// A new loop counter over `0..size`.
    pub fn range<'g>(&'g self, size: Uop<'g>, axis: Axis) -> Uop<'g> {
        self.node(Op::Range, DType::INDEX, &[size], Arg::Range(self.fresh(), axis))
    }

    /// The number, below `size`, of this block or thread.
    pub fn special<'g>(&'g self, size: Uop<'g>, special: Special) -> Uop<'g> {
        self.node(Op::Special, DType::INDEX, &[size], Arg::Special(special))
    }

    /// The pointer to kernel argument `slot`.
    pub fn global(&self, dtype: DType, slot: u32) -> Uop<'_> {
        self.global_in(dtype.pointer(Space::Global), slot)
    }

    /// The same, of this type of pointer.
    pub fn global_in(&self, pointer: DType, slot: u32) -> Uop<'_> {
        self.node(Op::DefineGlobal, pointer, &[], Arg::Slot(slot))
    }

    /// The pointer to scratch memory `number` of a kernel, of `len` elements in order.
    pub fn local(&self, dtype: DType, number: u32, len: u32) -> Uop<'_> {
        self.local_as(dtype, (number, len), Arrangement::Plain)
    }

    /// The pointer to scratch memory `number` of a kernel, of `len` elements.
    pub fn local_as(&self, dtype: DType, (number, len): (u32, u32), arrangement: Arrangement) -> Uop<'_> {
        self.node(Op::DefineLocal, dtype.pointer(Space::Local), &[], Arg::Local(number, len, arrangement))
    }
}

impl<'g> Uop<'g> {
    /// The same op and argument over other sources; elementwise ops keep their dtype.
    pub fn with_srcs(self, src: &[Uop<'g>]) -> Uop<'g> {
        self.graph().node(self.op(), self.dtype(), src, self.arg().clone())
    }

    /// The same but for its argument.
    pub fn with_arg(self, arg: Arg) -> Uop<'g> {
        self.graph().node(self.op(), self.dtype(), &self.srcs().collect::<Vec<_>>(), arg)
    }

    /// A constant of the same dtype.
    pub fn like(self, value: impl Into<Value>) -> Uop<'g> {
        self.graph().constant(self.dtype(), value)
    }

    /// An elementwise op with this value first; comparisons give `bool`, all others this dtype (for
    /// WHERE that of the branches).
    pub fn alu(self, op: Op, rest: &[Uop<'g>]) -> Uop<'g> {
        let dtype = match op {
            _ if op.is_comparison() => DType::BOOL.vec(self.dtype().lanes),
            Op::Where => rest[0].dtype(),
            _ => self.dtype(),
        };
        let src = [&[self], rest].concat();
        self.graph().node(op, dtype, &src, Arg::None)
    }

    fn binary(self, op: Op, other: impl Operand<'g>) -> Uop<'g> {
        self.alu(op, &[other.like(self)])
    }

    /// Conversion to `dtype`; itself if it has it.
    pub fn cast(self, dtype: DType) -> Uop<'g> {
        if self.dtype() == dtype { self } else { self.graph().node(Op::Cast, dtype, &[self], Arg::None) }
    }

    /// The same bits as `dtype`.
    pub fn bitcast(self, dtype: DType) -> Uop<'g> {
        if self.dtype() == dtype { self } else { self.graph().node(Op::Bitcast, dtype, &[self], Arg::None) }
    }

    /// `self < other`.
    pub fn lt(self, other: impl Operand<'g>) -> Uop<'g> {
        self.binary(Op::Cmplt, other)
    }

    /// `self >= other` on integers, where not-less is at-least.
    pub fn ge(self, other: impl Operand<'g>) -> Uop<'g> {
        !self.lt(other)
    }

    /// `self == other`.
    pub fn equals(self, other: impl Operand<'g>) -> Uop<'g> {
        self.binary(Op::Cmpeq, other)
    }

    /// `self != other`.
    pub fn differs(self, other: impl Operand<'g>) -> Uop<'g> {
        self.binary(Op::Cmpne, other)
    }

    /// The larger of both.
    pub fn maximum(self, other: impl Operand<'g>) -> Uop<'g> {
        self.binary(Op::Max, other)
    }

    /// `yes` where this bool holds, else `no`.
    pub fn choose(self, yes: Uop<'g>, no: impl Operand<'g>) -> Uop<'g> {
        self.alu(Op::Where, &[yes, no.like(yes)])
    }

    /// `self * factor + addend`.
    pub fn mulacc(self, factor: Uop<'g>, addend: Uop<'g>) -> Uop<'g> {
        self.alu(Op::Mulacc, &[factor, addend])
    }

    /// `1 / self`.
    pub fn recip(self) -> Uop<'g> {
        self.alu(Op::Recip, &[])
    }

    /// A unary op.
    pub fn unary(self, op: Op) -> Uop<'g> {
        self.alu(op, &[])
    }

    /// The value combined over `ranges`; itself if there are none.
    pub fn reduce(self, op: Op, ranges: &[Uop<'g>]) -> Uop<'g> {
        if ranges.is_empty() {
            return self;
        }
        let src = [&[self], ranges].concat();
        self.graph().node(Op::Reduce, self.dtype(), &src, Arg::Op(op))
    }

    /// The address of element `at` of this pointer, accessed only where `valid` holds (if given).
    pub fn element(self, at: Uop<'g>, valid: Option<Uop<'g>>) -> Uop<'g> {
        let src: Vec<_> = [self, at].into_iter().chain(valid).collect();
        self.graph().node(Op::Index, self.dtype(), &src, Arg::None)
    }

    /// The value at this address; zero where access is not valid.
    pub fn load(self) -> Uop<'g> {
        let dtype = self.dtype().pointee();
        let zero = (self.arity() == 3).then(|| self.graph().constant(dtype, Value::zero(dtype)));
        let src: Vec<_> = [self].into_iter().chain(zero).collect();
        self.graph().node(Op::Load, dtype, &src, Arg::None)
    }

    /// Writes `value` to this address for every value of `ranges`.
    pub fn store(self, value: Uop<'g>, ranges: &[Uop<'g>]) -> Uop<'g> {
        let src = [&[self, value], ranges].concat();
        self.graph().node(Op::Store, DType::VOID, &src, Arg::None)
    }

    /// This pointer, to be used once `store` has happened.
    pub fn after(self, store: Uop<'g>) -> Uop<'g> {
        self.graph().node(Op::After, self.dtype(), &[self, store], Arg::None)
    }

    /// Lane `lane` of a vector.
    pub fn lane(self, lane: u32) -> Uop<'g> {
        self.graph().node(Op::Gep, self.dtype().element(), &[self], Arg::Slot(lane))
    }

    /// A vector of `lanes` copies of this scalar.
    pub fn splat(self, lanes: u16) -> Uop<'g> {
        self.graph().node(Op::Vectorize, self.dtype().vec(lanes), &vec![self; lanes as usize], Arg::None)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $op:expr;)*) => {$(
        impl<'g, R: Operand<'g>> $trait<R> for Uop<'g> {
            type Output = Uop<'g>;
            fn $method(self, other: R) -> Uop<'g> {
                let op: fn(Uop<'g>) -> Op = $op;
                self.binary(op(self), other)
            }
        }
    )*};
}

operators! {
    Add add |_| Op::Add;
    Sub sub |_| Op::Sub;
    Mul mul |_| Op::Mul;
    Div div |x| if x.dtype().is_float() { Op::Fdiv } else { Op::Idiv };
    Rem rem |_| Op::Mod;
    BitAnd bitand |_| Op::And;
    BitOr bitor |_| Op::Or;
    BitXor bitxor |_| Op::Xor;
    Shl shl |_| Op::Shl;
    Shr shr |_| Op::Shr;
}

impl<'g> Neg for Uop<'g> {
    type Output = Uop<'g>;
    fn neg(self) -> Uop<'g> {
        self.alu(Op::Neg, &[])
    }
}

impl<'g> Not for Uop<'g> {
    type Output = Uop<'g>;
    /// Logical not on bool, all bits flipped on integers.
    fn not(self) -> Uop<'g> {
        let ones = if self.dtype().is_bool() { Value::Bool(true) } else { Value::Int(-1) };
        self.binary(Op::Xor, ones)
    }
}
