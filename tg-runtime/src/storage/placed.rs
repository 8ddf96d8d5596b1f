//! Elements on a device or on the host, with the feature `cuda`; without it [`Storage`] is all there is.
//!
//! Elements on a GPU can be read as a slice: the first read copies them to a mirror on the host. There is no way to
//! read an old mirror: who gets the address of the elements for writing loses it.

use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use super::{Packs, Storage, bytes_of};
use crate::cuda::{Block, Cuda};
use crate::device::Device;
use crate::element::Element;
use crate::error::{Error, Result};

/// An owned array of `len` elements on a device.
pub struct Placed<T: Element> {
    len: usize,
    /// The elements on the host: where they are, or, beside `block`, its mirror, if there is one.
    host: OnceLock<Storage<T>>,
    /// The elements on a GPU.
    block: Option<Block>,
}

impl<T: Element> From<Storage<T>> for Placed<T> {
    fn from(storage: Storage<T>) -> Self {
        Placed { len: storage.len(), host: OnceLock::from(storage), block: None }
    }
}

impl<T: Element> From<Block> for Placed<T> {
    fn from(block: Block) -> Self {
        Placed { len: block.bytes() / size_of::<T>(), host: OnceLock::new(), block: Some(block) }
    }
}

/// On the host, as [`Storage`] makes them.
impl<T: Element> Placed<T> {
    /// `len` zeros.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    pub fn zeroed(len: usize) -> Result<Self> {
        Storage::zeroed(len).map(Placed::from)
    }

    /// `value`, `len` times.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    pub fn filled(len: usize, value: T) -> Result<Self> {
        Storage::filled(len, value).map(Placed::from)
    }

    /// A copy of `elements`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn copied(elements: &[T]) -> Result<Self> {
        Storage::copied(elements).map(Placed::from)
    }

    /// Memory for `len` elements that nobody has written yet.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    ///
    /// # Safety
    /// As for [`Storage::unwritten`].
    pub unsafe fn unwritten(len: usize) -> Result<Self> {
        // SAFETY: the caller's promise.
        unsafe { Storage::unwritten(len) }.map(Placed::from)
    }
}

impl<T: Element> Placed<T> {
    /// Memory on a GPU for `len` elements, not yet written.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::DeviceMemory`], [`Error::Cuda`].
    ///
    /// # Safety
    /// The caller lets the device write every element before anything reads one.
    pub unsafe fn unwritten_on(gpu: Cuda, len: usize) -> Result<Self> {
        let bytes = len.checked_mul(size_of::<T>());
        let bytes = bytes.ok_or_else(|| Error::TooLarge { dims: vec![len], dtype: T::DTYPE })?;
        Block::new(gpu, bytes).map(Placed::from)
    }

    /// Number of elements.
    pub fn count(&self) -> usize {
        self.len
    }

    /// Where they are.
    pub fn device(&self) -> Device {
        self.block.as_ref().map_or(Device::Cpu, |block| Device::Cuda(block.gpu()))
    }

    /// A copy on `device`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::DeviceMemory`], [`Error::Cuda`].
    pub fn to(&self, device: &Device) -> Result<Self> {
        match (&self.block, device) {
            (Some(block), Device::Cuda(gpu)) if block.gpu() == *gpu => block.copied().map(Placed::from),
            (_, Device::Cuda(gpu)) => Block::upload(*gpu, bytes_of(self.read()?)).map(Placed::from),
            (Some(block), Device::Cpu) if self.host.get().is_none() => download(block, self.len).map(Placed::from),
            (_, Device::Cpu) => Storage::copied(self.read()?).map(Placed::from),
        }
    }

    /// Replaces all elements, wherever they are, by as many others.
    pub fn replace(&mut self, elements: &[T]) -> Result<()> {
        match &self.block {
            None => self.copy_from_slice(elements),
            Some(block) => {
                self.host = OnceLock::new();
                block.write(bytes_of(elements))?;
            }
        }
        Ok(())
    }

    /// The first element, in the memory of the device.
    pub fn address(&self) -> *const T {
        match &self.block {
            Some(block) => block.start() as *const T,
            None => self.on_host().start(),
        }
    }

    /// The first element, in the memory of the device, for writing.
    pub fn address_mut(&mut self) -> *mut T {
        let Some(block) = &self.block else { return self.on_host_mut().start_mut() };
        let start = block.start() as *mut T;
        self.host = OnceLock::new();
        start
    }

    /// Where kernels keep copies of the elements; nowhere for those on a GPU.
    pub fn packs(&self) -> Option<&Packs> {
        if self.block.is_some() { None } else { self.on_host().packs() }
    }

    /// The first element, on the host, as reading gives it.
    pub fn start(&self) -> *const T {
        if self.block.is_some() { self.as_ptr() } else { self.on_host().start() }
    }

    /// The first element, on the host, to which the elements are brought.
    pub fn start_mut(&mut self) -> *mut T {
        self.brought().start_mut()
    }

    /// The elements, brought to the host, where they then are.
    fn brought(&mut self) -> &mut Storage<T> {
        if self.block.is_some() {
            self.read().map(drop).unwrap_or_else(|error| lost(&error));
            self.block = None;
        }
        self.on_host_mut()
    }

    /// The elements, on the host.
    fn read(&self) -> Result<&[T]> {
        if let (Some(block), None) = (&self.block, self.host.get()) {
            let mirror = download(block, self.len)?;
            // Another thread may have been faster, with the same elements.
            return Ok(self.host.get_or_init(|| mirror));
        }
        Ok(self.on_host())
    }

    fn on_host(&self) -> &Storage<T> {
        match self.host.get() {
            Some(storage) => storage,
            None => unreachable!("elements are on the host, on a device, or on both"),
        }
    }

    fn on_host_mut(&mut self) -> &mut Storage<T> {
        match self.host.get_mut() {
            Some(storage) => storage,
            None => unreachable!("elements are on the host, on a device, or on both"),
        }
    }
}

fn download<T: Element>(block: &Block, len: usize) -> Result<Storage<T>> {
    // SAFETY: all of it is written below, or dropped.
    let mut storage = unsafe { Storage::<T>::unwritten(len)? };
    // SAFETY: it has as many bytes as the block, which was made for `len` elements.
    unsafe { block.read(storage.start_mut().cast())? };
    Ok(storage)
}

/// What reading through a method that cannot fail says when it does.
#[cold]
fn lost(error: &Error) -> ! {
    panic!("the elements of a tensor cannot be read: {error}; `.to(&Device::Cpu)` gives this as an error")
}

impl<T: Element> Deref for Placed<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.read().unwrap_or_else(|error| lost(&error))
    }
}

impl<T: Element> DerefMut for Placed<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.brought()
    }
}

impl<T: Element> Clone for Placed<T> {
    fn clone(&self) -> Self {
        match &self.block {
            None => Placed::from(self.on_host().clone()),
            Some(block) => {
                Placed::from(block.copied().unwrap_or_else(|error| panic!("a tensor cannot be cloned: {error}")))
            }
        }
    }
}
