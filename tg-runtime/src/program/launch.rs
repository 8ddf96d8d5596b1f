//! Launching the kernels of a tensor function over its parameters and a reused workspace.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::packs::{self, Constants};
use super::watch::{Portions, Watch};
use super::{DimValues, Fallback, Kernel, Program, Slot, Variant};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::isa::Isa;
use crate::pool::{Pool, Share};
use crate::profile::Span;
use crate::storage::{ALIGNMENT, Storage};
use tg_core::compile::sharing::Shared;

/// What the runtime keeps for a tensor function between calls.
#[derive(Debug)]
pub struct ProgramState {
    /// Index of the best of [`Program::isas`] on this processor; none if it runs from its graph.
    isa: OnceLock<Option<usize>>,
    /// Workspaces that no call uses now. Each concurrent call takes its own.
    idle: Mutex<Vec<Workspace>>,
}

impl ProgramState {
    /// The state before the first call.
    pub const fn new() -> ProgramState {
        ProgramState { isa: OnceLock::new(), idle: Mutex::new(Vec::new()) }
    }
}

impl Default for ProgramState {
    fn default() -> Self {
        Self::new()
    }
}

/// The memory of one call in progress.
#[derive(Default)]
struct Workspace {
    block: Option<Storage<u8>>,
    /// Where each part of the block begins.
    parts: Vec<usize>,
    /// Where the scratch memory of the first thread begins, and the bytes of each thread.
    scratch: (usize, usize),
    /// The copies of constant parameters that the kernels of the call read, in order, and how many of them those before the
    /// kernel being launched have.
    copies: (Vec<*mut u8>, usize),
    /// The buffers of the kernel being launched.
    buffers: Vec<*mut u8>,
}

// SAFETY: the pointers in `copies` and `buffers` are refilled before each use; at rest they are not used.
unsafe impl Send for Workspace {}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Workspace({} bytes)", self.size())
    }
}

impl Workspace {
    fn size(&self) -> usize {
        self.block.as_ref().map_or(0, |block| block.len())
    }

    /// Makes room for the parts that `program` has for these dimensions, and for the scratch memory of all
    /// threads on `isa`; allocates only what is not there yet.
    fn prepare(&mut self, program: &Program, dims: &DimValues, isa: usize, config: &Config) -> Result<()> {
        let mut size = 0usize;
        let mut reserve = |bytes: usize| {
            let start = size;
            size = size.saturating_add(bytes).checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX);
            start
        };
        self.parts.clear();
        for part in program.workspace {
            self.parts.push(reserve(usize::try_from(part.eval(dims.as_slice())).unwrap_or(0)));
        }
        let scratch = program.kernels.iter().map(|kernel| kernel.variants[isa].scratch).max().unwrap_or(0);
        let each = scratch.next_multiple_of(ALIGNMENT);
        let threads = if each > 0 { config.threads() } else { 0 };
        self.scratch = (reserve(each.saturating_mul(threads)), each);
        if size > self.size() {
            self.block = None;
            self.block = Some(Storage::zeroed(size)?);
        }
        let buffers = |kernel: &Kernel| kernel.args.len() + kernel.variants[isa].packs.len();
        self.buffers.reserve(program.kernels.iter().map(buffers).max().unwrap_or(0));
        self.copies.1 = 0;
        Ok(())
    }

    /// The buffers of `kernel`, in order.
    fn buffers(&mut self, kernel: &Kernel, packs: usize, params: &[*mut u8]) -> Buffers {
        let block = self.block.as_mut().map_or(std::ptr::null_mut(), |block| block.start_mut());
        let parts = &self.parts;
        self.buffers.clear();
        self.buffers.extend(kernel.args.iter().map(|slot| match *slot {
            Slot::Param(at) => params[at as usize],
            Slot::Workspace(at) => block.wrapping_add(parts[at as usize]),
        }));
        let (copies, first) = (&self.copies.0, self.copies.1);
        self.buffers.extend(&copies[first..first + packs]);
        self.copies.1 += packs;
        Buffers { list: self.buffers.as_ptr(), scratch: block.wrapping_add(self.scratch.0), each: self.scratch.1 }
    }
}

/// The buffers of one launch, which all threads share, and their scratch memory.
#[derive(Clone, Copy)]
struct Buffers {
    list: *const *mut u8,
    scratch: *mut u8,
    /// Bytes of scratch memory of each thread.
    each: usize,
}

// SAFETY: the list is only read during a launch; kernels write disjoint parts of what it points to, and each thread
// its own part of the scratch memory.
unsafe impl Sync for Buffers {}

impl Buffers {
    fn start(&self) -> *const *mut u8 {
        self.list
    }

    fn scratch_of(&self, thread: usize) -> *mut u8 {
        self.scratch.wrapping_add(thread * self.each)
    }
}

impl Program {
    /// Runs the kernels in order. The first call allocates a workspace; later calls allocate nothing, unless
    /// the dimensions grow or more calls run at once than before.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on a processor without the instruction sets, if there is no fallback, [`Error::Config`],
    /// [`Error::OutOfMemory`]; then no kernel ran.
    ///
    /// # Safety
    /// * `params` holds one pointer for each of [`Program::params`], valid for reads of as many elements of
    ///   its type as its shape has for `dims`, and for writes too unless its role is `Input`; aligned to
    ///   [`ALIGNMENT`] if it is written, else to the element.
    /// * During the call nothing else writes what a pointer refers to, nothing else accesses what a kernel
    ///   writes, and parameters a kernel writes overlap no other.
    /// * `constants` has where copies are kept of each tensor whose parameter a kernel has a [`Pack`](super::Pack) of.
    /// * `dims` comes from [`Program::bind`] of the same program.
    pub unsafe fn run(&'static self, params: &[*mut u8], constants: Constants, dims: &DimValues) -> Result<()> {
        let config = Config::of_process()?;
        let chosen =
            *self.state.isa.get_or_init(|| Isa::best(self.isas, config.cpu).filter(|_| !self.is_avoided(config)));
        let Some(isa) = chosen else {
            let Fallback { graph, run } = self.fallback.ok_or_else(|| self.unsupported())?;
            // SAFETY: the caller's promises, which are the same.
            return unsafe { run(self, graph, params, dims) };
        };
        let watch = Watch::begin(config, self, dims);
        let mut workspace = self.idle().pop().unwrap_or_default();
        workspace.prepare(self, dims, isa, config)?;
        // SAFETY: the caller vouches for the parameters.
        unsafe { packs::find(&mut workspace.copies.0, (self, isa), (params, constants), watch.as_ref())? };
        for kernel in self.kernels {
            let variant = &kernel.variants[isa];
            let buffers = workspace.buffers(kernel, variant.packs.len(), params);
            let launch = Launch { kernel, variant, buffers, dims: dims.as_slice() };
            // SAFETY: the caller vouches for `params` and `dims`; the workspace was prepared for `dims`.
            unsafe {
                match &watch {
                    None => launch.run()?,
                    Some(watch) => launch.run_watched(watch)?,
                }
            }
        }
        self.idle().push(workspace);
        Ok(())
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Workspace>> {
        self.state.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has to run from its graph, though there are kernels.
    fn is_avoided(&self, config: &Config) -> bool {
        config.lazy && self.fallback.is_some()
    }

    fn unsupported(&self) -> Error {
        let names: Vec<&str> = self.isas.iter().map(|isa| isa.name()).collect();
        Error::Unsupported { function: self.name, compiled: names.join(", ") }
    }
}

/// One kernel with what it works on.
struct Launch<'a> {
    kernel: &'static Kernel,
    variant: &'static Variant,
    buffers: Buffers,
    dims: &'a [i64],
}

impl Launch<'_> {
    /// # Safety
    /// `buffers` fits the kernel for `dims`, as in [`Program::run`].
    unsafe fn run(&self) -> Result<()> {
        // SAFETY: the caller vouches for the buffers.
        self.shared(|share| unsafe { self.run_share(share) })
    }

    /// [`Launch::run`], and reports when it ran and which thread did what.
    ///
    /// # Safety
    /// As there.
    unsafe fn run_watched(&self, watch: &Watch) -> Result<()> {
        let (portions, begin) = (Portions::default(), Instant::now());
        self.shared(|share| {
            let begin = Instant::now();
            // SAFETY: the caller vouches for the buffers.
            unsafe { self.run_share(share) };
            portions.add(begin, share);
        })?;
        let Kernel { name, flops, bytes, .. } = self.kernel;
        watch.kernel(Span::since(begin), name, watch.work(flops, bytes), None);
        watch.portions(name, portions);
        Ok(())
    }

    /// # Safety
    /// As for [`Launch::run`], and no other thread runs a share of this thread's number or with these iterations.
    unsafe fn run_share(&self, Share { thread, begin, end }: Share) {
        let scratch = self.buffers.scratch_of(thread);
        // SAFETY: the caller vouches for the buffers. Generated kernels write disjoint parts for disjoint ranges, or, where blocks
        // of results overlap, the same bytes: they are machine code, in which two stores of the same are no undefined race, and
        // nothing reads them before all shares have returned.
        unsafe { (self.variant.entry)(self.buffers.start(), self.dims.as_ptr(), begin as i64, end as i64, scratch) }
    }

    /// Gives `body` all iterations, on the threads of the pool if there is enough work.
    fn shared(&self, body: impl Fn(Share) + Sync) -> Result<()> {
        let iterations = (self.variant.extent.eval(self.dims) / self.variant.tile.max(1)).max(0);
        let work = self.kernel.work.eval(self.dims);
        let call = Shared { iterations, work, scratch: self.variant.scratch, repeated: self.variant.repeated };
        if !call.is_worth_sharing() {
            body(Share { thread: 0, begin: 0, end: iterations as usize });
            return Ok(());
        }
        let pool = Pool::of_process()?;
        pool.parallel_work(iterations as usize, call.grain(pool.threads()) as usize, work as u64, &body);
        Ok(())
    }
}
