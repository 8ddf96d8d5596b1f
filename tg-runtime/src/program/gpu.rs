//! Calling a tensor function on a GPU.
//!
//! The first call on a device loads the module. A call takes a [`replay::Replay`], which is a workspace and the
//! launches recorded in a graph, puts in what has changed since, and starts it; when it returns, the device is at work.
//! What is read later is read on the same stream.

mod module;
mod replay;
mod timed;

use std::sync::{Mutex, OnceLock, PoisonError};

use super::watch::Watch;
use super::{Constants, DimValues, GpuProgram, Program, Role};
use crate::config::Config;
use crate::cuda::{Block, Cuda, MAX_DEVICES};
use crate::device::Device;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

use module::Module;
use replay::Replay;

/// What the runtime keeps for a tensor function on each device.
#[derive(Debug, Default)]
pub struct GpuState {
    devices: [OnceLock<OnDevice>; MAX_DEVICES],
    /// Held while a module is loaded, which is done once.
    loading: Mutex<()>,
}

impl GpuState {
    /// The state before the first call.
    pub const fn new() -> GpuState {
        GpuState { devices: [const { OnceLock::new() }; MAX_DEVICES], loading: Mutex::new(()) }
    }
}

/// A function on one device.
#[derive(Debug)]
struct OnDevice {
    /// Those that no call uses now. Each concurrent call takes its own.
    idle: Mutex<Vec<Replay>>,
    /// It goes after the graphs of its kernels.
    module: Module,
}

impl OnDevice {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Replay>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An argument's name, and where it is.
pub type Placement<'a> = (&'a str, Device);

impl Program {
    /// The device that all tensors among the arguments are on; the CPU if there are none.
    ///
    /// # Errors
    /// [`Error::Devices`] if they are on different ones.
    pub fn device(&'static self, args: &[Placement<'_>]) -> Result<Device> {
        let Some((first, device)) = args.first() else { return Ok(Device::Cpu) };
        match args.iter().find(|(_, other)| other != device) {
            None => Ok(*device),
            Some((second, other)) => Err(Error::Devices {
                function: self.name,
                first: ((*first).to_owned(), device.to_string()),
                second: ((*second).to_owned(), other.to_string()),
            }),
        }
    }

    /// [`Program::output`] on `device`.
    ///
    /// # Errors
    /// As there; [`Error::DeviceMemory`], [`Error::Cuda`].
    ///
    /// # Safety
    /// Before anything reads the tensor, the caller lets [`Program::run_on`] write it.
    pub unsafe fn output_on<T: Element, S: Shape>(
        &'static self,
        device: &Device,
        param: usize,
        dims: &DimValues,
    ) -> Result<Tensor<T, S>> {
        match device {
            // SAFETY: the caller promises that the program writes it before anything reads it.
            Device::Cpu => unsafe { self.output(param, dims) },
            Device::Cuda(gpu) => {
                let shape = self.output_shape(param, dims)?;
                // SAFETY: as above.
                unsafe { Tensor::unwritten_on(*gpu, shape) }
            }
        }
    }

    /// [`Program::run`] on `device`. On a GPU the kernels may run after this has returned; what reads their results
    /// waits for them.
    ///
    /// # Errors
    /// On the CPU as there. [`Error::NoKernels`], [`Error::Rejected`], [`Error::Exceeds`], [`Error::DeviceMemory`]: then
    /// no kernel ran. [`Error::Cuda`].
    ///
    /// # Safety
    /// As there, where pointers to tensors are addresses in the memory of `device`, of which all these tensors are, and
    /// pointers to numbers of Rust are to memory of the process.
    pub unsafe fn run_on(
        &'static self,
        device: &Device,
        params: &[*mut u8],
        constants: Constants,
        dims: &DimValues,
    ) -> Result<()> {
        match device {
            // SAFETY: the caller's promises.
            Device::Cpu => unsafe { self.run(params, constants, dims) },
            // SAFETY: the caller's promises.
            Device::Cuda(gpu) => unsafe { self.run_on_gpu(*gpu, params, dims) },
        }
    }

    /// # Safety
    /// As for [`Program::run_on`].
    unsafe fn run_on_gpu(&'static self, gpu: Cuda, params: &[*mut u8], dims: &DimValues) -> Result<()> {
        let watch = Watch::begin(Config::of_process()?, self, dims);
        gpu.enter()?;
        let (program, here) = self.on(gpu)?;
        // SAFETY: numbers of Rust are in memory of the process.
        let numbers = unsafe { Written::new(self, program, gpu, params)? };
        let taken = here.idle().pop();
        let mut replay = taken.unwrap_or_default();
        let call = replay::Call { function: self, program, module: &here.module, gpu, params, written: &numbers, dims };
        // SAFETY: the caller vouches for the parameters.
        unsafe { replay.prepare(&call)? };
        match &watch {
            None => replay.launch(&call)?,
            Some(watch) => timed::launch(&replay, &call, watch)?,
        }
        here.idle().push(replay);
        // SAFETY: numbers of Rust are in memory of the process, and those that are written are the caller's to write.
        unsafe { numbers.fetch(params) }
    }

    /// The function on `gpu`, with its module, which the first call loads.
    fn on(&'static self, gpu: Cuda) -> Result<(&'static GpuProgram, &'static OnDevice)> {
        let program = self.gpu.ok_or_else(|| self.no_kernels(gpu))?;
        let place = &program.state.devices[gpu.ordinal()];
        if let Some(here) = place.get() {
            return Ok((program, here));
        }
        let _one_at_a_time = program.state.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if place.get().is_none() {
            let module = Module::load(self, program, gpu)?;
            drop(place.set(OnDevice { idle: Mutex::new(Vec::new()), module }));
        }
        place.get().map(|here| (program, here)).ok_or_else(|| self.no_kernels(gpu))
    }

    fn no_kernels(&self, gpu: Cuda) -> Error {
        Error::NoKernels { function: self.name, device: gpu.to_string() }
    }
}

/// Copies on the device of the numbers of Rust that kernels write. Few functions have such.
struct Written(Vec<(usize, Block)>);

impl Written {
    /// # Safety
    /// The numbers among `params` can be read.
    unsafe fn new(function: &Program, program: &GpuProgram, gpu: Cuda, params: &[*mut u8]) -> Result<Written> {
        let is_written = |at: &&u32| function.params[**at as usize].role != Role::Input;
        let copied = program.numbers.iter().filter(is_written).map(|at| {
            let (at, size) = (*at as usize, function.params[*at as usize].dtype.bits() as usize / 8);
            // SAFETY: the caller promises it; a number that is only written has been given a value as well.
            let bytes = unsafe { std::slice::from_raw_parts(params[at], size.max(1)) };
            Ok((at, Block::upload(gpu, bytes)?))
        });
        copied.collect::<Result<_>>().map(Written)
    }

    /// Where the copy of parameter `at` is, if it has one.
    fn address(&self, at: usize) -> Option<u64> {
        self.0.iter().find(|(other, _)| *other == at).map(|(_, block)| block.start())
    }

    /// Takes the values over, which waits for the kernels.
    ///
    /// # Safety
    /// The numbers among `params` can be written.
    unsafe fn fetch(&self, params: &[*mut u8]) -> Result<()> {
        // SAFETY: the caller promises it; a block is as large as its number.
        self.0.iter().try_for_each(|(at, block)| unsafe { block.read(params[*at]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cuda::imagined;
    use crate::program::{ProgramState, Report};

    static PROGRAM: Program = Program {
        name: "f",
        dims: &[],
        params: &[],
        workspace: &[],
        kernels: &[],
        isas: &[],
        report: Report { kernels: 0, flops: 0, bytes: 0, workspace_bytes: 0 },
        state: ProgramState::new(),
        fallback: None,
        gpu: None,
    };

    #[test]
    fn a_function_runs_where_all_its_tensors_are() {
        let (cpu, first, second) = (Device::Cpu, Device::Cuda(imagined(0)), Device::Cuda(imagined(1)));
        assert_eq!(PROGRAM.device(&[]).unwrap(), cpu);
        assert_eq!(PROGRAM.device(&[("x", first), ("y", Device::Cuda(imagined(0)))]).unwrap(), first);
        let error = |args: &[Placement<'_>]| PROGRAM.device(args).unwrap_err().to_string();
        let expected =
            "`f`: argument `x` is on cpu but argument `net.w` on cuda:1 (Imagined); copy one with `.to(&device)?`";
        assert_eq!(error(&[("x", cpu), ("y", cpu), ("net.w", second)]), expected);
        assert!(
            error(&[("x", first), ("y", second)]).contains("`x` is on cuda:0 (Imagined) but argument `y` on cuda:1")
        );
    }

    #[test]
    fn a_function_without_kernels_for_gpus_says_how_to_get_them() {
        let text = PROGRAM.no_kernels(imagined(0)).to_string();
        assert!(text.starts_with("`f` has no kernels for cuda:0 (Imagined); build with the feature `cuda`"), "{text}");
    }
}
