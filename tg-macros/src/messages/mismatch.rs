//! Texts about values that are not of the type that is expected, and how they could be made to fit.

use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::ir::Uop;

use super::{source, tensor_type, with};
use crate::diagnostic::Message;

messages! {
    expected_type(ty: &str, got: &str) Message::new(format!("expected {}, got {got}", quoted_type(ty)));
    tensor_mismatch(dtype: DType, shape: &[Dim], got: Uop)
        Message::new(format!("expected `{}`, got `{}`", tensor_type(dtype, shape), tensor_type(got.dtype(), got.shape())))
            .maybe_help(fitting(dtype, shape, got));
    integer_for_float(v: i64, dtype: DType) with(format!("expected {dtype}, got the integer {v}"), format!("write `{v}.0`"));
    wrong_result(function: &str, message: Message)
        message.about(&format!("the result of `{function}`"));
    wrong_argument(param: &syn::Pat, message: Message)
        message.about(&format!("parameter `{}`", source(param).trim_start_matches("mut ")));
    array_mismatch(wanted: &Dim, got: usize) Message::new(format!("expected an array of {wanted} elements, got {got}"));
    rank_mismatch(ty: &str, wanted: usize, got: Uop) with(
        format!("expected `{ty}`, got `{}`", tensor_type(got.dtype(), got.shape())),
        format!("it has {} axes, expected {wanted}", got.shape().len()),
    );
    struct_argument(name: &str, generic: &proc_macro2::Ident, wanted: &Dim, got: &str)
        Message::new(format!("expected `{name}` with {generic} = {wanted}, got {generic} = {got}"));
    array_length(count: i64) Message::new(format!("an array cannot have {count} elements"));
}

/// Types stand in backticks, descriptions of them do not.
fn quoted_type(ty: &str) -> String {
    if ty.starts_with("a ") { ty.to_owned() } else { format!("`{ty}`") }
}

/// How a tensor could be made to fit a type.
fn fitting(dtype: DType, shape: &[Dim], got: Uop) -> Option<String> {
    let own = got.shape();
    let reversed = |a: &[Dim], b: &[Dim]| a.len() == b.len() && a.len() == 2 && a.iter().rev().eq(b);
    let elements = |shape: &[Dim]| Dim::product(shape);
    match () {
        _ if own == shape => Some(format!("convert it with `.cast::<{dtype}>()`")),
        _ if reversed(own, shape) => Some("transpose it with `.t()`".into()),
        _ if own.len() == shape.len() => {
            let differing = (0..own.len()).find(|&i| own[i] != shape[i])?;
            Some(format!("axis {differing} has size {}, expected {}", own[differing], shape[differing]))
        }
        _ if elements(own).is_some() && elements(own) == elements(shape) => {
            Some(format!("there are as many elements: `.reshape({})` gives them that shape", array(shape)))
        }
        _ => Some(format!("it has {} axes, expected {}", own.len(), shape.len())),
    }
}

fn array(shape: &[Dim]) -> String {
    format!("[{}]", shape.iter().map(Dim::to_string).collect::<Vec<_>>().join(", "))
}
