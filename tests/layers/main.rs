//! The layers of `tg::nn` against PyTorch's: results, gradients, states after training, and how layers begin.
//!
//! Each case loads the file of its name, which `generate.py` writes with PyTorch's names and layouts. Loading is strict,
//! so that names and shapes are part of the test.

mod init;
mod nets;

use tg::prelude::*;
use tg::{Element, TensorView};

/// All tensors of `parameters`: name and elements, integers as floats.
fn elements(parameters: &dyn Parameters) -> Vec<(String, Vec<f64>)> {
    let mut all = Vec::new();
    parameters.visit("", &mut |name, view: TensorView<'_>| {
        let bytes = view.bytes();
        let elements = match view.dtype() == f32::DTYPE {
            true => bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()).into()).collect(),
            false => bytes.chunks(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64).collect(),
        };
        all.push((name.to_owned(), elements));
    });
    all
}

/// That all elements are within `tolerance` of those expected, absolute below 1 and relative above.
#[track_caller]
fn check(what: &str, found: &dyn Parameters, expected: &dyn Parameters, tolerance: f64) {
    for ((name, found), (_, expected)) in elements(found).iter().zip(elements(expected)) {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(found.iter().zip(&expected).all(close), "{what} {name}: {found:?} is not {expected:?}");
    }
}

/// `case!(name: layer, input -> result, { layer.forward(x) })`: the file `name` has what must come out.
macro_rules! case {
    ($name:ident: $layer:tt, $x:tt -> $out:tt, $body:tt) => {
        mod $name {
            use tg::prelude::*;

            tensor_fn! {
                struct Inputs { layer: $layer, x: $x }
                struct Case { inputs: Inputs, out: $out, cotangent: $out, gradients: Inputs }

                fn run(inputs: Inputs, cotangent: $out) -> ($out, Inputs) {
                    let Inputs { layer, x } = inputs;
                    let out = $body;
                    (out, (out * cotangent).sum().grad(inputs))
                }
            }

            #[test]
            fn agrees() {
                let mut case = Case::zeros();
                case.load(super::file(stringify!($name))).unwrap();
                let (out, gradients) = run(&case.inputs, &case.cotangent).unwrap();
                super::check("out", &out, &case.out, 1e-5);
                super::check("gradients", &gradients, &case.gradients, 1e-4);
            }
        }
    };
}

/// As `case!`, of a layer that is changed by the call.
macro_rules! training_case {
    ($name:ident: $layer:tt, $x:tt) => {
        mod $name {
            use tg::prelude::*;

            tensor_fn! {
                struct Inputs { layer: $layer, x: $x }
                struct Case { inputs: Inputs, out: $x, cotangent: $x, gradients: Inputs, after: $layer }

                fn run(layer: &mut $layer, x: $x, cotangent: $x) -> ($x, Inputs) {
                    let inputs = Inputs { layer, x };
                    let out = layer.train(x);
                    (out, (out * cotangent).sum().grad(inputs))
                }
            }

            #[test]
            fn agrees() {
                let mut case = Case::zeros();
                case.load(super::file(stringify!($name))).unwrap();
                let inputs = &mut case.inputs;
                let (out, gradients) = run(&mut inputs.layer, &inputs.x, &case.cotangent).unwrap();
                super::check("out", &out, &case.out, 1e-5);
                super::check("gradients", &gradients, &case.gradients, 1e-4);
                super::check("after", &inputs.layer, &case.after, 1e-5);
            }
        }
    };
}

fn file(name: &str) -> String {
    format!("{}/tests/layers/{name}.safetensors", env!("CARGO_MANIFEST_DIR"))
}

case!(linear: (nn::Linear<5, 3>), (Tensor<f32, 4, 5>) -> (Tensor<f32, 4, 3>), { layer.forward(x) });
case!(linear_of_a_sequence: (nn::Linear<5, 3>), (Tensor<f32, 2, 4, 5>) -> (Tensor<f32, 2, 4, 3>), { layer.forward(x) });
case!(linear_no_bias: (nn::LinearNoBias<5, 3>), (Tensor<f32, 4, 5>) -> (Tensor<f32, 4, 3>), { layer.forward(x) });
case!(conv1d: (nn::Conv1d<2, 3, 3, 2, 1>), (Tensor<f32, 2, 2, 7>) -> (Tensor<f32, 2, 3, 4>), { layer.forward(x) });
case!(conv1d_dilated: (nn::Conv1d<2, 3, 3, 1, 0, 2>), (Tensor<f32, 2, 2, 7>) -> (Tensor<f32, 2, 3, 3>), {
    layer.forward(x)
});
case!(conv2d: (nn::Conv2d<2, 3, 3>), (Tensor<f32, 2, 2, 5, 6>) -> (Tensor<f32, 2, 3, 3, 4>), { layer.forward(x) });
case!(conv2d_strided: (nn::Conv2d<2, 3, 3, 2, 1>), (Tensor<f32, 2, 2, 5, 6>) -> (Tensor<f32, 2, 3, 3, 3>), {
    layer.forward(x)
});
case!(conv2d_of_groups: (nn::Conv2d<2, 6, 3, 1, 2, 2, 2>), (Tensor<f32, 1, 4, 5, 5>) -> (Tensor<f32, 1, 6, 5, 5>), {
    layer.forward(x)
});
case!(conv2d_no_bias: (nn::Conv2dNoBias<2, 3, 3, 1, 1>), (Tensor<f32, 2, 2, 4, 4>) -> (Tensor<f32, 2, 3, 4, 4>), {
    layer.forward(x)
});
case!(conv2d_winograd: (nn::Conv2d<2, 4, 3, 1, 1, 1, 2>), (Tensor<f32, 2, 4, 6, 8>) -> (Tensor<f32, 2, 4, 6, 8>), {
    layer.forward_winograd(x)
});
case!(conv2d_winograd_no_bias: (nn::Conv2dNoBias<2, 3, 5>), (Tensor<f32, 2, 2, 8, 12>) -> (Tensor<f32, 2, 3, 4, 8>), {
    layer.forward_winograd(x)
});
case!(conv2d_winograd_strided: (nn::Conv2d<2, 3, 3, 2, 1>), (Tensor<f32, 2, 2, 5, 6>) -> (Tensor<f32, 2, 3, 3, 3>), {
    layer.forward_winograd(x)
});
case!(batchnorm: (nn::BatchNorm<3>), (Tensor<f32, 2, 3, 2, 3>) -> (Tensor<f32, 2, 3, 2, 3>), { layer.forward(x) });
training_case!(batchnorm_in_training: (nn::BatchNorm<3>), (Tensor<f32, 2, 3, 2, 3>));
training_case!(batchnorm_of_rows: (nn::BatchNorm<3>), (Tensor<f32, 5, 3>));
case!(layernorm: (nn::LayerNorm<5>), (Tensor<f32, 2, 3, 5>) -> (Tensor<f32, 2, 3, 5>), { layer.forward(x) });
case!(layernorm_eps: (nn::LayerNorm<5>), (Tensor<f32, 3, 5>) -> (Tensor<f32, 3, 5>), { layer.forward(x, 0.5) });
case!(rmsnorm: (nn::RmsNorm<5>), (Tensor<f32, 2, 3, 5>) -> (Tensor<f32, 2, 3, 5>), { layer.forward(x) });
case!(embedding: (nn::Embedding<7, 3>), (Tensor<f32, 6, 3>) -> (Tensor<f32, 6, 3>), {
    layer.forward(arange(6) * 5 % 7) * x
});
case!(attention: (nn::MultiHeadAttention<6, 2>), (Tensor<f32, 2, 3, 6>, Tensor<f32, 2, 4, 6>, Tensor<f32, 2, 4, 6>)
    -> (Tensor<f32, 2, 3, 6>), { layer.forward(x.0, x.1, x.2) });
case!(attention_masked: (nn::MultiHeadAttention<6, 3>),
    (Tensor<f32, 2, 3, 6>, Tensor<f32, 2, 4, 6>, Tensor<f32, 2, 4, 6>)
    -> (Tensor<f32, 2, 3, 6>), { layer.forward(x.0, x.1, x.2, arange(4).lt(3)) });
case!(attention_causal: (nn::MultiHeadAttention<6, 2>), (Tensor<f32, 2, 4, 6>) -> (Tensor<f32, 2, 4, 6>), {
    layer.causal(x)
});
