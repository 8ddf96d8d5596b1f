//! Tensors are values: computed when asked for, once, and changed by nobody.

use tg_lazy::{DType, Tensor, Value, arange, call, cat, full, realize, zeros};

fn vector(elements: &[f32]) -> Tensor {
    Tensor::from_slice(elements, [elements.len()])
}

#[test]
fn nothing_is_computed_until_it_is_asked_for() {
    let x = vector(&[1.0, 2.0]);
    let y = &x + 1.0;
    assert!(x.is_realized() && !y.is_realized());
    assert_eq!(format!("{y:?}"), "Tensor(f32 [2] on cpu:0, not computed)");
    assert_eq!(y.to_vec::<f32>().unwrap(), [2.0, 3.0]);
    assert!(y.is_realized());
    assert_eq!(y.to_string(), "[2. 3.]");
}

#[test]
fn what_was_computed_is_used_by_what_was_made_before() {
    let x = vector(&[1.0, 2.0, 3.0]);
    let y = (&x * 3.0).exp();
    let (before, clone) = (&y + 1.0, y.clone());
    y.realize().unwrap();
    assert!(clone.is_realized() && !before.is_realized());
    let after = &y + 1.0;
    drop(y);
    assert_eq!(before.to_vec::<f32>().unwrap(), after.to_vec::<f32>().unwrap());
}

#[test]
fn equal_computations_are_computed_once() {
    let x = vector(&[4.0, 9.0]);
    let (a, b) = (x.sqrt(), x.sqrt());
    realize([&a, &b]).unwrap();
    assert_eq!(a.to_vec::<f32>().unwrap(), b.to_vec::<f32>().unwrap());
    assert!(x.sqrt().is_realized(), "an equal tensor is known");
}

#[test]
fn assigning_changes_one_name_and_nothing_else() {
    let mut w = vector(&[1.0, 2.0]);
    let (old, before) = (w.clone(), &w * 10.0);
    w.assign(&(&w + 1.0)).unwrap();
    w.assign(&(&w + 1.0)).unwrap();
    let after = &w * 10.0;
    assert_eq!(after.to_vec::<f32>().unwrap(), [30.0, 40.0]);
    assert_eq!(before.to_vec::<f32>().unwrap(), [10.0, 20.0]);
    assert_eq!(old.to_vec::<f32>().unwrap(), [1.0, 2.0]);
    w += 1.0;
    assert_eq!(w.to_vec::<f32>().unwrap(), [4.0, 5.0]);
}

#[test]
fn assigning_to_a_part_changes_the_part_only() {
    let cache = zeros([4, 4], ());
    let mut row = cache.slice([(1, 2)]);
    row.assign(&full([1, 4], 1.0, ())).unwrap();
    assert_eq!((row.sum(()).item::<f32>().unwrap(), cache.sum(()).item::<f32>().unwrap()), (4.0, 0.0));
    let is_row = arange(4, ((), ())).reshape([4, 1]).eq(Tensor::from(1i64));
    let written = is_row.where_(&row, &cache);
    assert_eq!(written.sum(1).to_vec::<f32>().unwrap(), [0.0, 4.0, 0.0, 0.0]);
}

#[test]
fn two_tensors_can_be_exchanged() {
    let (mut a, mut b) = (vector(&[1.0]), vector(&[2.0]));
    let old = a.clone();
    a.assign(&b).unwrap();
    b.assign(&old).unwrap();
    realize([&a, &b]).unwrap();
    assert_eq!((a.item::<f32>().unwrap(), b.item::<f32>().unwrap()), (2.0, 1.0));
}

#[test]
fn shapes_are_known_without_computing() {
    let x = zeros([2, 3, 4], DType::F32);
    let y = x.permute([2, 0, 1]).reshape([4, -1]).sum_keep(0);
    assert_eq!((y.shape().unwrap(), y.rank().unwrap(), y.numel().unwrap()), (&[1, 6][..], 2, 6));
    assert_eq!(y.dtype().unwrap(), DType::F32);
    assert!(!y.is_realized());
}

#[test]
fn movements_slices_and_joins() {
    let x = arange(12, ((), ())).reshape([3, 4]);
    let part = x.slice([(1, 3), (0, 2)]);
    assert_eq!(part.to_vec::<i64>().unwrap(), [4, 5, 8, 9]);
    let joined = cat([&part, &part], 1);
    assert_eq!(joined.shape().unwrap(), [2, 4]);
    assert_eq!(joined.to_vec::<i64>().unwrap(), [4, 5, 4, 5, 8, 9, 8, 9]);
}

#[test]
fn sizes_of_zero_and_scalars() {
    assert_eq!(vector(&[]).sum(()).item::<f32>().unwrap(), 0.0);
    assert_eq!((&vector(&[]) + 1.0).to_vec::<f32>().unwrap(), [0.0f32; 0]);
    assert_eq!((Tensor::from(2.5f32) * 2.0).item::<f32>().unwrap(), 5.0);
    assert_eq!((3.0 - Tensor::from(1.0f64)).item::<f64>().unwrap(), 2.0);
}

#[test]
fn typed_tensors_come_and_go() {
    let typed: tg_runtime::Tensor!(f32, 2, 2) = tg_runtime::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0]).unwrap();
    let x = Tensor::from(typed);
    let back: tg_runtime::Tensor!(f32, 2, _) = x.matmul(&x).to_tensor().unwrap();
    assert_eq!(back.to_vec(), [7.0, 10.0, 15.0, 22.0]);
}

#[test]
fn long_chains_neither_overflow_nor_stay() {
    let mut x = vector(&[0.0]);
    for _ in 0..20_000 {
        x += 1.0;
    }
    drop(x);
    let mut y = vector(&[0.0]);
    for _ in 0..3 {
        for _ in 0..5 {
            y += 1.0;
        }
        y.realize().unwrap();
    }
    assert_eq!(y.item::<f32>().unwrap(), 15.0);
}

#[test]
fn one_program_for_all_sizes_of_a_dimension() {
    let total = |n: usize| {
        let x = Tensor::from_slice(&vec![1.0f32; 3 * n], [n, 3]).with_dim(0, "N", 1, 100);
        (&x * 2.0).sum(0)
    };
    for n in [1, 7, 100] {
        assert_eq!(total(n).to_vec::<f32>().unwrap(), [2.0 * n as f32; 3]);
    }
    let tall = Tensor::from_slice(&[1.0f32, 2.0, 3.0], [3]).with_dim(0, "N", 1, 100);
    let double = cat([&tall, &tall], ());
    assert_eq!(double.shape().unwrap(), [6]);
    assert!(matches!(call("dim", &[Value::from(&double), Value::Int(0)]), Ok(Value::Int(6))));
    assert_eq!(double.to_vec::<f32>().unwrap(), [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
}

#[test]
fn random_numbers_are_those_of_the_runtime() {
    let lazy = tg_lazy::uniform([1000], -1.0, 1.0, Tensor::from(7u64), ());
    let typed = tg_runtime::Tensor::<f32, (tg_runtime::Const<1000>,)>::uniform(-1.0, 1.0, 7);
    assert_eq!(lazy.to_vec::<f32>().unwrap(), typed.to_vec());
    let other = tg_lazy::uniform([1000], -1.0, 1.0, Tensor::from(8u64), ());
    assert_ne!(other.to_vec::<f32>().unwrap(), typed.to_vec());
}
