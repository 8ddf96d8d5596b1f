//! Which intermediates share memory: two whose lifetimes do not overlap may.
//!
//! Lifetimes are counted in kernels. A slot is reused only if the size provably fits: equal
//! polynomials, or known sizes, of which the slot takes the largest.

use super::{Item, Memory};
use crate::dim::Dim;
use crate::dtype::DType;

/// Slots of the workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slots {
    /// Bytes of each slot.
    pub bytes: Vec<Dim>,
    /// The slot of each intermediate, by its number after the parameters; `None` if nothing uses it.
    pub of: Vec<Option<u32>>,
}

/// Slots are multiples of this, so that every one of them can be aligned for vectors.
const ALIGN: i64 = 64;

pub(super) fn plan(items: &[Item], params: usize, intermediates: &[(DType, Vec<Dim>)]) -> Slots {
    let mut slots = Slots { bytes: vec![], of: vec![None; intermediates.len()] };
    let mut free_from: Vec<usize> = vec![];
    for (now, item) in items.iter().enumerate() {
        let Some(number) = intermediate(item.target, params) else { continue };
        let size = bytes(&intermediates[number]);
        let last = items.iter().rposition(|i| i.reads.contains(&item.target)).unwrap_or(now);
        let fits = |slot: &Dim| *slot == size || (slot.known().is_some() && size.known().is_some());
        let candidates = (0..slots.bytes.len()).filter(|&s| free_from[s] <= now && fits(&slots.bytes[s]));
        // The slot that wastes least: closest in size.
        let waste = |s: &usize| slots.bytes[*s].known().zip(size.known()).map_or(0, |(a, b)| (a - b).abs());
        let slot = candidates.min_by_key(waste).unwrap_or_else(|| {
            free_from.push(0);
            slots.bytes.push(size.clone());
            slots.bytes.len() - 1
        });
        if slots.bytes[slot].known() < size.known() {
            slots.bytes[slot] = size;
        }
        free_from[slot] = last + 1;
        slots.of[number] = Some(slot as u32);
    }
    slots
}

fn intermediate(memory: Memory, params: usize) -> Option<usize> {
    (memory.0 as usize).checked_sub(params)
}

fn bytes((dtype, shape): &(DType, Vec<Dim>)) -> Dim {
    let exact = shape.iter().fold(Dim::from(dtype.bytes() as i64), |a, b| &a * b);
    exact.known().map_or(exact, |b| Dim::from((b + ALIGN - 1) / ALIGN * ALIGN))
}
