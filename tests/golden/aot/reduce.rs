//! The cases of `reduce.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn sum(x: Tensor<f32, 3, 5>) -> Tensor<f32> {
        x.sum()
    }

    pub fn sum_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32>) -> Tensor<f32, 3, 5> {
        let out = x.sum();
        (out * cot).sum().grad(x)
    }

    pub fn sum_first(x: Tensor<f32, 3, 5>) -> Tensor<f32, 5> {
        x.sum(0)
    }

    pub fn sum_first_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 5>) -> Tensor<f32, 3, 5> {
        let out = x.sum(0);
        (out * cot).sum().grad(x)
    }

    pub fn sum_last(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.sum(-1)
    }

    pub fn sum_last_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.sum(-1);
        (out * cot).sum().grad(x)
    }

    pub fn sum_middle(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 4> {
        x.sum(1)
    }

    pub fn sum_middle_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 2, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.sum(1);
        (out * cot).sum().grad(x)
    }

    pub fn sum_keep(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 1> {
        x.sum_keep(1)
    }

    pub fn sum_keep_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 1>) -> Tensor<f32, 3, 5> {
        let out = x.sum_keep(1);
        (out * cot).sum().grad(x)
    }

    pub fn mean(x: Tensor<f32, 3, 5>) -> Tensor<f32> {
        x.mean()
    }

    pub fn mean_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32>) -> Tensor<f32, 3, 5> {
        let out = x.mean();
        (out * cot).sum().grad(x)
    }

    pub fn mean_first(x: Tensor<f32, 3, 5>) -> Tensor<f32, 5> {
        x.mean(0)
    }

    pub fn mean_first_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 5>) -> Tensor<f32, 3, 5> {
        let out = x.mean(0);
        (out * cot).sum().grad(x)
    }

    pub fn mean_last(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.mean(-1)
    }

    pub fn mean_last_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.mean(-1);
        (out * cot).sum().grad(x)
    }

    pub fn mean_middle(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 4> {
        x.mean(1)
    }

    pub fn mean_middle_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 2, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.mean(1);
        (out * cot).sum().grad(x)
    }

    pub fn mean_keep(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 1> {
        x.mean_keep(1)
    }

    pub fn mean_keep_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 1>) -> Tensor<f32, 3, 5> {
        let out = x.mean_keep(1);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn max(x: Tensor<f32, 3, 5>) -> Tensor<f32> {
        x.max()
    }

    pub fn max_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32>) -> Tensor<f32, 3, 5> {
        let out = x.max();
        (out * cot).sum().grad(x)
    }

    pub fn max_axis(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.max(1)
    }

    pub fn max_axis_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.max(1);
        (out * cot).sum().grad(x)
    }

    pub fn max_first(x: Tensor<f32, 3, 5>) -> Tensor<f32, 5> {
        x.max(0)
    }

    pub fn max_first_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 5>) -> Tensor<f32, 3, 5> {
        let out = x.max(0);
        (out * cot).sum().grad(x)
    }

    pub fn max_keep(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 1> {
        x.max_keep(1)
    }

    pub fn max_keep_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 1>) -> Tensor<f32, 3, 5> {
        let out = x.max_keep(1);
        (out * cot).sum().grad(x)
    }

    pub fn min(x: Tensor<f32, 3, 5>) -> Tensor<f32> {
        x.min()
    }

    pub fn min_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32>) -> Tensor<f32, 3, 5> {
        let out = x.min();
        (out * cot).sum().grad(x)
    }

    pub fn min_axis(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.min(1)
    }

    pub fn min_axis_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.min(1);
        (out * cot).sum().grad(x)
    }

    pub fn min_first(x: Tensor<f32, 3, 5>) -> Tensor<f32, 5> {
        x.min(0)
    }

    pub fn min_first_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 5>) -> Tensor<f32, 3, 5> {
        let out = x.min(0);
        (out * cot).sum().grad(x)
    }

    pub fn min_keep(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 1> {
        x.min_keep(1)
    }

    pub fn min_keep_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 1>) -> Tensor<f32, 3, 5> {
        let out = x.min_keep(1);
        (out * cot).sum().grad(x)
    }

    pub fn max_of_products(x: Tensor<f32, 3, 4>, m: Tensor<f32, 4, 5>) -> Tensor<f32, 3> {
        x.matmul(m).max(1)
    }

    pub fn max_of_products_grad(x: Tensor<f32, 3, 4>, m: Tensor<f32, 4, 5>, cot: Tensor<f32, 3>) -> (Tensor<f32, 3, 4>, Tensor<f32, 4, 5>) {
        let out = x.matmul(m).max(1);
        (out * cot).sum().grad((x, m))
    }

    pub fn prod(x: Tensor<f32, 2, 3>) -> Tensor<f32> {
        x.prod()
    }

    pub fn prod_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f32>) -> Tensor<f32, 2, 3> {
        let out = x.prod();
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn prod_axis(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.prod(1)
    }

    pub fn prod_axis_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.prod(1);
        (out * cot).sum().grad(x)
    }

    pub fn prod_keep(x: Tensor<f32, 3, 5>) -> Tensor<f32, 1, 5> {
        x.prod_keep(0)
    }

    pub fn prod_keep_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 1, 5>) -> Tensor<f32, 3, 5> {
        let out = x.prod_keep(0);
        (out * cot).sum().grad(x)
    }

    pub fn var(x: Tensor<f32, 3, 5>) -> Tensor<f32> {
        x.var()
    }

    pub fn var_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32>) -> Tensor<f32, 3, 5> {
        let out = x.var();
        (out * cot).sum().grad(x)
    }

    pub fn var_axis(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.var(1)
    }

    pub fn var_axis_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.var(1);
        (out * cot).sum().grad(x)
    }

    pub fn var_keep(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 1> {
        x.var_keep(1)
    }

    pub fn var_keep_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 1>) -> Tensor<f32, 3, 5> {
        let out = x.var_keep(1);
        (out * cot).sum().grad(x)
    }

    pub fn var_population(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.var_with(1, 0)
    }

    pub fn var_population_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.var_with(1, 0);
        (out * cot).sum().grad(x)
    }

    pub fn std(x: Tensor<f32, 3, 5>) -> Tensor<f32> {
        x.std()
    }

    pub fn std_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32>) -> Tensor<f32, 3, 5> {
        let out = x.std();
        (out * cot).sum().grad(x)
    }

    pub fn std_axis(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.std(1)
    }

    pub fn std_axis_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.std(1);
        (out * cot).sum().grad(x)
    }

    pub fn std_keep(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 1> {
        x.std_keep(1)
    }

    pub fn std_keep_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 1>) -> Tensor<f32, 3, 5> {
        let out = x.std_keep(1);
        (out * cot).sum().grad(x)
    }

    pub fn std_population(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.std_with(1, 0)
    }

    pub fn std_population_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.std_with(1, 0);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn var_far_from_zero(x: Tensor<f32, 2, 6>) -> Tensor<f32, 2> {
        x.var(1)
    }

    pub fn var_far_from_zero_grad(x: Tensor<f32, 2, 6>, cot: Tensor<f32, 2>) -> Tensor<f32, 2, 6> {
        let out = x.var(1);
        (out * cot).sum().grad(x)
    }

    pub fn any(a: Tensor<bool, 2, 3>) -> Tensor<bool> {
        a.any()
    }

    pub fn any_axis(a: Tensor<bool, 4, 2>) -> Tensor<bool, 4> {
        a.any(1)
    }

    pub fn all(a: Tensor<bool, 2, 3>) -> Tensor<bool> {
        a.all()
    }

    pub fn all_axis(a: Tensor<bool, 4, 2>) -> Tensor<bool, 4> {
        a.all(1)
    }

    pub fn all_keep(a: Tensor<bool, 2, 5>) -> Tensor<bool, 1, 5> {
        a.all_keep(0)
    }

    pub fn argmax(x: Tensor<f32, 3, 5>) -> Tensor<i64, 3> {
        x.argmax(1)
    }

    pub fn argmax_first(x: Tensor<f32, 3, 5>) -> Tensor<i64, 5> {
        x.argmax(0)
    }

    pub fn argmin(x: Tensor<f32, 3, 5>) -> Tensor<i64, 3> {
        x.argmin(1)
    }

    pub fn argmin_last(x: Tensor<f32, 2, 3, 4>) -> Tensor<i64, 2, 3> {
        x.argmin(-1)
    }
}

tensor_fn! {
    pub fn argmax_int(x: Tensor<i32, 2, 3>) -> Tensor<i64, 2> {
        x.argmax(1)
    }

    pub fn sum_int(x: Tensor<i32, 3, 5>) -> Tensor<i32, 3> {
        x.sum(1)
    }

    pub fn max_int(x: Tensor<i32, 3, 5>) -> Tensor<i32, 5> {
        x.max(0)
    }

    pub fn count(x: Tensor<f32, 3, 5>) -> Tensor<i32> {
        x.gt(0.0).cast::<i32>().sum()
    }

    pub fn sum_of_product(x: Tensor<f32, 3, 5>, y: Tensor<f32, 5>) -> Tensor<f32, 3> {
        (x * y).sum(1)
    }

    pub fn sum_of_product_grad(x: Tensor<f32, 3, 5>, y: Tensor<f32, 5>, cot: Tensor<f32, 3>) -> (Tensor<f32, 3, 5>, Tensor<f32, 5>) {
        let out = (x * y).sum(1);
        (out * cot).sum().grad((x, y))
    }

    pub fn two_sums(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 3> {
        x.sum(2).sum(0)
    }

    pub fn two_sums_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 3>) -> Tensor<f32, 2, 3, 4> {
        let out = x.sum(2).sum(0);
        (out * cot).sum().grad(x)
    }

    pub fn centre(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x - x.mean_keep(1)
    }

    pub fn centre_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x - x.mean_keep(1);
        (out * cot).sum().grad(x)
    }

    pub fn normalize(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        (x - x.mean_keep(1)) / x.std_keep(1)
    }

    pub fn normalize_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = (x - x.mean_keep(1)) / x.std_keep(1);
        (out * cot).sum().grad(x)
    }

    pub fn l2_norm(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.square().sum(1).sqrt()
    }

    pub fn l2_norm_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.square().sum(1).sqrt();
        (out * cot).sum().grad(x)
    }

    pub fn cumsum(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.cumsum(1)
    }

    pub fn cumsum_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.cumsum(1);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn cumsum_first(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.cumsum(0)
    }

    pub fn cumsum_first_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.cumsum(0);
        (out * cot).sum().grad(x)
    }

    pub fn cumsum_int(x: Tensor<i32, 6>) -> Tensor<i32, 6> {
        x.cumsum(0)
    }

    pub fn sum_f64(x: Tensor<f64, 4, 3>) -> Tensor<f64, 3> {
        x.sum(0)
    }

    pub fn sum_f64_grad(x: Tensor<f64, 4, 3>, cot: Tensor<f64, 3>) -> Tensor<f64, 4, 3> {
        let out = x.sum(0);
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "reduce";

    case!(sum(x), sum_grad(x, cot));
    case!(sum_first(x), sum_first_grad(x, cot));
    case!(sum_last(x), sum_last_grad(x, cot));
    case!(sum_middle(x), sum_middle_grad(x, cot));
    case!(sum_keep(x), sum_keep_grad(x, cot));
    case!(mean(x), mean_grad(x, cot));
    case!(mean_first(x), mean_first_grad(x, cot));
    case!(mean_last(x), mean_last_grad(x, cot));
    case!(mean_middle(x), mean_middle_grad(x, cot));
    case!(mean_keep(x), mean_keep_grad(x, cot));
    case!(max(x), max_grad(x, cot));
    case!(max_axis(x), max_axis_grad(x, cot));
    case!(max_first(x), max_first_grad(x, cot));
    case!(max_keep(x), max_keep_grad(x, cot));
    case!(min(x), min_grad(x, cot));
    case!(min_axis(x), min_axis_grad(x, cot));
    case!(min_first(x), min_first_grad(x, cot));
    case!(min_keep(x), min_keep_grad(x, cot));
    case!(max_of_products(x, m), max_of_products_grad(x, m, cot));
    case!(prod(x), prod_grad(x, cot));
    case!(prod_axis(x), prod_axis_grad(x, cot));
    case!(prod_keep(x), prod_keep_grad(x, cot));
    case!(var(x), var_grad(x, cot));
    case!(var_axis(x), var_axis_grad(x, cot));
    case!(var_keep(x), var_keep_grad(x, cot));
    case!(var_population(x), var_population_grad(x, cot));
    case!(std(x), std_grad(x, cot));
    case!(std_axis(x), std_axis_grad(x, cot));
    case!(std_keep(x), std_keep_grad(x, cot));
    case!(std_population(x), std_population_grad(x, cot));
    case!(var_far_from_zero(x), var_far_from_zero_grad(x, cot));
    case!(any(a));
    case!(any_axis(a));
    case!(all(a));
    case!(all_axis(a));
    case!(all_keep(a));
    case!(argmax(x));
    case!(argmax_first(x));
    case!(argmin(x));
    case!(argmin_last(x));
    case!(argmax_int(x));
    case!(sum_int(x));
    case!(max_int(x));
    case!(count(x));
    case!(sum_of_product(x, y), sum_of_product_grad(x, y, cot));
    case!(two_sums(x), two_sums_grad(x, cot));
    case!(centre(x), centre_grad(x, cot));
    case!(normalize(x), normalize_grad(x, cot));
    case!(l2_norm(x), l2_norm_grad(x, cot));
    case!(cumsum(x), cumsum_grad(x, cot));
    case!(cumsum_first(x), cumsum_first_grad(x, cot));
    case!(cumsum_int(x));
    case!(sum_f64(x), sum_f64_grad(x, cot));
}
