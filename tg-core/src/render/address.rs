//! Accesses of one loop that lie a constant apart: the address of the first element has a name, and the others are told from it.
//!
//! A compiler takes its time for each step from an index to an address, and tiles and transpositions are hundreds of accesses.
//! With the first element, no address is outside of what it points into. Accesses under a condition, which may be the only
//! ones that are within, are left alone.

use rustc_hash::{FxHashMap, FxHashSet};

use super::emit::Blocks;
use crate::ir::{Op, Uop};
use crate::lower::Linear;

/// Different addresses from which a name pays: that of one or two may be a part of the instructions that access it.
const FEWEST: usize = 3;

/// How an access is written.
#[derive(Clone, Copy)]
pub(super) struct Told<'g> {
    /// The access to the first element, whose address has a name.
    pub first: Uop<'g>,
    /// How many elements behind that this one is.
    pub elements: i64,
    /// Whether what is told from this address is written to.
    pub is_written: bool,
}

/// The accesses that are told from others.
#[derive(Default)]
pub(super) struct Addresses<'g> {
    accesses: FxHashMap<Uop<'g>, Told<'g>>,
    /// Indices that nothing needs but these accesses.
    indices: FxHashSet<Uop<'g>>,
}

impl<'g> Addresses<'g> {
    pub fn new(linear: &Linear<'g>, blocks: &Blocks<'g>) -> Addresses<'g> {
        let mut addresses = Addresses::default();
        groups(linear, blocks).iter().for_each(|group| addresses.tell(group));
        let needed: FxHashSet<_> = linear.0.iter().flat_map(|n| addresses.needs(*n)).collect();
        let indices = addresses.accesses.keys().map(|access| access.src(0).src(1));
        addresses.indices = indices.filter(|index| !needed.contains(index)).collect();
        addresses
    }

    /// How `access`, a LOAD or STORE, is told from another.
    pub fn of(&self, access: Uop<'g>) -> Option<Told<'g>> {
        self.accesses.get(&access).copied()
    }

    /// Whether `node` is an index that nothing needs.
    pub fn is_needless(&self, node: Uop<'g>) -> bool {
        self.indices.contains(&node)
    }

    /// Tells accesses from the first of them. Each comes with its distance from a place that they have in common.
    fn tell(&mut self, group: &[(Uop<'g>, i64)]) {
        let Some(&(first, least)) = group.iter().min_by_key(|(_, distance)| *distance) else { return };
        let distances: FxHashSet<i64> = group.iter().map(|(_, distance)| *distance).collect();
        if distances.len() >= FEWEST {
            let is_written = group.iter().any(|(access, _)| access.op() == Op::Store);
            let told = |distance| Told { first, elements: distance - least, is_written };
            self.accesses.extend(group.iter().map(|(access, distance)| (*access, told(distance))));
        }
    }

    /// What has to have a text for `node` to be written.
    fn needs(&self, node: Uop<'g>) -> Vec<Uop<'g>> {
        match node.op() {
            Op::Index => vec![],
            Op::Load | Op::Store if self.accesses.contains_key(&node) => node.srcs().skip(1).collect(),
            Op::Load | Op::Store | Op::Prefetch => node.src(0).srcs().chain(node.srcs().skip(1)).collect(),
            _ => node.srcs().collect(),
        }
    }
}

/// The accesses of each loop to a place, and their distances from it.
fn groups<'g>(linear: &Linear<'g>, blocks: &Blocks<'g>) -> Vec<Vec<(Uop<'g>, i64)>> {
    let mut groups: FxHashMap<_, Vec<_>> = FxHashMap::default();
    for &access in linear.0.iter().filter(|n| matches!(n.op(), Op::Load | Op::Store)) {
        if let Some((place, distance)) = parts(access.src(0)) {
            groups.entry((blocks[&access], access.src(0).src(0), place)).or_default().push((access, distance));
        }
    }
    groups.into_values().collect()
}

/// The part of an index that varies, and the constant that is added to it, where there is no condition.
fn parts<'g>(index: Uop<'g>) -> Option<(Uop<'g>, i64)> {
    let sum = index.src(1);
    let is_plain = index.arity() == 2 && sum.dtype().lanes == 1 && sum.as_int().is_none();
    let constant = if sum.op() == Op::Add { sum.src(1).as_int() } else { None };
    let parts = constant.map_or((sum, 0), |constant| (sum.src(0), constant as i64));
    is_plain.then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::super::{C, emit};
    use super::*;
    use crate::dtype::DType;
    use crate::ir::{Arg, Axis, Graph};
    use crate::lower::linearize;

    /// `y[i] = x[i + 5] + x[i + 3] + x[i + 1] + (i < 4 ? x[i] : 0)`
    #[test]
    fn accesses_are_told_from_the_first_that_has_no_condition() {
        let g = Graph::new();
        let (i, x) = (g.range(g.index(8), Axis::Loop), g.global(DType::F32, 0));
        let [last, middle, first] = [5, 3, 1].map(|k| x.element(i + g.index(k), None).load());
        let guarded = x.element(i, Some(i.lt(g.index(4))));
        let guarded = g.node(Op::Load, DType::F32, &[guarded, g.constant(DType::F32, 0.0)], Arg::None);
        let store = g.global(DType::F32, 1).element(i, None).store(last + middle + first + guarded, &[i]);
        let text = emit(&linearize(g.sink(&[store])), "k", &[], &mut C::default()).source;
        for part in [
            "const f32 *p1 = b0 + (r0 + 1ll);",
            "= p1[4ll];",
            "= p1[2ll];",
            "= p1[0ll];",
            "? b0[r0] : 0.0f;",
            " b1[r0] = ",
        ] {
            assert_eq!(text.matches(part).count(), 1, "{part}:\n{text}");
        }
        assert_eq!(text.matches("5ll").count(), 0, "an index that nothing needs:\n{text}");
    }
}
