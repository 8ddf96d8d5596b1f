//! The innermost loop of a large product keeps its sums in registers: read off the assembly.
#![cfg(target_arch = "x86_64")]

use tg_core::compile::{Function, Language, Program, compile};
use tg_core::dtype::DType;
use tg_core::ir::Graph;
use tg_core::target::Isa;
use tg_core::tensor::{Argument, find};
use tg_toolchain::{Job, Toolchain, host_triple};

/// A product of matrices of 1024 × 1024.
fn product(isa: Isa) -> Program {
    let graph = Graph::new();
    let [a, b] = [0, 1].map(|_| graph.buffer(DType::F32, vec![1024.into(), 1024.into()]));
    let method = find("matmul").expect("a method");
    let Ok(Argument::Tensor(product)) = (method.call)(&graph, &[Argument::Tensor(a), Argument::Tensor(b)]) else {
        panic!("no product")
    };
    let inputs = vec![("a".into(), a), ("b".into(), b)];
    let function = Function {
        name: "product".into(),
        inputs,
        scalars: vec![],
        constants: vec![],
        updates: vec![],
        outputs: vec![("y".into(), product)],
    };
    compile(&graph, &function, &[isa], Language::C)
}

/// The straight piece of code with the most multiply-adds: the body of the innermost loop.
fn hottest(assembly: &str) -> Vec<&str> {
    let lines: Vec<&str> = assembly.lines().collect();
    let pieces = lines.split(|line| line.ends_with(':') || line.trim_start().starts_with('j')).map(<[&str]>::to_vec);
    pieces.max_by_key(|piece| piece.iter().filter(|line| line.contains("vfmadd")).count()).unwrap_or_default()
}

#[test]
fn sums_of_a_product_stay_in_registers() {
    let toolchain = Toolchain::new(&host_triple(), None).expect("a C compiler");
    for (isa, sums) in [(Isa::X86V3, 24), (Isa::X86V4, 48)] {
        let program = product(isa);
        let source = format!("{}\n{}", program.prelude[0], program.kernels[0].variants[0].source);
        let assembly = toolchain.assemble_all(&[Job { source, isa }]).expect("assembly").remove(0);
        let text = assembly.embed("test_").expect("embeddable");
        let body = hottest(&text);
        let count = |word: &str| body.iter().filter(|line| line.contains(word)).count();
        assert!(count("vfmadd") >= sums, "{} multiply-adds on {}:\n{text}", count("vfmadd"), isa.name());
        let on_stack = count("(%rsp)") + count("(%rbp)");
        assert_eq!(on_stack, 0, "sums on {} are on the stack:\n{}", isa.name(), body.join("\n"));
    }
}
