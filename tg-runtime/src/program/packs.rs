//! The copies of constant parameters that the kernels of a call read: found beside the elements, or made.

use std::time::Instant;

use super::watch::Watch;
use super::{Pack, Program};
use crate::error::Result;
use crate::profile::{Span, Work};
use crate::storage::{Packs, Storage};

/// Where copies of each parameter of a program are kept, for those that are constant between calls. Parameters at the end
/// may be left out.
pub type Constants<'a> = &'a [Option<&'a Packs>];

/// Puts the copies that the kernels of `program` read into `found`, in the order of the kernels, for instruction set `isa`.
///
/// # Errors
/// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
///
/// # Safety
/// `params` and `constants` are those of a call, as in [`Program::run`].
pub unsafe fn find(
    found: &mut Vec<*mut u8>,
    (program, isa): (&'static Program, usize),
    (params, constants): (&[*mut u8], Constants),
    watch: Option<&Watch>,
) -> Result<()> {
    found.clear();
    for pack in program.kernels.iter().flat_map(|kernel| kernel.variants[isa].packs) {
        let Some(kept) = constants.get(pack.of as usize).copied().flatten() else {
            panic!("program: the constant parameter {} of `{}` is no tensor of the CPU", pack.of, program.name);
        };
        let copy = match kept.find(pack.key) {
            Some(copy) => copy,
            // SAFETY: the caller vouches for the parameter.
            None => kept.add(pack.key, unsafe { made(pack, params[pack.of as usize], watch)? }),
        };
        found.push(copy.cast_mut());
    }
    Ok(())
}

/// A new copy of `elements`.
///
/// # Safety
/// They are those of the parameter that `pack` copies.
#[cold]
unsafe fn made(pack: &'static Pack, elements: *mut u8, watch: Option<&Watch>) -> Result<Storage<u8>> {
    let (mut copy, begin) = (Storage::zeroed(pack.bytes)?, Instant::now());
    let buffers = [elements, copy.start_mut()];
    // SAFETY: the code reads the elements, which the caller vouches for, and writes into the copy, which has as many bytes as
    // it says; it uses nothing else.
    unsafe { (pack.entry)(buffers.as_ptr(), std::ptr::null(), 0, 0, std::ptr::null_mut()) };
    if let Some(watch) = watch {
        let work = Work { flops: 0.0, bytes: 2.0 * pack.bytes as f64 };
        watch.kernel(Span::since(begin), pack.name, work, None);
    }
    Ok(copy)
}
