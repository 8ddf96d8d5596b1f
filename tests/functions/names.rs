//! Equal functions side by side: their kernels are the same text, and their symbols must not collide.

use tg::prelude::*;

tensor_fn! {
    fn plus_one(x: Tensor<f32, 5>) -> Tensor<f32, 5> {
        x + 1.0
    }

    fn plus_one_again(x: Tensor<f32, 5>) -> Tensor<f32, 5> {
        x + 1.0
    }
}

mod other {
    use tg::prelude::*;

    tensor_fn! {
        pub fn plus_one(x: Tensor<f32, 5>) -> Tensor<f32, 5> {
            x + 1.0
        }
    }

    pub mod inner {
        use tg::prelude::*;

        tensor_fn! {
            pub fn plus_one(x: Tensor<f32, 5>) -> Tensor<f32, 5> {
                x + 1.0
            }
        }
    }
}

#[test]
fn equal_functions_live_together() -> tg::Result<()> {
    let x = Tensor::from([0.0f32, 1.0, 2.0, 3.0, 4.0]);
    let results = [plus_one(&x)?, plus_one_again(&x)?, other::plus_one(&x)?, other::inner::plus_one(&x)?];
    assert!(results.iter().all(|y| y.as_slice() == [1.0, 2.0, 3.0, 4.0, 5.0]), "{results:?}");
    assert_eq!(PLUS_ONE, other::inner::PLUS_ONE);
    Ok(())
}
