//! Before: movement ops. After: chains of movement are one VIEW; markers are gone. Long reductions have parts (`partial`),
//! and on a GPU factors of products are copied to where their rows are aligned (`aligned`), or their channels neighbours
//! (`channels`).
//!
//! DETACH and CONTIGUOUS_BACKWARD speak to the gradient, which has been taken by now. A CONTIGUOUS of what is computed
//! says that it is stored, and then that serves all who use it, also without the marker. A CONTIGUOUS of a view stays,
//! to keep that apart from the views of it.
//!
//! Casts to wider floats move past views, toward where their values are used: views on both sides merge, and what is read
//! from memory is narrow.

use rustc_hash::FxHashSet;

use super::aligned::aligned;
use super::channels::channels_last;
use super::cost;
use super::partial::in_parts;
use crate::ir::{Arg, Class, Graph, Memo, Op, Uop, rebuild};
use crate::target::Device;
use crate::view::ShapeTracker;

/// Rewrites tensors, remembering what it has done.
pub(super) struct Views<'g> {
    graph: &'g Graph,
    device: Device,
    parted: Memo<'g, Uop<'g>>,
    done: Memo<'g, Uop<'g>>,
    forced: FxHashSet<Uop<'g>>,
}

impl<'g> Views<'g> {
    pub(super) fn new(graph: &'g Graph, device: Device) -> Views<'g> {
        Views { graph, device, parted: Memo::new(graph), done: Memo::new(graph), forced: FxHashSet::default() }
    }

    /// `tensor` with its movement ops folded into views.
    pub(super) fn fold(&mut self, tensor: Uop<'g>) -> Uop<'g> {
        let (graph, forced) = (self.graph, &mut self.forced);
        let device = self.device;
        let tensor = rebuild(tensor, &mut self.parted, |node| in_parts(node, device));
        rebuild(tensor, &mut self.done, |node| match node.op() {
            Op::ReduceAxis if device == Device::Gpu => channels_last(aligned(node, forced), forced),
            _ => fold_one(graph, forced, node),
        })
    }

    /// The tensors that must be stored.
    pub(super) fn forced(self) -> FxHashSet<Uop<'g>> {
        self.forced
    }
}

fn fold_one<'g>(graph: &'g Graph, forced: &mut FxHashSet<Uop<'g>>, node: Uop<'g>) -> Uop<'g> {
    match node.op() {
        Op::Contiguous if node.src(0).op().is_alu() || node.src(0).op() == Op::ReduceAxis => {
            forced.insert(node.src(0));
            node.src(0)
        }
        Op::Detach | Op::ContiguousBackward => node.src(0),
        op if op.class() == Class::Movement => {
            let moved = if cost::widens(node.src(0)) { node.src(0).src(0) } else { node.src(0) };
            let (source, tracker) = match moved.arg() {
                Arg::View(tracker) => (moved.src(0), tracker.clone()),
                _ => (moved, ShapeTracker::contiguous(moved.shape())),
            };
            let Some(tracker) = tracker.apply(op, node.arg()) else { return node };
            if tracker == ShapeTracker::contiguous(source.shape()) {
                return source.cast(node.dtype());
            }
            graph.node(Op::View, source.dtype(), &[source], Arg::View(tracker)).cast(node.dtype())
        }
        _ => node,
    }
}
