//! From traced functions to code that Rust can embed: schedules, rendering, the C compiler.
//!
//! Under `cargo check` functions are scheduled, for their cost, and nothing is rendered.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io};

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use tg_core::compile::{Function, Kernel, Language, Plan, Program, Rendered, Report, debug, identity, plan_with};
use tg_core::explore::{Exploration, Made, record};
use tg_core::ir::Graph;
use tg_core::optimize::Fingerprint;
use tg_core::symbolic::Simplifier;
use tg_core::target::{Arch, Device, Isa};
use tg_toolchain::{Cache, Job, Key, PLACEHOLDER, Toolchain};

use crate::config::Config;

/// A compiled function.
#[derive(Debug)]
pub struct Compiled {
    /// Its cost.
    pub report: Report,
    /// Its kernels; `None` where no code is generated.
    pub program: Option<Program>,
    /// How it came about, with `TG_EXPLORE`.
    pub exploration: Option<Exploration>,
}

/// Kernels as Rust items.
#[derive(Debug, Default)]
pub struct Code {
    /// Assembly and declarations, or Rust functions.
    pub items: TokenStream,
    /// The paths for kernel `k` of function `f` for level `i`: `entries[f][k][i]`.
    pub entries: Vec<Vec<Vec<Paths>>>,
    /// The assembly of function `f` for the last level, to be shown; empty without a C compiler.
    pub assembly: Vec<String>,
}

/// Where the code of a kernel is.
#[derive(Debug)]
pub struct Paths {
    /// The kernel itself.
    pub kernel: TokenStream,
    /// The copies of constant operands that it reads.
    pub packs: Vec<TokenStream>,
}

impl Paths {
    /// What `path` makes of the names of a kernel and of its copies.
    fn of(kernel: &Kernel, level: usize, mut path: impl FnMut(&str) -> TokenStream) -> Paths {
        let packs = kernel.variants[level].packs.iter();
        Paths { kernel: path(&kernel.name), packs: packs.map(|pack| path(&pack.name)).collect() }
    }
}

/// How kernels become machine code.
pub enum Backend {
    /// Through a C compiler, into assembly.
    C(Box<Toolchain>),
    /// Through rustc.
    Rust,
}

impl Backend {
    /// The backend that the settings and the machine allow.
    pub fn choose(config: &Config) -> Backend {
        if config.only_rust {
            return Backend::Rust;
        }
        match Toolchain::new(&config.target.triple, config.invocation.cache_dir()) {
            Ok(toolchain) => Backend::C(Box::new(toolchain)),
            Err(error) => {
                if config.debug > 0 {
                    eprintln!("tg: kernels are rendered as Rust: {error}");
                }
                Backend::Rust
            }
        }
    }

    fn language(&self) -> Language {
        match self {
            Backend::C(_) => Language::C,
            Backend::Rust => Language::Rust,
        }
    }

    /// What kernels are rendered for.
    pub fn levels(&self, config: &Config) -> Levels {
        (self.isas(config), self.language())
    }

    /// The instruction sets that kernels are rendered for.
    pub fn isas(&self, config: &Config) -> Vec<Isa> {
        match self {
            Backend::C(_) => config.isas.clone(),
            Backend::Rust => vec![Isa::Baseline],
        }
    }
}

/// What kernels are rendered for: instruction sets, and the language.
pub type Levels = (Vec<Isa>, Language);

/// [`compile`]; a bug of the compiler becomes an error that leaves the signatures of all functions in place.
///
/// # Errors
/// The compiler's last words; or that loop nests cannot be written where `TG_NESTS` says.
pub fn try_compile<'g>(
    graph: &'g Graph,
    function: &Function<'g>,
    config: &Config,
    levels: Option<&Levels>,
) -> Result<Compiled, String> {
    let run = AssertUnwindSafe(|| compile(graph, function, config, levels));
    catch_unwind(run).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let words = words.unwrap_or("no message");
        Err(format!("internal error in the compiler, a bug: `{}` cannot be compiled: {words}", function.name))
    })
}

/// Schedules a function and, where code is generated, renders its kernels, or takes those that an earlier build kept.
fn compile<'g>(
    graph: &'g Graph,
    function: &Function<'g>,
    config: &Config,
    levels: Option<&Levels>,
) -> Result<Compiled, String> {
    // Scheduling adds to the graph.
    let identity = levels.map(|(isas, language)| identity(graph, function, isas, *language));
    let is_traced = config.debug >= debug::REWRITES || config.explore.is_some();
    let simplifier = if is_traced { Simplifier::traced() } else { Simplifier::new() };
    let device = levels.map_or(Device::Cpu, |(isas, _)| Device::of(isas));
    let mut plan = plan_with(graph, function, device, simplifier);
    if levels.is_none_or(|(_, language)| *language != Language::Ptx) {
        // tg-tune measures on processors.
        write_nests(&plan, config)?;
    }
    let report = plan.report();
    let (Some((isas, language)), Some(identity)) = (levels, identity) else {
        return Ok(Compiled { report, program: None, exploration: None });
    };
    plan.tune(&config.tuning);
    let key = Key::of(["rendered", &identity, &plan.tuned()]);
    let (rendered, exploration) = rendered((graph, function), &mut plan, config, (isas, *language), key);
    let program = plan.program(rendered);
    eprint!("{}", debug::program(&program, config.debug));
    Ok(Compiled { report, program: Some(program), exploration })
}

/// The kernels of `plan` as text: those that are kept under `key`, or new ones, and then how they came about.
fn rendered<'g>(
    (graph, function): (&'g Graph, &Function<'g>),
    plan: &mut Plan<'g>,
    config: &Config,
    (isas, language): (&[Isa], Language),
    key: Key,
) -> (Rendered, Option<Exploration>) {
    let is_enough = config.debug < debug::INSTRUCTIONS && config.explore.is_none();
    let kept = config.cache().filter(|_| is_enough).and_then(|cache| cache.get(key));
    let kept = kept.and_then(|bytes| Rendered::parse(&String::from_utf8(bytes).ok()?, isas));
    if let Some(kept) = kept {
        return (kept, None);
    }
    let lowered = plan.lower(isas);
    eprint!("{}", debug::stages(graph, plan, &lowered, config.debug));
    let rendered = plan.spell(&lowered, language);
    config.cache().iter().for_each(|cache| cache.put(key, rendered.print().as_bytes()));
    let shown = config.explore.as_ref().and_then(|_| (0..).zip(isas).last());
    let exploration = shown.map(|(level, isa)| {
        record(graph, function, plan, &Made { lowered: &lowered, rendered: &rendered, level, isa: *isa, language })
    });
    (rendered, exploration)
}

/// Writes what tg-tune asked for: each kernel, and the source file it comes from, below a folder for this crate.
fn write_nests(plan: &Plan, config: &Config) -> Result<(), String> {
    let (Some(folder), Some(manifest_dir)) = (&config.nests, &config.manifest_dir) else { return Ok(()) };
    let folder = folder.join(Fingerprint::of(&manifest_dir.to_string_lossy()).to_string());
    try_write_nests(plan, &folder).map_err(|error| format!("TG_NESTS: {} cannot be written: {error}", folder.display()))
}

fn try_write_nests(plan: &Plan, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for kernel in plan.portable() {
        fs::write(folder.join(format!("{}.nest", kernel.fingerprint())), kernel.print())?;
    }
    let Some(source) = Span::call_site().local_file() else { return Ok(()) };
    let source = std::path::absolute(source)?;
    let source = source.to_string_lossy();
    fs::write(folder.join(format!("{}.source", Fingerprint::of(&source))), &*source)
}

/// The items that hold the kernels of `programs`.
///
/// # Errors
/// The C compiler's words, if it rejects what was rendered: a bug.
pub fn embed(programs: &[&Program], backend: &Backend, config: &Config, seed: &str) -> Result<Code, String> {
    match backend {
        Backend::C(toolchain) => embed_assembly(programs, toolchain, config, seed),
        Backend::Rust => {
            // Once for all functions; with a C compiler, the toolchain does it when it has compiled something.
            config.cache().iter().for_each(Cache::prune);
            embed_rust(programs)
        }
    }
}

/// One C source for each function and level: editing a function compiles no other one again.
fn embed_assembly(programs: &[&Program], tools: &Toolchain, config: &Config, seed: &str) -> Result<Code, String> {
    let units: Vec<(usize, usize)> =
        (0..programs.len()).flat_map(|at| (0..config.isas.len()).map(move |level| (at, level))).collect();
    let job = |&(at, level): &(usize, usize)| Job { source: source(programs[at], level), isa: config.isas[level] };
    let jobs: Vec<Job> = units.iter().map(job).collect();
    let assemblies = tools.assemble_all(&jobs).map_err(|error| error.to_string())?;
    let unique = unique_prefix(config, seed);
    let mut code = Code { entries: no_entries(programs), ..Code::default() };
    for (&(at, level), assembly) in units.iter().zip(assemblies) {
        let prefix = format!("tg_{unique}_{at}_{}_{}_", programs[at].name, config.isas[level].name());
        let text = assembly.embed(&prefix).map_err(|error| error.to_string())?;
        if config.debug >= debug::ASSEMBLY {
            eprintln!("{text}");
        }
        code.items.extend(assembly_block(&text, config));
        if level + 1 == config.isas.len() {
            code.assembly.push(assembly.text);
        }
        for (kernel, entries) in programs[at].kernels.iter().zip(&mut code.entries[at]) {
            entries.push(Paths::of(kernel, level, |name| {
                let bare = name.strip_prefix(PLACEHOLDER).unwrap_or(name);
                let symbol = Ident::new(&format!("{prefix}{bare}"), Span::call_site());
                code.items.extend(declaration(&symbol));
                quote!(#symbol)
            }));
        }
    }
    Ok(code)
}

/// All kernels of a function for one instruction set, as one text.
pub fn source(program: &Program, level: usize) -> String {
    let kernels = program.kernels.iter().map(|kernel| kernel.variants[level].source.as_str());
    let prelude = program.prelude.get(level).map_or("", String::as_str);
    std::iter::once(prelude).chain(kernels).collect::<Vec<_>>().join("\n")
}

fn no_entries(programs: &[&Program]) -> Vec<Vec<Vec<Paths>>> {
    programs.iter().map(|program| program.kernels.iter().map(|_| Vec::new()).collect()).collect()
}

fn assembly_block(text: &str, config: &Config) -> TokenStream {
    let text = Literal::string(text);
    match config.target.arch {
        Arch::X86_64 => quote!(::core::arch::global_asm!(#text, options(raw, att_syntax));),
        _ => quote!(::core::arch::global_asm!(#text, options(raw));),
    }
}

fn declaration(symbol: &Ident) -> TokenStream {
    quote! {
        unsafe extern "C" {
            fn #symbol(
                buffers: *const *mut ::core::primitive::u8,
                dims: *const ::core::primitive::i64,
                begin: ::core::primitive::i64,
                end: ::core::primitive::i64,
                scratch: *mut ::core::primitive::u8,
            );
        }
    }
}

/// One module for each function: names of kernels are unique in it.
fn embed_rust(programs: &[&Program]) -> Result<Code, String> {
    let mut code = Code { entries: no_entries(programs), ..Code::default() };
    for (at, program) in programs.iter().enumerate() {
        let texts = program.kernels.iter().flat_map(|kernel| &kernel.variants).map(|variant| &variant.source);
        let text: String = program.prelude.iter().chain(texts).map(|text| format!("{text}\n")).collect();
        let items: TokenStream =
            text.parse().map_err(|error| format!("internal error: rendered Rust does not parse: {error}\n{text}"))?;
        let module = Ident::new(&format!("kernels_{at}"), Span::call_site());
        code.items.extend(quote!(mod #module { use ::tg::__private::kernel::*; #items }));
        for (kernel, entries) in program.kernels.iter().zip(&mut code.entries[at]) {
            entries.push(Paths::of(kernel, 0, |name| {
                let name = Ident::new(name, Span::call_site());
                quote!(#module::#name)
            }));
        }
    }
    Ok(code)
}

/// What no other invocation in the same binary has: crates differ in their metadata, invocations in one crate in their
/// number. It depends on nothing else, so that a build is reproducible.
pub fn unique_prefix(config: &Config, seed: &str) -> String {
    let invocation = &config.invocation;
    let mut hasher = DefaultHasher::new();
    (&invocation.metadata, &invocation.crate_name, &invocation.out_dir, seed).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The number of this invocation in the crate, for [`unique_prefix`]: rustc expands in a fixed order.
pub fn invocation_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
