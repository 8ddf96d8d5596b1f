//! Functions that every block can call by path: `optim::adam(…)`.
//!
//! They are written in the language itself. A module whose name does not occur in a block is not even parsed.

use proc_macro2::{TokenStream, TokenTree};

use crate::diagnostic::Diagnostics;
use crate::syntax::{Block, parse_block};

/// The modules: name and text.
const MODULES: &[(&str, &str)] = &[("optim", include_str!("optim.rs"))];

/// Adds the modules that `tokens` names to `block`.
pub fn include(block: &mut Block, tokens: &TokenStream, errors: &Diagnostics) {
    for (module, text) in MODULES.iter().filter(|(module, _)| names(tokens, module)) {
        let header = |line: &&str| !line.starts_with("//!");
        let text: Vec<&str> = text.lines().filter(header).collect();
        let Ok(tokens) = text.join("\n").parse() else { continue };
        let functions = parse_block(tokens, errors).functions.into_iter();
        block.functions.extend(functions.map(|function| function.of_module(module)));
    }
}

/// Whether the identifier `name` occurs.
fn names(tokens: &TokenStream, name: &str) -> bool {
    let mut stack = vec![tokens.clone()];
    while let Some(tokens) = stack.pop() {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if ident == name => return true,
                TokenTree::Group(group) => stack.push(group.stream()),
                _ => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_parsed_where_it_is_named() {
        for (module, _) in MODULES {
            let (errors, mut block) = (Diagnostics::default(), Block::default());
            include(&mut block, &TokenStream::new(), &errors);
            assert!(block.functions.is_empty());
            include(&mut block, &format!("fn f() {{ {module}::g() }}").parse().expect("tokens"), &errors);
            assert_eq!(errors.texts(), [""; 0]);
            assert!(!block.functions.is_empty());
            assert!(block.functions.iter().all(|f| f.body.is_some() && f.name().starts_with(&format!("{module}::"))));
        }
    }
}
