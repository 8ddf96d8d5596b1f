//! The cases of `conv.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn conv2d(x: Tensor<f32, 1, 2, 4, 4>, m: Tensor<f32, 3, 2, 3, 3>) -> Tensor<f32, 1, 3, 2, 2> {
        x.conv2d(m)
    }

    pub fn conv2d_grad(x: Tensor<f32, 1, 2, 4, 4>, m: Tensor<f32, 3, 2, 3, 3>, cot: Tensor<f32, 1, 3, 2, 2>) -> (Tensor<f32, 1, 2, 4, 4>, Tensor<f32, 3, 2, 3, 3>) {
        let out = x.conv2d(m);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_one_channel(x: Tensor<f32, 2, 1, 5, 4>, m: Tensor<f32, 1, 1, 3, 2>) -> Tensor<f32, 2, 1, 3, 3> {
        x.conv2d(m)
    }

    pub fn conv2d_one_channel_grad(x: Tensor<f32, 2, 1, 5, 4>, m: Tensor<f32, 1, 1, 3, 2>, cot: Tensor<f32, 2, 1, 3, 3>) -> (Tensor<f32, 2, 1, 5, 4>, Tensor<f32, 1, 1, 3, 2>) {
        let out = x.conv2d(m);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_one_by_one(x: Tensor<f32, 2, 3, 3, 2>, m: Tensor<f32, 4, 3, 1, 1>) -> Tensor<f32, 2, 4, 3, 2> {
        x.conv2d(m)
    }

    pub fn conv2d_one_by_one_grad(x: Tensor<f32, 2, 3, 3, 2>, m: Tensor<f32, 4, 3, 1, 1>, cot: Tensor<f32, 2, 4, 3, 2>) -> (Tensor<f32, 2, 3, 3, 2>, Tensor<f32, 4, 3, 1, 1>) {
        let out = x.conv2d(m);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_padding(x: Tensor<f32, 2, 2, 3, 4>, m: Tensor<f32, 2, 2, 3, 3>) -> Tensor<f32, 2, 2, 3, 4> {
        x.conv2d(m, None, 1, 1)
    }

    pub fn conv2d_padding_grad(x: Tensor<f32, 2, 2, 3, 4>, m: Tensor<f32, 2, 2, 3, 3>, cot: Tensor<f32, 2, 2, 3, 4>) -> (Tensor<f32, 2, 2, 3, 4>, Tensor<f32, 2, 2, 3, 3>) {
        let out = x.conv2d(m, None, 1, 1);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_padding_pair(x: Tensor<f32, 1, 2, 3, 4>, m: Tensor<f32, 2, 2, 3, 2>) -> Tensor<f32, 1, 2, 5, 3> {
        x.conv2d(m, None, 1, [2, 0])
    }

    pub fn conv2d_padding_pair_grad(x: Tensor<f32, 1, 2, 3, 4>, m: Tensor<f32, 2, 2, 3, 2>, cot: Tensor<f32, 1, 2, 5, 3>) -> (Tensor<f32, 1, 2, 3, 4>, Tensor<f32, 2, 2, 3, 2>) {
        let out = x.conv2d(m, None, 1, [2, 0]);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_same_size_five(x: Tensor<f32, 1, 1, 4, 5>, m: Tensor<f32, 2, 1, 5, 5>) -> Tensor<f32, 1, 2, 4, 5> {
        x.conv2d(m, None, 1, 2)
    }

    pub fn conv2d_same_size_five_grad(x: Tensor<f32, 1, 1, 4, 5>, m: Tensor<f32, 2, 1, 5, 5>, cot: Tensor<f32, 1, 2, 4, 5>) -> (Tensor<f32, 1, 1, 4, 5>, Tensor<f32, 2, 1, 5, 5>) {
        let out = x.conv2d(m, None, 1, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_stride(x: Tensor<f32, 1, 2, 5, 5>, m: Tensor<f32, 2, 2, 3, 3>) -> Tensor<f32, 1, 2, 2, 2> {
        x.conv2d(m, None, 2)
    }

    pub fn conv2d_stride_grad(x: Tensor<f32, 1, 2, 5, 5>, m: Tensor<f32, 2, 2, 3, 3>, cot: Tensor<f32, 1, 2, 2, 2>) -> (Tensor<f32, 1, 2, 5, 5>, Tensor<f32, 2, 2, 3, 3>) {
        let out = x.conv2d(m, None, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_stride_even(x: Tensor<f32, 1, 2, 4, 6>, m: Tensor<f32, 2, 2, 3, 3>) -> Tensor<f32, 1, 2, 2, 3> {
        x.conv2d(m, None, 2, 1)
    }

    pub fn conv2d_stride_even_grad(x: Tensor<f32, 1, 2, 4, 6>, m: Tensor<f32, 2, 2, 3, 3>, cot: Tensor<f32, 1, 2, 2, 3>) -> (Tensor<f32, 1, 2, 4, 6>, Tensor<f32, 2, 2, 3, 3>) {
        let out = x.conv2d(m, None, 2, 1);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_stride_odd(x: Tensor<f32, 1, 2, 5, 3>, m: Tensor<f32, 2, 2, 3, 3>) -> Tensor<f32, 1, 2, 3, 2> {
        x.conv2d(m, None, 2, 1)
    }

    pub fn conv2d_stride_odd_grad(x: Tensor<f32, 1, 2, 5, 3>, m: Tensor<f32, 2, 2, 3, 3>, cot: Tensor<f32, 1, 2, 3, 2>) -> (Tensor<f32, 1, 2, 5, 3>, Tensor<f32, 2, 2, 3, 3>) {
        let out = x.conv2d(m, None, 2, 1);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_stride_pair(x: Tensor<f32, 1, 2, 3, 8>, m: Tensor<f32, 2, 2, 2, 4>) -> Tensor<f32, 1, 2, 2, 2> {
        x.conv2d(m, None, [1, 3])
    }

    pub fn conv2d_stride_pair_grad(x: Tensor<f32, 1, 2, 3, 8>, m: Tensor<f32, 2, 2, 2, 4>, cot: Tensor<f32, 1, 2, 2, 2>) -> (Tensor<f32, 1, 2, 3, 8>, Tensor<f32, 2, 2, 2, 4>) {
        let out = x.conv2d(m, None, [1, 3]);
        (out * cot).sum().grad((x, m))
    }
}

tensor_fn! {
    pub fn conv2d_stride_skips_rows(x: Tensor<f32, 1, 1, 8, 7>, m: Tensor<f32, 2, 1, 2, 2>) -> Tensor<f32, 1, 2, 3, 2> {
        x.conv2d(m, None, 3)
    }

    pub fn conv2d_stride_skips_rows_grad(x: Tensor<f32, 1, 1, 8, 7>, m: Tensor<f32, 2, 1, 2, 2>, cot: Tensor<f32, 1, 2, 3, 2>) -> (Tensor<f32, 1, 1, 8, 7>, Tensor<f32, 2, 1, 2, 2>) {
        let out = x.conv2d(m, None, 3);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_stride_leaves_rest(x: Tensor<f32, 1, 1, 7, 7>, m: Tensor<f32, 2, 1, 3, 2>) -> Tensor<f32, 1, 2, 2, 2> {
        x.conv2d(m, None, 3)
    }

    pub fn conv2d_stride_leaves_rest_grad(x: Tensor<f32, 1, 1, 7, 7>, m: Tensor<f32, 2, 1, 3, 2>, cot: Tensor<f32, 1, 2, 2, 2>) -> (Tensor<f32, 1, 1, 7, 7>, Tensor<f32, 2, 1, 3, 2>) {
        let out = x.conv2d(m, None, 3);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_one_by_one_stride(x: Tensor<f32, 1, 3, 4, 3>, m: Tensor<f32, 2, 3, 1, 1>) -> Tensor<f32, 1, 2, 2, 2> {
        x.conv2d(m, None, 2)
    }

    pub fn conv2d_one_by_one_stride_grad(x: Tensor<f32, 1, 3, 4, 3>, m: Tensor<f32, 2, 3, 1, 1>, cot: Tensor<f32, 1, 2, 2, 2>) -> (Tensor<f32, 1, 3, 4, 3>, Tensor<f32, 2, 3, 1, 1>) {
        let out = x.conv2d(m, None, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_patches(x: Tensor<f32, 1, 2, 4, 6>, m: Tensor<f32, 3, 2, 2, 2>) -> Tensor<f32, 1, 3, 2, 3> {
        x.conv2d(m, None, 2)
    }

    pub fn conv2d_patches_grad(x: Tensor<f32, 1, 2, 4, 6>, m: Tensor<f32, 3, 2, 2, 2>, cot: Tensor<f32, 1, 3, 2, 3>) -> (Tensor<f32, 1, 2, 4, 6>, Tensor<f32, 3, 2, 2, 2>) {
        let out = x.conv2d(m, None, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_dilation(x: Tensor<f32, 1, 2, 5, 5>, m: Tensor<f32, 2, 2, 3, 2>) -> Tensor<f32, 1, 2, 1, 3> {
        x.conv2d(m, None, 1, 0, 2)
    }

    pub fn conv2d_dilation_grad(x: Tensor<f32, 1, 2, 5, 5>, m: Tensor<f32, 2, 2, 3, 2>, cot: Tensor<f32, 1, 2, 1, 3>) -> (Tensor<f32, 1, 2, 5, 5>, Tensor<f32, 2, 2, 3, 2>) {
        let out = x.conv2d(m, None, 1, 0, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_dilation_padding(x: Tensor<f32, 1, 1, 4, 5>, m: Tensor<f32, 2, 1, 3, 3>) -> Tensor<f32, 1, 2, 4, 5> {
        x.conv2d(m, None, 1, 2, 2)
    }

    pub fn conv2d_dilation_padding_grad(x: Tensor<f32, 1, 1, 4, 5>, m: Tensor<f32, 2, 1, 3, 3>, cot: Tensor<f32, 1, 2, 4, 5>) -> (Tensor<f32, 1, 1, 4, 5>, Tensor<f32, 2, 1, 3, 3>) {
        let out = x.conv2d(m, None, 1, 2, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_dilation_stride(x: Tensor<f32, 1, 1, 6, 7>, m: Tensor<f32, 2, 1, 3, 3>) -> Tensor<f32, 1, 2, 2, 3> {
        x.conv2d(m, None, 2, 1, 2)
    }

    pub fn conv2d_dilation_stride_grad(x: Tensor<f32, 1, 1, 6, 7>, m: Tensor<f32, 2, 1, 3, 3>, cot: Tensor<f32, 1, 2, 2, 3>) -> (Tensor<f32, 1, 1, 6, 7>, Tensor<f32, 2, 1, 3, 3>) {
        let out = x.conv2d(m, None, 2, 1, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_dilation_three_stride_two(x: Tensor<f32, 1, 1, 8, 7>, m: Tensor<f32, 2, 1, 2, 3>) -> Tensor<f32, 1, 2, 4, 2> {
        x.conv2d(m, None, 2, 1, 3)
    }

    pub fn conv2d_dilation_three_stride_two_grad(x: Tensor<f32, 1, 1, 8, 7>, m: Tensor<f32, 2, 1, 2, 3>, cot: Tensor<f32, 1, 2, 4, 2>) -> (Tensor<f32, 1, 1, 8, 7>, Tensor<f32, 2, 1, 2, 3>) {
        let out = x.conv2d(m, None, 2, 1, 3);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_groups(x: Tensor<f32, 1, 4, 3, 4>, m: Tensor<f32, 4, 2, 2, 2>) -> Tensor<f32, 1, 4, 2, 3> {
        x.conv2d(m, None, 1, 0, 1, 2)
    }

    pub fn conv2d_groups_grad(x: Tensor<f32, 1, 4, 3, 4>, m: Tensor<f32, 4, 2, 2, 2>, cot: Tensor<f32, 1, 4, 2, 3>) -> (Tensor<f32, 1, 4, 3, 4>, Tensor<f32, 4, 2, 2, 2>) {
        let out = x.conv2d(m, None, 1, 0, 1, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_groups_padding(x: Tensor<f32, 1, 4, 3, 4>, m: Tensor<f32, 2, 2, 3, 3>) -> Tensor<f32, 1, 2, 2, 2> {
        x.conv2d(m, None, 2, 1, 1, 2)
    }

    pub fn conv2d_groups_padding_grad(x: Tensor<f32, 1, 4, 3, 4>, m: Tensor<f32, 2, 2, 3, 3>, cot: Tensor<f32, 1, 2, 2, 2>) -> (Tensor<f32, 1, 4, 3, 4>, Tensor<f32, 2, 2, 3, 3>) {
        let out = x.conv2d(m, None, 2, 1, 1, 2);
        (out * cot).sum().grad((x, m))
    }
}

tensor_fn! {
    pub fn conv2d_depthwise(x: Tensor<f32, 1, 3, 4, 3>, m: Tensor<f32, 3, 1, 3, 3>) -> Tensor<f32, 1, 3, 4, 3> {
        x.conv2d(m, None, 1, 1, 1, 3)
    }

    pub fn conv2d_depthwise_grad(x: Tensor<f32, 1, 3, 4, 3>, m: Tensor<f32, 3, 1, 3, 3>, cot: Tensor<f32, 1, 3, 4, 3>) -> (Tensor<f32, 1, 3, 4, 3>, Tensor<f32, 3, 1, 3, 3>) {
        let out = x.conv2d(m, None, 1, 1, 1, 3);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_depthwise_twice(x: Tensor<f32, 1, 3, 3, 3>, m: Tensor<f32, 6, 1, 2, 2>) -> Tensor<f32, 1, 6, 2, 2> {
        x.conv2d(m, None, 1, 0, 1, 3)
    }

    pub fn conv2d_depthwise_twice_grad(x: Tensor<f32, 1, 3, 3, 3>, m: Tensor<f32, 6, 1, 2, 2>, cot: Tensor<f32, 1, 6, 2, 2>) -> (Tensor<f32, 1, 3, 3, 3>, Tensor<f32, 6, 1, 2, 2>) {
        let out = x.conv2d(m, None, 1, 0, 1, 3);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv2d_whole(x: Tensor<f32, 2, 2, 3, 3>, m: Tensor<f32, 2, 2, 3, 3>) -> Tensor<f32, 2, 2, 1, 1> {
        x.conv2d(m)
    }

    pub fn conv2d_whole_grad(x: Tensor<f32, 2, 2, 3, 3>, m: Tensor<f32, 2, 2, 3, 3>, cot: Tensor<f32, 2, 2, 1, 1>) -> (Tensor<f32, 2, 2, 3, 3>, Tensor<f32, 2, 2, 3, 3>) {
        let out = x.conv2d(m);
        (out * cot).sum().grad((x, m))
    }

    pub fn winograd_padding(x: Tensor<f32, 1, 2, 7, 4>, m: Tensor<f32, 2, 2, 9, 5>) -> Tensor<f32, 1, 2, 1, 4> {
        x.conv2d_winograd(m, None, [1, 2])
    }

    pub fn winograd_groups(x: Tensor<f32, 1, 2, 2, 8>, m: Tensor<f32, 2, 1, 17, 5>) -> Tensor<f32, 1, 2, 2, 4> {
        x.conv2d_winograd(m, None, [8, 0], 2)
    }

    pub fn winograd_one_tap(x: Tensor<f32, 1, 2, 3, 4>, m: Tensor<f32, 2, 2, 2, 1>) -> Tensor<f32, 1, 2, 2, 4> {
        x.conv2d_winograd(m)
    }

    pub fn winograd_eight(x: Tensor<f32, 1, 1, 2, 10>, m: Tensor<f32, 1, 1, 2, 8>) -> Tensor<f32, 1, 1, 1, 3> {
        x.conv2d_winograd(m)
    }

    pub fn winograd_bias_f64(x: Tensor<f64, 1, 2, 9, 8>, m: Tensor<f64, 2, 2, 9, 5>, b: Tensor<f64, 2>) -> Tensor<f64, 1, 2, 1, 4> {
        x.conv2d_winograd(m, b)
    }

    pub fn winograd_bias_f64_grad(x: Tensor<f64, 1, 2, 9, 8>, m: Tensor<f64, 2, 2, 9, 5>, b: Tensor<f64, 2>, cot: Tensor<f64, 1, 2, 1, 4>) -> (Tensor<f64, 1, 2, 9, 8>, Tensor<f64, 2, 2, 9, 5>, Tensor<f64, 2>) {
        let out = x.conv2d_winograd(m, b);
        (out * cot).sum().grad((x, m, b))
    }

    pub fn conv2d_bias(x: Tensor<f32, 2, 2, 3, 3>, m: Tensor<f32, 3, 2, 2, 2>, b: Tensor<f32, 3>) -> Tensor<f32, 2, 3, 2, 2> {
        x.conv2d(m, b)
    }

    pub fn conv2d_bias_grad(x: Tensor<f32, 2, 2, 3, 3>, m: Tensor<f32, 3, 2, 2, 2>, b: Tensor<f32, 3>, cot: Tensor<f32, 2, 3, 2, 2>) -> (Tensor<f32, 2, 2, 3, 3>, Tensor<f32, 3, 2, 2, 2>, Tensor<f32, 3>) {
        let out = x.conv2d(m, b);
        (out * cot).sum().grad((x, m, b))
    }

    pub fn conv2d_bias_stride_padding(x: Tensor<f32, 1, 2, 4, 4>, m: Tensor<f32, 3, 2, 3, 3>, b: Tensor<f32, 3>) -> Tensor<f32, 1, 3, 2, 2> {
        x.conv2d(m, b, 2, 1)
    }

    pub fn conv2d_bias_stride_padding_grad(x: Tensor<f32, 1, 2, 4, 4>, m: Tensor<f32, 3, 2, 3, 3>, b: Tensor<f32, 3>, cot: Tensor<f32, 1, 3, 2, 2>) -> (Tensor<f32, 1, 2, 4, 4>, Tensor<f32, 3, 2, 3, 3>, Tensor<f32, 3>) {
        let out = x.conv2d(m, b, 2, 1);
        (out * cot).sum().grad((x, m, b))
    }
}

tensor_fn! {
    pub fn conv2d_twice(x: Tensor<f32, 1, 1, 4, 4>, m: Tensor<f32, 2, 1, 3, 3>, n: Tensor<f32, 2, 2, 2, 2>) -> Tensor<f32, 1, 2, 2, 2> {
        x.conv2d(m, None, 1, 1).relu().conv2d(n, None, 2)
    }

    pub fn conv2d_twice_grad(x: Tensor<f32, 1, 1, 4, 4>, m: Tensor<f32, 2, 1, 3, 3>, n: Tensor<f32, 2, 2, 2, 2>, cot: Tensor<f32, 1, 2, 2, 2>) -> (Tensor<f32, 1, 1, 4, 4>, Tensor<f32, 2, 1, 3, 3>, Tensor<f32, 2, 2, 2, 2>) {
        let out = x.conv2d(m, None, 1, 1).relu().conv2d(n, None, 2);
        (out * cot).sum().grad((x, m, n))
    }

    pub fn conv2d_int(x: Tensor<i32, 1, 2, 3, 3>, m: Tensor<i32, 2, 2, 2, 2>) -> Tensor<i32, 1, 2, 2, 2> {
        x.conv2d(m)
    }

    pub fn conv2d_f64(x: Tensor<f64, 1, 2, 4, 3>, m: Tensor<f64, 2, 2, 3, 3>) -> Tensor<f64, 1, 2, 2, 2> {
        x.conv2d(m, None, 2, 1)
    }

    pub fn conv2d_f64_grad(x: Tensor<f64, 1, 2, 4, 3>, m: Tensor<f64, 2, 2, 3, 3>, cot: Tensor<f64, 1, 2, 2, 2>) -> (Tensor<f64, 1, 2, 4, 3>, Tensor<f64, 2, 2, 3, 3>) {
        let out = x.conv2d(m, None, 2, 1);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv1d(x: Tensor<f32, 2, 2, 6>, m: Tensor<f32, 3, 2, 3>) -> Tensor<f32, 2, 3, 4> {
        x.conv1d(m)
    }

    pub fn conv1d_grad(x: Tensor<f32, 2, 2, 6>, m: Tensor<f32, 3, 2, 3>, cot: Tensor<f32, 2, 3, 4>) -> (Tensor<f32, 2, 2, 6>, Tensor<f32, 3, 2, 3>) {
        let out = x.conv1d(m);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv1d_stride_padding(x: Tensor<f32, 2, 2, 7>, m: Tensor<f32, 2, 2, 4>) -> Tensor<f32, 2, 2, 3> {
        x.conv1d(m, None, 2, 1)
    }

    pub fn conv1d_stride_padding_grad(x: Tensor<f32, 2, 2, 7>, m: Tensor<f32, 2, 2, 4>, cot: Tensor<f32, 2, 2, 3>) -> (Tensor<f32, 2, 2, 7>, Tensor<f32, 2, 2, 4>) {
        let out = x.conv1d(m, None, 2, 1);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv1d_dilation_groups(x: Tensor<f32, 1, 4, 6>, m: Tensor<f32, 2, 2, 3>) -> Tensor<f32, 1, 2, 6> {
        x.conv1d(m, None, 1, 2, 2, 2)
    }

    pub fn conv1d_dilation_groups_grad(x: Tensor<f32, 1, 4, 6>, m: Tensor<f32, 2, 2, 3>, cot: Tensor<f32, 1, 2, 6>) -> (Tensor<f32, 1, 4, 6>, Tensor<f32, 2, 2, 3>) {
        let out = x.conv1d(m, None, 1, 2, 2, 2);
        (out * cot).sum().grad((x, m))
    }

    pub fn conv1d_bias(x: Tensor<f32, 2, 2, 5>, m: Tensor<f32, 3, 2, 2>, b: Tensor<f32, 3>) -> Tensor<f32, 2, 3, 4> {
        x.conv1d(m, b)
    }

    pub fn conv1d_bias_grad(x: Tensor<f32, 2, 2, 5>, m: Tensor<f32, 3, 2, 2>, b: Tensor<f32, 3>, cot: Tensor<f32, 2, 3, 4>) -> (Tensor<f32, 2, 2, 5>, Tensor<f32, 3, 2, 2>, Tensor<f32, 3>) {
        let out = x.conv1d(m, b);
        (out * cot).sum().grad((x, m, b))
    }

    pub fn windows(x: Tensor<f32, 2, 5>) -> Tensor<f32, 2, 3, 3> {
        x.windows([3])
    }

    pub fn windows_grad(x: Tensor<f32, 2, 5>, cot: Tensor<f32, 2, 3, 3>) -> Tensor<f32, 2, 5> {
        let out = x.windows([3]);
        (out * cot).sum().grad(x)
    }

    pub fn windows_stride(x: Tensor<f32, 5, 6>) -> Tensor<f32, 2, 3, 3, 2> {
        x.windows([3, 2], 2)
    }

    pub fn windows_stride_grad(x: Tensor<f32, 5, 6>, cot: Tensor<f32, 2, 3, 3, 2>) -> Tensor<f32, 5, 6> {
        let out = x.windows([3, 2], 2);
        (out * cot).sum().grad(x)
    }

    pub fn windows_dilation(x: Tensor<f32, 2, 6>) -> Tensor<f32, 2, 3, 2> {
        x.windows([2], 1, 3)
    }

    pub fn windows_dilation_grad(x: Tensor<f32, 2, 6>, cot: Tensor<f32, 2, 3, 2>) -> Tensor<f32, 2, 6> {
        let out = x.windows([2], 1, 3);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn windows_squared(x: Tensor<f32, 3, 4>) -> Tensor<f32, 2, 3> {
        (x.windows([2, 2]) * x.windows([2, 2])).sum([-2, -1])
    }

    pub fn windows_squared_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 2, 3>) -> Tensor<f32, 3, 4> {
        let out = (x.windows([2, 2]) * x.windows([2, 2])).sum([-2, -1]);
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "conv";

    case!(conv2d(x, m), conv2d_grad(x, m, cot));
    case!(conv2d_one_channel(x, m), conv2d_one_channel_grad(x, m, cot));
    case!(conv2d_one_by_one(x, m), conv2d_one_by_one_grad(x, m, cot));
    case!(conv2d_padding(x, m), conv2d_padding_grad(x, m, cot));
    case!(conv2d_padding_pair(x, m), conv2d_padding_pair_grad(x, m, cot));
    case!(conv2d_same_size_five(x, m), conv2d_same_size_five_grad(x, m, cot));
    case!(conv2d_stride(x, m), conv2d_stride_grad(x, m, cot));
    case!(conv2d_stride_even(x, m), conv2d_stride_even_grad(x, m, cot));
    case!(conv2d_stride_odd(x, m), conv2d_stride_odd_grad(x, m, cot));
    case!(conv2d_stride_pair(x, m), conv2d_stride_pair_grad(x, m, cot));
    case!(conv2d_stride_skips_rows(x, m), conv2d_stride_skips_rows_grad(x, m, cot));
    case!(conv2d_stride_leaves_rest(x, m), conv2d_stride_leaves_rest_grad(x, m, cot));
    case!(conv2d_one_by_one_stride(x, m), conv2d_one_by_one_stride_grad(x, m, cot));
    case!(conv2d_patches(x, m), conv2d_patches_grad(x, m, cot));
    case!(conv2d_dilation(x, m), conv2d_dilation_grad(x, m, cot));
    case!(conv2d_dilation_padding(x, m), conv2d_dilation_padding_grad(x, m, cot));
    case!(conv2d_dilation_stride(x, m), conv2d_dilation_stride_grad(x, m, cot));
    case!(conv2d_dilation_three_stride_two(x, m), conv2d_dilation_three_stride_two_grad(x, m, cot));
    case!(conv2d_groups(x, m), conv2d_groups_grad(x, m, cot));
    case!(conv2d_groups_padding(x, m), conv2d_groups_padding_grad(x, m, cot));
    case!(conv2d_depthwise(x, m), conv2d_depthwise_grad(x, m, cot));
    case!(conv2d_depthwise_twice(x, m), conv2d_depthwise_twice_grad(x, m, cot));
    case!(conv2d_whole(x, m), conv2d_whole_grad(x, m, cot));
    case!(winograd_padding(x, m));
    case!(winograd_groups(x, m));
    case!(winograd_one_tap(x, m));
    case!(winograd_eight(x, m));
    case!(winograd_bias_f64(x, m, b), winograd_bias_f64_grad(x, m, b, cot));
    case!(conv2d_bias(x, m, b), conv2d_bias_grad(x, m, b, cot));
    case!(conv2d_bias_stride_padding(x, m, b), conv2d_bias_stride_padding_grad(x, m, b, cot));
    case!(conv2d_twice(x, m, n), conv2d_twice_grad(x, m, n, cot));
    case!(conv2d_int(x, m));
    case!(conv2d_f64(x, m), conv2d_f64_grad(x, m, cot));
    case!(conv1d(x, m), conv1d_grad(x, m, cot));
    case!(conv1d_stride_padding(x, m), conv1d_stride_padding_grad(x, m, cot));
    case!(conv1d_dilation_groups(x, m), conv1d_dilation_groups_grad(x, m, cot));
    case!(conv1d_bias(x, m, b), conv1d_bias_grad(x, m, b, cot));
    case!(windows(x), windows_grad(x, cot));
    case!(windows_stride(x), windows_stride_grad(x, cot));
    case!(windows_dilation(x), windows_dilation_grad(x, cot));
    case!(windows_squared(x), windows_squared_grad(x, cot));
}
