//! The kinds of relocation that are known, as a table for each processor.
//!
//! A row says of what an address is taken, what is computed of it, and which field gets the result. The numbers, names and
//! formulas are those of the ABI of each processor (x86-64 psABI, table 4.9; ELF for the Arm 64-bit architecture, section 5.7).
//! Kinds that other code models, position-dependent tables or thread-local storage need are left out: they are errors.

use super::elf::Machine;
use super::error::LoadError;
use super::field::Field::{self, *};

/// Of what the address is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The symbol itself.
    Symbol,
    /// The symbol; if it is a function outside of the object, a stub near by that jumps to it.
    Near,
    /// The slot that holds the address of the symbol.
    Slot,
}

/// What is computed, for an address with the addend, A, and the place of the field, P.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    /// `A`
    Absolute,
    /// `A - P`
    Relative,
    /// `page(A) - page(P)`, for pages of 4 KiB.
    Pages,
}
use Formula::*;
use Of::*;

impl Formula {
    pub(super) fn value(self, address: i128, place: u64) -> i128 {
        let page = |at: i128| at & !0xfff;
        match self {
            Absolute => address,
            Relative => address - i128::from(place),
            Pages => page(address) - page(place.into()),
        }
    }
}

/// A kind of relocation.
#[derive(Debug)]
pub(super) struct Row {
    pub number: u32,
    pub name: &'static str,
    pub of: Of,
    pub formula: Formula,
    pub field: Field,
}

macro_rules! rows {
    ($($number:literal $name:ident: $of:ident $formula:ident $field:expr;)*) => {
        &[$(Row { number: $number, name: stringify!($name), of: $of, formula: $formula, field: $field }),*]
    };
}

const X86_64: &[Row] = rows! {
    0 R_X86_64_NONE: Symbol Absolute Nothing;
    1 R_X86_64_64: Symbol Absolute Word64;
    2 R_X86_64_PC32: Near Relative Signed32;
    4 R_X86_64_PLT32: Near Relative Signed32;
    9 R_X86_64_GOTPCREL: Slot Relative Signed32;
    10 R_X86_64_32: Near Absolute Unsigned32;
    11 R_X86_64_32S: Near Absolute Signed32;
    24 R_X86_64_PC64: Symbol Relative Word64;
    41 R_X86_64_GOTPCRELX: Slot Relative Signed32;
    42 R_X86_64_REX_GOTPCRELX: Slot Relative Signed32;
};

const AARCH64: &[Row] = rows! {
    0 R_AARCH64_NONE: Symbol Absolute Nothing;
    257 R_AARCH64_ABS64: Symbol Absolute Word64;
    258 R_AARCH64_ABS32: Near Absolute Either32;
    260 R_AARCH64_PREL64: Symbol Relative Word64;
    261 R_AARCH64_PREL32: Near Relative Either32;
    273 R_AARCH64_LD_PREL_LO19: Near Relative Branch { at: 5, width: 19 };
    274 R_AARCH64_ADR_PREL_LO21: Near Relative Adr;
    275 R_AARCH64_ADR_PREL_PG_HI21: Near Pages Adrp;
    276 R_AARCH64_ADR_PREL_PG_HI21_NC: Near Pages AdrpCut;
    277 R_AARCH64_ADD_ABS_LO12_NC: Near Absolute InPage { scale: 0 };
    278 R_AARCH64_LDST8_ABS_LO12_NC: Near Absolute InPage { scale: 0 };
    279 R_AARCH64_TSTBR14: Near Relative Branch { at: 5, width: 14 };
    280 R_AARCH64_CONDBR19: Near Relative Branch { at: 5, width: 19 };
    282 R_AARCH64_JUMP26: Near Relative Branch { at: 0, width: 26 };
    283 R_AARCH64_CALL26: Near Relative Branch { at: 0, width: 26 };
    284 R_AARCH64_LDST16_ABS_LO12_NC: Near Absolute InPage { scale: 1 };
    285 R_AARCH64_LDST32_ABS_LO12_NC: Near Absolute InPage { scale: 2 };
    286 R_AARCH64_LDST64_ABS_LO12_NC: Near Absolute InPage { scale: 3 };
    299 R_AARCH64_LDST128_ABS_LO12_NC: Near Absolute InPage { scale: 4 };
    309 R_AARCH64_GOT_LD_PREL19: Slot Relative Branch { at: 5, width: 19 };
    311 R_AARCH64_ADR_GOT_PAGE: Slot Pages Adrp;
    312 R_AARCH64_LD64_GOT_LO12_NC: Slot Absolute InPage { scale: 3 };
};

/// Code that jumps to the address in a slot, and the relocations in it: byte, kind, addend.
#[derive(Debug)]
pub(super) struct Stub {
    pub code: &'static [u8],
    pub relocations: &'static [(usize, u32, i64)],
}

impl Machine {
    /// The row of a kind.
    pub(super) fn row(self, kind: u32) -> Result<&'static Row, LoadError> {
        let rows = match self {
            Machine::X86_64 => X86_64,
            Machine::Aarch64 => AARCH64,
        };
        let row = rows.iter().find(|row| row.number == kind);
        row.ok_or(LoadError::Relocation { machine: self.name(), kind })
    }

    pub(super) fn stub(self) -> &'static Stub {
        match self {
            // jmp *slot(%rip), and traps up to the next multiple of 8. The distance counts from the end of the instruction.
            Machine::X86_64 => &Stub { code: b"\xff\x25\0\0\0\0\xcc\xcc", relocations: &[(2, 9, -4)] },
            // adrp x16, slot; ldr x16, [x16, slot]; br x16
            Machine::Aarch64 => {
                &Stub { code: b"\x10\0\0\x90\x10\x02\x40\xf9\0\x02\x1f\xd6", relocations: &[(0, 311, 0), (4, 312, 0)] }
            }
        }
    }
}

/// Whether the object has to lie in the lowest 2 GiB of the address space.
pub(super) fn needs_low_addresses(row: &Row) -> bool {
    row.formula == Absolute && matches!(row.field, Signed32 | Unsigned32 | Either32)
}
