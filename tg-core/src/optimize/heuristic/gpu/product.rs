//! Products of matrices: a tile of the result for each block, from tiles of the factors in shared memory that are copied
//! while others are used. Those of f16, bf16 and rounded f32 are computed by the matrix units, a part for each warp; others
//! in the registers of threads.

use super::Plan;
use super::steps::{Steps, united};
use super::units::{Tile, Unit, tiles};
use crate::ir::{Arg, Fragment, Op, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::action::Action;
use crate::optimize::apply::is_over_results;
use crate::optimize::factors;
use crate::optimize::heuristic::{blocks, is_fresh, is_reduce, size};
use crate::optimize::merge::divisions;
use crate::optimize::share::most_skew;
use crate::optimize::stage::loads;
use crate::target::WIDEST;

/// Bytes of the steps of the sum in shared memory at once, and buffers there, if there is room.
const DEEP: [u32; 2] = [128, 4];
/// Rows up to which a product waits for memory more than it multiplies: so many columns of a warp's part then, and more
/// under way.
const THIN: u32 = 32;
const THIN_PART: u32 = 16;
const DEEP_IF_THIN: [u32; 2] = [256, 8];
/// Buffers without matrix units, where two blocks are to have room for them.
const DEPTH_OF_TWO: u32 = 3;
/// Rows and columns of a block's tile without matrix units, from the largest on.
const RECTANGLES: [[u32; 2]; 4] = [[128, 128], [64, 128], [64, 64], [32, 32]];
/// Bytes of the sums of a thread, without matrix units.
const SUMS: u32 = 256;
/// Steps of the sum in shared memory at once, without matrix units.
const STEPS: u32 = 32;
/// Bytes of the steps of a factor that are written out.
const WRITTEN_OUT: u32 = 32;
/// Threads along rows, and along columns, without matrix units.
const ROW: u32 = 16;
/// Blocks from which tiles keep a large GPU busy.
const BUSY: i64 = 88;
/// Smaller products are sums for each result: tiles would stay empty.
const LEAST: [i64; 3] = [16, 32, 32];
/// Where a sum is over several loops, threads of their own would divide it badly.
const LEAST_OF_SEVERAL: [i64; 3] = [16, 32, 16];
/// Bytes of the steps of the sum that the matrix units add up at once.
const DEPTH_OF_UNIT: u32 = 32;

/// A sum of products, and how far its loops move through the factors.
pub(super) struct Product<'g> {
    /// Loops over results that move through one factor only, those that move through the other only, and the loops of the
    /// sum: those that run as one, outer before inner.
    pub rows: Vec<Uop<'g>>,
    pub columns: Vec<Uop<'g>>,
    pub depth: Vec<Uop<'g>>,
    /// The product of the factors.
    pub factors: Uop<'g>,
    /// Bytes of an element of a factor, and whether the matrix units have products of such factors.
    pub bytes: u32,
    has_units: bool,
}

/// Bytes of shared memory for `depth` tiles of both factors, `steps` deep, whichever way their rows lie.
fn shared([height, width]: [u32; 2], (steps, bytes): (u32, u32), depth: u32) -> usize {
    let skew = most_skew(bytes as usize) as u32;
    let row = (steps * bytes).next_multiple_of(WIDEST as u32);
    let tile = |along: u32| (along * (row + WIDEST as u32)).max(steps * (along * bytes + skew));
    (depth * (tile(height) + tile(width))) as usize
}

/// How often the innermost of `loops` runs in all.
pub(super) fn elements(loops: &[Uop]) -> i64 {
    loops.iter().map(|range| size(*range)).fold(1, i64::saturating_mul)
}

impl<'g> Product<'g> {
    /// How its sum goes into tiles of about `bytes` bytes for each row.
    fn steps(&self, bytes: u32) -> Steps<'g> {
        let unit = if self.has_units { DEPTH_OF_UNIT / self.bytes } else { 1 };
        Steps::of(self.factors, &self.depth, bytes / self.bytes, unit)
    }

    /// A tile of at most these rows and columns that its rows and columns fill.
    fn fitted(&self, most: [u32; 2]) -> [u32; 2] {
        let of = |loops: &[Uop<'g>], most: u32| (elements(loops).max(16) as u32).next_power_of_two().min(most);
        [of(&self.rows, most[0]), of(&self.columns, most[1])]
    }

    /// A tile of these rows and columns, or a wider one of as many elements where there are fewer rows.
    fn rectangle(&self, [most, width]: [u32; 2]) -> [u32; 2] {
        let [height, _] = self.fitted([most, width]);
        self.fitted([height, (most * width / height).min(2 * width)])
    }
}

impl<'g> Plan<'g, '_> {
    /// The only sum of the kernel, if it is a product of matrices that is large enough.
    pub(super) fn product(&self) -> Option<Product<'g>> {
        let mut sums = self.kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce);
        let sum = sums.next().filter(|_| sums.next().is_none())?;
        let (factor, depth) = (sum.src(0), sum.srcs().skip(1).collect::<Vec<_>>());
        let unit = |f| Fragment::of(f).filter(|(_, loaded)| loaded.op() == Op::Load).map(|(unit, _)| unit);
        // One rounded factor alone is of no use to the units.
        let plain = |f: Uop<'g>| if matches!(f.op(), Op::RoundTf32 | Op::CutTf32) { f.src(0) } else { f };
        let is_plain = |f: Uop<'g>| plain(f).op() == Op::Load && f.dtype().is_float();
        let is_product = *sum.arg() == Arg::Op(Op::Add) && factor.op() == Op::Mul;
        if !is_product {
            return None;
        }
        let unit = unit(factor.src(0)).filter(|one| unit(factor.src(1)) == Some(*one));
        if unit.is_none() && !factor.srcs().all(is_plain) {
            return None;
        }
        let results = self.result_loops();
        let varying = |factor: Uop<'g>, other: Uop<'g>| {
            let own = results.iter().copied().filter(|r| factor.depends_on(*r) && !other.depends_on(*r)).collect();
            united(own)
        };
        let (a, b) = (factor.src(0), factor.src(1));
        let (one, other) = (varying(a, b), varying(b, a));
        // Columns are those along which results are neighbours.
        let place = self.kernel.src(0).src(0).src(1);
        let are_columns = stride(place, *one.last()?) == Some(1);
        let (rows, columns) = if are_columns { (other, one) } else { (one, other) };
        factors(factor, *rows.last()?, *columns.last()?)?;
        let least = if depth.len() == 1 { LEAST } else { LEAST_OF_SEVERAL };
        let fills = [&rows, &columns, &depth].iter().zip(least).all(|(loops, least)| elements(loops) >= least);
        // The loops of a sum over several are taken apart and together.
        let is_known = depth.len() == 1 || depth.iter().all(|range| range.src(0).as_int().is_some());
        let bytes = unit.map_or(factor.dtype(), Fragment::factor).bytes() as u32;
        let product = Product { rows, columns, depth, factors: factor, bytes, has_units: unit.is_some() };
        (fills && is_known && product.depth.iter().all(|range| is_reduce(*range))).then_some(product)
    }

    /// Tiles for `product`, and whether there are enough of them. A list of actions that stops in between is a schedule
    /// too.
    pub(super) fn multiply(&mut self, product: &Product<'g>) -> bool {
        let is_other = |r: &Uop<'g>| !product.rows.contains(r) && !product.columns.contains(r);
        let others: Vec<_> = self.result_loops().into_iter().filter(is_other).collect();
        let batches = others.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
        let is_enough = |[height, width]: [u32; 2]| {
            let along = |loops, by: u32| blocks(elements(loops), by.into());
            let tiles = along(&product.rows, height).saturating_mul(along(&product.columns, width));
            tiles.saturating_mul(batches) >= BUSY
        };
        if let Some(thin) = self.thin(product) {
            self.batches(others);
            self.by_parts_of_sum(thin);
            return true;
        }
        if product.has_units {
            self.batches(others);
            let steps = (product.steps(DEEP[0]).count(), product.bytes);
            let fits = |tile: &Tile| shared(product.fitted(tile.block), steps, 2) <= self.isa.shared_bytes();
            let tiles = tiles(product, self.isa);
            let large = tiles.iter().filter(|tile| fits(tile)).find(|tile| is_enough(tile.block));
            large.or(tiles.last()).and_then(|tile| self.by_units(product, *tile));
            return true;
        }
        let steps = (product.steps(STEPS * product.bytes).count(), product.bytes);
        let is_held = |[height, width]: &[u32; 2]| {
            let sums = (height / ROW).max(1) * (width / ROW).max(1) * product.bytes;
            sums <= SUMS && shared([*height, *width], steps, 2) <= self.isa.shared_bytes()
        };
        let rectangles = RECTANGLES.map(|most| product.rectangle(most));
        let tile = rectangles.into_iter().filter(is_held).find(|tile| is_enough(*tile));
        let Some(tile) = tile else { return false };
        self.batches(others);
        self.by_threads(product, tile);
        true
    }

    /// Each product of a batch has blocks of its own.
    fn batches(&mut self, loops: Vec<Uop<'g>>) {
        for range in loops {
            let axis = self.place(range);
            axis.and_then(|axis| self.act(Action::Grid { axis }));
        }
    }

    /// A thread has every sixteenth row, and some neighbouring columns, or every sixteenth if the factor lies along the sum.
    fn by_threads(&mut self, product: &Product<'g>, tile: [u32; 2]) -> Option<()> {
        let rows = self.tile_of_block(&product.rows, tile[0])?;
        let columns = self.tile_of_block(&product.columns, tile[1])?;
        let steps = product.steps(STEPS * product.bytes);
        let (around, inside) = self.in_tiles(&steps)?;
        let bits = ROW.trailing_zeros();
        if let Some(around) = around {
            let depth = self.buffers(tile, (steps.count(), product.bytes), DEPTH_OF_TWO);
            self.shared_tile((around, Unit::Warp), rows, 2 * bits, depth)?;
            self.shared_tile((around, Unit::Warp), columns, 2 * bits, depth)?;
        }
        let steps = self.fused(&inside)?;
        // Factors that lie along the sum both are loaded some steps at a time, and fill the registers.
        let (columns, written_out) = match self.lies_along(columns) {
            true => (self.in_vectors(columns)?, WRITTEN_OUT),
            false => (columns, WRITTEN_OUT / 2),
        };
        for (range, bit) in [(rows, bits), (columns, 0)] {
            let axis = self.place(range)?;
            let size = (size(range) as u32).min(ROW);
            for rest in self.act(Action::Thread { axis, size, bit: bit as usize })? {
                self.write_all_out(rest);
            }
        }
        let (axis, least) = (self.place(steps)?, written_out / product.bytes);
        let by = (least..=2 * least).find(|by| size(steps) % i64::from(*by) == 0).unwrap_or(least);
        self.act(Action::Unroll { axis, by });
        Some(())
    }

    /// How many buffers there is room for, of tiles that are as deep as `steps` of as many bytes; `most` at most.
    fn buffers(&self, tile: [u32; 2], steps: (u32, u32), most: u32) -> u32 {
        (2..=most).rev().find(|depth| shared(tile, steps, *depth) <= self.isa.shared_bytes()).unwrap_or(2)
    }

    /// Whether a factor is loaded from neighbouring places for neighbours along `range`.
    fn lies_along(&self, range: Uop<'g>) -> bool {
        let is_load = |n: &Uop<'g>| n.op() == Op::Load && n.depends_on(range);
        self.kernel.toposort().iter().filter(|n| is_load(n)).any(|load| stride(load.src(0).src(1), range) == Some(1))
    }

    /// A warp, or a group of four, has a part of the tile.
    fn by_units(&mut self, product: &Product<'g>, Tile { block, part, unit }: Tile) -> Option<()> {
        let [height, width] = product.fitted(block);
        let is_thin = height <= THIN;
        let [deep, most] = if is_thin { DEEP_IF_THIN } else { DEEP };
        let steps = product.steps(deep);
        let (high, wide) = (height.min(part[0]), width.min(if is_thin { THIN_PART } else { part[1] }));
        let parts = height / high * (width / wide);
        let rows = self.tile_of_block(&product.rows, height)?;
        let columns = self.tile_of_block(&product.columns, width)?;
        let (around, inside) = self.in_tiles(&steps)?;
        if let Some(around) = around {
            let bits = unit.bits() + parts.trailing_zeros();
            let depth = self.buffers([height, width], (steps.count(), product.bytes), most);
            self.shared_tile((around, unit), rows, bits, depth)?;
            self.shared_tile((around, unit), columns, bits, depth)?;
        }
        let depth = self.fused(&inside)?;
        let rows = self.part_of_unit(rows, high, unit.bits())?;
        let columns = self.part_of_unit(columns, wide, unit.bits() + (height / high).trailing_zeros())?;
        for range in self.act(unit.product(self.place(rows)?, self.place(columns)?, self.place(depth)?))? {
            self.write_all_out(range);
        }
        Some(())
    }

    /// The loop inside a block over `loops` as one, of `by` iterations; that over the blocks becomes one of them.
    pub(super) fn tile_of_block(&mut self, loops: &[Uop<'g>], by: u32) -> Option<Uop<'g>> {
        let range = self.fused(loops)?;
        let range = self.padded(range, by)?;
        let (outer, inner) = self.in_blocks(range, by)?;
        if let Some(axis) = outer.and_then(|outer| self.place(outer)) {
            self.act(Action::Grid { axis })?;
        }
        Some(inner)
    }

    /// The loop over blocks of `by` iterations of `range`, if it has several, and that inside of them.
    pub(super) fn in_blocks(&mut self, range: Uop<'g>, by: u32) -> Option<(Option<Uop<'g>>, Uop<'g>)> {
        if range.src(0).as_int() == Some(by.into()) {
            return Some((None, range));
        }
        match self.act(Action::Split { axis: self.place(range)?, size: by })?[..] {
            [outer, inner] => Some((Some(outer), inner)),
            _ => None,
        }
    }

    /// The part of a unit of `range`, of `by` iterations; units are told apart by the bits of a thread's number from `bit` on.
    fn part_of_unit(&mut self, range: Uop<'g>, by: u32, bit: u32) -> Option<Uop<'g>> {
        let (units, inner) = self.in_blocks(range, by)?;
        if let Some(units) = units {
            self.over_threads(units, bit, bit + (size(units) as u32).trailing_zeros());
        }
        Some(inner)
    }

    /// Copies what the load that moves with `along` reads in one iteration of `around` into shared memory, by threads
    /// that `bits` tell apart, through `depth` buffers, as the unit reads it.
    fn shared_tile(&mut self, (around, unit): (Uop<'g>, Unit), along: Uop<'g>, bits: u32, depth: u32) -> Option<()> {
        let moves = |load: &Uop<'g>| load.depends_on(along) && load.depends_on(around);
        let load = loads(self.kernel).iter().position(moves)?;
        let tile = self.act(unit.copy(self.place(around)?, load, depth))?;
        let tile = self.joined(tile);
        let is_near = |range: &Uop<'g>| {
            let moves = |n: &Uop<'g>| n.op() == Op::Load && n.depends_on(*range);
            let mut copied = self.kernel.toposort().into_iter().filter(moves);
            copied.any(|n| stride(n.src(0).src(1), *range).is_none_or(|step| step == 1))
        };
        // Neighbouring threads copy neighbours.
        let near = tile.iter().copied().filter(is_near).max_by_key(|r| (self.lanes(*r), size(*r), *r));
        let others = tile.into_iter().rev().filter(|r| Some(*r) != near);
        let vectors = near.and_then(|range| self.in_vectors(range));
        let (even, uneven): (Vec<_>, Vec<_>) =
            vectors.into_iter().chain(others).partition(|range| size(*range).count_ones() == 1);
        let mut bit = 0;
        for range in even.into_iter().chain(uneven) {
            if bit < bits {
                bit += self.over_threads(range, bit, bits);
            }
        }
        self.write_copies_out();
        Some(())
    }

    /// The loops of a copy, of which those along several loops of a sum run as one where that leaves no division.
    fn joined(&mut self, mut loops: Vec<Uop<'g>>) -> Vec<Uop<'g>> {
        // As they follow each other in the copy.
        let stores = self.kernel.toposort().into_iter().filter(|n| n.op() == Op::Store);
        let order: Vec<_> = stores.flat_map(|store| store.srcs().skip(2)).collect();
        loops.sort_by_key(|range| order.iter().position(|r| r == range));
        let mut at = if loops.len() > 2 { loops.len() - 1 } else { 0 };
        while at > 0 {
            if let Some(one) = self.merged(loops[at - 1], loops[at]) {
                loops.splice(at - 1..=at, [one]);
            }
            at -= 1;
        }
        loops
    }

    /// Two loops as one, if that leaves no division.
    fn merged(&mut self, outer: Uop<'g>, inner: Uop<'g>) -> Option<Uop<'g>> {
        let (outer, inner) = (self.place(outer)?, self.place(inner)?);
        let fuse = Action::Fuse { outer, inner };
        let fused = fuse.apply(self.kernel, self.simplifier).ok()?;
        let is_free = divisions(fused) <= divisions(self.kernel);
        is_free.then(|| self.act(fuse))??.first().copied()
    }

    /// Writes out the loops of copies that are left, so that copies can run ahead.
    fn write_copies_out(&mut self) {
        let is_copy = |r: &Uop<'g>| is_fresh(r) && !is_reduce(*r) && !is_over_results(self.kernel, *r);
        let loops: Vec<_> = Nest::new(self.kernel).loops().into_iter().filter(is_copy).collect();
        loops.into_iter().for_each(|range| self.write_all_out(range));
    }

    pub(super) fn write_all_out(&mut self, range: Uop<'g>) {
        let axis = self.place(range).filter(|_| size(range) > 1);
        axis.and_then(|axis| self.act(Action::Unroll { axis, by: size(range) as u32 }));
    }
}

#[cfg(test)]
mod tests {
    use crate::compile::{Function, Language, compile};
    use crate::dim::Dim;
    use crate::dtype::DType;
    use crate::ir::{Graph, Uop};
    use crate::target::Isa;
    use crate::tensor::{matmul, matmul_tf32, transpose};

    type Method = for<'g> fn(Uop<'g>, Uop<'g>) -> Uop<'g>;
    const MATMUL: Method = |x, w| matmul(x, w).expect("a product");
    const MATMUL_TF32: Method = |x, w| matmul_tf32(x, w).expect("a product");

    /// Bytes of shared memory of the product of an m × 1024 and a 1024 × n matrix, of which the second may be stored
    /// transposed.
    fn shared_bytes((method, dtype): (Method, DType), [m, n]: [i64; 2], is_transposed: bool, isa: Isa) -> usize {
        let graph = Graph::new();
        let sizes = [[m, 1024], if is_transposed { [n, 1024] } else { [1024, n] }];
        let [x, w] = sizes.map(|size| graph.buffer(dtype, size.map(Dim::from).to_vec()));
        let right = if is_transposed { transpose(w, 0, 1).expect("a matrix") } else { w };
        let inputs = vec![("x".into(), x), ("w".into(), w)];
        let outputs = vec![("y".into(), method(x, right))];
        let function =
            Function { name: "f".into(), inputs, scalars: vec![], constants: vec![], updates: vec![], outputs };
        let program = compile(&graph, &function, &[isa], Language::Ptx);
        program.kernels.iter().map(|kernel| kernel.variants[0].scratch).max().unwrap_or(0)
    }

    #[test]
    fn tiles_fit_the_shared_memory_of_every_level() {
        let kinds = [(MATMUL, DType::BF16), (MATMUL, DType::F32), (MATMUL_TF32, DType::F32)];
        for isa in [Isa::Sm80, Isa::Sm90a] {
            for (at, kind) in kinds.into_iter().enumerate() {
                for (sizes, is_transposed) in
                    [([16, 32], false), ([16, 64], false), ([32, 32], true), ([64, 32], false)]
                {
                    let bytes = shared_bytes(kind, sizes, is_transposed, isa);
                    let label = format!("{at} {sizes:?} {is_transposed} {}", isa.name());
                    assert!(bytes <= isa.shared_bytes(), "{label}: {bytes}");
                }
            }
        }
    }
}
