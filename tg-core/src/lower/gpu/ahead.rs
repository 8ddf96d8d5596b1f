//! Before: copies into shared memory stand in the loop that uses them, where they are needed. After: those that may run
//! ahead are begun some iterations before, while others are computed.
//!
//! With n buffers, the copies of the first n - 1 iterations are begun before the loop, each as a group. An iteration waits
//! for its group, and for all threads, who are then done with the buffer that the copies of n - 1 iterations later go to;
//! these are begun next. Products of four warps read their factors while threads go on, those of one iteration while the next
//! begins: copies then go to the buffer before, and begin an iteration later, after these products. Copies that stand in
//! loops of their own are not asynchronous, and stay.

use rustc_hash::FxHashSet;

use crate::dtype::DType;
use crate::ir::{Arg, Memo, Op, Uop, rebuild};
use crate::lower::Linear;
use crate::optimize::guarded_load;
use crate::symbolic::Simplifier;

pub fn ahead<'g>(linear: Linear<'g>, simplifier: &mut Simplifier<'g>) -> Linear<'g> {
    let (mut list, mut moved) = (linear.0, FxHashSet::default());
    while let Some((begin, end, depth)) = found(&list) {
        list = Loop::new(&list, begin, end, depth).written(simplifier, &mut moved);
    }
    // What is left is copied when its turn comes.
    Linear(list.into_iter().map(|n| if moved.contains(&n) { n } else { plain(n) }).collect())
}

/// How many buffers a copy that may run ahead has.
fn depth(node: Uop) -> Option<u32> {
    match node.arg() {
        Arg::Ahead(depth) if node.op() == Op::Store && node.arity() == 2 => Some(*depth),
        _ => None,
    }
}

/// Groups of products of four warps that go on while the next ones begin, with so many buffers for their factors.
pub(super) fn products_under_way(depth: u32) -> u32 {
    if depth > 2 { 1 } else { 0 }
}

fn plain(node: Uop) -> Uop {
    let is_ahead = matches!(node.arg(), Arg::Ahead(_));
    let store = || node.graph().node(Op::Store, node.dtype(), &node.srcs().collect::<Vec<_>>(), Arg::None);
    if is_ahead { store() } else { node }
}

/// A loop with copies directly in it that have not been moved: where it begins and ends, and the buffers they have.
fn found(list: &[Uop]) -> Option<(usize, usize, u32)> {
    let mut open = vec![];
    let mut copies: Option<(usize, u32)> = None;
    for (at, node) in list.iter().enumerate() {
        match node.op() {
            Op::Range => open.push(at),
            Op::Endrange => {
                let begin = open.pop()?;
                if let Some((_, depth)) = copies.filter(|(around, _)| *around == begin) {
                    return Some((begin, at, depth));
                }
            }
            _ => {
                let waits = open.last().is_some_and(|begin| list.get(begin + 1).is_some_and(|n| n.op() == Op::Wait));
                if let (Some(depth), Some(begin), false) = (depth(*node), open.last(), waits) {
                    copies = Some((*begin, copies.map_or(depth, |(_, other)| other.min(depth))));
                }
            }
        }
    }
    None
}

/// A loop whose copies are moved.
struct Loop<'g, 'a> {
    before: &'a [Uop<'g>],
    range: Uop<'g>,
    body: &'a [Uop<'g>],
    after: &'a [Uop<'g>],
    depth: u32,
    out: Vec<Uop<'g>>,
    /// What has been written in front of the present place.
    defined: FxHashSet<Uop<'g>>,
}

impl<'g, 'a> Loop<'g, 'a> {
    fn new(list: &'a [Uop<'g>], begin: usize, end: usize, depth: u32) -> Loop<'g, 'a> {
        Loop {
            before: &list[..begin],
            range: list[begin],
            body: &list[begin + 1..end],
            after: &list[end..],
            depth,
            out: list[..begin].to_vec(),
            defined: list[..begin].iter().copied().collect(),
        }
    }

    /// The list with the copies, which are added to `moved`, where they begin.
    fn written(mut self, simplifier: &mut Simplifier<'g>, moved: &mut FxHashSet<Uop<'g>>) -> Vec<Uop<'g>> {
        let has_groups = self.body.iter().any(|n| n.op() == Op::Wgmma);
        let under_way = if has_groups { products_under_way(self.depth) } else { 0 };
        let ahead = self.depth - 1 - under_way;
        if self.is_repeated() {
            self.control(Op::Barrier, Arg::None);
        }
        for first in 0..ahead.into() {
            self.copies(self.range.like(first), simplifier);
        }
        self.put(self.range);
        self.control(Op::Wait, Arg::Slot(ahead - 1));
        self.control(Op::Barrier, Arg::None);
        let (before, after) = if has_groups { (self.rest(), vec![]) } else { (vec![], self.rest()) };
        before.into_iter().for_each(|node| self.put(node));
        self.copies(self.range + i64::from(ahead), simplifier);
        after.into_iter().for_each(|node| self.put(node));
        moved.extend(self.out.iter().filter(|n| depth(**n).is_some()));
        [&self.out[..], self.after].concat()
    }

    /// Whether another loop is around.
    fn is_repeated(&self) -> bool {
        let count = |op| self.before.iter().filter(|n| n.op() == op).count();
        count(Op::Range) > count(Op::Endrange)
    }

    fn control(&mut self, op: Op, arg: Arg) {
        self.out.push(self.range.graph().node(op, DType::VOID, &[], arg));
    }

    fn put(&mut self, node: Uop<'g>) {
        let repeats = matches!(node.op(), Op::Barrier | Op::Commit | Op::Wait);
        if repeats || self.defined.insert(node) {
            self.out.push(node);
        }
    }

    fn stores(&self) -> impl Iterator<Item = Uop<'g>> + use<'g, 'a> {
        self.body.iter().copied().filter(|n| depth(*n).is_some())
    }

    /// The copies of iteration `at`, if there is one, as a group.
    fn copies(&mut self, at: Uop<'g>, simplifier: &mut Simplifier<'g>) {
        let is_there = at.lt(self.range.src(0));
        for store in self.stores() {
            let moved = store.substitute(&[(self.range, at)]);
            let index = moved.src(0);
            let valid = index.srcs().nth(2).map_or(is_there, |valid| valid & is_there);
            let value = loaded_where(moved.src(1), is_there);
            let guarded = moved.with_srcs(&[index.src(0).element(index.src(1), Some(valid)), value]);
            for node in with_certain_access(simplifier.simplify(guarded)).toposort() {
                self.put(node);
            }
        }
        self.control(Op::Commit, Arg::None);
    }

    /// The body without copies, and without what only they need.
    fn rest(&self) -> Vec<Uop<'g>> {
        let inside: FxHashSet<_> = self.body.iter().copied().collect();
        let mut copied: FxHashSet<Uop<'g>> = self.stores().collect();
        let mut needed: FxHashSet<Uop<'g>> = FxHashSet::default();
        for &node in self.body.iter().rev() {
            let is_effect = matches!(node.op(), Op::Store | Op::UpdateAcc | Op::Range | Op::Endrange | Op::Barrier);
            if copied.contains(&node) && !needed.contains(&node) {
                copied.extend(node.srcs().filter(|s| inside.contains(s)));
            } else if is_effect || needed.contains(&node) || !copied.contains(&node) {
                needed.extend(node.srcs().filter(|s| inside.contains(s) && depth(*s).is_none()));
                needed.insert(node);
            }
        }
        self.body.iter().copied().filter(|n| needed.contains(n)).collect()
    }
}

/// `value` with nothing read where `holds` does not.
fn loaded_where<'g>(value: Uop<'g>, holds: Uop<'g>) -> Uop<'g> {
    let mut done = Memo::new(value.graph());
    rebuild(value, &mut done, |n| if n.op() == Op::Load { guarded_load(n, holds) } else { n })
}

/// `store` without a condition that always holds.
fn with_certain_access(store: Uop) -> Uop {
    let index = store.src(0);
    match index.srcs().nth(2).and_then(|valid| valid.as_int()) {
        Some(1) => store.with_srcs(&[index.src(0).element(index.src(1), None), store.src(1)]),
        _ => store,
    }
}
