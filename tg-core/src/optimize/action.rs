//! The actions: data that prints, parses and applies.
//!
//! A loop is named by its place in the list of the kernel's loops, outer before inner, as it stands when the
//! action is applied.

use std::fmt;
use std::str::FromStr;

use super::accumulate::accumulate;
use super::border::border;
use super::keep::keep;
use super::precompute::{precompute, reductions};
use super::split::{Tail, annotate, split, tile};
use super::stage::{loads, stage};
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::{Nest, stride};
use crate::schedule;
use crate::symbolic::Simplifier;

/// Most lanes of a vector: bytes in the widest register.
const MOST_LANES: u32 = 64;

/// One change of how a kernel's loops run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Runs `axis` in blocks of at most `size`, as even as can be; the loop over the blocks moves outside all
    /// others.
    Tile {
        /// The loop.
        axis: usize,
        /// Iterations in a block.
        size: u32,
    },
    /// Runs `axis` in blocks of `size`, of which the last begins earlier where `size` does not divide the loop: some
    /// results are then computed and stored twice.
    Overlap {
        /// The loop.
        axis: usize,
        /// Iterations in a block.
        size: u32,
    },
    /// `lanes` neighbouring iterations at a time, in the lanes of a vector.
    Vectorize {
        /// The loop.
        axis: usize,
        /// Iterations at a time.
        lanes: u32,
    },
    /// `by` neighbouring iterations at a time, written out; those of a reduction in registers of their own.
    Unroll {
        /// The loop.
        axis: usize,
        /// Iterations at a time.
        by: u32,
    },
    /// Shares the iterations of an outermost loop among threads.
    Parallel {
        /// The loop.
        axis: usize,
    },
    /// Copies the tile of a load in one iteration of a loop into scratch memory, in the order in which it will be read.
    Stage {
        /// The loop.
        axis: usize,
        /// The load, by its place among the kernel's loads from buffers.
        load: usize,
    },
    /// Copies what a load reads, and the zeros where its indices leave the tensor, into scratch memory.
    Border {
        /// The load, by its place among the kernel's loads from buffers.
        load: usize,
    },
    /// Runs a reduction in blocks of `size`, each for all results in the loop `at`, which are added up in scratch memory.
    Accumulate {
        /// The loop of the reduction.
        axis: usize,
        /// Iterations in a block.
        size: u32,
        /// The loop that sums are kept for one iteration of.
        at: usize,
    },
    /// Computes what a reduction combines for all of one iteration of a loop first, into scratch memory.
    Precompute {
        /// The loop.
        axis: usize,
        /// The reduction, by its place among the kernel's.
        reduction: usize,
    },
    /// Results go to memory past the caches, for those that are larger than the caches.
    Stream,
    /// Stores what a loop computes for a reduction, where a later loop needs it again, in scratch memory.
    Keep {
        /// The loop of the reduction.
        axis: usize,
    },
}

/// A list of actions, applied in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actions(pub Vec<Action>);

/// Why an action cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAction(pub String);

impl fmt::Display for InvalidAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidAction {}

impl Action {
    /// `kernel` with this action applied.
    ///
    /// # Errors
    /// If the kernel has no such loop, or the loop is not of a kind the action works on.
    pub fn apply<'g>(self, kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Result<Uop<'g>, InvalidAction> {
        let range = |axis: usize| self.range(kernel, axis);
        Ok(match self {
            Action::Vectorize { axis, lanes } => {
                let range = range(axis)?;
                if !lanes.is_power_of_two() || lanes > MOST_LANES {
                    return Err(self.invalid(&format!("vectors have a power of two of lanes, at most {MOST_LANES}")));
                }
                if !is_stored_evenly(kernel, range) {
                    return Err(self.invalid("neighbouring results are not evenly apart in memory"));
                }
                if fills_scratch(kernel, range) {
                    return Err(self.invalid("its lanes would share scratch memory"));
                }
                split(kernel, range, lanes, (Axis::Lane, Tail::Apart), simplifier)
            }
            Action::Unroll { axis, by } => {
                let range = range(axis)?;
                if fills_scratch(kernel, range) {
                    return Err(self.invalid("copies of the loop would share scratch memory"));
                }
                split(kernel, range, by, (Axis::Unroll, Tail::Apart), simplifier)
            }
            Action::Tile { axis, size } => {
                let range = range(axis)?;
                if !matches!(range.arg(), Arg::Range(_, Axis::Loop)) {
                    return Err(self.invalid("a reduction cannot move outside the loops of its result"));
                }
                if range.src(0).ranges().next().is_some() {
                    return Err(self.invalid("the loop is as long as another one says, and cannot move outside of it"));
                }
                tile(kernel, range, size, simplifier)
            }
            Action::Overlap { axis, size } => {
                let range = self.repeatable(kernel, range(axis)?, size)?;
                split(kernel, range, size, (Axis::Loop, Tail::Overlapping), simplifier)
            }
            Action::Parallel { axis } => {
                let range = range(axis)?;
                if Nest::new(kernel).depth(range) != 0 || !is_over_results(kernel, range) {
                    return Err(self.invalid("only an outermost loop over results can be shared among threads"));
                }
                if schedule::quotient(range.src(0)).is_none() {
                    return Err(self.invalid("what is left over of a loop is not shared among threads"));
                }
                annotate(kernel, range, simplifier)
            }
            Action::Accumulate { axis, size, at } => {
                accumulate(kernel, (range(axis)?, size), self.place(kernel, at)?, simplifier).ok_or_else(|| {
                    self.invalid(
                    "the loop is not that of one reduction, longer than a block, whose results vary in the other loop",
                )
                })?
            }
            Action::Stage { axis, load } => {
                let at = self.place(kernel, axis)?;
                stage(kernel, self.load(kernel, load)?, at, simplifier)
                    .ok_or_else(|| self.invalid("inside the loop the load does not move, or without a known bound, or copies of the loop would share it"))?
            }
            Action::Precompute { axis, reduction } => {
                let all = reductions(kernel);
                let reduction =
                    *all.get(reduction).ok_or_else(|| self.invalid(&format!("there are {} reductions", all.len())))?;
                precompute(kernel, reduction, self.place(kernel, axis)?, simplifier).ok_or_else(|| {
                    self.invalid("inside the loop what the reduction combines does not vary, or is in memory, or copies of the loop would share it")
                })?
            }
            Action::Border { load } => border(kernel, self.load(kernel, load)?, simplifier)
                .ok_or_else(|| self.invalid("the load has no zeros around it that are known, or is too large"))?,
            Action::Stream => streamed(kernel),
            Action::Keep { axis } => keep(kernel, range(axis)?, simplifier)
                .ok_or_else(|| self.invalid("no later loop computes what this one does, at a cost worth a store"))?,
        })
    }

    /// A loop that can still be changed.
    fn range<'g>(self, kernel: Uop<'g>, axis: usize) -> Result<Uop<'g>, InvalidAction> {
        let range = self.place(kernel, axis)?;
        match range.arg() {
            Arg::Range(_, Axis::Loop | Axis::Reduce) => Ok(range),
            _ => Err(self.invalid("the loop runs in order, and cannot be changed")),
        }
    }

    /// A loop in which something can be placed.
    fn place<'g>(self, kernel: Uop<'g>, axis: usize) -> Result<Uop<'g>, InvalidAction> {
        let loops = Nest::new(kernel).loops();
        let range = *loops.get(axis).ok_or_else(|| self.invalid(&format!("the kernel has {} loops", loops.len())))?;
        match range.arg() {
            Arg::Range(_, Axis::Loop | Axis::Reduce | Axis::Serial) => Ok(range),
            _ => Err(self.invalid("the loop has already been vectorized, unrolled or shared")),
        }
    }

    fn load<'g>(self, kernel: Uop<'g>, load: usize) -> Result<Uop<'g>, InvalidAction> {
        let loads = loads(kernel);
        loads.get(load).copied().ok_or_else(|| self.invalid(&format!("there are {} loads", loads.len())))
    }

    /// `range`, if blocks of `size` of it may run twice: results do not depend on what is stored.
    fn repeatable<'g>(self, kernel: Uop<'g>, range: Uop<'g>, size: u32) -> Result<Uop<'g>, InvalidAction> {
        if !matches!(range.arg(), Arg::Range(_, Axis::Loop)) {
            return Err(self.invalid("no part of a sum may be added twice"));
        }
        if range.src(0).vmin() < size as i128 {
            return Err(self.invalid("the loop may be shorter than a block"));
        }
        if overwrites_what_it_reads(kernel) {
            return Err(self.invalid("the kernel reads what it overwrites"));
        }
        if accumulates(kernel, range) {
            return Err(self.invalid("no part of a sum may be added twice"));
        }
        Ok(range)
    }

    fn invalid(self, why: &str) -> InvalidAction {
        InvalidAction(format!("{self}: {why}"))
    }
}

/// Whether results are stored over `range`, rather than a copy in scratch memory.
pub(super) fn is_over_results<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    kernel.srcs().any(|store| store.srcs().skip(2).any(|r| r == range))
}

/// Whether what is stored over `range`, if anything is, goes to places evenly apart.
fn is_stored_evenly<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    let is_over = |n: &Uop<'g>| n.op() == Op::Store && n.srcs().skip(2).any(|r| r == range);
    let mut stores = kernel.toposort().into_iter().filter(is_over);
    stores.all(|s| s.src(0).arity() == 2 && stride(s.src(0).src(1), range).is_some())
}

/// Whether what is stored over `range` builds on what was stored before.
fn accumulates<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    let is_serial = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Serial));
    let over = |n: &Uop<'g>| n.op() == Op::Store && n.srcs().skip(2).any(|r| r == range);
    kernel.toposort().into_iter().filter(over).any(|store| store.srcs().skip(2).any(|r| is_serial(&r)))
}

/// Whether `kernel` updates a buffer in place.
pub(super) fn overwrites_what_it_reads(kernel: Uop) -> bool {
    let written: Vec<_> = kernel.srcs().map(|store| store.src(0).src(0)).collect();
    kernel.toposort().into_iter().any(|n| n.op() == Op::Load && written.contains(&n.src(0).src(0)))
}

/// `kernel` with its results stored past the caches.
fn streamed(kernel: Uop) -> Uop {
    let stream = |s: Uop<'_>| s.graph().node(s.op(), s.dtype(), &s.srcs().collect::<Vec<_>>(), Arg::Stream).id();
    let stores: Vec<_> = kernel.srcs().map(|s| kernel.graph().get(stream(s))).collect();
    kernel.with_srcs(&stores)
}

/// Whether each iteration of `range` fills scratch memory anew.
fn fills_scratch<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    kernel.toposort().into_iter().any(|n| n.op() == Op::After && n.depends_on(range))
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Tile { axis, size } => write!(f, "tile({axis},{size})"),
            Action::Overlap { axis, size } => write!(f, "overlap({axis},{size})"),
            Action::Vectorize { axis, lanes } => write!(f, "vectorize({axis},{lanes})"),
            Action::Unroll { axis, by } => write!(f, "unroll({axis},{by})"),
            Action::Parallel { axis } => write!(f, "parallel({axis})"),
            Action::Accumulate { axis, size, at } => write!(f, "accumulate({axis},{size},{at})"),
            Action::Stage { axis, load } => write!(f, "stage({axis},{load})"),
            Action::Precompute { axis, reduction } => write!(f, "precompute({axis},{reduction})"),
            Action::Border { load } => write!(f, "border({load})"),
            Action::Stream => f.write_str("stream"),
            Action::Keep { axis } => write!(f, "keep({axis})"),
        }
    }
}

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(Action::to_string).collect();
        f.write_str(&all.join(" "))
    }
}

impl FromStr for Action {
    type Err = InvalidAction;
    fn from_str(text: &str) -> Result<Action, InvalidAction> {
        if text == "stream" {
            return Ok(Action::Stream);
        }
        let wrong = || InvalidAction(format!("`{text}` is no action: expected such as `unroll(1,4)`"));
        let (name, rest) = text.split_once('(').ok_or_else(wrong)?;
        let numbers = rest.strip_suffix(')').ok_or_else(wrong)?;
        let numbers: Result<Vec<u32>, _> = numbers.split(',').map(|n| n.trim().parse()).collect();
        match (name, &numbers.map_err(|_| wrong())?[..]) {
            ("tile", &[axis, size]) if size > 0 => Ok(Action::Tile { axis: axis as usize, size }),
            ("overlap", &[axis, size]) if size > 0 => Ok(Action::Overlap { axis: axis as usize, size }),
            ("vectorize", &[axis, lanes]) if lanes > 0 => Ok(Action::Vectorize { axis: axis as usize, lanes }),
            ("unroll", &[axis, by]) if by > 0 => Ok(Action::Unroll { axis: axis as usize, by }),
            ("parallel", &[axis]) => Ok(Action::Parallel { axis: axis as usize }),
            ("accumulate", &[axis, size, at]) if size > 0 => {
                Ok(Action::Accumulate { axis: axis as usize, size, at: at as usize })
            }
            ("stage", &[axis, load]) => Ok(Action::Stage { axis: axis as usize, load: load as usize }),
            ("precompute", &[axis, reduction]) => {
                Ok(Action::Precompute { axis: axis as usize, reduction: reduction as usize })
            }
            ("border", &[load]) => Ok(Action::Border { load: load as usize }),
            ("keep", &[axis]) => Ok(Action::Keep { axis: axis as usize }),
            _ => Err(wrong()),
        }
    }
}

impl FromStr for Actions {
    type Err = InvalidAction;
    fn from_str(text: &str) -> Result<Actions, InvalidAction> {
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_print_and_parse() {
        let text = "border(1) keep(3) overlap(1,96) tile(0,64) vectorize(2,8) unroll(1,6) accumulate(3,64,0) precompute(1,2) stage(1,0) stream parallel(0)";
        let actions: Actions = text.parse().unwrap();
        assert_eq!(actions.to_string(), text);
        for wrong in ["tile", "tile(1)", "tile(1,2", "unroll(0,0)", "fly(1,2)", "parallel(-1)"] {
            assert!(wrong.parse::<Action>().is_err(), "{wrong}");
        }
    }
}
