//! Where tensors are: in the memory of the process, or in that of a GPU.

use std::fmt;

use crate::error::Result;

/// A place where tensors are kept and tensor functions run.
///
/// Tensors are made on the CPU and copied by [`Tensor::to`](crate::Tensor::to). A tensor function runs where its
/// arguments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The processor and the memory of the process.
    Cpu,
    /// A GPU of NVIDIA, made by [`Device::cuda`].
    Cuda(Cuda),
}

#[cfg(feature = "cuda")]
pub use crate::cuda::Cuda;

/// A GPU of NVIDIA. Without the feature `cuda` there is none.
#[cfg(not(feature = "cuda"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cuda(std::convert::Infallible);

#[cfg(not(feature = "cuda"))]
impl fmt::Display for Cuda {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl Device {
    /// The GPU of NVIDIA with this number, counted from 0 in the driver's order. The first call loads the driver, and
    /// prepares the device, which takes up to some tenths of a second.
    ///
    /// # Errors
    /// [`Error::NotCompiled`](crate::Error::NotCompiled) without the feature `cuda`;
    /// [`Error::NoDriver`](crate::Error::NoDriver), [`Error::DriverTooOld`](crate::Error::DriverTooOld),
    /// [`Error::NoDevice`](crate::Error::NoDevice), [`Error::DeviceTooOld`](crate::Error::DeviceTooOld), or
    /// [`Error::Cuda`](crate::Error::Cuda) where it cannot be used.
    #[cfg(feature = "cuda")]
    pub fn cuda(ordinal: usize) -> Result<Device> {
        Cuda::open(ordinal).map(Device::Cuda)
    }

    /// The GPU of NVIDIA with this number.
    ///
    /// # Errors
    /// [`Error::NotCompiled`](crate::Error::NotCompiled): this program was built without the feature `cuda`.
    #[cfg(not(feature = "cuda"))]
    pub fn cuda(_ordinal: usize) -> Result<Device> {
        Err(crate::Error::NotCompiled { feature: "cuda" })
    }

    /// Waits until everything that was started on the device is done. On the CPU, that is always so.
    ///
    /// # Errors
    /// [`Error::Cuda`](crate::Error::Cuda) if a kernel failed meanwhile or the device was lost.
    pub fn synchronize(&self) -> Result<()> {
        match self {
            Device::Cpu => Ok(()),
            #[cfg(feature = "cuda")]
            Device::Cuda(gpu) => gpu.synchronize(),
            #[cfg(not(feature = "cuda"))]
            Device::Cuda(none) => match none.0 {},
        }
    }
}

impl fmt::Display for Device {
    /// `cpu`, or `cuda:0 (NVIDIA H200)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(gpu) => gpu.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there() {
        assert_eq!(Device::Cpu.to_string(), "cpu");
        Device::Cpu.synchronize().unwrap();
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn without_the_feature_the_error_says_how_to_build() {
        let text = Device::cuda(0).unwrap_err().to_string();
        assert!(text.contains("without the feature `cuda`") && text.contains("--features cuda"), "{text}");
    }
}
