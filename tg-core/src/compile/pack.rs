//! Copies of constant operands, on the way from loop nests to text: see `optimize/pack.rs`.

use std::collections::BTreeMap;

use super::{Language, Pack};
use crate::lower::{Linear, lower};
use crate::optimize::Packing;
use crate::render::{C, Rust, emit};
use crate::symbolic::Simplifier;
use crate::target::Isa;

/// A copy of a constant operand as instructions.
pub struct LoweredPack<'g> {
    /// What it is a copy of, and how large.
    pub packing: Packing<'g>,
    /// The instructions.
    pub linear: Linear<'g>,
}

impl<'g> LoweredPack<'g> {
    pub(super) fn new(packing: Packing<'g>, isa: Isa, simplifier: &mut Simplifier<'g>) -> LoweredPack<'g> {
        LoweredPack { packing, linear: lower(packing.nest, isa, simplifier) }
    }

    /// The copy as a function `name`: its text is added to `source`, and what that needs to `prelude`.
    fn spell(
        &self,
        name: String,
        language: Language,
        (source, prelude): (&mut String, &mut BTreeMap<String, String>),
    ) -> Pack {
        let Packing { of, bytes, key, .. } = self.packing;
        let rendered = match language {
            Language::Rust => emit(&self.linear, &name, &[], &mut Rust::default()),
            Language::C => emit(&self.linear, &name, &[], &mut C::default()),
            Language::Ptx => panic!("compile: GPUs have no constant operands"),
        };
        prelude.extend(rendered.prelude);
        *source += &format!("\n{}", rendered.source);
        Pack { name, of, bytes, key }
    }
}

/// The copies `packs` that a kernel `symbol` reads, each [`Pack::of`] an argument of the kernel; their texts are added to
/// `source`, and what those need to `prelude`.
pub(super) fn spelled(
    packs: &[LoweredPack],
    symbol: &str,
    language: Language,
    (source, prelude): (&mut String, &mut BTreeMap<String, String>),
) -> Vec<Pack> {
    let numbered = packs.iter().enumerate();
    numbered.map(|(at, pack)| pack.spell(format!("{symbol}_pack{at}"), language, (source, prelude))).collect()
}
