//! Tensor functions and lazy tensors are two doors to one compiler: for the same computation they give the same kernels, to the
//! letter.

use std::str::FromStr;

use proc_macro2::TokenStream;
use tg_core::compile::{Function, Language, compile};
use tg_core::ir::Graph;
use tg_core::target::Isa;
use tg_lazy::{Tensor, grad, zeros};

use crate::diagnostic::Diagnostics;
use crate::library;
use crate::syntax::parse_block;
use crate::trace::trace;
use crate::types::Checked;

/// The kernels of a function, as text.
fn kernels(graph: &Graph, function: &Function) -> Vec<String> {
    let program = compile(graph, function, &[Isa::X86V3], Language::C);
    program.kernels.iter().flat_map(|kernel| &kernel.variants).map(|variant| variant.source.clone()).collect()
}

/// The kernels of the only function in `text`, as the macro makes them.
fn of_macro(text: &str) -> Vec<String> {
    let (errors, input) = (Diagnostics::default(), TokenStream::from_str(text).expect("tokens"));
    let mut block = parse_block(input.clone(), &errors);
    library::include(&mut block, &input, &errors);
    let (code, graph) = (Checked::new(&block, &errors), Graph::new());
    let entry = trace(&code, 0, &graph, &errors).expect(text);
    kernels(&graph, &entry.traced.unwrap_or_else(|| panic!("{text}: {}", errors.to_tokens())))
}

/// The kernels of the results of `call` for arguments of these shapes, as lazy tensors make them.
fn of_lazy(shapes: &[&[usize]], call: fn(&[Tensor]) -> Vec<Tensor>) -> Vec<String> {
    let size = |shape: &&[usize]| shape.iter().product::<usize>();
    let given = |shape: &&[usize]| Tensor::from_slice(&vec![0.0f32; size(shape)], shape).requires_grad();
    let arguments: Vec<Tensor> = shapes.iter().map(given).collect();
    tg_lazy::with_function(&call(&arguments), kernels).expect("the call fits")
}

macro_rules! doors {
    ($($name:ident $text:literal [$($shape:expr),*] |$x:ident| $call:expr;)*) => {$(
        #[test]
        fn $name() {
            let of_macro = of_macro(concat!("fn ", stringify!($name), $text));
            let of_lazy = of_lazy(&[$(&$shape),*], |$x| $call.into());
            assert!(!of_macro.is_empty());
            assert_eq!(of_macro, of_lazy, "of the macro, and of lazy tensors");
        }
    )*};
}

doors! {
    affine "(x: Tensor<f32, 3, 40>) -> Tensor<f32, 3, 40> { x * 2.0 + 1.0 }" [[3, 40]] |x| [&x[0] * 2.0 + 1.0];
    activation "(x: Tensor<f32, 1000>) -> Tensor<f32, 1000> { x.gelu_tanh() }" [[1000]] |x| [x[0].gelu_tanh()];
    sigmoid "(x: Tensor<f32, 7>) -> Tensor<f32, 7> { 1.0 - x.sigmoid() }" [[7]] |x| [1.0 - x[0].sigmoid()];
    total "(x: Tensor<f32, 30, 50>) -> Tensor<f32> { x.sum() }" [[30, 50]] |x| [x[0].sum(())];
    columns "(x: Tensor<f32, 30, 50>) -> Tensor<f32, 50> { x.mean(0) }" [[30, 50]] |x| [x[0].mean(0)];
    largest "(x: Tensor<f32, 30, 50>) -> Tensor<i64, 30> { x.argmax(1) }" [[30, 50]] |x| [x[0].argmax(1)];
    spread "(x: Tensor<f32, 30, 50>) -> Tensor<f32, 30> { x.var(1) }" [[30, 50]] |x| [x[0].var(1)];
    probabilities "(x: Tensor<f32, 8, 64>) -> Tensor<f32, 8, 64> { x.softmax(-1) }" [[8, 64]] |x| [x[0].softmax(-1)];
    normalized "(x: Tensor<f32, 8, 64>) -> Tensor<f32, 8, 64> { x.layernorm() }" [[8, 64]] |x| [x[0].layernorm(())];
    turned "(x: Tensor<f32, 20, 30>) -> Tensor<f32, 30, 20> { x.permute([1, 0]).contiguous() }"
        [[20, 30]] |x| [x[0].permute([1, 0]).contiguous()];
    shifted "(x: Tensor<f32, 9>, y: Tensor<f32, 9>) -> Tensor<f32, 18> { cat([x, y]) }"
        [[9], [9]] |x| [tg_lazy::cat([&x[0], &x[1]], ())];
    part "(x: Tensor<f32, 9, 9>) -> Tensor<f32, 3, 9> { x.slice([(2, 5), (0, 9)]) * 2.0 }"
        [[9, 9]] |x| [x[0].slice([(2, 5), (0, 9)]) * 2.0];
    product "(x: Tensor<f32, 64, 96>, y: Tensor<f32, 96, 128>) -> Tensor<f32, 64, 128> { x.matmul(y) }"
        [[64, 96], [96, 128]] |x| [x[0].matmul(&x[1])];
    vector "(x: Tensor<f32, 1, 300>, y: Tensor<f32, 300, 40>) -> Tensor<f32, 1, 40> { x.matmul(y) }"
        [[1, 300], [300, 40]] |x| [x[0].matmul(&x[1])];
    linear "(x: Tensor<f32, 32, 784>, w: Tensor<f32, 784, 10>, b: Tensor<f32, 10>) -> Tensor<f32, 32, 10> {
        (x.matmul(w) + b).relu() }" [[32, 784], [784, 10], [10]] |x| [(x[0].matmul(&x[1]) + &x[2]).relu()];
    perceptron "(x: Tensor<f32, 1, 784>, v: Tensor<f32, 784, 128>, a: Tensor<f32, 128>, w: Tensor<f32, 128, 10>,
        b: Tensor<f32, 10>) -> Tensor<f32, 1, 10> { (x.matmul(v) + a).relu().matmul(w) + b }"
        [[1, 784], [784, 128], [128], [128, 10], [10]]
        |x| [(x[0].matmul(&x[1]) + &x[2]).relu().matmul(&x[3]) + &x[4]];
    convolution "(x: Tensor<f32, 1, 3, 12, 12>, w: Tensor<f32, 4, 3, 3, 3>) -> Tensor<f32, 1, 4, 12, 12> {
        x.conv2d(w, None, 1, 1) }" [[1, 3, 12, 12], [4, 3, 3, 3]] |x| [x[0].conv2d(&x[1], ((), 1, 1))];
    pooled "(x: Tensor<f32, 1, 3, 12, 12>) -> Tensor<f32, 1, 3, 6, 6> { x.max_pool2d(2) }"
        [[1, 3, 12, 12]] |x| [x[0].max_pool2d(2, ())];
    attention "(q: Tensor<f32, 2, 16, 8>, k: Tensor<f32, 2, 16, 8>, v: Tensor<f32, 2, 16, 8>) -> Tensor<f32, 2, 16, 8> {
        q.attention(k, v) }" [[2, 16, 8], [2, 16, 8], [2, 16, 8]] |x| [x[0].attention(&x[1], &x[2], ())];
    distance "(x: Tensor<f32, 50>, y: Tensor<f32, 50>) -> Tensor<f32> { x.mse(y) }" [[50], [50]] |x| [x[0].mse(&x[1])];
    slope "(x: Tensor<f32, 50>) -> Tensor<f32, 50> { (x * x).exp().sum().grad(x) }"
        [[50]] |x| [grad(&(&x[0] * &x[0]).exp().sum(()), [&x[0]]).unwrap().remove(0)];
    both "(x: Tensor<f32, 6, 5>, w: Tensor<f32, 5, 4>) -> (Tensor<f32, 6, 5>, Tensor<f32, 5, 4>) {
        x.matmul(w).square().sum().grad((x, w)) }"
        [[6, 5], [5, 4]] |x| grad(&x[0].matmul(&x[1]).square().sum(()), [&x[0], &x[1]]).unwrap();
    filled "(x: Tensor<f32, 3>) -> Tensor<f32, 2, 3> { zeros([2, 3]) + x }" [[3]] |x| [zeros([2, 3], ()) + &x[0]];
}
