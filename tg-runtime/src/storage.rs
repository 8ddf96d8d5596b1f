//! Owned memory for elements, aligned to a cache line and to every vector type.
//!
//! The only place that allocates by hand. It knows lengths, not shapes. Large blocks lie in large pages. The memory
//! of large tensors that are dropped is kept for the next ones, up to a bound. With the feature `cuda`, elements may be
//! in the memory of a GPU instead: `placed`. Copies in other orders, for kernels, are kept beside the elements: `packs`.

mod packs;
mod pages;
#[cfg(feature = "cuda")]
mod placed;
mod recycle;

use std::alloc::{Layout, alloc, handle_alloc_error};
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

#[cfg(not(feature = "cuda"))]
use crate::device::Device;
use crate::element::Element;
use crate::error::{Error, Result};

/// What a tensor keeps its elements in.
#[cfg(not(feature = "cuda"))]
pub type Elements<T> = Storage<T>;
#[cfg(feature = "cuda")]
pub use placed::Placed as Elements;

pub use packs::Packs;

/// Alignment of every buffer in bytes: one cache line, one AVX-512 vector.
pub const ALIGNMENT: usize = 64;

/// An owned array of `len` elements, aligned to [`ALIGNMENT`] at least. Length 0 takes no memory.
pub struct Storage<T: Element> {
    start: NonNull<T>,
    len: usize,
    packs: Packs,
}

// SAFETY: a `Storage` owns its memory like a `Vec<T>`, and `Element` requires `Send`.
unsafe impl<T: Element> Send for Storage<T> {}
// SAFETY: shared access gives only `&[T]`, and `Element` requires `Sync`.
unsafe impl<T: Element> Sync for Storage<T> {}

/// Tests look at every byte of large blocks; an interpreter of Rust would take hours to.
#[cfg(test)]
const TEST_STEP: usize = if cfg!(miri) { 65_521 } else { 1 };

#[repr(align(64))]
struct Aligned;

/// What fresh memory holds.
#[derive(Clone, Copy)]
enum Fill {
    Zeros,
    Unwritten,
}

/// A block of memory, from those kept or from the allocator; `None` when there is none.
///
/// # Safety
/// `layout` has a size above 0, and is of [`pages::layout`].
unsafe fn block(layout: Layout, fill: Fill) -> Option<NonNull<u8>> {
    // SAFETY: the caller promises it.
    let start = recycle::take(layout).or_else(|| unsafe { fresh(layout) })?;
    if let Fill::Zeros = fill {
        // SAFETY: the block has `layout.size()` bytes, and nobody else uses it.
        unsafe { start.write_bytes(0, layout.size()) };
    }
    Some(start)
}

/// A block from the allocator that nobody has touched since its pages were asked for: the first access decides on them.
///
/// # Safety
/// As for [`block`].
unsafe fn fresh(layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: the caller promises a size above 0.
    let start = NonNull::new(unsafe { alloc(layout) })?;
    // SAFETY: the block is new, and of this layout.
    unsafe { pages::advise(start, layout) };
    Some(start)
}

impl<T: Element> Storage<T> {
    /// `None` if the size in bytes does not fit the address space.
    fn layout(len: usize) -> Option<Layout> {
        pages::layout(Layout::array::<T>(len).ok()?.size())
    }

    fn allocated(len: usize, fill: Fill) -> Result<Storage<T>> {
        if len == 0 {
            return Ok(Storage { start: NonNull::<Aligned>::dangling().cast(), len, packs: Packs::new() });
        }
        let Some(layout) = Self::layout(len) else {
            return Err(Error::TooLarge { dims: vec![len], dtype: T::DTYPE });
        };
        // SAFETY: `layout` has a size above 0, since `len` is, and no element type is zero-sized; it is of `pages`.
        let start = unsafe { block(layout, fill) }.or_else(|| {
            recycle::give_back();
            // SAFETY: as above.
            unsafe { block(layout, fill) }
        });
        let start = start.ok_or(Error::OutOfMemory { bytes: layout.size() })?;
        Ok(Storage { start: start.cast(), len, packs: Packs::new() })
    }

    /// `len` zeros.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    pub fn zeroed(len: usize) -> Result<Storage<T>> {
        Self::allocated(len, Fill::Zeros)
    }

    /// Memory for `len` elements that nobody has written yet: outputs need not be cleared first.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    ///
    /// # Safety
    /// The caller writes every element through a pointer before anything reads it or makes a slice of it.
    pub unsafe fn unwritten(len: usize) -> Result<Storage<T>> {
        Self::allocated(len, Fill::Unwritten)
    }

    /// `value`, `len` times.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    pub fn filled(len: usize, value: T) -> Result<Storage<T>> {
        let storage = Self::allocated(len, Fill::Unwritten)?;
        // SAFETY: the memory holds `len` elements, and fresh memory has no other user.
        let unwritten = unsafe { slice::from_raw_parts_mut(storage.start.cast::<MaybeUninit<T>>().as_ptr(), len) };
        unwritten.fill(MaybeUninit::new(value));
        Ok(storage)
    }

    /// A copy of `elements`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn copied(elements: &[T]) -> Result<Storage<T>> {
        let storage = Self::allocated(elements.len(), Fill::Unwritten)?;
        // SAFETY: both ranges hold `elements.len()` elements, and fresh memory overlaps nothing.
        unsafe { storage.start.copy_from_nonoverlapping(NonNull::from(elements).cast(), elements.len()) };
        Ok(storage)
    }

    /// The first element; aligned and dangling for length 0.
    pub fn start(&self) -> *const T {
        self.start.as_ptr()
    }

    /// The first element, for writing; aligned and dangling for length 0.
    pub fn start_mut(&mut self) -> *mut T {
        self.packs.clear();
        self.start.as_ptr()
    }

    /// Where kernels keep copies of the elements.
    pub fn packs(&self) -> Option<&Packs> {
        Some(&self.packs)
    }
}

/// What [`Elements`] has on any device, where all is on the host.
#[cfg(not(feature = "cuda"))]
impl<T: Element> Storage<T> {
    /// Number of elements.
    pub fn count(&self) -> usize {
        self.len
    }

    /// Where they are.
    pub fn device(&self) -> Device {
        Device::Cpu
    }

    /// The first element, in the memory of the device.
    pub fn address(&self) -> *const T {
        self.start()
    }

    /// The first element, in the memory of the device, for writing.
    pub fn address_mut(&mut self) -> *mut T {
        self.start_mut()
    }

    /// A copy on `device`, which can only be the host.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn to(&self, _device: &Device) -> Result<Self> {
        Storage::copied(self)
    }

    /// Replaces all elements by as many others.
    ///
    /// # Errors
    /// None.
    pub fn replace(&mut self, elements: &[T]) -> Result<()> {
        self.copy_from_slice(elements);
        Ok(())
    }
}

/// The bytes of `elements` as they lie in memory.
pub(crate) fn bytes_of<T: Element>(elements: &[T]) -> &[u8] {
    // SAFETY: the same memory under the same borrow; an `Element` has no padding, so every byte is initialised.
    unsafe { slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

impl<T: Element> Deref for Storage<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: `start` is aligned and holds `len` elements, initialised since the constructor (`zeroed`,
        // `copied`) or by the promise of `unwritten`.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Element> DerefMut for Storage<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.packs.clear();
        // SAFETY: as in `deref`; `&mut self` makes the access exclusive.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T: Element> Clone for Storage<T> {
    /// A copy. Aborts when out of memory, as `Vec` does: cloning has no way to report it.
    fn clone(&self) -> Self {
        Storage::copied(self)
            .unwrap_or_else(|_| handle_alloc_error(Self::layout(self.len).unwrap_or(Layout::new::<Aligned>())))
    }
}

impl<T: Element> Drop for Storage<T> {
    fn drop(&mut self) {
        if let Some(layout) = Self::layout(self.len).filter(|l| l.size() > 0) {
            // SAFETY: a length above 0 means `start` came from `allocated` with this same layout.
            unsafe { recycle::free(self.start.cast(), layout) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_for_every_length() {
        for len in [0, 1, 3, 64, 1000] {
            let storage = Storage::<u8>::zeroed(len).unwrap();
            assert_eq!(storage.start() as usize % ALIGNMENT, 0);
            assert_eq!(&storage[..], &vec![0; len][..]);
            assert_eq!(storage.clone().start() as usize % ALIGNMENT, 0);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri ends the program where an allocator would refuse")]
    fn impossible_sizes_are_errors() {
        assert!(matches!(Storage::<f64>::zeroed(usize::MAX / 2), Err(Error::TooLarge { .. })));
        assert!(matches!(Storage::<f64>::zeroed(isize::MAX as usize / 8), Err(Error::TooLarge { .. })));
        assert!(matches!(Storage::<u8>::zeroed(isize::MAX as usize / 2), Err(Error::OutOfMemory { .. })));
        // In whole large pages it is beyond the address space; where there are none, only beyond the memory.
        let almost = Storage::<u8>::zeroed(isize::MAX as usize - 4096);
        if cfg!(target_os = "linux") {
            assert!(matches!(almost, Err(Error::TooLarge { .. })));
        } else {
            assert!(matches!(almost, Err(Error::OutOfMemory { .. })));
        }
    }
}
