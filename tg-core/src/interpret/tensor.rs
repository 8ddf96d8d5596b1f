//! The tensor stage, executed on whole arrays: the definition of what a tensor graph computes.
//!
//! Movements are done directly by their definitions, one axis at a time, and VIEW by walking its stack
//! for every element. Nodes are evaluated in topological order; an array lives until its last user.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::dim::{Dim, Var};
use crate::interpret::array::elements;
use crate::interpret::bits::bitcast;
use crate::interpret::fold::Fold;
use crate::interpret::{Array, Error};
use crate::ir::{Arg, Class, Id, Op, Uop, Value, cast, eval, neutral, toposort};
use crate::view::{ShapeTracker, View};

/// The arrays `roots` stand for; a SINK among them gives one array per source.
///
/// `buffers` holds the contents of BUFFERs by number, `vars` the values of run-time dimensions. ASSIGN
/// has the value assigned; nothing is written.
///
/// The graph is one that the tensor spec accepts (see [`crate::ir::spec::verify`]).
///
/// # Errors
/// If a buffer is missing or does not have the dtype and shape the graph says, a node does not fit its
/// sources, an integer is divided by zero, or an op is not of the tensor stage.
pub fn evaluate(
    roots: &[Uop],
    buffers: &dyn Fn(u32) -> Option<Array>,
    vars: &dyn Fn(&Var) -> i64,
) -> Result<Vec<Array>, Error> {
    let roots: Vec<Uop> =
        roots.iter().flat_map(|&r| if r.op() == Op::Sink { r.srcs().collect() } else { vec![r] }).collect();
    let mut uses: FxHashMap<Id, usize> = FxHashMap::default();
    let order = toposort(&roots);
    for s in order.iter().flat_map(|n| n.srcs()).chain(roots.iter().copied()) {
        *uses.entry(s.id()).or_default() += 1;
    }
    let mut machine = Machine { buffers, vars, values: FxHashMap::default(), uses };
    for node in order {
        let src = node.srcs().map(|s| machine.take(s)).collect::<Result<Vec<_>, _>>()?;
        let value = machine.compute(node, &src)?;
        machine.values.insert(node.id(), value);
    }
    roots.iter().map(|&r| machine.take(r).map(Rc::unwrap_or_clone)).collect()
}

struct Machine<'a> {
    buffers: &'a dyn Fn(u32) -> Option<Array>,
    vars: &'a dyn Fn(&Var) -> i64,
    values: FxHashMap<Id, Rc<Array>>,
    uses: FxHashMap<Id, usize>,
}

impl Machine<'_> {
    /// The value of `node`, given up with its last use.
    fn take(&mut self, node: Uop) -> Result<Rc<Array>, Error> {
        let left = self.uses.entry(node.id()).or_insert(1);
        *left -= 1;
        let value = if *left == 0 { self.values.remove(&node.id()) } else { self.values.get(&node.id()).cloned() };
        value.ok_or_else(|| Error::at(node, "used before it was computed"))
    }

    fn compute(&self, node: Uop, src: &[Rc<Array>]) -> Result<Rc<Array>, Error> {
        if node.op().arity().is_some_and(|n| n != src.len()) {
            return Err(Error::at(node, format!("has {} sources", src.len())));
        }
        match (node.op(), src) {
            (Op::Contiguous | Op::ContiguousBackward | Op::Detach, [x]) | (Op::Assign, [_, x]) => return Ok(x.clone()),
            _ => {}
        }
        let shape = self.shape(node)?;
        let data = match node.op().class() {
            Class::Source => return self.source(node, shape).map(Rc::new),
            Class::Movement => movement(node, &src[0], &shape, self)?,
            Class::Reduction => reduce(node, &src[0], &shape)?,
            _ if node.op().is_alu() => elementwise(node, src, elements(&shape)?)?,
            _ => return Err(Error::at(node, "is not an op of the tensor stage")),
        };
        Ok(Rc::new(Array { dtype: node.dtype(), shape, data }))
    }

    fn dim(&self, dim: &Dim) -> i64 {
        dim.eval(self.vars)
    }

    fn sizes(&self, node: Uop, dims: &[Dim]) -> Result<Vec<usize>, Error> {
        let size = |d| usize::try_from(self.dim(d)).map_err(|_| Error::at(node, format!("dimension {d} is negative")));
        dims.iter().map(size).collect()
    }

    fn shape(&self, node: Uop) -> Result<Vec<usize>, Error> {
        let dims = node.try_shape().ok_or_else(|| Error::at(node, "its sources' shapes do not fit together"))?;
        let sizes = self.sizes(node, dims)?;
        elements(&sizes).map_err(|e| Error::at(node, e)).map(|_| sizes)
    }

    fn source(&self, node: Uop, shape: Vec<usize>) -> Result<Array, Error> {
        let dtype = node.dtype();
        match (node.op(), node.arg()) {
            (Op::Const, Arg::Value(v)) => Ok(Array::scalar(dtype, *v)),
            (Op::DefineVar, Arg::Var(var)) => Ok(Array::scalar(dtype, Value::from((self.vars)(var)))),
            (Op::Iota, _) => Array::collect(dtype, &shape, (0..elements(&shape)?).map(|i| Value::Int(i as i128))),
            (Op::Buffer, Arg::Buffer(number, _)) => {
                let array = (self.buffers)(*number).ok_or_else(|| Error::at(node, "no contents given for it"))?;
                match array.dtype == dtype && array.shape == shape && array.data.len() == elements(&shape)? {
                    true => Ok(array),
                    false => Err(Error::at(node, format!("its contents are {} {:?}", array.dtype, array.shape))),
                }
            }
            _ => Err(Error::at(node, "is not an op of the tensor stage")),
        }
    }
}

/// Sources of shape `()` stand for every element.
fn elementwise(node: Uop, src: &[Rc<Array>], len: usize) -> Result<Vec<Value>, Error> {
    let fits = src.iter().all(|s| s.shape.is_empty() || s.data.len() == len);
    if !fits {
        return Err(Error::at(node, "its sources' sizes differ"));
    }
    let steps: Vec<usize> = src.iter().map(|s| !s.shape.is_empty() as usize).collect();
    let mut args = vec![Value::Bool(false); src.len()];
    let mut data = Vec::with_capacity(len);
    for i in 0..len {
        for ((arg, s), step) in args.iter_mut().zip(src).zip(&steps) {
            *arg = s.data[i * step];
        }
        let value = match node.op() {
            Op::Bitcast => bitcast(args[0], src[0].dtype, node.dtype()),
            op => eval(op, node.dtype(), &args),
        };
        data.push(value.ok_or_else(|| Error::at(node, format!("has no value at element {i}: operands {args:?}")))?);
    }
    Ok(data)
}

fn reduce(node: Uop, src: &Array, shape: &[usize]) -> Result<Vec<Value>, Error> {
    let Arg::Reduce(op, _) = node.arg() else { return Err(Error::at(node, "is not an op of the tensor stage")) };
    let fold = Fold::new(*op, node.dtype());
    let start = neutral(*op, node.dtype()).ok_or_else(|| Error::at(node, "cannot reduce with this op"))?;
    let mut totals = vec![start; elements(shape)?];
    // An axis of size 1 in the result takes all elements: it does not move the place in the result.
    let mut strides = row_major(shape);
    strides.iter_mut().zip(shape).filter(|(_, n)| **n == 1).for_each(|(stride, _)| *stride = 0);
    let mut source = src.data.iter();
    each_point(&src.shape, |at| {
        let place: usize = at.iter().zip(&strides).map(|(i, s)| i * s).sum();
        let value = source.next().copied().unwrap_or(start);
        totals[place] = fold.step(totals[place], value).ok_or_else(|| Error::at(node, "cannot reduce this type"))?;
        Ok(())
    })?;
    Ok(totals.into_iter().map(|v| cast(v, node.dtype())).collect())
}

/// Where one axis of the source is read: at `sign * (index on axis) + shift` of the result.
struct Along {
    axis: usize,
    sign: i64,
    shift: i64,
}

fn movement(node: Uop, src: &Array, shape: &[usize], machine: &Machine) -> Result<Vec<Value>, Error> {
    let rank = src.shape.len();
    let same = |axis| Along { axis, sign: 1, shift: 0 };
    let along: Vec<Along> = match (node.op(), node.arg()) {
        (Op::Reshape, _) if elements(shape)? == src.data.len() => return Ok(src.data.clone()),
        (Op::View, Arg::View(tracker)) => return view(node, src, tracker, machine),
        (Op::Permute, Arg::Axes(axes)) => {
            (0..rank).map(|a| same(axes.iter().position(|&x| x == a).unwrap_or(a))).collect()
        }
        (Op::Expand, _) => {
            let repeats = |a: usize| src.shape[a] == 1 && shape[a] != 1;
            (0..rank).map(|a| Along { sign: !repeats(a) as i64, ..same(a) }).collect()
        }
        (Op::Pad, Arg::Pairs(pairs)) => {
            (0..rank).map(|a| Along { shift: 0i64.saturating_sub(machine.dim(&pairs[a].0)), ..same(a) }).collect()
        }
        (Op::Shrink, Arg::Pairs(pairs)) => {
            (0..rank).map(|a| Along { shift: machine.dim(&pairs[a].0), ..same(a) }).collect()
        }
        (Op::Flip, Arg::Axes(axes)) => {
            let reversed = |a| Along { axis: a, sign: -1, shift: src.shape[a] as i64 - 1 };
            (0..rank).map(|a| if axes.contains(&a) { reversed(a) } else { same(a) }).collect()
        }
        _ => return Err(Error::at(node, "its argument does not fit its source")),
    };
    gather(src, shape, &along)
}

/// Reads `src` at each point of `shape`; outside it is zero.
fn gather(src: &Array, shape: &[usize], along: &[Along]) -> Result<Vec<Value>, Error> {
    let mut data = Vec::with_capacity(elements(shape)?);
    each_point(shape, |at| {
        let mut place = Some(0usize);
        for (a, &size) in along.iter().zip(&src.shape) {
            let i = a.shift.saturating_add(a.sign * at[a.axis] as i64);
            place = place.filter(|_| 0 <= i && i < size as i64).map(|p| p * size + i as usize);
        }
        data.push(place.map_or(Value::zero(src.dtype), |p| src.data[p]));
        Ok(())
    })?;
    Ok(data)
}

/// A view with its dimensions evaluated.
struct Window {
    shape: Vec<usize>,
    strides: Vec<i64>,
    offset: i64,
    mask: Option<Vec<(i64, i64)>>,
}

impl Window {
    fn new(node: Uop, view: &View, machine: &Machine) -> Result<Window, Error> {
        let dims = |dims: &[Dim]| dims.iter().map(|d| machine.dim(d)).collect();
        let range = |(begin, end): &(Dim, Dim)| (machine.dim(begin), machine.dim(end));
        Ok(Window {
            shape: machine.sizes(node, &view.shape)?,
            strides: dims(&view.strides),
            offset: machine.dim(&view.offset),
            mask: view.mask.as_ref().map(|m| m.iter().map(range).collect()),
        })
    }

    /// The flat place that the element at `at` is read from, unless the mask excludes it.
    fn place(&self, at: &[usize]) -> Option<i64> {
        let inside = |(i, (begin, end)): (&usize, &(i64, i64))| *begin <= *i as i64 && (*i as i64) < *end;
        let allowed = self.mask.as_ref().is_none_or(|mask| at.iter().zip(mask).all(inside));
        let along = |place: i64, (i, stride): (&usize, &i64)| place.saturating_add((*i as i64).saturating_mul(*stride));
        allowed.then(|| at.iter().zip(&self.strides).fold(self.offset, along))
    }

    /// The point with this row-major number.
    fn point(&self, place: i64) -> Option<Vec<usize>> {
        let mut left = usize::try_from(place).ok()?;
        let mut at = vec![0; self.shape.len()];
        for (i, &n) in at.iter_mut().zip(&self.shape).rev() {
            (*i, left) = (left.checked_rem(n)?, left / n);
        }
        (left == 0).then_some(at)
    }
}

fn view(node: Uop, src: &Array, tracker: &ShapeTracker, machine: &Machine) -> Result<Vec<Value>, Error> {
    let windows = tracker.views.iter().map(|v| Window::new(node, v, machine)).collect::<Result<Vec<_>, _>>()?;
    let Some((visible, below)) = windows.split_last() else { return Err(Error::at(node, "has no views")) };
    let outside = |place: i64| Error::at(node, format!("reads element {place} of {}", src.data.len()));
    let mut data = Vec::with_capacity(elements(&visible.shape)?);
    each_point(&visible.shape, |at| {
        let mut place = visible.place(at);
        for window in below.iter().rev() {
            let Some(p) = place else { break };
            place = window.place(&window.point(p).ok_or_else(|| outside(p))?);
        }
        let read = |p: i64| usize::try_from(p).ok().and_then(|i| src.data.get(i)).copied().ok_or_else(|| outside(p));
        data.push(place.map_or(Ok(Value::zero(src.dtype)), read)?);
        Ok(())
    })?;
    Ok(data)
}

/// Calls `visit` for every point of `shape`, last axis fastest.
fn each_point(shape: &[usize], mut visit: impl FnMut(&[usize]) -> Result<(), Error>) -> Result<(), Error> {
    let mut at = vec![0; shape.len()];
    for _ in 0..elements(shape)? {
        visit(&at)?;
        for (i, &n) in at.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < n {
                break;
            }
            *i = 0;
        }
    }
    Ok(())
}

/// Elements between neighbours along each axis.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1usize; shape.len()];
    for a in (1..shape.len()).rev() {
        strides[a - 1] = strides[a].saturating_mul(shape[a]);
    }
    strides
}

#[cfg(test)]
mod tests;
