//! Matrix products by the `gemm` crate, the kernels under candle and faer.

use std::convert::Infallible;

use gemm::{Parallelism, gemm};

use crate::case::{Job, job};
use crate::inputs;

pub fn product(size: usize, threads: usize) -> Result<Box<dyn Job>, Infallible> {
    let (a, b) = inputs::factors(size);
    let parallelism = if threads == 1 { Parallelism::None } else { Parallelism::Rayon(threads) };
    Ok(job(move || Ok::<_, Infallible>(multiply(&a, &b, size, parallelism)), |out| Ok(vec![out.clone()])))
}

/// The row-major product of two row-major `size` × `size` matrices.
fn multiply(a: &[f32], b: &[f32], size: usize, parallelism: Parallelism) -> Vec<f32> {
    assert!(a.len() == size * size && b.len() == size * size, "square factors");
    let mut out = vec![0f32; size * size];
    let row = size as isize;
    let (to, lhs, rhs) = (out.as_mut_ptr(), a.as_ptr(), b.as_ptr());
    // SAFETY: all three point to size * size floats (asserted, and just allocated), which the strides 1 and `size`
    // for `size` columns and rows stay within; `out` is initialized and overlaps neither factor.
    unsafe {
        gemm(size, size, size, to, 1, row, false, lhs, 1, row, rhs, 1, row, 0.0, 1.0, false, false, false, parallelism);
    }
    out
}
