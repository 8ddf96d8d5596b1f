//! Gradients: reverse-mode differentiation of a graph by one rule per operation.
//!
//! The result is an ordinary graph that shares nodes with the loss. Values are differentiated where they are floats;
//! at kinks: equal operands of a maximum share the gradient evenly (as do equal elements of a maximum along axes),
//! except that a constant operand leaves nothing to the other, so that `relu` has the gradient 0 at 0.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LOG2_E};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::dim::Dim;
use crate::ir::{Arg, Class, Memo, Op, Uop, rebuild, toposort};
use crate::tensor::error::{Error, show_shape};
use crate::tensor::function::cosine;
use crate::tensor::precision::{summed, wide_dtype, widened};
use crate::tensor::primitive::{
    broadcast, expanded, filled, flipped, padded, permuted, position, reduced, reshaped, shrunk, with_axis,
    without_axes,
};

/// The gradient of `loss`, a float of one element, by each of `wrt`: of the same shape and dtype as that.
///
/// # Errors
/// If the loss is not a float of one element, or does not depend on one of `wrt` by a differentiable path.
pub fn grad<'g>(loss: Uop<'g>, wrt: &[Uop<'g>]) -> Result<Vec<Uop<'g>>, Error> {
    check_loss(loss).map_err(|error| error.within("grad"))?;
    let order = toposort(&[loss]);
    let wanted = leading_to(&order, wrt);
    let reached = reachable(&order, loss);
    for (i, &x) in wrt.iter().enumerate() {
        check_input(i, x, reached.contains(&x)).map_err(|error| error.within("grad"))?;
    }
    let mut gradients = FxHashMap::from_iter([(loss, filled(loss.like(1.0), loss.shape()))]);
    for &y in order.iter().rev() {
        let Some(&g) = gradients.get(&y) else { continue };
        for (i, x) in y.srcs().enumerate().filter(|&(i, x)| wanted.contains(&x) && carries(y, i)) {
            let Some(part) = pulled_back(y, i, g).map(|part| collected(part, x)) else { continue };
            gradients.entry(x).and_modify(|sum| *sum = *sum + part).or_insert(part);
        }
    }
    Ok(wrt.iter().map(|x| gradients.get(x).copied().unwrap_or_else(|| filled(x.like(0.0), x.shape()))).collect())
}

/// Whether `loss` depends on `x` by a differentiable path: whether [`grad`] by it is defined.
pub fn depends_on<'g>(loss: Uop<'g>, x: Uop<'g>) -> bool {
    x.dtype().is_float() && reachable(&toposort(&[loss]), loss).contains(&x)
}

fn check_loss(loss: Uop) -> Result<(), Error> {
    if !loss.dtype().is_float() {
        return Err(Error::new(format!("the loss must be a float, got {}", loss.dtype()))
            .help("gradients are of and by tensors of floats"));
    }
    match loss.shape().iter().all(|size| size.is(1)) {
        true => Ok(()),
        false => Err(Error::new(format!("the loss must be a single number, got shape {}", show_shape(loss.shape())))
            .help("reduce it with `.sum()` or `.mean()`")),
    }
}

fn check_input(i: usize, x: Uop, reached: bool) -> Result<(), Error> {
    let name = format!("input {i}, a tensor {} {}", x.dtype(), show_shape(x.shape()));
    match (x.dtype().is_float(), reached) {
        (false, _) => Err(Error::new(format!("{name}, is not a tensor of floats"))),
        (true, true) => Ok(()),
        (true, false) => Err(Error::new(format!("the loss does not depend on {name}"))
            .help("comparisons, casts to integers and `.detach()` pass no gradient on")),
    }
}

/// The nodes from which one of `wrt` is reached along differentiable edges.
fn leading_to<'g>(order: &[Uop<'g>], wrt: &[Uop<'g>]) -> FxHashSet<Uop<'g>> {
    let mut leading: FxHashSet<Uop<'g>> = wrt.iter().copied().collect();
    for &y in order {
        if y.srcs().enumerate().any(|(i, x)| leading.contains(&x) && carries(y, i)) {
            leading.insert(y);
        }
    }
    leading
}

/// The nodes that are reached from `loss` along differentiable edges.
fn reachable<'g>(order: &[Uop<'g>], loss: Uop<'g>) -> FxHashSet<Uop<'g>> {
    let mut reached = FxHashSet::from_iter([loss]);
    for &y in order.iter().rev() {
        if reached.contains(&y) {
            reached.extend(y.srcs().enumerate().filter(|&(i, _)| carries(y, i)).map(|(_, x)| x));
        }
    }
    reached
}

/// Whether `y` is differentiable by its source `i`, be it with the gradient 0.
fn carries(y: Uop, i: usize) -> bool {
    let blocked = match y.op() {
        Op::Detach | Op::Bitcast => true,
        Op::Assign => i == 0,
        _ => false,
    };
    !blocked && y.dtype().is_float() && y.src(i).dtype().is_float()
}

/// The gradient by `x` of an operand that stood for every element of `part`: the sum.
fn collected<'g>(part: Uop<'g>, x: Uop<'g>) -> Uop<'g> {
    match (x.shape().is_empty(), part.shape().len()) {
        (true, 1..) => reshaped(summed(part, &(0..part.shape().len()).collect::<Vec<_>>()), &[]),
        _ => part,
    }
}

/// The gradient by source `i` of `y`, given the gradient `g` by `y`; `None` is 0.
fn pulled_back<'g>(y: Uop<'g>, i: usize, g: Uop<'g>) -> Option<Uop<'g>> {
    let x = y.src(i);
    let zero = || g.like(0.0);
    Some(match y.op() {
        Op::Add => g,
        Op::Sub if i == 0 => g,
        Op::Sub | Op::Neg => -g,
        Op::Mul if is_one(g) => spelled_out(y.src(1 - i), g.shape()),
        Op::Mul => g * y.src(1 - i),
        Op::Fdiv if i == 0 => g * y.src(1).recip(),
        Op::Fdiv => -(g * y * x.recip()),
        Op::Mod if i == 0 => g,
        Op::Mod => -(g * (y.src(0) * x.recip()).unary(Op::Trunc)),
        Op::Mulacc => {
            if i == 2 {
                g
            } else {
                g * y.src(1 - i)
            }
        }
        Op::Recip => -(g * y * y),
        Op::Sqrt => g * y.recip() * 0.5,
        Op::Exp2 => g * y * LN_2,
        Op::Log2 => g * x.recip() * LOG2_E,
        Op::Sin => g * cosine(x),
        Op::Tanh => g * (-(y * y) + 1.0),
        Op::Erf => g * (x * x * -LOG2_E).unary(Op::Exp2) * FRAC_2_SQRT_PI,
        Op::Pow => power(y, i, g),
        Op::Max => larger(y, i, g),
        Op::Where if i == 1 => y.src(0).choose(g, 0.0),
        Op::Where => y.src(0).choose(zero(), g),
        Op::Cast => g.cast(x.dtype()),
        Op::Reshape => reshaped(g, x.shape()),
        Op::Permute | Op::Expand | Op::Pad | Op::Shrink | Op::Flip => moved_back(y, x, g)?,
        Op::ReduceAxis => spread(y, x, g)?,
        Op::Contiguous => g,
        Op::ContiguousBackward => g.graph().node(Op::Contiguous, g.dtype(), &[g], Arg::None),
        Op::Assign => g,
        // As if nothing were rounded: the true gradient, 0 almost everywhere, teaches nothing.
        Op::RoundTf32 => g,
        // Constant almost everywhere.
        Op::Trunc | Op::CutTf32 => return None,
        // Not differentiable, or no float: `carries` lets no gradient get here.
        Op::Detach | Op::Bitcast | Op::Idiv | Op::Cmplt | Op::Cmpne | Op::Cmpeq | Op::And | Op::Or | Op::Xor => {
            return None;
        }
        Op::Shl | Op::Shr | Op::Const | Op::DefineVar | Op::Buffer | Op::Iota | Op::Sink => return None,
        // Of later stages.
        Op::View | Op::Reduce | Op::DefineGlobal | Op::DefineLocal | Op::Index | Op::Load | Op::Store => return None,
        Op::Prefetch | Op::Fract | Op::Ldexp => return None,
        Op::After | Op::Vectorize | Op::Gep | Op::Range | Op::Endrange | Op::DefineAcc | Op::UpdateAcc => return None,
        Op::Special | Op::Shuffle | Op::Wmma | Op::Wgmma | Op::LoadMatrix => return None,
        Op::Barrier | Op::Commit | Op::Wait | Op::Settle => return None,
    })
}

/// Whether all elements are the constant 1, as those of the first gradient are.
fn is_one(g: Uop) -> bool {
    let spread = |u: &Uop| matches!(u.op(), Op::Expand | Op::Reshape | Op::Cast);
    let source = std::iter::successors(Some(g), |u| spread(u).then(|| u.src(0))).last();
    source.and_then(|u| u.as_const()).is_some_and(|v| v.to_f64() == 1.0)
}

/// An operand that may stand for every element, with all of them.
fn spelled_out<'g>(operand: Uop<'g>, shape: &[Dim]) -> Uop<'g> {
    if operand.shape().is_empty() { filled(operand, shape) } else { operand }
}

/// `x^e` by `x` is `e x^(e-1)`, by `e` it is `x^e ln x`; both 0 where the first factor is 0.
fn power<'g>(y: Uop<'g>, i: usize, g: Uop<'g>) -> Uop<'g> {
    let (x, e) = (y.src(0), y.src(1));
    match i {
        0 => e.differs(0.0).choose(g * e * x.alu(Op::Pow, &[e - 1.0]), 0.0),
        _ => x.differs(0.0).choose(g * y * x.unary(Op::Log2) * LN_2, 0.0),
    }
}

/// What a maximum `y` passes on to its operand `i`. Whether that is larger than a constant shows in `y`, so that where `y`
/// is stored for others the operand need not be.
fn larger<'g>(y: Uop<'g>, i: usize, g: Uop<'g>) -> Uop<'g> {
    let (x, other) = (y.src(i), y.src(1 - i));
    match other.op() {
        Op::Const => other.lt(y).choose(g, 0.0),
        _ => other.lt(x).choose(g, x.equals(other).choose(g * 0.5, 0.0)),
    }
}

fn moved_back<'g>(y: Uop<'g>, x: Uop<'g>, g: Uop<'g>) -> Option<Uop<'g>> {
    Some(match y.arg() {
        Arg::Shape(shape) => {
            let repeated: Vec<usize> = (0..shape.len()).filter(|&i| shape[i] != x.shape()[i]).collect();
            summed_apart(g, &repeated)
        }
        Arg::Axes(axes) if y.op() == Op::Flip => flipped(g, axes.clone()),
        Arg::Axes(axes) => permuted(g, inverse(axes)),
        Arg::Pairs(pairs) if y.op() == Op::Pad => {
            let kept = |((before, _), size): (&(Dim, Dim), &Dim)| (before.clone(), before + size);
            shrunk(g, pairs.iter().zip(x.shape()).map(kept).collect())
        }
        Arg::Pairs(pairs) => {
            let cut = |((begin, end), size): (&(Dim, Dim), &Dim)| (begin.clone(), size - end);
            padded(g, pairs.iter().zip(x.shape()).map(cut).collect())
        }
        _ => return None,
    })
}

/// The sum of `g` along `axes`, where factors that are the same along them come out, as in `Σ c x = c Σ x`: what is left to
/// sum is more often what others sum, too.
fn summed_apart<'g>(g: Uop<'g>, axes: &[usize]) -> Uop<'g> {
    let ones = |shape: &[Dim]| -> Vec<Dim> {
        shape.iter().enumerate().map(|(i, size)| if axes.contains(&i) { Dim::ONE } else { size.clone() }).collect()
    };
    let along = |f: Uop<'g>| axes.iter().all(|&i| f.src(0).shape()[i] == Dim::ONE);
    let is_same = |f: Uop<'g>| !axes.is_empty() && f.op() == Op::Expand && along(f);
    // A sum of halves without its factors may be too large for one.
    let is_product = |g: Uop<'g>| g.op() == Op::Mul && wide_dtype(g.dtype()) == g.dtype();
    let factor = |g: Uop<'g>| (0..2).find(|&i| is_product(g) && is_same(g.src(i)));
    let (mut rest, mut factors, mut is_negative) = (g, vec![], false);
    loop {
        if rest.op() == Op::Neg && !axes.is_empty() {
            (rest, is_negative) = (rest.src(0), !is_negative);
        } else if let Some(i) = factor(rest) {
            factors.push(expanded(rest.src(i).src(0), &ones(rest.shape())));
            rest = rest.src(1 - i);
        } else {
            break;
        }
    }
    let product = factors.into_iter().rev().fold(summed(rest, axes), |sum, factor| sum * factor);
    if is_negative { -product } else { product }
}

fn inverse(axes: &[usize]) -> Vec<usize> {
    let mut inverse: Vec<usize> = (0..axes.len()).collect();
    inverse.sort_by_key(|&i| axes[i]);
    inverse
}

/// The gradient by each element of a reduction.
fn spread<'g>(y: Uop<'g>, x: Uop<'g>, g: Uop<'g>) -> Option<Uop<'g>> {
    let Arg::Reduce(op, axes) = y.arg() else { return None };
    let spread_out = |v: Uop<'g>| expanded(v, x.shape());
    match op {
        Op::Add => Some(spread_out(g)),
        Op::Mul => Some(spread_out(g) * products_of_others(x, axes)),
        Op::Max => {
            let x = reproducible(x);
            let largest = x.equals(spread_out(reduced(x, Op::Max, axes)));
            let ties = reduced(largest.cast(wide_dtype(x.dtype())), Op::Add, axes);
            let share = widened(spread_out(g)) * spread_out(ties.recip());
            Some(largest.choose(share.cast(x.dtype()), 0.0))
        }
        _ => None,
    }
}

/// `x` such that each element is the same number wherever it is computed: what rounds, and so may come out
/// differently in another loop, is stored. An element is else not sure to equal the maximum that it is.
fn reproducible(x: Uop<'_>) -> Uop<'_> {
    let exact = |node: Uop| {
        let op = node.op();
        let keeps = matches!(op, Op::Where | Op::Max | Op::Neg | Op::Cast | Op::Trunc | Op::RoundTf32 | Op::Detach)
            || op.is_comparison();
        keeps || op.class() == Class::Movement || op.is_alu() && !node.dtype().is_float() || node.arity() == 0
    };
    let (mut stack, mut seen, mut done) = (vec![x], FxHashSet::default(), Memo::new(x.graph()));
    while let Some(node) = stack.pop() {
        match exact(node) || node.op() == Op::Contiguous {
            true => stack.extend(node.srcs().filter(|s| node.op() != Op::Contiguous && seen.insert(*s))),
            false => drop(done.insert(node, node.graph().node(Op::Contiguous, node.dtype(), &[node], Arg::None))),
        }
    }
    rebuild(x, &mut done, |node| node)
}

/// For each element the product of the others along `axes`: quotients would fail at 0.
fn products_of_others<'g>(x: Uop<'g>, axes: &[usize]) -> Uop<'g> {
    let rank = x.shape().len();
    let order: Vec<usize> = (0..rank).filter(|i| !axes.contains(i)).chain(axes.iter().copied()).collect();
    let last = permuted(x, order.clone());
    let at = rank - axes.len();
    let (kept, along) = last.shape().split_at(at);
    // `x` exists, so its elements can be counted.
    let count = Dim::product(along).unwrap_or(Dim::ZERO);
    let flat = reshaped(last, &[kept, std::slice::from_ref(&count)].concat());
    let square = [kept, &[count.clone(), count]].concat();
    let own = position(x.graph(), &square, at).equals(position(x.graph(), &square, at + 1));
    let others = own.choose(broadcast(x.like(1.0), &square), expanded(with_axis(flat, at), &square));
    let product = without_axes(reduced(others, Op::Mul, &[at + 1]), &[at + 1]);
    permuted(reshaped(product, last.shape()), inverse(&order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dim::Var;
    use crate::dtype::DType;
    use crate::interpret::{Array, evaluate};
    use crate::ir::Graph;
    use crate::tensor::{
        Axes, batchnorm, cross_entropy, detach, floor, layernorm, matmul, max, mean, prod, relu, softmax, sum, var,
    };

    fn sizes(shape: &[i64]) -> Vec<Dim> {
        shape.iter().map(|&n| Dim::from(n)).collect()
    }

    /// The values of `roots` where buffers hold a fixed sequence of small numbers and N is `n`.
    fn run(roots: &[Uop], n: i64) -> Vec<Vec<f64>> {
        let shape_of = |number: u32| {
            let all = toposort(roots);
            let buffer = all.into_iter().find(|u| matches!(u.arg(), Arg::Buffer(b, _) if *b == number));
            buffer.map(|b| (b.dtype(), b.shape().iter().map(|d| d.eval(&|_| n) as usize).collect::<Vec<_>>()))
        };
        let fill = |number: u32| {
            let (dtype, shape) = shape_of(number)?;
            let value = |i: usize| {
                ((i * 7 + number as usize * 3) % 11) as f64 * 0.25 - if dtype.is_float() { 1.1 } else { 0.0 }
            };
            let values: Vec<f64> = (0..shape.iter().product()).map(value).collect();
            Array::from_f64(dtype, &shape, &values).ok()
        };
        let arrays = evaluate(roots, &fill, &|_| n).unwrap_or_else(|error| panic!("{error}"));
        arrays.iter().map(Array::to_f64).collect()
    }

    #[test]
    fn central_differences_agree() {
        let g = Graph::new();
        let x = g.buffer(DType::F64, sizes(&[3, 4]));
        let w = g.buffer(DType::F64, sizes(&[4, 3]));
        let h = matmul(relu(x).unwrap(), w).unwrap();
        let h = layernorm(h + softmax(h, 0).unwrap(), None).unwrap();
        let loss = mean(h * h * h + prod(x, Some(Axes(vec![1]))).and_then(|p| sum(p, None)).unwrap(), None).unwrap();
        assert_differences_agree(loss, x);
    }

    /// Compares the gradient of `loss` by `x`, f64 (3, 4), with how much `loss` differs around it.
    fn assert_differences_agree<'g>(loss: Uop<'g>, x: Uop<'g>) {
        let gradient = run(&grad(loss, &[x]).unwrap(), 0).remove(0);
        for (i, exact) in gradient.into_iter().enumerate() {
            let step = 1e-6;
            let at = reshaped(position(x.graph(), &sizes(&[12]), 0).equals(i as i64), x.shape()).cast(DType::F64);
            let moved = [step, -step].map(|d| loss.replace(x, x + at * d));
            let [up, down] = [0, 1].map(|k| run(&moved, 0)[k][0]);
            let difference = (up - down) / (2.0 * step);
            assert!((difference - exact).abs() < 1e-7 * (1.0 + exact.abs()), "element {i}: {exact}, {difference}");
        }
    }

    #[test]
    fn variances_have_gradients_of_second_order() {
        let g = Graph::new();
        let x = g.buffer(DType::F64, sizes(&[3, 4]));
        let channel = g.buffer(DType::F64, sizes(&[4]));
        let spread = var(x, Some(Axes(vec![1]))).unwrap();
        let scaled = batchnorm(x, Some(channel), Some(channel), None).unwrap();
        for loss in [sum(spread * spread, None).unwrap(), sum(scaled * scaled * scaled, None).unwrap()] {
            assert_differences_agree(loss, x);
            let gradient = grad(loss, &[x]).unwrap()[0];
            assert_differences_agree(sum(gradient * gradient, None).unwrap(), x);
        }
    }

    #[test]
    fn what_is_the_same_comes_out_of_sums_that_are_then_shared() {
        let g = Graph::new();
        let x = g.buffer(DType::F32, sizes(&[8, 3, 5]));
        let [scale, shift] = [3, 3].map(|channels| g.buffer(DType::F32, sizes(&[channels])));
        let weights = g.buffer(DType::F32, x.shape().to_vec());
        let loss = sum(batchnorm(x, Some(scale), Some(shift), None).unwrap() * weights, None).unwrap();
        let gradients = grad(loss, &[x, scale, shift]).unwrap();
        let is_over_all = |n: &Uop| n.op() == Op::ReduceAxis && n.src(0).shape() == x.shape();
        // The mean, the variance, and the sums of weights and of weights times what is left of the mean.
        assert_eq!(toposort(&gradients).into_iter().filter(is_over_all).count(), 4);
    }

    #[test]
    fn run_time_sizes_give_what_known_sizes_give() {
        fn build(g: &Graph, n: Dim) -> Vec<Uop<'_>> {
            let x = g.buffer(DType::F32, vec![n.clone(), Dim::from(5)]);
            let w = g.buffer(DType::F32, sizes(&[5, 3]));
            let y = g.buffer(DType::U8, vec![n]);
            let logits = matmul(layernorm(x, None).unwrap(), w).unwrap();
            let loss = cross_entropy(logits, y).unwrap() + mean(max(x, Some(Axes(vec![0]))).unwrap(), None).unwrap();
            let gradients = grad(loss, &[x, w]).unwrap();
            assert!(gradients[0].shape() == x.shape() && gradients[1].shape() == w.shape());
            [vec![loss], gradients].concat()
        }
        for n in [1, 4] {
            let (g, h) = (Graph::new(), Graph::new());
            let known = run(&build(&g, Dim::from(n)), n);
            assert_eq!(run(&build(&h, Var::new("N", 1, 64).into()), n), known);
            assert!(known[1].iter().any(|v| *v != 0.0));
        }
    }

    #[test]
    fn shared_values_and_long_chains_sum_up() {
        let g = Graph::new();
        let x = g.buffer(DType::F32, vec![]);
        let long = (0..20_000).fold(x, |y, _| y + x);
        assert_eq!(run(&grad(long, &[x]).unwrap(), 0), [[20_001.0]]);
        let wide = g.buffer(DType::F32, sizes(&[2, 3]));
        let loss = sum(wide * x, None).unwrap();
        let gradients = grad(loss, &[x, wide]).unwrap();
        assert_eq!(gradients[0].shape(), []);
        assert_eq!(run(&[gradients[0]], 0), run(&[sum(wide, None).unwrap()], 0));
    }

    #[test]
    fn what_has_no_gradient_is_an_error_and_steps_are_zero() {
        let g = Graph::new();
        let (x, y) = (g.buffer(DType::F32, sizes(&[2])), g.buffer(DType::F32, sizes(&[2])));
        let k = g.buffer(DType::I32, sizes(&[2]));
        let total = |u| sum(u, None).unwrap();
        fn message<'g>(loss: Uop<'g>, wrt: &[Uop<'g>]) -> String {
            grad(loss, wrt).unwrap_err().message
        }
        assert_eq!(message(total(x), &[x, y]), "grad: the loss does not depend on input 1, a tensor f32 (2,)");
        assert_eq!(
            message(total(detach(x).unwrap()), &[x]),
            "grad: the loss does not depend on input 0, a tensor f32 (2,)"
        );
        assert_eq!(message(x, &[x]), "grad: the loss must be a single number, got shape (2,)");
        assert_eq!(message(total(k), &[x]), "grad: the loss must be a float, got i32");
        assert_eq!(message(total(x), &[k]), "grad: input 0, a tensor i32 (2,), is not a tensor of floats");
        assert!(depends_on(total(x * y), y) && !depends_on(total(x), y));
        assert_eq!(run(&grad(total(floor(x).unwrap()), &[x]).unwrap(), 0), [[0.0, 0.0]]);
    }

    #[test]
    fn gradients_of_a_product_are_products() {
        let g = Graph::new();
        let (x, w) = (g.buffer(DType::F32, sizes(&[4, 5])), g.buffer(DType::F32, sizes(&[5, 3])));
        let weights = g.buffer(DType::F32, sizes(&[4, 3]));
        let loss = sum(matmul(x, w).unwrap() * weights, None).unwrap();
        for gradient in grad(loss, &[x, w]).unwrap() {
            let views = |u: Uop| u.srcs().all(|s| s.op() == Op::Expand);
            let contraction = |u: &Uop| u.op() == Op::ReduceAxis && u.src(0).op() == Op::Mul && views(u.src(0));
            assert!(gradient.toposort().iter().any(contraction));
        }
    }
}
