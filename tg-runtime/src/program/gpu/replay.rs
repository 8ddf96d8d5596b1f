//! The launches of a call, recorded to be started again.
//!
//! One kernel is launched by itself. Several are the nodes of a graph, each after the one before, which is started as a
//! whole; from one call to the next only the nodes whose arguments differ are changed. After the first call with as
//! many kernels at work, nothing is allocated.
//!
//! A kernel that waits by itself for the one before is started as soon as that one's blocks have ended or have their last
//! places, rather than when its results have reached memory: a microsecond of each launch is then no time in which the
//! device has nothing to do.

use std::ffi::c_void;

use super::super::{DimValues, GpuKernel, GpuProgram, Poly, Program, Slot};
use super::Written;
use super::module::Module;
use crate::cuda::{Block, Cuda, check, has_early_edges, sys};
use crate::error::{Error, Result};

/// What the beginning of a part of a workspace is a multiple of, in bytes: the widest access, and a line of the cache.
const ALIGNMENT: usize = 256;

/// What one call is about.
pub struct Call<'a> {
    pub function: &'static Program,
    pub program: &'static GpuProgram,
    pub module: &'a Module,
    pub gpu: Cuda,
    /// Addresses of tensors, and pointers to numbers.
    pub params: &'a [*mut u8],
    pub written: &'a Written,
    pub dims: &'a DimValues,
}

/// The memory of one call in progress, and its launches.
#[derive(Default)]
pub struct Replay {
    block: Option<Block>,
    /// Where each part of the block begins.
    parts: Vec<usize>,
    /// One for each kernel.
    launches: Vec<Launch>,
    graph: Option<Graph>,
}

// SAFETY: the pointers are to memory of the launches' own, and handles belong to no thread.
unsafe impl Send for Replay {}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Replay({} bytes)", self.block.as_ref().map_or(0, Block::bytes))
    }
}

/// One kernel with its arguments.
pub struct Launch {
    pub kernel: &'static GpuKernel,
    function: sys::CUfunction,
    /// None of 0 blocks is launched.
    pub blocks: u32,
    threads: u32,
    shared: u32,
    /// Whether it waits for the kernel before.
    waits: bool,
    /// The arguments, each in the lowest bytes of its value.
    values: Vec<u64>,
    /// A pointer to each value.
    pointers: Vec<*mut c_void>,
    /// Whether it differs from what is recorded.
    changed: bool,
}

impl Replay {
    /// Makes the launches those of `call`.
    ///
    /// # Errors
    /// [`Error::DeviceMemory`], [`Error::Exceeds`], [`Error::Cuda`].
    ///
    /// # Safety
    /// The numbers among the parameters can be read.
    pub unsafe fn prepare(&mut self, call: &Call) -> Result<()> {
        self.reserve(call)?;
        if self.launches.is_empty() {
            let kernels = call.program.kernels.iter().zip(&call.module.kernels);
            self.launches.extend(kernels.map(|(kernel, function)| Launch::new(kernel, *function, call)));
        }
        let start = self.block.as_ref().map_or(0, Block::start);
        let Replay { launches, parts, .. } = self;
        for launch in launches.iter_mut() {
            launch.set_blocks(call)?;
            for (at, slot) in launch.kernel.args.iter().enumerate() {
                let value = match *slot {
                    Slot::Workspace(part) => start + parts[part as usize] as u64,
                    // SAFETY: the caller promises that numbers can be read.
                    Slot::Param(param) => unsafe { call.parameter(param) },
                };
                launch.set(at, value);
            }
            let first = launch.kernel.args.len();
            call.dims.as_slice().iter().enumerate().for_each(|(at, dim)| launch.set(first + at, *dim as u64));
        }
        Ok(())
    }

    /// Makes room for the workspace.
    fn reserve(&mut self, call: &Call) -> Result<()> {
        let mut size = 0usize;
        self.parts.clear();
        for part in call.program.workspace {
            self.parts.push(size);
            let bytes = usize::try_from(part.eval(call.dims.as_slice())).unwrap_or(0);
            size = size.saturating_add(bytes).checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX);
        }
        if size > self.block.as_ref().map_or(0, Block::bytes) {
            self.block = None;
            self.block = Some(Block::new(call.gpu, size)?);
        }
        Ok(())
    }

    /// The kernels that have blocks, in order.
    pub fn live(&self) -> impl Iterator<Item = &Launch> {
        self.launches.iter().filter(|launch| launch.blocks > 0)
    }

    /// Starts all kernels.
    ///
    /// # Errors
    /// [`Error::Cuda`].
    pub fn launch(&mut self, call: &Call) -> Result<()> {
        if self.live().nth(1).is_none() {
            return self.live().try_for_each(|launch| launch.start(call));
        }
        let recorded = self.graph.as_ref().is_some_and(|graph| graph.is_of(&self.launches));
        if recorded {
            self.update(call)?;
        } else {
            self.graph = None;
            self.graph = Some(Graph::new(&self.launches, call)?);
        }
        self.launches.iter_mut().for_each(|launch| launch.changed = false);
        self.graph.as_ref().map_or(Ok(()), |graph| graph.start(call))
    }

    /// Puts what has changed into the graph.
    fn update(&self, call: &Call) -> Result<()> {
        let Some(graph) = &self.graph else { return Ok(()) };
        for (launch, node) in self.live().zip(&graph.nodes).filter(|(launch, _)| launch.changed) {
            let params = launch.params();
            // SAFETY: the node is of this graph, and its kernel the same; values are copied during the call.
            let set = unsafe { sys::cuGraphExecKernelNodeSetParams_v2(graph.exec, *node, &params) };
            check(set, &call.doing("changing the arguments of", launch))?;
        }
        Ok(())
    }
}

impl Call<'_> {
    /// What a kernel gets for a parameter: an address, or a number.
    ///
    /// # Safety
    /// The numbers among the parameters can be read.
    unsafe fn parameter(&self, at: u32) -> u64 {
        let pointer = self.params[at as usize];
        if !self.program.numbers.contains(&at) {
            return pointer as u64;
        }
        if let Some(address) = self.written.address(at as usize) {
            return address;
        }
        let size = (self.function.params[at as usize].dtype.bits() as usize / 8).clamp(1, 8);
        let mut bytes = [0; 8];
        // SAFETY: the caller promises that the number can be read; it has this size.
        unsafe { pointer.copy_to_nonoverlapping(bytes.as_mut_ptr(), size) };
        u64::from_le_bytes(bytes)
    }

    /// What is being done with a kernel, for errors.
    pub fn doing(&self, what: &str, launch: &Launch) -> String {
        format!("`{}`: {what} kernel {} on {}", self.function.name, launch.kernel.name, self.gpu)
    }
}

impl Launch {
    fn new(kernel: &'static GpuKernel, function: sys::CUfunction, call: &Call) -> Launch {
        let how = &kernel.launches[call.module.level];
        let count = kernel.args.len() + call.dims.as_slice().len();
        let mut values = vec![0; count];
        let pointers = values.iter_mut().map(|value| std::ptr::from_mut(value).cast()).collect();
        let (threads, shared) = (how.threads, how.shared as u32);
        let waits = call.module.waits;
        Launch { kernel, function, blocks: 0, threads, shared, waits, values, pointers, changed: true }
    }

    fn set(&mut self, at: usize, value: u64) {
        self.changed |= self.values[at] != value;
        self.values[at] = value;
    }

    fn set_blocks(&mut self, call: &Call) -> Result<()> {
        let blocks = blocks(self.kernel.launches[call.module.level].blocks, call.dims);
        let exceeds = || Error::Exceeds {
            function: call.function.name,
            kernel: self.kernel.name,
            resource: "blocks",
            needed: usize::try_from(blocks).unwrap_or(usize::MAX),
            available: i32::MAX as usize,
            device: call.gpu.to_string(),
        };
        let blocks = i32::try_from(blocks).map_err(|_| exceeds())?.max(0) as u32;
        self.changed |= self.blocks != blocks;
        self.blocks = blocks;
        Ok(())
    }

    /// Starts the kernel by itself.
    pub fn start(&self, call: &Call) -> Result<()> {
        let mut early = early();
        let config = sys::CUlaunchConfig {
            gridDimX: self.blocks,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: self.threads,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: self.shared,
            hStream: call.gpu.stream(),
            attrs: &mut early,
            numAttrs: u32::from(self.waits),
        };
        let pointers = self.pointers.as_ptr().cast_mut();
        // SAFETY: the values are what the kernel takes, in number and order; they are copied during the call, as is the
        // attribute. The caller of the function vouches for the addresses among the values.
        let result = unsafe { sys::cuLaunchKernelEx(&config, self.function, pointers, std::ptr::null_mut()) };
        match result {
            sys::CUresult::CUDA_SUCCESS => Ok(()),
            other => Err(crate::cuda::failure(other, call.doing("launching", self))),
        }
    }

    fn params(&self) -> sys::CUDA_KERNEL_NODE_PARAMS {
        sys::CUDA_KERNEL_NODE_PARAMS {
            func: self.function,
            gridDimX: self.blocks,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: self.threads,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: self.shared,
            kernelParams: self.pointers.as_ptr().cast_mut(),
            extra: std::ptr::null_mut(),
            kern: std::ptr::null_mut(),
            ctx: std::ptr::null_mut(),
        }
    }
}

/// That a kernel may start before the one before it on the stream is done.
fn early() -> sys::CUlaunchAttribute {
    let value = sys::CUlaunchAttributeValue { programmaticStreamSerializationAllowed: 1 };
    let id = sys::CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    sys::CUlaunchAttribute { id, pad: [0; 4], value }
}

/// The same between two nodes of a graph.
const EARLY: sys::CUgraphEdgeData = sys::CUgraphEdgeData {
    from_port: sys::CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC as u8,
    to_port: 0,
    type_: sys::CUgraphDependencyType::CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC as u8,
    reserved: [0; 5],
};

/// The product of all `extent / size`, each rounded down; saturating.
fn blocks(extents: &[(Poly, i64)], dims: &DimValues) -> i64 {
    let count = |(extent, size): &(Poly, i64)| extent.eval(dims.as_slice()) / (*size).max(1);
    extents.iter().map(count).fold(1, i64::saturating_mul)
}

/// Kernels recorded in order.
struct Graph {
    graph: sys::CUgraph,
    exec: sys::CUgraphExec,
    /// One for each launch that had blocks.
    nodes: Vec<sys::CUgraphNode>,
    /// Which launches had blocks.
    live: Vec<bool>,
}

impl Graph {
    fn new(launches: &[Launch], call: &Call) -> Result<Graph> {
        let live = launches.iter().map(|launch| launch.blocks > 0).collect();
        let mut graph = Graph { graph: std::ptr::null_mut(), exec: std::ptr::null_mut(), nodes: Vec::new(), live };
        // SAFETY: the pointer is valid for a handle; the flags have to be 0.
        check(unsafe { sys::cuGraphCreate(&mut graph.graph, 0) }, "making a graph")?;
        for launch in launches.iter().filter(|launch| launch.blocks > 0) {
            graph.add(launch, call)?;
        }
        // SAFETY: the graph was made above.
        let made = unsafe { sys::cuGraphInstantiateWithFlags(&mut graph.exec, graph.graph, 0) };
        check(made, "preparing a graph")?;
        Ok(graph)
    }

    /// Adds a kernel after the last one.
    fn add(&mut self, launch: &Launch, call: &Call) -> Result<()> {
        let (mut node, params) = (std::ptr::null_mut(), launch.params());
        let before = self.nodes.last().map_or(std::ptr::null(), std::ptr::from_ref);
        let is_early = launch.waits && !before.is_null() && has_early_edges();
        let count = usize::from(!before.is_null() && !is_early);
        // SAFETY: the graph is there, `before` is null or one of its nodes; values are copied during the call.
        let added = unsafe { sys::cuGraphAddKernelNode_v2(&mut node, self.graph, before, count, &params) };
        check(added, &call.doing("recording", launch))?;
        if is_early {
            // SAFETY: both are nodes of this graph; the driver knows what edges are, and copies this.
            let ordered = unsafe { sys::cuGraphAddDependencies_v2(self.graph, before, &node, &EARLY, 1) };
            check(ordered, &call.doing("ordering", launch))?;
        }
        self.nodes.push(node);
        Ok(())
    }

    /// Whether it has a node for each of the launches that have blocks, and no other.
    fn is_of(&self, launches: &[Launch]) -> bool {
        self.live.iter().copied().eq(launches.iter().map(|launch| launch.blocks > 0))
    }

    fn start(&self, call: &Call) -> Result<()> {
        // SAFETY: the graph is there; the caller of the function vouches for the addresses in it.
        match unsafe { sys::cuGraphLaunch(self.exec, call.gpu.stream()) } {
            sys::CUresult::CUDA_SUCCESS => Ok(()),
            other => Err(crate::cuda::failure(other, format!("`{}`: launching its kernels", call.function.name))),
        }
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: the handles are null or the graph's own; what runs of it goes on to its end.
        unsafe {
            if !self.exec.is_null() {
                sys::cuGraphExecDestroy(self.exec);
            }
            if !self.graph.is_null() {
                sys::cuGraphDestroy(self.graph);
            }
        }
    }
}
