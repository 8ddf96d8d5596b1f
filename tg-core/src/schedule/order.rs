//! Launch order, and safety of in-place updates.
//!
//! A kernel runs after those that write what it reads. The kernel that overwrites a parameter runs
//! after all others that read its old value; where it reads that parameter itself, at other elements
//! than it writes, or where two updates wait for each other, the new value goes to an intermediate first and
//! is copied at the end.

use super::{Item, Memory, pointer_slot, reads};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Arg, Graph, Op, Uop};
use crate::loops::stored_dtype;

pub(super) fn order<'g>(
    graph: &'g Graph,
    mut items: Vec<Item<'g>>,
    inputs: usize,
    params: usize,
    intermediates: &mut Vec<(DType, Vec<Dim>)>,
) -> Vec<Item<'g>> {
    for i in 0..items.len() {
        if is_update(&items[i], inputs) && reads_elsewhere(&items[i]) {
            let detour = detour(graph, &mut items[i], params, intermediates);
            items.push(detour);
        }
    }
    let mut ordered: Vec<Item> = vec![];
    while !items.is_empty() {
        match (0..items.len()).find(|&i| ready(&items, i, inputs)) {
            Some(i) => ordered.push(items.remove(i)),
            None => {
                // Updates wait for each other: the first one goes through an intermediate.
                let i = items.iter().position(|item| is_update(item, inputs));
                let i = i.unwrap_or_else(|| panic!("schedule: kernels depend on each other in a circle: {items:?}"));
                let copy = detour(graph, &mut items[i], params, intermediates);
                items.push(copy);
            }
        }
    }
    ordered
}

/// Whether the kernel overwrites an input.
fn is_update(item: &Item, inputs: usize) -> bool {
    (item.target.0 as usize) < inputs
}

/// Whether all other waiting kernels allow `items[i]` to run now.
fn ready(items: &[Item], i: usize, inputs: usize) -> bool {
    let item = &items[i];
    items.iter().enumerate().filter(|(j, _)| *j != i).all(|(_, other)| {
        let needs_other = item.reads.contains(&other.target) && !is_update(other, inputs);
        let spoils_other = is_update(item, inputs) && other.reads.contains(&item.target);
        !needs_other && !spoils_other
    })
}

/// Whether a kernel reads what it overwrites at another element than the one it writes.
fn reads_elsewhere(item: &Item) -> bool {
    let written = item.store.src(0).src(1);
    let own = |n: &Uop| n.op() == Op::Load && pointer_slot(*n) == item.target;
    item.store.toposort().into_iter().filter(own).any(|load| load.src(0).src(1) != written)
}

/// Redirects `item` to a new intermediate; returns the kernel that copies it to the old target.
fn detour<'g>(
    graph: &'g Graph,
    item: &mut Item<'g>,
    params: usize,
    intermediates: &mut Vec<(DType, Vec<Dim>)>,
) -> Item<'g> {
    let (tensor, target) = (item.tensor, item.target);
    let dtype = stored_dtype(tensor.dtype());
    let middle = Memory((params + intermediates.len()) as u32);
    intermediates.push((dtype, tensor.shape().to_vec()));
    let old = item.store;
    let src: Vec<_> = old.srcs().collect();
    let at = old.src(0).src(1);
    item.store = graph.global(dtype, middle.0).element(at, None).store(src[1], &src[2..]);
    item.target = middle;
    let copied = graph.global(dtype, middle.0).element(at, None).load();
    let store = graph.global(dtype, target.0).element(at, None).store(copied, &src[2..]);
    let marker = graph.node(Op::Contiguous, tensor.dtype(), &[tensor], Arg::None);
    Item { tensor: marker, target, reads: reads(store), store }
}
