use tg::prelude::*;

// Names of parameters and functions are the user's: generated ones do not collide with them.
tensor_fn! {
    fn dims(out: Tensor<f32, 2>, dims: Tensor<f32, 2>, out_0: f32, p: f32) -> Tensor<f32, 2> {
        out + dims * out_0 + p
    }
}

// Layers of the library are named by their module.
mod layers {
    use tg::Tensor;

    tg::tensor_fn! {
        pub struct Linear { pub twice: nn::Linear<2, 2>, pub once: Tensor<f32, 2> }

        impl Linear {
            pub fn forward(&self, x: Tensor<f32, 2>) -> Tensor<f32, 2> {
                self.twice.forward(x) + self.once
            }
        }
    }
}

mod inner {
    tg::tensor_fn! {
        pub fn dims(x: Tensor<f32, 2>) -> Tensor<f32, 2> {
            x * 2.0
        }
    }
}

fn main() -> tg::Result<()> {
    let x = Tensor::from([1.0, 2.0]);
    assert_eq!(dims(&x, &x, 3.0, 1.0)?.as_slice(), [5.0, 9.0]);
    assert_eq!(inner::dims(&x)?.as_slice(), [2.0, 4.0]);
    let layer = layers::Linear { once: Tensor::ones(), ..layers::Linear::zeros() };
    assert_eq!(layer.forward(&x)?.as_slice(), [1.0, 1.0]);
    let mut y = Tensor::zeros();
    dims_into(&x, &x, 3.0, 1.0, &mut y)?;
    assert_eq!(y.as_slice(), [5.0, 9.0]);
    Ok(())
}
