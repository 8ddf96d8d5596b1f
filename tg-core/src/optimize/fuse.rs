//! Fusing: two loops run as one, whose counter is taken apart by division: `for o { for i { … } }` becomes
//! `for b { o = b / n, i = b % n; … }`.
//!
//! Where that leaves no division, loops are merged before any action. This is for loops that are short alone, as those over
//! the rows and columns of a small picture are: tiles of the one loop have as many iterations as they should, and threads
//! get equal shares of it.

use crate::ir::{Arg, Uop};
use crate::loops::{Nest, closes, substitute};
use crate::symbolic::Simplifier;

/// `kernel` with `outer` and `inner` as one loop; `None` if they are not of one kind, or not everything that runs over one
/// runs over the other, or one says how long another loop is.
pub(super) fn fuse<'g>(
    kernel: Uop<'g>,
    (outer, inner): (Uop<'g>, Uop<'g>),
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let (Arg::Range(_, axis), Arg::Range(_, other)) = (outer.arg(), inner.arg()) else { return None };
    let runs_over = |n: Uop<'g>, range| closes(n).is_some_and(|fixed| n.srcs().skip(fixed).any(|r| r == range));
    let together = kernel.toposort().into_iter().all(|n| runs_over(n, outer) == runs_over(n, inner));
    let decides = |r: Uop<'g>| r.src(0).depends_on(outer) || r.src(0).depends_on(inner);
    if outer == inner || axis != other || !together || Nest::new(kernel).loops().into_iter().any(decides) {
        return None;
    }
    let size = inner.src(0);
    let both = kernel.graph().range(simplifier.simplify(outer.src(0) * size), *axis);
    Some(simplifier.simplify(substitute(kernel, &[(outer, both / size), (inner, both % size)])))
}
