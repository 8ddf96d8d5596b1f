//! Other dtypes for the same values or the same bits, what a tensor is, and marks for the compiler.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop};
use crate::tensor::error::Error;
use crate::tensor::primitive::{axis_of, too_many};
use crate::tensor::registry::theme;

theme! {
    /// The values as `dtype`: floats to integers truncate and saturate, NaN becomes 0, integers wrap, to bool is `!= 0`.
    fn cast(x: Uop<'g>, dtype: DType) -> Uop<'g> {
        Ok(x.cast(dtype))
    }

    /// The same bits read as `dtype`, which has the same width.
    fn bitcast(x: Uop<'g>, dtype: DType) -> Uop<'g> {
        let (from, to) = (x.dtype(), dtype);
        let bool = from != to && (from.is_bool() || to.is_bool());
        match from.bytes() == to.bytes() && !bool {
            true => Ok(x.bitcast(dtype)),
            false => Err(Error::new(format!("{from} has {} bits, {to} has {}", from.scalar.bits(), to.scalar.bits()))
                .help(format!("to convert the values, use `.cast::<{to}>()`"))),
        }
    }

    /// The same values, stored in memory before they are used.
    fn contiguous(x: Uop<'g>) -> Uop<'g> {
        Ok(marked(Op::Contiguous, x))
    }

    /// The same values, through which no gradient flows.
    fn detach(x: Uop<'g>) -> Uop<'g> {
        Ok(marked(Op::Detach, x))
    }

    /// The size of each axis.
    fn shape(x: Uop<'g>) -> Vec<Dim> {
        Ok(x.shape().to_vec())
    }

    /// The size of `axis`.
    fn dim(x: Uop<'g>, axis: i64) -> Dim {
        Ok(x.shape()[axis_of(x, axis)?].clone())
    }

    /// The number of axes.
    fn rank(x: Uop<'g>) -> i64 {
        Ok(x.shape().len() as i64)
    }

    /// The type of the elements.
    fn dtype(x: Uop<'g>) -> DType {
        Ok(x.dtype())
    }

    /// The number of elements.
    fn numel(x: Uop<'g>) -> Dim {
        Dim::product(x.shape()).ok_or_else(|| too_many(x.shape()))
    }
}

/// `x` with a mark of class Marker.
pub(super) fn marked<'g>(op: Op, x: Uop<'g>) -> Uop<'g> {
    x.graph().node(op, x.dtype(), &[x], Arg::None)
}
