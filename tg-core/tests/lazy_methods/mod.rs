//! The tensor methods as methods of lazy tensors, in Rust.

use tg_core::tensor::{Method, Param, themes};

/// Optional parameters beyond one come as a tuple.
fn split(method: &Method) -> (Vec<&Param>, Vec<&Param>) {
    let written = if method.free { method.params } else { &method.params[1..] };
    match written.iter().filter(|param| param.optional).count() {
        0 | 1 => (written.iter().collect(), vec![]),
        _ => written.iter().partition(|param| !param.optional),
    }
}

fn documentation(method: &Method, indent: &str) -> String {
    let (single, tuple) = split(method);
    let mut lines: Vec<String> = method.doc.trim().lines().map(|line| line.trim().to_owned()).collect();
    let explain = |param: &Param| {
        let absent = if param.optional { ", or `()`" } else { "" };
        format!("* `{}`: {}{absent}", param.name, param.expects)
    };
    if single.len() + tuple.len() > 0 {
        lines.push(String::new());
        lines.extend(single.iter().map(|param| explain(param)));
    }
    if !tuple.is_empty() {
        let names: Vec<_> = tuple.iter().map(|param| format!("`{}`", param.name)).collect();
        lines.push(format!("* `optional`: the first of ({}) in a tuple, or `()`", names.join(", ")));
        lines.extend(tuple.iter().map(|param| format!("  {}", explain(param))));
    }
    lines.iter().map(|line| format!("{indent}/// {line}").trim_end().to_owned() + "\n").collect()
}

fn function(method: &Method, indent: &str) -> String {
    let (single, tuple) = split(method);
    let mut params: Vec<String> = single.iter().map(|param| format!("{}: impl Into<Value>", param.name)).collect();
    let receiver = if method.free { None } else { Some("self") };
    params.extend((!tuple.is_empty()).then(|| "optional: impl Into<Values>".to_owned()));
    let signature: Vec<String> = receiver.map(|name| format!("&{name}")).into_iter().chain(params).collect();
    let given = receiver.into_iter().chain(single.iter().map(|param| param.name));
    let given: Vec<String> = given.map(|name| format!("{name}.into()")).collect();
    let body = match tuple.is_empty() {
        true => format!("tensor({:?}, &[{}])", method.name, given.join(", ")),
        false => format!("tensor_with({:?}, vec![{}], optional.into())", method.name, given.join(", ")),
    };
    let (name, signature, doc) = (method.name, signature.join(", "), documentation(method, indent));
    format!(
        "\n{doc}{indent}#[track_caller]\n{indent}pub fn {name}({signature}) -> Tensor {{\n{indent}    {body}\n{indent}}}\n"
    )
}

const WRITTEN: &str = "\
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.
";

/// The methods of one theme, and the functions that make tensors.
fn theme(name: &str, methods: &[Method]) -> String {
    let made = |free: bool, indent: &str| -> String {
        let methods = methods.iter().filter(|method| method.gives_tensor && method.free == free);
        methods.map(|method| function(method, indent)).collect()
    };
    let (own, free) = (made(false, "    "), made(true, ""));
    let methods = if own.is_empty() { own } else { format!("\nimpl Tensor {{\n{}}}\n", own.trim_start_matches('\n')) };
    let uses = |call: &str| methods.contains(call) || free.contains(call);
    let calls: Vec<&str> = ["tensor", "tensor_with"].into_iter().filter(|call| uses(&format!(" {call}("))).collect();
    let values: Vec<&str> = ["Value", "Values"].into_iter().filter(|value| uses(&format!("<{value}>"))).collect();
    let used = |path: &str, names: &[&str]| match names {
        [] => String::new(),
        [name] => format!("use crate::{path}::{name};\n"),
        names => format!("use crate::{path}::{{{}}};\n", names.join(", ")),
    };
    let imports = used("call", &calls) + &used("tensor", &["Tensor"]) + &used("value", &values);
    format!("//! Methods of the theme `{name}` on lazy tensors.\n//!\n{WRITTEN}\n{imports}{methods}{free}")
}

/// The source of the methods of lazy tensors: a module for each theme, by its file's name, and the one of all.
pub fn sources() -> Vec<(String, String)> {
    let made = themes().map(|(name, methods)| (name, theme(name, methods)));
    let files: Vec<(&str, String)> = made.filter(|(_, text)| text.contains("pub fn")).collect();
    let mods: String = files.iter().map(|(name, _)| format!("mod {name};\n")).collect();
    let is_free = |text: &str| text.contains("\npub fn");
    let free = files.iter().filter(|(_, text)| is_free(text));
    let exports: String = free.map(|(name, _)| format!("pub use {name}::*;\n")).collect();
    let doc = "//! The tensor methods on lazy tensors, and the functions that make some.\n//!\n";
    let all = ("mod.rs".to_owned(), format!("{doc}{WRITTEN}\n{mods}\n{exports}"));
    files.into_iter().map(|(name, text)| (format!("{name}.rs"), text)).chain([all]).collect()
}
