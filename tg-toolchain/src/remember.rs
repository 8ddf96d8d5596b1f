//! Remembers in the cache which C compiler was found, so that a build in which no kernel changed starts none,
//! not even to ask it for its name.
//!
//! The answer holds as long as the environment that led to it and the program itself are the same. A compiler behind a
//! wrapper is asked every time: which program it ends in cannot be seen from outside.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use tg_core::target::Target;

use crate::cache::{Cache, Key};
use crate::compiler::{Compiler, Family, modified};
use crate::error::Error;

/// The compiler for `target`: the remembered one, or the one that is found and then remembered.
pub(crate) fn find(target: &str, cache: Option<&Cache>) -> Result<Arc<Compiler>, Error> {
    let Some(cache) = cache else { return Compiler::find(target) };
    let key = key(target);
    if let Some(compiler) = cache.get(key).and_then(|bytes| parse(&String::from_utf8(bytes).ok()?, target)) {
        return Ok(Arc::new(compiler));
    }
    let compiler = Compiler::find(target)?;
    if let Some(text) = print(&compiler) {
        cache.put(key, text.as_bytes());
    }
    Ok(compiler)
}

/// Everything that has a say in which program is the C compiler.
fn key(target: &str) -> Key {
    let matters = |name: &str| name.contains("CC") || ["PATH", "CROSS_COMPILE", "RUSTC_WRAPPER"].contains(&name);
    let mut variables: Vec<String> = std::env::vars_os()
        .filter(|(name, _)| matters(&name.to_string_lossy()))
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    variables.sort();
    Key::of(["compiler", target].into_iter().chain(variables.iter().map(String::as_str)))
}

/// Program, when it was installed, family and version, then its identity; `None` for one behind a wrapper.
fn print(compiler: &Compiler) -> Option<String> {
    let [program] = &compiler.argv[..] else { return None };
    let program = program.to_str()?;
    let family = if compiler.family == Family::Gcc { "gcc" } else { "clang" };
    let installed = modified(Path::new(program));
    Some([program, &installed, family, &compiler.version, &compiler.identity].join("\n"))
}

fn parse(text: &str, target: &str) -> Option<Compiler> {
    let mut lines = text.splitn(5, '\n');
    let mut next = || lines.next();
    let (program, installed, family, version, identity) = (next()?, next()?, next()?, next()?, next()?);
    if installed.is_empty() || modified(Path::new(program)) != installed {
        return None;
    }
    let family = if family == "gcc" { Family::Gcc } else { Family::Clang };
    Some(Compiler {
        argv: vec![OsString::from(program)],
        family,
        version: version.to_owned(),
        target: Target::parse(target),
        identity: identity.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_prints_and_parses_while_its_program_is_there() {
        let program = std::env::current_exe().expect("a path of this test");
        let compiler = Compiler {
            argv: vec![program.clone().into()],
            family: Family::Gcc,
            version: "gcc version 12.2.0".to_owned(),
            target: Target::parse("x86_64-unknown-linux-gnu"),
            identity: "several\nlines".to_owned(),
        };
        let text = print(&compiler).expect("a compiler without a wrapper");
        let again = parse(&text, "x86_64-unknown-linux-gnu").expect("the same compiler");
        assert_eq!((again.argv, again.version, again.identity), (compiler.argv, compiler.version, compiler.identity));
        let gone = text.replace(&*program.to_string_lossy(), "/nonexistent/cc");
        assert!(parse(&gone, "x86_64-unknown-linux-gnu").is_none());
        assert!(parse("", "x86_64-unknown-linux-gnu").is_none());
    }

    #[test]
    fn a_wrapped_compiler_is_not_remembered() {
        let compiler = Compiler {
            argv: ["ccache", "gcc"].map(OsString::from).to_vec(),
            family: Family::Gcc,
            version: String::new(),
            target: Target::parse("x86_64-unknown-linux-gnu"),
            identity: String::new(),
        };
        assert_eq!(print(&compiler), None);
    }
}
