//! What code evaluates to, and what is said about mistakes: cases as data, through two functions.

use proc_macro2::TokenStream;
use tg_core::ir::Graph;
use tg_core::tensor::show_shape;

use crate::diagnostic::Diagnostics;
use crate::evaluate::{Binding, Evaluator, Value};
use crate::messages::tensor_type;
use crate::syntax::{Block, parse_block};
use crate::trace::trace;
use crate::types::{Checked, is_template};

/// The value of an expression over `x: Tensor<f32, 4, 6>` and `n: Tensor<i32, 6>`, or the errors.
fn expression(code: &str) -> String {
    let (graph, errors, block) = (Graph::new(), Diagnostics::default(), Block::default());
    let checked = Checked::new(&block, &errors);
    let mut evaluator = Evaluator::new(&checked, &graph, &errors);
    let shape = |sizes: &[i64]| sizes.iter().map(|size| tg_core::dim::Dim::from(*size)).collect();
    let inputs = [
        ("x", graph.buffer(tg_core::dtype::DType::F32, shape(&[4, 6]))),
        ("n", graph.buffer(tg_core::dtype::DType::I32, shape(&[6]))),
    ];
    for (name, buffer) in inputs {
        evaluator.frame().bind(Binding::constant(name, Value::Tensor(buffer)));
    }
    let value = evaluator.eval(&syn::parse_str(code).expect("an expression"));
    match (errors.count(), value) {
        (0, Ok(Value::Tensor(x))) => format!("{} {}", x.dtype(), show_shape(x.shape())),
        (0, Ok(value)) => value.describe(),
        _ => errors.texts().join("\n"),
    }
}

/// The results and updates of each compiled function of a block, or the errors.
fn block(code: &str) -> String {
    let errors = Diagnostics::default();
    let block = parse_block(code.parse::<TokenStream>().expect("tokens"), &errors);
    let checked = Checked::new(&block, &errors);
    let mut lines = Vec::new();
    for at in 0..block.functions.len() {
        if checked.signatures[at].as_ref().is_none_or(is_template) {
            continue;
        }
        let graph = Graph::new();
        let entry = trace(&checked, at, &graph, &errors);
        let Some(traced) = entry.and_then(|entry| entry.traced) else { continue };
        let outputs = traced.outputs.iter().map(|(_, x)| tensor_type(x.dtype(), x.shape()));
        let names = traced.inputs.iter().filter(|(_, buffer)| traced.updates.iter().any(|(b, _)| b == buffer));
        let updates = names.map(|(name, _)| format!("{name}'"));
        lines.push(outputs.chain(updates).collect::<Vec<_>>().join(" "));
    }
    if errors.count() > 0 { errors.texts().join("\n") } else { lines.join("\n") }
}

fn check(cases: &[(&str, &str)], run: fn(&str) -> String) {
    for (code, expected) in cases {
        assert_eq!(run(code), *expected, "{code}");
    }
}

#[test]
fn numbers_are_computed() {
    let cases = [
        ("1 + 2 * 3", "the integer 7"),
        ("7 / 2 % 2 - 1", "the integer 0"),
        ("1.5f32 * 2.0", "the float 3.0"),
        ("1f32", "the float 1.0"),
        ("-(3 as f32).sqrt().floor()", "the float -1.0"),
        ("(1 < 2) && !(2.0 >= 3.0)", "`true`"),
        ("{ let (a, mut b) = (1, 2); b += a; [a, b][1] }", "the integer 3"),
        ("{ let f = |a, b: usize| a * b; f(3, 4) }", "the integer 12"),
        ("(0..4).map(|i| i * i).fold(0, |a, b| a + b)", "the integer 14"),
        ("{ let mut s = 0; for (i, k) in [5, 6].iter().enumerate() { s += i * k; } s }", "the integer 6"),
        (
            "{ let mut s = 0; for i in 0..10 { if i == 2 { continue; } if i > 3 { break; } s += i; } s }",
            "the integer 4",
        ),
        ("match 3 { 0 | 1 => 10, 2..=4 => 20, _ => 30 }", "the integer 20"),
        ("{ let mut v = Vec::new(); v.push(1); v.push(2); v.len() }", "the integer 2"),
        ("vec![0; 3].len()", "the integer 3"),
        ("std::f64::consts::PI.floor()", "the float 3.0"),
        ("x.dim(1) * x.rank()", "the integer 12"),
    ];
    check(&cases, expression);
}

#[test]
fn tensors_get_their_shapes() {
    let cases = [
        ("x + 1.0", "f32 (4, 6)"),
        ("1.0 / x", "f32 (4, 6)"),
        ("-x * x.sum(-1).unsqueeze(1)", "f32 (4, 6)"),
        ("x.matmul(x.t()).relu()", "f32 (4, 4)"),
        ("x < 0.5", "bool (4, 6)"),
        ("x.cast::<i32>() == n", "bool (4, 6)"),
        ("!(x > 0.0)", "bool (4, 6)"),
        ("x[0]", "f32 (6,)"),
        ("x[-1]", "f32 (6,)"),
        ("x[1..3]", "f32 (2, 6)"),
        ("x[(.., 0)]", "f32 (4,)"),
        ("x[(1..=2, 2..)]", "f32 (2, 4)"),
        ("x[n]", "f32 (6, 6)"),
        ("x[(n[0], 1..3)]", "f32 (2,)"),
        ("Tensor::zeros::<i32>([2, 3])", "i32 (2, 3)"),
        ("cat([x, x], 1)", "f32 (4, 12)"),
        ("(x > 0.0).where_(x, 0.0)", "f32 (4, 6)"),
        ("(x, x.t()).map(|t| t * 2.0)", "a tuple (`Tensor<f32, 4, 6>`, `Tensor<f32, 6, 4>`)"),
        ("x.sum().grad(x)", "f32 (4, 6)"),
        ("(x * x).sum().grad((x, x))", "a tuple (`Tensor<f32, 4, 6>`, `Tensor<f32, 4, 6>`)"),
    ];
    check(&cases, expression);
}

#[test]
fn functions_are_inlined_and_updates_found() {
    let cases = [
        (
            "struct Mlp { w1: Tensor<f32, 784, 128>, b1: Tensor<f32, 128>, w2: Tensor<f32, 128, 10>, b2: Tensor<f32, 10> }
             impl Mlp {
                 pub fn logits<N: Dim>(&self, x: Tensor<u8, N, 784>) -> Tensor<f32, N, 10> {
                     let x = x.cast::<f32>() / 255.0;
                     let h = (x.matmul(self.w1) + self.b1).relu();
                     h.matmul(self.w2) + self.b2
                 }
             }
             pub fn train_step(net: &mut Mlp, x: Tensor<u8, 128, 784>, y: Tensor<u8, 128>, lr: f32) -> Tensor<f32> {
                 let loss = net.logits(x).cross_entropy(y);
                 *net -= lr * loss.grad(net);
                 loss
             }",
            "Tensor<f32, N, 10>\nTensor<f32> net.w1' net.b1' net.w2' net.b2'",
        ),
        (
            "struct Layer<const I: usize, const O: usize> { w: Tensor<f32, I, O> }
             impl<const I: usize, const O: usize> Layer<I, O> {
                 fn forward<N: Dim>(&self, x: Tensor<f32, N, I>) -> Tensor<f32, N, O> { x.matmul(self.w) }
             }
             const H: usize = 3 + 2;
             struct Net { a: Layer<4, H>, b: [Layer<H, H>; 2] }
             fn run<N: Dim>(net: &Net, x: Tensor<f32, N, 4>) -> Tensor<f32, { N * 1 }, H> {
                 let mut x = net.a.forward(x);
                 for layer in net.b { x = layer.forward(x).relu(); }
                 x
             }",
            "Tensor<f32, N, 5>",
        ),
        (
            "fn step(x: &mut Tensor<f32, 3>, n: &mut f32) { bump(x, 1.0); *n = 2.0; }
             fn bump(x: &mut Tensor<f32, 3>, by: f32) { *x += by; }",
            "x' n'\nx'",
        ),
        (
            "fn pick<const TRAIN: bool>(x: Tensor<f32, 3>) -> Tensor<f32, 3> { if TRAIN { return x; } x * 2.0 }
             fn both(x: Tensor<f32, 3>) -> (Tensor<f32, 3>, f32) { (pick::<true>(x), pick::<false>(x).sum()) }",
            "Tensor<f32, 3> Tensor<f32>",
        ),
        (
            "fn scaled(x: Tensor<f32, 3>, by: Option<f64>, plus: Option<Tensor<f32, 3>>) -> Tensor<f32, 3> {
                 x * by.unwrap_or(2.0) + plus.unwrap_or(x)
             }
             fn all(x: Tensor<f32, 3>) -> Tensor<f32, 3> { scaled(x) + scaled(x, 1.0) + scaled(x, None, x) }",
            "Tensor<f32, 3>",
        ),
        (
            "struct Box<const A: usize, const B: usize = A, const C: usize = 2> { w: Tensor<f32, A, B, C> }
             fn parts(a: Box<3>, b: Box<3, 4>) -> (Tensor<f32, 3, 3, 2>, Tensor<f32, 3, 4, 2>) { (a.w, b.w) }",
            "Tensor<f32, 3, 3, 2> Tensor<f32, 3, 4, 2>",
        ),
        (
            "struct Step<const A: usize, const BY: usize = 2> { w: Tensor<f32, A> }
             impl<const A: usize, const BY: usize> Step<A, BY> { fn by(self) -> Tensor<f32, BY> { self.w[0..BY] } }
             fn made(w: Tensor<f32, 4>, other: Step<4, 1>) -> (Tensor<f32, 2>, Tensor<f32, 3>, Tensor<f32, 1>) {
                 (Step { w }.by(), Step::<4, 3> { w }.by(), Step { w, ..other }.by())
             }",
            "Tensor<f32, 2> Tensor<f32, 3> Tensor<f32, 1>",
        ),
        (
            "struct Net { w: Tensor<f32, 3>, #[buffer] seen: Tensor<i64> }
             fn scale(net: &mut Net) { *net = -(net * 2.0).map(|t| t + 1.0); }
             fn step(net: &mut Net, x: Tensor<f32, 3>) {
                 let loss = (net.w * x).sum();
                 net.seen += 1;
                 *net -= loss.grad(net);
             }",
            "net.w'\nnet.w' net.seen'",
        ),
    ];
    check(&cases, block);
}

#[test]
fn mistakes_are_explained_once() {
    let cases = [
        (
            "y + 1",
            "no variable, constant or function `y` in this block\nhelp: nothing from outside of the block is seen: name it with `let` before, or pass it as a parameter",
        ),
        (
            "1 + 2.0",
            "`+` between the integer 1 and the float 2.0\nhelp: integers and floats do not mix: write `2.0`, or convert with `as f64`",
        ),
        ("1 / 0", "`1 / 0` divides by zero"),
        (
            "{ let a = q; a + a.relu() }",
            "no variable, constant or function `q` in this block\nhelp: nothing from outside of the block is seen: name it with `let` before, or pass it as a parameter",
        ),
        ("x.relux()", "no method `relux` on `Tensor<f32, 4, 6>`\nhelp: did you mean `relu`?"),
        (
            "while true {}",
            "`while` is not part of tensor functions\nhelp: use `for` over a constant range or array, which is unrolled",
        ),
        ("{ let f = |g| g(g); f(f) }", "calls are nested deeper than 64"),
        (
            "{ for i in 0..100000 {} }",
            "more than 65536 iterations, calls or elements in one function\nhelp: everything is unrolled while the crate compiles; work on whole tensors instead",
        ),
        ("{ let n = 3; assert!(n == 4, \"{n} of {m}, {n}\"); }", "3 of {m}, 3"),
        ("[1, 2][5]", "index 5 is not within an array of 2 elements\nhelp: the last element has the index 1"),
    ];
    check(&cases, expression);
}

#[test]
fn independent_mistakes_are_all_found() {
    let errors = block(
        "fn a(x: Tensor<f32, 3>) -> Tensor<f32, 4> { let y = x.reluu(); let z = x + q; x }
         fn f(x: Tensor<f32, 3>) -> Tensor<f32, 3> { g(x) }
         fn g(x: Tensor<f32, 3>) -> Tensor<f32, 3> { f(x) }",
    );
    for text in ["reluu", "`q`", "the result of `a`: expected `Tensor<f32, 4>`, got `Tensor<f32, 3>`", "f → g → f"]
    {
        assert!(errors.contains(text), "{text}\n{errors}");
    }
}
