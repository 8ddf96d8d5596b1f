//! Methods and constants of numbers known at compile time.

use crate::diagnostic::Message;
use crate::evaluate::Value;
use crate::messages;

/// `f32::INFINITY`, `std::f32::consts::PI` and the like.
pub(super) fn constant(path: &syn::Path) -> Option<f64> {
    use std::f64::consts;
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let single = names.iter().any(|name| name == "f32");
    let is_float = single || names.iter().any(|name| name == "f64");
    Some(match names.last()?.as_str() {
        _ if !is_float => return None,
        "PI" => consts::PI,
        "TAU" => consts::TAU,
        "E" => consts::E,
        "SQRT_2" => consts::SQRT_2,
        "FRAC_1_SQRT_2" => consts::FRAC_1_SQRT_2,
        "LN_2" => consts::LN_2,
        "LN_10" => consts::LN_10,
        "LOG2_E" => consts::LOG2_E,
        "INFINITY" => f64::INFINITY,
        "NEG_INFINITY" => f64::NEG_INFINITY,
        "NAN" => f64::NAN,
        "EPSILON" if single => f32::EPSILON.into(),
        "EPSILON" => f64::EPSILON,
        "MAX" if single => f32::MAX.into(),
        "MAX" => f64::MAX,
        "MIN" if single => f32::MIN.into(),
        "MIN" => f64::MIN,
        "MIN_POSITIVE" if single => f32::MIN_POSITIVE.into(),
        "MIN_POSITIVE" => f64::MIN_POSITIVE,
        _ => return None,
    })
}

/// A method of a number, receiver first; `None` if numbers have no such method.
pub(super) fn method<'g>(name: &str, values: &[Value<'g>]) -> Option<Result<Value<'g>, Message>> {
    match values {
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
