//! The memory of a kernel under interpretation: buffers, scratch, and places in them.

use rustc_hash::FxHashMap;

use crate::dtype::DType;
use crate::interpret::{Array, Error};
use crate::ir::{Arg, Uop, Value, cast};

/// Where a pointer points: a buffer by its slot, or scratch memory by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Block {
    Global(u32),
    Local(u32),
}

/// An address: a block, the elements of it that the lanes of an access use, and which lanes may access.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub block: Block,
    /// One number: the lanes are consecutive from it. More: one for each lane.
    pub at: Vec<i128>,
    /// One truth value for all lanes, or one for each.
    pub valid: Vec<bool>,
    /// Whether it comes from an AFTER, and so sees what was stored.
    pub current: bool,
}

impl Place {
    fn element(&self, lane: usize) -> i128 {
        if self.at.len() == 1 {
            self.at[0].saturating_add(lane as i128)
        } else {
            self.at.get(lane).copied().unwrap_or(-1)
        }
    }

    pub fn is_valid(&self, lane: usize) -> bool {
        self.valid.get(if self.valid.len() == 1 { 0 } else { lane }).copied().unwrap_or(false)
    }
}

/// Buffers by slot, scratch by number.
pub(super) struct Memory<'a> {
    globals: &'a mut [Array],
    /// Contents from before the kernel, for buffers it writes: what reads see that no AFTER orders.
    before: FxHashMap<u32, Vec<Value>>,
    /// `None` is an element that was never written.
    locals: FxHashMap<u32, Vec<Option<Value>>>,
}

impl<'a> Memory<'a> {
    pub fn new(globals: &'a mut [Array]) -> Memory<'a> {
        Memory { globals, before: FxHashMap::default(), locals: FxHashMap::default() }
    }

    /// Keeps the present contents of `slot` for reads that no AFTER orders.
    pub fn keep(&mut self, slot: u32) {
        if let Some(array) = self.globals.get(slot as usize) {
            self.before.insert(slot, array.data.clone());
        }
    }

    /// The block of a DEFINE_GLOBAL or DEFINE_LOCAL.
    pub fn block(&mut self, node: Uop) -> Result<Block, Error> {
        match node.arg() {
            Arg::Slot(slot) => {
                let array =
                    self.globals.get(*slot as usize).ok_or_else(|| Error::at(node, "no buffer given for it"))?;
                match array.dtype == node.dtype().element() {
                    true => Ok(Block::Global(*slot)),
                    false => Err(Error::at(node, format!("the buffer given for it is {}", array.dtype))),
                }
            }
            Arg::Local(number, len, _) => {
                let len = *len as usize * node.dtype().lanes.max(1) as usize;
                self.locals.entry(*number).or_insert_with(|| vec![None; len]);
                Ok(Block::Local(*number))
            }
            _ => Err(Error::at(node, "is not a pointer")),
        }
    }

    /// Forgets all scratch memory, as a new block of threads has none of the last one's.
    pub fn forget_locals(&mut self) {
        self.locals.clear();
    }

    /// What element `i` of `block` holds.
    pub fn value(&self, block: Block, i: usize) -> Option<Value> {
        match block {
            Block::Global(slot) => self.globals[slot as usize].data.get(i).copied(),
            Block::Local(number) => self.locals.get(&number).and_then(|l| l[i]),
        }
    }

    fn len(&self, block: Block) -> usize {
        match block {
            Block::Global(slot) => self.globals.get(slot as usize).map_or(0, |a| a.data.len()),
            Block::Local(number) => self.locals.get(&number).map_or(0, Vec::len),
        }
    }

    /// The element `lane` of an access through `place`, which INDEX `node` gave.
    pub fn locate(&self, node: Uop, place: &Place, lane: usize) -> Result<usize, Error> {
        let (at, len) = (place.element(lane), self.len(place.block));
        let inside = usize::try_from(at).ok().filter(|i| *i < len);
        inside.ok_or_else(|| Error::at(node, format!("accesses element {at} of {len}")))
    }

    pub fn read(&self, node: Uop, place: &Place, lane: usize) -> Result<Value, Error> {
        let i = self.locate(node, place, lane)?;
        let value = match place.block {
            Block::Global(slot) => match self.before.get(&slot).filter(|_| !place.current) {
                Some(before) => before.get(i).copied(),
                None => self.globals[slot as usize].data.get(i).copied(),
            },
            Block::Local(_) => self.value(place.block, i),
        };
        value.ok_or_else(|| Error::at(node, format!("reads element {i}, which was never written")))
    }

    pub fn write(&mut self, node: Uop, place: &Place, lane: usize, value: Value) -> Result<(), Error> {
        let i = self.locate(node, place, lane)?;
        match place.block {
            Block::Global(slot) => {
                let array = &mut self.globals[slot as usize];
                array.data[i] = cast(value, array.dtype);
            }
            Block::Local(number) => {
                let scalar: DType = node.dtype().element();
                self.locals.entry(number).or_default()[i] = Some(cast(value, scalar));
            }
        }
        Ok(())
    }
}
