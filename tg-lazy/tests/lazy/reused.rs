//! BUFFERs that are used again: no tensor is taken for one that was there before it.

use tg_lazy::{Device, Tensor, grad, graph_size, jit};

fn vector(elements: &[f32]) -> Tensor {
    Tensor::from_slice(elements, [elements.len()])
}

#[test]
fn results_outlive_what_they_were_computed_from() {
    let double = |x: f32| {
        let y = vector(&[x]) * 2.0;
        y.realize().unwrap();
        y
    };
    let kept: Vec<Tensor> = (0..10).map(|x| double(x as f32)).collect();
    let sums: Vec<Tensor> = kept.iter().map(|y| y + 1.0).collect();
    for (x, (y, sum)) in kept.iter().zip(&sums).enumerate() {
        let x = x as f32;
        assert_eq!([y, sum].map(|z| z.item::<f32>().unwrap()), [2.0 * x, 2.0 * x + 1.0]);
        assert_eq!((vector(&[x]) * 2.0 + y).item::<f32>().unwrap(), 4.0 * x);
    }
}

#[test]
fn a_result_shared_by_a_tensor_that_requires_a_gradient_and_one_that_does_not() {
    let twins = |x: f32| {
        let plain = vector(&[x]);
        let tracked = plain.clone().requires_grad();
        let of_tracked = tracked.square();
        of_tracked.realize().unwrap();
        let of_plain = plain.square();
        assert!(of_plain.is_realized(), "equal computations are done once");
        of_plain
    };
    let kept: Vec<Tensor> = (0..5).map(|x| twins(x as f32)).collect();
    for (x, y) in kept.iter().enumerate() {
        assert_eq!(y.item::<f32>().unwrap(), (x * x) as f32);
    }
}

/// Has the graph made anew.
fn sweep() {
    let x = vector(&[1.0]);
    for number in 0.. {
        let before = graph_size().0;
        drop(&x * f64::from(number));
        if graph_size().0 < before {
            break;
        }
    }
}

#[test]
fn shared_results_stay_what_they_are_when_the_graph_is_made_anew() {
    for x in 0..5 {
        let x = x as f32;
        let plain = vector(&[x]);
        let of_tracked = plain.clone().requires_grad().exp();
        of_tracked.realize().unwrap();
        sweep();
        let of_plain = plain.exp();
        assert!(of_plain.is_realized(), "equal computations are done once");
        drop((plain, of_tracked));
        let next = vector(&[x + 1.0]).exp();
        let [first, next] = [of_plain, next].map(|tensor| tensor.item::<f32>().unwrap());
        assert!(next > first * 2.0, "{next} after {first}");
    }
}

#[test]
fn what_was_built_before_and_after_something_was_computed_is_differentiated_alike() {
    for round in 0..3 {
        let w = (vector(&[3.0]) + round as f32).requires_grad();
        let before = w.square();
        w.realize().unwrap();
        let after = &before + w.square();
        before.realize().unwrap();
        let last = &w * &after;
        let value = 3.0 + round as f32;
        for (loss, expected) in [(&before, 2.0 * value), (&after, 4.0 * value), (&last, 6.0 * value * value)] {
            let gradient = grad(loss, [&w]).unwrap().remove(0);
            assert_eq!(gradient.item::<f32>().unwrap(), expected);
        }
    }
}

#[test]
fn a_traced_function_may_build_more_than_the_graph_keeps() {
    let next = jit(|x: Tensor| {
        for number in 0..6000 {
            drop((&x * f64::from(number)).relu());
        }
        &x + 1.0
    });
    for x in [1.0, 2.0] {
        assert_eq!(next.call(&vector(&[x])).unwrap().item::<f32>().unwrap(), x + 1.0);
    }
}

/// Numbers from a generator with a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % bound
    }
}

/// A tensor, and the elements that it should have.
type Known = (Tensor, Vec<i32>);

fn made(random: &mut Random) -> Known {
    let elements: Vec<i32> = (0..2).map(|_| random.below(100) as i32).collect();
    (Tensor::from_slice(&elements, [2]), elements)
}

fn combined((x, xs): &Known, (y, ys): &Known, random: &mut Random) -> Known {
    let (z, f): (Tensor, fn(i32, i32) -> i32) = match random.below(3) {
        0 => (x + y, i32::wrapping_add),
        1 => (x * y, i32::wrapping_mul),
        _ => (x.maximum(y), i32::max),
    };
    (z, xs.iter().zip(ys).map(|(x, y)| f(*x, *y)).collect())
}

fn copied((x, xs): &Known) -> Known {
    (x.to(Device::Cpu(1)).to(Device::CPU), xs.clone())
}

#[test]
fn tensors_keep_their_values_whatever_comes_and_goes() {
    let rounds = if std::env::var_os(crate::INTERPRETED).is_some() { 6000 } else { 2000 };
    let (mut random, mut pool) = (Random(7), vec![]);
    for _ in 0..rounds {
        while pool.len() < 4 {
            pool.push(made(&mut random));
        }
        let (at, other) = (random.below(pool.len()), random.below(pool.len()));
        match random.below(8) {
            0 | 1 => pool.push(made(&mut random)),
            2 | 3 => pool.push(combined(&pool[at], &pool[other], &mut random)),
            4 => pool.push(copied(&pool[at])),
            5 => pool[at].0.realize().unwrap(),
            _ => drop(pool.swap_remove(at)),
        }
        // What is built on is computed now and then, so that there are few programs.
        if pool.len() > 6 {
            let (tensor, elements) = pool.swap_remove(other);
            assert_eq!(tensor.to_vec::<i32>().unwrap(), elements);
        }
        let last = pool.len() - 1;
        if random.below(3) > 0 {
            assert_eq!(pool[last].0.to_vec::<i32>().unwrap(), pool[last].1);
        }
    }
}
