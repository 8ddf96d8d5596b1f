//! Where lazy tensors are computed.

use std::borrow::Cow;
use std::fmt;

use tg_runtime::Result;
use tg_runtime::device::Cuda;

/// A device of lazy tensors.
///
/// `Cpu(0)` is the processor. Others with higher numbers are the same processor under another name: with them, programs for
/// several devices can be tried where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The processor.
    Cpu(u16),
    /// A GPU of NVIDIA.
    Cuda(Cuda),
}

impl Device {
    /// The processor.
    pub const CPU: Device = Device::Cpu(0);

    /// The GPU of NVIDIA with this number.
    ///
    /// # Errors
    /// As [`tg_runtime::Device::cuda`].
    pub fn cuda(ordinal: usize) -> Result<Device> {
        Ok(match tg_runtime::Device::cuda(ordinal)? {
            tg_runtime::Device::Cuda(gpu) => Device::Cuda(gpu),
            _ => Device::CPU,
        })
    }

    /// What programs are compiled for: equal for devices that can run the same ones.
    pub(crate) fn target(self) -> Cow<'static, str> {
        match self {
            Device::Cpu(_) => "cpu".into(),
            #[cfg(feature = "cuda")]
            Device::Cuda(gpu) => format!("cuda{:?}", gpu.capability()).into(),
            #[cfg(not(feature = "cuda"))]
            Device::Cuda(_) => "cuda".into(),
        }
    }

    /// Where its memory is.
    pub(crate) fn memory(self) -> tg_runtime::Device {
        match self {
            Device::Cpu(_) => tg_runtime::Device::Cpu,
            Device::Cuda(gpu) => tg_runtime::Device::Cuda(gpu),
        }
    }
}

impl Default for Device {
    fn default() -> Device {
        Device::CPU
    }
}

impl fmt::Display for Device {
    /// `cpu:1`, or `cuda:0 (NVIDIA H200)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu(number) => write!(f, "cpu:{number}"),
            Device::Cuda(gpu) => gpu.fmt(f),
        }
    }
}
