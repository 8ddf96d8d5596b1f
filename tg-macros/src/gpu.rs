//! Kernels for GPUs of NVIDIA beside those for processors, with the feature `cuda`.
//!
//! They are embedded as PTX, and for devices of exactly an architecture also as machine code, where there is `ptxas`.
//! A function is traced once more for them: what scheduling adds to a graph decides on the order of instructions, so
//! that two schedules in one graph would depend on each other.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use tg_core::compile::{Kernel, Language, Program, Variant};
use tg_core::dim::Var;
use tg_core::ir::Graph;
use tg_core::target::Isa;
use tg_toolchain::Ptxas;

use crate::config::Config;
use crate::diagnostic::Diagnostics;
use crate::expand::program::{polynomial, slots};
use crate::explore::write_page;
use crate::kernels::{Levels, source, try_compile};
use crate::trace::{Concrete, Entry, result_leaves, trace};
use crate::types::Checked;

/// The levels of devices that kernels are made for.
const ISAS: [Isa; 2] = [Isa::Sm80, Isa::Sm90a];

/// A function for GPUs.
pub struct Gpu {
    program: Program,
    /// The parameters that are numbers of Rust.
    numbers: Vec<u32>,
}

/// Compiles the function of `entry` for GPUs.
///
/// # Errors
/// As [`try_compile`].
pub fn compile(code: &Checked, entry: &Entry, config: &Config) -> Result<Gpu, String> {
    let graph = Graph::new();
    let again = trace(code, entry.at, &graph, &Diagnostics::default()).and_then(|entry| entry.traced);
    let traced = again.ok_or("internal error: a function that was traced cannot be traced again")?;
    let levels: Levels = (ISAS.to_vec(), Language::Ptx);
    let compiled = try_compile(&graph, &traced, config, Some(&levels))?;
    compiled.exploration.into_iter().try_for_each(|one| write_page(one, None, config))?;
    let program = compiled.program;
    let program = program.ok_or("internal error: no kernels were rendered for GPUs")?;
    Ok(Gpu { program, numbers: numbers(entry) })
}

/// The parameters of `entry`, results after arguments, that are numbers of Rust.
fn numbers(entry: &Entry) -> Vec<u32> {
    let results = entry.output.as_ref().map_or(Vec::new(), |output| result_leaves(output, &TokenStream::new()));
    let leaves = (0..).zip(entry.inputs.iter().chain(&results));
    leaves.filter(|(_, leaf)| matches!(leaf.ty, Concrete::Scalar(_))).map(|(at, _)| at).collect()
}

/// The static table of a function beside its `table`.
pub fn table(table: &Ident, gpu: &Gpu, assembler: Option<&Ptxas>, config: &Config) -> TokenStream {
    let (name, Gpu { program, numbers }) = (table_name(table), gpu);
    let images = (0..).zip(ISAS).map(|(level, isa)| image(&source(program, level), isa, assembler, config));
    let workspace = program.workspace.iter().map(|bytes| polynomial(bytes, &program.dims));
    let kernels = program.kernels.iter().map(|kernel| kernel_row(kernel, &program.dims));
    quote! {
        pub static #name: p::GpuProgram = p::GpuProgram {
            images: &[#(#images),*],
            workspace: &[#(#workspace),*],
            kernels: &[#(#kernels),*],
            numbers: &[#(#numbers),*],
            state: p::GpuState::new(),
        };
    }
}

/// The name of the table for GPUs that belongs to `table`.
pub fn table_name(table: &Ident) -> Ident {
    format_ident!("GPU_{table}")
}

/// The assembler, if there is one. Builds do without it.
pub fn assembler(config: &Config) -> Option<Ptxas> {
    let found = Ptxas::find();
    if let (Err(error), true) = (&found, config.debug > 0) {
        eprintln!("tg: kernels for GPUs are embedded as PTX only: {error}");
    }
    found.ok()
}

/// One module. An assembler may be too old for an architecture; the PTX is there anyway.
fn image(ptx: &str, isa: Isa, assembler: Option<&Ptxas>, config: &Config) -> TokenStream {
    let assembled = assembler.map(|ptxas| ptxas.assemble(ptx, isa, config.cache().as_ref()));
    let cubin = match assembled {
        Some(Ok(cubin)) => {
            let bytes = Literal::byte_string(&cubin.bytes);
            quote!(::core::option::Option::Some(#bytes))
        }
        Some(Err(error)) => {
            eprintln!("tg: a module for {} is embedded as PTX only: {error}", isa.name());
            quote!(::core::option::Option::None)
        }
        None => quote!(::core::option::Option::None),
    };
    let (capability, exact) = if isa == Isa::Sm90a { (90u32, true) } else { (80, false) };
    let waits = isa.waits();
    quote!(p::GpuImage { capability: #capability, exact: #exact, waits: #waits, ptx: #ptx, cubin: #cubin })
}

fn kernel_row(kernel: &Kernel, dims: &[Var]) -> TokenStream {
    let (name, args) = (&kernel.name, slots(&kernel.args));
    let launches = kernel.variants.iter().map(|Variant { scratch, launch, .. }| {
        let threads = launch.as_ref().map_or(1, |launch| launch.threads);
        let matrix = match launch.as_ref().and_then(|launch| launch.matrix) {
            Some(fragment) => {
                let name = format_ident!("{fragment:?}");
                quote!(::core::option::Option::Some(p::Fragment::#name))
            }
            None => quote!(::core::option::Option::None),
        };
        let blocks = launch.iter().flat_map(|launch| &launch.blocks).map(|(extent, size)| {
            let extent = polynomial(extent, dims);
            quote!((#extent, #size))
        });
        quote!(p::GpuLaunch { blocks: &[#(#blocks),*], threads: #threads, shared: #scratch, matrix: #matrix })
    });
    let [flops, bytes] = [&kernel.flops, &kernel.bytes].map(|dim| polynomial(dim, dims));
    quote! {
        p::GpuKernel { name: #name, args: #args, launches: &[#(#launches),*], flops: #flops, bytes: #bytes }
    }
}
