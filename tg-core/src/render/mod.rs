//! From instructions to text: one emitter with a table of spellings for each language of expressions, and one of its own
//! for PTX, which has none.

mod address;
mod c;
mod emit;
mod ptx;
mod rust;

pub use c::C;
pub use emit::{Rendered, Spelling, emit};
pub use ptx::{Entry, emit_ptx};
pub use rust::Rust;
