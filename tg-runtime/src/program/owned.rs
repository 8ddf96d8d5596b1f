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
        let kernels = program.kernels.iter().zip(entries);
        let kernels: Vec<_> = kernels.map(|(kernel, entry)| row(kernel, *entry, &program.dims, &mut tables)).collect();
        let workspace = polynomials(&program.workspace, &program.dims, &mut tables);
        let kernels = tables.keep(kernels);
        Owned::with(program, tables, |shared| Program { workspace, kernels, isas: &[Isa::Baseline], ..shared })
    }

    /// `program` for GPUs, as the module `ptx`, which is what `image` says.
    #[cfg(feature = "cuda")]
    pub fn on_gpu(program: &compile::Program, ptx: String, image: super::GpuImage) -> Owned {
        let mut tables = Tables::default();
        let gpu = gpu::program(program, image, ptx, &mut tables);
        Owned::with(program, tables, |shared| Program { gpu: Some(gpu), ..shared })
    }

    /// `program` with what `complete` adds to a table without kernels.
    fn with(program: &compile::Program, mut tables: Tables, complete: impl FnOnce(Program) -> Program) -> Owned {
        let dims = &program.dims;
        let spec = |var: &Var| DimSpec { name: lasting(&var.name), min: var.min, max: var.max };
        let params: Vec<_> = program.params.iter().map(|param| parameter(param, dims, &mut tables)).collect();
        let compile::Report { kernels, flops, bytes, workspace_bytes } = program.report;
        let shared = Program {
            name: lasting(&program.name),
            dims: tables.keep(dims.iter().map(spec)),
            params: tables.keep(params),
            workspace: &[],
            kernels: &[],
            isas: &[],
            report: Report { kernels, flops, bytes, workspace_bytes },
            state: ProgramState::new(),
            fallback: None,
            #[cfg(feature = "cuda")]
            gpu: None,
        };
        Owned { program: Box::new(complete(shared)), _tables: tables }
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
            program.run_on(device, params, &[], dims)
        }
        // SAFETY: the caller's promises; without the feature there is only the CPU.
        #[cfg(not(feature = "cuda"))]
        unsafe {
            let _cpu = device;
            program.run(params, &[], dims)
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
    let role = match param.role {
        compile::Role::Input => Role::Input,
        compile::Role::InPlace => Role::InPlace,
        compile::Role::Output => Role::Output,
    };
    ParamSpec {
        name: lasting(&param.name),
        dtype: param.dtype.scalar,
        shape: polynomials(&param.shape, dims, tables),
        role,
    }
}

fn row(kernel: &compile::Kernel, entry: KernelFn, dims: &[Var], tables: &mut Tables) -> Kernel {
    let variant = |variant: &compile::Variant| Variant {
        entry,
        extent: polynomial(&variant.extent, dims, tables),
        tile: variant.tile,
        scratch: variant.scratch,
        repeated: variant.repeated,
        // Lazy tensors have no constants.
        packs: &[],
    };
    let variants: Vec<_> = kernel.variants.iter().map(variant).collect();
    let [work, flops, bytes] = [&kernel.work, &kernel.flops, &kernel.bytes].map(|dim| polynomial(dim, dims, tables));
    let (args, variants) = (slots(&kernel.args, tables), tables.keep(variants));
    Kernel { name: lasting(&kernel.name), args, variants, work, flops, bytes }
}

fn slots(slots: &[compile::Slot], tables: &mut Tables) -> &'static [Slot] {
    tables.keep(slots.iter().map(|slot| match *slot {
        compile::Slot::Param(at) => Slot::Param(at),
        compile::Slot::Workspace(at) => Slot::Workspace(at),
    }))
}

fn polynomials(sizes: &[Dim], dims: &[Var], tables: &mut Tables) -> &'static [Poly] {
    let polynomials: Vec<_> = sizes.iter().map(|size| polynomial(size, dims, tables)).collect();
    tables.keep(polynomials)
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

/// The same tables for GPUs.
#[cfg(feature = "cuda")]
mod gpu {
    use super::{Tables, compile, lasting, polynomial, polynomials, slots};
    use crate::program::{GpuImage, GpuKernel, GpuLaunch, GpuProgram, GpuState};

    /// `program` with `ptx` as its only image.
    pub fn program(
        program: &compile::Program,
        image: GpuImage,
        ptx: String,
        tables: &mut Tables,
    ) -> &'static GpuProgram {
        let ptx = &*tables.keep([ptx])[0];
        let kernels: Vec<_> = program.kernels.iter().map(|kernel| row(kernel, program, tables)).collect();
        let made = GpuProgram {
            images: tables.keep([GpuImage { ptx, ..image }]),
            workspace: polynomials(&program.workspace, &program.dims, tables),
            kernels: tables.keep(kernels),
            numbers: &[],
            state: GpuState::new(),
        };
        &tables.keep([made])[0]
    }

    fn row(kernel: &compile::Kernel, program: &compile::Program, tables: &mut Tables) -> GpuKernel {
        let dims = &program.dims;
        let launches: Vec<_> = kernel.variants.iter().filter_map(|variant| launch(variant, program, tables)).collect();
        let [flops, bytes] = [&kernel.flops, &kernel.bytes].map(|dim| polynomial(dim, dims, tables));
        let (args, launches) = (slots(&kernel.args, tables), tables.keep(launches));
        GpuKernel { name: lasting(&kernel.name), args, launches, flops, bytes }
    }

    fn launch(variant: &compile::Variant, program: &compile::Program, tables: &mut Tables) -> Option<GpuLaunch> {
        let compile::Launch { blocks, threads, matrix } = variant.launch.as_ref()?;
        let block = |(extent, size): &(_, i64)| (polynomial(extent, &program.dims, tables), *size);
        let blocks: Vec<_> = blocks.iter().map(block).collect();
        Some(GpuLaunch { blocks: tables.keep(blocks), threads: *threads, shared: variant.scratch, matrix: *matrix })
    }
}
