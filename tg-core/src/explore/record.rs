//! From a traced plan, and what was made of it, to an [`Exploration`].

use super::data::{Acted, Exploration, Kernel, Stage, Value};
use super::nest::loops;
use super::trail::Trail;
use crate::compile::{Function, Language, Lowered, Origin, Plan, Rendered, Variant};
use crate::dim::Dim;
use crate::ir::{Graph, Uop, text};
use crate::optimize::{Actions, apply};
use crate::schedule::{Item, Schedule};
use crate::symbolic::Simplifier;
use crate::target::Isa;

/// What was made of a plan for some instruction sets, and which of them is looked at.
pub struct Made<'a, 'g> {
    /// What [`Plan::lower`] made.
    pub lowered: &'a [Vec<Lowered<'g>>],
    /// What [`Plan::spell`] made of that.
    pub rendered: &'a Rendered,
    /// The number of the instruction set.
    pub level: usize,
    /// The instruction set.
    pub isa: Isa,
    /// The language.
    pub language: Language,
}

/// What became of `function` by way of `plan`, whose simplifier was traced.
pub fn record<'g>(graph: &'g Graph, function: &Function<'g>, plan: &Plan<'g>, made: &Made<'_, 'g>) -> Exploration {
    let schedule = plan.schedule();
    let names = names(plan);
    let lowered = || made.lowered.iter().map(|levels| &levels[made.level]);
    let below = lowered().enumerate().flat_map(|(number, lowered)| plan.marks_of(number).chain(lowered.marks()));
    let others = function.inputs.iter().map(|(_, buffer)| *buffer).chain(schedule.items.iter().map(|item| item.tensor));
    let shown = plan.own_marks().chain(below);
    let mut trail = Trail::new(graph, (plan.marks(), plan.steps()), shown, others);

    let mut stages = trail.stages(plan.own_marks(), &[]);
    label(&mut stages, function, plan);
    let variants = made.rendered.variants.iter().map(|levels| &levels[made.level]);
    let of_kernel = |(number, (lowered, variant))| kernel(&mut trail, plan, &names, number, lowered, variant);
    let kernels = lowered().zip(variants).enumerate().map(of_kernel).collect();
    let (values, slots) = memory(schedule, &names);
    Exploration {
        name: function.name.clone(),
        isa: made.isa,
        language: made.language,
        report: plan.report(),
        params: plan.params().to_vec(),
        buffers: function.inputs.iter().map(|(name, buffer)| (trail.number(*buffer), name.clone())).collect(),
        stages,
        kernels,
        values,
        slots,
        nodes: trail.nodes,
        rules: trail.rules,
        steps: trail.fired,
        prelude: made.rendered.prelude.get(made.level).cloned().unwrap_or_default(),
    }
}

/// The name of what is behind each [`crate::schedule::Memory`]: of a parameter its own, of an intermediate the number of
/// the kernel that makes it.
fn names(plan: &Plan) -> Vec<String> {
    let schedule = plan.schedule();
    let maker = |memory| schedule.items.iter().position(|item| item.target.0 as usize == memory);
    let name = |memory| maker(memory).map_or("unused".into(), |kernel| format!("t{}", kernel + 1));
    let intermediates = (schedule.params..schedule.params + schedule.intermediates.len()).map(name);
    plan.params().iter().map(|param| param.name.clone()).chain(intermediates).collect()
}

/// Says of the roots of the function's stages what they are.
fn label(stages: &mut [Stage], function: &Function, plan: &Plan) {
    let name = |buffer: &Uop| function.inputs.iter().find(|(_, own)| own == buffer).map_or("", |(name, _)| name);
    let updates = function.updates.iter().map(|(buffer, _)| format!("{} afterwards", name(buffer)));
    let results: Vec<String> = updates.chain(function.outputs.iter().map(|(name, _)| name.clone())).collect();
    let stored = || (1..).zip(plan.kernels()).map(|(number, (name, _))| format!("kernel {number}: {name}"));
    for stage in stages {
        stage.labels = if stage.name == "schedule" { stored().collect() } else { results.clone() };
    }
}

fn kernel<'g>(
    trail: &mut Trail<'g, '_>,
    plan: &Plan<'g>,
    names: &[String],
    number: usize,
    lowered: &Lowered<'g>,
    variant: &Variant,
) -> Kernel {
    let item = &plan.schedule().items[number];
    let (name, root) = plan.kernels().nth(number).unwrap_or(("", item.store));
    let args: Vec<_> = plan.memory_of(number).map(|(memory, slot)| (names[memory.0 as usize].clone(), slot)).collect();
    let pointers: Vec<String> = args.iter().map(|(name, _)| name.clone()).collect();
    let mut stages = trail.stages(plan.marks_of(number), names);
    stages.extend(trail.stages(lowered.marks(), &pointers));
    let (flops, bytes) = plan.cost_of(number);
    Kernel {
        name: name.into(),
        symbol: plan.symbol_of(number),
        tensor: trail.number(item.tensor),
        target: names[item.target.0 as usize].clone(),
        actions: acted(root, &variant.actions, &pointers),
        args,
        flops: flops.clone(),
        bytes: bytes.clone(),
        stages,
        origin: origin(&variant.origin),
        launch: launch(variant),
        scratch: variant.scratch,
        source: variant.source.clone(),
        assembly: String::new(),
    }
}

/// The actions one by one, applied once more. Their loops are others than those of the kernel, with the same structure.
fn acted<'g>(root: Uop<'g>, actions: &Actions, pointers: &[String]) -> Vec<Acted> {
    let mut simplifier = Simplifier::default();
    let mut kernel = root;
    let mut all = vec![];
    for action in &actions.0 {
        // They could be applied before.
        let Ok(next) = apply(kernel, &Actions(vec![*action]), &mut simplifier) else { break };
        kernel = next;
        all.push(Acted {
            action: action.to_string(),
            numbers: action.numbers(),
            about: action.about(),
            loops: loops(kernel, pointers),
        });
    }
    all
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Heuristic => "chosen by the heuristic".into(),
        Origin::Tuned => "from the tuning file".into(),
        Origin::Inapplicable(why) => format!("chosen by the heuristic; those of the tuning file do not apply: {why}"),
    }
}

fn launch(variant: &Variant) -> String {
    let Some(launch) = &variant.launch else { return String::new() };
    let blocks = launch.blocks.iter().map(|(extent, size)| match size {
        1 => extent.to_string(),
        size => format!("{extent}/{size}"),
    });
    let blocks: Vec<String> = blocks.collect();
    let blocks = if blocks.is_empty() { "1".into() } else { blocks.join(" × ") };
    format!("{blocks} blocks of {} threads", launch.threads)
}

/// The intermediates with their lifetimes, and the slots that they share.
fn memory(schedule: &Schedule, names: &[String]) -> (Vec<Value>, Vec<u64>) {
    let least = |dim: &Dim| dim.eval(&|var| var.min).max(0) as u64;
    let value = |(number, (dtype, shape)): (usize, &(_, Vec<Dim>))| {
        let memory = schedule.params + number;
        let first = schedule.items.iter().position(|item| item.target.0 as usize == memory)?;
        let reads = |item: &Item| item.reads.iter().any(|read| read.0 as usize == memory);
        let elements: u64 = shape.iter().map(least).product();
        Some(Value {
            name: names[memory].clone(),
            dtype: *dtype,
            shape: text::dims(shape),
            bytes: elements * dtype.bytes() as u64,
            slot: schedule.slots.of[number]?,
            life: (first, schedule.items.iter().rposition(reads).unwrap_or(first)),
        })
    };
    let values = schedule.intermediates.iter().enumerate().filter_map(value).collect();
    (values, schedule.slots.bytes.iter().map(least).collect())
}
