//! Before: a graph whose nodes know what they vary with. After: a list in which every node follows what
//! it needs, loops are RANGE … ENDRANGE, and reductions are registers.
//!
//! A node stands in the innermost loop it varies with, so nothing is computed more often than it must
//! be. A REDUCE becomes a register (DEFINE_ACC) set up before its loops and updated inside them; who
//! needs its result waits for the loops to end. So does an AFTER for the loops of its stores.

use super::gpu;
use crate::dtype::DType;
use crate::ir::{Arg, Memo, Op, Uop, neutral, rebuild, toposort};
use crate::loops::Nest;

/// A kernel as instructions in order.
#[derive(Clone, Debug)]
pub struct Linear<'g>(pub Vec<Uop<'g>>);

/// The instructions of `kernel`, a SINK of STOREs.
pub fn linearize<'g>(kernel: Uop<'g>) -> Linear<'g> {
    let nest = Nest::new(kernel);
    let (stores, registers) = registers(kernel, &nest);
    let blocks = Blocks::new(&nest, &stores, &registers);
    let mut list = blocks.sources.clone();
    blocks.emit(None, &mut list);
    Linear(list)
}

/// A reduction as a register.
struct Register<'g> {
    acc: Uop<'g>,
    update: Uop<'g>,
    /// The outermost and innermost loop of the reduction.
    first: Uop<'g>,
    last: Uop<'g>,
    /// All of them: a loop runs even if nothing in it varies with its counter.
    loops: Vec<Uop<'g>>,
}

/// The STOREs of the kernel over registers instead of REDUCEs, and the registers.
fn registers<'g>(kernel: Uop<'g>, nest: &Nest<'g>) -> (Vec<Uop<'g>>, Vec<Register<'g>>) {
    let graph = kernel.graph();
    let mut registers = vec![];
    let mut done = Memo::new(graph);
    let nodes = kernel.toposort();
    for reduce in nodes.iter().copied().filter(|n| n.op() == Op::Reduce) {
        let Arg::Op(op) = *reduce.arg() else { continue };
        let Some(neutral) = neutral(op, reduce.dtype()) else { continue };
        rebuild(reduce.src(0), &mut done, |n| n);
        let init = graph.constant(reduce.dtype(), neutral);
        let src: Vec<_> = [init].into_iter().chain(reduce.ranges()).collect();
        let acc = graph.node(Op::DefineAcc, reduce.dtype(), &src, Arg::Slot(registers.len() as u32));
        let value = done[reduce.src(0)];
        // `reduce * value` after the loop would be the same node as the update in it, which then swaps its operands.
        let is_taken = nodes.iter().any(|n| n.op() == op && n.srcs().eq([reduce, reduce.src(0)]));
        let sum = || if is_taken { value.alu(op, &[acc]) } else { acc.alu(op, &[value]) };
        let next = gpu::accumulated(acc, value).filter(|_| op == Op::Add).unwrap_or_else(sum);
        let update = graph.node(Op::UpdateAcc, DType::VOID, &[acc, next], Arg::None);
        let ranges = || reduce.srcs().skip(1);
        let first = ranges().min_by_key(|r| nest.depth(*r)).unwrap_or(reduce);
        let last = ranges().max_by_key(|r| nest.depth(*r)).unwrap_or(reduce);
        registers.push(Register { acc, update, first, last, loops: ranges().collect() });
        done.insert(reduce, acc);
    }
    rebuild(kernel, &mut done, |n| n);
    (done[kernel].srcs().collect(), registers)
}

/// A place in the list: the body of a loop, or of the kernel.
type Block<'g> = Option<Uop<'g>>;

/// How far emitting an item has come.
#[derive(Clone, Copy)]
enum Visit {
    /// What it waits for is being emitted.
    Open,
    Emitted,
}

/// What stands where, and what waits for what. A RANGE as an item is its whole loop.
struct Blocks<'g> {
    sources: Vec<Uop<'g>>,
    /// Items of the kernel's own block, and of each loop.
    top: Vec<Uop<'g>>,
    inside: Memo<'g, Vec<Uop<'g>>>,
    waits: Memo<'g, Vec<Uop<'g>>>,
}

impl<'g> Blocks<'g> {
    fn new(nest: &Nest<'g>, stores: &[Uop<'g>], registers: &[Register<'g>]) -> Blocks<'g> {
        let updates = registers.iter().flat_map(|r| r.loops.iter().copied().chain([r.update]));
        let roots: Vec<_> = stores.iter().copied().chain(updates).collect();
        let graph = roots[0].graph();
        let nodes = toposort(&roots);
        let mut place: Memo<'g, Block<'g>> = Memo::new(graph);
        for &node in &nodes {
            place.insert(node, block(nest, node));
        }
        for register in registers {
            place.insert(register.update, Some(register.last));
            place.insert(register.update.src(1), Some(register.last));
        }
        let (sources, items): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|n| n.arity() == 0);
        let mut blocks = Blocks { sources, top: vec![], inside: Memo::new(graph), waits: Memo::new(graph) };
        for &node in &items {
            blocks.put(place[node], node);
        }
        blocks.order(nest, &items, &place, registers);
        blocks
    }

    fn put(&mut self, block: Block<'g>, item: Uop<'g>) {
        match block {
            None => self.top.push(item),
            Some(range) => self.inside.entry(range).push(item),
        }
    }

    fn items(&self, block: Block<'g>) -> &[Uop<'g>] {
        match block {
            None => &self.top,
            Some(range) => self.inside.get(range).map_or(&[], Vec::as_slice),
        }
    }

    fn order(&mut self, nest: &Nest<'g>, items: &[Uop<'g>], place: &Memo<'g, Block<'g>>, registers: &[Register<'g>]) {
        let mut loop_of: Memo<'g, Uop<'g>> = Memo::new(nest.graph());
        // Who changes a register uses it while its loops run; all others wait for their end.
        let mut changes: Memo<'g, Uop<'g>> = Memo::new(nest.graph());
        for register in registers {
            loop_of.insert(register.acc, register.first);
            changes.insert(register.update, register.acc);
            changes.insert(register.update.src(1), register.acc);
        }
        for &user in items {
            let skip = match user.op() {
                Op::Store => 2,
                Op::After => 1,
                _ => usize::MAX,
            };
            for source in user.srcs().take(skip).filter(|s| s.arity() > 0 && s.op() != Op::Range) {
                let waiting = enclosing_item(nest, user, place[user], place[source]);
                self.wait(waiting, source);
                if let Some(&first) = loop_of.get(source).filter(|_| changes.get(user) != Some(&source)) {
                    self.wait(waiting, first);
                }
            }
        }
        for register in registers {
            self.wait(register.first, register.acc);
        }
        for &after in items.iter().filter(|n| n.op() == Op::After) {
            for store in after.srcs().skip(1) {
                let first = store.srcs().skip(2).min_by_key(|r| nest.depth(*r)).unwrap_or(store);
                // A store that varies with fewer loops stands further out, before the loop that contains the AFTER.
                let waiting = enclosing_item(nest, after, place[after], block(nest, first));
                self.wait(waiting, first);
            }
        }
    }

    fn wait(&mut self, item: Uop<'g>, needed: Uop<'g>) {
        let waits = self.waits.entry(item);
        if item != needed && !waits.contains(&needed) {
            waits.push(needed);
        }
    }

    /// Appends the items of a block: each that nothing in the block waits for, with what it waits for just before
    /// it, so that values are made where they are used and few are alive at once.
    fn emit(&self, block: Block<'g>, list: &mut Vec<Uop<'g>>) {
        let items = self.items(block);
        let Some(graph) = items.first().map(|i| i.graph()) else { return };
        let mut awaited: Memo<'g, bool> = Memo::new(graph);
        for &item in items {
            awaited.insert(item, false);
        }
        for need in
            items.iter().flat_map(|item| self.needs(*item)).filter(|n| awaited.contains(**n)).collect::<Vec<_>>()
        {
            awaited.insert(*need, true);
        }
        let mut state: Memo<'g, Visit> = Memo::new(graph);
        let (last, needed): (Vec<_>, Vec<_>) = items.iter().copied().partition(|item| !awaited[*item]);
        for item in last.into_iter().chain(needed) {
            self.emit_after_needs(item, &awaited, &mut state, list);
        }
    }

    /// What `item` waits for.
    fn needs(&self, item: Uop<'g>) -> &[Uop<'g>] {
        self.waits.get(item).map_or(&[], Vec::as_slice)
    }

    /// Appends `root`, if it is not there yet, behind what it waits for in its block.
    fn emit_after_needs(
        &self,
        root: Uop<'g>,
        block: &Memo<'g, bool>,
        state: &mut Memo<'g, Visit>,
        list: &mut Vec<Uop<'g>>,
    ) {
        let mut stack = vec![root];
        while let Some(&item) = stack.last() {
            match state.get(item) {
                Some(Visit::Emitted) => drop(stack.pop()),
                Some(Visit::Open) => {
                    stack.pop();
                    state.insert(item, Visit::Emitted);
                    self.emit_item(item, list);
                }
                None => {
                    state.insert(item, Visit::Open);
                    let open = |n: &&Uop<'g>| block.contains(**n) && !matches!(state.get(**n), Some(Visit::Emitted));
                    let needs: Vec<_> = self.needs(item).iter().filter(open).copied().collect();
                    for need in needs.into_iter().rev() {
                        let circle = matches!(state.get(need), Some(Visit::Open));
                        assert!(!circle, "linearize: {item:?} and {need:?} wait for each other");
                        stack.push(need);
                    }
                }
            }
        }
    }

    fn emit_item(&self, item: Uop<'g>, list: &mut Vec<Uop<'g>>) {
        list.push(item);
        if item.op() == Op::Range {
            self.emit(Some(item), list);
            list.push(item.graph().node(Op::Endrange, DType::VOID, &[item], Arg::None));
        }
    }
}

/// Where a node stands: in the innermost loop it varies with; a STORE in the last of its loops, a loop in
/// the one around it.
fn block<'g>(nest: &Nest<'g>, node: Uop<'g>) -> Block<'g> {
    match node.op() {
        Op::Range => nest.parent(node),
        Op::Store => node.srcs().skip(2).max_by_key(|r| nest.depth(*r)).or_else(|| nest.innermost(node)),
        _ => nest.innermost(node),
    }
}

/// What, among the items of the block `outer`, contains `user`, which stands in `at`.
fn enclosing_item<'g>(nest: &Nest<'g>, user: Uop<'g>, at: Block<'g>, outer: Block<'g>) -> Uop<'g> {
    let path = nest.path(at);
    match path.iter().position(|r| Some(*r) == outer) {
        Some(0) => user,
        Some(i) => path[i - 1],
        None => path.last().copied().unwrap_or(user),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::spec::{Stage, verify};
    use crate::ir::{Axis, Graph};

    /// `Π_r v` and then another `v`, as in the tail of a loop.
    #[test]
    fn a_result_that_is_used_like_its_update_is_not_the_update() {
        for is_left in [true, false] {
            let g = Graph::new();
            let (i, r) = (g.range(g.index(4), Axis::Loop), g.range(g.index(8), Axis::Reduce));
            let value = g.global(DType::F32, 0).element(i, None).load();
            let total = value.reduce(Op::Mul, &[r]);
            let result = if is_left { total * value } else { value * total };
            let store = g.global(DType::F32, 1).element(i, None).store(result, &[i]);
            assert_eq!(verify(Stage::Linear, &linearize(g.sink(&[store])).0), Ok(()));
        }
    }
}
