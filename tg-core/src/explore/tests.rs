//! Small functions, explored: that what is recorded hangs together, that it is what is compiled, and how it reads.

use std::path::Path;

use super::about::STAGES;
use super::*;
use crate::compile::{Slot, compile};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Op, Uop};
use crate::lower::passes;
use crate::symbolic::rules;
use crate::tensor::Argument::{self, Int, Tensor};
use crate::tensor::find;

/// One step of training a layer: what goes in, a matrix product, a softmax, an update.
fn layer<'g>(graph: &'g Graph, name: &str) -> Function<'g> {
    let buffer = |shape: [i64; 2]| graph.buffer(DType::F32, shape.map(Dim::from).to_vec());
    let (x, w) = (buffer([64, 32]), buffer([32, 16]));
    let call = |method: &str, args: &[Argument<'g>]| -> Uop<'g> {
        let method = find(method).expect("a method");
        match (method.call)(graph, args) {
            Ok(Tensor(result)) => result,
            _ => panic!("{} makes no tensor", method.name),
        }
    };
    let y = call("softmax", &[Tensor(call("matmul", &[Tensor(x), Tensor(w)])), Int(-1)]);
    let transposed = call("transpose", &[Tensor(x), Int(0), Int(1)]);
    let gradient = call("matmul", &[Tensor(transposed), Tensor(y)]);
    Function {
        name: name.into(),
        inputs: vec![("x".into(), x), ("w".into(), w)],
        scalars: vec![],
        constants: vec![],
        updates: vec![(w, w - gradient)],
        outputs: vec![("y".into(), y)],
    }
}

const TARGETS: [(Isa, Language); 2] = [(Isa::X86V3, Language::C), (Isa::Sm90a, Language::Ptx)];

fn explored(isa: Isa, language: Language) -> Exploration {
    let graph = Graph::new();
    explore(&graph, &layer(&graph, "layer"), isa, language)
}

#[test]
fn everything_refers_to_what_is_there() {
    for (isa, language) in TARGETS {
        let all = explored(isa, language);
        let is_node = |node: &u32| (*node as usize) < all.nodes.len();
        assert!(all.nodes.iter().enumerate().all(|(at, node)| node.src.iter().all(|src| (*src as usize) < at)));
        let stages: Vec<&Stage> = all.stages.iter().chain(all.kernels.iter().flat_map(|k| &k.stages)).collect();
        assert!(stages.iter().all(|stage| stage.nodes.iter().all(is_node)));
        assert!(all.steps.iter().all(|step| is_node(&step.before) && is_node(&step.after)));
        assert!(all.steps.iter().all(|step| step.before != step.after && (step.rule as usize) < all.rules.len()));
        let ends: Vec<_> = stages.iter().flat_map(|stage| [stage.steps.start, stage.steps.end]).collect();
        assert!(ends.is_sorted() && ends.last() == Some(&all.steps.len()), "stages share the steps: {ends:?}");
        assert!(all.steps.len() > 20 && all.rules.len() > 3, "hardly anything is traced");
    }
}

#[test]
fn stages_are_those_of_the_compiler_and_explained() {
    for (isa, language) in TARGETS {
        let all = explored(isa, language);
        let names = |stages: &[Stage]| stages.iter().map(|stage| stage.name).collect::<Vec<_>>();
        assert_eq!(names(&all.stages), ["tensor", "views", "schedule"]);
        let passes: Vec<&str> = passes(isa).iter().map(|pass| pass.name).collect();
        let ends: &[&str] = if isa.is_gpu() { &["linearize", "order", "rotate"] } else { &["linearize"] };
        for kernel in &all.kernels {
            assert_eq!(names(&kernel.stages), [&["loops", "merge", "actions"], &*passes, ends].concat());
            let explained = |stage: &Stage| STAGES.iter().any(|(name, ..)| *name == stage.name);
            assert!(all.stages.iter().chain(&kernel.stages).all(explained));
            assert!(kernel.stages.iter().all(|stage| stage.is_list || stage.nodes.len() == 1));
        }
    }
}

#[test]
fn what_is_shown_is_what_is_compiled() {
    for (isa, language) in TARGETS {
        let graph = Graph::new();
        let program = compile(&graph, &layer(&graph, "layer"), &[isa], language);
        let all = explored(isa, language);
        assert_eq!(all.report, program.report);
        assert_eq!(all.kernels.len(), program.kernels.len());
        for (shown, kernel) in all.kernels.iter().zip(&program.kernels) {
            assert_eq!((&shown.symbol, &shown.source), (&kernel.name, &kernel.variants[0].source));
            let slots: Vec<Slot> = shown.args.iter().map(|(_, slot)| *slot).collect();
            assert_eq!(slots, kernel.args);
            assert_eq!(shown.actions.len(), kernel.variants[0].actions.0.len());
            assert_ne!(all.nodes[shown.tensor as usize].op, Op::Buffer, "a kernel stores what it computes");
        }
    }
}

#[test]
fn values_of_a_slot_are_not_alive_at_once() {
    let all = explored(Isa::X86V3, Language::C);
    assert!(!all.values.is_empty(), "nothing is stored between kernels");
    for (at, value) in all.values.iter().enumerate() {
        assert!(value.life.0 <= value.life.1 && value.life.1 < all.kernels.len());
        assert!(value.bytes <= all.slots[value.slot as usize]);
        let apart = |other: &Value| other.life.0 > value.life.1 || value.life.0 > other.life.1;
        assert!(all.values[at + 1..].iter().all(|other| other.slot != value.slot || apart(other)));
    }
}

#[test]
fn loops_read_as_loops() {
    let all = explored(Isa::X86V3, Language::C);
    let of = |kernel: usize, stage: &str| {
        let stages = &all.kernels[kernel].stages;
        &*stages.iter().find(|own| own.name == stage).expect("a stage").loops
    };
    let product = "for i0 in 0..64\n  for i1 in 0..16\n    sum0 = 0.0\n    for k0 in 0..32\n      \
                   sum0 += x[i0*32 + k0]*w[i1 + k0*16]\n    t1[i0*16 + i1] = sum0\n";
    assert_eq!(of(0, "merge"), product);
    let softmax: String = (1..all.kernels.len()).map(|kernel| of(kernel, "merge")).collect();
    for line in ["  max0 = -inf\n", "    max0 = max(max0, t1[i0*16 + k0])\n", "  t3[i0] = recip(sum0)\n"] {
        assert!(softmax.contains(line), "no {line:?} in:\n{softmax}");
    }
    assert!(of(0, "actions").contains("// lane"), "{}", of(0, "actions"));
    let last = all.kernels[0].actions.last().expect("an action");
    assert_eq!(last.loops, of(0, "actions"), "the actions one by one make what they make together");
}

#[test]
fn assembly_goes_to_its_kernels() {
    let mut all = explored(Isa::X86V3, Language::C);
    let text: Vec<String> =
        all.kernels.iter().map(|k| format!("\t.globl\t{0}\n{0}:\n\tret # {0}\n", k.symbol)).collect();
    let end = |k: &Kernel| format!("\t.size\t{0}, .-{0}\n", k.symbol);
    let whole: String = text.iter().zip(&all.kernels).map(|(text, k)| text.clone() + &end(k)).collect();
    all.assembled(&whole);
    for kernel in &all.kernels {
        assert_eq!(kernel.assembly, format!("{0}:\n\tret # {0}\n", kernel.symbol));
    }
}

#[test]
fn a_page_is_whole_and_no_name_gets_out_of_its_place() {
    let graph = Graph::new();
    let name = "</script><b>\"&'{{}}";
    let page = explore(&graph, &layer(&graph, name), Isa::X86V3, Language::C).page();
    assert_eq!(page.matches("</script").count(), 2, "of the data and of the script");
    assert!(page.contains("<title>&lt;/script&gt;&lt;b&gt;&quot;&amp;'{{}} · tg explorer</title>"));
    assert!(page.contains(r#""name":"\u003c/script>\u003cb>\"&'{{}}""#));
    assert!(
        page.trim_end().ends_with("</html>") && !page.contains("<script src") && !page.contains("<link rel=\"style")
    );
    // The name of SVG is no address that anything is loaded from.
    assert_eq!(
        page.matches("http").count() - page.matches("http-equiv").count(),
        page.matches("http://www.w3.org/2000/svg").count()
    );
}

#[test]
fn rules_are_in_the_files_that_the_page_names() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for rule in rules().rules() {
        let module = rule.module.strip_prefix("tg_core::").expect("a module of this crate");
        assert!(source.join("src").join(module.replace("::", "/") + ".rs").exists(), "{module}");
        assert!(rule.text.contains("=>"), "{}", rule.text);
    }
}
