//! How many results of a reduction are computed at once, in registers.

use super::accesses::{Accesses, Choice, held};
use super::{blocks, is_reduce, size};
use crate::ir::{Arg, Axis, Uop};
use crate::loops::stride;
use crate::target::Isa;

/// Independent accumulators that hide the latency of an addition.
pub(super) const CHAINS: i64 = 4;
/// Most iterations of one loop that are written out.
const MOST: i64 = 16;
/// The same, where each is little more than an instruction.
const TALL: i64 = 28;
/// How much longer tiles take that are not as long as a loop with which a condition varies: they cannot be told what is zero.
const GUARDED: f64 = 1.15;
/// Bytes that memory is written in: two lines of a cache.
const PAIR: i64 = 128;
/// How much longer tiles take of which rows are not whole pairs of lines, where results go to memory past the caches.
const HALVES: f64 = 1.1;
/// The same for each row: memory is then written at so many places.
const PLACE: f64 = 0.002;
/// Registers for what whole rows are multiplied with.
const BESIDE: i64 = 8;
/// Bytes of a row from which it is a stream of its own, to be prefetched.
const LONG: i64 = 4 << 10;
/// Least additions to a sum, if a result has several.
const SHORTEST: i64 = 8;
/// Relative time of the load of a vector, where a multiply-add is 1: there is room for some beside them.
const LOAD: f64 = 0.6;
/// How much faster a tile has to be, not to be equal to another.
const EQUAL: f64 = 1.0 - 1e-9;
/// How much longer a tile of fewer rows may take, where more would have to be copied.
const COPIED: f64 = 1.05;
/// How much faster a tile with some of a third loop has to be.
const LAYERED: f64 = 1.02;
/// Relative time of the load of one element for all lanes, which are fewer bytes and stay nearer to the processor.
const BROADCAST: f64 = 0.2;
/// The same where it is a part of the only operation that needs it, and relative time of the load of a vector beside such.
/// Alone, such tiles are no faster, for there are as many loads as operations; but two threads of one core, which share what it
/// can decode, run a tenth faster.
const FOLDED: [f64; 2] = [0.08, 1.0];
/// Bytes of a step through memory from which prefetchers follow late.
const FOLLOWED: i64 = 1 << 10;
/// Time to add a part of a sum to one that is not in a register, in multiply-adds.
const MOVED: f64 = 5.0;

/// Loops and how much of each is written out.
pub(super) struct Tile<'g> {
    /// The loops, of which the vectorized one is counted in vectors.
    pub parts: Vec<(Uop<'g>, u32)>,
}

/// A reduction to be tiled.
struct Reduction<'g, 'a> {
    accesses: &'a Accesses<'g>,
    leaf: Uop<'g>,
    /// The loops around the leaf, itself first.
    chain: &'a [Uop<'g>],
    choice: Option<Choice<'g>>,
    isa: Isa,
    /// Whether the operations themselves load elements that only one vector needs.
    folds: bool,
    /// [`Accesses::part`].
    part: Option<i64>,
}

impl<'g> Tile<'g> {
    /// Which loops around `leaf` to unroll by how much, once `choice` is vectorized.
    pub fn of(
        accesses: &Accesses<'g>,
        leaf: Uop<'g>,
        chain: &[Uop<'g>],
        choice: Option<Choice<'g>>,
        isa: Isa,
    ) -> Tile<'g> {
        let folds = choice.is_some_and(|choice| folds(accesses, leaf, chain, choice, isa));
        let reduction = Reduction { accesses, leaf, chain, choice, isa, folds, part: accesses.part(leaf) };
        let parts = if is_reduce(leaf) { reduction.parts() } else { vec![] };
        Tile { parts }
    }
}

impl<'g> Reduction<'g, '_> {
    fn parts(&self) -> Vec<(Uop<'g>, u32)> {
        let results = self.chain.iter().copied().filter(|r| !is_reduce(*r));
        let shares = |r: &Uop<'g>| self.accesses.still(*r) > 0 && self.accesses.moving(*r) > 0;
        let shared: Vec<_> = results.filter(shares).collect();
        match self.pair(&shared)[..] {
            [a, b] => self.boxed(a, b, &shared),
            [a] if self.accesses.loads.len() > 1 => self.strip(a),
            _ => self.chains(),
        }
    }

    /// Several results along `a`, two strips of them at least, for threads to share; with few of them, several sums for
    /// each, so that additions do not wait for each other.
    fn strip(&self, a: Uop<'g>) -> Vec<(Uop<'g>, u32)> {
        let count = self.count(a);
        let by = best_divisor(count, CHAINS * 2);
        let by = if by as i64 == count { best_divisor(count, CHAINS) } else { by };
        let sums = (2 * CHAINS / by.max(1) as i64).min(size(self.leaf) / SHORTEST);
        let again = (sums > 1 && self.leaf != a).then(|| (self.leaf, best_divisor(size(self.leaf), sums)));
        [(a, by)].into_iter().chain(again).collect()
    }

    /// The two loops of `shared` that make a tile: the one in vectors, or the innermost, and the next that moves other
    /// loads.
    fn pair(&self, shared: &[Uop<'g>]) -> Vec<Uop<'g>> {
        let in_vectors = self.choice.map(|c| c.axis).filter(|axis| shared.contains(axis));
        let Some(first) = in_vectors.or(shared.first().copied()) else { return vec![] };
        let loads = &self.accesses.loads;
        let others = |r: &Uop<'g>| loads.iter().any(|l| l.depends_on(first) != l.depends_on(*r));
        let second = shared.iter().copied().find(|r| *r != first && others(r));
        shared.iter().copied().filter(|r| *r == first || Some(*r) == second).collect()
    }

    fn lanes(&self, axis: Uop<'g>) -> i64 {
        self.choice.filter(|c| c.axis == axis).map_or(1, |c| c.lanes)
    }

    /// Whole steps of `axis`: vectors, or iterations.
    fn count(&self, axis: Uop<'g>) -> i64 {
        size(axis) / self.lanes(axis)
    }

    /// The tile a×b, or one with some of a third loop, along which the same operands move as along the one of these that is
    /// not in vectors, whichever has the fewest loads per operation: some loops are too short to fill the registers.
    fn boxed(&self, a: Uop<'g>, b: Uop<'g>, shared: &[Uop<'g>]) -> Vec<(Uop<'g>, u32)> {
        let row = if self.lanes(a) > 1 { b } else { a };
        let moves_alike = |r: &Uop<'g>| self.accesses.loads.iter().all(|l| l.depends_on(*r) == l.depends_on(row));
        let is_layer = |r: &&Uop<'g>| **r != a && **r != b && self.lanes(**r) == 1 && moves_alike(r);
        let layers = shared.iter().filter(is_layer).flat_map(|r| (2..=MOST).map(|z| (*r, z)));
        let (mut best, mut tile) = self.rectangle([a, b], [1, 1]);
        let is_known = |r: Uop<'g>, z: i64| z == self.count(r) || !self.is_guarded(r) && self.count(r) % z == 0;
        for (layer, z) in layers.filter(|(r, z)| is_known(*r, *z)) {
            let (cost, rectangle) = self.rectangle([a, b], if row == a { [z, 1] } else { [1, z] });
            if cost * LAYERED < best {
                (best, tile) = (cost * LAYERED, [&rectangle[..], &[(layer, z as u32)]].concat());
            }
        }
        tile
    }

    /// The tile a×b of results with the fewest loads per operation that fits the registers, or one of almost as few whose
    /// rows a cache holds where they fall into the same lines of it; and its cost. There are `layers` of each side.
    fn rectangle(&self, [a, b]: [Uop<'g>; 2], layers: [i64; 2]) -> (f64, Vec<(Uop<'g>, u32)>) {
        let fewest = |most| self.fewest_loads([a, b], layers, most);
        let [any, held] = [[self.most(a), self.most(b)], [self.held(a), self.held(b)]].map(fewest);
        let (cost, x, y) = if held.0 <= any.0 * COPIED { held } else { any };
        (cost, vec![(a, x as u32), (b, y as u32)])
    }

    /// Most steps of `axis` in a tile.
    fn most(&self, axis: Uop<'g>) -> i64 {
        let is_tall = self.lanes(axis) == 1 && axis.src(0).as_int().is_some() && self.folds;
        let is_row = self.is_guarded(axis) && size(axis) <= whole(self.isa);
        match (is_tall, is_row) {
            (true, _) => TALL,
            (false, true) => size(axis),
            (false, false) => MOST,
        }
    }

    /// The same, where a cache holds what is read along `axis`, beside the columns that pass through it.
    fn held(&self, axis: Uop<'g>) -> i64 {
        let ways = self.isa.cache_ways() as i64 * 3 / 4;
        let steps = self.accesses.loads.iter().map(|load| held(*load, axis, ways)).min().unwrap_or(MOST);
        if self.lanes(axis) == 1 { self.most(axis).min(steps) } else { MOST }
    }

    /// The tile a×b of at most so many steps with the fewest loads per operation that fits the registers, and its cost.
    fn fewest_loads(&self, [a, b]: [Uop<'g>; 2], layers: [i64; 2], most: [i64; 2]) -> (f64, i64, i64) {
        let registers = self.isa.vector_registers() as i64;
        let mut best = (f64::MAX, 1, 1);
        for y in 1..=most[1].min(self.steps(b).max(1)) {
            for x in 1..=most[0].min(self.steps(a).max(1)) {
                let (w, h) = (x * layers[0], y * layers[1]);
                // Accumulators, one operand held and one passing through.
                if w * h + w.min(h) + 1 >= registers {
                    continue;
                }
                let loads = (self.loads(a, [w, h]) + self.loads(b, [h, w])) / (w * h) as f64;
                let cost = (1.0 + loads)
                    * self.waste(a, x)
                    * self.waste(b, y)
                    * self.places([(a, x), (b, y)])
                    * self.moved(2 * w * h + w.min(h) + 1)
                    * latency(w * h);
                // Of equal ones, that with the least of the outer loop: usually, long rows rather than many.
                if cost < best.0 * EQUAL {
                    best = (cost, x, y);
                }
            }
        }
        best
    }

    /// How much longer a tile takes for which so many `registers` hold the sums, and what the part of each has so far, where a
    /// sum has parts.
    fn moved(&self, registers: i64) -> f64 {
        let fits = registers < self.isa.vector_registers() as i64;
        self.part.filter(|_| !fits).map_or(1.0, |terms| 1.0 + MOVED / terms as f64)
    }

    /// Time to load what moves with `steps` of `axis`, beside `others` of the other side of a tile.
    fn loads(&self, axis: Uop<'g>, [steps, others]: [i64; 2]) -> f64 {
        let is_vector = self.lanes(axis) > 1;
        let folds = (if is_vector { steps } else { others }) == 1 && self.folds;
        let [element, vector] = if folds { FOLDED } else { [BROADCAST, LOAD] };
        (self.accesses.moving(axis) as i64 * steps) as f64 * if is_vector { vector } else { element }
    }

    /// Steps that a tile may take at once: the last vector may overlap the one before.
    fn steps(&self, axis: Uop<'g>) -> i64 {
        if self.accesses.may_overlap(axis) { blocks(size(axis), self.lanes(axis)) } else { self.count(axis) }
    }

    /// Whether a load keeps a condition that varies with `axis`.
    fn is_guarded(&self, axis: Uop<'g>) -> bool {
        self.accesses.loads.iter().any(|load| load.srcs().nth(2).is_some_and(|valid| valid.depends_on(axis)))
    }

    /// How much longer `axis` takes in blocks of `by` steps, for what they compute twice, leave over, or do not know.
    fn waste(&self, axis: Uop<'g>, by: i64) -> f64 {
        let (size, block) = (size(axis), by * self.lanes(axis));
        let guarded = if block < size && self.is_guarded(axis) { GUARDED } else { 1.0 };
        if self.accesses.may_overlap(axis) {
            return guarded * (blocks(size.max(1), block) * block) as f64 / size.max(1) as f64;
        }
        let (count, rest) = (self.count(axis), (self.count(axis) % by) as f64);
        guarded * (1.0 + rest / count.max(1) as f64 * (1.0 - 1.0 / by as f64))
    }

    /// How much longer it takes to store tiles of so many steps past the caches, where all rows of results are whole pairs of
    /// lines.
    fn places(&self, steps: [(Uop<'g>, i64); 2]) -> f64 {
        let bytes = self.accesses.widest();
        let [(axis, by), (_, rows)] = if self.lanes(steps[0].0) > 1 { steps } else { [steps[1], steps[0]] };
        let is_in_pairs = |elements: i64| elements * bytes % PAIR == 0;
        match self.accesses.stream() && self.lanes(axis) > 1 && is_in_pairs(size(axis)) {
            true if is_in_pairs(by * self.lanes(axis)) => 1.0 + PLACE * rows as f64,
            true => HALVES,
            false => 1.0,
        }
    }

    /// Several accumulators for a reduction whose results share nothing, and of which not as many are computed at once.
    fn chains(&self) -> Vec<(Uop<'g>, u32)> {
        let along = self.choice.map(|c| c.axis).filter(|v| !is_reduce(*v)).unwrap_or(self.leaf);
        let axis = self.streams().unwrap_or(along);
        let others: i64 = self.chain.iter().filter(|r| is_written_out(r)).map(|r| size(*r)).product();
        let enough = self.chain.contains(&axis) && self.count(axis) >= CHAINS && others < CHAINS;
        if enough { vec![(axis, best_divisor(self.count(axis), CHAINS))] } else { vec![] }
    }

    /// The loop over long rows, each read from end to end by a reduction that is all there is: memory gives more where
    /// several are read at once.
    fn streams(&self) -> Option<Uop<'g>> {
        let (&[leaf, rows, ..], Some(choice)) = (self.chain, self.choice) else { return None };
        let bytes = size(leaf) * self.accesses.widest();
        let alone = self.accesses.reductions() == 1 && choice.axis == leaf && !is_reduce(rows);
        (alone && bytes >= LONG && self.accesses.still(rows) == 0).then_some(rows)
    }
}

/// Whether elements that one vector needs are loaded by the operations themselves: in a product that is all there is, whose
/// rows go on along the sum, so that a line of each serves some steps. A tile of one vector reads a line of columns at a time,
/// which are therefore to be so near each other that a prefetcher follows, and not to be stored past the caches.
fn folds<'g>(accesses: &Accesses<'g>, leaf: Uop<'g>, chain: &[Uop<'g>], choice: Choice<'g>, isa: Isa) -> bool {
    let is_near = |load: &Uop<'g>| {
        let step = stride(load.src(1), leaf).unwrap_or(i64::MAX);
        let bytes = step.saturating_mul(load.dtype().pointee().bytes() as i64);
        if load.depends_on(choice.axis) { bytes.abs() < FOLLOWED } else { step == 1 }
    };
    let is_product = chain.iter().filter(|r| is_reduce(**r)).count() == 1 && accesses.reductions() == 1;
    let is_full = choice.lanes * accesses.widest() == isa.vector_bytes() as i64;
    isa.folds_broadcasts() && is_product && is_full && !accesses.stream() && accesses.loads.iter().all(is_near)
}

/// The longest rows of which a tile is to have whole ones.
pub(super) fn whole(isa: Isa) -> i64 {
    isa.vector_registers() as i64 - BESIDE
}

/// Whether copies of the body stand for the iterations of `range`.
pub(super) fn is_written_out(range: &Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Unroll))
}

/// How much longer few accumulators take: each waits for its own last addition.
fn latency(accumulators: i64) -> f64 {
    (2.0 * CHAINS as f64 / accumulators as f64).max(1.0)
}

/// The largest divisor of `count` up to `most`; `most` itself if only a small one divides.
pub(super) fn best_divisor(count: i64, most: i64) -> u32 {
    let divisor = (1..=most).rev().find(|d| count % d == 0).unwrap_or(1);
    (if divisor * 2 >= most { divisor } else { most.min(count.max(1)) }) as u32
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph, Op};
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    /// The actions for a product of `n` × 16 and 16 × `n`.
    fn of_outer_product(n: i64) -> String {
        let g = Graph::new();
        let range = |size, axis| g.range(g.index(size), axis);
        let (i, j, k) = (range(n, Axis::Loop), range(n, Axis::Loop), range(16, Axis::Reduce));
        let load = |slot, at| g.global(DType::F32, slot).element(at, None).load();
        let sum = (load(0, i * 16 + k) * load(1, k * n + j)).reduce(Op::Add, &[k]);
        let kernel = g.sink(&[g.global(DType::F32, 2).element(i * n + j, None).store(sum, &[i, j])]);
        heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string()
    }

    /// The actions on `isa` for a product of 60 × 96 and 96 × 64, whose sums are over parts of 32 if they are `in_parts`.
    fn of_product(isa: Isa, in_parts: bool) -> String {
        let g = Graph::new();
        let range = |size, axis| g.range(g.index(size), axis);
        let (i, j) = (range(60, Axis::Loop), range(64, Axis::Loop));
        let [part, k] = [3, 32].map(|size| range(size, Axis::Reduce));
        let load = |slot, at| g.global(DType::F32, slot).element(at, None).load();
        let terms = load(0, i * 96 + part * 32 + k) * load(1, (part * 32 + k) * 64 + j);
        let sum = match in_parts {
            true => terms.reduce(Op::Add, &[k]).reduce(Op::Add, &[part]),
            false => terms.reduce(Op::Add, &[part, k]),
        };
        let kernel = g.sink(&[g.global(DType::F32, 2).element(i * 64 + j, None).store(sum, &[i, j])]);
        heuristic(kernel, isa, &mut Simplifier::default()).0.to_string()
    }

    #[test]
    fn parts_of_sums_stay_in_registers_where_half_of_them_are_enough() {
        let tile = |isa, in_parts| -> Vec<String> {
            of_product(isa, in_parts).split(' ').skip(1).take(2).map(str::to_string).collect()
        };
        assert_eq!(tile(Isa::X86V4, false), ["unroll(1,4)", "unroll(0,6)"]);
        assert_eq!(tile(Isa::X86V4, true), ["unroll(1,2)", "unroll(0,6)"]);
        assert_eq!(tile(Isa::X86V3, true), tile(Isa::X86V3, false));
    }

    #[test]
    fn what_goes_past_the_caches_is_stored_in_pairs_of_lines() {
        let even = of_outer_product(4096);
        assert!(even.starts_with("vectorize(1,16) unroll(1,4) overlap(0,6) unroll(1,6) stream"), "{even}");
        // Rows of an odd number of lines are in no pairs anyway.
        let odd = of_outer_product(4080);
        assert!(odd.contains("unroll(1,3)") && odd.contains("stream"), "{odd}");
    }
}
