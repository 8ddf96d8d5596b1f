//! Matrix products in tg, one row a shape.

use tg::prelude::*;

use super::{Built, one};
use crate::inputs;

/// One function a shape, since tg compiles shapes; and who computes which shape at run time.
macro_rules! products {
    ($($name:ident $m:tt $k:tt $n:tt;)*) => {
        tensor_fn! {
            $(pub fn $name(a: Tensor<f32, $m, $k>, b: Tensor<f32, $k, $n>) -> Tensor<f32, $m, $n> {
                a.matmul(b)
            })*
        }

        /// The shapes `[m, k, n]` that are compiled.
        pub const SHAPES: &[[usize; 3]] = &[$([$m, $k, $n]),*];

        /// The product of an `(m, k)` and a `(k, n)` matrix, for `[m, k, n]`.
        pub fn product(shape: [usize; 3]) -> Built {
            let (a, b) = inputs::factors(shape);
            match shape {
                $([$m, $k, $n] => {
                    let (a, b) = (Tensor::from_vec(a)?, Tensor::from_vec(b)?);
                    Ok(one(move || $name(&a, &b)))
                })*
                [m, k, n] => Err(format!("the product of {m}x{k} and {k}x{n} is not compiled").into()),
            }
        }
    };
}

products! {
    product_64 64 64 64;
    product_128 128 128 128;
    product_256 256 256 256;
    product_512 512 512 512;
    product_1000 1000 1000 1000;
    product_1024 1024 1024 1024;
    product_2048 2048 2048 2048;
    product_row 1 4096 4096;
    product_layer 32 784 128;
    product_uneven 37 513 211;
    product_thin 3 5 4096;
    product_outer 4096 16 4096;
}
