//! The tensor functions that are measured. Which of them are cases, and on what inputs, is in `cases`.

// A function comes in two forms, of which a case uses one.
#![allow(dead_code)]

use tg::prelude::*;

/// The functions for given sizes.
macro_rules! functions {
    ($($name:ident = $size:tt;)*) => {
        tensor_fn! {
            $(const $name: usize = $size;)*

            pub fn gelu_f32(x: Tensor<f32, ELEMENTS>, a: f32, b: f32) -> Tensor<f32, ELEMENTS> {
                (x * a + b).gelu_tanh()
            }

            pub fn sum_f32(x: Tensor<f32, ELEMENTS>) -> Tensor<f32> {
                x.sum()
            }

            pub fn softmax_f32(x: Tensor<f32, ROWS, COLUMNS>) -> Tensor<f32, ROWS, COLUMNS> {
                x.softmax(-1)
            }

            pub fn layernorm_f32(x: Tensor<f32, ROWS, COLUMNS>) -> Tensor<f32, ROWS, COLUMNS> {
                x.layernorm(1e-5)
            }

            pub fn rmsnorm_f32(x: Tensor<f32, ROWS, COLUMNS>) -> Tensor<f32, ROWS, COLUMNS> {
                x.rmsnorm(1e-5)
            }

            pub fn softmax_bf16(x: Tensor<bf16, ROWS, COLUMNS>) -> Tensor<bf16, ROWS, COLUMNS> {
                x.softmax(-1)
            }

            pub fn layernorm_bf16(x: Tensor<bf16, ROWS, COLUMNS>) -> Tensor<bf16, ROWS, COLUMNS> {
                x.layernorm(1e-5)
            }

            pub fn rmsnorm_bf16(x: Tensor<bf16, ROWS, COLUMNS>) -> Tensor<bf16, ROWS, COLUMNS> {
                x.rmsnorm(1e-5)
            }

            pub fn product_bf16_4096(
                a: Tensor<bf16, SIDE, SIDE>, b: Tensor<bf16, SIDE, SIDE>,
            ) -> Tensor<bf16, SIDE, SIDE> {
                a.matmul(b)
            }

            pub fn product_bf16_8192(
                a: Tensor<bf16, WIDE, WIDE>, b: Tensor<bf16, WIDE, WIDE>,
            ) -> Tensor<bf16, WIDE, WIDE> {
                a.matmul(b)
            }

            pub fn product_bf16_odd(
                a: Tensor<bf16, ODD_M, ODD_K>, b: Tensor<bf16, ODD_K, ODD_N>,
            ) -> Tensor<bf16, ODD_M, ODD_N> {
                a.matmul(b)
            }

            pub fn product_bf16_1(
                a: Tensor<bf16, 1, WIDE>, b: Tensor<bf16, WIDE, WIDE>,
            ) -> Tensor<bf16, 1, WIDE> {
                a.matmul(b)
            }

            pub fn product_bf16_16(
                a: Tensor<bf16, 16, WIDE>, b: Tensor<bf16, WIDE, WIDE>,
            ) -> Tensor<bf16, 16, WIDE> {
                a.matmul(b)
            }

            pub fn product_f32_4096(
                a: Tensor<f32, SIDE, SIDE>, b: Tensor<f32, SIDE, SIDE>,
            ) -> Tensor<f32, SIDE, SIDE> {
                a.matmul(b)
            }

            pub fn product_tf32_8192(
                a: Tensor<f32, WIDE, WIDE>, b: Tensor<f32, WIDE, WIDE>,
            ) -> Tensor<f32, WIDE, WIDE> {
                a.matmul_tf32(b)
            }

            pub fn linear_gelu_bf16_4096(
                x: Tensor<bf16, SIDE, SIDE>, w: Tensor<bf16, SIDE, SIDE>, b: Tensor<bf16, SIDE>,
            ) -> Tensor<bf16, SIDE, SIDE> {
                (x.matmul(w) + b).gelu_tanh()
            }

            pub fn conv_bf16(
                x: Tensor<bf16, PICTURES, CHANNELS, PLACES, PLACES>, w: Tensor<bf16, CHANNELS, CHANNELS, 3, 3>,
            ) -> Tensor<bf16, PICTURES, CHANNELS, PLACES, PLACES> {
                x.conv2d(w, None, 1, 1)
            }

            pub fn conv_f32(
                x: Tensor<f32, PICTURES, CHANNELS, PLACES, PLACES>, w: Tensor<f32, CHANNELS, CHANNELS, 3, 3>,
            ) -> Tensor<f32, PICTURES, CHANNELS, PLACES, PLACES> {
                x.conv2d(w, None, 1, 1)
            }

            pub struct Mlp {
                pub w1: Tensor<f32, 784, 128>, pub b1: Tensor<f32, 128>,
                pub w2: Tensor<f32, 128, 10>,  pub b2: Tensor<f32, 10>,
            }

            impl Mlp {
                fn scores<const N: usize>(&self, x: Tensor<f32, N, 784>) -> Tensor<f32, N, 10> {
                    (x.matmul(self.w1) + self.b1).relu().matmul(self.w2) + self.b2
                }
            }

            pub fn mlp_1(net: &Mlp, x: Tensor<f32, 1, 784>) -> Tensor<f32, 1, 10> {
                net.scores(x)
            }

            pub fn mlp_32(net: &Mlp, x: Tensor<f32, 32, 784>) -> Tensor<f32, 32, 10> {
                net.scores(x)
            }

            // That of examples/mnist.rs.
            pub fn mlp_train(net: &mut Mlp, x: Tensor<u8, 128, 784>, y: Tensor<u8, 128>, lr: f32) -> Tensor<f32> {
                let loss = net.scores(x.cast::<f32>() / 255.0).cross_entropy(y);
                *net -= lr * loss.grad(net);
                loss
            }
        }
    };
}

#[cfg(feature = "cuda")]
functions! {
    ELEMENTS = 1_073_741_824;
    ROWS = 65_536;
    COLUMNS = 4096;
    SIDE = 4096;
    WIDE = 8192;
    ODD_M = 4001;
    ODD_K = 4003;
    ODD_N = 4007;
    PICTURES = 32;
    CHANNELS = 64;
    PLACES = 56;
}

#[cfg(not(feature = "cuda"))]
functions! {
    ELEMENTS = 1003;
    ROWS = 7;
    COLUMNS = 100;
    SIDE = 48;
    WIDE = 64;
    ODD_M = 11;
    ODD_K = 13;
    ODD_N = 17;
    PICTURES = 2;
    CHANNELS = 4;
    PLACES = 9;
}
