//! Random windows over the last axes, and the gradient of the sum of their squares: the sum over all windows that an
//! element is in.

use tg_core::ir::Uop;
use tg_core::tensor::{Each, grad, square, sum, windows};

use super::build::{Builder, Entry};

impl<'g> Builder<'g> {
    pub(super) fn window(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        let axes = self.random.between(1, 2) as usize;
        let mut each = |most: i64| -> Vec<i64> { (0..axes).map(|_| self.random.between(1, most)).collect() };
        let (sizes, stride, dilation) = (each(4), each(3), each(3));
        let taps = sizes.iter().product::<i64>() as f64;
        let seen = windows(x.node, sizes, Some(Each(stride)), Some(Each(dilation))).ok()?;
        if !x.node.dtype().is_float() || self.random.one_in(2) {
            return Some(Entry { node: seen, ..x });
        }
        let node = folded(x.node, seen)?;
        Some(self.rounded(node, 2.0 * taps * x.max, 2.0 * x.step, 2.0 * taps * x.error))
    }
}

/// Twice each element times the number of windows that it is in.
fn folded<'g>(x: Uop<'g>, seen: Uop<'g>) -> Option<Uop<'g>> {
    grad(sum(square(seen).ok()?, None).ok()?, &[x]).ok()?.pop()
}
