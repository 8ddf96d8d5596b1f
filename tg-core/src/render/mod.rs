//! From instructions to text: one emitter, and for each language a table of spellings.

mod c;
mod emit;
mod rust;

pub use c::C;
pub use emit::{Rendered, Spelling, emit};
pub use rust::Rust;
