//! Which loop stands inside which: derived from what each value varies with.
//!
//! The ranges of a STORE nest in the order they are listed. The ranges of a REDUCE, or of a STORE to scratch
//! memory, stand inside the innermost loop that the whole varies with: that is the outermost place where
//! it can be computed.

use super::closes;
use crate::ir::{Graph, Memo, Uop};

/// The tree of loops of a kernel.
pub struct Nest<'g> {
    graph: &'g Graph,
    /// The loop around each loop, and how many there are around it.
    outer: Memo<'g, (Option<Uop<'g>>, usize)>,
    loops: Vec<Uop<'g>>,
}

impl<'g> Nest<'g> {
    /// The loops of the kernel under `root` (a SINK or STORE).
    pub fn new(root: Uop<'g>) -> Nest<'g> {
        let mut nest = Nest { graph: root.graph(), outer: Memo::new(root.graph()), loops: vec![] };
        // Users come before sources, so an enclosing loop is known before what it encloses.
        for node in root.toposort().into_iter().rev() {
            if let Some(fixed) = closes(node) {
                let outer = nest.innermost(node);
                nest.place(outer, node.srcs().skip(fixed));
            }
        }
        let depth = |r: &Uop<'g>| (nest.outer[*r].1, *r);
        nest.loops.sort_by_key(depth);
        nest
    }

    fn place(&mut self, outer: Option<Uop<'g>>, ranges: impl Iterator<Item = Uop<'g>>) {
        let mut outer = outer;
        for range in ranges {
            if !self.outer.contains(range) {
                let depth = outer.map_or(0, |o| self.depth(o) + 1);
                self.outer.insert(range, (outer, depth));
                self.loops.push(range);
            }
            outer = Some(range);
        }
    }

    /// How many loops enclose `range`.
    pub fn depth(&self, range: Uop<'g>) -> usize {
        self.outer.get(range).map_or(0, |o| o.1)
    }

    /// The loop directly around `range`.
    pub fn parent(&self, range: Uop<'g>) -> Option<Uop<'g>> {
        self.outer.get(range).and_then(|o| o.0)
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
        self.loops.clone()
    }

    /// The graph the loops are in.
    pub fn graph(&self) -> &'g Graph {
        self.graph
    }
}
