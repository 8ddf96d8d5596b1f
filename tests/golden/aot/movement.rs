//! The cases of `movement.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn reshape(x: Tensor<f32, 3, 4>) -> Tensor<f32, 2, 6> {
        x.reshape([2, 6])
    }

    pub fn reshape_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 2, 6>) -> Tensor<f32, 3, 4> {
        let out = x.reshape([2, 6]);
        (out * cot).sum().grad(x)
    }

    pub fn reshape_rank_up(x: Tensor<f32, 4, 3>) -> Tensor<f32, 2, 1, 3, 2> {
        x.reshape([2, 1, 3, 2])
    }

    pub fn reshape_rank_up_grad(x: Tensor<f32, 4, 3>, cot: Tensor<f32, 2, 1, 3, 2>) -> Tensor<f32, 4, 3> {
        let out = x.reshape([2, 1, 3, 2]);
        (out * cot).sum().grad(x)
    }

    pub fn permute(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 3, 2, 4> {
        x.permute([1, 0, 2])
    }

    pub fn permute_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 3, 2, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.permute([1, 0, 2]);
        (out * cot).sum().grad(x)
    }

    pub fn permute_rotate(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 4, 2, 3> {
        x.permute([2, 0, 1])
    }

    pub fn permute_rotate_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 4, 2, 3>) -> Tensor<f32, 2, 3, 4> {
        let out = x.permute([2, 0, 1]);
        (out * cot).sum().grad(x)
    }

    pub fn permute_reshape(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 8, 3> {
        x.permute([2, 0, 1]).reshape([8, 3])
    }

    pub fn permute_reshape_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 8, 3>) -> Tensor<f32, 2, 3, 4> {
        let out = x.permute([2, 0, 1]).reshape([8, 3]);
        (out * cot).sum().grad(x)
    }

    pub fn transpose(x: Tensor<f32, 3, 4>) -> Tensor<f32, 4, 3> {
        x.transpose(0, 1)
    }

    pub fn transpose_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 4, 3>) -> Tensor<f32, 3, 4> {
        let out = x.transpose(0, 1);
        (out * cot).sum().grad(x)
    }

    pub fn transpose_ends(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 4, 3, 2> {
        x.transpose(0, 2)
    }

    pub fn transpose_ends_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 4, 3, 2>) -> Tensor<f32, 2, 3, 4> {
        let out = x.transpose(0, 2);
        (out * cot).sum().grad(x)
    }

    pub fn t(x: Tensor<f32, 3, 4>) -> Tensor<f32, 4, 3> {
        x.t()
    }

    pub fn t_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 4, 3>) -> Tensor<f32, 3, 4> {
        let out = x.t();
        (out * cot).sum().grad(x)
    }

    pub fn expand(x: Tensor<f32, 1, 3>) -> Tensor<f32, 4, 3> {
        x.expand([4, 3])
    }

    pub fn expand_grad(x: Tensor<f32, 1, 3>, cot: Tensor<f32, 4, 3>) -> Tensor<f32, 1, 3> {
        let out = x.expand([4, 3]);
        (out * cot).sum().grad(x)
    }

    pub fn expand_column(x: Tensor<f32, 2, 1, 4>) -> Tensor<f32, 2, 3, 4> {
        x.expand([2, 3, 4])
    }

    pub fn expand_column_grad(x: Tensor<f32, 2, 1, 4>, cot: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 1, 4> {
        let out = x.expand([2, 3, 4]);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn pad(x: Tensor<f32, 3, 2>) -> Tensor<f32, 6, 3> {
        x.pad([(1, 2), (0, 1)])
    }

    pub fn pad_grad(x: Tensor<f32, 3, 2>, cot: Tensor<f32, 6, 3>) -> Tensor<f32, 3, 2> {
        let out = x.pad([(1, 2), (0, 1)]);
        (out * cot).sum().grad(x)
    }

    pub fn pad_with(x: Tensor<f32, 3, 2>) -> Tensor<f32, 6, 3> {
        x.pad_with([(1, 2), (0, 1)], 3.0)
    }

    pub fn pad_with_grad(x: Tensor<f32, 3, 2>, cot: Tensor<f32, 6, 3>) -> Tensor<f32, 3, 2> {
        let out = x.pad_with([(1, 2), (0, 1)], 3.0);
        (out * cot).sum().grad(x)
    }

    pub fn pad_reshape(x: Tensor<f32, 3, 2>) -> Tensor<f32, 20> {
        x.pad([(1, 1), (1, 1)]).reshape([20])
    }

    pub fn pad_reshape_grad(x: Tensor<f32, 3, 2>, cot: Tensor<f32, 20>) -> Tensor<f32, 3, 2> {
        let out = x.pad([(1, 1), (1, 1)]).reshape([20]);
        (out * cot).sum().grad(x)
    }

    pub fn pad_exp(x: Tensor<f32, 2, 3>) -> Tensor<f32, 3, 4> {
        x.pad([(0, 1), (1, 0)]).exp()
    }

    pub fn pad_exp_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 2, 3> {
        let out = x.pad([(0, 1), (1, 0)]).exp();
        (out * cot).sum().grad(x)
    }

    pub fn shrink(x: Tensor<f32, 4, 3>) -> Tensor<f32, 2, 2> {
        x.shrink([(1, 3), (0, 2)])
    }

    pub fn shrink_grad(x: Tensor<f32, 4, 3>, cot: Tensor<f32, 2, 2>) -> Tensor<f32, 4, 3> {
        let out = x.shrink([(1, 3), (0, 2)]);
        (out * cot).sum().grad(x)
    }

    pub fn flip(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.flip([0, 1])
    }

    pub fn flip_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.flip([0, 1]);
        (out * cot).sum().grad(x)
    }

    pub fn flip_middle(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        x.flip([1])
    }

    pub fn flip_middle_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.flip([1]);
        (out * cot).sum().grad(x)
    }

    pub fn flip_pad(x: Tensor<f32, 3, 2>) -> Tensor<f32, 4, 5> {
        x.reshape([2, 3]).flip([0]).pad([(1, 1), (1, 1)])
    }

    pub fn flip_pad_grad(x: Tensor<f32, 3, 2>, cot: Tensor<f32, 4, 5>) -> Tensor<f32, 3, 2> {
        let out = x.reshape([2, 3]).flip([0]).pad([(1, 1), (1, 1)]);
        (out * cot).sum().grad(x)
    }

    pub fn slice(x: Tensor<f32, 4, 3>) -> Tensor<f32, 3, 2> {
        x.slice([(1, 4, 1), (0, 2, 1)])
    }

    pub fn slice_grad(x: Tensor<f32, 4, 3>, cot: Tensor<f32, 3, 2>) -> Tensor<f32, 4, 3> {
        let out = x.slice([(1, 4, 1), (0, 2, 1)]);
        (out * cot).sum().grad(x)
    }

    pub fn slice_stride(x: Tensor<f32, 4, 3>) -> Tensor<f32, 2, 2> {
        x.slice([(0, 4, 2), (1, 3, 1)])
    }

    pub fn slice_stride_grad(x: Tensor<f32, 4, 3>, cot: Tensor<f32, 2, 2>) -> Tensor<f32, 4, 3> {
        let out = x.slice([(0, 4, 2), (1, 3, 1)]);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn slice_stride_uneven(x: Tensor<f32, 8>) -> Tensor<f32, 3> {
        x.slice([(1, 8, 3)])
    }

    pub fn slice_stride_uneven_grad(x: Tensor<f32, 8>, cot: Tensor<f32, 3>) -> Tensor<f32, 8> {
        let out = x.slice([(1, 8, 3)]);
        (out * cot).sum().grad(x)
    }

    pub fn cat_columns(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 4>) -> Tensor<f32, 2, 7> {
        cat([x, y], 1)
    }

    pub fn cat_columns_grad(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 4>, cot: Tensor<f32, 2, 7>) -> (Tensor<f32, 2, 3>, Tensor<f32, 2, 4>) {
        let out = cat([x, y], 1);
        (out * cot).sum().grad((x, y))
    }

    pub fn cat_rows(x: Tensor<f32, 2, 3>, y: Tensor<f32, 1, 3>) -> Tensor<f32, 5, 3> {
        cat([x, y, x], 0)
    }

    pub fn cat_rows_grad(x: Tensor<f32, 2, 3>, y: Tensor<f32, 1, 3>, cot: Tensor<f32, 5, 3>) -> (Tensor<f32, 2, 3>, Tensor<f32, 1, 3>) {
        let out = cat([x, y, x], 0);
        (out * cot).sum().grad((x, y))
    }

    pub fn stack_first(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 2, 3> {
        stack([x, y], 0)
    }

    pub fn stack_first_grad(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>, cot: Tensor<f32, 2, 2, 3>) -> (Tensor<f32, 2, 3>, Tensor<f32, 2, 3>) {
        let out = stack([x, y], 0);
        (out * cot).sum().grad((x, y))
    }

    pub fn stack_last(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3, 2> {
        stack([x, y], -1)
    }

    pub fn stack_last_grad(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>, cot: Tensor<f32, 2, 3, 2>) -> (Tensor<f32, 2, 3>, Tensor<f32, 2, 3>) {
        let out = stack([x, y], -1);
        (out * cot).sum().grad((x, y))
    }

    pub fn squeeze(x: Tensor<f32, 3, 1, 4>) -> Tensor<f32, 3, 4> {
        x.squeeze(1)
    }

    pub fn squeeze_grad(x: Tensor<f32, 3, 1, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 1, 4> {
        let out = x.squeeze(1);
        (out * cot).sum().grad(x)
    }

    pub fn unsqueeze(x: Tensor<f32, 3, 4>) -> Tensor<f32, 1, 3, 4> {
        x.unsqueeze(0)
    }

    pub fn unsqueeze_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 1, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.unsqueeze(0);
        (out * cot).sum().grad(x)
    }

    pub fn unsqueeze_last(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4, 1> {
        x.unsqueeze(-1)
    }

    pub fn unsqueeze_last_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4, 1>) -> Tensor<f32, 3, 4> {
        let out = x.unsqueeze(-1);
        (out * cot).sum().grad(x)
    }

    pub fn flatten(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 24> {
        x.flatten()
    }

    pub fn flatten_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 24>) -> Tensor<f32, 2, 3, 4> {
        let out = x.flatten();
        (out * cot).sum().grad(x)
    }

    pub fn movement_chain(x: Tensor<f32, 3, 4>) -> Tensor<f32, 4, 5> {
        x.permute([1, 0]).shrink([(1, 4), (0, 3)]).pad([(1, 0), (0, 2)]).flip([1])
    }

    pub fn movement_chain_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 4, 5>) -> Tensor<f32, 3, 4> {
        let out = x.permute([1, 0]).shrink([(1, 4), (0, 3)]).pad([(1, 0), (0, 2)]).flip([1]);
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "movement";

    case!(reshape(x), reshape_grad(x, cot));
    case!(reshape_rank_up(x), reshape_rank_up_grad(x, cot));
    case!(permute(x), permute_grad(x, cot));
    case!(permute_rotate(x), permute_rotate_grad(x, cot));
    case!(permute_reshape(x), permute_reshape_grad(x, cot));
    case!(transpose(x), transpose_grad(x, cot));
    case!(transpose_ends(x), transpose_ends_grad(x, cot));
    case!(t(x), t_grad(x, cot));
    case!(expand(x), expand_grad(x, cot));
    case!(expand_column(x), expand_column_grad(x, cot));
    case!(pad(x), pad_grad(x, cot));
    case!(pad_with(x), pad_with_grad(x, cot));
    case!(pad_reshape(x), pad_reshape_grad(x, cot));
    case!(pad_exp(x), pad_exp_grad(x, cot));
    case!(shrink(x), shrink_grad(x, cot));
    case!(flip(x), flip_grad(x, cot));
    case!(flip_middle(x), flip_middle_grad(x, cot));
    case!(flip_pad(x), flip_pad_grad(x, cot));
    case!(slice(x), slice_grad(x, cot));
    case!(slice_stride(x), slice_stride_grad(x, cot));
    case!(slice_stride_uneven(x), slice_stride_uneven_grad(x, cot));
    case!(cat_columns(x, y), cat_columns_grad(x, y, cot));
    case!(cat_rows(x, y), cat_rows_grad(x, y, cot));
    case!(stack_first(x, y), stack_first_grad(x, y, cot));
    case!(stack_last(x, y), stack_last_grad(x, y, cot));
    case!(squeeze(x), squeeze_grad(x, cot));
    case!(unsqueeze(x), unsqueeze_grad(x, cot));
    case!(unsqueeze_last(x), unsqueeze_last_grad(x, cot));
    case!(flatten(x), flatten_grad(x, cot));
    case!(movement_chain(x), movement_chain_grad(x, cot));
}
