//! Kernels of GPUs: the instructions run for every thread of every block, as [`super::linear`] runs them for one.
//!
//! A thread runs until it meets a BARRIER, or a SHUFFLE, WMMA, LOAD_MATRIX or WGMMA, where all threads of the block, of the warp
//! or of four warps have to meet at the same instruction. What threads see of each other depends on nothing but that: where it would depend on who is
//! faster, that is an error, a race. Not here: how long anything takes.

mod ahead;
mod group;
mod races;
mod warp;

use rustc_hash::FxHashMap;

use self::ahead::{Ahead, Element};
use self::group::{GROUP, Products};
use self::races::{Races, Thread};
use crate::dim::Var;
use crate::interpret::linear::{Machine, Program};
use crate::interpret::memory::{Memory, Place};
use crate::interpret::point::Cell;
use crate::interpret::{Array, Error, MAX_STEPS};
use crate::ir::{Arg, Op, Special, Uop};

/// Threads of a warp.
const WARP: usize = 32;

/// Runs the instructions `list` on `buffers`, which are DEFINE_GLOBALs by slot, in place: in `blocks` blocks of `threads`
/// threads each.
///
/// # Errors
/// As [`super::run_linear`]; and if scratch memory is read that nothing wrote, if threads of a block or warp do not meet
/// where they must; if results of products of four warps are used, or what these read is written, before they are done; and for races: two threads use an element of scratch memory with no BARRIER between, at least one
/// writing; or, of an element of a buffer, one reads what the other writes, or both write, but not the same.
pub fn run_blocks(
    list: &[Uop],
    buffers: &mut [Array],
    (blocks, threads): (i64, u32),
    vars: &dyn Fn(&Var) -> i64,
) -> Result<(), Error> {
    let program = Program::new(list, vars);
    let (mut memory, mut races, mut left) = (Memory::new(buffers), Races::default(), MAX_STEPS);
    for number in 0..blocks {
        memory.forget_locals();
        races.next_block();
        let fresh = |_| Running {
            machine: Machine::new(&program),
            at: 0,
            ahead: Ahead::default(),
            products: Products::default(),
        };
        let threads = (0..threads).map(fresh).collect();
        let being_read = FxHashMap::default();
        let mut block =
            Block { number, program: &program, threads, memory: &mut memory, races: &mut races, being_read };
        block.run(&mut left)?;
    }
    Ok(())
}

/// A thread and the instruction it is at.
struct Running<'a, 'g> {
    machine: Machine<'a, 'g>,
    at: usize,
    ahead: Ahead,
    products: Products,
}

struct Block<'a, 'g, 'm> {
    number: i64,
    program: &'a Program<'a, 'g>,
    threads: Vec<Running<'a, 'g>>,
    memory: &'a mut Memory<'m>,
    races: &'a mut Races,
    /// How many products of warps are reading each element.
    being_read: FxHashMap<Element, u32>,
}

impl<'g> Block<'_, 'g, '_> {
    /// Runs all threads from one BARRIER to the next, until the list ends.
    fn run(&mut self, left: &mut u64) -> Result<(), Error> {
        loop {
            for first in (0..self.threads.len()).step_by(GROUP) {
                self.run_group(first, left)?;
            }
            let at = self.threads.first().map_or(self.program.list.len(), |thread| thread.at);
            self.meet(0..self.threads.len(), at)?;
            if at >= self.program.list.len() {
                return Ok(());
            }
            self.races.barrier();
            self.threads.iter_mut().for_each(|thread| thread.at += 1);
        }
    }

    /// Runs the threads of a warp until all of them are at a BARRIER, a WGMMA or the end.
    fn run_warp(&mut self, first: usize, left: &mut u64) -> Result<(), Error> {
        let warp = first..self.threads.len().min(first + WARP);
        loop {
            for thread in warp.clone() {
                self.run_thread(thread, left)?;
            }
            let shared = |t: &usize| self.op(*t).is_some_and(is_of_warp);
            let Some(waiting) = warp.clone().find(shared) else { return Ok(()) };
            let at = self.threads[waiting].at;
            self.meet(warp.clone(), at)?;
            self.exchange(self.program.list[at], warp.clone())?;
            self.threads[warp.clone()].iter_mut().for_each(|thread| thread.at += 1);
        }
    }

    fn op(&self, thread: usize) -> Option<Op> {
        self.program.list.get(self.threads[thread].at).map(|node| node.op())
    }

    /// An error unless all of `threads` are at instruction `at`.
    fn meet(&self, mut threads: std::ops::Range<usize>, at: usize) -> Result<(), Error> {
        let Some(other) = threads.find(|t| self.threads[*t].at != at) else { return Ok(()) };
        let name = |at: usize| self.program.list.get(at).map_or("the end".to_string(), |node| format!("{node:?}"));
        let present = self.threads.iter().position(|thread| thread.at == at).unwrap_or(0);
        let node = self.program.list.get(at.min(self.threads[other].at)).copied();
        let message = format!(
            "threads of block {} that must meet do not: thread {present} is at {}, thread {other} at {}",
            self.number,
            name(at),
            name(self.threads[other].at)
        );
        Err(node.map_or_else(|| Error::new(&message), |node| Error::at(node, &message)))
    }

    /// Runs one thread to where it has to meet others.
    fn run_thread(&mut self, thread: usize, left: &mut u64) -> Result<(), Error> {
        while let Some(&node) = self.program.list.get(self.threads[thread].at) {
            self.threads[thread].products.check(node)?;
            if matches!(node.op(), Op::Barrier | Op::Wgmma) || is_of_warp(node.op()) {
                return Ok(());
            }
            *left = left.checked_sub(1).ok_or_else(|| Error::at(node, format!("more than {MAX_STEPS} steps")))?;
            self.step(thread, node)?;
        }
        Ok(())
    }

    fn step(&mut self, thread: usize, node: Uop<'g>) -> Result<(), Error> {
        match (node.op(), node.arg()) {
            (Op::Special, Arg::Special(Special::Block)) => self.special(thread, node, self.number),
            (Op::Special, _) => self.special(thread, node, thread as i64),
            (Op::Commit, _) => {
                self.threads[thread].ahead.commit();
                self.threads[thread].at += 1;
                Ok(())
            }
            (Op::Wait, Arg::Slot(left)) => self.wait(thread, node, *left as usize),
            (Op::Settle, Arg::Slot(left)) => self.settle(thread, node, *left as usize),
            (op, _) => {
                if matches!(op, Op::Load | Op::Store) {
                    self.watch(thread, node)?;
                }
                let Running { machine, at, .. } = &mut self.threads[thread];
                *at = machine.execute(node, *at, self.memory)?;
                Ok(())
            }
        }
    }

    fn special(&mut self, thread: usize, node: Uop<'g>, number: i64) -> Result<(), Error> {
        let Running { machine, at, .. } = &mut self.threads[thread];
        let size = machine.source(node, 0)?.size(node)?;
        if number >= size {
            return Err(Error::at(node, format!("is {number}, which is not below {size}: too many were launched")));
        }
        machine.set(node, Cell::int(number));
        *at += 1;
        Ok(())
    }

    /// Notes that copies of the thread have arrived.
    fn wait(&mut self, thread: usize, node: Uop<'g>, left: usize) -> Result<(), Error> {
        self.threads[thread].at += 1;
        let who = Thread { block: self.number, thread };
        for element in self.threads[thread].ahead.wait(left) {
            self.races.write(element, who, true).map_err(|other| race(node, who, other, element.1))?;
        }
        Ok(())
    }

    /// Notes an access, and whether another thread's is in its way.
    fn watch(&mut self, thread: usize, node: Uop<'g>) -> Result<(), Error> {
        let machine = &self.threads[thread].machine;
        let place = machine.source(node, 0)?.place(node)?.clone();
        let lanes = match node.op() {
            Op::Store => machine.source(node, 1)?.lanes(node)?.len(),
            _ => node.dtype().lanes as usize,
        };
        let mut valid = (0..lanes).filter(|lane| place.is_valid(*lane));
        valid.try_for_each(|lane| self.watch_element(node.src(0), (node, thread), &place, lane))
    }

    /// Notes that `node` uses an element through `index`.
    fn watch_element(
        &mut self,
        index: Uop<'g>,
        (node, thread): (Uop<'g>, usize),
        place: &Place,
        lane: usize,
    ) -> Result<(), Error> {
        let who = Thread { block: self.number, thread };
        let element = (place.block, self.memory.locate(index, place, lane)?);
        if self.threads[thread].ahead.is_on_its_way(element) {
            return Err(Error::at(node, format!("{who} uses element {}, whose copy may be on its way", element.1)));
        }
        if node.op() == Op::Store && self.being_read.get(&element).is_some_and(|reads| *reads > 0) {
            return Err(Error::at(node, format!("{who} writes element {}, which products may be reading", element.1)));
        }
        let outcome = match node.op() {
            Op::Store => {
                let value = self.threads[thread].machine.source(node, 1)?.lanes(node)?[lane];
                self.races.write(element, who, Some(value) == self.memory.value(element.0, element.1))
            }
            _ => self.races.read(element, who),
        };
        outcome.map_err(|other| race(node, who, other, element.1))?;
        if matches!(node.arg(), Arg::Ahead(_)) {
            self.threads[thread].ahead.begin(element);
        }
        Ok(())
    }
}

/// Whether all threads of a warp do `op` together.
fn is_of_warp(op: Op) -> bool {
    matches!(op, Op::Shuffle | Op::Wmma | Op::LoadMatrix)
}

fn race(node: Uop, who: Thread, other: Thread, element: usize) -> Error {
    Error::at(node, format!("{who} races with {other} for element {element}"))
}

#[cfg(test)]
mod tests;
