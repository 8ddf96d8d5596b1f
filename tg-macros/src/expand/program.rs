//! The static table of a compiled function: what the runtime binds, plans memory and launches by.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use tg_core::compile::{Function, Kernel, Pack, Parameter, Program, Report, Role, Slot, Variant};
use tg_core::dim::{Dim, Var};
use tg_core::target::Isa;

use crate::kernels::Paths;

/// `static NAME: Program = …;`, whose kernels have the paths `entries[kernel][level]`.
/// `gpu` is the table of the same function for GPUs, if there is one; `function` is what was compiled.
pub fn table(
    name: &Ident,
    program: &Program,
    entries: &[Vec<Paths>],
    isas: &[Isa],
    gpu: Option<&Ident>,
    function: &Function,
) -> TokenStream {
    let dims = &program.dims;
    let specs = dims.iter().map(|Var { name, min, max }| {
        let name: &str = name;
        quote!(p::DimSpec { name: #name, min: #min, max: #max })
    });
    let params = program.params.iter().map(|param| parameter(param, dims));
    let workspace = program.workspace.iter().map(|bytes| polynomial(bytes, dims));
    let kernels = program.kernels.iter().zip(entries).map(|(kernel, entries)| kernel_row(kernel, entries, dims));
    let isas = isas.iter().map(|isa| variant_name(isa));
    let (text, report) = (&program.name, report(&program.report));
    let (gpu, fallback) = (gpu_field(gpu), fallback(function));
    quote! {
        pub static #name: p::Program = p::Program {
            name: #text,
            dims: &[#(#specs),*],
            params: &[#(#params),*],
            workspace: &[#(#workspace),*],
            kernels: &[#(#kernels),*],
            isas: &[#(p::Isa::#isas),*],
            report: #report,
            state: p::ProgramState::new(),
            fallback: #fallback,
            #gpu
        };
    }
}

/// The table of a function that is only checked: it is never called.
pub fn placeholder(name: &Ident) -> TokenStream {
    let (report, gpu) = (report(&Report::default()), gpu_field(None));
    quote! {
        pub static #name: p::Program = p::Program {
            name: "", dims: &[], params: &[], workspace: &[], kernels: &[], isas: &[],
            report: #report,
            state: p::ProgramState::new(),
            fallback: ::core::option::Option::None,
            #gpu
        };
    }
}

/// How a function is run from its graph: not at all without the feature `fallback`, because whoever can do that has
/// the whole compiler in the program.
fn fallback(function: &Function) -> TokenStream {
    if cfg!(not(feature = "fallback")) {
        return quote!(::core::option::Option::None);
    }
    let graph = function.print();
    quote!(::core::option::Option::Some(p::Fallback { graph: #graph, run: p::run_graph }))
}

/// The field that tables have with the feature `cuda` only.
fn gpu_field(table: Option<&Ident>) -> TokenStream {
    match table {
        _ if !cfg!(feature = "cuda") => TokenStream::new(),
        Some(table) => quote!(gpu: ::core::option::Option::Some(&#table),),
        None => quote!(gpu: ::core::option::Option::None,),
    }
}

/// A report as a value; `p` must be the private module of the facade.
pub fn report(report: &Report) -> TokenStream {
    let Report { kernels, flops, bytes, workspace_bytes } = *report;
    quote!(p::Report { kernels: #kernels, flops: #flops, bytes: #bytes, workspace_bytes: #workspace_bytes })
}

fn parameter(param: &Parameter, dims: &[Var]) -> TokenStream {
    let (name, dtype) = (&param.name, variant_name(&param.dtype.scalar));
    let shape = param.shape.iter().map(|size| polynomial(size, dims));
    let role = match param.role {
        Role::Input => quote!(Input),
        Role::InPlace => quote!(InPlace),
        Role::Output => quote!(Output),
    };
    quote!(p::ParamSpec { name: #name, dtype: p::Scalar::#dtype, shape: &[#(#shape),*], role: p::Role::#role })
}

fn kernel_row(kernel: &Kernel, entries: &[Paths], dims: &[Var]) -> TokenStream {
    let (name, args) = (&kernel.name, slots(&kernel.args));
    let variants = kernel.variants.iter().zip(entries).map(|(variant, Paths { kernel, packs })| {
        let Variant { extent, tile, scratch, repeated, .. } = variant;
        let (extent, packs) = (polynomial(extent, dims), variant.packs.iter().zip(packs).map(pack_row));
        quote!(p::Variant {
            entry: #kernel, extent: #extent, tile: #tile, scratch: #scratch, repeated: #repeated, packs: &[#(#packs),*],
        })
    });
    let [work, flops, bytes] = [&kernel.work, &kernel.flops, &kernel.bytes].map(|dim| polynomial(dim, dims));
    quote! {
        p::Kernel {
            name: #name,
            args: #args,
            variants: &[#(#variants),*],
            work: #work,
            flops: #flops,
            bytes: #bytes,
        }
    }
}

fn pack_row((Pack { name, of, bytes, key }, entry): (&Pack, &TokenStream)) -> TokenStream {
    quote!(p::Pack { name: #name, entry: #entry, of: #of, bytes: #bytes, key: #key })
}

/// The buffers of a kernel.
pub fn slots(args: &[Slot]) -> TokenStream {
    let args = args.iter().map(|slot| match slot {
        Slot::Param(at) => quote!(p::Slot::Param(#at)),
        Slot::Workspace(at) => quote!(p::Slot::Workspace(#at)),
    });
    quote!(&[#(#args),*])
}

/// `Poly { terms: … }` over the indices of `dims`.
pub fn polynomial(dim: &Dim, dims: &[Var]) -> TokenStream {
    let terms = dim.terms().into_iter().map(|(vars, factor)| {
        let index = |var: &Var| dims.iter().position(|other| other == var).unwrap_or(usize::MAX);
        let vars = vars.iter().map(|var| Literal::u32_unsuffixed(index(var) as u32).to_token_stream());
        quote!((#factor, &[#(#vars),*]))
    });
    quote!(p::Poly { terms: &[#(#terms),*] })
}

/// The name of an enum's variant.
fn variant_name(variant: &dyn std::fmt::Debug) -> Ident {
    Ident::new(&format!("{variant:?}"), Span::call_site())
}
