//! All stages in order: parse, check, trace; and, if nothing was wrong, compile and expand.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use tg_core::compile::Program;
use tg_core::ir::Graph;

use crate::config::Config;
use crate::diagnostic::{Diagnostics, Message, Place};
use crate::expand::function::{self, Callable};
use crate::expand::{program, structure, tracked_file, tracked_variables};
use crate::explore::write_page;
use crate::kernels::{Backend, Code, Compiled, embed, invocation_number, try_compile, unique_prefix};
use crate::library;
use crate::messages;
use crate::syntax::{Block, parse_block, parse_closure};
use crate::trace::{Entry, trace};
use crate::types::{Checked, is_template};

/// The expansion of `tensor_fn!`.
pub fn run(input: TokenStream) -> TokenStream {
    let errors = Diagnostics::default();
    let mut first = input.clone().into_iter();
    let is_closure = match first.next() {
        Some(proc_macro2::TokenTree::Punct(punct)) => punct.as_char() == '|',
        Some(proc_macro2::TokenTree::Ident(ident)) => ident == "move",
        _ => false,
    };
    if !is_closure {
        let mut block = parse_block(input.clone(), &errors);
        library::include(&mut block, &input, &errors);
        return expand(&block, &errors);
    }
    let (mut block, name) = parse_closure(input.clone(), &errors);
    let is_empty = block.functions.is_empty();
    library::include(&mut block, &input, &errors);
    let items = expand(&block, &errors);
    let value = if is_empty { quote!(()) } else { name.to_token_stream() };
    quote!({ #items #value })
}

/// The expansion of `#[tg::aot]`.
pub fn run_attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Diagnostics::default();
    if !arguments.is_empty() {
        errors.report(Place::of(&arguments), messages::attribute_arguments());
    }
    let mut block = parse_block(item.clone(), &errors);
    if block.functions.len() != 1 && errors.count() == 0 {
        errors.report(Place::of(&item), messages::attribute_target());
    }
    library::include(&mut block, &item, &errors);
    expand(&block, &errors)
}

/// The structs of a module of the library: what the facade holds and blocks refer to.
pub fn run_library(module: TokenStream) -> TokenStream {
    let errors = Diagnostics::default();
    let block = library::module(&module.to_string(), &errors);
    let code = Checked::new(&block, &errors);
    let structs: TokenStream = (0..block.structs.len()).map(|at| structure::expand(&code, at, &errors)).collect();
    let errors = errors.to_tokens();
    quote!(#errors #structs)
}

fn expand(block: &Block, errors: &Diagnostics) -> TokenStream {
    let code = Checked::new(block, errors);
    block.structs.iter().for_each(|item| structure::check_generics(item, errors));
    let own = (0..block.structs.len()).filter(|&at| block.structs[at].module.is_none());
    let structs: Vec<_> = own.map(|at| structure::expand(&code, at, errors)).collect();
    let at: Vec<usize> = (0..block.functions.len()).filter(|&at| !is_template_at(&code, at)).collect();
    let graphs: Vec<Graph> = at.iter().map(|_| Graph::new()).collect();
    let traced: Vec<_> = at.iter().zip(&graphs).map(|(&at, graph)| trace(&code, at, graph, errors)).collect();
    let entries: Vec<Entry> = traced.into_iter().flatten().collect();
    let called: BTreeSet<usize> = entries.iter().flat_map(|entry| entry.called.iter().copied()).collect();
    let finished = if errors.count() == 0 { finish(&code, &entries, &graphs, errors) } else { None };
    let functions = |owner: Option<usize>| -> TokenStream {
        let own = |(_, entry): &(usize, &Entry)| block.functions[entry.at].owner == owner;
        let items = entries.iter().enumerate().filter(own);
        let callable = |i: usize| finished.as_ref().map(|finished| finished.callable(i));
        let resolved =
            items.map(|(i, entry)| function::expand(&code, entry, callable(i).as_ref(), called.contains(&entry.at)));
        let has_error = |at: &usize| code.signatures[*at].is_none() && block.functions[*at].owner == owner;
        let unresolved = (0..block.functions.len()).filter(has_error);
        resolved.chain(unresolved.map(|at| function::unresolved(&block.functions[at]))).collect()
    };
    let consts = |owner: Option<usize>| -> TokenStream {
        let items = block.consts.iter().filter(|item| item.owner == owner).map(|item| &item.item);
        quote!(#(#[allow(dead_code)] #items)*)
    };
    let impls = block.impls.iter().enumerate().map(|(at, item)| {
        let (attrs, target) = (&item.attrs, &item.target);
        let (consts, functions) = (consts(Some(at)), functions(Some(at)));
        let is_concrete = item.generics.is_empty() && code.owners[at].is_some();
        let is_needed = is_concrete && !(consts.is_empty() && functions.is_empty());
        is_needed.then(|| quote!(#(#attrs)* impl #target { #consts #functions }))
    });
    let (consts, functions) = (consts(None), functions(None));
    let (support, variables) = (finished.as_ref().map(|f| &f.support), tracked_variables());
    let errors = errors.to_tokens();
    quote!(#errors #variables #consts #(#structs)* #functions #(#impls)* #support)
}

/// Functions whose signature has an error count as templates: there is nothing to trace.
fn is_template_at(code: &Checked, at: usize) -> bool {
    code.signatures[at].as_ref().is_none_or(is_template)
}

/// Everything that the functions need beside their signatures.
struct Finished {
    compiled: Vec<Compiled>,
    /// The hidden module.
    module: Ident,
    support: TokenStream,
}

impl Finished {
    fn callable(&self, at: usize) -> Callable<'_> {
        let (module, table) = (&self.module, table_name(at));
        Callable { report: &self.compiled[at].report, table: quote!(#module::#table) }
    }
}

fn table_name(at: usize) -> Ident {
    format_ident!("PROGRAM_{at}")
}

/// Compiles all functions; what goes wrong here is reported at the macro call.
fn finish<'g>(code: &Checked, entries: &[Entry<'g>], graphs: &'g [Graph], errors: &Diagnostics) -> Option<Finished> {
    let report = |text: String| errors.report(Place::of(&TokenStream::new()), Message::new(text));
    let config = Config::of_process().map_err(report).ok()?;
    let backend = config.generates_code().then(|| Backend::choose(&config));
    let Some(traced) = entries.iter().map(|entry| entry.traced.as_ref()).collect::<Option<Vec<_>>>() else {
        report("internal error: a function has neither a graph nor an error".into());
        return None;
    };
    let levels = backend.as_ref().map(|backend| backend.levels(&config));
    let functions = traced.iter().copied().zip(graphs);
    let compiled = functions.map(|(function, graph)| try_compile(graph, function, &config, levels.as_ref()));
    let compiled: Vec<Compiled> = compiled.collect::<Result<_, _>>().map_err(report).ok()?;
    let programs: Vec<&Program> = compiled.iter().filter_map(|compiled| compiled.program.as_ref()).collect();
    let seed = format!("{}", invocation_number());
    let machine_code = match &backend {
        Some(backend) => embed(&programs, backend, &config, &seed).map_err(report).ok()?,
        None => Code::default(),
    };
    explore(&compiled, &machine_code, &config).map_err(report).ok()?;
    let (gpu_items, gpu_names) = gpu_tables(code, entries, &config).map_err(report).ok()?;
    let isas = levels.map_or(Vec::new(), |(isas, _)| isas);
    let tables = compiled.iter().enumerate().map(|(at, compiled)| match &compiled.program {
        Some(program) => {
            let entries = &machine_code.entries[at];
            program::table(&table_name(at), program, entries, &isas, gpu_names.get(at), traced[at])
        }
        None => program::placeholder(&table_name(at)),
    });
    let file = config.tuning_file.as_deref().map(tracked_file);
    let (items, module) = (&machine_code.items, format_ident!("__tg_{}", unique_prefix(&config, &seed)));
    let support = quote! {
        #[doc(hidden)]
        #[allow(dead_code, unused_imports, unsafe_code, non_snake_case, missing_docs, clippy::all, clippy::pedantic)]
        mod #module {
            use ::tg::__private as p;
            #file
            #items
            #gpu_items
            #(#tables)*
        }
    };
    Some(Finished { compiled, module, support })
}

/// Writes the pages of all functions, if there are any.
fn explore(compiled: &[Compiled], code: &Code, config: &Config) -> Result<(), String> {
    let explored = compiled.iter().enumerate().filter_map(|(at, one)| Some((at, one.exploration.clone()?)));
    explored.into_iter().try_for_each(|(at, one)| write_page(one, code.assembly.get(at).map(String::as_str), config))
}

/// The tables of all functions for GPUs, and their names; none where no code is generated.
#[cfg(feature = "cuda")]
fn gpu_tables(code: &Checked, entries: &[Entry], config: &Config) -> Result<(TokenStream, Vec<Ident>), String> {
    use crate::gpu;
    if !config.generates_code() {
        return Ok((TokenStream::new(), Vec::new()));
    }
    let (mut items, mut names, assembler) = (TokenStream::new(), Vec::new(), gpu::assembler(config));
    for (at, entry) in entries.iter().enumerate() {
        let compiled = gpu::compile(code, entry, config)?;
        items.extend(gpu::table(&table_name(at), &compiled, assembler.as_ref(), config));
        names.push(gpu::table_name(&table_name(at)));
    }
    Ok((items, names))
}

/// Without the feature `cuda` there are none.
#[cfg(not(feature = "cuda"))]
fn gpu_tables(_: &Checked, _: &[Entry], _: &Config) -> Result<(TokenStream, Vec<Ident>), String> {
    Ok((TokenStream::new(), Vec::new()))
}
