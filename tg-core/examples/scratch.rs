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
        "train" => {
            let x = g.buffer(DType::U8, vec![128.into(), 784.into()]);
            let y = g.buffer(DType::U8, vec![128.into()]);
            let lr = buf(&[]);
            let w = buf(&[784, 128]);
            let b = buf(&[128]);
            let w2 = buf(&[128, 10]);
            let b2 = buf(&[10]);
            let xf = x.cast(DType::F32);
            let xf = c("div", &[T(xf), A::Float(255.0)]);
            let h = m("relu", &[m("add", &[m("matmul", &[xf, w]), b])]);
            let o = m("add", &[m("matmul", &[h, w2]), b2]);
            let loss = m("cross_entropy", &[o, y]);
            let ps = [w, b, w2, b2];
            let gs = grad(loss, &ps).unwrap();
            Function {
                name: "train".into(),
                inputs: vec![
                    ("x".into(), x),
                    ("y".into(), y),
                    ("lr".into(), lr),
                    ("w".into(), w),
                    ("b".into(), b),
                    ("w2".into(), w2),
                    ("b2".into(), b2),
                ],
                updates: ps.iter().zip(&gs).map(|(p, g)| (*p, m("sub", &[*p, m("mul", &[lr, *g])]))).collect(),
                outputs: vec![("o".into(), loss)],
            }
        }
        "mm" => {
            let a = buf(&[512, 512]);
            let b = buf(&[512, 512]);
            Function {
                name: "mm".into(),
                inputs: vec![("a".into(), a), ("b".into(), b)],
                updates: vec![],
                outputs: vec![("o".into(), m("matmul", &[a, b]))],
            }
        }
        "relu" => {
            let a = buf(&[4096, 4096]);
            Function {
                name: "relu".into(),
                inputs: vec![("a".into(), a)],
                updates: vec![],
                outputs: vec![("o".into(), m("relu", &[a]))],
            }
        }
        _ => panic!(),
    };
    {
        let p = plan(g, &f);
        eprintln!("plan {:?} {:?}", t0.elapsed(), p.report());
        for (n, k) in p.kernels() {
            eprintln!("  {n} {}", k.toposort().len());
        }
    }
    let p = compile(
        g,
        &f,
        &[match std::env::args().nth(2).as_deref() {
            Some("2") => Isa::X86V2,
            Some("3") => Isa::X86V3,
            Some("n") => Isa::Neon,
            _ => Isa::X86V4,
        }],
        Language::C,
    );
    eprintln!("{:?} {:?} nodes {}", t0.elapsed(), p.report, g.len());
    println!("{}", p.prelude[0]);
    for k in &p.kernels {
        println!(
            "// {} {} {:?} extent {:?}/{} flops {:?} bytes {:?}\n{}",
            k.name,
            k.variants[0].actions,
            k.args,
            k.variants[0].extent,
            k.variants[0].tile,
            k.flops,
            k.bytes,
            k.variants[0].source
        );
    }
}
