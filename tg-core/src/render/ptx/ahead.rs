//! What fills shared memory and takes matrices out of it: copies that run ahead, and loads by a warp.
//!
//! A copy is one instruction for a load and the store of what it loaded, without a register between. Where an access is
//! narrower than 4 bytes, or what stands for elements that are not there is not 0, it is a load and a store as ever.

use rustc_hash::FxHashSet;

use super::layout::{Chunk, chunks};
use super::memory::places;
use super::registers::{Class, Lane};
use super::{Pointer, Writer, buffer};
use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop};

/// The narrowest copy in bytes.
const NARROWEST: usize = 4;

/// The shared memory of copies whose loop comes back to elements that it has read: its counter is taken apart, as into the
/// taps of windows, which have most elements in common. They are worth a place in the first-level cache.
pub(super) fn revisited<'g>(list: &[Uop<'g>]) -> FxHashSet<Uop<'g>> {
    let is_taken_apart = |n: Uop<'g>| matches!(n.op(), Op::Idiv | Op::Mod) && n.src(0).ranges().next().is_some();
    let is_copy = |n: &&Uop<'g>| n.op() == Op::Store && matches!(n.arg(), Arg::Ahead(_)) && n.src(1).op() == Op::Load;
    let comes_back = |n: &&Uop<'g>| n.src(1).src(0).src(1).toposort().into_iter().any(is_taken_apart);
    list.iter().filter(is_copy).filter(comes_back).map(|copy| buffer(copy.src(0))).collect()
}

impl<'g> Writer<'g, '_> {
    /// The accesses of `store`, if it is a copy that can run ahead.
    pub(super) fn copies(&self, store: Uop<'g>) -> Option<Vec<Chunk>> {
        let load = store.src(1);
        if !matches!(store.arg(), Arg::Ahead(_)) || load.op() != Op::Load {
            return None;
        }
        let ([from], [to]) = (&places(load.src(0))[..], &places(store.src(0))[..]) else { return None };
        let alignment = self.divisors.of(*from).min(self.divisors.of(*to));
        let (dtype, source) = (load.dtype(), buffer(load.src(0)));
        let all = chunks(dtype.scalar, dtype.lanes as usize, alignment);
        let is_wide = all.iter().all(|chunk| chunk.lanes * dtype.element().bytes() >= NARROWEST);
        let is_zero = |value: Uop| value.as_const().is_some_and(|v| v.to_f64() == 0.0);
        let is_read_only = source.op() == Op::DefineGlobal && !self.written.contains(&source) && !self.is_value(source);
        (is_wide && is_read_only && load.srcs().skip(1).all(is_zero)).then_some(all)
    }

    fn is_value(&self, global: Uop<'g>) -> bool {
        matches!(*global.arg(), Arg::Slot(slot) if self.entry.args.get(slot as usize).is_some_and(Option::is_some))
    }

    /// Begins the copies `all` of `store`. Bytes that are not read are 0.
    pub(super) fn copy_ahead(&mut self, store: Uop<'g>, all: &[Chunk]) {
        let (from, to, element) = (store.src(1).src(0), store.src(0), store.src(1).dtype().element());
        let [source, target] = [from, to].map(|index| self.pointer_of(index.src(0)));
        // A copy that is not made reads nothing.
        let read = from.srcs().nth(2).filter(|valid| to.srcs().nth(2) != Some(*valid));
        let (guard, valid) = (self.guard(to), read.map(|valid| self.scalar(valid)));
        let is_revisited = self.revisited.contains(&buffer(to));
        for chunk in all {
            let bytes = chunk.lanes * element.bytes();
            let read = valid.as_ref().map(|valid| self.read_bytes(valid, bytes)).unwrap_or_default();
            let addresses = self.both(&[(&target, to), (&source, from)], element, chunk.first);
            // The narrower ones have no other.
            let cache = if bytes == 16 && !is_revisited { "cg" } else { "ca" };
            self.body.line(format!("{guard}cp.async.{cache}.shared.global {addresses}, {bytes}{read};"));
        }
    }

    fn both(&mut self, ends: &[(&Pointer, Uop<'g>)], element: DType, lane: usize) -> String {
        let addresses: Vec<_> =
            ends.iter().map(|(pointer, index)| self.address(pointer, index.src(1), element, lane)).collect();
        addresses.join(", ")
    }

    /// How many of `bytes` are read: all or none.
    fn read_bytes(&mut self, valid: &str, bytes: usize) -> String {
        let register = self.body.fresh(Class::B32);
        self.body.line(format!("selp.b32 {register}, {bytes}, 0, {valid};"));
        format!(", {register}")
    }

    /// The parts of matrices that this thread holds, of each a register with one element or two.
    pub(super) fn load_matrix(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let Arg::Matrices(count, by_columns) = *node.arg() else { panic!("render: {node:?}") };
        let index = node.src(0);
        let pointer = self.pointer_of(index.src(0));
        let address = self.address(&pointer, index.src(1), node.dtype().element(), 0);
        let units: Vec<String> = (0..count).map(|_| self.body.fresh(Class::B32)).collect();
        let transposed = if by_columns { ".trans" } else { "" };
        let registers = units.join(", ");
        self.body
            .line(format!("ldmatrix.sync.aligned.m8n8.x{count}{transposed}.shared.b16 {{{registers}}}, {address};"));
        let scalar = node.dtype().scalar;
        units.iter().flat_map(|unit| self.split(unit, scalar, 32 / scalar.bits() as usize)).collect()
    }
}
