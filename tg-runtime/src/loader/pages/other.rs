//! Systems that no code is loaded on: their kernels would have another object format.

use std::io;
use std::ptr::NonNull;

use super::Access;

/// Bytes of a page, as far as that matters where none are mapped.
pub(in super::super) fn page() -> u64 {
    4096
}

/// There is none.
pub(super) fn map(_: usize, _: bool) -> io::Result<NonNull<u8>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "code is loaded on Linux only"))
}

/// # Safety
/// None is needed.
pub(super) unsafe fn protect(_: *mut u8, _: usize, _: Access) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// # Safety
/// None is needed.
pub(super) unsafe fn unmap(_: NonNull<u8>, _: usize) {}
