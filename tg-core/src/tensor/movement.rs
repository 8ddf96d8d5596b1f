//! Other arrangements of the same elements: nothing is computed and nothing is copied.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::Uop;
use crate::tensor::argument::{Axes, Slice, Term};
use crate::tensor::error::{Error, show_shape};
use crate::tensor::primitive::{
    axes_of, axis_of, axis_within, expanded, filled, flipped, number_like, padded, permuted, reshaped, shrunk,
    too_many, with_axis, without_axes,
};
use crate::tensor::registry::theme;

theme! {
    /// The elements in row-major order in another shape; one size may be -1, which is what is left.
    fn reshape(x: Uop<'g>, shape: Vec<Dim>) -> Uop<'g> {
        Ok(reshaped(x, &completed(x, shape)?))
    }

    /// Axis `i` of the result is axis `axes[i]` of `x`.
    fn permute(x: Uop<'g>, axes: Vec<i64>) -> Uop<'g> {
        let order = axes.iter().map(|&axis| axis_of(x, axis)).collect::<Result<Vec<_>, _>>()?;
        let mut sorted = order.clone();
        sorted.sort_unstable();
        match sorted.into_iter().eq(0..x.shape().len()) {
            true => Ok(permuted(x, order)),
            false => Err(Error::new(format!("{axes:?} does not name each axis of shape {} once", show_shape(x.shape())))),
        }
    }

    /// The axes `a` and `b` exchanged.
    fn transpose(x: Uop<'g>, a: i64, b: i64) -> Uop<'g> {
        let mut axes: Vec<usize> = (0..x.shape().len()).collect();
        axes.swap(axis_of(x, a)?, axis_of(x, b)?);
        Ok(permuted(x, axes))
    }

    /// The transposed matrix.
    fn t(x: Uop<'g>) -> Uop<'g> {
        match x.shape().len() {
            2 => transpose(x, 0, 1),
            _ => Err(Error::new(format!("needs a matrix, got shape {}", show_shape(x.shape())))
                .help("use `.transpose(-2, -1)` for the last two axes")),
        }
    }

    /// Repeated along axes of size 1, and along new leading axes, to `shape`; -1 keeps a size.
    fn expand(x: Uop<'g>, shape: Vec<Dim>) -> Uop<'g> {
        let new = shape.len().checked_sub(x.shape().len()).ok_or_else(|| cannot_expand(x, &shape))?;
        let own = [&vec![Dim::ONE; new], x.shape()].concat();
        let kept = |(n, m): (&Dim, &Dim)| match (n, m) {
            (n, m) if m.is(-1) => Ok(n.clone()),
            (n, m) if n == m || (n.is(1) && m.lower() >= 0) => Ok(m.clone()),
            _ => Err(cannot_expand(x, &shape)),
        };
        let target = own.iter().zip(&shape).map(kept).collect::<Result<Vec<_>, _>>()?;
        Dim::product(&target).ok_or_else(|| too_many(&target))?;
        Ok(expanded(reshaped(x, &own), &target))
    }

    /// With zeros before and after each axis: a pair of counts for each.
    fn pad(x: Uop<'g>, pairs: Vec<(Dim, Dim)>) -> Uop<'g> {
        Ok(padded(x, checked_padding(x, pairs)?))
    }

    /// As `pad`, with `value` in place of zeros.
    fn pad_with(x: Uop<'g>, pairs: Vec<(Dim, Dim)>, value: Term<'g>) -> Uop<'g> {
        let pairs = checked_padding(x, pairs)?;
        let value = number_like(x.graph(), value, x.dtype())?;
        if value.dtype() != x.dtype() || !value.shape().is_empty() {
            return Err(Error::new(format!("value must be a number or a {} of shape ()", x.dtype())));
        }
        let inside = everywhere(x);
        let result = padded(x, pairs.clone());
        Ok(padded(inside, pairs).choose(result, value))
    }

    /// The part `begin..end` of each axis: a pair for each.
    fn shrink(x: Uop<'g>, pairs: Vec<(Dim, Dim)>) -> Uop<'g> {
        one_for_each_axis(x, pairs.len())?;
        for (axis, ((begin, end), size)) in pairs.iter().zip(x.shape()).enumerate() {
            check_window(axis, begin, end, size)?;
        }
        Ok(shrunk(x, pairs))
    }

    /// Reversed along the axes given.
    fn flip(x: Uop<'g>, axes: Axes) -> Uop<'g> {
        Ok(flipped(x, axes_of(x, &Some(axes))?))
    }

    /// From each axis the elements `start..end`, every `step`-th: `(start, end, step)` or a range for each of the first
    /// axes. Negative positions count from the end; ends beyond the axis are an error.
    fn slice(x: Uop<'g>, ranges: Vec<Slice>) -> Uop<'g> {
        if ranges.len() > x.shape().len() {
            one_for_each_axis(x, ranges.len())?;
        }
        let mut pairs: Vec<(Dim, Dim)> = x.shape().iter().map(|n| (Dim::ZERO, n.clone())).collect();
        for (axis, range) in ranges.iter().enumerate() {
            pairs[axis] = window(axis, range, &x.shape()[axis])?;
        }
        let parts = shrunk(x, pairs);
        ranges.iter().enumerate().try_fold(parts, |x, (axis, range)| strided(x, axis, range.step))
    }

    /// The slice at `index` of `axis`, which vanishes; a negative index counts from the end.
    fn select(x: Uop<'g>, axis: i64, index: Dim) -> Uop<'g> {
        let axis = axis_of(x, axis)?;
        let size = &x.shape()[axis];
        let begin = from_end(&index, size);
        let part = narrowed(x, axis, begin.clone(), &begin + &Dim::ONE);
        let outside = || Error::new(format!("index {index} is not within axis {axis}, which has size {size}"));
        let part = part.map_err(|_| outside())?;
        Ok(without_axes(part, &[axis]))
    }

    /// The `len` elements from `start` on along `axis`.
    fn narrow(x: Uop<'g>, axis: i64, start: Dim, len: Dim) -> Uop<'g> {
        let axis = axis_of(x, axis)?;
        let begin = from_end(&start, &x.shape()[axis]);
        let end = &begin + &len;
        narrowed(x, axis, begin, end)
    }

    /// Without `axis`, whose size is 1.
    fn squeeze(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let axis = axis_of(x, axis)?;
        match x.shape()[axis].is(1) {
            true => Ok(without_axes(x, &[axis])),
            false => Err(Error::new(format!("axis {axis} of shape {} has size {}, not 1", show_shape(x.shape()), x.shape()[axis]))),
        }
    }

    /// With a new axis of size 1 at `axis` of the result.
    fn unsqueeze(x: Uop<'g>, axis: i64) -> Uop<'g> {
        Ok(with_axis(x, axis_within(x, axis, x.shape().len() + 1)?))
    }

    /// All elements as a vector, in row-major order.
    fn flatten(x: Uop<'g>) -> Uop<'g> {
        let count = Dim::product(x.shape()).ok_or_else(|| too_many(x.shape()))?;
        Ok(reshaped(x, &[count]))
    }

    /// The axes from `axis` on merged into one.
    fn flatten_from(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let (kept, merged) = x.shape().split_at(axis_of(x, axis)?);
        let count = Dim::product(merged).ok_or_else(|| too_many(x.shape()))?;
        Ok(reshaped(x, &[kept, &[count]].concat()))
    }
}

/// True in every element of `x`.
pub(super) fn everywhere(x: Uop) -> Uop {
    filled(x.graph().constant(DType::BOOL, true), x.shape())
}

/// `shape` with its -1, if any, replaced by what the number of elements leaves.
fn completed(x: Uop, mut shape: Vec<Dim>) -> Result<Vec<Dim>, Error> {
    let open: Vec<usize> = (0..shape.len()).filter(|&i| shape[i].is(-1)).collect();
    let own = Dim::product(x.shape()).ok_or_else(|| too_many(x.shape()))?;
    let text = format!("shape {} into {}", show_shape(x.shape()), show_shape(&shape));
    if let Some(i) = (0..shape.len()).find(|&i| shape[i].lower() < 0 && !shape[i].is(-1)) {
        return Err(Error::new(format!("{text}: axis {i} has size {}, which may be negative", shape[i])));
    }
    let rest = Dim::product(shape.iter().filter(|d| !d.is(-1))).ok_or_else(|| too_many(&shape))?;
    match open[..] {
        [] if rest == own => {}
        [] => return Err(Error::new(format!("{text}: {own} elements do not fill {rest}")).help("one size may be -1")),
        [at] => match own.div_exact(&rest) {
            Some(size) => shape[at] = size,
            None => return Err(Error::new(format!("{text}: {own} elements do not divide by {rest}"))),
        },
        _ => return Err(Error::new(format!("{text}: more than one size is -1"))),
    }
    Ok(shape)
}

fn cannot_expand(x: Uop, shape: &[Dim]) -> Error {
    let (own, wanted) = (show_shape(x.shape()), show_shape(shape));
    Error::new(format!("shape {own} does not expand to {wanted}"))
        .help("only axes of size 1 repeat, and new axes come first; `.unsqueeze` makes an axis of size 1")
}

fn one_for_each_axis(x: Uop, given: usize) -> Result<(), Error> {
    let rank = x.shape().len();
    match given == rank {
        true => Ok(()),
        false => {
            let axes = if rank == 1 { "1 axis".to_string() } else { format!("{rank} axes") };
            Err(Error::new(format!("shape {} has {axes}, got entries for {given}", show_shape(x.shape()))))
        }
    }
}

fn checked_padding(x: Uop, pairs: Vec<(Dim, Dim)>) -> Result<Vec<(Dim, Dim)>, Error> {
    one_for_each_axis(x, pairs.len())?;
    match pairs.iter().position(|(before, after)| before.lower() < 0 || after.lower() < 0) {
        Some(axis) => {
            let (before, after) = &pairs[axis];
            Err(Error::new(format!("axis {axis} is padded by ({before}, {after}), which may be negative"))
                .help("`.shrink` takes elements away"))
        }
        None => Ok(pairs),
    }
}

/// A position counted from the end, if it is negative.
fn from_end(position: &Dim, size: &Dim) -> Dim {
    if position.upper() < 0 { position + size } else { position.clone() }
}

/// `begin..end` lies in an axis of size `size` for all values of run-time dimensions.
fn check_window(axis: usize, begin: &Dim, end: &Dim, size: &Dim) -> Result<(), Error> {
    match begin.lower() >= 0 && (end - begin).lower() >= 0 && (size - end).lower() >= 0 {
        true => Ok(()),
        false => Err(Error::new(format!("{begin}..{end} is not within axis {axis}, which has size {size}"))),
    }
}

fn narrowed<'g>(x: Uop<'g>, axis: usize, begin: Dim, end: Dim) -> Result<Uop<'g>, Error> {
    check_window(axis, &begin, &end, &x.shape()[axis])?;
    let mut pairs: Vec<(Dim, Dim)> = x.shape().iter().map(|n| (Dim::ZERO, n.clone())).collect();
    pairs[axis] = (begin, end);
    Ok(shrunk(x, pairs))
}

fn window(axis: usize, range: &Slice, size: &Dim) -> Result<(Dim, Dim), Error> {
    let begin = range.start.as_ref().map_or(Dim::ZERO, |start| from_end(start, size));
    let end = range.end.as_ref().map_or(size.clone(), |end| from_end(end, size));
    check_window(axis, &begin, &end, size)?;
    match range.step {
        1.. => Ok((begin, end)),
        step => Err(Error::new(format!("step must be at least 1, got {step}")).help("`.flip` reverses an axis")),
    }
}

/// Every `step`-th element along `axis`: the axis is padded to whole groups of `step`, of which the first is kept.
fn strided<'g>(x: Uop<'g>, axis: usize, step: i64) -> Result<Uop<'g>, Error> {
    if step == 1 {
        return Ok(x);
    }
    let size = x.shape()[axis].clone();
    let groups = match (size.known(), size.div_exact(&Dim::from(step))) {
        (Some(n), _) => Dim::from((n + step - 1) / step),
        (None, Some(groups)) => groups,
        (None, None) => return Err(Error::new(format!("axis {axis} has size {size}, not a multiple of step {step}"))),
    };
    let mut pairs = vec![(Dim::ZERO, Dim::ZERO); x.shape().len()];
    pairs[axis].1 = &(&groups * &Dim::from(step)) - &size;
    let whole = padded(x, pairs);
    let mut grouped = whole.shape().to_vec();
    grouped.splice(axis..axis + 1, [groups, Dim::from(step)]);
    let first = narrowed(reshaped(whole, &grouped), axis + 1, Dim::ZERO, Dim::ONE)?;
    Ok(without_axes(first, &[axis + 1]))
}
