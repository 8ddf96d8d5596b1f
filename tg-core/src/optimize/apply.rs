//! What each action does to a kernel, and what must hold for that.

use super::accumulate::accumulate;
use super::action::{Action, InvalidAction};
use super::border::{Rows, border};
use super::divide::divide;
use super::fuse::fuse;
use super::keep::keep;
use super::lookahead::looking_ahead;
use super::matrix::{group, matrix};
use super::pack::pack;
use super::pad::pad;
use super::precompute::{precompute, reductions};
use super::prefetch::{prefetchable, prefetched};
use super::share::share;
use super::split::{Tail, annotate, split, tile, tile_of_sum};
use super::stage::{loads, stage};
use super::trim::trim;
use crate::ir::{Arg, Arrangement, Axis, Op, Uop};
use crate::loops::{Digits, Nest, in_vectors, stride, substitute};
use crate::schedule;
use crate::symbolic::Simplifier;

/// Most lanes of a vector: bytes in the widest register.
const MOST_LANES: u32 = 64;
/// Most threads of a block.
const MOST_THREADS: u32 = 1024;

/// Why [`Action::Matrix`] or [`Action::Group`] does not apply.
const NO_PRODUCT: &str = "the loops are not rows, columns and depth of a product of f16, bf16 or rounded f32, summed as f32, \
                          in multiples of its shape";

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
                if !is_stored_evenly(kernel, range, lanes.into()) {
                    return Err(self.invalid("neighbouring results are not evenly apart in memory"));
                }
                if fills_scratch(kernel, range) {
                    return Err(self.invalid("its lanes would share scratch memory"));
                }
                if decides_length(kernel, range) {
                    return Err(self.invalid("a loop inside is as long as it says, and would end with each lane"));
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
                if range.src(0).ranges().next().is_some() {
                    return Err(self.invalid("the loop is as long as another one says, and cannot move outside of it"));
                }
                match kind(range) {
                    Axis::Reduce => tile_of_sum(kernel, self.divisible(range, size, simplifier)?, size, simplifier),
                    _ => tile(kernel, range, size, simplifier),
                }
            }
            Action::Split { axis, size } => {
                let range = self.divisible(range(axis)?, size, simplifier)?;
                split(kernel, range, size, (kind(range), Tail::Apart), simplifier)
            }
            Action::Fuse { outer, inner } => {
                fuse(kernel, (range(outer)?, range(inner)?), simplifier).ok_or_else(|| {
                    self.invalid("the loops do not run over the same results, or are not of the same sum")
                })?
            }
            Action::Pad { axis, size } => pad(kernel, range(axis)?, size, simplifier)
                .ok_or_else(|| self.invalid("the size divides the loop already"))?,
            Action::Overlap { axis, size } => {
                let range = self.repeatable(kernel, range(axis)?, size)?;
                split(kernel, range, size, (Axis::Loop, Tail::Overlapping), simplifier)
            }
            Action::Parallel { axis } => {
                let range = range(axis)?;
                if !is_shareable(kernel, range) {
                    return Err(self.invalid(
                        "only an outermost loop over results, or one that all results are in, can be shared among threads",
                    ));
                }
                if schedule::quotient(range.src(0)).is_none() {
                    return Err(self.invalid("what is left over of a loop is not shared among threads"));
                }
                annotate(kernel, range, simplifier)
            }
            Action::Grid { axis } => {
                let range = range(axis)?;
                if !is_over_results(kernel, range) || kind(range) != Axis::Loop {
                    return Err(self.invalid("only loops over results run as blocks of threads"));
                }
                if schedule::quotient(range.src(0)).is_none() {
                    return Err(self.invalid("how many blocks there are is not a quotient of sizes"));
                }
                mark(kernel, range, Axis::Grid, simplifier)
            }
            Action::Thread { axis, size, bit } => {
                let range = self.divisible(range(axis)?, size, simplifier)?;
                if !size.is_power_of_two() || bit > 9 || size > MOST_THREADS >> bit {
                    return Err(self.invalid(&format!("threads are a power of two, at most {MOST_THREADS} a block")));
                }
                if fills_scratch(kernel, range) {
                    return Err(self.invalid("its threads would share scratch memory"));
                }
                if decides_length(kernel, range) {
                    return Err(
                        self.invalid("a loop inside is as long as it says, and threads would not stay together")
                    );
                }
                let threaded = split(kernel, range, size, (Axis::Thread(bit as u8), Tail::Apart), simplifier);
                self.threads(threaded)?
            }
            Action::Matrix { rows, columns, depth } => {
                let product = matrix(kernel, [range(rows)?, range(columns)?, range(depth)?], simplifier);
                self.threads(product.ok_or_else(|| self.invalid(NO_PRODUCT))?)?
            }
            Action::Group { rows, columns, depth } => {
                let product = group(kernel, [range(rows)?, range(columns)?, range(depth)?], simplifier);
                self.threads(product.ok_or_else(|| self.invalid(NO_PRODUCT))?)?
            }
            Action::Accumulate { axis, size, at } => {
                accumulate(kernel, (range(axis)?, size), self.scope(kernel, at)?, simplifier).ok_or_else(|| {
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
            Action::Pack { load } => pack(kernel, self.load(kernel, load)?, simplifier).ok_or_else(|| {
                self.invalid("the load does not move, is not of a constant operand alone, has no known size, or threads share a loop already")
            })?,
            Action::Share { axis, load, depth } => {
                let at = self.place(kernel, axis)?;
                share(kernel, self.load(kernel, load)?, at, (depth, Arrangement::Plain), simplifier).ok_or_else(
                    || {
                        self.invalid(
                            "inside the loop the load does not move, or without a known bound, or it is too large",
                        )
                    },
                )?
            }
            Action::Swizzle { axis, load, depth } => {
                let at = self.place(kernel, axis)?;
                share(kernel, self.load(kernel, load)?, at, (depth, Arrangement::Swizzled), simplifier).ok_or_else(|| {
                    self.invalid("inside the loop the load does not move, or not in rows of a multiple of 128 bytes, eight at least, or it is too large")
                })?
            }
            Action::Divide { axis } => divide(kernel, range(axis)?, simplifier).ok_or_else(|| {
                self.invalid("the loop is not one of several of one reduction, with few results of loops that can still be changed")
            })?,
            Action::Precompute { axis, reduction } => {
                let all = reductions(kernel);
                let reduction =
                    *all.get(reduction).ok_or_else(|| self.invalid(&format!("there are {} reductions", all.len())))?;
                precompute(kernel, reduction, self.place(kernel, axis)?, simplifier).ok_or_else(|| {
                    self.invalid("inside the loop what the reduction combines does not vary, or is in memory, or copies of the loop would share it")
                })?
            }
            Action::Border { load } => border(kernel, self.load(kernel, load)?, Rows::Read, simplifier)
                .ok_or_else(|| self.invalid("the load has no zeros around it that are known, or is too large"))?,
            Action::Edge { load } => {
                border(kernel, self.load(kernel, load)?, Rows::Chosen, simplifier).ok_or_else(|| {
                    self.invalid(
                        "the load has no zeros around it that are known, or no rows of zeros in a sum, or is too large",
                    )
                })?
            }
            Action::Trim { axis } => trim(kernel, range(axis)?, simplifier).ok_or_else(|| {
                self.invalid("the loop is not that of one sum, of zeros but for one condition on it and loops around")
            })?,
            Action::Stream {} => streamed(kernel),
            Action::Lookahead {} => looking_ahead(kernel)
                .ok_or_else(|| self.invalid("threads share no loop, or its iterations go through too much, or not through memory in order, or results go past the caches"))?,
            Action::Prefetch { load } => prefetched(kernel, self.nth(&prefetchable(kernel), load)?),
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

    /// `range`, if blocks of `size` divide it.
    fn divisible<'g>(
        self,
        range: Uop<'g>,
        size: u32,
        simplifier: &mut Simplifier<'g>,
    ) -> Result<Uop<'g>, InvalidAction> {
        match simplifier.simplify(range.src(0) % size as i64).as_int() {
            Some(0) => Ok(range),
            _ => Err(self.invalid("the size does not divide the loop, which can be padded")),
        }
    }

    /// A loop in which something can be placed.
    fn place<'g>(self, kernel: Uop<'g>, axis: usize) -> Result<Uop<'g>, InvalidAction> {
        let range = self.scope(kernel, axis)?;
        match range.arg() {
            Arg::Range(_, Axis::Parallel) => Err(self.invalid("the loop has already been shared")),
            _ => Ok(range),
        }
    }

    /// A loop in which something can be placed, or around the shares of which.
    fn scope<'g>(self, kernel: Uop<'g>, axis: usize) -> Result<Uop<'g>, InvalidAction> {
        let loops = Nest::new(kernel).loops();
        let range = *loops.get(axis).ok_or_else(|| self.invalid(&format!("the kernel has {} loops", loops.len())))?;
        match range.arg() {
            Arg::Range(_, Axis::Loop | Axis::Reduce | Axis::Serial | Axis::Parallel) => Ok(range),
            _ => Err(self.invalid("the loop has already been vectorized or unrolled")),
        }
    }

    fn load<'g>(self, kernel: Uop<'g>, load: usize) -> Result<Uop<'g>, InvalidAction> {
        self.nth(&loads(kernel), load)
    }

    fn nth<'g>(self, loads: &[Uop<'g>], load: usize) -> Result<Uop<'g>, InvalidAction> {
        loads.get(load).copied().ok_or_else(|| self.invalid(&format!("there are {} loads", loads.len())))
    }

    /// `kernel`, if its loops over threads have bits of their own.
    fn threads<'g>(self, kernel: Uop<'g>) -> Result<Uop<'g>, InvalidAction> {
        match Digits::of(kernel).are_apart(kernel) {
            true => Ok(kernel),
            false => Err(self.invalid("a loop around or inside has the same bits of the thread's number")),
        }
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

/// Whether threads may have shares of `range`: what is around it then runs for each share.
fn is_shareable<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    let nest = Nest::new(kernel);
    let is_shared = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Parallel));
    let around_all = || {
        let all = kernel.srcs().all(|store| store.srcs().skip(2).any(|r| r == range));
        all && range.src(0).ranges().next().is_none()
    };
    let over_results = is_over_results(kernel, range) && !nest.loops().iter().any(is_shared);
    over_results && (nest.depth(range) == 0 || around_all())
}

/// Whether what is stored over vectors of `lanes` along `range`, if anything is, goes to places evenly apart.
fn is_stored_evenly<'g>(kernel: Uop<'g>, range: Uop<'g>, lanes: i64) -> bool {
    let is_over = |n: &Uop<'g>| n.op() == Op::Store && n.srcs().skip(2).any(|r| r == range);
    let is_even = |place: Uop<'g>| {
        let (of_vectors, lane) = in_vectors(place, range, lanes);
        stride(place, range).or_else(|| stride(of_vectors, lane)).is_some()
    };
    let mut stores = kernel.toposort().into_iter().filter(is_over);
    stores.all(|s| s.src(0).arity() == 2 && is_even(s.src(0).src(1)))
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
    let stores: Vec<_> = kernel.srcs().map(|store| store.with_arg(Arg::Stream)).collect();
    kernel.with_srcs(&stores)
}

/// Whether each iteration of `range` fills scratch memory anew.
fn fills_scratch<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    kernel.toposort().into_iter().any(|n| n.op() == Op::After && n.depends_on(range))
}

/// `kernel` with `range` of another kind.
fn mark<'g>(kernel: Uop<'g>, range: Uop<'g>, axis: Axis, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let marked = range.graph().range(range.src(0), axis);
    simplifier.simplify(substitute(kernel, &[(range, marked)]))
}

/// Whether the length of another loop depends on `range`.
fn decides_length<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    Nest::new(kernel).loops().into_iter().any(|other| other.src(0).depends_on(range))
}

fn kind(range: Uop) -> Axis {
    match range.arg() {
        Arg::Range(_, axis) => *axis,
        _ => panic!("apply: {range:?} is no range"),
    }
}
