//! Golden files: a kernel of a GPU as instructions and as PTX, in one file of `tests/ptx`.
//!
//! A file holds the arguments (`*` is a pointer, anything else the type of a value), threads, instruction set and run-time
//! dimensions, the instructions in the text form, a line of dashes, and the module. `TG_BLESS=1 cargo test -p tg-core --test
//! ptx` writes what comes out into the files. That ptxas takes them is tested in tg-toolchain, which can start it.

mod golden_files;

use tg_core::dim::Var;
use tg_core::dtype::DType;
use tg_core::ir::Graph;
use tg_core::ir::spec::{Stage, verify};
use tg_core::ir::text::{parse_dim, parse_list};
use tg_core::lower::Linear;
use tg_core::render::{Entry, emit_ptx};
use tg_core::target::Isa;

/// The words of the line that begins with `key`.
fn words<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap_or_default().split_whitespace().collect()
}

/// The module that the kernel `name` of `text` becomes.
fn module(name: &str, text: &str) -> String {
    let is_node = |line: &&str| line.starts_with('%');
    let nodes: String = text.lines().filter(is_node).map(|line| format!("{line}\n")).collect();
    let graph = Graph::new();
    let list = parse_list(&graph, &nodes).unwrap_or_else(|e| panic!("{name}: {e}"));
    verify(Stage::Linear, &list).unwrap_or_else(|e| panic!("{name}: {e}"));
    let dtype = |word: &str| (word != "*").then(|| word.parse::<DType>().unwrap_or_else(|e| panic!("{name}: {e}")));
    let args: Vec<_> = words(text, "args ").into_iter().map(dtype).collect();
    let dim = |word: &str| parse_dim(word).unwrap_or_else(|e| panic!("{name}: {e}")).vars()[0].clone();
    let dims: Vec<Var> = words(text, "dims ").into_iter().map(dim).collect();
    let isa = if words(text, "isa ") == ["sm90a"] { Isa::Sm90a } else { Isa::Sm80 };
    let threads = words(text, "threads ")[0].parse().unwrap_or_else(|e| panic!("{name}: {e}"));
    let entry = Entry { name: &format!("tgk_{name}"), isa, args: &args, dims: &dims, threads };
    let rendered = emit_ptx(&Linear(list), &entry);
    let head: String = rendered.prelude.into_values().map(|line| line + "\n").collect();
    format!("// {} bytes of shared memory\n{head}{}", rendered.scratch, rendered.source)
}

#[test]
fn kernels_for_gpus_are_as_the_golden_files_say() {
    golden_files::check("ptx", 8, module);
}
