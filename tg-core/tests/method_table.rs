//! What is written from the table of tensor methods: `docs/methods.md`, and the methods of lazy tensors,
//! `tg-lazy/src/method`.
//!
//! `TG_BLESS=1 cargo test -p tg-core --test method_table` writes both anew; without it they must be equal.

mod lazy_methods;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tg_core::tensor::{Method, Param, methods};

const HEAD: &str = "\
# Tensor methods

Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

`x.name(…)` is called on a tensor, `name(…)` is a function. Arguments in brackets may be left out. A dtype may also stand
in angle brackets: `x.cast::<f32>()`. Negative axes count from the end. Numbers take the dtype of the tensor beside them,
and shapes broadcast from the last axis. What is f16 or bf16 is computed in f32 and rounded once, at the end. How methods are
written in a tensor function is in [language.md](language.md).

| method | arguments | what it computes |
|---|---|---|
";

/// The file `path` of the repository has this text.
fn check(path: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("TG_BLESS").is_some() {
        fs::write(&path, text).expect("it can be written");
    }
    let written = fs::read_to_string(&path).expect("it is there");
    assert_eq!(written, text, "{} is out of date: TG_BLESS=1 writes it anew", path.display());
}

/// The parameters that a caller writes: not the tensor before the dot.
fn written(method: &Method) -> &'static [Param] {
    if method.free { method.params } else { &method.params[1..] }
}

fn call(method: &Method) -> String {
    let name = |param: &Param| if param.optional { format!("[{}]", param.name) } else { param.name.to_string() };
    let names: Vec<String> = written(method).iter().map(name).collect();
    let receiver = if method.free { "" } else { method.params[0].name };
    let dot = if method.free { "" } else { "." };
    format!("`{receiver}{dot}{}({})`", method.name, names.join(", "))
}

fn row(method: &Method) -> String {
    let argument = |param: &Param| format!("`{}`: {}", param.name, param.expects);
    let arguments: Vec<String> = written(method).iter().map(argument).collect();
    let doc = method.doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    format!("| {} | {} | {doc} |\n", call(method), arguments.join("; "))
}

fn table() -> String {
    HEAD.to_string() + &methods().map(row).collect::<String>()
}

#[test]
fn what_is_written_is_what_the_code_has() {
    check("docs/methods.md", &table());
    lazy_methods::sources().iter().for_each(|(file, text)| check(&format!("tg-lazy/src/method/{file}"), text));
}

#[test]
fn every_method_is_documented_and_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for method in methods() {
        assert!(names.insert(method.name), "two methods are called `{}`", method.name);
        assert!(!method.doc.trim().is_empty(), "`{}` has no documentation", method.name);
        assert!(method.free || !method.params.is_empty(), "`{}` is called on nothing", method.name);
    }
    assert!(names.len() > 100, "{} methods", names.len());
}
