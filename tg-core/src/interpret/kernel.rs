//! The loop stage, executed point by point: stores over ranges, reductions as loops of their own.
//!
//! A value is computed when it is asked for and kept until a range it varies with moves on. A read sees
//! the memory from before the kernel, unless its pointer is an AFTER: that runs its stores first, once
//! for every point of the ranges they vary with, and sees them.

use rustc_hash::FxHashMap;

use crate::dim::Var;
use crate::dtype::DType;
use crate::interpret::fold::Fold;
use crate::interpret::memory::Memory;
use crate::interpret::point::{Cell, compute};
use crate::interpret::{Array, Error, MAX_STEPS};
use crate::ir::{Arg, Id, Op, Uop, Value, cast, neutral};

/// Runs the kernel `sink` on `buffers`, which are DEFINE_GLOBALs by slot, in place.
///
/// Ranges of every axis kind run from 0 to their size.
///
/// # Errors
/// If an access that is allowed is out of bounds, a buffer is missing or has another dtype, a range is
/// used outside its loop, or a node has no value. `buffers` may be partly written then.
pub fn run_kernel(sink: Uop, buffers: &mut [Array], vars: &dyn Fn(&Var) -> i64) -> Result<(), Error> {
    let mut machine = Machine::new(sink, buffers, vars);
    let root = machine.nodes.len() - 1;
    let stores = if sink.op() == Op::Sink { machine.sources[root].clone() } else { vec![root] };
    stores.into_iter().try_for_each(|store| machine.value(store))
}

/// A range's present value, and when it last changed.
#[derive(Clone, Copy, Default)]
struct Counter {
    value: Option<i64>,
    changed: u64,
}

struct Machine<'g, 'm> {
    /// Sources before users; everything below is by place in this list.
    nodes: Vec<Uop<'g>>,
    sources: Vec<Vec<usize>>,
    /// The ranges each node varies with.
    ranges: Vec<Vec<usize>>,
    /// Whether the value depends on reads that see stores of this kernel.
    ordered: Vec<bool>,
    counters: Vec<Counter>,
    /// Values and when they were computed.
    cells: Vec<Option<(u64, Cell)>>,
    memory: Memory<'m>,
    vars: &'m dyn Fn(&Var) -> i64,
    now: u64,
    stored: u64,
}

impl<'g, 'm> Machine<'g, 'm> {
    fn new(sink: Uop<'g>, buffers: &'m mut [Array], vars: &'m dyn Fn(&Var) -> i64) -> Machine<'g, 'm> {
        let nodes = sink.toposort();
        let places: FxHashMap<Id, usize> = nodes.iter().enumerate().map(|(i, n)| (n.id(), i)).collect();
        let sources: Vec<Vec<usize>> = nodes.iter().map(|n| n.srcs().map(|s| places[&s.id()]).collect()).collect();
        let ranges = nodes.iter().map(|n| n.ranges().map(|r| places[&r.id()]).collect()).collect();
        let mut ordered: Vec<bool> = vec![false; nodes.len()];
        let mut memory = Memory::new(buffers);
        for (i, node) in nodes.iter().enumerate() {
            let through_after = node.op() == Op::Load && block_of(*node).1;
            // An AFTER or STORE acts once for each point of its ranges, however often it is asked for.
            let acts = matches!(node.op(), Op::After | Op::Store);
            ordered[i] = !acts && (through_after || sources[i].iter().any(|&s| ordered[s]));
            if let (Op::Store, Arg::Slot(slot)) = (node.op(), block_of(*node).0.arg()) {
                memory.keep(*slot);
            }
        }
        let (counters, cells) = (vec![Counter::default(); nodes.len()], vec![None; nodes.len()]);
        Machine { nodes, sources, ranges, ordered, counters, cells, memory, vars, now: 0, stored: 0 }
    }

    /// Whether the value of `i` is computed and no range or store has made it stale.
    fn is_fresh(&self, i: usize) -> bool {
        let Some((computed, _)) = &self.cells[i] else { return false };
        let holds = self.ranges[i].iter().all(|&r| self.counters[r].changed <= *computed);
        holds && (!self.ordered[i] || self.stored <= *computed)
    }

    /// Sources needed before the node itself; loops ask for the rest point by point.
    fn eager(&self, i: usize) -> &[usize] {
        let all = &self.sources[i];
        match self.nodes[i].op() {
            Op::Reduce | Op::Store => &[],
            Op::After => &all[..all.len().min(1)],
            _ => all,
        }
    }

    /// Makes the value of `root` fresh. Deep expressions use the explicit stack; only nested loops recurse.
    fn value(&mut self, root: usize) -> Result<(), Error> {
        let mut stack = vec![root];
        while let Some(&i) = stack.last() {
            if self.is_fresh(i) {
                stack.pop();
                continue;
            }
            let pending = stack.len();
            stack.extend(self.eager(i).iter().filter(|&&s| !self.is_fresh(s)));
            if stack.len() == pending {
                let cell = self.compute(i)?;
                self.cells[i] = Some((self.now, cell));
                stack.pop();
            }
        }
        Ok(())
    }

    fn tick(&mut self, node: Uop) -> Result<u64, Error> {
        self.now += 1;
        if self.now > MAX_STEPS {
            return Err(Error::at(node, format!("the kernel takes more than {MAX_STEPS} steps")));
        }
        Ok(self.now)
    }

    fn compute(&mut self, i: usize) -> Result<Cell, Error> {
        let node = self.nodes[i];
        self.tick(node)?;
        match node.op() {
            Op::Range => {
                let outside = || Error::at(node, "used outside its loop");
                self.counters[i].value.map(Cell::int).ok_or_else(outside)
            }
            Op::Reduce => self.reduce(i),
            Op::Store => {
                let loops = self.sources[i].get(2..).unwrap_or(&[]).to_vec();
                self.enumerate(&loops, &mut |machine| machine.store(i))?;
                Ok(Cell::Lanes(vec![]))
            }
            Op::After => {
                let stores = self.sources[i][1..].to_vec();
                stores.into_iter().try_for_each(|s| self.value(s))?;
                self.plain(i)
            }
            _ => self.plain(i),
        }
    }

    /// An operation on sources that are all computed.
    fn plain(&mut self, i: usize) -> Result<Cell, Error> {
        let missing = |s: usize| Error::at(self.nodes[i], format!("source {:?} has no value", self.nodes[s]));
        let cell = |&s: &usize| self.cells[s].as_ref().map(|(_, cell)| cell).ok_or_else(|| missing(s));
        // What orders and what closes has no value of its own.
        let carried = match self.nodes[i].op() {
            Op::After => 1,
            Op::Store => 2,
            _ => usize::MAX,
        };
        let src = self.sources[i].iter().take(carried).map(cell).collect::<Result<Vec<_>, _>>()?;
        compute(self.nodes[i], &src, &mut self.memory, self.vars)
    }

    fn store(&mut self, i: usize) -> Result<(), Error> {
        let parts = self.sources[i].iter().copied().take(2).collect::<Vec<_>>();
        parts.iter().try_for_each(|&s| self.value(s))?;
        self.plain(i)?;
        self.stored = self.tick(self.nodes[i])?;
        Ok(())
    }

    fn reduce(&mut self, i: usize) -> Result<Cell, Error> {
        let node = self.nodes[i];
        let start = match node.arg() {
            Arg::Op(op) => neutral(*op, node.dtype()).map(|start| (Fold::new(*op, node.dtype()), start)),
            _ => None,
        };
        let (fold, start) = start.ok_or_else(|| Error::at(node, "cannot reduce with this op"))?;
        let Some((&body, loops)) = self.sources[i].split_first() else { return Err(Error::at(node, "has no sources")) };
        let (loops, mut totals) = (loops.to_vec(), vec![start; node.dtype().lanes as usize]);
        self.enumerate(&loops, &mut |machine| {
            machine.value(body)?;
            let Some((_, cell)) = &machine.cells[body] else { return Err(Error::at(node, "its source has no value")) };
            step(node, fold, &mut totals, cell.lanes(node)?)
        })?;
        let element: DType = node.dtype().element();
        Ok(Cell::Lanes(totals.into_iter().map(|v| cast(v, element)).collect()))
    }

    /// Calls `body` at every point of `loops`, the last of them fastest.
    fn enumerate(
        &mut self,
        loops: &[usize],
        body: &mut dyn FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some((&range, inner)) = loops.split_first() else { return body(self) };
        let node = self.nodes[range];
        if node.op() != Op::Range || node.arity() != 1 {
            return Err(Error::at(node, "is not a RANGE"));
        }
        let size = self.sources[range][0];
        self.value(size)?;
        let trips = self.cells[size].as_ref().map_or(Ok(0), |(_, cell)| cell.size(node))?;
        let outer = self.counters[range].value;
        for i in 0..trips {
            self.counters[range] = Counter { value: Some(i), changed: self.tick(node)? };
            self.enumerate(inner, body)?;
        }
        self.counters[range] = Counter { value: outer, changed: self.tick(node)? };
        Ok(())
    }
}

fn step(node: Uop, fold: Fold, totals: &mut [Value], lanes: &[Value]) -> Result<(), Error> {
    for (l, total) in totals.iter_mut().enumerate() {
        let value = lanes.get(if lanes.len() == 1 { 0 } else { l }).copied();
        let next = value.and_then(|v| fold.step(*total, v));
        *total = next.ok_or_else(|| Error::at(node, "cannot combine its source"))?;
    }
    Ok(())
}

/// The pointer that a LOAD or STORE goes to, and whether an AFTER is on the way.
fn block_of(access: Uop) -> (Uop, bool) {
    let (mut node, mut after) = (access, false);
    while matches!(node.op(), Op::Load | Op::Store | Op::Index | Op::After) && node.arity() > 0 {
        after |= node.op() == Op::After;
        node = node.src(0);
    }
    (node, after)
}

#[cfg(test)]
mod tests;
