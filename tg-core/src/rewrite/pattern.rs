//! Patterns: the left sides of rules, as operator-overloaded values.
//!
//! `x + konst(a)` with holes `x` and `a` builds a [`Pat`]; matching fills the holes. A hole that stands
//! twice must be filled twice by the same node, which interning makes one comparison.
//!
//! Commutative ops match either way: the swapped variants of a pattern are made once, when its rule is
//! made, so that matching never backtracks and never allocates.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

use crate::dtype::DType;
use crate::ir::{Op, Uop, Value, cast};

/// The most holes one rule may have.
pub const MAX_HOLES: usize = 8;

/// Which dtypes a hole accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Every dtype.
    Any,
    /// The type of addresses and loop counters.
    Index,
    /// Integers, `index` among them.
    Int,
    /// Integers and `bool`.
    Integral,
    /// Floats.
    Float,
    /// Integers and floats.
    Number,
    /// `bool`.
    Bool,
}

impl Class {
    /// Whether values of `dtype` belong to it; pointers belong to [`Class::Any`] only.
    pub fn holds(self, dtype: DType) -> bool {
        if self == Class::Any {
            return true;
        }
        let (int, float, boolean) = (dtype.is_int(), dtype.is_float(), dtype.is_bool());
        let fits = match self {
            Class::Any => true,
            Class::Index => dtype.is_index(),
            Class::Int => int,
            Class::Integral => int || boolean,
            Class::Float => float,
            Class::Number => int || float,
            Class::Bool => boolean,
        };
        fits && dtype.space.is_none()
    }
}

/// A placeholder of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Which one: its place in the rule's list.
    pub index: u8,
    /// What may fill it.
    pub class: Class,
}

/// Which ops a node pattern accepts.
#[derive(Clone, Copy, Debug)]
pub enum Ops {
    /// This one.
    One(Op),
    /// Those for which the function holds.
    Such(fn(Op) -> bool),
}

impl Ops {
    /// Whether `op` is accepted.
    pub fn holds(self, op: Op) -> bool {
        match self {
            Ops::One(one) => one == op,
            Ops::Such(holds) => holds(op),
        }
    }
}

/// The left side of a rule.
#[derive(Clone, Debug)]
pub enum Pat {
    /// Any node.
    Hole(Hole),
    /// Any constant.
    Const(Hole),
    /// The constant of this value, in whatever dtype.
    Literal(Value),
    /// A node with these sources (`None`: any), itself filling a hole if it is named.
    Node {
        /// Accepted ops.
        ops: Ops,
        /// Patterns of the sources, all of them.
        src: Option<Vec<Pat>>,
        /// The hole this node fills.
        name: Option<Hole>,
    },
}

/// What filled the holes of a pattern.
#[derive(Clone, Copy, Default)]
pub struct Found<'g>([Option<Uop<'g>>; MAX_HOLES]);

impl<'g> Found<'g> {
    /// What filled hole `index`.
    pub fn get(&self, index: usize) -> Option<Uop<'g>> {
        self.0[index]
    }

    fn fill(&mut self, hole: Hole, node: Uop<'g>) -> bool {
        if !hole.class.holds(node.dtype()) {
            return false;
        }
        match &mut self.0[hole.index as usize] {
            Some(earlier) => *earlier == node,
            free => {
                *free = Some(node);
                true
            }
        }
    }
}

impl Pat {
    /// Whether `node` has this form; fills the holes. Sources are matched left to right.
    pub fn matches<'g>(&self, node: Uop<'g>, found: &mut Found<'g>) -> bool {
        match self {
            Pat::Hole(hole) => found.fill(*hole, node),
            Pat::Const(hole) => node.op() == Op::Const && found.fill(*hole, node),
            Pat::Literal(value) => node.as_const().is_some_and(|v| v == cast(*value, node.dtype())),
            Pat::Node { ops, src, name } => {
                ops.holds(node.op())
                    && src.as_ref().is_none_or(|src| {
                        src.len() == node.arity() && src.iter().zip(node.srcs()).all(|(p, s)| p.matches(s, found))
                    })
                    && name.is_none_or(|hole| found.fill(hole, node))
            }
        }
    }

    /// Whether a node with op `op` can match, going by the root alone.
    pub fn accepts(&self, op: Op) -> bool {
        match self {
            Pat::Hole(_) => true,
            Pat::Const(_) | Pat::Literal(_) => op == Op::Const,
            Pat::Node { ops, .. } => ops.holds(op),
        }
    }

    /// The only op a node that matches can have, if there is only one.
    pub(super) fn sole_op(&self) -> Option<Op> {
        match self {
            Pat::Const(_) | Pat::Literal(_) => Some(Op::Const),
            Pat::Node { ops: Ops::One(op), .. } => Some(*op),
            _ => None,
        }
    }

    /// This pattern with the operands of its commutative ops in every order that can matter: constants
    /// stay on the right, where the canonical form has them.
    pub fn variants(&self) -> Vec<Pat> {
        let Pat::Node { ops, src: Some(src), name } = self else { return vec![self.clone()] };
        let mut orders: Vec<Vec<Pat>> = vec![vec![]];
        for s in src {
            let choices = s.variants();
            orders = orders
                .iter()
                .flat_map(|o| choices.iter().map(|c| [&o[..], std::slice::from_ref(c)].concat()))
                .collect();
        }
        let commutes = matches!(ops, Ops::One(op) if op.is_commutative());
        if let (true, [a, b]) = (commutes, &src[..])
            && b.sole_op() != Some(Op::Const)
            && !matches!((a, b), (Pat::Hole(_), Pat::Hole(_)))
        {
            let swapped: Vec<_> = orders.iter().map(|o| o.iter().rev().cloned().collect()).collect();
            orders.extend(swapped);
        }
        orders.into_iter().map(|src| Pat::Node { ops: *ops, src: Some(src), name: *name }).collect()
    }
}

/// The constant that fills `hole`.
pub fn konst(hole: Hole) -> Pat {
    Pat::Const(hole)
}

/// Any node, filling `hole`: a rule that looks at every node.
pub fn any(hole: Hole) -> Pat {
    Pat::Hole(hole)
}

/// A node of `op` with any sources.
pub fn node(op: Op) -> Pat {
    Pat::Node { ops: Ops::One(op), src: None, name: None }
}

/// A node of any op for which `holds`, with any sources.
pub fn nodes(holds: fn(Op) -> bool) -> Pat {
    Pat::Node { ops: Ops::Such(holds), src: None, name: None }
}

impl From<Hole> for Pat {
    fn from(hole: Hole) -> Pat {
        Pat::Hole(hole)
    }
}
impl From<i32> for Pat {
    fn from(v: i32) -> Pat {
        Pat::Literal(Value::Int(v as i128))
    }
}
impl From<f64> for Pat {
    fn from(v: f64) -> Pat {
        Pat::Literal(Value::Float(v))
    }
}
impl From<bool> for Pat {
    fn from(v: bool) -> Pat {
        Pat::Literal(Value::Bool(v))
    }
}

fn apply(op: Op, src: Vec<Pat>) -> Pat {
    Pat::Node { ops: Ops::One(op), src: Some(src), name: None }
}

/// How holes and patterns combine where Rust has no operator; named as on [`Uop`].
pub trait Pattern: Into<Pat> {
    /// The pattern, filling `hole` with the node it matches.
    fn named(self, hole: Hole) -> Pat {
        match self.into() {
            Pat::Node { ops, src, .. } => Pat::Node { ops, src, name: Some(hole) },
            other => other,
        }
    }
    /// CMPLT.
    fn lt(self, other: impl Into<Pat>) -> Pat {
        apply(Op::Cmplt, vec![self.into(), other.into()])
    }
    /// CMPEQ.
    fn equals(self, other: impl Into<Pat>) -> Pat {
        apply(Op::Cmpeq, vec![self.into(), other.into()])
    }
    /// CMPNE.
    fn differs(self, other: impl Into<Pat>) -> Pat {
        apply(Op::Cmpne, vec![self.into(), other.into()])
    }
    /// MAX.
    fn maximum(self, other: impl Into<Pat>) -> Pat {
        apply(Op::Max, vec![self.into(), other.into()])
    }
    /// WHERE, with this as the condition.
    fn choose(self, yes: impl Into<Pat>, no: impl Into<Pat>) -> Pat {
        apply(Op::Where, vec![self.into(), yes.into(), no.into()])
    }
    /// FDIV (the operator `/` is IDIV).
    fn fdiv(self, other: impl Into<Pat>) -> Pat {
        apply(Op::Fdiv, vec![self.into(), other.into()])
    }
    /// A unary op, such as CAST to any dtype.
    fn unary(self, op: Op) -> Pat {
        apply(op, vec![self.into()])
    }
    /// A binary op that has no spelling of its own.
    fn binary(self, op: Op, other: impl Into<Pat>) -> Pat {
        apply(op, vec![self.into(), other.into()])
    }
}

impl Pattern for Hole {}
impl Pattern for Pat {}

macro_rules! operators {
    ($($trait:ident $method:ident $op:ident;)*) => {$(
        impl<R: Into<Pat>> $trait<R> for Pat {
            type Output = Pat;
            fn $method(self, other: R) -> Pat { apply(Op::$op, vec![self, other.into()]) }
        }
        impl<R: Into<Pat>> $trait<R> for Hole {
            type Output = Pat;
            fn $method(self, other: R) -> Pat { apply(Op::$op, vec![self.into(), other.into()]) }
        }
    )*};
}

operators! {
    Add add Add;
    Sub sub Sub;
    Mul mul Mul;
    Div div Idiv;
    Rem rem Mod;
    BitAnd bitand And;
    BitOr bitor Or;
    BitXor bitxor Xor;
}

impl Neg for Hole {
    type Output = Pat;
    fn neg(self) -> Pat {
        self.unary(Op::Neg)
    }
}

impl Neg for Pat {
    type Output = Pat;
    fn neg(self) -> Pat {
        self.unary(Op::Neg)
    }
}

impl Not for Pat {
    type Output = Pat;
    /// XOR with `true`.
    fn not(self) -> Pat {
        self ^ true
    }
}

impl Not for Hole {
    type Output = Pat;
    fn not(self) -> Pat {
        self ^ true
    }
}
