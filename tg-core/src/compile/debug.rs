//! What `TG_DEBUG` shows of functions that are compiled, as text: in builds, and of lazy tensors while a program runs.
//! Printing it, and assembly, is left to those who compile.

use super::{Function, Language, Lowered, Origin, Plan, Program, Report, Variant, plan_with};
use crate::ir::Graph;
use crate::ir::text::print_list;
use crate::symbolic::Simplifier;
use crate::target::{Device, Isa};

/// The level from which the kernels of each function are shown.
const KERNELS: u8 = 1;
/// Also the actions of each kernel for each instruction set.
const ACTIONS: u8 = 3;
/// Also their source.
const SOURCE: u8 = 4;
/// Also their instructions. From here on nothing is taken from what an earlier build or process has kept, the source only.
pub const INSTRUCTIONS: u8 = 5;
/// Also each rewrite.
pub const REWRITES: u8 = 6;
/// Also assembly.
pub const ASSEMBLY: u8 = 7;

/// [`compile`](super::compile), and what is to be shown of it.
pub fn compile<'g>(
    graph: &'g Graph,
    function: &Function<'g>,
    isas: &[Isa],
    language: Language,
    level: u8,
) -> (Program, String) {
    let simplifier = if level >= REWRITES { Simplifier::traced() } else { Simplifier::new() };
    let mut plan = plan_with(graph, function, Device::of(isas), simplifier);
    let lowered = plan.lower(isas);
    let stages = stages(graph, &plan, &lowered, level);
    let rendered = plan.spell(&lowered, language);
    let program = plan.program(rendered);
    let text = stages + &self::program(&program, level);
    (program, text)
}

/// The rewrites and instructions of a function, one a line.
pub fn stages(graph: &Graph, plan: &Plan, lowered: &[Vec<Lowered>], level: u8) -> String {
    let mut text = String::new();
    if level >= REWRITES {
        text += &format!("tg: {}: {} rewrites\n", plan.name(), plan.steps().len());
        plan.steps().iter().for_each(|step| text += &format!("tg:   {}\n", step.describe(graph)));
    }
    let kernels = plan.kernels().zip(lowered).filter(|_| level >= INSTRUCTIONS);
    for ((name, _), lowered) in kernels.flat_map(|(kernel, all)| all.iter().map(move |one| (kernel, one))) {
        text += &format!("// {name}, {}: instructions\n{}", lowered.isa.name(), print_list(&lowered.linear.0));
    }
    text
}

/// The kernels of a function, with their actions and source.
pub fn program(program: &Program, level: u8) -> String {
    let mut text = String::new();
    if level >= KERNELS {
        let Report { kernels, flops, bytes, workspace_bytes } = program.report;
        let name = &program.name;
        text += &format!("tg: {name}: {kernels} kernels, {flops} flops, {bytes} bytes, workspace {workspace_bytes}\n");
    }
    for kernel in program.kernels.iter().filter(|_| level >= KERNELS) {
        let (name, args, flops, bytes) = (&kernel.name, &kernel.args, &kernel.flops, &kernel.bytes);
        text += &format!("tg:   {name} {args:?}: {flops} flops, {bytes} bytes\n");
        for Variant { isa, actions, origin, .. } in &kernel.variants {
            let isa = isa.name();
            if let Origin::Inapplicable(why) = origin {
                text += &format!("tg:     {isa}: the actions in tg-tune.lock are ignored: {why}; run tg-tune again\n");
            }
            if level >= ACTIONS {
                let note = if *origin == Origin::Tuned { ", from tg-tune.lock" } else { "" };
                text += &format!("tg:     {isa}: {actions}{note}\n");
            }
        }
        for variant in kernel.variants.iter().filter(|_| level >= SOURCE) {
            text += &format!("// {}\n{}\n", variant.isa.name(), variant.source);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dim::Dim;
    use crate::dtype::DType;

    /// All that is shown of `y = x * 2`.
    fn shown(level: u8) -> String {
        let graph = Graph::new();
        let x = graph.buffer(DType::F32, vec![Dim::from(4), Dim::from(8)]);
        let outputs = vec![("y".into(), x * 2)];
        let function = Function {
            name: "f".into(),
            inputs: vec![("x".into(), x)],
            scalars: vec![],
            constants: vec![],
            updates: vec![],
            outputs,
        };
        compile(&graph, &function, &[Isa::X86V3], Language::C, level).1
    }

    #[test]
    fn each_level_shows_more() {
        let of_level = [
            "",
            "tg: f: 1 kernels, 32 flops, 256 bytes, workspace 0\n",
            "tg:   tgk_e_32 [Param(0), Param(1)]: 32 flops, 256 bytes\n",
            "tg:     x86v3: vectorize(",
            "void tgk_e_32(",
            "// e_32, x86v3: instructions\n%0 = ",
            "tg: f: 7 rewrites\ntg:   fold::constant: 4*8 => 32\n",
        ];
        for level in 0..=REWRITES {
            let text = shown(level);
            for (from, part) in (0..).zip(of_level) {
                let from = if from == 2 { 1 } else { from };
                assert_eq!(text.contains(part), level >= from, "level {level}, {part:?}:\n{text}");
            }
        }
    }
}
