//! The only public entry: a traced tensor function in, finished kernels with their launch plan out.

pub mod debug;
mod identity;
mod name;
mod pack;
mod portable;
mod program;
mod rendered;
pub mod sharing;
mod stored;
mod traced;
mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::dim::{Dim, Var};
use crate::dtype::DType;
use crate::ir::{Arg, Axis, Graph, Op, Uop};
use crate::loops::{Digits, Nest, canonical_text, renamed};
use crate::lower::{Linear, lower};
use crate::optimize::{Actions, Fingerprint, Tuning, apart, apply, heuristic, merge_loops, repeated, with_margins};
use crate::render::{self, C, Entry, Rust, emit, emit_ptx};
use crate::rewrite::Step;
use crate::schedule::{self, Item, Memory, Schedule};
use crate::symbolic::Simplifier;
use crate::target::{Device, Isa};
use pack::spelled;

pub use identity::{FINGERPRINT, identity};
pub use pack::LoweredPack;
pub use portable::Portable;
pub use program::{Function, Kernel, Language, Launch, Origin, Pack, Parameter, Program, Report, Role, Slot, Variant};
pub use rendered::Rendered;

/// A function cut into kernels, before any code is generated.
pub struct Plan<'g> {
    name: String,
    schedule: Schedule<'g>,
    params: Vec<Parameter>,
    dims: Vec<Var>,
    kernels: Vec<Planned<'g>>,
    simplifier: Simplifier<'g>,
}

/// A kernel as a loop nest.
struct Planned<'g> {
    name: String,
    args: Vec<Slot>,
    /// What is behind each of `args`; several intermediates may share a slot.
    memory: Vec<Memory>,
    /// SINK(STORE), with kernel arguments numbered as in `args`.
    root: Uop<'g>,
    flops: Dim,
    bytes: Dim,
    work: Dim,
    /// Which marks were made of it.
    marks: Range<usize>,
    /// What a tuning file says about it.
    tuned: Vec<(Isa, Actions)>,
}

/// A kernel as instructions for one instruction set.
pub struct Lowered<'g> {
    /// The instruction set.
    pub isa: Isa,
    /// The actions.
    pub actions: Actions,
    /// Who chose them.
    pub origin: Origin,
    /// The instructions.
    pub linear: Linear<'g>,
    /// See [`Variant::extent`] and [`Variant::tile`].
    extent: (Dim, i64),
    /// See [`Variant::repeated`].
    repeated: i64,
    launch: Option<Launch>,
    /// The copies of constant operands that it reads.
    packs: Vec<LoweredPack<'g>>,
    /// Which marks were made of it.
    marks: Range<usize>,
}

impl<'g> Lowered<'g> {
    /// The copies of constant operands that it reads as its last arguments.
    pub fn packs(&self) -> &[LoweredPack<'g>] {
        &self.packs
    }

    /// How it is launched, on a GPU.
    pub fn launch(&self) -> Option<&Launch> {
        self.launch.as_ref()
    }
}

/// Schedules `function`: enough for its [`Report`], with no code generated.
pub fn plan<'g>(graph: &'g Graph, function: &Function<'g>) -> Plan<'g> {
    plan_with(graph, function, Device::Cpu, Simplifier::default())
}

/// [`plan`] for a device, with a simplifier of one's own, such as one that is traced.
pub fn plan_with<'g>(
    graph: &'g Graph,
    function: &Function<'g>,
    device: Device,
    mut simplifier: Simplifier<'g>,
) -> Plan<'g> {
    let updates = function.updates.iter().map(|(_, value)| *value);
    let roots: Vec<_> = updates.chain(function.outputs.iter().map(|(_, value)| *value)).collect();
    simplifier.mark("tensor", &roots);
    let schedule = schedule::schedule(graph, function, device, &mut simplifier);
    let params = parameters(function);
    let mut names = BTreeSet::new();
    let items = schedule.items.iter();
    let kernels = items.map(|item| planned(item, &schedule, &params, &mut names, device, &mut simplifier)).collect();
    let dims = dims(&params);
    Plan { name: function.name.clone(), schedule, params, dims, kernels, simplifier }
}

/// Schedules and renders `function` for each of `isas`.
pub fn compile<'g>(graph: &'g Graph, function: &Function<'g>, isas: &[Isa], language: Language) -> Program {
    plan_with(graph, function, Device::of(isas), Simplifier::default()).render(isas, language)
}

fn parameters(function: &Function) -> Vec<Parameter> {
    let input = |(name, buffer): &(String, Uop)| {
        let updated = function.updates.iter().any(|(b, _)| b == buffer);
        let role = if updated { Role::InPlace } else { Role::Input };
        let by_value = role == Role::Input && function.scalars.contains(name);
        Parameter { name: name.clone(), dtype: buffer.dtype(), shape: buffer.shape().to_vec(), role, by_value }
    };
    let output = |(name, value): &(String, Uop)| {
        let dtype = crate::loops::stored_dtype(value.dtype());
        Parameter { name: name.clone(), dtype, shape: value.shape().to_vec(), role: Role::Output, by_value: false }
    };
    function.inputs.iter().map(input).chain(function.outputs.iter().map(output)).collect()
}

/// The run-time dimensions of the parameters, in the order in which they first appear.
fn dims(params: &[Parameter]) -> Vec<Var> {
    let mut dims: Vec<Var> = vec![];
    for var in params.iter().flat_map(|p| &p.shape).flat_map(Dim::vars) {
        if !dims.contains(&var) {
            dims.push(var);
        }
    }
    dims
}

fn planned<'g>(
    item: &Item<'g>,
    schedule: &Schedule<'g>,
    params: &[Parameter],
    names: &mut BTreeSet<String>,
    device: Device,
    simplifier: &mut Simplifier<'g>,
) -> Planned<'g> {
    let (kernel, from) = (item.store.graph().sink(&[item.store]), simplifier.marks().len());
    simplifier.mark("loops", &[kernel]);
    let merged = merge_loops(kernel, simplifier);
    let shape = |memory: Memory| match params.get(memory.0 as usize) {
        Some(param) => param.shape.clone(),
        None => schedule.intermediates[memory.0 as usize - schedule.params].1.clone(),
    };
    let (flops, bytes) = (schedule::flops(merged), schedule::bytes(merged.src(0), &shape));
    let work = schedule::work(merged, &bytes);
    let base = name::describe(merged);
    let name = unused(base, names);
    let elements = |pointer: Uop<'g>| match pointer.arg() {
        Arg::Slot(slot) => Dim::product(&shape(Memory(*slot))).and_then(|size| size.known()),
        _ => None,
    };
    // Processors read no vectors that end behind what they need.
    let root = if device == Device::Gpu { with_margins(merged, &elements, simplifier) } else { merged };
    simplifier.mark("merge", &[root]);
    let marks = from..simplifier.marks().len();
    let (root, memory) = renumber(root);
    let args = memory.iter().map(|memory| place(*memory, schedule)).collect();
    Planned { name, args, memory, root, flops, bytes, work, marks, tuned: vec![] }
}

/// `base`, numbered if it is taken, by itself or by another name with its number.
fn unused(base: String, names: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{base}_{n}"));
    let name = std::iter::once(base.clone()).chain(numbered).find(|name| !names.contains(name)).unwrap_or(base);
    names.insert(name.clone());
    name
}

/// Where a stored tensor is when the program runs.
fn place(memory: Memory, schedule: &Schedule) -> Slot {
    match (memory.0 as usize).checked_sub(schedule.params) {
        None => Slot::Param(memory.0),
        Some(i) => {
            Slot::Workspace(schedule.slots.of[i].unwrap_or_else(|| panic!("compile: intermediate {i} has no slot")))
        }
    }
}

/// `kernel` with its pointers numbered from 0 in the order of their [`Memory`], which is the second result.
///
/// Its loops are made anew, so that the order of its nodes follows from its structure, and not from what was compiled before.
fn renumber(kernel: Uop) -> (Uop, Vec<Memory>) {
    let mut pointers: Vec<(u32, Uop)> = vec![];
    for node in kernel.toposort() {
        if let (Op::DefineGlobal, Arg::Slot(slot)) = (node.op(), node.arg()) {
            pointers.push((*slot, node));
        }
    }
    pointers.sort_unstable();
    let graph = kernel.graph();
    let numbered = pointers.iter().enumerate().map(|(i, (_, p))| (*p, graph.global_in(p.dtype(), i as u32)));
    let ranges = kernel.toposort().into_iter().filter(|n| n.op() == Op::Range);
    let pairs: Vec<_> = numbered.chain(renamed(graph, ranges)).collect();
    (crate::loops::substitute(kernel, &pairs), pointers.iter().map(|(memory, _)| Memory(*memory)).collect())
}

impl<'g> Plan<'g> {
    /// Totals at the smallest value of each run-time dimension.
    pub fn report(&self) -> Report {
        let least = |dim: &Dim| dim.eval(&|v| v.min).max(0) as u64;
        Report {
            kernels: self.kernels.len(),
            flops: self.kernels.iter().map(|k| least(&k.flops)).sum(),
            bytes: self.kernels.iter().map(|k| least(&k.bytes)).sum(),
            workspace_bytes: self.schedule.slots.bytes.iter().map(least).sum(),
        }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The loop nests, in launch order, with the name of each.
    pub fn kernels(&self) -> impl Iterator<Item = (&str, Uop<'g>)> {
        self.kernels.iter().map(|k| (k.name.as_str(), k.root))
    }

    /// Every rewrite so far, if the simplifier is traced.
    pub fn steps(&self) -> &[Step] {
        self.simplifier.trace()
    }

    /// From here on uses the actions of `tuning` for the kernels that it has.
    pub fn tune(&mut self, tuning: &Tuning) {
        for kernel in self.kernels.iter_mut().filter(|_| !tuning.entries().is_empty()) {
            let nest = Fingerprint::of(&canonical_text(kernel.root));
            kernel.tuned = tuning.of_nest(nest).map(|entry| (entry.isa, entry.actions.clone())).collect();
        }
    }

    /// What the kernels have of a tuning file, as text: rendered kernels depend on it.
    pub fn tuned(&self) -> String {
        let of = |kernel: &Planned| format!("{:?}\n", kernel.tuned);
        self.kernels.iter().map(of).collect()
    }

    /// Each kernel as instructions for each of `isas`.
    pub fn lower(&mut self, isas: &[Isa]) -> Vec<Vec<Lowered<'g>>> {
        let simplifier = &mut self.simplifier;
        let mut lowered = |kernel: &Planned<'g>, isa| generate(kernel.root, isa, kernel.tuned(isa), simplifier);
        self.kernels.iter().map(|kernel| isas.iter().map(|isa| lowered(kernel, *isa)).collect()).collect()
    }

    /// What [`Plan::lower`] made, as text.
    pub fn spell(&self, lowered: &[Vec<Lowered<'g>>], language: Language) -> Rendered {
        let levels = lowered.first().map_or(0, Vec::len);
        let mut preludes: Vec<BTreeMap<String, String>> = vec![BTreeMap::new(); levels];
        let mut variant = |kernel: &Planned, level: usize, lowered: &Lowered| {
            let rendered = self.write(kernel, lowered, language);
            preludes[level].extend(rendered.prelude);
            let (extent, tile) = lowered.extent.clone();
            let (mut source, scratch, repeated) = (rendered.source, rendered.scratch, lowered.repeated);
            let (actions, origin) = (lowered.actions.clone(), lowered.origin.clone());
            let launch = lowered.launch.clone();
            let packs = spelled(&lowered.packs, &kernel.symbol(), language, (&mut source, &mut preludes[level]));
            let packs = packs.into_iter().map(|pack| Pack { of: kernel.parameter(pack.of), ..pack }).collect();
            Variant { isa: lowered.isa, source, extent, tile, scratch, repeated, packs, launch, actions, origin }
        };
        let each = self.kernels.iter().zip(lowered);
        let variants =
            each.map(|(kernel, all)| (0..).zip(all).map(|(level, one)| variant(kernel, level, one)).collect());
        let variants = variants.collect();
        let prelude = preludes.into_iter().map(|p| p.into_values().map(|line| line + "\n").collect()).collect();
        Rendered { variants, prelude }
    }

    fn write(&self, kernel: &Planned, lowered: &Lowered, language: Language) -> render::Rendered {
        let (linear, name, dims) = (&lowered.linear, &*kernel.symbol(), &*self.dims);
        match language {
            Language::C => emit(linear, name, dims, &mut C::default()),
            Language::Rust => emit(linear, name, dims, &mut Rust::default()),
            Language::Ptx => {
                let args: Vec<_> = kernel.args.iter().map(|slot| self.value_type(*slot)).collect();
                let threads = lowered.launch.as_ref().map_or(1, |launch| launch.threads);
                emit_ptx(linear, &Entry { name, isa: lowered.isa, args: &args, dims, threads })
            }
        }
    }

    /// The type of an argument that is passed by value.
    fn value_type(&self, slot: Slot) -> Option<DType> {
        match slot {
            Slot::Param(at) => Some(&self.params[at as usize]).filter(|param| param.by_value).map(|param| param.dtype),
            Slot::Workspace(_) => None,
        }
    }

    /// The program whose kernels are `rendered`, by this plan or by an equal one.
    pub fn program(self, rendered: Rendered) -> Program {
        let report = self.report();
        let kernel = |(kernel, variants): (Planned, Vec<Variant>)| {
            let name = kernel.symbol();
            let Planned { args, flops, bytes, work, .. } = kernel;
            Kernel { name, args, variants, flops, bytes, work }
        };
        Program {
            name: self.name,
            dims: self.dims,
            params: self.params,
            workspace: self.schedule.slots.bytes,
            kernels: self.kernels.into_iter().zip(rendered.variants).map(kernel).collect(),
            prelude: rendered.prelude,
            report,
        }
    }

    /// The finished program: all of the above.
    pub fn render(mut self, isas: &[Isa], language: Language) -> Program {
        let lowered = self.lower(isas);
        let rendered = self.spell(&lowered, language);
        self.program(rendered)
    }
}

impl Planned<'_> {
    fn tuned(&self, isa: Isa) -> Option<&Actions> {
        self.tuned.iter().find(|(level, _)| *level == isa).map(|(_, actions)| actions)
    }

    fn symbol(&self) -> String {
        format!("tgk_{}", self.name)
    }

    /// The parameter that is argument `at`.
    fn parameter(&self, at: u32) -> u32 {
        let Slot::Param(parameter) = self.args[at as usize] else { panic!("compile: an intermediate is no constant") };
        parameter
    }
}

/// `kernel` as instructions for `isa`, with the actions `tuned` if they can be applied, else with those of the heuristic.
pub fn generate<'g>(
    kernel: Uop<'g>,
    isa: Isa,
    tuned: Option<&Actions>,
    simplifier: &mut Simplifier<'g>,
) -> Lowered<'g> {
    let from = simplifier.marks().len();
    let applied = tuned.map(|actions| apply(kernel, actions, simplifier).map(|kernel| (actions.clone(), kernel)));
    let (origin, (actions, kernel)) = match applied {
        Some(Ok(tuned)) => (Origin::Tuned, tuned),
        Some(Err(why)) => (Origin::Inapplicable(why.0), heuristic(kernel, isa, simplifier)),
        None => (Origin::Heuristic, heuristic(kernel, isa, simplifier)),
    };
    simplifier.mark("actions", &[kernel]);
    let parallel = Nest::new(kernel).loops().into_iter().find(|r| matches!(r.arg(), Arg::Range(_, Axis::Parallel)));
    let extent = parallel.and_then(|range| schedule::quotient(range.src(0))).unwrap_or((Dim::ONE, 1));
    let (kernel, packs) = apart(kernel, simplifier);
    let repeated = repeated(kernel);
    let packs = packs.into_iter().map(|packing| LoweredPack::new(packing, isa, simplifier)).collect();
    let linear = lower(kernel, isa, simplifier);
    let launch = isa.is_gpu().then(|| launch(kernel, &linear));
    Lowered { isa, actions, origin, linear, extent, repeated, launch, packs, marks: from..simplifier.marks().len() }
}

/// How `kernel`, a loop nest with all actions, is launched, whose instructions are `linear`.
fn launch(kernel: Uop, linear: &Linear) -> Launch {
    let digits = Digits::of(kernel);
    let blocks = digits.grid().iter().map(|range| {
        schedule::quotient(range.src(0)).unwrap_or_else(|| panic!("compile: {range:?} is not a number of blocks"))
    });
    let matrix = linear.0.iter().find_map(|node| match node.arg() {
        Arg::Fragment(fragment) => Some(*fragment),
        Arg::Group(group) => Some(group.fragment),
        _ => None,
    });
    Launch { blocks: blocks.collect(), threads: digits.threads(), matrix }
}
