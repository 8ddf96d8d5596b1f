//! The cases of `pool.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn max_pool_two(x: Tensor<f32, 1, 2, 4, 6>) -> Tensor<f32, 1, 2, 2, 3> {
        x.max_pool2d(2)
    }

    pub fn max_pool_two_grad(x: Tensor<f32, 1, 2, 4, 6>, cot: Tensor<f32, 1, 2, 2, 3>) -> Tensor<f32, 1, 2, 4, 6> {
        let out = x.max_pool2d(2);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_two(x: Tensor<f32, 1, 2, 4, 6>) -> Tensor<f32, 1, 2, 2, 3> {
        x.avg_pool2d(2)
    }

    pub fn avg_pool_two_grad(x: Tensor<f32, 1, 2, 4, 6>, cot: Tensor<f32, 1, 2, 2, 3>) -> Tensor<f32, 1, 2, 4, 6> {
        let out = x.avg_pool2d(2);
        (out * cot).sum().grad(x)
    }

    pub fn max_pool_pair(x: Tensor<f32, 2, 1, 4, 6>) -> Tensor<f32, 2, 1, 2, 2> {
        x.max_pool2d([2, 3])
    }

    pub fn max_pool_pair_grad(x: Tensor<f32, 2, 1, 4, 6>, cot: Tensor<f32, 2, 1, 2, 2>) -> Tensor<f32, 2, 1, 4, 6> {
        let out = x.max_pool2d([2, 3]);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_pair(x: Tensor<f32, 2, 1, 4, 6>) -> Tensor<f32, 2, 1, 2, 2> {
        x.avg_pool2d([2, 3])
    }

    pub fn avg_pool_pair_grad(x: Tensor<f32, 2, 1, 4, 6>, cot: Tensor<f32, 2, 1, 2, 2>) -> Tensor<f32, 2, 1, 4, 6> {
        let out = x.avg_pool2d([2, 3]);
        (out * cot).sum().grad(x)
    }

    pub fn max_pool_rest(x: Tensor<f32, 1, 2, 5, 3>) -> Tensor<f32, 1, 2, 2, 1> {
        x.max_pool2d(2)
    }

    pub fn max_pool_rest_grad(x: Tensor<f32, 1, 2, 5, 3>, cot: Tensor<f32, 1, 2, 2, 1>) -> Tensor<f32, 1, 2, 5, 3> {
        let out = x.max_pool2d(2);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_rest(x: Tensor<f32, 1, 2, 5, 3>) -> Tensor<f32, 1, 2, 2, 1> {
        x.avg_pool2d(2)
    }

    pub fn avg_pool_rest_grad(x: Tensor<f32, 1, 2, 5, 3>, cot: Tensor<f32, 1, 2, 2, 1>) -> Tensor<f32, 1, 2, 5, 3> {
        let out = x.avg_pool2d(2);
        (out * cot).sum().grad(x)
    }

    pub fn max_pool_overlapping(x: Tensor<f32, 1, 1, 4, 5>) -> Tensor<f32, 1, 1, 2, 3> {
        x.max_pool2d(3, 1)
    }

    pub fn max_pool_overlapping_grad(x: Tensor<f32, 1, 1, 4, 5>, cot: Tensor<f32, 1, 1, 2, 3>) -> Tensor<f32, 1, 1, 4, 5> {
        let out = x.max_pool2d(3, 1);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_overlapping(x: Tensor<f32, 1, 1, 4, 5>) -> Tensor<f32, 1, 1, 2, 3> {
        x.avg_pool2d(3, 1)
    }

    pub fn avg_pool_overlapping_grad(x: Tensor<f32, 1, 1, 4, 5>, cot: Tensor<f32, 1, 1, 2, 3>) -> Tensor<f32, 1, 1, 4, 5> {
        let out = x.avg_pool2d(3, 1);
        (out * cot).sum().grad(x)
    }

    pub fn max_pool_stride(x: Tensor<f32, 1, 2, 5, 5>) -> Tensor<f32, 1, 2, 2, 2> {
        x.max_pool2d(3, 2)
    }

    pub fn max_pool_stride_grad(x: Tensor<f32, 1, 2, 5, 5>, cot: Tensor<f32, 1, 2, 2, 2>) -> Tensor<f32, 1, 2, 5, 5> {
        let out = x.max_pool2d(3, 2);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_stride(x: Tensor<f32, 1, 2, 5, 5>) -> Tensor<f32, 1, 2, 2, 2> {
        x.avg_pool2d(3, 2)
    }

    pub fn avg_pool_stride_grad(x: Tensor<f32, 1, 2, 5, 5>, cot: Tensor<f32, 1, 2, 2, 2>) -> Tensor<f32, 1, 2, 5, 5> {
        let out = x.avg_pool2d(3, 2);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn max_pool_padding(x: Tensor<f32, 1, 2, 4, 5>) -> Tensor<f32, 1, 2, 2, 3> {
        x.max_pool2d(3, 2, 1)
    }

    pub fn max_pool_padding_grad(x: Tensor<f32, 1, 2, 4, 5>, cot: Tensor<f32, 1, 2, 2, 3>) -> Tensor<f32, 1, 2, 4, 5> {
        let out = x.max_pool2d(3, 2, 1);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_padding(x: Tensor<f32, 1, 2, 4, 5>) -> Tensor<f32, 1, 2, 2, 3> {
        x.avg_pool2d(3, 2, 1)
    }

    pub fn avg_pool_padding_grad(x: Tensor<f32, 1, 2, 4, 5>, cot: Tensor<f32, 1, 2, 2, 3>) -> Tensor<f32, 1, 2, 4, 5> {
        let out = x.avg_pool2d(3, 2, 1);
        (out * cot).sum().grad(x)
    }

    pub fn max_pool_padding_pair(x: Tensor<f32, 1, 1, 4, 4>) -> Tensor<f32, 1, 1, 3, 4> {
        x.max_pool2d([2, 3], 1, [0, 1])
    }

    pub fn max_pool_padding_pair_grad(x: Tensor<f32, 1, 1, 4, 4>, cot: Tensor<f32, 1, 1, 3, 4>) -> Tensor<f32, 1, 1, 4, 4> {
        let out = x.max_pool2d([2, 3], 1, [0, 1]);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_padding_pair(x: Tensor<f32, 1, 1, 4, 4>) -> Tensor<f32, 1, 1, 3, 4> {
        x.avg_pool2d([2, 3], 1, [0, 1])
    }

    pub fn avg_pool_padding_pair_grad(x: Tensor<f32, 1, 1, 4, 4>, cot: Tensor<f32, 1, 1, 3, 4>) -> Tensor<f32, 1, 1, 4, 4> {
        let out = x.avg_pool2d([2, 3], 1, [0, 1]);
        (out * cot).sum().grad(x)
    }

    pub fn max_pool_apart(x: Tensor<f32, 1, 1, 5, 4>) -> Tensor<f32, 1, 1, 3, 2> {
        x.max_pool2d(1, 2)
    }

    pub fn max_pool_apart_grad(x: Tensor<f32, 1, 1, 5, 4>, cot: Tensor<f32, 1, 1, 3, 2>) -> Tensor<f32, 1, 1, 5, 4> {
        let out = x.max_pool2d(1, 2);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_apart(x: Tensor<f32, 1, 1, 5, 4>) -> Tensor<f32, 1, 1, 3, 2> {
        x.avg_pool2d(1, 2)
    }

    pub fn avg_pool_apart_grad(x: Tensor<f32, 1, 1, 5, 4>, cot: Tensor<f32, 1, 1, 3, 2>) -> Tensor<f32, 1, 1, 5, 4> {
        let out = x.avg_pool2d(1, 2);
        (out * cot).sum().grad(x)
    }

    pub fn max_pool_all(x: Tensor<f32, 2, 2, 4, 3>) -> Tensor<f32, 2, 2, 1, 1> {
        x.max_pool2d([4, 3])
    }

    pub fn max_pool_all_grad(x: Tensor<f32, 2, 2, 4, 3>, cot: Tensor<f32, 2, 2, 1, 1>) -> Tensor<f32, 2, 2, 4, 3> {
        let out = x.max_pool2d([4, 3]);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_all(x: Tensor<f32, 2, 2, 4, 3>) -> Tensor<f32, 2, 2, 1, 1> {
        x.avg_pool2d([4, 3])
    }

    pub fn avg_pool_all_grad(x: Tensor<f32, 2, 2, 4, 3>, cot: Tensor<f32, 2, 2, 1, 1>) -> Tensor<f32, 2, 2, 4, 3> {
        let out = x.avg_pool2d([4, 3]);
        (out * cot).sum().grad(x)
    }

    pub fn max_pool_image(x: Tensor<f32, 1, 4, 6>) -> Tensor<f32, 1, 2, 3> {
        x.max_pool2d(2)
    }

    pub fn max_pool_image_grad(x: Tensor<f32, 1, 4, 6>, cot: Tensor<f32, 1, 2, 3>) -> Tensor<f32, 1, 4, 6> {
        let out = x.max_pool2d(2);
        (out * cot).sum().grad(x)
    }

    pub fn avg_pool_image(x: Tensor<f32, 1, 4, 6>) -> Tensor<f32, 1, 2, 3> {
        x.avg_pool2d(2)
    }

    pub fn avg_pool_image_grad(x: Tensor<f32, 1, 4, 6>, cot: Tensor<f32, 1, 2, 3>) -> Tensor<f32, 1, 4, 6> {
        let out = x.avg_pool2d(2);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn max_pool_int(x: Tensor<i32, 1, 1, 4, 4>) -> Tensor<i32, 1, 1, 3, 3> {
        x.max_pool2d(2, 2, 1)
    }

    pub fn convnet(x: Tensor<f32, 2, 1, 4, 4>, m: Tensor<f32, 2, 1, 3, 3>, b: Tensor<f32, 2>, n: Tensor<f32, 8, 3>, y: Tensor<i64, 2>) -> Tensor<f32> {
        x.conv2d(m, b, 1, 1).relu().max_pool2d(2).flatten_from(1).matmul(n).cross_entropy(y)
    }

    pub fn convnet_grad(x: Tensor<f32, 2, 1, 4, 4>, m: Tensor<f32, 2, 1, 3, 3>, b: Tensor<f32, 2>, n: Tensor<f32, 8, 3>, y: Tensor<i64, 2>, cot: Tensor<f32>) -> (Tensor<f32, 2, 1, 4, 4>, Tensor<f32, 2, 1, 3, 3>, Tensor<f32, 2>, Tensor<f32, 8, 3>) {
        let out = x.conv2d(m, b, 1, 1).relu().max_pool2d(2).flatten_from(1).matmul(n).cross_entropy(y);
        (out * cot).sum().grad((x, m, b, n))
    }
}

mod tests {
    const THEME: &str = "pool";

    case!(max_pool_two(x), max_pool_two_grad(x, cot));
    case!(avg_pool_two(x), avg_pool_two_grad(x, cot));
    case!(max_pool_pair(x), max_pool_pair_grad(x, cot));
    case!(avg_pool_pair(x), avg_pool_pair_grad(x, cot));
    case!(max_pool_rest(x), max_pool_rest_grad(x, cot));
    case!(avg_pool_rest(x), avg_pool_rest_grad(x, cot));
    case!(max_pool_overlapping(x), max_pool_overlapping_grad(x, cot));
    case!(avg_pool_overlapping(x), avg_pool_overlapping_grad(x, cot));
    case!(max_pool_stride(x), max_pool_stride_grad(x, cot));
    case!(avg_pool_stride(x), avg_pool_stride_grad(x, cot));
    case!(max_pool_padding(x), max_pool_padding_grad(x, cot));
    case!(avg_pool_padding(x), avg_pool_padding_grad(x, cot));
    case!(max_pool_padding_pair(x), max_pool_padding_pair_grad(x, cot));
    case!(avg_pool_padding_pair(x), avg_pool_padding_pair_grad(x, cot));
    case!(max_pool_apart(x), max_pool_apart_grad(x, cot));
    case!(avg_pool_apart(x), avg_pool_apart_grad(x, cot));
    case!(max_pool_all(x), max_pool_all_grad(x, cot));
    case!(avg_pool_all(x), avg_pool_all_grad(x, cot));
    case!(max_pool_image(x), max_pool_image_grad(x, cot));
    case!(avg_pool_image(x), avg_pool_image_grad(x, cot));
    case!(max_pool_int(x));
    case!(convnet(x, m, b, n, y), convnet_grad(x, m, b, n, y, cot));
}
