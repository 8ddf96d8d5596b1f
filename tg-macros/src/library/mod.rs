//! What every block can name by path: functions such as `optim::adam(…)`, structs such as `nn::Linear<784, 10>`.
//!
//! They are written in the language itself, and name each other as users do. A part whose names do not occur in a block
//! is not even parsed. The structs exist in Rust as `tg::nn::Linear`, expanded from this same text
//! (`pipeline::run_library`); their methods are templates, inlined where a block calls them.
//!
//! Parameters of layers have the names, layouts and meaning of PyTorch's, so that its files load.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::PathSegment;

use crate::diagnostic::{Diagnostics, name_of};
use crate::syntax::{Block, parse_block};

/// A text, and the module that its items belong to.
struct Part {
    module: &'static str,
    text: &'static str,
}

const PARTS: &[Part] = &[
    Part { module: "nn", text: include_str!("nn/linear.rs") },
    Part { module: "nn", text: include_str!("nn/convolution.rs") },
    Part { module: "nn", text: include_str!("nn/normalization.rs") },
    Part { module: "nn", text: include_str!("nn/embedding.rs") },
    Part { module: "nn", text: include_str!("nn/attention.rs") },
    Part { module: "optim", text: include_str!("optim.rs") },
];

impl Part {
    /// The names of its structs.
    fn structs(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.text.split("\npub struct ").skip(1).filter_map(|rest| rest.split('<').next())
    }

    /// Whether its module is named, and one of its structs if it has any.
    fn is_named(&self, names: &BTreeSet<String>) -> bool {
        let mut structs = self.structs().peekable();
        names.contains(self.module) && (structs.peek().is_none() || structs.any(|name| names.contains(name)))
    }

    fn tokens(&self) -> TokenStream {
        let text: Vec<&str> = self.text.lines().filter(|line| !line.starts_with("//!")).collect();
        text.join("\n").parse().unwrap_or_default()
    }
}

/// Adds the parts that `tokens` names to `block`, and those that these name.
pub fn include(block: &mut Block, tokens: &TokenStream, errors: &Diagnostics) {
    let (mut names, mut rest) = (BTreeSet::new(), PARTS.iter().collect::<Vec<_>>());
    collect_names(tokens, &mut names);
    while let Some(at) = rest.iter().position(|part| part.is_named(&names)) {
        let part = rest.remove(at);
        let tokens = part.tokens();
        collect_names(&tokens, &mut names);
        block.include(parse_block(tokens, errors), part.module);
    }
}

/// All of the module `name`.
pub fn module(name: &str, errors: &Diagnostics) -> Block {
    let mut block = Block::default();
    for part in PARTS.iter().filter(|part| part.module == name) {
        block.include(parse_block(part.tokens(), errors), part.module);
    }
    block
}

/// The name of the struct or module that a path names: `Net` wherever it stands, but `nn::Linear`.
pub fn path_name<'s>(segments: impl DoubleEndedIterator<Item = &'s PathSegment>) -> Option<String> {
    let mut names = segments.rev().map(|segment| name_of(&segment.ident));
    let last = names.next()?;
    let module = names.next().filter(|name| PARTS.iter().any(|part| part.module == name));
    Some(module.map_or(last.clone(), |module| format!("{module}::{last}")))
}

/// The structs of all modules, as [`path_name`] gives them.
pub fn structs() -> impl Iterator<Item = String> {
    PARTS.iter().flat_map(|part| part.structs().map(|name| format!("{}::{name}", part.module)))
}

fn collect_names(tokens: &TokenStream, names: &mut BTreeSet<String>) {
    let mut stack = vec![tokens.clone()];
    while let Some(tokens) = stack.pop() {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => _ = names.insert(ident.to_string()),
                TokenTree::Group(group) => stack.push(group.stream()),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Checked, is_template};

    fn named(text: &str) -> Block {
        let (errors, mut block) = (Diagnostics::default(), Block::default());
        include(&mut block, &text.parse().expect("tokens"), &errors);
        assert_eq!(errors.texts(), [""; 0]);
        block
    }

    #[test]
    fn parts_are_parsed_where_they_are_named() {
        assert!(named("fn f() { x.matmul(y) }").functions.is_empty());
        assert!(named("fn f() { optim::g() }").functions.iter().any(|f| f.name() == "optim::adam"));
        let structs = |text: &str| named(text).structs.iter().map(|s| s.name()).collect::<Vec<_>>();
        assert_eq!(structs("nn::Embedding<3, 4>"), ["nn::Embedding"]);
        // The projections of attention are linear.
        assert_eq!(
            structs("nn::MultiHeadAttention<4, 2>"),
            ["nn::MultiHeadAttention", "nn::Linear", "nn::LinearNoBias"]
        );
    }

    /// Only templates: every block that names a part would compile anything else.
    #[test]
    fn the_library_is_well_formed_and_compiled_where_it_is_called() {
        for name in ["nn", "optim"] {
            let errors = Diagnostics::default();
            let block = module(name, &errors);
            let code = Checked::new(&block, &errors);
            assert_eq!(errors.texts(), [""; 0]);
            assert!(block.functions.iter().all(|f| f.body.is_some() && f.module == Some(name)));
            assert!(code.signatures.iter().flatten().all(is_template));
            assert!(block.structs.iter().all(|item| structs().any(|name| name == item.name())));
        }
    }
}
