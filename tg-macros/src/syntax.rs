//! What stands in a `tensor_fn!` block: structs, impls, functions and constants, as a typed model.
//!
//! Names are not resolved here and nothing is evaluated. Each item is parsed by itself, and the body of a function
//! apart from its signature, so that a mistake in one leaves the others whole.

mod generics;

use proc_macro2::{Ident, TokenStream};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Token, Type, Visibility, braced};

use crate::diagnostic::{Diagnostics, Place, name_of};
use crate::messages;

use generics::read_generics;
pub use generics::{Generic, GenericKind, generic_expr, generic_exprs};

/// A whole block.
#[derive(Debug, Default)]
pub struct Block {
    /// Structs, in order.
    pub structs: Vec<Struct>,
    /// The `impl`s that functions belong to.
    pub impls: Vec<Impl>,
    /// Functions and methods, in order.
    pub functions: Vec<Function>,
    /// Constants, in order.
    pub consts: Vec<Const>,
}

/// A struct of tensors.
#[derive(Debug)]
pub struct Struct {
    /// Its name.
    pub ident: Ident,
    /// Constant parameters.
    pub generics: Vec<Generic>,
    /// The module of the library it is from.
    pub module: Option<&'static str>,
    /// The item as written.
    pub item: syn::ItemStruct,
}

impl Struct {
    /// Its name: `Net`, or `nn::Linear` of a struct from the library.
    pub fn name(&self) -> String {
        qualified(self.module, name_of(&self.ident))
    }

    /// Which of its fields are marked `#[buffer]`: state, which is not learned.
    pub fn buffers(&self) -> Vec<bool> {
        self.item.fields.iter().map(|field| field.attrs.iter().any(is_buffer)).collect()
    }
}

/// Whether an attribute of a field says that it is not learned.
pub fn is_buffer(attribute: &Attribute) -> bool {
    attribute.path().is_ident("buffer")
}

fn qualified(module: Option<&'static str>, name: String) -> String {
    module.map_or(name.clone(), |module| format!("{module}::{name}"))
}

/// The head of an `impl`.
#[derive(Debug)]
pub struct Impl {
    /// Attributes.
    pub attrs: Vec<Attribute>,
    /// Constant parameters.
    pub generics: Vec<Generic>,
    /// The struct.
    pub target: Type,
}

/// A function or method.
#[derive(Debug)]
pub struct Function {
    /// Attributes and documentation.
    pub attrs: Vec<Attribute>,
    /// Visibility.
    pub vis: Visibility,
    /// The signature as written.
    pub sig: syn::Signature,
    /// Its own generic parameters.
    pub generics: Vec<Generic>,
    /// Index of the `impl` it belongs to.
    pub owner: Option<usize>,
    /// The module of the library it is from.
    pub module: Option<&'static str>,
    /// Its statements; `None` if they are not Rust, which has been reported.
    pub body: Option<syn::Block>,
}

impl Function {
    /// Its name: `adam`, or `optim::adam` of a function from the library. Methods are found through their struct.
    pub fn name(&self) -> String {
        qualified(self.module.filter(|_| self.owner.is_none()), name_of(&self.sig.ident))
    }
}

/// A constant.
#[derive(Debug)]
pub struct Const {
    /// The item as written.
    pub item: syn::ItemConst,
    /// Index of the `impl` it belongs to.
    pub owner: Option<usize>,
}

/// Parses the inside of `tensor_fn! { … }`; what is wrong goes to `errors`, what is right into the block.
pub fn parse_block(tokens: TokenStream, errors: &Diagnostics) -> Block {
    let parser = |input: ParseStream| {
        let mut block = Block::default();
        while !input.is_empty() {
            block.item(input, errors);
        }
        Ok(block)
    };
    syn::parse::Parser::parse2(parser, tokens).unwrap_or_else(|error| {
        errors.report_syntax(error);
        Block::default()
    })
}

/// Parses `|x: Tensor<f32, 3>| …` as a function of its own, which gets the name returned.
pub fn parse_closure(tokens: TokenStream, errors: &Diagnostics) -> (Block, Ident) {
    let name = Ident::new("expression", proc_macro2::Span::call_site());
    let mut block = Block::default();
    match syn::parse2::<syn::ExprClosure>(tokens) {
        Ok(closure) => block.functions.extend(closure_function(closure, &name, errors)),
        Err(error) => errors.report_syntax(error),
    }
    (block, name)
}

fn closure_function(closure: syn::ExprClosure, name: &Ident, errors: &Diagnostics) -> Option<Function> {
    let inputs = closure.inputs.iter().map(|input| match input {
        syn::Pat::Type(input) => Some(input),
        other => {
            errors.report(Place::of(other), messages::untyped_parameter());
            None
        }
    });
    let inputs = inputs.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
    let output = match &closure.output {
        syn::ReturnType::Default => quote::quote!(-> _),
        output => quote::quote!(#output),
    };
    let sig = syn::parse2(quote::quote!(fn #name(#(#inputs),*) #output)).map_err(|e| errors.report_syntax(e)).ok()?;
    let body =
        syn::Block { brace_token: syn::token::Brace::default(), stmts: vec![syn::Stmt::Expr(*closure.body, None)] };
    let (attrs, vis) = (Vec::new(), Visibility::Inherited);
    Some(Function { attrs, vis, sig, generics: Vec::new(), owner: None, module: None, body: Some(body) })
}

impl Block {
    /// Adds the structs and functions of `other`, the module `module` of the library.
    pub fn include(&mut self, other: Block, module: &'static str) {
        let first = self.impls.len();
        let of_module = |f: Function| Function { module: Some(module), owner: f.owner.map(|at| first + at), ..f };
        self.structs.extend(other.structs.into_iter().map(|item| Struct { module: Some(module), ..item }));
        self.impls.extend(other.impls);
        self.functions.extend(other.functions.into_iter().map(of_module));
    }

    /// One item of the block; a malformed one is reported and skipped.
    fn item(&mut self, input: ParseStream, errors: &Diagnostics) {
        let fork = input.fork();
        match RawItem::parse(&fork) {
            Ok(item) => {
                input.advance_to(&fork);
                self.add(item, None, errors);
            }
            Err(error) => {
                errors.report_syntax(error);
                skip_item(input);
            }
        }
    }

    fn add(&mut self, item: RawItem, owner: Option<usize>, errors: &Diagnostics) {
        match item {
            RawItem::Struct(item) => {
                let generics = read_generics(&item.generics, errors);
                self.structs.push(Struct { ident: item.ident.clone(), generics, module: None, item: *item });
            }
            RawItem::Const(item) => self.consts.push(Const { item: *item, owner }),
            RawItem::Function { attrs, vis, sig, body } => self.add_function(attrs, vis, *sig, body, owner, errors),
            RawItem::Impl { head, body } => {
                let generics = read_generics(&head.generics, errors);
                self.impls.push(Impl { attrs: head.attrs, generics, target: head.target });
                self.add_members(body, self.impls.len() - 1, errors);
            }
            RawItem::Other(place) => errors.report(place, messages::unsupported_item()),
        }
    }

    fn add_members(&mut self, body: TokenStream, owner: usize, errors: &Diagnostics) {
        let members = parse_block_raw(body, errors);
        for member in members {
            match member {
                RawItem::Struct(item) => errors.report(Place::of(&item), messages::unsupported_item()),
                RawItem::Impl { head, .. } => errors.report(Place::of(&head.target), messages::unsupported_item()),
                member => self.add(member, Some(owner), errors),
            }
        }
    }

    fn add_function(
        &mut self,
        attrs: Vec<Attribute>,
        vis: Visibility,
        sig: syn::Signature,
        body: TokenStream,
        owner: Option<usize>,
        errors: &Diagnostics,
    ) {
        check_qualifiers(&sig, errors);
        let generics = read_generics(&sig.generics, errors);
        let body = match syn::parse2::<Body>(body) {
            Ok(body) => Some(body.0),
            Err(error) => {
                errors.report_syntax(error);
                None
            }
        };
        self.functions.push(Function { attrs, vis, sig, generics, owner, module: None, body });
    }
}

/// The members of an `impl`.
fn parse_block_raw(tokens: TokenStream, errors: &Diagnostics) -> Vec<RawItem> {
    let parser = |input: ParseStream| {
        let mut items = Vec::new();
        while !input.is_empty() {
            let fork = input.fork();
            match RawItem::parse(&fork) {
                Ok(item) => {
                    input.advance_to(&fork);
                    items.push(item);
                }
                Err(error) => {
                    errors.report_syntax(error);
                    skip_item(input);
                }
            }
        }
        Ok(items)
    };
    syn::parse::Parser::parse2(parser, tokens).unwrap_or_default()
}

/// Skips to behind the next body or semicolon, where another item may begin.
fn skip_item(input: ParseStream) {
    while let Ok(token) = input.parse::<proc_macro2::TokenTree>() {
        match token {
            proc_macro2::TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace => return,
            proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            _ => {}
        }
    }
}

/// The statements of a function without the braces around them.
struct Body(syn::Block);

impl Parse for Body {
    fn parse(input: ParseStream) -> syn::Result<Body> {
        Ok(Body(syn::Block { brace_token: syn::token::Brace::default(), stmts: input.call(syn::Block::parse_within)? }))
    }
}

struct ImplHead {
    attrs: Vec<Attribute>,
    generics: syn::Generics,
    target: Type,
}

/// An item whose bodies are not parsed yet.
enum RawItem {
    Struct(Box<syn::ItemStruct>),
    Const(Box<syn::ItemConst>),
    Function { attrs: Vec<Attribute>, vis: Visibility, sig: Box<syn::Signature>, body: TokenStream },
    Impl { head: Box<ImplHead>, body: TokenStream },
    Other(Place),
}

impl Parse for RawItem {
    fn parse(input: ParseStream) -> syn::Result<RawItem> {
        let ahead = input.fork();
        ahead.call(Attribute::parse_outer)?;
        let vis: Visibility = ahead.parse()?;
        if ahead.peek(Token![struct]) {
            return Ok(RawItem::Struct(input.parse()?));
        }
        if ahead.peek(Token![impl]) {
            return parse_impl(input);
        }
        if ahead.peek(Token![const]) && !ahead.peek2(Token![fn]) {
            return Ok(RawItem::Const(input.parse()?));
        }
        if ahead.fork().parse::<syn::Signature>().is_ok() || ahead.peek(Token![fn]) {
            return parse_function(input, vis);
        }
        match input.parse::<syn::Item>() {
            Ok(item) => Ok(RawItem::Other(Place::of(&item))),
            Err(_) if ahead.peek(syn::Ident) => Err(messages::misplaced_expression(ahead.span())),
            Err(error) => Err(error),
        }
    }
}

fn parse_function(input: ParseStream, vis: Visibility) -> syn::Result<RawItem> {
    let attrs = input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    let sig = input.parse()?;
    let content;
    braced!(content in input);
    Ok(RawItem::Function { attrs, vis, sig, body: content.parse()? })
}

fn parse_impl(input: ParseStream) -> syn::Result<RawItem> {
    let attrs = input.call(Attribute::parse_outer)?;
    input.parse::<Token![impl]>()?;
    let generics: syn::Generics = input.parse()?;
    let target: Type = input.parse()?;
    if input.peek(Token![for]) {
        return Err(syn::Error::new(input.span(), messages::trait_impl()));
    }
    let content;
    braced!(content in input);
    Ok(RawItem::Impl { head: Box::new(ImplHead { attrs, generics, target }), body: content.parse()? })
}

/// Reports what a tensor function cannot be.
fn check_qualifiers(sig: &syn::Signature, errors: &Diagnostics) {
    let reject = |place: Option<Place>, word: &str| {
        if let Some(place) = place {
            errors.report(place, messages::qualifier(word));
        }
    };
    reject(sig.asyncness.as_ref().map(Place::of), "async");
    reject(sig.unsafety.as_ref().map(Place::of), "unsafe");
    reject(sig.constness.as_ref().map(Place::of), "const");
    reject(sig.abi.as_ref().map(Place::of), "extern");
    reject(sig.variadic.as_ref().map(Place::of), "...");
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn items_of_every_kind_are_found() {
        let errors = Diagnostics::default();
        let tokens = quote! {
            const H: usize = 3;
            /// Doc.
            pub struct Net<const I: usize> { pub w: Tensor<f32, I, H> }
            impl<const I: usize> Net<I> {
                const K: i64 = 1;
                pub fn f<N: Dim<1, 64>>(&self, x: Tensor<f32, N, I>) -> Tensor<f32, N, H> { x.matmul(self.w) }
            }
            fn g<M>(x: Tensor<f32, M>) -> Tensor<f32, M> where M: Dim { x }
        };
        let block = parse_block(tokens, &errors);
        assert_eq!(errors.texts(), [""; 0]);
        assert_eq!((block.structs.len(), block.impls.len(), block.functions.len(), block.consts.len()), (1, 1, 2, 2));
        assert!(matches!(&block.functions[0].generics[0].kind, GenericKind::Dim(bounds) if bounds.len() == 2));
        assert!(matches!(&block.functions[1].generics[0].kind, GenericKind::Dim(bounds) if bounds.is_empty()));
        assert_eq!(block.functions[0].owner, Some(0));
    }

    #[test]
    fn a_malformed_item_leaves_the_others_and_a_malformed_body_the_signature() {
        let errors = Diagnostics::default();
        // From text: the spans of quoted tokens are all one place.
        let text = "fn a() -> { 1 }
            fn b(x: Tensor<f32>) -> Tensor<f32> { let = x; }
            enum E { A }
            fn c(x: Tensor<f32>) -> Tensor<f32> { x }";
        let block = parse_block(text.parse().expect("tokens"), &errors);
        let names: Vec<String> = block.functions.iter().map(Function::name).collect();
        assert_eq!(names, ["b", "c"]);
        assert!(block.functions[0].body.is_none());
        assert_eq!(errors.count(), 3, "{:?}", errors.texts());
    }
}
