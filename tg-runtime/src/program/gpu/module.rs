//! The kernels of a function on a device: which image fits, and what the driver makes of it.

use std::ffi::{CString, c_void};

use super::super::{GpuImage, GpuProgram, Program};
use crate::cuda::sys::{self, CUfunction_attribute as Attribute, CUjit_option as JitOption, CUresult};
use crate::cuda::{Cuda, check};
use crate::error::{Error, Result};

/// Bytes for what the driver says about a module.
const LOG: usize = 8 << 10;

/// Shared memory that every kernel may have without asking.
const UNASKED: usize = 48 << 10;

/// A loaded module. It stays as long as the function does, which for those of a build is until the process ends.
#[derive(Debug)]
pub struct Module {
    gpu: Cuda,
    handle: sys::CUmodule,
    /// The index of the image it was made from.
    pub level: usize,
    /// Whether its kernels wait for those before them.
    pub waits: bool,
    /// The kernels, in their order.
    pub kernels: Vec<sys::CUfunction>,
}

// SAFETY: the handles belong to no thread.
unsafe impl Send for Module {}
// SAFETY: as above, and nothing is written.
unsafe impl Sync for Module {}

impl Module {
    /// The kernels for `gpu`, whose context is current.
    ///
    /// # Errors
    /// [`Error::NoKernels`], [`Error::Exceeds`], [`Error::Rejected`], [`Error::Cuda`].
    pub fn load(function: &Program, program: &GpuProgram, gpu: Cuda) -> Result<Module> {
        let (major, minor) = gpu.capability();
        let level = best(program.images, 10 * major + minor).ok_or_else(|| function.no_kernels(gpu))?;
        fits(function, program, level, gpu)?;
        let image = &program.images[level];
        let cubin = image.cubin.filter(|_| image.capability == 10 * major + minor);
        // A driver that is older than what made the cubin may still compile the text.
        let loaded = cubin.and_then(|cubin| load(cubin).ok());
        let module = loaded.map_or_else(|| compile(function, image.ptx, gpu), Ok)?;
        let kernels = program.kernels.iter().map(|kernel| entry(module, kernel.name, kernel.launches[level].shared));
        Ok(Module { gpu, handle: module, level, waits: image.waits, kernels: kernels.collect::<Result<_>>()? })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // A device that is lost has nothing to unload.
        if self.gpu.enter().and_then(|()| self.gpu.synchronize()).is_ok() {
            // SAFETY: the module is loaded, and no kernel of it is running or will be started.
            unsafe { sys::cuModuleUnload(self.handle) };
        }
    }
}

/// The image for a device: one for exactly it, or else the highest that is not above it.
fn best(images: &[GpuImage], capability: u32) -> Option<usize> {
    let usable = |image: &GpuImage| match image.exact {
        true => image.capability == capability,
        false => image.capability <= capability,
    };
    let usable = images.iter().enumerate().filter(|(_, image)| usable(image));
    usable.max_by_key(|(_, image)| (image.exact, image.capability)).map(|(at, _)| at)
}

/// Whether the device has the shared memory that all kernels need.
fn fits(function: &Program, program: &GpuProgram, level: usize, gpu: Cuda) -> Result<()> {
    let available = gpu.shared_memory();
    match program.kernels.iter().find(|kernel| kernel.launches[level].shared > available) {
        None => Ok(()),
        Some(kernel) => Err(Error::Exceeds {
            function: function.name,
            kernel: kernel.name,
            resource: "bytes of shared memory",
            needed: kernel.launches[level].shared,
            available,
            device: gpu.to_string(),
        }),
    }
}

fn load(cubin: &[u8]) -> Result<sys::CUmodule> {
    let mut module = std::ptr::null_mut();
    // SAFETY: a cubin tells its own length; there are no options.
    let result = unsafe {
        sys::cuModuleLoadDataEx(&mut module, cubin.as_ptr().cast(), 0, std::ptr::null_mut(), std::ptr::null_mut())
    };
    check(result, "loading a module").map(|()| module)
}

/// The module that the driver compiles `ptx` to.
fn compile(function: &Program, ptx: &str, gpu: Cuda) -> Result<sys::CUmodule> {
    let rejected = |log: String| Error::Rejected { function: function.name, device: gpu.to_string(), log };
    let text = CString::new(ptx).map_err(|error| rejected(error.to_string()))?;
    let (mut module, mut log) = (std::ptr::null_mut(), vec![0u8; LOG]);
    let mut options = [JitOption::CU_JIT_ERROR_LOG_BUFFER, JitOption::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES];
    let mut values = [log.as_mut_ptr().cast(), LOG as *mut c_void];
    // SAFETY: the text ends in a zero; there are as many values as options, the buffer and its size.
    let result = unsafe {
        sys::cuModuleLoadDataEx(&mut module, text.as_ptr().cast(), 2, options.as_mut_ptr(), values.as_mut_ptr())
    };
    match result {
        CUresult::CUDA_SUCCESS => Ok(module),
        CUresult::CUDA_ERROR_OUT_OF_MEMORY | CUresult::CUDA_ERROR_ILLEGAL_ADDRESS => {
            check(result, "loading a module").map(|()| module)
        }
        other => {
            let words: Vec<u8> = log.into_iter().take_while(|byte| *byte != 0).collect();
            let error = crate::cuda::failure(other, "compiling PTX".into());
            Err(rejected(format!("{error}\n{}", String::from_utf8_lossy(&words).trim())))
        }
    }
}

/// The kernel `name` of `module`, allowed to use `shared` bytes of shared memory.
fn entry(module: sys::CUmodule, name: &str, shared: usize) -> Result<sys::CUfunction> {
    let mut entry = std::ptr::null_mut();
    let text = CString::new(name).unwrap_or_default();
    // SAFETY: the module is loaded, the name ends in a zero.
    let found = unsafe { sys::cuModuleGetFunction(&mut entry, module, text.as_ptr()) };
    check(found, &format!("looking for kernel {name}"))?;
    if shared > UNASKED {
        let which = Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        // SAFETY: the function is of a loaded module.
        let set = unsafe { sys::cuFuncSetAttribute(entry, which, shared as i32) };
        check(set, &format!("giving {shared} bytes of shared memory to kernel {name}"))?;
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_for_exactly_a_device_comes_first() {
        let image = |capability, exact| GpuImage { capability, exact, waits: exact, ptx: "", cubin: None };
        let images = [image(80, false), image(90, true)];
        let chosen = |capability| best(&images, capability);
        assert_eq!([75, 80, 86, 90, 100].map(chosen), [None, Some(0), Some(0), Some(1), Some(0)]);
    }
}
