//! Division and remainder on `index`, which floor.

use crate::ir::Uop;
use crate::rewrite::konst;
use crate::rules;

rules! {
    /// What holds for floored division, without looking into sums.
    pub fn division: index;
    div_div         [x, a, b]   (x / konst(a)) / konst(b)       => x / (a * b), if positive(b);
    mod_mod         [x, a, b]   (x % konst(a)) % konst(b)       => x % b, if positive(b) && divides(b, a);
    mod_small       [x, a]      x % konst(a)                    => x, if x.vmin() >= 0 && x.vmax() < a.vmin();
}

fn positive(a: Uop<'_>) -> bool {
    a.vmin() > 0
}

/// Whether the constant `b` divides the constant `a`.
fn divides(b: Uop<'_>, a: Uop<'_>) -> bool {
    matches!((a.as_int(), b.as_int()), (Some(a), Some(b)) if b != 0 && a % b == 0)
}
