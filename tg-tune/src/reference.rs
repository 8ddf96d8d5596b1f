//! The heuristic's kernel against the interpreter, for kernels that are small enough for it.

use tg_core::compile::Portable;
use tg_core::interpret::{Array, run_kernel};
use tg_core::ir::{Graph, Uop, text};
use tg_core::loops::Nest;

use crate::bench::{size, typical};
use crate::data::Form;

/// Most iterations of all loops that are interpreted.
const MOST_STEPS: i128 = 1 << 18;

/// What is wrong with `results`, the contents of all buffers after `kernel` ran; `None` if nothing is, or if it is too much
/// to interpret.
pub fn mismatch(kernel: &Portable, forms: &[Form], results: &[u8]) -> Option<String> {
    let graph = Graph::new();
    let root = text::parse(&graph, &kernel.nest).ok().filter(|root| steps(*root) <= MOST_STEPS)?;
    let mut arrays: Vec<Array> =
        forms.iter().zip(0..).map(|(form, slot)| array(kernel, form, slot)).collect::<Option<_>>()?;
    if let Err(error) = run_kernel(root, &mut arrays, &|var| typical(var.min, var.max)) {
        return Some(error.to_string());
    }
    let mut bytes = results;
    for (slot, (array, form)) in arrays.iter().zip(forms).enumerate() {
        for (i, expected) in array.data.iter().enumerate() {
            let Some((element, rest)) = bytes.split_at_checked(form.width()) else {
                return Some("there are fewer results than elements".into());
            };
            bytes = rest;
            let actual = form.value(element.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))?;
            if !form.alike(*expected, actual) {
                return Some(format!("element {i} of buffer {slot} is {actual}, the interpreter says {expected}"));
            }
        }
    }
    None
}

fn array(kernel: &Portable, form: &Form, slot: usize) -> Option<Array> {
    let len = size(&kernel.bytes[slot]) as usize / form.width();
    let data = (0..len).map(|i| form.value(form.bits(slot, i))).collect::<Option<_>>()?;
    Some(Array { dtype: form.dtype, shape: vec![len], data })
}

/// Iterations of all loops, each with those around it; unknown sizes count as their typical value.
fn steps(root: Uop) -> i128 {
    let nest = Nest::new(root);
    let trips = |r: Uop| r.src(0).as_int().unwrap_or_else(|| r.src(0).vmax().min(typical(1, i64::MAX).into()));
    let of = |r| nest.path(Some(r)).into_iter().map(trips).fold(1, i128::saturating_mul);
    nest.loops().into_iter().map(of).fold(0, i128::saturating_add)
}
