//! Which loop stands inside which: derived from what each value varies with.
//!
//! The ranges of a STORE nest in the order they are listed. The ranges of a REDUCE stand inside the
//! innermost loop that its result varies with: that is the outermost place where it can be computed.

use rustc_hash::FxHashMap;

use crate::ir::{Op, Uop};

/// The tree of loops of a kernel.
pub struct Nest<'g> {
    parent: FxHashMap<Uop<'g>, Option<Uop<'g>>>,
    depth: FxHashMap<Uop<'g>, usize>,
}

impl<'g> Nest<'g> {
    /// The loops of the kernel under `root` (a SINK or STORE).
    pub fn new(root: Uop<'g>) -> Nest<'g> {
        let mut nest = Nest { parent: FxHashMap::default(), depth: FxHashMap::default() };
        // Users come before sources, so an enclosing loop is known before what it encloses.
        for node in root.toposort().into_iter().rev() {
            match node.op() {
                Op::Store => nest.place(None, node.srcs().skip(2)),
                Op::Reduce => {
                    let outer = nest.innermost(node);
                    nest.place(outer, node.srcs().skip(1));
                }
                _ => {}
            }
        }
        nest
    }

    fn place(&mut self, outer: Option<Uop<'g>>, ranges: impl Iterator<Item = Uop<'g>>) {
        let mut outer = outer;
        for range in ranges {
            if !self.parent.contains_key(&range) {
                self.parent.insert(range, outer);
                self.depth.insert(range, outer.map_or(0, |o| self.depth[&o] + 1));
            }
            outer = Some(range);
        }
    }

    /// How many loops enclose `range`.
    pub fn depth(&self, range: Uop<'g>) -> usize {
        self.depth.get(&range).copied().unwrap_or(0)
    }

    /// The loop directly around `range`.
    pub fn parent(&self, range: Uop<'g>) -> Option<Uop<'g>> {
        self.parent.get(&range).copied().flatten()
    }

    /// The innermost loop that `value` varies with: where it is computed.
    pub fn innermost(&self, value: Uop<'g>) -> Option<Uop<'g>> {
        value.ranges().max_by_key(|r| (self.depth(*r), *r))
    }

    /// All loops around `range`, itself first.
    pub fn path(&self, range: Option<Uop<'g>>) -> Vec<Uop<'g>> {
        std::iter::successors(range, |r| self.parent(*r)).collect()
    }

    /// All loops, outer before inner.
    pub fn loops(&self) -> Vec<Uop<'g>> {
        let mut all: Vec<_> = self.parent.keys().copied().collect();
        all.sort_by_key(|r| (self.depth(*r), *r));
        all
    }
}
