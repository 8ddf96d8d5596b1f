//! Products of matrices: a tile of the result for each block, from tiles of the factors in shared memory that are copied
//! while others are used. Those of f16, bf16 and rounded f32 are computed by the matrix units, a part for each warp; others
//! in the registers of threads.

use super::Plan;
use crate::ir::{Arg, Fragment, Op, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::action::Action;
use crate::optimize::apply::is_over_results;
use crate::optimize::factors;
use crate::optimize::heuristic::{blocks, is_fresh, is_reduce, size};
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
const SQUARES: [u32; 3] = [128, 64, 32];
/// Bytes of the sums of a thread, without matrix units.
const SUMS: u32 = 256;
/// Steps of the sum in shared memory at once, without matrix units.
const STEPS: u32 = 32;
/// Bytes of the steps of a factor that are written out.
const WRITTEN_OUT: u32 = 32;
/// Threads along rows, and along columns, without matrix units.
const ROW: u32 = 16;
/// Blocks from which tiles keep a large GPU busy.
const BUSY: i64 = 100;
/// Smaller products are sums for each result: tiles would stay empty.
const LEAST: [i64; 3] = [16, 32, 32];
/// Bits of a thread's number within its warp.
const WARP_BITS: u32 = 5;

/// A sum of products, and how far its loops move through the factors.
pub(super) struct Product<'g> {
    rows: Uop<'g>,
    columns: Uop<'g>,
    depth: Uop<'g>,
    /// Bytes of an element of a factor, and whether the matrix units have products of such factors.
    bytes: u32,
    has_units: bool,
}

/// Rows and columns of a block's tile, and of a warp's part of it, from the largest on, of factors of so many bytes.
fn tiles(bytes: u32) -> [([u32; 2], [u32; 2]); 4] {
    // Those of 4 bytes are rounded when they are loaded, and to be used the more often.
    [([128, 256], [64, 64]), ([128, 128], [64, 16 * bytes]), ([128, 64], [64, 32]), ([64, 64], [32, 32])]
}

/// Bytes of shared memory for `depth` tiles of both factors, `steps` deep, whichever way their rows lie.
fn shared([height, width]: [u32; 2], (steps, bytes): (u32, u32), depth: u32) -> usize {
    let skew = most_skew(bytes as usize) as u32;
    let tile = |along: u32| (along * (steps * bytes + WIDEST as u32)).max(steps * (along * bytes + skew));
    (depth * (tile(height) + tile(width))) as usize
}

impl<'g> Plan<'g, '_> {
    /// The only sum of the kernel, if it is a product of matrices that is large enough.
    pub(super) fn product(&self) -> Option<Product<'g>> {
        let mut sums = self.kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce);
        let sum = sums.next().filter(|_| sums.next().is_none())?;
        let (factor, depth) = (sum.src(0), sum.srcs().nth(1).filter(|_| sum.arity() == 2)?);
        let unit = |f| Fragment::of(f).filter(|(_, loaded)| loaded.op() == Op::Load).map(|(unit, _)| unit);
        // One rounded factor alone is of no use to the units.
        let plain = |f: Uop<'g>| if f.op() == Op::RoundTf32 { f.src(0) } else { f };
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
            results.iter().rev().copied().find(|r| factor.depends_on(*r) && !other.depends_on(*r))
        };
        let (a, b) = (factor.src(0), factor.src(1));
        let (one, other) = (varying(a, b)?, varying(b, a)?);
        // Columns are those along which results are neighbours.
        let place = self.kernel.src(0).src(0).src(1);
        let (rows, columns) = if stride(place, one) == Some(1) { (other, one) } else { (one, other) };
        factors(factor, rows, columns)?;
        let fills = [rows, columns, depth].iter().zip(LEAST).all(|(range, least)| size(*range) >= least);
        let bytes = unit.map_or(factor.dtype(), Fragment::factor).bytes() as u32;
        (fills && is_reduce(depth)).then_some(Product { rows, columns, depth, bytes, has_units: unit.is_some() })
    }

    /// Tiles for `product`, and whether there are enough of them. A list of actions that stops in between is a schedule
    /// too.
    pub(super) fn multiply(&mut self, product: &Product<'g>) -> bool {
        let is_other = |r: &Uop<'g>| *r != product.rows && *r != product.columns;
        let others: Vec<_> = self.result_loops().into_iter().filter(is_other).collect();
        let batches = others.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
        let is_enough = |[height, width]: [u32; 2]| {
            let along = |range, by: u32| blocks(size(range), by.into());
            let tiles = along(product.rows, height).saturating_mul(along(product.columns, width));
            tiles.saturating_mul(batches) >= BUSY
        };
        if product.has_units {
            self.batches(others);
            let steps = (DEEP[0] / product.bytes, product.bytes);
            let fits = |tile: [u32; 2]| shared(tile, steps, 2) <= self.isa.shared_bytes();
            let tiles = tiles(product.bytes);
            let tile = tiles.into_iter().filter(|(tile, _)| fits(*tile)).find(|(tile, _)| is_enough(*tile));
            self.by_warps(product, tile.unwrap_or(tiles[3]));
            return true;
        }
        let is_held = |square: &u32| (square / ROW).pow(2) * product.bytes <= SUMS;
        let square = SQUARES.into_iter().filter(is_held).find(|square| is_enough([*square; 2]));
        let Some(square) = square else { return false };
        self.batches(others);
        self.by_threads(product, square);
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
    fn by_threads(&mut self, product: &Product<'g>, square: u32) -> Option<()> {
        let rows = self.tile_of_block(product.rows, square)?;
        let columns = self.tile_of_block(product.columns, square)?;
        let depth = self.padded(product.depth, STEPS)?;
        let (around, steps) = self.in_blocks(depth, STEPS)?;
        let bits = ROW.trailing_zeros();
        if let Some(around) = around {
            let depth = self.buffers([square; 2], (STEPS, product.bytes), DEPTH_OF_TWO);
            self.shared_tile(around, rows, 2 * bits, depth)?;
            self.shared_tile(around, columns, 2 * bits, depth)?;
        }
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
        let axis = self.place(steps)?;
        self.act(Action::Unroll { axis, by: written_out / product.bytes });
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

    /// A warp has a part of the tile.
    fn by_warps(&mut self, product: &Product<'g>, (tile, part): ([u32; 2], [u32; 2])) -> Option<()> {
        let Product { rows, columns, depth, .. } = *product;
        let fitting = |range: Uop<'g>, most: u32| (size(range).max(16) as u32).next_power_of_two().min(most);
        let [height, width] = [fitting(rows, tile[0]), fitting(columns, tile[1])];
        let is_thin = height <= THIN;
        let [deep, most] = if is_thin { DEEP_IF_THIN } else { DEEP };
        let steps = deep / product.bytes;
        let (high, wide) = (height.min(part[0]), width.min(if is_thin { THIN_PART } else { part[1] }));
        let warps = height / high * (width / wide);
        let rows = self.tile_of_block(rows, height)?;
        let columns = self.tile_of_block(columns, width)?;
        let depth = self.padded(depth, steps)?;
        let (around, depth) = self.in_blocks(depth, steps)?;
        if let Some(around) = around {
            let bits = WARP_BITS + warps.trailing_zeros();
            let depth = self.buffers([height, width], (steps, product.bytes), most);
            self.shared_tile(around, rows, bits, depth)?;
            self.shared_tile(around, columns, bits, depth)?;
        }
        let rows = self.part_of_warp(rows, high, WARP_BITS)?;
        let columns = self.part_of_warp(columns, wide, WARP_BITS + (height / high).trailing_zeros())?;
        let [rows, columns, depth] = [self.place(rows)?, self.place(columns)?, self.place(depth)?];
        for range in self.act(Action::Matrix { rows, columns, depth })? {
            self.write_all_out(range);
        }
        Some(())
    }

    /// The loop inside a block over `range`, of `by` iterations; that over the blocks becomes one of them.
    fn tile_of_block(&mut self, range: Uop<'g>, by: u32) -> Option<Uop<'g>> {
        let range = self.padded(range, by)?;
        let (outer, inner) = self.in_blocks(range, by)?;
        if let Some(axis) = outer.and_then(|outer| self.place(outer)) {
            self.act(Action::Grid { axis })?;
        }
        Some(inner)
    }

    /// The loop over blocks of `by` iterations of `range`, if it has several, and that inside of them.
    fn in_blocks(&mut self, range: Uop<'g>, by: u32) -> Option<(Option<Uop<'g>>, Uop<'g>)> {
        if range.src(0).as_int() == Some(by.into()) {
            return Some((None, range));
        }
        match self.act(Action::Split { axis: self.place(range)?, size: by })?[..] {
            [outer, inner] => Some((Some(outer), inner)),
            _ => None,
        }
    }

    /// The part of a warp of `range`, of `by` iterations; the warps are told apart by the bits of a thread's number from
    /// `bit` on.
    fn part_of_warp(&mut self, range: Uop<'g>, by: u32, bit: u32) -> Option<Uop<'g>> {
        let (warps, inner) = self.in_blocks(range, by)?;
        if let Some(warps) = warps {
            self.over_threads(warps, bit, bit + (size(warps) as u32).trailing_zeros());
        }
        Some(inner)
    }

    /// Copies what the load that moves with `along` reads in one iteration of `around` into shared memory, by threads
    /// that `bits` tell apart, through `depth` buffers.
    fn shared_tile(&mut self, around: Uop<'g>, along: Uop<'g>, bits: u32, depth: u32) -> Option<()> {
        let moves = |load: &Uop<'g>| load.depends_on(along) && load.depends_on(around);
        let load = loads(self.kernel).iter().position(moves)?;
        let tile = self.act(Action::Share { axis: self.place(around)?, load, depth })?;
        let is_even = |range: &Uop<'g>| {
            let moves = |n: &Uop<'g>| n.op() == Op::Load && n.depends_on(*range);
            let mut copied = self.kernel.toposort().into_iter().filter(moves);
            copied.any(|n| stride(n.src(0).src(1), *range) == Some(1))
        };
        let (even, others): (Vec<_>, Vec<_>) = tile.into_iter().partition(is_even);
        let mut bit = 0;
        for range in even {
            if let Some(vectors) = self.in_vectors(range) {
                bit += self.over_threads(vectors, bit, bits);
            }
        }
        for range in others.into_iter().rev() {
            if bit < bits {
                bit += self.over_threads(range, bit, bits);
            }
        }
        self.write_copies_out();
        Some(())
    }

    /// Writes out the loops of copies that are left, so that copies can run ahead.
    fn write_copies_out(&mut self) {
        let is_copy = |r: &Uop<'g>| is_fresh(r) && !is_reduce(*r) && !is_over_results(self.kernel, *r);
        let loops: Vec<_> = Nest::new(self.kernel).loops().into_iter().filter(is_copy).collect();
        loops.into_iter().for_each(|range| self.write_all_out(range));
    }

    fn write_all_out(&mut self, range: Uop<'g>) {
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
        let function = Function { name: "f".into(), inputs, scalars: vec![], updates: vec![], outputs };
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
