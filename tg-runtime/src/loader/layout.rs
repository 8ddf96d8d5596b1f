//! Where the parts of an object lie in one block of memory: code, then constants, then data, each on pages of its own.
//!
//! Only sizes and offsets; addresses come later. Code ends with stubs for functions outside of the object, which may be
//! further away than an instruction reaches, and constants end with slots, each of which holds the address of a symbol.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::elf::{Access, Object, Place};
use super::error::{LoadError, malformed};
use super::relocation::{Of, needs_low_addresses};

/// Most bytes that an object may take in memory. It also keeps all parts of one within the reach of 32-bit distances.
pub(super) const IMAGE_LIMIT: u64 = 64 << 20;

const SLOT_BYTES: u64 = 8;

#[derive(Debug)]
pub(super) struct Layout {
    /// Where each section begins; `None` for those that are not in memory.
    pub sections: Vec<Option<usize>>,
    /// Where the address of a symbol is kept.
    pub slots: BTreeMap<usize, usize>,
    /// Where the jump to a symbol is.
    pub stubs: BTreeMap<usize, usize>,
    /// Whole pages, one after the other.
    pub code: Range<usize>,
    pub constants: Range<usize>,
    pub data: Range<usize>,
    /// Whether all of it has to lie in the lowest 2 GiB of the address space.
    pub low: bool,
}

/// Hands out offsets.
struct Cursor(u64);

impl Cursor {
    fn take(&mut self, bytes: u64, align: u64) -> Result<usize, LoadError> {
        let start = self.0.checked_next_multiple_of(align);
        let end = start.and_then(|start| start.checked_add(bytes)).filter(|end| *end <= IMAGE_LIMIT);
        let (Some(start), Some(end)) = (start, end) else {
            return Err(LoadError::TooLarge { what: "an object in memory", limit: IMAGE_LIMIT as usize });
        };
        self.0 = end;
        Ok(start as usize)
    }
}

impl Layout {
    /// The layout for pages of `page` bytes.
    pub(super) fn of(object: &Object, page: u64) -> Result<Layout, LoadError> {
        let needs = Needs::of(object)?;
        let stub = object.machine.stub().code.len() as u64;
        let mut sections = vec![None; object.sections.len()];
        let mut cursor = Cursor(0);
        place(object, Access::Code, page, &mut sections, &mut cursor)?;
        let stubs = numbered(&needs.stubs, stub, stub.next_power_of_two(), &mut cursor)?;
        let code = cursor.take(0, page)?;
        place(object, Access::Constants, page, &mut sections, &mut cursor)?;
        let slots = numbered(&needs.slots, SLOT_BYTES, SLOT_BYTES, &mut cursor)?;
        let constants = cursor.take(0, page)?;
        place(object, Access::Data, page, &mut sections, &mut cursor)?;
        let data = cursor.take(0, page)?;
        let (code, constants, data) = (0..code, code..constants, constants..data);
        Ok(Layout { sections, slots, stubs, code, constants, data, low: needs.low })
    }

    /// Bytes of the whole block.
    pub(super) fn bytes(&self) -> usize {
        self.data.end
    }
}

/// What relocations need beside the sections.
#[derive(Default)]
struct Needs {
    slots: BTreeSet<usize>,
    stubs: BTreeSet<usize>,
    low: bool,
}

impl Needs {
    fn of(object: &Object) -> Result<Needs, LoadError> {
        let mut needs = Needs::default();
        for relocation in &object.relocations {
            let row = object.machine.row(relocation.kind)?;
            let outside = object.symbols[relocation.symbol].place == Place::Undefined;
            let stub = row.of == Of::Near && outside;
            if stub {
                needs.stubs.insert(relocation.symbol);
            }
            if stub || row.of == Of::Slot {
                needs.slots.insert(relocation.symbol);
            }
            needs.low |= needs_low_addresses(row);
        }
        Ok(needs)
    }
}

/// Places the sections of one kind.
fn place(
    object: &Object,
    access: Access,
    page: u64,
    places: &mut [Option<usize>],
    cursor: &mut Cursor,
) -> Result<(), LoadError> {
    for (number, (section, place)) in object.sections.iter().zip(places).enumerate() {
        let Some(section) = section.as_ref().filter(|section| section.access == access) else { continue };
        if section.align > page {
            return Err(malformed(format!("section {number}: alignment {}, of at most {page}", section.align)));
        }
        *place = Some(cursor.take(section.size, section.align)?);
    }
    Ok(())
}

/// Places an item of `bytes` bytes for each symbol.
fn numbered(
    symbols: &BTreeSet<usize>,
    bytes: u64,
    align: u64,
    cursor: &mut Cursor,
) -> Result<BTreeMap<usize, usize>, LoadError> {
    symbols.iter().map(|symbol| Ok((*symbol, cursor.take(bytes, align)?))).collect()
}
