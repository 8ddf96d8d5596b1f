//! Comparisons, logic on truth values, and selection by them.

use crate::dtype::DType;
use crate::ir::Uop;
use crate::tensor::argument::Term;
use crate::tensor::error::Error;
use crate::tensor::primitive::{broadcast, broadcast_shape, natural, number_like, operands};
use crate::tensor::registry::theme;

theme! {
    /// Whether `x < y`, broadcasting; false if either is NaN.
    fn lt(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = operands(x, y)?;
        Ok(x.lt(y))
    }

    /// Whether `x <= y`, broadcasting; false if either is NaN.
    fn le(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = operands(x, y)?;
        Ok(at_most(x, y))
    }

    /// Whether `x > y`, broadcasting; false if either is NaN.
    fn gt(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = operands(x, y)?;
        Ok(y.lt(x))
    }

    /// Whether `x >= y`, broadcasting; false if either is NaN.
    fn ge(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = operands(x, y)?;
        Ok(at_most(y, x))
    }

    /// Whether `x == y`, broadcasting; false if either is NaN.
    fn eq(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = operands(x, y)?;
        Ok(x.equals(y))
    }

    /// Whether `x != y`, broadcasting; true if either is NaN.
    fn ne(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = operands(x, y)?;
        Ok(x.differs(y))
    }

    /// Not `x`, of a bool tensor; of numbers, whether they are 0.
    fn logical_not(x: Uop<'g>) -> Uop<'g> {
        Ok(if x.dtype().is_bool() { !x } else { x.equals(0) })
    }

    /// `x` where the bool tensor `cond` holds, else `y`, broadcasting all three.
    fn where_(cond: Uop<'g>, x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        if !cond.dtype().is_bool() {
            let error = Error::new(format!("the condition must be a tensor of bool, got {}", cond.dtype()));
            return Err(error.help("compare it: `.ne(0)`"));
        }
        let (x, y) = branches(cond, x, y)?;
        let shape = broadcast_shape(cond.shape(), &broadcast_shape(x.shape(), y.shape())?)?;
        Ok(broadcast(cond, &shape).choose(broadcast(x, &shape), broadcast(y, &shape)))
    }
}

/// `x <= y`, which is not `!(y < x)` where one is NaN.
fn at_most<'g>(x: Uop<'g>, y: Uop<'g>) -> Uop<'g> {
    if x.dtype().is_float() { x.lt(y) | x.equals(y) } else { !y.lt(x) }
}

/// Both branches in one dtype. Two numbers are floats if either is.
fn branches<'g>(cond: Uop<'g>, x: Term<'g>, y: Term<'g>) -> Result<(Uop<'g>, Uop<'g>), Error> {
    let graph = cond.graph();
    match (x, y) {
        (Term::Tensor(_), _) | (_, Term::Tensor(_)) => operands(x, y),
        _ => {
            let dtype = if natural(x) == DType::F32 { DType::F32 } else { natural(y) };
            Ok((number_like(graph, x, dtype)?, number_like(graph, y, dtype)?))
        }
    }
}
