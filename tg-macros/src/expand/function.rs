//! Functions: the Rust function with the user's signature, its form that writes into given results, its cost.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use tg_core::compile::Report;

use crate::diagnostic::name_of;
use crate::expand::hidden;
use crate::expand::program::report;
use crate::expand::types::rust_type;
use crate::syntax::Function;
use crate::trace::{Argument, Concrete, Entry, Leaf, member, result_leaves};
use crate::types::{Access, Checked};

/// Whether tensors may be on other devices than the processor.
const ON_DEVICES: bool = cfg!(feature = "cuda");

/// A compiled function, and where its table is.
pub struct Callable<'a> {
    /// Its cost.
    pub report: &'a Report,
    /// The path of its `Program`.
    pub table: TokenStream,
}

/// The items of one function; without `callable` only its signature, so that those who call it get no further errors.
pub fn expand(code: &Checked, entry: &Entry, callable: Option<&Callable>, is_called: bool) -> TokenStream {
    let unknown = Concrete::Tensor(tg_core::dtype::DType::F32, Vec::new());
    let output = entry.output.as_ref().unwrap_or(&unknown);
    let parts = Parts { code, entry, output };
    let Some(callable) = callable else { return parts.signature_only() };
    let main = parts.main(callable, is_called);
    let into = parts.form_into(callable);
    let cost = parts.cost(callable);
    quote!(#main #into #cost)
}

/// The signature of a function whose types have errors: it takes anything, and gives something.
pub fn unresolved(function: &Function) -> TokenStream {
    let (vis, ident) = (&function.vis, &function.sig.ident);
    let parameters = function.sig.inputs.iter().map(|input| match input {
        syn::FnArg::Receiver(receiver) if receiver.reference.is_none() => quote!(&self),
        syn::FnArg::Receiver(receiver) => receiver.to_token_stream(),
        syn::FnArg::Typed(_) => quote!(_: impl ::core::marker::Sized),
    });
    quote! {
        #[allow(dead_code, missing_docs, clippy::all)]
        #vis fn #ident(#(#parameters),*) -> ::tg::Result<::tg::Tensor<::core::primitive::f32>> { loop {} }
    }
}

struct Parts<'a> {
    code: &'a Checked<'a>,
    entry: &'a Entry<'a>,
    output: &'a Concrete,
}

impl Parts<'_> {
    fn ident(&self) -> &Ident {
        &self.code.block.functions[self.entry.at].sig.ident
    }

    fn vis(&self) -> &syn::Visibility {
        &self.code.block.functions[self.entry.at].vis
    }

    fn attrs(&self) -> &[syn::Attribute] {
        &self.code.block.functions[self.entry.at].attrs
    }

    fn generics(&self) -> TokenStream {
        let dims = &self.entry.dims;
        if dims.is_empty() { TokenStream::new() } else { quote!(<#(#dims: ::tg::Dim),*>) }
    }

    fn parameters(&self) -> TokenStream {
        let parameters = self.entry.arguments.iter().map(|argument| self.parameter(argument));
        quote!(#(#parameters),*)
    }

    fn parameter(&self, Argument { ident, ty, access }: &Argument) -> TokenStream {
        let in_place = *access == Access::InPlace;
        if ident == "self" {
            return if in_place { quote!(&mut #ident) } else { quote!(&#ident) };
        }
        let Some(ty) = ty else { return quote!(#ident: impl ::core::marker::Sized) };
        let rust = rust_type(self.code, ty);
        match (in_place, ty) {
            (true, _) => quote!(#ident: &mut #rust),
            (false, Concrete::Scalar(_)) => quote!(#ident: #rust),
            (false, _) => quote!(#ident: &#rust),
        }
    }

    /// The signature with a body that is never run, because the crate does not compile.
    fn signature_only(&self) -> TokenStream {
        let (attrs, vis, ident, generics) = (self.attrs(), self.vis(), self.ident(), self.generics());
        let (parameters, output) = (self.parameters(), rust_type(self.code, self.output));
        let cost = cost_name(ident);
        let report = report(&Report::default());
        let into = format_ident!("{}_into", ident);
        quote! {
            #(#attrs)*
            #[allow(unused_variables, dead_code, clippy::all)]
            #vis fn #ident #generics (#parameters) -> ::tg::Result<#output> { loop {} }
            #[doc(hidden)]
            #[allow(unused_variables, dead_code, clippy::all)]
            #vis fn #into #generics (#parameters, out: &mut #output) -> ::tg::Result<()> { loop {} }
            #[doc(hidden)]
            #[allow(dead_code)]
            #vis const #cost: ::tg::Report = { use ::tg::__private as p; #report };
        }
    }

    fn main(&self, callable: &Callable, is_called: bool) -> TokenStream {
        let (attrs, vis, ident, generics) = (self.attrs(), self.vis(), self.ident(), self.generics());
        let (parameters, output) = (self.parameters(), rust_type(self.code, self.output));
        let (dims, device) = (hidden("dims"), hidden("device"));
        let (table, docs) = (&callable.table, self.docs(callable.report));
        let leaves = result_leaves(self.output, &TokenStream::new());
        let locals: Vec<Ident> = (0..leaves.len()).map(|at| hidden(&format!("out_{at}"))).collect();
        let first = self.entry.inputs.len();
        let allocations = leaves.iter().zip(&locals).enumerate().map(|(at, (leaf, local))| {
            let ty = rust_type(self.code, &leaf.ty);
            match leaf.ty {
                Concrete::Scalar(_) => quote!(let mut #local: #ty = ::core::default::Default::default();),
                _ => {
                    let at = first + at;
                    let output =
                        if ON_DEVICES { quote!(output_on(&#device, #at, &#dims)) } else { quote!(output(#at, &#dims)) };
                    // SAFETY of the expansion: `run` below writes every element of a result.
                    quote!(let mut #local: #ty = unsafe { #table.#output? };)
                }
            }
        });
        let outputs = leaves.iter().zip(&locals).map(|(leaf, local)| Leaf {
            access: local.to_token_stream(),
            name: format!(".{}", leaf.name),
            ..leaf.clone()
        });
        let outputs: Vec<Leaf> = outputs.collect();
        let (bind, place, run) = (self.bind(table, &[]), self.place(table, &[]), self.run(table, &outputs));
        let value = build(self.code, self.output, &mut locals.iter());
        let allow = if is_called { quote!(#[allow(dead_code)]) } else { TokenStream::new() };
        quote! {
            #(#attrs)*
            #docs
            #allow
            #[allow(unsafe_code, clippy::all)]
            #vis fn #ident #generics (#parameters) -> ::tg::Result<#output> {
                let #dims = #bind?;
                #place
                #(#allocations)*
                #run?;
                ::core::result::Result::Ok(#value)
            }
        }
    }

    /// `name_into`, which allocates nothing; not for functions without results.
    fn form_into(&self, callable: &Callable) -> TokenStream {
        if matches!(self.output, Concrete::Tuple(parts) if parts.is_empty()) {
            return TokenStream::new();
        }
        let (vis, ident, generics) = (self.vis(), self.ident(), self.generics());
        let (parameters, output) = (self.parameters(), rust_type(self.code, self.output));
        let (dims, table, out) = (hidden("dims"), &callable.table, hidden("out"));
        let into = format_ident!("{}_into", ident);
        let leaves = result_leaves(self.output, &out.to_token_stream());
        let (bind, place, run) = (self.bind(table, &leaves), self.place(table, &leaves), self.run(table, &leaves));
        let doc = format!(
            "[`{0}`](Self::{0}), writing the result into `out`: allocates nothing after the first call.",
            ident
        );
        let doc = if self.is_method() { doc } else { doc.replace("(Self::", "(") };
        let comma = (!self.entry.arguments.is_empty()).then(|| quote!(,));
        let cfg = cfg(self.attrs());
        quote! {
            #(#cfg)*
            #[doc = #doc]
            ///
            /// # Errors
            /// As there, or if the shape of `out` is another.
            #[allow(dead_code, unsafe_code, clippy::all)]
            #vis fn #into #generics (#parameters #comma #out: &mut #output) -> ::tg::Result<()> {
                let #dims = #bind?;
                #place
                #run
            }
        }
    }

    fn is_method(&self) -> bool {
        self.code.block.functions[self.entry.at].owner.is_some()
    }

    /// The cost as a constant next to the function.
    fn cost(&self, callable: &Callable) -> TokenStream {
        let (vis, ident) = (self.vis(), self.ident());
        let (name, value) = (cost_name(ident), report(callable.report));
        let path = if self.is_method() { format!("Self::{ident}") } else { ident.to_string() };
        let doc = format!("What a call of [`{ident}`]({path}) costs: {}.", describe(callable.report));
        let cfg = cfg(self.attrs());
        quote! {
            #(#cfg)*
            #[doc = #doc]
            #[allow(dead_code)]
            #vis const #name: ::tg::Report = { use ::tg::__private as p; #value };
        }
    }

    fn docs(&self, report: &Report) -> TokenStream {
        let cost = format!("Compiled ahead of time: {}.", describe(report));
        let dims = match self.entry.dims.is_empty() {
            true => "If an argument cannot be used, or memory or threads cannot be had; nothing has changed then.",
            false => {
                "If the sizes of the arguments disagree or are out of bounds, or memory or threads cannot be had; \
                 nothing has changed then."
            }
        };
        quote! {
            #[doc = ""]
            #[doc = #cost]
            ///
            /// # Errors
            #[doc = #dims]
        }
    }

    /// The check of all sizes, which gives the values of run-time dimensions.
    fn bind(&self, table: &TokenStream, outputs: &[Leaf]) -> TokenStream {
        let rows = self.entry.inputs.iter().chain(outputs).map(|leaf| {
            let (name, access) = (&leaf.name, &leaf.access);
            match leaf.ty {
                Concrete::Scalar(_) => quote!((#name, &[])),
                _ => quote!((#name, ::core::convert::AsRef::<[::core::primitive::usize]>::as_ref(&#access.dims()))),
            }
        });
        quote!(#table.bind(&[#(#rows),*]))
    }

    /// The check that all tensors are on one device, where the function then runs.
    fn place(&self, table: &TokenStream, outputs: &[Leaf]) -> TokenStream {
        if !ON_DEVICES {
            return TokenStream::new();
        }
        let device = hidden("device");
        let leaves = self.entry.inputs.iter().chain(outputs);
        let tensors = leaves.filter(|leaf| matches!(leaf.ty, Concrete::Tensor(..)));
        let rows = tensors.map(|Leaf { name, access, .. }| quote!((#name, #access.device())));
        quote!(let #device = #table.device(&[#(#rows),*])?;)
    }

    /// Where copies of the inputs are kept, up to the last that is constant.
    fn constants(&self) -> Vec<TokenStream> {
        let inputs = &self.entry.inputs;
        let count = inputs.iter().rposition(Leaf::is_constant).map_or(0, |last| last + 1);
        let kept = |leaf: &Leaf| match (leaf.is_constant(), &leaf.access) {
            (true, access) => quote!(#access.packs()),
            (false, _) => quote!(::core::option::Option::None),
        };
        inputs[..count].iter().map(kept).collect()
    }

    /// The launch, with one pointer for each tensor.
    fn run(&self, table: &TokenStream, outputs: &[Leaf]) -> TokenStream {
        let dims = hidden("dims");
        let pointers = self.entry.inputs.iter().chain(outputs).map(pointer);
        let (device, constants) = (hidden("device"), self.constants());
        let call = match ON_DEVICES {
            true => quote!(run_on(&#device, &[#(#pointers),*], &[#(#constants),*], &#dims)),
            false => quote!(run(&[#(#pointers),*], &[#(#constants),*], &#dims)),
        };
        // SAFETY of the expansion: `bind` has checked the sizes, the types of the arguments are those the kernels were
        // compiled for, and Rust's borrows keep what is written apart from everything else.
        quote!(unsafe { #table.#call })
    }
}

fn pointer(leaf: &Leaf) -> TokenStream {
    let (access, in_place) = (&leaf.access, leaf.taken == Access::InPlace);
    // A name without a dot is a parameter itself, and so a reference.
    let is_reference = !leaf.name.contains('.');
    match (&leaf.ty, in_place) {
        (Concrete::Scalar(_), true) if is_reference => quote!(::core::ptr::from_mut(&mut *#access).cast()),
        (Concrete::Scalar(_), true) => quote!(::core::ptr::from_mut(&mut #access).cast()),
        (Concrete::Scalar(_), false) => quote!(::core::ptr::from_ref(&#access).cast_mut().cast()),
        (_, true) if ON_DEVICES => quote!(#access.address_mut().cast()),
        (_, false) if ON_DEVICES => quote!(#access.address().cast_mut().cast()),
        (_, true) => quote!(#access.as_mut_ptr().cast()),
        (_, false) => quote!(#access.as_ptr().cast_mut().cast()),
    }
}

/// A value of type `ty` from the variables that hold its leaves.
fn build<'i>(code: &Checked, ty: &Concrete, leaves: &mut impl Iterator<Item = &'i Ident>) -> TokenStream {
    match ty {
        Concrete::Tensor(..) | Concrete::Scalar(_) => leaves.next().to_token_stream(),
        Concrete::Struct(index, _, fields) => {
            let ident = code.struct_path(*index);
            let mut values = Vec::new();
            for (name, ty) in fields {
                let (member, value) = (member(name), build_dyn(code, ty, leaves));
                values.push(quote!(#member: #value));
            }
            quote!(#ident { #(#values),* })
        }
        Concrete::Tuple(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| build_dyn(code, part, leaves)).collect();
            quote!((#(#parts,)*))
        }
        Concrete::Array(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| build_dyn(code, part, leaves)).collect();
            quote!([#(#parts),*])
        }
    }
}

/// [`build`] behind a pointer, so that nesting makes no new type of iterator.
fn build_dyn(code: &Checked, ty: &Concrete, leaves: &mut dyn Iterator<Item = &Ident>) -> TokenStream {
    build(code, ty, &mut { leaves })
}

/// The attributes that say whether an item is there at all: they hold for everything made of it.
pub fn cfg(attrs: &[syn::Attribute]) -> Vec<&syn::Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect()
}

/// `LOGITS` for `logits`.
fn cost_name(ident: &Ident) -> Ident {
    Ident::new(&name_of(ident).to_uppercase(), ident.span())
}

/// `3 kernels, 1.2 MFLOP, 4.5 MB moved, workspace 6.7 kB`.
fn describe(report: &Report) -> String {
    let scaled = |value: u64, unit: &str| match value {
        0..1_000 => format!("{value} {unit}"),
        1_000..1_000_000 => format!("{:.1} k{unit}", value as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M{unit}", value as f64 / 1e6),
        _ => format!("{:.1} G{unit}", value as f64 / 1e9),
    };
    let s = if report.kernels == 1 { "" } else { "s" };
    let [flops, bytes, workspace] =
        [(report.flops, "FLOP"), (report.bytes, "B"), (report.workspace_bytes, "B")].map(|(v, unit)| scaled(v, unit));
    format!("{} kernel{s}, {flops}, {bytes} moved, workspace {workspace}", report.kernels)
}
