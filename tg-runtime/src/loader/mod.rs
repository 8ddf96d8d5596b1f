//! Loads relocatable objects into this process: sections, symbols and relocations as C compilers make them for kernels.
//!
//! The system's own loader takes shared libraries only, which need a linker, a file, and names that are global in the
//! process. An object needs none of these. It refers to itself and to the few functions it is offered ([`Import`]); whatever
//! else it asks for is an error. Code cannot be written while it can be executed.
//!
//! In the order of use: `elf` reads the file, `layout` gives each part its place, `relocation` is the table of what depends
//! on addresses, `field` writes it, [`Plan`] does all of these on bytes, and `pages` is the memory. Only `pages` concerns the
//! system.
//!
//! Loading is safe for any bytes. Whether calling what was loaded is safe, only who made the object can know.

mod elf;
mod error;
mod field;
mod layout;
mod pages;
mod plan;
mod relocation;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::mem;

pub use error::LoadError;
pub use plan::Plan;

use self::elf::Machine;
use self::pages::{Pages, page};
use crate::program::KernelFn;

/// A function of the process that objects may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its symbol.
    pub name: &'static str,
    /// Where it is.
    pub address: usize,
}

// What every program of Rust is linked with.
unsafe extern "C" {
    fn memcpy(to: *mut c_void, from: *const c_void, bytes: usize) -> *mut c_void;
    fn memmove(to: *mut c_void, from: *const c_void, bytes: usize) -> *mut c_void;
    fn memset(to: *mut c_void, byte: c_int, bytes: usize) -> *mut c_void;
    fn memcmp(a: *const c_void, b: *const c_void, bytes: usize) -> c_int;
}

/// What C compilers call by themselves: loops and assignments that copy, clear or compare memory become these.
pub fn imports() -> [Import; 4] {
    [
        Import { name: "memcpy", address: memcpy as *const () as usize },
        Import { name: "memmove", address: memmove as *const () as usize },
        Import { name: "memset", address: memset as *const () as usize },
        Import { name: "memcmp", address: memcmp as *const () as usize },
    ]
}

/// An object in memory, until it is dropped.
#[derive(Debug)]
pub struct Code {
    pages: Pages,
    /// Where each function begins.
    functions: HashMap<String, usize>,
}

impl Code {
    /// Loads the object `file`, which may use its own symbols and `imports`.
    ///
    /// # Errors
    /// [`LoadError`], for whatever is in the file; [`LoadError::System`] where the system allows no such memory.
    pub fn load(file: &[u8], imports: &[Import]) -> Result<Code, LoadError> {
        let plan = Plan::of(file, page())?;
        let expected = Machine::HOST.map_or("no processor that objects are loaded on", Machine::name);
        if Machine::HOST != Some(plan.object.machine) {
            return Err(LoadError::Machine { expected, got: plan.object.machine.name() });
        }
        let functions = plan.functions()?;
        let (layout, least) = (&plan.layout, page() as usize);
        let parts = (layout.code.clone(), layout.constants.clone());
        let refused = |error: std::io::Error| LoadError::System {
            doing: "the system refuses memory for code",
            reason: error.to_string(),
        };
        let write = |base, image: &mut [u8]| plan.link(base, imports, &mut image[..plan.bytes()]);
        let pages = Pages::new(plan.bytes().max(least), layout.low, parts, write, refused)?;
        Ok(Code { pages, functions })
    }

    /// The kernel called `name`, if the object has a function of that name. Calling it requires what a kernel requires of its
    /// arguments, that the function is a kernel, and that this value lives until the call has returned.
    pub fn kernel(&self, name: &str) -> Option<KernelFn> {
        let address = self.pages.address(*self.functions.get(name)?);
        // SAFETY: pointers to functions have the size of addresses, and this one is not null. Nothing is said of what is
        // there: calling such a pointer is unsafe.
        Some(unsafe { mem::transmute::<*mut u8, KernelFn>(address.as_ptr()) })
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.pages.bytes()
    }
}
