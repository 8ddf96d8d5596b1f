//! From tensors to loops: what is the value of this tensor at these indices?
//!
//! Elementwise ops pass the indices to their sources, a VIEW maps them, REDUCE_AXIS adds ranges for the
//! axes it combines, and a stored tensor is loaded. Asked twice for the same element, the answer is the
//! same node, so what is shared in the tensor graph is shared in the kernel.

use rustc_hash::FxHashMap;

use crate::dim::Dim;
use crate::dtype::DType;
use crate::index::{backed, below_view, position};
use crate::ir::{Arg, Axis, Graph, Op, Uop, Value};
use crate::symbolic::Simplifier;
use crate::view::{ShapeTracker, View};

/// When an element will be looked at; `None` is always.
type Valid<'g> = Option<Uop<'g>>;

/// An index for each axis of a tensor, and when it will be looked at.
type Place<'g> = (Vec<Uop<'g>>, Valid<'g>);

/// One element of a tensor: the node, and its place.
type Element<'g> = (Uop<'g>, Vec<Uop<'g>>, Valid<'g>);

/// Builds the value of tensor elements out of loads, ranges and arithmetic.
pub struct Builder<'g, 'a> {
    graph: &'g Graph,
    /// The pointer to a tensor that is in memory; `None` for one to be computed in place.
    stored: &'a dyn Fn(Uop<'g>) -> Option<Uop<'g>>,
    simplifier: &'a mut Simplifier<'g>,
    values: FxHashMap<Element<'g>, Uop<'g>>,
}

/// An element being worked on, with the elements it needs.
struct Pending<'g> {
    element: Element<'g>,
    needs: Vec<Element<'g>>,
    /// The ranges of a REDUCE_AXIS.
    ranges: Vec<Uop<'g>>,
    /// Whether it is read from memory rather than computed.
    load: bool,
}

impl<'g, 'a> Builder<'g, 'a> {
    /// A builder in which `stored` says which tensors are in memory, and where.
    pub fn new(
        graph: &'g Graph,
        stored: &'a dyn Fn(Uop<'g>) -> Option<Uop<'g>>,
        simplifier: &'a mut Simplifier<'g>,
    ) -> Self {
        Builder { graph, stored, simplifier, values: FxHashMap::default() }
    }

    /// The kernel that stores every element of `tensor` at `target`: a STORE over one range per axis.
    pub fn store(&mut self, tensor: Uop<'g>, target: Uop<'g>) -> Uop<'g> {
        let at: Vec<_> = tensor.shape().iter().map(|size| self.axis(size, Axis::Loop)).collect();
        let value = self.root(tensor, &at);
        let address = self.position(&at, tensor.shape());
        let ranges: Vec<_> = at.into_iter().filter(|r| r.op() == Op::Range).collect();
        target.element(address, None).store(value, &ranges)
    }

    /// Every element evaluated so far, with its value.
    pub fn evaluated(&self) -> impl Iterator<Item = (Uop<'g>, Uop<'g>)> + '_ {
        self.values.iter().map(|((tensor, ..), value)| (*tensor, *value))
    }

    fn simplify(&mut self, uop: Uop<'g>) -> Uop<'g> {
        self.simplifier.simplify(uop)
    }

    /// The row-major position of the element `at` of a tensor of `shape`.
    fn position(&mut self, at: &[Uop<'g>], shape: &[Dim]) -> Uop<'g> {
        self.simplify(position(&View::contiguous(shape), at, self.graph))
    }

    /// The index along an axis of `size`: a new range, or 0 if there is only one.
    fn axis(&self, size: &Dim, axis: Axis) -> Uop<'g> {
        if size.is(1) { self.graph.index(0) } else { self.graph.range(self.graph.dim(size), axis) }
    }

    /// The value of `tensor` at `at`, computed even if the tensor itself is stored.
    fn root(&mut self, tensor: Uop<'g>, at: &[Uop<'g>]) -> Uop<'g> {
        let pending = self.expand((tensor, at.to_vec(), None));
        for need in pending.needs.clone() {
            self.value(need);
        }
        self.combine(&pending)
    }

    /// The value of one element. Iterative, so that the depth of a graph is no limit.
    fn value(&mut self, element: Element<'g>) {
        let mut stack = vec![self.begin(element)];
        while let Some(top) = stack.last() {
            let missing = top.needs.iter().find(|n| !self.values.contains_key(*n)).cloned();
            match missing {
                Some(element) => {
                    let pending = self.begin(element);
                    stack.push(pending);
                }
                None => {
                    let value = self.combine(top);
                    let element = top.element.clone();
                    self.values.insert(element, value);
                    stack.pop();
                }
            }
        }
    }

    fn begin(&mut self, element: Element<'g>) -> Pending<'g> {
        match (self.stored)(element.0) {
            Some(_) => Pending { element, needs: vec![], ranges: vec![], load: true },
            None => self.expand(element),
        }
    }

    /// What has to be known before `element` can be computed.
    fn expand(&mut self, element: Element<'g>) -> Pending<'g> {
        let (tensor, at, valid) = &element;
        let mut ranges = vec![];
        let needs = match (tensor.op(), tensor.arg()) {
            (Op::View, Arg::View(tracker)) => {
                let (source, valid) = self.moved(tracker, tensor.src(0).shape(), at, *valid);
                vec![(tensor.src(0), source, valid)]
            }
            (Op::ReduceAxis, Arg::Reduce(_, axes)) => {
                let mut inner = at.clone();
                for &axis in axes {
                    inner[axis] = self.axis(&tensor.src(0).shape()[axis], Axis::Reduce);
                    ranges.extend((inner[axis].op() == Op::Range).then_some(inner[axis]));
                }
                vec![(tensor.src(0), inner, *valid)]
            }
            (Op::Assign, _) => vec![(tensor.src(1), at.clone(), *valid)],
            _ => tensor.srcs().map(|s| (s, if s.shape().is_empty() { vec![] } else { at.clone() }, *valid)).collect(),
        };
        Pending { load: tensor.op() == Op::Buffer, element, needs, ranges }
    }

    /// The index in a tensor of `shape` at index `at` of its view `tracker`, and when it will be looked at. Simplified
    /// view by view: under the conditions so far, what goes into the next view is small.
    fn moved(&mut self, tracker: &ShapeTracker, shape: &[Dim], at: &[Uop<'g>], valid: Valid<'g>) -> Place<'g> {
        let (mut at, mut valid) = (at.to_vec(), valid);
        for (i, view) in tracker.views.iter().enumerate().rev() {
            if let Some(backed) = backed(view, &at, self.graph) {
                valid = Some(self.simplify(valid.map_or(backed, |valid| valid & backed)));
                at = at.into_iter().map(|x| self.simplify_where(valid, x)).collect();
            }
            let shape = if i == 0 { shape } else { &tracker.views[i - 1].shape };
            let below = below_view(view, &at, shape, self.graph);
            at = below.into_iter().map(|x| self.simplify_where(valid, x)).collect();
        }
        (at, valid)
    }

    fn simplify_where(&mut self, valid: Valid<'g>, index: Uop<'g>) -> Uop<'g> {
        match valid {
            Some(valid) => self.simplifier.simplify_where(valid, index),
            None => self.simplify(index),
        }
    }

    /// The value of an element whose needs are met.
    fn combine(&mut self, pending: &Pending<'g>) -> Uop<'g> {
        let (tensor, at, valid) = &pending.element;
        let source = |i: usize| self.values[&pending.needs[i]];
        match tensor.op() {
            _ if pending.load => self.load(&pending.element),
            Op::Const | Op::DefineVar => *tensor,
            Op::Iota => at[0],
            Op::View => match pending.needs[0].2.filter(|v| Some(*v) != *valid) {
                Some(mask) => mask.choose(source(0), Value::zero(tensor.dtype())),
                None => source(0),
            },
            Op::ReduceAxis => match tensor.arg() {
                Arg::Reduce(op, _) => source(0).reduce(*op, &pending.ranges),
                _ => source(0),
            },
            op if op.is_alu() => {
                let src: Vec<_> = (0..pending.needs.len()).map(source).collect();
                self.graph.node(op, tensor.dtype(), &src, tensor.arg().clone())
            }
            _ => source(0),
        }
    }

    fn load(&mut self, (tensor, at, valid): &Element<'g>) -> Uop<'g> {
        let pointer = (self.stored)(*tensor).unwrap_or_else(|| panic!("{tensor:?} is read but not stored"));
        let address = self.position(at, tensor.shape());
        debug_assert_eq!(pointer.dtype().pointee(), stored_dtype(tensor.dtype()), "pointer of {tensor:?}");
        // Where the mask does not hold, the value is not used; it guards only what could be outside of the tensor.
        let is_inside =
            |(i, size): (&Uop<'g>, &Dim)| i.vmin() >= 0 && size.known().is_some_and(|n| i.vmax() < n as i128);
        let guard = valid.filter(|_| !at.iter().zip(tensor.shape()).all(is_inside));
        pointer.element(address, guard).load().cast(tensor.dtype())
    }
}

/// The dtype stored for a tensor: `index` values are stored as `i64`.
pub fn stored_dtype(dtype: DType) -> DType {
    if dtype.is_index() { DType::I64 } else { dtype }
}
