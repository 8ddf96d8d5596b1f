//! What four warps do together: WGMMA, and until when it goes on.
//!
//! Its sums are there from the beginning, but to use them before a SETTLE is an error, as is to write what the products may
//! still be reading. A warp reads its part of the left factor and all of the right one; its first thread stands for it. An
//! element counts as read both when a product begins and when it is known to be done, so that a race in between is found
//! whoever runs first.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::ahead::Element;
use super::races::Thread;
use super::{Block, WARP, race};
use crate::dtype::DType;
use crate::interpret::Error;
use crate::interpret::block::warp::factor;
use crate::interpret::memory::Place;
use crate::interpret::point::Cell;
use crate::ir::{Arg, Group, Id, Op, SWIZZLED, Uop, Value, cast};

/// Threads of a group.
pub(super) const GROUP: usize = WARP * Group::WARPS as usize;

/// Products of one thread that go on.
#[derive(Default)]
pub(super) struct Products {
    /// How many groups have ended.
    ended: usize,
    /// The group that the value of each instruction is of.
    values: FxHashMap<Id, usize>,
    /// Elements that are read, and by which group.
    reads: Vec<(usize, Vec<Element>)>,
}

impl Products {
    fn begin(&mut self, node: Uop, reads: Vec<Element>) {
        self.values.insert(node.id(), self.ended);
        self.reads.push((self.ended, reads));
    }

    /// An error if `node` uses sums that may not be there.
    pub fn check(&mut self, node: Uop) -> Result<(), Error> {
        match node.op() {
            Op::UpdateAcc => {
                let group = self.values.get(&node.src(1).id()).copied();
                group.map(|group| self.values.insert(node.src(0).id(), group));
                return Ok(());
            }
            // Products are added up one after the other. The sources of the others only say what comes first.
            Op::Wgmma | Op::Endrange | Op::After => return Ok(()),
            _ if self.values.is_empty() => return Ok(()),
            _ => {}
        }
        match node.srcs().find(|source| self.values.contains_key(&source.id())) {
            Some(source) => Err(Error::at(node, format!("uses {source:?}, whose products may not be done"))),
            None => Ok(()),
        }
    }

    /// Ends a group; the elements that those before the last `left` have read.
    fn settle(&mut self, left: usize) -> Vec<Element> {
        self.ended += 1;
        let done = |group: usize| group + left < self.ended;
        self.values.retain(|_, group| !done(*group));
        let (read, on) = std::mem::take(&mut self.reads).into_iter().partition(|(group, _)| done(*group));
        self.reads = on;
        let read: Vec<(usize, Vec<Element>)> = read;
        read.into_iter().flat_map(|(_, elements)| elements).collect()
    }
}

impl<'g> Block<'_, 'g, '_> {
    /// Runs the threads of four warps until all of them are at a BARRIER or the end.
    pub(super) fn run_group(&mut self, first: usize, left: &mut u64) -> Result<(), Error> {
        let group = first..self.threads.len().min(first + GROUP);
        loop {
            for first in group.clone().step_by(WARP) {
                self.run_warp(first, left)?;
            }
            let Some(waiting) = group.clone().find(|t| self.op(*t) == Some(Op::Wgmma)) else { return Ok(()) };
            let at = self.threads[waiting].at;
            self.meet(group.clone(), at)?;
            self.products(self.program.list[at], group.clone())?;
            self.threads[group.clone()].iter_mut().for_each(|thread| thread.at += 1);
        }
    }

    /// Runs the WGMMA `node` for the threads `all`.
    fn products(&mut self, node: Uop<'g>, all: Range<usize>) -> Result<(), Error> {
        let Arg::Group(group) = *node.arg() else { return Err(Error::at(node, "its argument is no group")) };
        if all.len() != GROUP {
            return Err(Error::at(node, format!("its group has {} threads, not {GROUP}", all.len())));
        }
        let places = [self.beginning(node, group, 0, &all)?, self.beginning(node, group, 1, &all)?];
        let columns = i64::from(group.columns);
        for (warp, first) in all.step_by(WARP).enumerate() {
            let rows = warp as i64 * 16..(warp as i64 + 1) * 16;
            let mut reads = vec![];
            let left = self.factor(node, group, (0, &places[0]), (first, rows), &mut reads)?;
            let right = self.factor(node, group, (1, &places[1]), (first, 0..columns), &mut reads)?;
            for thread in first..first + WARP {
                let sums = self.threads[thread].machine.source(node, 2)?.lanes(node)?.to_vec();
                let added = group.places((thread - first) as i64).zip(sums).map(|((row, column), sum)| {
                    let [left, right] = [&left[row as usize], &right[column as usize]];
                    let product: f64 = left.iter().zip(right).map(|(a, b)| a * b).sum();
                    cast(Value::Float(sum.to_f64() + product), DType::F32)
                });
                let cell = Cell::Lanes(added.collect());
                self.threads[thread].machine.set(node, cell);
                // Who stands for the warp reads; all have sums that are not there yet.
                self.threads[thread]
                    .products
                    .begin(node, if thread == first { std::mem::take(&mut reads) } else { vec![] });
            }
        }
        Ok(())
    }

    /// Where the factor `which` begins, as all threads say.
    fn beginning(&self, node: Uop<'g>, group: Group, which: usize, all: &Range<usize>) -> Result<Place, Error> {
        let place = |thread: usize| self.threads[thread].machine.source(node, which)?.place(node).cloned();
        let first = place(all.start)?;
        for thread in all.clone() {
            let other = place(thread)?;
            if (other.block, &other.at) != (first.block, &first.at) {
                return Err(Error::at(node, format!("threads {} and {thread} give different addresses", all.start)));
            }
        }
        let within = first.at[0].rem_euclid((SWIZZLED / group.fragment.factor().bytes()) as i128);
        match within <= group.room(which).into() {
            true => Ok(first),
            false => Err(Error::at(node, format!("a factor begins {within} elements behind where its rows can"))),
        }
    }

    /// The rows (or columns) `along` of a factor, as `thread` reads them; what it reads is added to `reads`.
    fn factor(
        &mut self,
        node: Uop<'g>,
        group: Group,
        (which, place): (usize, &Place),
        (thread, along): (usize, Range<i64>),
        reads: &mut Vec<Element>,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let (mut rows, mut place) = (vec![], place.clone());
        let beginning = place.at[0];
        for along in along {
            let mut row = vec![];
            for step in 0..group.steps() {
                place.at[0] = beginning + i128::from(group.place(which, along, step));
                self.watch_element(node.src(which), (node, thread), &place, 0)?;
                let element = (place.block, self.memory.locate(node, &place, 0)?);
                reads.push(element);
                *self.being_read.entry(element).or_default() += 1;
                row.push(factor(group.fragment, self.memory.read(node.src(which), &place, 0)?.to_f64()));
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// Notes that products of the thread are done.
    pub(super) fn settle(&mut self, thread: usize, node: Uop<'g>, left: usize) -> Result<(), Error> {
        self.threads[thread].at += 1;
        let who = Thread { block: self.number, thread };
        for element in self.threads[thread].products.settle(left) {
            let others = self.being_read.entry(element).or_default();
            *others = others.saturating_sub(1);
            self.races.read(element, who).map_err(|other| race(node, who, other, element.1))?;
        }
        Ok(())
    }
}
