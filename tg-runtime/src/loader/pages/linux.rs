//! Mappings of Linux.

use std::ffi::c_void;
use std::io;
use std::ptr::{self, NonNull};

use super::Access;

/// Bytes of a page.
pub(in super::super) fn page() -> u64 {
    // SAFETY: the call has no conditions.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes).ok().filter(|bytes| bytes.is_power_of_two()).unwrap_or(4096)
}

/// A new mapping of zeros that can be written. With `low`, it is in the lowest 2 GiB, which only x86-64 has a request for.
pub(super) fn map(bytes: usize, low: bool) -> io::Result<NonNull<u8>> {
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let place = if low { low_addresses()? } else { 0 };
    // SAFETY: a new mapping at an address that the system chooses changes no other memory.
    let start = unsafe { libc::mmap(ptr::null_mut(), bytes, access, flags | place, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory.into())
}

#[cfg(target_arch = "x86_64")]
fn low_addresses() -> io::Result<libc::c_int> {
    Ok(libc::MAP_32BIT)
}

#[cfg(not(target_arch = "x86_64"))]
fn low_addresses() -> io::Result<libc::c_int> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "it has no memory for 32-bit addresses to give"))
}

/// Changes what may be done with pages.
///
/// # Safety
/// They are pages of a mapping of [`map`], and nothing is done with them any more that `access` forbids.
pub(super) unsafe fn protect(start: *mut u8, bytes: usize, access: Access) -> io::Result<()> {
    let access = match access {
        Access::Execute => libc::PROT_READ | libc::PROT_EXEC,
        Access::Read => libc::PROT_READ,
    };
    // SAFETY: as the caller promises.
    let status = unsafe { libc::mprotect(start.cast::<c_void>(), bytes, access) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives a mapping back.
///
/// # Safety
/// It is one of [`map`], of `bytes` bytes, and nothing refers to it any more.
pub(super) unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    // SAFETY: as the caller promises. Failure would leave it mapped, which is no harm.
    unsafe { libc::munmap(start.as_ptr().cast(), bytes) };
}
