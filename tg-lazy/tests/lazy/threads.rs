//! Many threads and many graphs at once.

use tg_lazy::{Tensor, jit};

#[test]
fn threads_share_tensors_and_programs() {
    let shared = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0], [4]);
    let lazy = &shared * 2.0;
    let double = jit(|x: Tensor| &x + &x);
    let rounds = if std::env::var_os(crate::INTERPRETED).is_some() { 20 } else { 100 };
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let (shared, lazy, double) = (&shared, &lazy, &double);
            scope.spawn(move || {
                for round in 0..rounds {
                    let own = Tensor::from((thread * 1000 + round) as f32);
                    let sum = (shared + &own + lazy).sum(());
                    let expected = 4.0 * (thread * 1000 + round) as f32 + 30.0;
                    assert_eq!(sum.item::<f32>().unwrap(), expected);
                    assert_eq!(double.call(&sum).unwrap().item::<f32>().unwrap(), 2.0 * expected);
                }
            });
        }
    });
}

#[test]
fn graphs_that_nobody_holds_take_no_memory() {
    let kept = &Tensor::from_slice(&[1.0f32; 64], [64]) + 1.0;
    let w = Tensor::from_slice(&[2.0f32; 64], [64]).requires_grad();
    let mut most = 0;
    for round in 0..4000 {
        let own = Tensor::from(round as f32);
        drop((&kept * &own + &w).sum(()));
        most = most.max(tg_lazy::graph_size().0);
    }
    let (nodes, _) = tg_lazy::graph_size();
    assert!(nodes <= most && most < 60_000, "{nodes} of at most {most} nodes");
    assert_eq!(kept.to_vec::<f32>().unwrap(), [2.0; 64]);
}
