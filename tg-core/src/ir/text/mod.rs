//! The text form of graphs: one node a line, print ⇄ parse. The grammar is in `docs/text-form.md`.
//!
//! Printing numbers nodes by their line, so equal graphs print equally whatever their history. Parsing
//! takes any text: what is not in the grammar is an error with its place. It checks the grammar and the
//! number of sources; whether the nodes make sense together is for [`crate::ir::spec`] to say.

mod lex;
mod parse;
mod print;

pub use parse::{ParseError, parse, parse_dim, parse_list};
pub use print::{print, print_dim, print_list};

pub(super) use print::lines;
pub(crate) use print::{arg, axis_text, dims};

use crate::ir::{Axis, Special};

/// Names of the axis kinds, both ways; that of threads is followed by the lowest bit.
const AXES: [(Axis, &str); 10] = [
    (Axis::Loop, "loop"),
    (Axis::Reduce, "reduce"),
    (Axis::Parallel, "parallel"),
    (Axis::Remainder, "remainder"),
    (Axis::Serial, "serial"),
    (Axis::Lane, "lane"),
    (Axis::Unroll, "unroll"),
    (Axis::Grid, "grid"),
    (Axis::Thread(0), "thread"),
    (Axis::Matrix, "matrix"),
];

/// Names of what has a number, both ways.
const SPECIALS: [(Special, &str); 2] = [(Special::Block, "block"), (Special::Thread, "thread")];

/// Whether a variable's name can stand without quotes.
fn is_plain(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
