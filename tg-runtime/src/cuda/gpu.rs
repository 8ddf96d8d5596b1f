//! A device: its context, its stream, and what it can do.

use std::ffi::{c_char, c_int};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::copy::Staging;
use super::driver::{check, load};
use super::limits::Attributes;
use super::recycle::Kept;
use super::sys::{self, CUdevice_attribute as Attribute};
use crate::error::{Error, Result};

/// Most devices of a process: each tensor function has a place for each.
pub(crate) const MAX_DEVICES: usize = 16;

/// The compute capability that kernels are compiled for at least.
const LEAST: (u32, u32) = (8, 0);

/// A GPU of NVIDIA that is ready for use.
#[derive(Clone, Copy)]
pub struct Cuda(pub(super) &'static Gpu);

/// What the process keeps of a device until it ends.
pub(super) struct Gpu {
    ordinal: usize,
    name: String,
    attributes: Attributes,
    context: sys::CUcontext,
    stream: sys::CUstream,
    pool: sys::CUmemoryPool,
    /// Bytes of shared memory that a block can have.
    shared: usize,
    /// Small blocks of memory that nobody uses.
    pub(super) kept: Mutex<Kept>,
    /// Memory for copies, one at a time.
    pub(super) staging: Mutex<Option<Staging>>,
}

// SAFETY: the handles belong to no thread; the driver may be called with them from any.
unsafe impl Send for Gpu {}
// SAFETY: as above; what is not a handle is behind a mutex or only read.
unsafe impl Sync for Gpu {}

impl Cuda {
    pub(crate) fn open(ordinal: usize) -> Result<Cuda> {
        static OPEN: [OnceLock<&'static Gpu>; MAX_DEVICES] = [const { OnceLock::new() }; MAX_DEVICES];
        static OPENING: Mutex<()> = Mutex::new(());
        load()?;
        let Some(place) = OPEN.get(ordinal) else { return Err(Error::NoDevice { ordinal, count: count()? }) };
        let _one_at_a_time = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = place.get() {
            return Ok(Cuda(open));
        }
        let gpu: &'static Gpu = Box::leak(Box::new(Gpu::new(ordinal)?));
        Ok(Cuda(place.get_or_init(|| gpu)))
    }

    /// Its number.
    pub fn ordinal(&self) -> usize {
        self.0.ordinal
    }

    /// Its name, such as `NVIDIA H200`.
    pub fn name(&self) -> &'static str {
        &self.0.name
    }

    /// Its compute capability, major and minor.
    pub fn capability(&self) -> (u32, u32) {
        self.0.attributes.capability
    }

    /// Bytes a second that its memory can move: its clock times its width.
    pub fn bandwidth(&self) -> f64 {
        self.0.attributes.bandwidth()
    }

    /// What its limits follow from.
    pub(crate) fn attributes(&self) -> &'static Attributes {
        &self.0.attributes
    }

    /// Bytes of its memory that are free, and all.
    ///
    /// # Errors
    /// [`Error::Cuda`] if the device was lost.
    pub fn memory(&self) -> Result<(usize, usize)> {
        self.enter()?;
        let (mut free, mut total) = (0, 0);
        // SAFETY: both pointers are valid for a number; the context is current.
        check(unsafe { sys::cuMemGetInfo_v2(&mut free, &mut total) }, "asking for the free memory")?;
        Ok((free, total))
    }

    pub(crate) fn synchronize(&self) -> Result<()> {
        self.enter()?;
        let doing = "waiting for the device, where an earlier kernel may have failed: TG_DEBUG=1 tells which";
        // SAFETY: the stream stays until the process ends.
        check(unsafe { sys::cuStreamSynchronize(self.0.stream) }, doing)
    }

    /// Makes the device that of this thread: what the driver is asked next is for it.
    pub(crate) fn enter(&self) -> Result<()> {
        // SAFETY: the context stays until the process ends.
        check(unsafe { sys::cuCtxSetCurrent(self.0.context) }, "turning to the device")
    }

    pub(crate) fn stream(&self) -> sys::CUstream {
        self.0.stream
    }

    /// Bytes of shared memory that a block can have.
    pub(crate) fn shared_memory(&self) -> usize {
        self.0.shared
    }

    /// The pool that memory of the device comes from.
    pub(super) fn pool(&self) -> sys::CUmemoryPool {
        self.0.pool
    }
}

fn count() -> Result<usize> {
    let mut count = 0;
    // SAFETY: the pointer is valid for a number.
    match unsafe { sys::cuDeviceGetCount(&mut count) } {
        // The driver starts without devices, but then answers nothing.
        sys::CUresult::CUDA_ERROR_NOT_INITIALIZED | sys::CUresult::CUDA_ERROR_NO_DEVICE => Ok(0),
        other => check(other, "counting the devices").map(|()| count.max(0) as usize),
    }
}

impl Gpu {
    fn new(ordinal: usize) -> Result<Gpu> {
        let count = count()?;
        if ordinal >= count {
            return Err(Error::NoDevice { ordinal, count });
        }
        let mut device = 0;
        // SAFETY: the pointer is valid for a handle.
        check(unsafe { sys::cuDeviceGet(&mut device, ordinal as c_int) }, "looking for the device")?;
        let (name, attributes) = (name(device)?, attributes(device)?);
        let capability = attributes.capability;
        if capability < LEAST {
            let device = format!("cuda:{ordinal} ({name})");
            return Err(Error::DeviceTooOld { device, capability, needed: LEAST });
        }
        let (context, stream) = (context(device)?, stream()?);
        let shared = attribute(device, Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)? as usize;
        let pool = pool(device)?;
        let (kept, staging) = (Mutex::default(), Mutex::new(None));
        Ok(Gpu { ordinal, name, attributes, context, stream, pool, shared, kept, staging })
    }
}

fn attribute(device: sys::CUdevice, which: Attribute) -> Result<i32> {
    let mut value = 0;
    // SAFETY: the pointer is valid for a number.
    check(unsafe { sys::cuDeviceGetAttribute(&mut value, which, device) }, "asking what the device can do")?;
    Ok(value)
}

fn name(device: sys::CUdevice) -> Result<String> {
    let mut text = [0 as c_char; 256];
    // SAFETY: the array has as many bytes as are told.
    check(unsafe { sys::cuDeviceGetName(text.as_mut_ptr(), text.len() as c_int, device) }, "asking for its name")?;
    let bytes: Vec<u8> = text.iter().take_while(|byte| **byte != 0).map(|byte| *byte as u8).collect();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn attributes(device: sys::CUdevice) -> Result<Attributes> {
    let get = |which| attribute(device, which).map(|value| value as u32);
    let major = get(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    Ok(Attributes {
        capability: (major, get(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?),
        multiprocessors: get(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        kilohertz: get(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE)?,
        memory_kilohertz: get(Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE)?,
        bus_bits: get(Attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH)?,
    })
}

/// The primary context, which other libraries in the process use too; current from here on.
fn context(device: sys::CUdevice) -> Result<sys::CUcontext> {
    let mut context = std::ptr::null_mut();
    // SAFETY: the pointer is valid for a handle.
    check(unsafe { sys::cuDevicePrimaryCtxRetain(&mut context, device) }, "preparing the device")?;
    // SAFETY: the context was retained and is never released.
    check(unsafe { sys::cuCtxSetCurrent(context) }, "turning to the device")?;
    Ok(context)
}

/// A stream that does not wait for what others in the process do.
fn stream() -> Result<sys::CUstream> {
    let mut stream = std::ptr::null_mut();
    let flags = sys::CUstream_flags::CU_STREAM_NON_BLOCKING as u32;
    // SAFETY: the pointer is valid for a handle; a context is current.
    check(unsafe { sys::cuStreamCreate(&mut stream, flags) }, "making a stream")?;
    Ok(stream)
}

/// The device's pool of memory, which keeps what is freed for the next who asks.
fn pool(device: sys::CUdevice) -> Result<sys::CUmemoryPool> {
    let mut pool = std::ptr::null_mut();
    // SAFETY: the pointer is valid for a handle.
    check(unsafe { sys::cuDeviceGetDefaultMemPool(&mut pool, device) }, "looking for its pool of memory")?;
    let mut kept = u64::MAX;
    let which = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: this attribute is a 64-bit number, which is only read.
    let set = unsafe { sys::cuMemPoolSetAttribute(pool, which, (&raw mut kept).cast()) };
    check(set, "setting up its pool of memory").map(|()| pool)
}

impl PartialEq for Cuda {
    fn eq(&self, other: &Cuda) -> bool {
        self.0.ordinal == other.0.ordinal
    }
}

impl Eq for Cuda {}

impl Hash for Cuda {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.ordinal.hash(state);
    }
}

impl fmt::Display for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cuda:{} ({})", self.0.ordinal, self.0.name)
    }
}

impl fmt::Debug for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A device that is not there, for tests of what asks none.
#[cfg(test)]
pub(crate) fn imagined(ordinal: usize) -> Cuda {
    let (context, stream, pool) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    let (kept, staging) = (Mutex::default(), Mutex::new(None));
    let attributes =
        Attributes { capability: LEAST, multiprocessors: 0, kilohertz: 0, memory_kilohertz: 0, bus_bits: 0 };
    let gpu = Gpu { ordinal, name: "Imagined".to_owned(), attributes, context, stream, pool, shared: 0, kept, staging };
    Cuda(Box::leak(Box::new(gpu)))
}
