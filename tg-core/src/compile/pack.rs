//! Copies of constant operands, on the way from loop nests to text: see `optimize/pack.rs`.

use std::collections::BTreeMap;

use super::{Language, Pack, Planned, Slot};
use crate::ir::Uop;
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

    /// Number `at` of the copies that `kernel` reads; the text that makes it is added to `source`, and what that needs to
    /// `prelude`.
    pub(super) fn spell(
        &self,
        (kernel, at): (&Planned, usize),
        language: Language,
        (source, prelude): (&mut String, &mut BTreeMap<String, String>),
    ) -> Pack {
        let (Packing { of, bytes, key, .. }, name) = (self.packing, format!("{}_pack{at}", kernel.symbol()));
        let rendered = match language {
            Language::Rust => emit(&self.linear, &name, &[], &mut Rust::default()),
            Language::C => emit(&self.linear, &name, &[], &mut C::default()),
            Language::Ptx => panic!("compile: GPUs have no constant operands"),
        };
        prelude.extend(rendered.prelude);
        *source += &format!("\n{}", rendered.source);
        let Slot::Param(of) = kernel.args[of as usize] else { panic!("compile: an intermediate is no constant") };
        Pack { name, of, bytes, key }
    }
}

/// Whether `kernel` reads an operand that is constant between calls.
pub(super) fn reads_constants(kernel: Uop) -> bool {
    kernel.toposort().into_iter().any(crate::optimize::is_constant)
}
