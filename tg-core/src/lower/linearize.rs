//! Before: a graph whose nodes know what they vary with. After: a list in which every node follows what
//! it needs, loops are RANGE … ENDRANGE, and reductions are registers.
//!
//! A node stands in the innermost loop it varies with, so nothing is computed more often than it must
//! be. A REDUCE becomes a register (DEFINE_ACC) set up before its loops and updated inside them; who
//! needs its result waits for the loops to end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::dtype::DType;
use crate::ir::{Arg, Id, Op, Uop, Value, rebuild, toposort};
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
}

/// The STOREs of the kernel over registers instead of REDUCEs, and the registers.
fn registers<'g>(kernel: Uop<'g>, nest: &Nest<'g>) -> (Vec<Uop<'g>>, Vec<Register<'g>>) {
    let graph = kernel.graph();
    let mut registers = vec![];
    let mut done = FxHashMap::default();
    for reduce in kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce) {
        let Arg::Op(op) = *reduce.arg() else { continue };
        rebuild(reduce.src(0), &mut done, |n| n);
        let init = graph.constant(reduce.dtype(), neutral(op, reduce.dtype()));
        let src: Vec<_> = [init].into_iter().chain(reduce.ranges()).collect();
        let acc = graph.node(Op::DefineAcc, reduce.dtype(), &src, Arg::Slot(registers.len() as u32));
        let next = acc.alu(op, &[done[&reduce.src(0)]]);
        let update = graph.node(Op::UpdateAcc, DType::VOID, &[acc, next], Arg::None);
        let ranges = || reduce.srcs().skip(1);
        let first = ranges().min_by_key(|r| nest.depth(*r)).unwrap_or(reduce);
        let last = ranges().max_by_key(|r| nest.depth(*r)).unwrap_or(reduce);
        registers.push(Register { acc, update, first, last });
        done.insert(reduce, acc);
    }
    rebuild(kernel, &mut done, |n| n);
    (done[&kernel].srcs().collect(), registers)
}

/// The value that changes nothing.
pub fn neutral(op: Op, dtype: DType) -> Value {
    match op {
        Op::Mul => Value::small(dtype, 1),
        Op::Max => match dtype.int_range() {
            Some((lo, _)) if dtype.is_bool() => Value::Bool(lo != 0),
            Some((lo, _)) => Value::Int(lo),
            None => Value::Float(f64::NEG_INFINITY),
        },
        _ => Value::zero(dtype),
    }
}

/// A place in the list: the body of a loop, or of the kernel.
type Block<'g> = Option<Uop<'g>>;

/// What stands where, and what waits for what. A RANGE as an item is its whole loop.
struct Blocks<'g> {
    sources: Vec<Uop<'g>>,
    items: FxHashMap<Block<'g>, Vec<Uop<'g>>>,
    waits: FxHashMap<Uop<'g>, FxHashSet<Uop<'g>>>,
}

impl<'g> Blocks<'g> {
    fn new(nest: &Nest<'g>, stores: &[Uop<'g>], registers: &[Register<'g>]) -> Blocks<'g> {
        let roots: Vec<_> = stores.iter().copied().chain(registers.iter().map(|r| r.update)).collect();
        let nodes = toposort(&roots);
        let mut place: FxHashMap<Uop<'g>, Block<'g>> = FxHashMap::default();
        for &node in &nodes {
            place.insert(node, block(nest, node));
        }
        for register in registers {
            place.insert(register.update, Some(register.last));
            place.insert(register.update.src(1), Some(register.last));
        }
        let is_source = |n: &Uop| n.arity() == 0;
        let mut blocks = Blocks {
            sources: nodes.iter().copied().filter(is_source).collect(),
            items: FxHashMap::default(),
            waits: FxHashMap::default(),
        };
        for &node in nodes.iter().filter(|n| !is_source(n)) {
            let at = if node.op() == Op::Range { nest.parent(node) } else { place[&node] };
            blocks.items.entry(at).or_default().push(node);
        }
        blocks.order(nest, &nodes, &place, registers);
        blocks
    }

    fn order(
        &mut self,
        nest: &Nest<'g>,
        nodes: &[Uop<'g>],
        place: &FxHashMap<Uop<'g>, Block<'g>>,
        registers: &[Register<'g>],
    ) {
        let loop_of: FxHashMap<Uop<'g>, Uop<'g>> = registers.iter().map(|r| (r.acc, r.first)).collect();
        let updates: FxHashSet<Uop<'g>> = registers.iter().flat_map(|r| [r.update, r.update.src(1)]).collect();
        for &user in nodes {
            // The size of a loop is needed where the loop starts.
            let at = if user.op() == Op::Range { nest.parent(user) } else { place[&user] };
            let skip = match user.op() {
                Op::Store => 2,
                _ => usize::MAX,
            };
            for source in user.srcs().take(skip).filter(|s| s.arity() > 0 && s.op() != Op::Range) {
                let waiting = enclosing_item(nest, user, at, place[&source]);
                self.wait(waiting, source);
                if let Some(&first) = loop_of.get(&source).filter(|_| !updates.contains(&user)) {
                    self.wait(waiting, first);
                }
            }
        }
        for register in registers {
            self.wait(register.first, register.acc);
        }
    }

    fn wait(&mut self, item: Uop<'g>, needed: Uop<'g>) {
        if item != needed {
            self.waits.entry(item).or_default().insert(needed);
        }
    }

    /// Appends the items of a block: always the oldest that waits for nothing.
    fn emit(&self, block: Block<'g>, list: &mut Vec<Uop<'g>>) {
        let empty = vec![];
        let items = self.items.get(&block).unwrap_or(&empty);
        let here: FxHashSet<Uop<'g>> = items.iter().copied().collect();
        let mut missing: FxHashMap<Uop<'g>, usize> = FxHashMap::default();
        let mut users: FxHashMap<Uop<'g>, Vec<Uop<'g>>> = FxHashMap::default();
        for &item in items {
            let needs = self.waits.get(&item).into_iter().flatten().filter(|n| here.contains(n));
            for &need in needs.clone() {
                users.entry(need).or_default().push(item);
            }
            missing.insert(item, needs.count());
        }
        let graph_order = |item: &Uop<'g>| Reverse(item.id());
        let mut ready: BinaryHeap<Reverse<Id>> = items.iter().filter(|i| missing[*i] == 0).map(graph_order).collect();
        let mut emitted = 0;
        while let Some(Reverse(id)) = ready.pop() {
            let item = items[0].graph().get(id);
            emitted += 1;
            self.emit_item(item, list);
            for user in users.get(&item).into_iter().flatten() {
                if let Some(count) = missing.get_mut(user) {
                    *count -= 1;
                    ready.extend((*count == 0).then(|| graph_order(user)));
                }
            }
        }
        assert_eq!(emitted, items.len(), "linearize: instructions of {block:?} wait for each other: {items:?}");
    }

    fn emit_item(&self, item: Uop<'g>, list: &mut Vec<Uop<'g>>) {
        list.push(item);
        if item.op() == Op::Range {
            self.emit(Some(item), list);
            list.push(item.graph().node(Op::Endrange, DType::VOID, &[item], Arg::None));
        }
    }
}

/// Where a node stands: in the innermost loop it varies with; a STORE in the last of its loops.
fn block<'g>(nest: &Nest<'g>, node: Uop<'g>) -> Block<'g> {
    match node.op() {
        Op::Store => node.srcs().skip(2).max_by_key(|r| nest.depth(*r)),
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
