//! Matrix products by crates that do nothing else: `gemm`, whose kernels candle and faer use, and `matrixmultiply`,
//! whose kernels ndarray uses.

use std::convert::Infallible;

use gemm::{Parallelism, gemm};
use matrixmultiply::sgemm;

use crate::inputs;
use crate::job::{Job, job};

type Built = Result<Box<dyn Job>, Infallible>;

/// A contender whose `multiply` is given the row-major factors and a result to write.
fn product(shape: [usize; 3], multiply: impl Fn(&[f32], &[f32], &mut [f32]) + 'static) -> Built {
    let ((a, b), [m, k, n]) = (inputs::factors(shape), shape);
    assert!(a.len() == m * k && b.len() == k * n, "factors of the shape");
    let call = move || {
        let mut out = vec![0f32; m * n];
        multiply(&a, &b, &mut out);
        Ok::<_, Infallible>(out)
    };
    Ok(job(call, |out| Ok(vec![out.clone()])))
}

/// By the `gemm` crate.
pub fn by_gemm(shape: [usize; 3], threads: usize) -> Built {
    let [m, k, n] = shape;
    let parallelism = if threads == 1 { Parallelism::None } else { Parallelism::Rayon(threads) };
    let (row, inner) = (n as isize, k as isize);
    product(shape, move |a, b, out| {
        let (to, a, b) = (out.as_mut_ptr(), a.as_ptr(), b.as_ptr());
        // SAFETY: `product` gives m * k, k * n and m * n floats, which the strides 1 and `inner`, or 1 and `row`, for
        // their columns and rows stay within; `out` is initialized and exclusively borrowed.
        unsafe {
            gemm(m, n, k, to, 1, row, false, a, 1, inner, b, 1, row, 0.0, 1.0, false, false, false, parallelism);
        }
    })
}

/// By the `matrixmultiply` crate, which reads its number of threads from the environment.
pub fn by_matrixmultiply(shape: [usize; 3]) -> Built {
    let [m, k, n] = shape;
    let (row, inner) = (n as isize, k as isize);
    product(shape, move |a, b, out| {
        let (to, a, b) = (out.as_mut_ptr(), a.as_ptr(), b.as_ptr());
        // SAFETY: as for `gemm`, with strides for rows and columns.
        unsafe { sgemm(m, k, n, 1.0, a, inner, 1, b, row, 1, 0.0, to, row, 1) }
    })
}
