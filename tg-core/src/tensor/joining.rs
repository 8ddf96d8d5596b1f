//! Several tensors in one.

use crate::dim::Dim;
use crate::ir::{Op, Uop};
use crate::tensor::error::{Error, show_shape};
use crate::tensor::primitive::{axis_of, axis_within, padded, with_axis};
use crate::tensor::registry::theme;

theme! {
    /// The tensors one after the other along `axis`; all other sizes agree.
    fn cat[graph](tensors: Vec<Uop<'g>>, axis: Option<i64>) -> Uop<'g> {
        let _ = graph;
        let first = checked_list(&tensors)?;
        let axis = axis_of(first, axis.unwrap_or(0))?;
        for &x in &tensors {
            check_beside(first, x, axis)?;
        }
        Ok(joined(&tensors, axis))
    }

    /// The tensors, all of one shape, along a new axis at `axis` of the result.
    fn stack[graph](tensors: Vec<Uop<'g>>, axis: Option<i64>) -> Uop<'g> {
        let _ = graph;
        let first = checked_list(&tensors)?;
        let axis = axis_within(first, axis.unwrap_or(0), first.shape().len() + 1)?;
        if let Some(x) = tensors.iter().find(|x| x.shape() != first.shape()) {
            let (a, b) = (show_shape(first.shape()), show_shape(x.shape()));
            return Err(Error::new(format!("shapes {a} and {b} differ")).help("`cat` joins along an existing axis"));
        }
        let layers: Vec<Uop<'g>> = tensors.iter().map(|&x| with_axis(x, axis)).collect();
        Ok(joined(&layers, axis))
    }
}

/// The first tensor of a list that has one, all of one dtype.
fn checked_list<'g>(tensors: &[Uop<'g>]) -> Result<Uop<'g>, Error> {
    let first = *tensors.first().ok_or_else(|| Error::new("needs at least one tensor, got an empty list"))?;
    match tensors.iter().find(|x| x.dtype() != first.dtype()) {
        Some(x) => Err(Error::new(format!("dtypes {} and {} differ", first.dtype(), x.dtype()))
            .help(format!("convert with `.cast::<{}>()`", first.dtype()))),
        None => Ok(first),
    }
}

fn check_beside(first: Uop, x: Uop, axis: usize) -> Result<(), Error> {
    let (a, b) = (first.shape(), x.shape());
    let shapes = format!("shapes {} and {}", show_shape(a), show_shape(b));
    if a.len() != b.len() {
        return Err(Error::new(format!("{shapes} have different numbers of axes")).help("`.unsqueeze` makes an axis"));
    }
    match (0..a.len()).find(|&i| i != axis && a[i] != b[i]) {
        None => Ok(()),
        Some(i) => Err(Error::new(format!("{shapes} along axis {axis}: axis {i} has sizes {} and {}", a[i], b[i]))
            .help("only the axis along which they are joined may differ")),
    }
}

/// The sum (of truth values: the disjunction) of the tensors, each padded with zeros to its place along `axis`.
fn joined<'g>(tensors: &[Uop<'g>], axis: usize) -> Uop<'g> {
    let total = tensors.iter().fold(Dim::ZERO, |sum, x| &sum + &x.shape()[axis]);
    let mut before = Dim::ZERO;
    let placed = tensors.iter().map(|&x| {
        let mut pairs = vec![(Dim::ZERO, Dim::ZERO); x.shape().len()];
        let after = &(&total - &before) - &x.shape()[axis];
        pairs[axis] = (std::mem::replace(&mut before, &total - &after), after);
        padded(x, pairs)
    });
    let op = if tensors[0].dtype().is_bool() { Op::Or } else { Op::Add };
    placed.reduce(|sum, x| sum.alu(op, &[x])).unwrap_or(tensors[0])
}
