//! One function called by many threads at once: they share its workspace and the pool.

use tg::prelude::*;

tensor_fn! {
    /// Large enough for the pool, and with memory between its kernels.
    fn chain<N: Dim>(x: Tensor<f32, N, 64>, a: Tensor<f32, 64, 64>) -> Tensor<f32, N, 64> {
        x.matmul(a).matmul(a)
    }
}

#[test]
fn calls_at_once_do_not_mix() {
    let twice = Tensor::from(std::array::from_fn::<_, 64, _>(|i| {
        std::array::from_fn::<f32, 64, _>(|j| 2.0 * f32::from(i == j))
    }));
    std::thread::scope(|scope| {
        for thread in 0..6usize {
            let twice = &twice;
            scope.spawn(move || {
                for round in 0..20 {
                    let (n, value) = (1 + (thread * 37 + round * 11) % 200, (thread * 100 + round) as f32);
                    let x = Tensor::<f32, (Dyn, Const<64>)>::full_in((Dyn(n), Const), value).unwrap();
                    let y = chain(&x, twice).unwrap();
                    assert!(y.as_slice().iter().all(|y| *y == 4.0 * value), "thread {thread}, round {round}");
                }
            });
        }
    });
}
