//! A tensor function written by hand as the compiler would emit it: `y[n, 4] = 2 * x[n, 4] + b`, and `b += 1`.
//!
//! Two kernels with a workspace between them, a run-time dimension, a tile with a tail, and an in-place scalar.

use tg_core::dtype::Scalar;
use tg_runtime::isa::Isa;
use tg_runtime::program::{
    DimSpec, DimValues, Kernel, ParamSpec, Poly, Program, ProgramState, Report, Role, Slot, Variant,
};
use tg_runtime::{Const, Dyn, Result, Tensor};

pub type Rows = Tensor<f32, (Dyn, Const<4>)>;

/// Elements one iteration of the kernels computes; a multiple of no row count, so that there is a tail.
const TILE: i64 = 16;

/// The elements of iterations `begin..end`, with the tail after the last iteration.
fn elements(dims: *const i64, begin: i64, end: i64) -> std::ops::Range<usize> {
    // SAFETY: the program has one run-time dimension.
    let total = unsafe { *dims } * 4;
    let last = if end == total / TILE { total } else { end * TILE };
    (begin * TILE) as usize..last as usize
}

unsafe extern "C" fn double(buffers: *const *mut u8, dims: *const i64, begin: i64, end: i64, scratch: *mut u8) {
    for i in elements(dims, begin, end) {
        // SAFETY: buffer 0 and 1 hold `4 * N` floats, and `i` is below that; the scratch memory holds one, which no
        // other thread uses.
        unsafe {
            *scratch.cast::<f32>() = *(*buffers).cast::<f32>().add(i);
            *(*buffers.add(1)).cast::<f32>().add(i) = 2.0 * *scratch.cast::<f32>();
        }
    }
}

unsafe extern "C" fn shift(buffers: *const *mut u8, dims: *const i64, begin: i64, end: i64, _: *mut u8) {
    for i in elements(dims, begin, end) {
        // SAFETY: buffers 0 and 2 hold `4 * N` floats, buffer 1 holds one.
        unsafe {
            let sum = *(*buffers).cast::<f32>().add(i) + *(*buffers.add(1)).cast::<f32>();
            *(*buffers.add(2)).cast::<f32>().add(i) = sum;
        }
    }
}

unsafe extern "C" fn increment(buffers: *const *mut u8, _: *const i64, begin: i64, end: i64, _: *mut u8) {
    assert_eq!((begin, end), (0, 0), "no iterations, so one call for the tail");
    // SAFETY: buffer 0 holds one float.
    unsafe { *(*buffers).cast::<f32>() += 1.0 };
}

const fn poly(terms: &'static [(i64, &'static [u32])]) -> Poly {
    Poly { terms }
}

const ELEMENTS: Poly = poly(&[(4, &[0])]);
const NOTHING: Poly = poly(&[]);

const fn kernel(name: &'static str, args: &'static [Slot], variants: &'static [Variant]) -> Kernel {
    let work = poly(&[(12, &[0])]);
    Kernel { name, args, variants, work, flops: ELEMENTS, bytes: poly(&[(32, &[0])]) }
}

/// `affine(x: [N, 4], b: inout []) -> y: [N, 4]`.
pub static AFFINE: Program = Program {
    name: "affine",
    dims: &[DimSpec { name: "N", min: 1, max: 1 << 20 }],
    params: &[
        ParamSpec { name: "x", dtype: Scalar::F32, shape: &[poly(&[(1, &[0])]), poly(&[(4, &[])])], role: Role::Input },
        ParamSpec { name: "b", dtype: Scalar::F32, shape: &[], role: Role::InPlace },
        ParamSpec {
            name: "y",
            dtype: Scalar::F32,
            shape: &[poly(&[(1, &[0])]), poly(&[(4, &[])])],
            role: Role::Output,
        },
    ],
    workspace: &[poly(&[(4, &[])]), poly(&[(16, &[0])])],
    kernels: &[
        kernel(
            "e_double",
            &[Slot::Param(0), Slot::Workspace(1)],
            &[Variant { entry: double, extent: ELEMENTS, tile: TILE, scratch: 4, repeated: 0, packs: &[] }],
        ),
        kernel(
            "e_shift",
            &[Slot::Workspace(1), Slot::Param(1), Slot::Param(2)],
            &[Variant { entry: shift, extent: ELEMENTS, tile: TILE, scratch: 0, repeated: 0, packs: &[] }],
        ),
        kernel(
            "e_increment",
            &[Slot::Param(1)],
            &[Variant { entry: increment, extent: NOTHING, tile: 1, scratch: 0, repeated: 0, packs: &[] }],
        ),
    ],
    isas: &[Isa::Baseline],
    report: Report { kernels: 3, flops: 9, bytes: 96, workspace_bytes: 80 },
    state: ProgramState::new(),
    fallback: None,
    #[cfg(feature = "cuda")]
    gpu: None,
};

/// Writes into `y`, as the `_into` form of a tensor function does.
pub fn affine_into(x: &Rows, b: &mut f32, y: &mut Rows) -> Result<()> {
    let dims = AFFINE.bind(&[("x", &x.dims()), ("b", &[]), ("y", &y.dims())])?;
    let params = [x.as_ptr() as *mut u8, std::ptr::from_mut(b).cast(), y.as_mut_ptr().cast()];
    // SAFETY: `bind` checked the shapes; the types of the arguments are those of the parameters.
    unsafe { AFFINE.run(&params, &[], &dims) }
}

/// Returns a new tensor, as a tensor function does.
#[allow(dead_code, reason = "each test binary uses the forms it tests")]
pub fn affine(x: &Rows, b: &mut f32) -> Result<Rows> {
    let dims: DimValues = AFFINE.bind(&[("x", &x.dims()), ("b", &[])])?;
    // SAFETY: the next call writes all of it.
    let mut y: Rows = unsafe { AFFINE.output(2, &dims)? };
    let params = [x.as_ptr() as *mut u8, std::ptr::from_mut(b).cast(), y.as_mut_ptr().cast()];
    // SAFETY: as in `affine_into`.
    unsafe { AFFINE.run(&params, &[], &dims)? };
    Ok(y)
}
