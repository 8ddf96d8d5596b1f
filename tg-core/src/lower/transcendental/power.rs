//! `x^y = 2^(y log2 |x|)` in f64, and the many special cases around it.

use super::logarithm::{TWO_LOG2_E, series, split};
use super::{Format, clamp, exponential, polynomial};
use crate::ir::Uop;
use crate::lower::transcendental::coefficients::LOG_REST_64;

/// Beyond this exponent every base but 1 overflows or underflows.
const LARGEST_EXPONENT: f64 = 36893488147419103232.0;

/// `y log2 x` and what its rounding left out, for `x` positive and finite.
type Exponent = for<'g> fn(Uop<'g>, Uop<'g>, &Format) -> (Uop<'g>, Option<Uop<'g>>);

/// `x^y` with all special cases of IEEE 754, the core computed by `exponent`.
pub fn pow<'g>(x: Uop<'g>, y: Uop<'g>, exponent: Exponent) -> Uop<'g> {
    let format = Format::of(x.dtype());
    let size = format.abs(x);
    let (high, low) = exponent(size, clamp(y, -LARGEST_EXPONENT, LARGEST_EXPONENT), &format);
    let power = exponential::exp2_of_sum(high, low, &format);
    let shrinks = y.lt(0.0);
    let (zero, infinite) = (x.like(0.0), x.like(f64::INFINITY));
    let of_zero = shrinks.choose(infinite, zero);
    let of_infinity = shrinks.choose(zero, infinite);
    let power = size.equals(0.0).choose(of_zero, size.equals(f64::INFINITY).choose(of_infinity, power));
    special(x, y, with_sign(x, y, power, &format))
}

/// `power` negated where `x` is negative and `y` is odd, NaN where `x` is negative and `y` is no integer.
fn with_sign<'g>(x: Uop<'g>, y: Uop<'g>, power: Uop<'g>, format: &Format) -> Uop<'g> {
    let is_integer = |v: Uop<'g>| v.unary(crate::ir::Op::Trunc).equals(v);
    let odd = is_integer(y) & !is_integer(y * 0.5);
    let bits = x.bitcast(format.int);
    let sign = odd.choose(bits & format.sign_bit(), 0i64);
    let signed = (power.bitcast(format.int) | sign).bitcast(x.dtype());
    let undefined = x.lt(0.0) & x.differs(f64::NEG_INFINITY) & !is_integer(y);
    undefined.choose(x.like(f64::NAN), signed)
}

/// NaN where an operand is, but 1 where `y` is 0 or `x` is 1.
fn special<'g>(x: Uop<'g>, y: Uop<'g>, power: Uop<'g>) -> Uop<'g> {
    let nan = x.differs(x) | y.differs(y);
    let one = y.equals(0.0) | x.equals(1.0);
    one.choose(x.like(1.0), nan.choose(x.like(f64::NAN), power))
}

/// `y log2 x` to the precision of f64.
pub fn exponent<'g>(x: Uop<'g>, y: Uop<'g>, format: &Format) -> (Uop<'g>, Option<Uop<'g>>) {
    let (e, f) = split(x, format);
    let s = f / (f + 2.0);
    (y * s.mulacc(series(s), e), None)
}

/// `y log2 x` to some seven bits more than f64 has. Factors are cut in halves, so that the products of
/// leading halves are exact whether or not MULACC rounds in between.
pub fn exponent_precise<'g>(x: Uop<'g>, y: Uop<'g>, format: &Format) -> (Uop<'g>, Option<Uop<'g>>) {
    let leading = |v: Uop<'g>| (v.bitcast(format.int) & -(1i64 << 27)).bitcast(v.dtype());
    let (e, f) = split(x, format);
    // s + s_low = f / (2 + f)
    let divisor = f + 2.0;
    let d = leading(divisor);
    let d_low = f - (d - 2.0);
    let s = leading(f / divisor);
    let s_low = ((f - s * d) - s * d_low) / divisor;
    // log2(1 + f) = (2/ln 2) s + s³ (…)
    let c = f64::from_bits(TWO_LOG2_E.to_bits() & !((1 << 27) - 1));
    let c_low = TWO_LOG2_E - c + TWO_LOG2_E_REST;
    let whole = s + s_low;
    let z = whole * whole;
    let small = (s * c_low + s_low * TWO_LOG2_E) + whole * z * polynomial(z, &LOG_REST_64);
    let product = s * c;
    let sum = e + product;
    let log_low = ((e - sum) + product) + small;
    let log = leading(sum + log_low);
    let log_low = (sum - log) + log_low;
    let y_leading = leading(y);
    let high = y_leading * log;
    let low = (y - y_leading) * log + y * log_low;
    let total = high + low;
    // The bound only matters where the power overflows or underflows anyway.
    (total, Some(clamp((high - total) + low, -1e-12, 1e-12)))
}

/// `2 / ln 2` less its nearest f64.
const TWO_LOG2_E_REST: f64 = 4.071_054_748_186_206e-17;
