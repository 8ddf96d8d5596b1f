//! Programs that were compiled while the process runs: the same tables as those of generated code, with an owner.
//!
//! [`Program`] is made for statics, whose tables live as long as the process. Here they live as long as an [`Owned`], which
//! therefore hands out no reference to them. Names outlive it, because errors and profiles hold them: each distinct one is kept
//! once, for ever.

use std::any::Any;
use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use tg_core::compile;
use tg_core::dim::{Dim, Var};

use super::{
    DimSpec, DimValues, Kernel, KernelFn, ParamSpec, Poly, Program, ProgramState, Report, Role, Slot, Variant,
};
use crate::device::Device;
use crate::error::Result;
use crate::isa::Isa;

/// A program with its tables.
#[derive(Debug)]
pub struct Owned {
    program: Box<Program>,
    /// What the references in `program` are to.
    _tables: Tables,
}

/// Tables that stay where they are.
#[derive(Debug, Default)]
struct Tables(Vec<Box<dyn Any + Send + Sync>>);

impl Tables {
    /// A table for as long as `self` exists, though the type says for ever: no reference may leave its owner.
    fn keep<T: Send + Sync + 'static>(&mut self, items: impl IntoIterator<Item = T>) -> &'static [T] {
        let table: Box<Box<[T]>> = Box::new(items.into_iter().collect());
        let items: *const [T] = &**table;
        self.0.push(table);
        // SAFETY: the elements do not move with the boxes that own them, which are never changed, and are dropped with
        // the `Owned` that `self` becomes a part of; nothing that an `Owned` gives to others refers to them.
        unsafe { &*items }
    }
}

impl Owned {
    /// `program`, whose kernels are `entries`, in order: code that this processor can run.
    ///
    /// # Safety
    /// Each entry is the code of its kernel, and stays until the result is dropped.
    pub unsafe fn new(program: &compile::Program, entries: &[KernelFn]) -> Owned {
        let mut tables = Tables::default();
        let dims = &program.dims;
        let spec = |var: &Var| DimSpec { name: lasting(&var.name), min: var.min, max: var.max };
        let params: Vec<_> = program.params.iter().map(|param| parameter(param, dims, &mut tables)).collect();
        let kernels = program.kernels.iter().zip(entries);
        let kernels: Vec<_> = kernels.map(|(kernel, entry)| row(kernel, *entry, dims, &mut tables)).collect();
        let workspace: Vec<_> = program.workspace.iter().map(|bytes| polynomial(bytes, dims, &mut tables)).collect();
        let compile::Report { kernels: count, flops, bytes, workspace_bytes } = program.report;
        let program = Program {
            name: lasting(&program.name),
            dims: tables.keep(dims.iter().map(spec)),
            params: tables.keep(params),
            workspace: tables.keep(workspace),
            kernels: tables.keep(kernels),
            isas: &[Isa::Baseline],
            report: Report { kernels: count, flops, bytes, workspace_bytes },
            state: ProgramState::new(),
            fallback: None,
            #[cfg(feature = "cuda")]
            gpu: None,
        };
        Owned { program: Box::new(program), _tables: tables }
    }

    /// What a call costs.
    pub fn report(&self) -> Report {
        self.program.report
    }

    /// The names of the kernels, in launch order.
    pub fn kernels(&self) -> impl Iterator<Item = &'static str> {
        self.program.kernels.iter().map(|kernel| kernel.name)
    }

    /// [`Program::run_on`], or on the CPU [`Program::run`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Safety
    /// As there, where `dims` holds a value within its bounds for each run-time dimension.
    pub unsafe fn run_on(&self, device: &Device, params: &[*mut u8], dims: &DimValues) -> Result<()> {
        // SAFETY: the program lives until `self` is dropped, which is not during this call; what the call keeps of it is
        // names, which last for ever, and its own state.
        let program: &'static Program = unsafe { &*std::ptr::from_ref(&*self.program) };
        // SAFETY: the caller's promises.
        #[cfg(feature = "cuda")]
        unsafe {
            program.run_on(device, params, dims)
        }
        // SAFETY: the caller's promises; without the feature there is only the CPU.
        #[cfg(not(feature = "cuda"))]
        unsafe {
            let _cpu = device;
            program.run(params, dims)
        }
    }
}

/// `name` for as long as the process runs. Programs of one kind have the same few names.
fn lasting(name: &str) -> &'static str {
    static NAMES: OnceLock<Mutex<HashSet<&'static str>>> = OnceLock::new();
    let mut names = NAMES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let name: &'static str = Box::leak(name.into());
    names.insert(name);
    name
}

fn parameter(param: &compile::Parameter, dims: &[Var], tables: &mut Tables) -> ParamSpec {
    let shape: Vec<_> = param.shape.iter().map(|size| polynomial(size, dims, tables)).collect();
    let role = match param.role {
        compile::Role::Input => Role::Input,
        compile::Role::InPlace => Role::InPlace,
        compile::Role::Output => Role::Output,
    };
    ParamSpec { name: lasting(&param.name), dtype: param.dtype.scalar, shape: tables.keep(shape), role }
}

fn row(kernel: &compile::Kernel, entry: KernelFn, dims: &[Var], tables: &mut Tables) -> Kernel {
    let variant = |variant: &compile::Variant| Variant {
        entry,
        extent: polynomial(&variant.extent, dims, tables),
        tile: variant.tile,
        scratch: variant.scratch,
    };
    let variants: Vec<_> = kernel.variants.iter().map(variant).collect();
    let slot = |slot: &compile::Slot| match *slot {
        compile::Slot::Param(at) => Slot::Param(at),
        compile::Slot::Workspace(at) => Slot::Workspace(at),
    };
    let [work, flops, bytes] = [&kernel.work(), &kernel.flops, &kernel.bytes].map(|dim| polynomial(dim, dims, tables));
    let (args, variants) = (tables.keep(kernel.args.iter().map(slot)), tables.keep(variants));
    Kernel { name: lasting(&kernel.name), args, variants, work, flops, bytes }
}

fn polynomial(dim: &Dim, dims: &[Var], tables: &mut Tables) -> Poly {
    let index = |var: &Var| dims.iter().position(|other| other == var).unwrap_or(usize::MAX) as u32;
    let term = |(vars, factor): (Vec<Var>, i64)| {
        let vars: &'static [u32] = tables.keep(vars.iter().map(index));
        (factor, vars)
    };
    let terms: Vec<_> = dim.terms().into_iter().map(term).collect();
    Poly { terms: tables.keep(terms) }
}
