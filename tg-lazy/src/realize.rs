//! Computing tensors: what is missing is extracted from the world, compiled or found, and run.

use std::panic::Location;
use std::sync::{Arc, PoisonError};

use rustc_hash::FxHashSet;
use tg_core::dim::Var;
use tg_core::dtype::DType;
use tg_runtime::program::DimValues;
use tg_runtime::recent::Slot;

use crate::compile::{self, Alone, Body, Program};
use crate::data::{Data, Elements};
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::interpret;
use crate::tensor::Tensor;
use crate::world::extract::{Extract, Leaf};
use crate::world::{self, Copied, Handle, World};

/// Computes tensors, in one program for all of them that are on one device: what they have in common is computed once.
///
/// # Errors
/// The error that one of them holds; [`ErrorKind::Runtime`] for memory and devices.
#[track_caller]
pub fn realize<'t>(tensors: impl IntoIterator<Item = &'t Tensor>) -> Result<()> {
    let at = Location::caller();
    let handles = tensors.into_iter().map(Tensor::handle).collect::<Result<Vec<_>>>()?;
    reach(vec![Goal { handles, copied: None }], at)
}

/// Makes the elements of tensors that are copies of others.
pub(crate) fn copy(copies: Vec<Copied>, at: &'static Location<'static>) -> Result<()> {
    reach(copies.into_iter().map(Goal::copy).collect(), at)
}

/// Tensors that are to have their elements.
struct Goal {
    handles: Vec<Arc<Handle>>,
    /// What happens then.
    copied: Option<Copied>,
}

/// Reaches all goals, the last one first. Before one can be reached, others may have to be: copies of copies, however many.
fn reach(mut goals: Vec<Goal>, at: &'static Location<'static>) -> Result<()> {
    while let Some(goal) = goals.last() {
        let step = Step::next(&goal.handles, &mut world::lock()).map_err(|kind| Error::at(kind, at))?;
        match step {
            Step::Done => goals.pop().into_iter().try_for_each(|goal| goal.end(at))?,
            Step::Copies(copies) => goals.extend(copies.into_iter().map(Goal::copy)),
            Step::Run(job) => {
                let is_all = job.targets.len() == goal.handles.len();
                job.run().map_err(|kind| Error::at(kind, at))?;
                if is_all {
                    goals.pop().into_iter().try_for_each(|goal| goal.end(at))?;
                }
            }
        }
    }
    Ok(())
}

impl Goal {
    fn copy(copied: Copied) -> Goal {
        Goal { handles: vec![copied.from.clone()], copied: Some(copied) }
    }

    fn end(self, at: &'static Location<'static>) -> Result<()> {
        let Some(copied) = self.copied else { return Ok(()) };
        let Some(to) = copied.to.upgrade() else { return Ok(()) };
        let (from, is_there) = {
            let world = world::lock();
            (world.data(&copied.from), world.data(&to).is_some())
        };
        if let Some(from) = from.filter(|_| !is_there) {
            let data = from.to(to.device).map_err(|error| Error::at(ErrorKind::Runtime(error), at))?;
            world::lock().fill(&to, Arc::new(data));
        }
        Ok(())
    }
}

/// What is to be done next.
enum Step {
    Done,
    Copies(Vec<Copied>),
    Run(Job),
}

impl Step {
    fn next(handles: &[Arc<Handle>], world: &mut World) -> std::result::Result<Step, ErrorKind> {
        let missing = missing(handles, world);
        let Some(first) = missing.first() else { return Ok(Step::Done) };
        if let Some(other) = missing.iter().find(|handle| !Elements::is_stored(handle.dtype)) {
            return Err(ErrorKind::Stored { dtype: other.dtype });
        }
        let device = first.device;
        let targets: Vec<Arc<Handle>> = missing.into_iter().filter(|handle| handle.device == device).collect();
        let roots: Vec<_> = targets.iter().map(|handle| world.node(handle)).collect();
        let extract = world.extract(&roots, device);
        let leaves = world.leaves(&extract, device);
        let copies: Vec<Copied> = leaves.iter().filter_map(Leaf::copied).collect();
        if !copies.is_empty() {
            return Ok(Step::Copies(copies));
        }
        let inputs = leaves.iter().map(Leaf::data).collect::<Option<_>>().ok_or(ErrorKind::Captured)?;
        world.hold(&roots, extract.read(), device);
        let slot = compile::slot(&extract.key);
        let known = slot.try_lock().ok().and_then(|held| held.clone());
        let work = known.map_or_else(
            || {
                let alone = Box::new(Alone::new(&extract, world));
                Work::New(slot, extract, alone)
            },
            Work::Known,
        );
        Ok(Step::Run(Job { targets, inputs, device, work }))
    }
}

/// Those that have no elements, each node once.
fn missing(handles: &[Arc<Handle>], world: &mut World) -> Vec<Arc<Handle>> {
    let mut seen = FxHashSet::default();
    let is_missing = |handle: &&Arc<Handle>| world.data(handle).is_none() && seen.insert(world.node(handle));
    handles.iter().filter(is_missing).cloned().collect()
}

/// A program, or what it is made of.
enum Work {
    Known(Arc<Program>),
    New(Arc<Slot<Program>>, Arc<Extract>, Box<Alone>),
}

/// Tensors to be computed from others.
struct Job {
    targets: Vec<Arc<Handle>>,
    inputs: Vec<Arc<Data>>,
    device: Device,
    work: Work,
}

impl Job {
    fn run(self) -> std::result::Result<(), ErrorKind> {
        let program = match self.work {
            Work::Known(program) => program,
            Work::New(slot, extract, alone) => compile::program(&slot, &extract.key, *alone, self.device)?,
        };
        let dims = crate::call::merged(self.targets.iter().map(|handle| &*handle.dims))?;
        let counts = self.targets.iter().map(|handle| (handle.dtype, handle.sizes.iter().product()));
        let results = run(&program, &self.inputs, counts, &dims, self.device)?;
        let mut world = world::lock();
        for (handle, elements) in self.targets.iter().zip(results) {
            world.fill(handle, Arc::new(Data { elements, device: self.device }));
        }
        Ok(())
    }
}

/// What `program` computes of `inputs`, where run-time dimensions are `dims`: as many elements of types as `counts` says.
pub(crate) fn run(
    program: &Program,
    inputs: &[Arc<Data>],
    counts: impl Iterator<Item = (DType, usize)>,
    dims: &[(Var, i64)],
    device: Device,
) -> std::result::Result<Vec<Elements>, ErrorKind> {
    let value = |var: &Var| dims.iter().find(|(other, _)| other == var).map_or(var.min, |(_, value)| *value);
    let dims: Vec<i64> = program.dims.iter().map(value).collect();
    // SAFETY: the program writes all elements, or they are dropped.
    let unwritten = |(dtype, count)| unsafe { Elements::unwritten(dtype, count, device) }.map_err(ErrorKind::Runtime);
    let mut outputs = counts.map(unwritten).collect::<std::result::Result<Vec<_>, _>>()?;
    match &program.body {
        Body::Kernels(kernels) => {
            let reads = inputs.iter().map(|data| data.elements.address().cast_mut());
            let params: Vec<*mut u8> = reads.chain(outputs.iter_mut().map(Elements::address_mut)).collect();
            let dims =
                DimValues::of(&dims).ok_or_else(|| ErrorKind::Internal("too many run-time dimensions".into()))?;
            // SAFETY: the program is of the graph whose BUFFERs are `inputs`, by their order, types and shapes, which are
            // part of its key; elements do not change while somebody has them; outputs are new, and written here only.
            unsafe { kernels.run(device, &params, &dims) }.map_err(ErrorKind::Runtime)?;
        }
        Body::Interpreted(alone) => {
            let alone = alone.lock().unwrap_or_else(PoisonError::into_inner);
            outputs = interpret::run(&alone, inputs, &program.dims, &dims)?;
        }
    }
    Ok(outputs)
}
