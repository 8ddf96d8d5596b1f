//! What every block can name by path: functions such as `optim::adam(…)`, structs such as `nn::Linear<784, 10>`.
//!
//! They are written in the language itself. A module whose name does not occur in a block is not even parsed. The
//! structs exist in Rust as `tg::nn::Linear`, expanded from this same text (`pipeline::run_library`).

use proc_macro2::{TokenStream, TokenTree};
use syn::PathSegment;

use crate::diagnostic::{Diagnostics, name_of};
use crate::syntax::{Block, parse_block};

/// The modules: name and text.
const MODULES: &[(&str, &str)] = &[("nn", include_str!("nn.rs")), ("optim", include_str!("optim.rs"))];

/// Adds the modules that `tokens` names to `block`.
pub fn include(block: &mut Block, tokens: &TokenStream, errors: &Diagnostics) {
    for (module, text) in MODULES.iter().filter(|(module, _)| names(tokens, module)) {
        let header = |line: &&str| !line.starts_with("//!");
        let text: Vec<&str> = text.lines().filter(header).collect();
        let Ok(tokens) = text.join("\n").parse() else { continue };
        block.include(parse_block(tokens, errors), module);
    }
}

/// The name of the struct or module that a path names: `Net` wherever it stands, but `nn::Linear`.
pub fn path_name<'s>(segments: impl DoubleEndedIterator<Item = &'s PathSegment>) -> Option<String> {
    let mut names = segments.rev().map(|segment| name_of(&segment.ident));
    let last = names.next()?;
    let module = names.next().filter(|name| MODULES.iter().any(|(module, _)| module == name));
    Some(module.map_or(last.clone(), |module| format!("{module}::{last}")))
}

/// The module that has the struct `name`.
pub fn module_with(name: &str) -> Option<&'static str> {
    let declares = |text: &str| text.contains(&format!("pub struct {name}<"));
    MODULES.iter().find(|(_, text)| declares(text)).map(|(module, _)| *module)
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
            assert!(block.functions.is_empty() && block.structs.is_empty());
            include(&mut block, &format!("fn f() {{ {module}::g() }}").parse().expect("tokens"), &errors);
            assert_eq!(errors.texts(), [""; 0]);
            assert!(!block.functions.is_empty());
            assert!(block.functions.iter().all(|f| f.body.is_some() && f.module == Some(module)));
            assert!(block.structs.iter().all(|s| s.name().starts_with(&format!("{module}::"))));
        }
    }

    /// Only templates: every block that names a module would compile anything else.
    #[test]
    fn functions_of_the_library_are_compiled_where_they_are_called() {
        let (errors, mut block) = (Diagnostics::default(), Block::default());
        include(
            &mut block,
            &MODULES.iter().map(|(module, _)| *module).collect::<String>().parse().expect("tokens"),
            &errors,
        );
        let code = crate::types::Checked::new(&block, &errors);
        assert_eq!(errors.texts(), [""; 0]);
        assert!(code.signatures.iter().flatten().all(crate::types::is_template));
    }
}
