//! The tensor methods as methods of lazy tensors, in Rust.

use tg_core::tensor::{Method, Param, methods};

const HEAD: &str = "\
//! The tensor methods on lazy tensors, and the functions that make some.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::{tensor, tensor_with};
use crate::tensor::Tensor;
use crate::value::{Value, Values};
";

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

/// The source of the methods of lazy tensors.
pub fn source() -> String {
    let made = |free: bool, indent: &str| -> String {
        let methods = methods().filter(|method| method.gives_tensor && method.free == free);
        methods.map(|method| function(method, indent)).collect()
    };
    format!("{HEAD}\nimpl Tensor {{\n{}}}\n{}", made(false, "    ").trim_start_matches('\n'), made(true, ""))
}
