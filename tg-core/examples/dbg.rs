use tg_core::compile::{Function, plan};
use tg_core::ir::{Arg, Axis, Graph, pretty};
use tg_core::loops::Nest;
use tg_core::lower::lower;
use tg_core::optimize::{Actions, apply, heuristic};
use tg_core::render::{C, emit};
use tg_core::symbolic::Simplifier;
use tg_core::target::Isa;
use tg_core::tensor::{Argument, find};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n = |i: usize| a[i].parse::<i64>().unwrap();
    let graph = Graph::new();
    let f32 = tg_core::dtype::DType::F32;
    let x = graph.buffer(f32, vec![n(1).into(), n(2).into()]);
    let w = graph.buffer(f32, vec![n(2).into(), n(3).into()]);
    let Ok(Argument::Tensor(y)) = (find("matmul").unwrap().call)(&graph, &[Argument::Tensor(x), Argument::Tensor(w)])
    else {
        panic!()
    };
    let f = Function {
        name: "f".into(),
        inputs: vec![("x".into(), x), ("w".into(), w)],
        updates: vec![],
        outputs: vec![("y".into(), y)],
    };
    let plan = plan(&graph, &f);
    let mut s = Simplifier::default();
    for (_, k) in plan.kernels() {
        eprintln!("{}\n", pretty(k));
        let (acts, k) = if a.len() > 4 && !a[4].is_empty() {
            let acts: Actions = a[4].parse().unwrap();
            let k = apply(k, &acts, &mut s).unwrap();
            (acts, k)
        } else {
            heuristic(k, Isa::X86V4, &mut s)
        };
        eprintln!("{acts}\n{}\n", pretty(k));
        let nest = Nest::new(k);
        for l in nest.loops() {
            eprintln!("{}{:?} {:?}", "  ".repeat(nest.depth(l)), l.arg(), l.src(0));
        }
        let par = nest
            .loops()
            .into_iter()
            .find(|r| matches!(r.arg(), Arg::Range(_, Axis::Parallel)))
            .map_or(1, |r| r.src(0).as_int().unwrap());
        let lin = lower(k, &mut s);
        let r = emit(&lin, "kernel", &[], &mut C::default());
        for v in r.prelude.values() {
            println!("{v}");
        }
        println!("{}", r.source);
        println!("enum {{ PAR = {par}, SCRATCH = {}, M = {}, K = {}, N = {} }};", r.scratch, n(1), n(2), n(3));
    }
}
