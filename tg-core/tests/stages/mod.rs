//! A tensor function through the stages of the compiler: each stage is checked by its spec and executed
//! by its interpreter, so that what lowering does to the meaning of a program shows without a C compiler.

use std::collections::HashMap;

use tg_core::compile::{Function, Kernel, Language, LoweredPack, Program, Slot, generate, plan_with};
use tg_core::dtype::DType;
use tg_core::interpret::{Array, run_blocks, run_kernel, run_linear};
use tg_core::ir::spec::{Stage, verify};
use tg_core::ir::{Arg, Graph, Op, Uop, cast};
use tg_core::lower::passes;
use tg_core::optimize::heuristic;
use tg_core::symbolic::Simplifier;
use tg_core::target::{Device, Isa};

/// How far kernels are compiled before they are executed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Loop nests as scheduled.
    Scheduled,
    /// After the heuristic's actions.
    Optimized(Isa),
    /// After this many passes of the lowering.
    Passes(Isa, usize),
    /// As instructions, those of a GPU for all of its threads.
    Linear(Isa),
}

impl Step {
    /// What the function is cut into kernels for.
    fn device(self) -> Device {
        match self {
            Step::Scheduled => Device::Cpu,
            Step::Optimized(isa) | Step::Passes(isa, _) | Step::Linear(isa) => Device::of(&[isa]),
        }
    }
}

/// Every step, in order.
pub fn steps() -> impl Iterator<Item = Step> {
    [Step::Scheduled].into_iter().chain([Isa::X86V3, Isa::Sm80].into_iter().flat_map(steps_for))
}

fn steps_for(isa: Isa) -> impl Iterator<Item = Step> {
    // On a GPU passes are verified only, on the way to the instructions: threads are no loops any more.
    let runs = if isa.is_gpu() { 0 } else { passes(isa).len() };
    let passes = (1..=runs).map(move |n| Step::Passes(isa, n));
    [Step::Optimized(isa)].into_iter().chain(passes).chain([Step::Linear(isa)])
}

/// The outputs of `function` for its `inputs`, executed at `step`.
///
/// # Errors
/// The violations of a spec, printed, or why an interpreter stopped.
pub fn run<'g>(step: Step, graph: &'g Graph, function: &Function<'g>, inputs: &[Array]) -> Result<Vec<Array>, String> {
    let roots: Vec<Uop> = function.outputs.iter().map(|(_, value)| *value).collect();
    verify(Stage::Tensor, &roots).map_err(|e| e.to_string())?;
    let plan = plan_with(graph, function, step.device(), Simplifier::default());
    let kernels: Vec<Uop> = plan.kernels().map(|(_, root)| root).collect();
    let program = plan.render(&[], Language::C);
    let mut memory = Memory::new(&program, inputs)?;
    for (root, kernel) in kernels.into_iter().zip(&program.kernels) {
        memory.launch(step, root, kernel)?;
    }
    let outputs = function.outputs.iter().zip(function.inputs.len()..);
    outputs.map(|((_, value), i)| memory.output(value.dtype(), i as u32)).collect()
}

/// The buffers of a program. A workspace slot holds one array for each element type it is used with.
struct Memory<'p> {
    program: &'p Program,
    arrays: HashMap<(Slot, DType), Array>,
}

impl<'p> Memory<'p> {
    fn new(program: &'p Program, inputs: &[Array]) -> Result<Memory<'p>, String> {
        let mut arrays = HashMap::new();
        for (i, param) in program.params.iter().enumerate() {
            let shape: Vec<usize> = param.shape.iter().map(|d| d.eval(&|v| v.min) as usize).collect();
            let array = inputs.get(i).cloned().map_or_else(|| Array::zeros(param.dtype, &shape), Ok);
            arrays.insert((Slot::Param(i as u32), param.dtype), array.map_err(|e| e.to_string())?);
        }
        Ok(Memory { program, arrays })
    }

    /// Takes the contents of `slot` as elements of `dtype`.
    fn take(&mut self, slot: Slot, dtype: DType) -> Result<Array, String> {
        match slot {
            Slot::Param(i) => {
                let stored = self.program.params[i as usize].dtype;
                let array = self.arrays.remove(&(slot, stored)).ok_or("a parameter is used twice by one kernel")?;
                Array::collect(dtype, &array.shape, array.data).map_err(|e| e.to_string())
            }
            Slot::Workspace(i) => {
                let bytes = self.program.workspace[i as usize].eval(&|v| v.min) as usize;
                let empty = || Array::zeros(dtype, &[bytes / dtype.bytes()]);
                self.arrays.remove(&(slot, dtype)).map_or_else(empty, Ok).map_err(|e| e.to_string())
            }
        }
    }

    fn give(&mut self, slot: Slot, mut array: Array) {
        if let Slot::Param(i) = slot {
            array.dtype = self.program.params[i as usize].dtype;
            array.data.iter_mut().for_each(|v| *v = cast(*v, array.dtype));
        }
        self.arrays.insert((slot, array.dtype), array);
    }

    fn launch(&mut self, step: Step, root: Uop, kernel: &Kernel) -> Result<(), String> {
        let dtypes: HashMap<u32, DType> = root.toposort().into_iter().filter_map(pointer).collect();
        let typed = |(i, slot): (usize, &Slot)| self.take(*slot, dtypes[&(i as u32)]);
        let mut buffers = kernel.args.iter().enumerate().map(typed).collect::<Result<Vec<_>, _>>()?;
        execute(step, root, &mut buffers)?;
        kernel.args.iter().zip(buffers).for_each(|(slot, buffer)| self.give(*slot, buffer));
        Ok(())
    }

    fn output(&mut self, dtype: DType, i: u32) -> Result<Array, String> {
        self.take(Slot::Param(i), dtype)
    }
}

fn pointer(node: Uop) -> Option<(u32, DType)> {
    match (node.op(), node.arg()) {
        (Op::DefineGlobal, Arg::Slot(slot)) => Some((*slot, node.dtype().pointee())),
        _ => None,
    }
}

/// `kernel` compiled up to `step`, checked, and run.
fn execute(step: Step, kernel: Uop, buffers: &mut [Array]) -> Result<(), String> {
    let nest = match step {
        Step::Scheduled => kernel,
        Step::Optimized(isa) => passed(kernel, isa, 0)?,
        Step::Passes(isa, n) => passed(kernel, isa, n)?,
        Step::Linear(isa) => return execute_list(kernel, isa, buffers),
    };
    verify(Stage::Loops, &[nest]).map_err(|e| e.to_string())?;
    run_kernel(nest, buffers, &|v| v.min).map_err(|e| e.to_string())
}

/// `kernel` after the heuristic and `n` passes, of which each leaves what the spec allows.
fn passed<'g>(kernel: Uop<'g>, isa: Isa, n: usize) -> Result<Uop<'g>, String> {
    let mut simplifier = Simplifier::default();
    let mut nest = heuristic(kernel, isa, &mut simplifier).1;
    for pass in &passes(isa)[..n] {
        nest = (pass.run)(nest, &mut simplifier);
        verify(Stage::Loops, &[nest]).map_err(|e| format!("after {}: {e}", pass.name))?;
    }
    Ok(nest)
}

fn execute_list(kernel: Uop, isa: Isa, buffers: &mut [Array]) -> Result<(), String> {
    passed(kernel, isa, passes(isa).len())?;
    let lowered = generate(kernel, isa, None, &mut Simplifier::default());
    let list = &lowered.linear.0;
    verify(Stage::Linear, list).map_err(|e| e.to_string())?;
    let mut all = buffers.to_vec();
    for pack in lowered.packs() {
        all.push(packed(pack, buffers)?);
    }
    let run = match lowered.launch() {
        Some(launch) => run_blocks(list, &mut all, (launch.count(&|v| v.min), launch.threads), &|v| v.min),
        None => run_linear(list, &mut all, &|v| v.min),
    };
    buffers.iter_mut().zip(all).for_each(|(buffer, after)| *buffer = after);
    run.map_err(|e| e.to_string())
}

/// The copy of a constant operand, which is one of `buffers`.
fn packed(LoweredPack { packing, linear }: &LoweredPack, buffers: &[Array]) -> Result<Array, String> {
    verify(Stage::Loops, &[packing.nest]).map_err(|e| e.to_string())?;
    verify(Stage::Linear, &linear.0).map_err(|e| e.to_string())?;
    let dtypes: HashMap<u32, DType> = packing.nest.toposort().into_iter().filter_map(pointer).collect();
    let copy = Array::zeros(dtypes[&1], &[packing.bytes / dtypes[&1].bytes()]).map_err(|e| e.to_string())?;
    let mut both = [buffers[packing.of as usize].clone(), copy];
    run_linear(&linear.0, &mut both, &|v| v.min).map_err(|e| e.to_string())?;
    let [_, copy] = both;
    Ok(copy)
}
