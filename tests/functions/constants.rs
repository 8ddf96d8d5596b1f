//! Parameters that are said to be constant between calls: the hint changes no result, whatever happens to a tensor between
//! the calls, and from whichever thread they come.

use std::thread;

use tg::prelude::*;

type Input = Tensor<f32, (Const<24>, Const<96>)>;
type Weight = Tensor<f32, (Const<96>, Const<40>)>;
type Across = Tensor<f32, (Const<40>, Const<96>)>;
type Output = Tensor<f32, (Const<24>, Const<40>)>;

tensor_fn! {
    fn plain(x: Tensor<f32, 24, 96>, w: Tensor<f32, 96, 40>) -> Tensor<f32, 24, 40> {
        x.matmul(w)
    }

    fn product(x: Tensor<f32, 24, 96>, #[constant] w: &Tensor<f32, 96, 40>) -> Tensor<f32, 24, 40> {
        x.matmul(w)
    }

    /// Copies of its own, in another order or of the same weights.
    fn relu_of_product(x: Tensor<f32, 24, 96>, #[constant] w: &Tensor<f32, 96, 40>) -> Tensor<f32, 24, 40> {
        x.matmul(w).relu()
    }

    fn any_rows<N: Dim>(x: Tensor<f32, N, 96>, #[constant] w: &Tensor<f32, 96, 40>) -> Tensor<f32, N, 40> {
        x.matmul(w)
    }

    fn plain_across(x: Tensor<f32, 24, 96>, w: Tensor<f32, 40, 96>) -> Tensor<f32, 24, 40> {
        x.matmul(w.transpose(0, 1))
    }

    fn across(x: Tensor<f32, 24, 96>, #[constant] w: &Tensor<f32, 40, 96>) -> Tensor<f32, 24, 40> {
        x.matmul(w.transpose(0, 1))
    }

    fn halve(w: &mut Tensor<f32, 96, 40>) {
        *w = *w * 0.5;
    }

    /// Two layers, one of which holds narrow numbers.
    #[derive(Clone)]
    struct Net {
        first: nn::Linear<96, 40>,
        second: Tensor<f16, 40, 33>,
    }

    impl Net {
        fn scores(&self, x: Tensor<f32, 24, 96>) -> Tensor<f32, 24, 33> {
            self.first.forward(x).relu().matmul(self.second.cast::<f32>())
        }

        fn plain_forward(&self, x: Tensor<f32, 24, 96>) -> Tensor<f32, 24, 33> {
            self.scores(x)
        }

        fn forward(#[constant] &self, x: Tensor<f32, 24, 96>) -> Tensor<f32, 24, 33> {
            self.scores(x)
        }
    }

    fn plain_windows(x: Tensor<f32, 2, 3, 18, 18>, w: Tensor<f32, 16, 3, 3, 3>) -> Tensor<f32, 2, 16, 16, 16> {
        x.conv2d(w)
    }

    fn windows(x: Tensor<f32, 2, 3, 18, 18>, #[constant] w: Tensor<f32, 16, 3, 3, 3>) -> Tensor<f32, 2, 16, 16, 16> {
        x.conv2d(w)
    }
}

/// Small whole numbers, whose products and sums are exact.
fn numbers<S: tg::StaticShape>(seed: usize) -> Tensor<f32, S> {
    let mut tensor = Tensor::zeros();
    for (i, x) in tensor.as_mut_slice().iter_mut().enumerate() {
        *x = ((i * 7 + seed * 5) % 13) as f32 - 6.0;
    }
    tensor
}

fn check(x: &Input, w: &Weight) {
    let (expected, rectified): (Output, Output) = (plain(x, w).unwrap(), plain(x, w).unwrap());
    for _ in 0..2 {
        assert_eq!(product(x, w).unwrap(), expected);
        let rectified: Vec<f32> = rectified.as_slice().iter().map(|y| y.max(0.0)).collect();
        assert_eq!(relu_of_product(x, w).unwrap().as_slice(), rectified);
        let rows = x.clone().into_shape::<(Dyn, Const<96>)>().unwrap();
        assert_eq!(any_rows(&rows, w).unwrap().as_slice(), expected.as_slice());
    }
}

#[test]
fn results_follow_every_change_between_calls() {
    let (x, mut w): (Input, Weight) = (numbers(1), numbers(2));
    check(&x, &w);
    w.as_mut_slice()[95 * 40] += 1.0;
    check(&x, &w);
    halve(&mut w).unwrap();
    check(&x, &w);
    // SAFETY: it is the first of many elements, and nothing else uses them.
    unsafe { *w.as_mut_ptr() = 9.0 };
    check(&x, &w);
    let mut copy = w.clone();
    copy.as_mut_slice().fill(3.0);
    check(&x, &copy);
    check(&x, &w);
    w = numbers(3);
    check(&x, &w);
}

#[test]
fn operands_across_of_other_types_and_of_convolutions_are_the_same() {
    let (x, w): (Input, Across) = (numbers(1), numbers(2));
    assert_eq!(across(&x, &w).unwrap(), plain_across(&x, &w).unwrap());
    let second = Tensor::from_vec((0..40 * 33).map(|i| tg::f16::from_f32((i % 7) as f32 - 3.0)).collect()).unwrap();
    let net = Net { first: nn::Linear { weight: w, bias: numbers(3) }, second };
    for _ in 0..2 {
        assert_eq!(net.forward(&x).unwrap(), net.plain_forward(&x).unwrap());
    }
    let (x, w) = (numbers(4), numbers(5));
    assert_eq!(windows(&x, &w).unwrap(), plain_windows(&x, &w).unwrap());
}

#[test]
fn threads_that_call_at_once_get_right_results() {
    for seed in 0..20 {
        let (x, w): (Input, Weight) = (numbers(seed), numbers(seed + 1));
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| check(&x, &w)))));
    }
}
