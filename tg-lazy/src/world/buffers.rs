//! Which BUFFERs of the graph are in use, and which can be used again.
//!
//! A BUFFER stands for elements. When nothing refers to these any more, it stands for those of the next tensor of the same type
//! and shape: a program that computes the same of ever new tensors finds all of its nodes in the graph. Of several the first
//! is taken, so that tensors that are made in the same order get the same BUFFERs, in whichever order they went.
//!
//! Not here: what refers to a BUFFER. Those who do count it.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;
use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::ir::{Graph, Id, Uop};

/// The count of what is never used again: too many refer to it to tell when the last is gone.
const PINNED: u32 = u32::MAX;

/// The counts of BUFFERs.
#[derive(Debug, Default)]
pub struct Buffers {
    /// By id.
    counts: Vec<u32>,
    /// Those that nothing refers to, by the hash of type and shape.
    free: BTreeSet<(u64, Id)>,
}

fn hash(dtype: DType, shape: &[Dim]) -> u64 {
    let mut hasher = FxHasher::default();
    (dtype, shape).hash(&mut hasher);
    hasher.finish()
}

impl Buffers {
    /// A BUFFER of `graph` that nothing refers to, counted once.
    pub fn take(&mut self, graph: &Graph, dtype: DType, shape: &[Dim]) -> Id {
        let hash = hash(dtype, shape);
        let fits = |node: Uop| node.dtype() == dtype && node.shape() == shape;
        let known = self.free.range((hash, Id(0))..=(hash, Id(u32::MAX))).find(|(_, id)| fits(graph.get(*id))).copied();
        let id = match known {
            Some(known) => {
                self.free.remove(&known);
                known.1
            }
            None => graph.buffer(dtype, shape.to_vec()).id(),
        };
        self.hold(id);
        id
    }

    fn count(&mut self, id: Id) -> &mut u32 {
        let at = id.0 as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        &mut self.counts[at]
    }

    /// One more refers to it.
    pub fn hold(&mut self, id: Id) {
        let count = self.count(id);
        *count = count.saturating_add(1);
    }

    /// One that referred to it is gone.
    pub fn leave(&mut self, graph: &Graph, id: Id) {
        let count = self.count(id);
        if *count == PINNED {
            return;
        }
        *count -= 1;
        if *count == 0 {
            let node = graph.get(id);
            self.free.insert((hash(node.dtype(), node.shape()), id));
        }
    }

    /// It is never used again.
    pub fn pin(&mut self, id: Id) {
        *self.count(id) = PINNED;
    }
}
