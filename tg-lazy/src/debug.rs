//! What `TG_DEBUG` shows of programs when they are compiled, on stderr: the same as of tensor functions in builds.
//!
//! A program is shown once in a process, also if it was compiled by an earlier one; what is found in memory is not shown again.
//! What runs, and how long it takes, tg-runtime shows.

use tg_core::compile::{self, Function, Language, debug};
use tg_core::ir::Graph;
use tg_core::target::Isa;
use tg_runtime::Config;
use tg_runtime::jit::Compiler;

/// `TG_DEBUG` of this process. What else it might hold was said where kernels are launched.
fn level() -> u8 {
    Config::of_process().map_or(0, |config| config.debug)
}

/// Whether a program may be one that was kept, which has no instructions and no rewrites.
pub fn may_be_kept() -> bool {
    level() < debug::INSTRUCTIONS
}

/// [`compile::compile`], shown.
pub fn compile<'g>(graph: &'g Graph, function: &Function<'g>, isa: Isa, language: Language) -> compile::Program {
    let (program, text) = debug::compile(graph, function, &[isa], language, level());
    eprint!("{text}");
    program
}

/// Shows a program that was kept.
pub fn show(program: &compile::Program) {
    eprint!("{}", debug::program(program, level()));
}

/// Shows what the kernels in `text` are compiled to. What the compiler refuses is said by those who need the code.
pub fn show_assembly(compiler: &Compiler, text: &str) {
    if level() >= debug::ASSEMBLY {
        eprintln!("{}", compiler.assembly(text).unwrap_or_default());
    }
}
