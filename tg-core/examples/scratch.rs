//! scratch
use tg_core::compile::*;
use tg_core::dim::*;
use tg_core::dtype::DType;
use tg_core::ir::*;
use tg_core::target::Isa;
use tg_core::tensor::*;
fn main() {
    let g: &'static Graph = Box::leak(Box::new(Graph::new()));
    run(g)
}
fn run(g: &'static Graph) {
    let n = Dim::from(Var::new("N", 1, 1 << 31));
    let which = std::env::args().nth(1).unwrap();
    use Argument as A;
    use Argument::Tensor as T;
    let c = |n: &str, a: &[A<'static>]| -> Uop<'static> {
        match (find(n).unwrap().call)(g, a).unwrap() {
            T(x) => x,
            _ => panic!(),
        }
    };
    let m = |n: &str, a: &[Uop<'static>]| c(n, &a.iter().map(|x| T(*x)).collect::<Vec<_>>());
    let buf = |shape: &[i64]| g.buffer(DType::F32, shape.iter().map(|&d| Dim::from(d)).collect());
    let t0 = std::time::Instant::now();
    let f = match which.as_str() {
        "softmax" => {
            let x = buf(&[4096, 1024]);
            Function {
                name: "softmax".into(),
                inputs: vec![("x".into(), x)],
                updates: vec![],
                outputs: vec![("o".into(), c("softmax", &[T(x), A::Int(-1)]))],
            }
        }
        "logits" => {
            let x = g.buffer(DType::U8, vec![n, 784.into()]);
            let w = buf(&[784, 128]);
            let b = buf(&[128]);
            let w2 = buf(&[128, 10]);
            let b2 = buf(&[10]);
            let xf = x.cast(DType::F32);
            let xf = c("div", &[T(xf), A::Float(255.0)]);
            let h = m("relu", &[m("add", &[m("matmul", &[xf, w]), b])]);
            let o = m("add", &[m("matmul", &[h, w2]), b2]);
            Function {
                name: "logits".into(),
                inputs: vec![("x".into(), x), ("w".into(), w), ("b".into(), b), ("w2".into(), w2), ("b2".into(), b2)],
                updates: vec![],
                outputs: vec![("o".into(), o)],
            }
        }
        _ => panic!(),
    };
    let p = compile(g, &f, &[Isa::X86V4], Language::C);
    eprintln!("{:?} {:?} nodes {}", t0.elapsed(), p.report, g.len());
    println!("{}", p.prelude[0]);
    for k in &p.kernels {
        println!(
            "// {} {:?} extent {:?}/{} flops {:?} bytes {:?}\n{}",
            k.name, k.args, k.variants[0].extent, k.variants[0].tile, k.flops, k.bytes, k.variants[0].source
        );
    }
}
