//! Programs for extracted graphs: compiled for this processor, or interpreted where that is not possible; kept by their keys.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex, Once, PoisonError};

use tg_core::compile::{self, Function, Language};
use tg_core::dim::Var;
use tg_core::ir::{Graph, Id, Uop};
#[cfg(feature = "cuda")]
use tg_core::target::Isa;
use tg_runtime::jit::{Compiler, JitError, Key};
use tg_runtime::loader::Code;
use tg_runtime::program::{DimValues, KernelFn, Owned};
use tg_runtime::recent::{Recent, Slot};

use crate::debug;
use crate::device::Device;
use crate::error::ErrorKind;
use crate::world::World;
use crate::world::extract::Extract;

/// Bytes of programs that are kept though nobody runs them: some thousands. Their code is kept by its own compiler.
const MEMORY_LIMIT: usize = 32 << 20;

/// What the tables of a program take, about.
const KERNEL_BYTES: usize = 4096;

/// What a node takes.
const NODE_BYTES: usize = 128;

/// What functions of lazy tensors are called, in profiles and errors.
const NAME: &str = "lazy";

/// A graph that can be run.
pub struct Program {
    /// Its run-time dimensions, whose values are passed in this order.
    pub dims: Vec<Var>,
    pub body: Body,
    /// Bytes that it takes, about.
    bytes: usize,
}

/// How a graph is run.
pub enum Body {
    /// By kernels.
    Kernels(Kernels),
    /// Node by node.
    Interpreted(Mutex<Alone>),
}

/// A graph apart from the world, with its BUFFERs and its roots.
pub struct Alone {
    pub graph: Graph,
    pub inputs: Vec<Id>,
    pub outputs: Vec<Id>,
}

impl Alone {
    /// What `extract` is of.
    pub fn new(extract: &Extract, world: &World) -> Alone {
        let graph = Graph::new();
        let ids = |nodes: Vec<Uop>| nodes.into_iter().map(|node| node.id()).collect::<Vec<_>>();
        let (inputs, outputs) = extract.build(world, &graph);
        let (inputs, outputs) = (ids(inputs), ids(outputs));
        Alone { graph, inputs, outputs }
    }

    /// The function of its inputs that gives its outputs.
    pub fn function(&self) -> Function<'_> {
        let named = |what: &str, ids: &[Id]| {
            let named = |(at, id): (usize, &Id)| (format!("{what}{at}"), self.graph.get(*id));
            ids.iter().enumerate().map(named).collect()
        };
        Function {
            name: NAME.to_owned(),
            inputs: named("input", &self.inputs),
            scalars: vec![],
            constants: vec![],
            updates: vec![],
            outputs: named("output", &self.outputs),
        }
    }
}

static PROGRAMS: LazyLock<Mutex<Recent<Vec<u8>, Program>>> = LazyLock::new(Mutex::default);

/// Where the program for a key is, or will be.
pub fn slot(key: &[u8]) -> Arc<Slot<Program>> {
    PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner).slot(key)
}

/// The program for the `slot` of `key`: what it holds, or that for `alone`. Who comes second waits for the first.
pub fn program(slot: &Slot<Program>, key: &[u8], alone: Alone, device: Device) -> Result<Arc<Program>, ErrorKind> {
    let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = &*held {
        return Ok(program.clone());
    }
    let program = Arc::new(compiled(alone, key, device)?);
    *held = Some(program.clone());
    drop(held);
    PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner).trim(MEMORY_LIMIT, |program| program.bytes);
    Ok(program)
}

fn compiled(alone: Alone, key: &[u8], device: Device) -> Result<Program, ErrorKind> {
    let bytes = key.len() + KERNEL_BYTES + alone.graph.len() * NODE_BYTES;
    #[cfg(feature = "cuda")]
    if let Device::Cuda(gpu) = device {
        let kernels = Kernels::on_gpu(&alone.graph, &alone.function(), gpu)?;
        return Ok(Program { dims: kernels.dims.clone(), body: Body::Kernels(kernels), bytes });
    }
    let _cpu = device;
    match Kernels::new(&alone.graph, &alone.function(), key)? {
        Ok(kernels) => Ok(Program { dims: kernels.dims.clone(), body: Body::Kernels(kernels), bytes }),
        Err(why) => {
            say_interpreted(&why);
            Ok(Program { dims: dims(&alone), body: Body::Interpreted(Mutex::new(alone)), bytes })
        }
    }
}

/// The kernels of a function, ready to run.
pub struct Kernels {
    pub dims: Vec<Var>,
    program: Owned,
    /// It goes after what runs it. A GPU's is a part of the program.
    _code: Option<Arc<Code>>,
}

impl Kernels {
    /// Compiles `function`, or finds it compiled under `key`. The inner error says why there are no kernels on this machine.
    pub fn new(graph: &Graph, function: &Function, key: &[u8]) -> Result<Result<Kernels, JitError>, ErrorKind> {
        let compiler = match Compiler::of_process() {
            Ok(compiler) => compiler,
            Err(why) => return Ok(Err(why.clone())),
        };
        let program = scheduled(graph, function, key, compiler)?;
        let text = text(&program);
        debug::show_assembly(compiler, &text);
        let code = match compiler.code(&text) {
            Ok(code) => code,
            Err(why) => return Ok(Err(why)),
        };
        let entries = program.kernels.iter().map(|kernel| code.kernel(&kernel.name)).collect::<Option<Vec<KernelFn>>>();
        let entries = entries.ok_or_else(|| ErrorKind::Internal("an object lacks one of its kernels".into()))?;
        // SAFETY: each entry has its kernel's name in the object of these kernels, which stays with the program.
        let owned = unsafe { Owned::new(&program, &entries) };
        Ok(Ok(Kernels { dims: program.dims, program: owned, _code: Some(code) }))
    }

    /// Those for `gpu`, as PTX, which its driver compiles, and keeps itself.
    #[cfg(feature = "cuda")]
    fn on_gpu(graph: &Graph, function: &Function, gpu: tg_runtime::device::Cuda) -> Result<Kernels, ErrorKind> {
        let isa = isa_of(gpu);
        let exact = isa == Isa::Sm90a;
        let program = caught(|| debug::compile(graph, function, isa, Language::Ptx))?;
        let capability = if exact { 90 } else { 80 };
        let image = tg_runtime::program::GpuImage { capability, exact, waits: isa.waits(), ptx: "", cubin: None };
        let owned = Owned::on_gpu(&program, text(&program), image);
        Ok(Kernels { dims: program.dims, program: owned, _code: None })
    }

    /// Runs them: [`Owned::run_on`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Safety
    /// As there.
    pub unsafe fn run(&self, device: Device, params: &[*mut u8], dims: &DimValues) -> tg_runtime::Result<()> {
        // SAFETY: the caller's promises.
        unsafe { self.program.run_on(&device.memory(), params, dims) }
    }
}

/// The level of a device.
#[cfg(feature = "cuda")]
pub fn isa_of(gpu: tg_runtime::device::Cuda) -> Isa {
    if gpu.capability() == (9, 0) { Isa::Sm90a } else { Isa::Sm80 }
}

/// All kernels of a program as one text.
fn text(program: &compile::Program) -> String {
    let sources = program.kernels.iter().flat_map(|kernel| &kernel.variants).map(|variant| &*variant.source);
    program.prelude.iter().map(String::as_str).chain(sources).collect::<Vec<_>>().join("\n")
}

/// The kernels of a graph as text: those that another process has kept, or new ones.
fn scheduled(
    graph: &Graph,
    function: &Function,
    key: &[u8],
    compiler: &Compiler,
) -> Result<compile::Program, ErrorKind> {
    let isa = compiler.isa();
    let kept = Key::of_bytes([b"lazy", compile::FINGERPRINT.as_bytes(), isa.name().as_bytes(), key]);
    let bytes = if debug::may_be_kept() { compiler.kept(kept) } else { None };
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some(program) = text.and_then(|text| compile::Program::parse(&text, &[isa])) {
        debug::show(&program);
        return Ok(program);
    }
    let program = caught(|| debug::compile(graph, function, isa, Language::C))?;
    compiler.keep(kept, program.print().as_bytes());
    Ok(program)
}

/// A bug of the compiler as an error: the process goes on.
pub fn caught<R>(run: impl FnOnce() -> R) -> Result<R, ErrorKind> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        ErrorKind::Internal(words.unwrap_or("no message").to_owned())
    })
}

/// Says why graphs are interpreted, once.
pub fn say_interpreted(why: &JitError) {
    static SAID: Once = Once::new();
    SAID.call_once(|| eprintln!("tg: lazy tensors are interpreted, which is some thousand times slower: {why}"));
}

/// The run-time dimensions of what a graph reads and gives.
fn dims(alone: &Alone) -> Vec<Var> {
    let mut dims = vec![];
    let nodes = alone.inputs.iter().chain(&alone.outputs).map(|id| alone.graph.get(*id));
    for var in nodes.flat_map(|node| node.shape()).flat_map(|size| size.vars()) {
        if !dims.contains(&var) {
            dims.push(var);
        }
    }
    dims
}
