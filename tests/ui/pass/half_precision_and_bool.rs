use tg::prelude::*;
use tg::{bf16, f16};

tensor_fn! {
    fn mixed(x: Tensor<f16, 2>, y: Tensor<bf16, 2>, keep: bool) -> Tensor<f32, 2> {
        keep.where_(x.cast::<f32>() + y.cast::<f32>(), 0.0)
    }

    fn positive(x: Tensor<i8, 3>) -> Tensor<bool, 3> {
        x > 0
    }
}

fn main() -> tg::Result<()> {
    let x = Tensor::from([f16::from_f32(1.0), f16::from_f32(2.0)]);
    let y = Tensor::from([bf16::from_f32(0.5), bf16::from_f32(0.25)]);
    assert_eq!(mixed(&x, &y, true)?.as_slice(), [1.5, 2.25]);
    assert_eq!(mixed(&x, &y, false)?.as_slice(), [0.0, 0.0]);
    assert_eq!(positive(&Tensor::from([-1, 0, 1]))?.as_slice(), [false, false, true]);
    Ok(())
}
