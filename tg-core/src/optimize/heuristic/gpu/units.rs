//! Tiles of products by matrix units: of a block, and of the warp, or the four warps, that multiply together.
//!
//! Four warps together take both factors from shared memory without registers in between, and multiply while they copy. A
//! GPU that has such units uses them for tiles that are large enough, of factors whose rows can be copied as they are.

use super::product::Product;
use crate::ir::{Fragment, Op, ROW, Uop};
use crate::loops::stride;
use crate::optimize::action::Action;
use crate::optimize::factors;
use crate::target::Isa;

/// Bits of a thread's number within its warp, and within its group of four warps.
const WARP_BITS: u32 = 5;
const GROUP_BITS: u32 = 7;

/// Who multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A warp, from registers.
    Warp,
    /// Four warps, from shared memory.
    Group,
}

/// Rows and columns of a block's tile, and of a unit's part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    pub block: [u32; 2],
    pub part: [u32; 2],
    pub unit: Unit,
}

impl Unit {
    /// The bits of a thread's number within the unit.
    pub fn bits(self) -> u32 {
        match self {
            Unit::Warp => WARP_BITS,
            Unit::Group => GROUP_BITS,
        }
    }

    /// Copies what the unit reads in one iteration of a loop.
    pub fn copy(self, axis: usize, load: usize, depth: u32) -> Action {
        match self {
            Unit::Warp => Action::Share { axis, load, depth },
            Unit::Group => Action::Swizzle { axis, load, depth },
        }
    }

    /// Multiplies.
    pub fn product(self, rows: usize, columns: usize, depth: usize) -> Action {
        match self {
            Unit::Warp => Action::Matrix { rows, columns, depth },
            Unit::Group => Action::Group { rows, columns, depth },
        }
    }
}

/// Tiles for `product` on `isa`, from the largest on.
pub(super) fn tiles(product: &Product, isa: Isa) -> Vec<Tile> {
    let of_groups = tiles_of_groups(product, isa);
    if of_groups.is_empty() { tiles_of_warps(product.bytes).to_vec() } else { of_groups }
}

/// Tiles for a warp each, from the largest on, of factors of so many bytes.
fn tiles_of_warps(bytes: u32) -> [Tile; 4] {
    let tile = |block, part| Tile { block, part, unit: Unit::Warp };
    // Factors of 4 bytes are rounded when they are loaded, and to be used the more often.
    [
        tile([128, 256], [64, 64]),
        tile([128, 128], [64, 16 * bytes]),
        tile([128, 64], [64, 32]),
        tile([64, 64], [32, 32]),
    ]
}

/// Tiles for four warps each, from the largest on, of `product` on `isa`; none if it has no such units, or the factors do
/// not lie as these read them.
fn tiles_of_groups(product: &Product, isa: Isa) -> Vec<Tile> {
    let tile = |block, part| Tile { block, part, unit: Unit::Group };
    let tiles = [
        tile([128, 256], [64, 256]),
        tile([128, 128], [64, 128]),
        tile([64, 128], [64, 128]),
        tile([64, 64], [64, 64]),
    ];
    if isa.has_groups() && product.can_be_swizzled() { tiles.to_vec() } else { vec![] }
}

impl<'g> Product<'g> {
    /// Whether rows of both factors are copied as the units read them: along the sum, or across it in whole rows of shared
    /// memory, of elements that they read across, and without rounding.
    fn can_be_swizzled(&self) -> bool {
        let ([depth], [.., row], [.., column]) = (&self.depth[..], &self.rows[..], &self.columns[..]) else {
            return false;
        };
        let has_rows = |factor: Uop<'g>, own: &[Uop<'g>]| {
            let Some((fragment, load)) = Fragment::of(factor).filter(|_| factor.op() != Op::RoundTf32) else {
                return false;
            };
            let (place, bytes) = (load.src(0).src(1), fragment.factor().bytes());
            let is_long = super::product::elements(own) >= (ROW / bytes) as i64;
            let lies = |range: &Uop<'g>| stride(place, *range) == Some(1);
            is_long && (lies(depth) || bytes == 2 && matches!(own, [only] if lies(only)))
        };
        let sides = factors(self.factors, *row, *column);
        sides.is_some_and(|(left, right)| has_rows(left, &self.rows) && has_rows(right, &self.columns))
    }
}

#[cfg(test)]
mod tests {
    use crate::compile::{Function, plan_with};
    use crate::dim::Dim;
    use crate::dtype::DType;
    use crate::ir::Graph;
    use crate::optimize::heuristic;
    use crate::symbolic::Simplifier;
    use crate::target::{Device, Isa};
    use crate::tensor::{matmul, matmul_tf32, transpose};

    /// The actions for the kernels of the product of an m × k and a k × n matrix, either of which may be stored transposed.
    fn actions(dtype: DType, [m, k, n]: [i64; 3], transposed: [bool; 2], isa: Isa) -> String {
        let graph = Graph::new();
        let matrix = |[rows, columns]: [i64; 2], is_transposed: bool| {
            let sizes = if is_transposed { [columns, rows] } else { [rows, columns] };
            let buffer = graph.buffer(dtype, sizes.map(Dim::from).to_vec());
            (buffer, if is_transposed { transpose(buffer, 0, 1).expect("a matrix") } else { buffer })
        };
        let ((x, left), (w, right)) = (matrix([m, k], transposed[0]), matrix([k, n], transposed[1]));
        let product = if dtype == DType::F32 { matmul_tf32(left, right) } else { matmul(left, right) };
        let inputs = vec![("x".into(), x), ("w".into(), w)];
        let outputs = vec![("y".into(), product.expect("a product"))];
        let function =
            Function { name: "f".into(), inputs, scalars: vec![], constants: vec![], updates: vec![], outputs };
        let plan = plan_with(&graph, &function, Device::Gpu, Simplifier::default());
        let mut simplifier = Simplifier::default();
        plan.kernels().map(|(_, kernel)| heuristic(kernel, isa, &mut simplifier).0.to_string()).collect()
    }

    #[test]
    fn four_warps_multiply_what_lies_as_they_read_it() {
        for transposed in [[false, false], [false, true], [true, false], [true, true]] {
            for dtype in [DType::BF16, DType::F16, DType::F32] {
                let check = |isa, expected| {
                    let list = actions(dtype, [2048; 3], transposed, isa);
                    let counts = ["swizzle(", "group(", "share(", "matrix("].map(|name| list.matches(name).count());
                    assert_eq!(counts, expected, "{dtype} {transposed:?} {list}");
                };
                check(Isa::Sm90a, [2, 1, 0, 0]);
                check(Isa::Sm80, [0, 0, 2, 1]);
            }
        }
    }

    #[test]
    fn thin_and_narrow_products_and_small_rounded_ones_are_left_to_warps() {
        let check = |dtype, sizes, expected: &str| {
            let list = actions(dtype, sizes, [false; 2], Isa::Sm90a);
            assert!(list.contains(expected), "{dtype} {sizes:?} {list}");
        };
        check(DType::BF16, [16, 4096, 4096], "divide(");
        for sizes in [[16, 4096, 4000], [16, 4064, 4096], [32, 4096, 4096]] {
            check(DType::BF16, sizes, "share(");
        }
        check(DType::BF16, [4096, 4096, 32], "matrix(");
        check(DType::F32, [512; 3], "matrix(");
        check(DType::BF16, [64, 512, 64], "group(");
        check(DType::BF16, [8192; 3], "split(2,256) grid(2)");
        check(DType::BF16, [1024; 3], "split(0,64) grid(0) split(2,128) grid(2)");
    }
}
