//! What `launcher.c` has to know of the two kernels that it runs, as the C text that stands before it.

use std::fmt::Write;

use tg_core::compile::Pack;
use tg_core::compile::sharing::Shared;

use crate::bench::Compiled;
use crate::data::Form;

/// What both kernels work on.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// The elements of each buffer, and their bytes.
    pub buffers: &'a [(Form, i64)],
    /// The values of the run-time dimensions.
    pub dims: &'a [i64],
    /// Operations of a call.
    pub work: i64,
    /// Threads that share it; with 1, none do.
    pub threads: usize,
}

const TYPES: &str = "\
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
struct buffer { long bytes; int width; uint64_t base, mask; int form; double tolerance; };
typedef void entry(unsigned char *const *, const int64_t *, int64_t, int64_t, unsigned char *);
struct copy { entry *entry; int of; long bytes; };
struct kernel { entry *entry; int64_t trips; int pieces; long scratch; const struct copy *copies; int count; };
";

/// The text for the two `kernels`.
pub fn head(data: Data, kernels: [&Compiled; 2]) -> String {
    let mut head = String::from(TYPES);
    let most = kernels.map(|kernel| kernel.packs.len()).into_iter().max().unwrap_or(0);
    // Writing to a string does not fail.
    let _ = writeln!(head, "enum {{ BUFFERS = {}, COPIES = {most}, THREADS = {} }};", data.buffers.len(), data.threads);
    head += &array("int64_t dims", data.dims.iter().map(i64::to_string));
    head += &array("struct buffer buffers", data.buffers.iter().map(buffer));
    for (at, kernel) in kernels.into_iter().enumerate() {
        let symbols = kernel.packs.iter().map(|pack| &pack.name).chain([&kernel.symbol]);
        symbols.for_each(|symbol| head += &format!("extern entry {symbol};\n"));
        head += &array(&format!("struct copy copies_{at}"), kernel.packs.iter().map(copy));
    }
    head + &array("struct kernel kernels", kernels.iter().enumerate().map(|(at, one)| kernel(at, one, data)))
}

/// A constant array, which has an element of zeros at the end: C has no empty ones.
fn array(declared: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.chain(["0".into()]).collect();
    format!("static const {declared}[] = {{ {} }};\n", rows.join(", "))
}

fn buffer((form, bytes): &(Form, i64)) -> String {
    let (width, Form { base, mask, code, tolerance, .. }) = (form.width(), form);
    format!("{{ {bytes}, {width}, {base}ull, {mask}ull, {code}, {tolerance:e} }}")
}

fn copy(Pack { name, of, bytes, .. }: &Pack) -> String {
    format!("{{ {name}, {of}, {bytes} }}")
}

fn kernel(at: usize, kernel: &Compiled, data: Data) -> String {
    let Compiled { symbol, trips, scratch, packs, .. } = kernel;
    format!("{{ {symbol}, {trips}, {}, {scratch}, copies_{at}, {} }}", pieces(kernel, data), packs.len())
}

/// Pieces of the part that each thread has: as tg-runtime shares kernels, but that nobody takes what is another's.
fn pieces(kernel: &Compiled, Data { work, threads, .. }: Data) -> i64 {
    let &Compiled { trips: iterations, scratch, repeated, .. } = kernel;
    Shared { iterations, work, scratch, repeated }.parts(threads)
}
