//! Methods and constants of numbers known at compile time.

use crate::diagnostic::Message;
use crate::evaluate::Value;
use crate::messages;

/// Constants of `f64` and `f32`: name, value of either.
const CONSTANTS: &[(&str, f64, f32)] = {
    use std::{f32, f64};
    &[
        ("PI", f64::consts::PI, f32::consts::PI),
        ("TAU", f64::consts::TAU, f32::consts::TAU),
        ("E", f64::consts::E, f32::consts::E),
        ("SQRT_2", f64::consts::SQRT_2, f32::consts::SQRT_2),
        ("FRAC_1_SQRT_2", f64::consts::FRAC_1_SQRT_2, f32::consts::FRAC_1_SQRT_2),
        ("LN_2", f64::consts::LN_2, f32::consts::LN_2),
        ("LN_10", f64::consts::LN_10, f32::consts::LN_10),
        ("LOG2_E", f64::consts::LOG2_E, f32::consts::LOG2_E),
        ("INFINITY", f64::INFINITY, f32::INFINITY),
        ("NEG_INFINITY", f64::NEG_INFINITY, f32::NEG_INFINITY),
        ("NAN", f64::NAN, f32::NAN),
        ("EPSILON", f64::EPSILON, f32::EPSILON),
        ("MAX", f64::MAX, f32::MAX),
        ("MIN", f64::MIN, f32::MIN),
        ("MIN_POSITIVE", f64::MIN_POSITIVE, f32::MIN_POSITIVE),
    ]
};

/// `f32::INFINITY`, `std::f32::consts::PI` and the like.
pub(super) fn constant(path: &syn::Path) -> Option<f64> {
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let (_, double, single) = CONSTANTS.iter().find(|(name, ..)| names.last().is_some_and(|last| last == name))?;
    let is_of = |ty: &str| names.iter().any(|name| name == ty);
    match (is_of("f32"), is_of("f64")) {
        (true, _) => Some(f64::from(*single)),
        (false, true) => Some(*double),
        (false, false) => None,
    }
}

/// The names of the constants that `owner` has: `f32`, `f64` or `consts`.
pub(super) fn constants_of(owner: &str) -> Vec<String> {
    match owner {
        "f32" | "f64" | "consts" => CONSTANTS.iter().map(|(name, ..)| (*name).to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// A method of a number, receiver first; `None` if numbers have no such method.
pub(super) fn method<'g>(name: &str, values: &[Value<'g>]) -> Option<Result<Value<'g>, Message>> {
    match values {
        [Value::Nothing, other] if name == "unwrap_or" => Some(Ok(other.clone())),
        [value, _] if name == "unwrap_or" => Some(Ok(value.clone())),
        [Value::Float(x)] => unary(name, *x).map(|v| Ok(Value::Float(v))),
        [Value::Float(x), Value::Float(y)] => binary(name, *x, *y).map(|v| Ok(Value::Float(v))),
        [Value::Float(x), Value::Int(n)] if name == "powi" => {
            Some(Ok(Value::Float(x.powi((*n).clamp(i32::MIN.into(), i32::MAX.into()) as i32))))
        }
        [Value::Int(x)] if name == "abs" => {
            Some(x.checked_abs().map(Value::Int).ok_or_else(|| messages::integer_arithmetic(0, "-", *x)))
        }
        [Value::Int(x), Value::Int(y)] => integer(name, *x, *y),
        _ => None,
    }
}

fn unary(name: &str, x: f64) -> Option<f64> {
    Some(match name {
        "sqrt" => x.sqrt(),
        "exp" => x.exp(),
        "exp2" => x.exp2(),
        "ln" | "log" => x.ln(),
        "log2" => x.log2(),
        "log10" => x.log10(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        "tan" => x.tan(),
        "tanh" => x.tanh(),
        "abs" => x.abs(),
        "floor" => x.floor(),
        "ceil" => x.ceil(),
        "round" => x.round(),
        "trunc" => x.trunc(),
        "recip" => x.recip(),
        _ => return None,
    })
}

fn binary(name: &str, x: f64, y: f64) -> Option<f64> {
    Some(match name {
        "powf" | "pow" => x.powf(y),
        "max" => x.max(y),
        "min" => x.min(y),
        _ => return None,
    })
}

fn integer<'g>(name: &str, x: i64, y: i64) -> Option<Result<Value<'g>, Message>> {
    let checked = match name {
        "pow" => u32::try_from(y).ok().and_then(|y| x.checked_pow(y)),
        "max" => Some(x.max(y)),
        "min" => Some(x.min(y)),
        "div_ceil" => (y > 0).then(|| x.div_euclid(y) + i64::from(x.rem_euclid(y) > 0)),
        "rem_euclid" => x.checked_rem_euclid(y),
        _ => return None,
    };
    Some(checked.map(Value::Int).ok_or_else(|| messages::integer_arithmetic(x, name, y)))
}
