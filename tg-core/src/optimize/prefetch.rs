//! Prefetching: a copy is marked so that, while one iteration of a loop reads its part of it many times over, what the
//! next one reads is asked for. `lower/prefetch.rs` makes the instructions.
//!
//! A panel that is larger than what its first reader can get from the last-level cache in time is then near when its turn
//! comes. It pays where the panels of all iterations are larger than the second-level cache.

use crate::ir::{Arg, Memo, Op, Uop, rebuild};
use crate::loops::each_store;

/// `kernel` with its scratch memory number `copy` marked; `None` if nothing is copied there.
pub(super) fn prefetched<'g>(kernel: Uop<'g>, copy: usize) -> Option<Uop<'g>> {
    let is_it = |store: Uop<'g>| {
        let of = |pointer: Uop<'g>| matches!(*pointer.arg(), Arg::Local(number, ..) if number as usize == copy);
        let is_copy = || store.src(1).toposort().into_iter().all(|n| n.op() != Op::Reduce);
        store.op() == Op::Store && *store.arg() == Arg::None && of(store.src(0).src(0)) && is_copy()
    };
    let found = kernel.toposort().into_iter().any(is_it);
    let mark = |store: Uop<'g>| {
        let sources: Vec<_> = store.srcs().collect();
        if is_it(store) { store.graph().node(Op::Store, store.dtype(), &sources, Arg::Prefetch) } else { store }
    };
    let mut done = Memo::new(kernel.graph());
    let marked =
        || rebuild(kernel, &mut done, |n| if n.op() == Op::After { each_store(n, |s| vec![mark(s)]) } else { n });
    found.then(marked)
}
