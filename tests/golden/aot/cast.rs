//! The cases of `cast.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn f32_to_i32(x: Tensor<f32, 8>) -> Tensor<i32, 8> {
        x.cast::<i32>()
    }

    pub fn f32_to_i64(x: Tensor<f32, 8>) -> Tensor<i64, 8> {
        x.cast::<i64>()
    }

    pub fn f32_to_u8(x: Tensor<f32, 8>) -> Tensor<u8, 8> {
        x.cast::<u8>()
    }

    pub fn f32_to_bool(x: Tensor<f32, 4>) -> Tensor<bool, 4> {
        x.cast::<bool>()
    }

    pub fn f32_to_f64(x: Tensor<f32, 2, 3>) -> Tensor<f64, 2, 3> {
        x.cast::<f64>()
    }

    pub fn f32_to_f64_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f64, 2, 3>) -> Tensor<f32, 2, 3> {
        let out = x.cast::<f64>();
        (out * cot).sum().grad(x)
    }

    pub fn f64_to_f32(x: Tensor<f64, 2, 3>) -> Tensor<f32, 2, 3> {
        x.cast::<f32>()
    }

    pub fn f64_to_f32_grad(x: Tensor<f64, 2, 3>, cot: Tensor<f32, 2, 3>) -> Tensor<f64, 2, 3> {
        let out = x.cast::<f32>();
        (out * cot).sum().grad(x)
    }

    pub fn through_f16(x: Tensor<f32, 8>) -> Tensor<f32, 8> {
        x.cast::<f16>().cast::<f32>()
    }

    pub fn through_bf16(x: Tensor<f32, 8>) -> Tensor<f32, 8> {
        x.cast::<bf16>().cast::<f32>()
    }

    pub fn i32_to_f32(x: Tensor<i32, 8>) -> Tensor<f32, 8> {
        x.cast::<f32>()
    }

    pub fn u8_to_f32(x: Tensor<u8, 8>) -> Tensor<f32, 8> {
        x.cast::<f32>()
    }
}

tensor_fn! {
    pub fn u8_to_f32_scaled(x: Tensor<u8, 8>) -> Tensor<f32, 8> {
        x.cast::<f32>() / 255.0
    }

    pub fn bool_to_f32(a: Tensor<bool, 2, 5>) -> Tensor<f32, 2, 5> {
        a.cast::<f32>()
    }

    pub fn bool_to_i32(a: Tensor<bool, 2, 5>) -> Tensor<i32, 2, 5> {
        a.cast::<i32>()
    }

    pub fn i32_to_u8_wraps(x: Tensor<i32, 6>) -> Tensor<u8, 6> {
        x.cast::<u8>()
    }

    pub fn i64_to_i32_wraps(x: Tensor<i64, 5>) -> Tensor<i32, 5> {
        x.cast::<i32>()
    }

    pub fn u8_to_i8_wraps(x: Tensor<u8, 4>) -> Tensor<i8, 4> {
        x.cast::<i8>()
    }

    pub fn i32_to_i64(x: Tensor<i32, 6>) -> Tensor<i64, 6> {
        x.cast::<i64>()
    }

    pub fn cast_in_the_middle(x: Tensor<f32, 6>) -> Tensor<f32, 6> {
        (x.floor().cast::<i32>() * 2).cast::<f32>() + 0.5
    }
}

mod tests {
    const THEME: &str = "cast";

    case!(f32_to_i32(x));
    case!(f32_to_i64(x));
    case!(f32_to_u8(x));
    case!(f32_to_bool(x));
    case!(f32_to_f64(x), f32_to_f64_grad(x, cot));
    case!(f64_to_f32(x), f64_to_f32_grad(x, cot));
    case!(through_f16(x));
    case!(through_bf16(x));
    case!(i32_to_f32(x));
    case!(u8_to_f32(x));
    case!(u8_to_f32_scaled(x));
    case!(bool_to_f32(a));
    case!(bool_to_i32(a));
    case!(i32_to_u8_wraps(x));
    case!(i64_to_i32_wraps(x));
    case!(u8_to_i8_wraps(x));
    case!(i32_to_i64(x));
    case!(cast_in_the_middle(x));
}
