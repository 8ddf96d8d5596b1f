//! The intermediate representation: one kind of node for every stage, from tensors to kernels.
//!
//! A node is `(op, dtype, src, arg)`, and equal nodes are one node: [`Graph`] interns them, so
//! comparing two [`Uop`] handles compares whole expressions. Everything that is derived from a node's
//! sources alone (shape, integer bounds, the loops it runs in) is computed once, when the node is
//! made; because sources exist before their users, nothing here ever recurses.
//!
//! Invariant: nothing in this module rewrites. Building `3*5+2` builds five nodes; `17` is the
//! business of [`crate::symbolic`].

mod bounds;
mod build;
mod eval;
mod evaluate;
mod fragment;
mod graph;
mod group;
mod intern;
mod memo;
mod op;
mod pretty;
mod shape;
mod value;
mod walk;
pub mod text;
pub mod spec;

pub use build::Operand;
pub use eval::{cast, eval, neutral};
pub use evaluate::evaluate;
pub use fragment::{Fragment, Held};
pub use graph::{Arg, Axis, Graph, Id, Special, Uop};
pub use group::{Arrangement, Group, ROW, Rows, SWIZZLED};
pub use memo::Memo;
pub use op::{Class, Op};
pub use pretty::pretty;
pub(crate) use pretty::{ATOM, Binding, Spelled, infix, spell, spelled};
pub(crate) use shape::movement as movement_shape;
pub use value::Value;
pub use walk::{rebuild, rebuild_where, toposort};
