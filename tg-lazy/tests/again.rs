//! What is built again and again finds its nodes in the graph. In a process of its own, for the graph is the process's.

use tg_lazy::{Tensor, grad, graph_size, realize};

fn vector(start: f32) -> Tensor {
    Tensor::from_slice(&[start, start + 1.0, start + 2.0, start + 3.0], [4])
}

/// The nodes of the graph after `step` was done for each of some numbers, and after as many more.
fn nodes(mut step: impl FnMut(f32)) -> [usize; 2] {
    [0, 20].map(|from| {
        (from..from + 20).for_each(|number| step(number as f32));
        graph_size().0
    })
}

#[test]
fn equal_graphs_of_new_tensors_make_no_nodes() {
    let w = vector(1.0);
    let [first, last] = nodes(|x| {
        let y = ((vector(x) * &w).relu() + vector(2.0 * x)).sum(());
        assert_eq!(y.item::<f32>().unwrap(), 10.0 * x + 20.0 + 8.0 * x + 6.0);
    });
    assert_eq!(first, last, "arguments that go before their result");

    let mut kept = vector(0.0);
    let [first, last] = nodes(|x| {
        let old = kept.to_vec::<f32>().unwrap();
        kept = &kept * 0.5 + vector(x);
        assert_eq!(kept.to_vec::<f32>().unwrap()[0], old[0] * 0.5 + x);
    });
    assert_eq!(first, last, "results that are arguments of the next");

    let (mut slope, x) = (Tensor::from(1.0f32).requires_grad(), vector(1.0));
    let [first, last] = nodes(|rate| {
        let old = slope.item::<f32>().unwrap();
        let loss = (&x * &slope).sum(());
        let gradient = grad(&loss, [&slope]).unwrap().remove(0);
        slope.assign(&(&slope - &gradient * Tensor::from(rate))).unwrap();
        realize([&slope, &loss]).unwrap();
        assert_eq!(slope.item::<f32>().unwrap(), old - 10.0 * rate);
    });
    assert_eq!(first, last, "parameters that learn");
    let (_, tensors) = graph_size();
    assert_eq!(tensors, 4, "nothing else is left");
}
