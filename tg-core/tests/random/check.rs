//! Comparison of results.

use tg_core::interpret::Array;
use tg_core::ir::Value;

/// The first element of `actual` that is further than `error` from `expected`, in words.
pub fn mismatch(actual: &Array, expected: &Array, error: f64) -> Option<String> {
    if (actual.dtype, actual.data.len()) != (expected.dtype, expected.data.len()) {
        return Some(format!("{} of {} elements", actual.dtype, actual.data.len()));
    }
    let pairs = actual.data.iter().zip(&expected.data).enumerate();
    let wrong = pairs.filter(|(_, (a, e))| !agree(**a, **e, error)).collect::<Vec<_>>();
    let (at, (a, e)) = wrong.first()?;
    Some(format!("element {at} of {} is {a}, expected {e} within {error:e}; {} wrong", actual.data.len(), wrong.len()))
}

fn agree(actual: Value, expected: Value, error: f64) -> bool {
    match (actual, expected) {
        (Value::Float(a), Value::Float(e)) => (a - e).abs() <= error || a == e || a.is_nan() && e.is_nan(),
        _ => actual == expected,
    }
}
