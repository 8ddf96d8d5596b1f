//! Reads ELF64 relocatable objects, as far as C compilers make use of the format for kernels.
//!
//! Safe code over a slice, without IO. Every number of the file is checked before it is used: work and memory are bounded by
//! the length of the file, because sections with contents must not add up to more than that. What is not understood is an
//! error if it could matter at run time. Nothing here decides where sections lie in memory, and names of sections are not
//! read at all: flags say what a section is.

mod tables;

use std::fmt::Display;

use self::tables::{concerns_memory, read_relocations, symbol_table, symbols};
use super::error::{LoadError, malformed};

/// Largest file that is read, in bytes. Objects of kernels have some ten thousand.
pub(super) const OBJECT_LIMIT: usize = 64 << 20;

const HEADER_BYTES: usize = 64;
const SECTION_BYTES: usize = 64;

/// The processor that an object is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    X86_64,
    Aarch64,
}

impl Machine {
    /// The processor this program runs on, if its objects can be loaded.
    pub(super) const HOST: Option<Machine> = if cfg!(target_arch = "x86_64") {
        Some(Machine::X86_64)
    } else if cfg!(all(target_arch = "aarch64", target_endian = "little")) {
        Some(Machine::Aarch64)
    } else {
        None
    };

    pub(super) fn name(self) -> &'static str {
        match self {
            Machine::X86_64 => "x86-64",
            Machine::Aarch64 => "aarch64",
        }
    }
}

/// What a section's memory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Code,
    Constants,
    Data,
}

/// A section that is in memory at run time.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub access: Access,
    /// In memory; what `contents` does not fill is zeros.
    pub size: u64,
    /// A power of two.
    pub align: u64,
    pub contents: &'a [u8],
}

/// Where a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Undefined,
    Absolute(u64),
    /// A byte of a section, or its end.
    Section(usize, u64),
    /// In a section that is not in memory.
    Absent,
}

#[derive(Debug)]
pub(super) struct Symbol<'a> {
    /// Empty for local symbols.
    pub name: &'a [u8],
    pub place: Place,
    pub is_function: bool,
}

/// A field that depends on addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relocation {
    pub section: usize,
    pub offset: u64,
    pub kind: u32,
    /// Index of a symbol that there is.
    pub symbol: usize,
    pub addend: i64,
}

/// An object file as it is, with numbers that are checked.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub machine: Machine,
    /// By their numbers; `None` for those that are not in memory.
    pub sections: Vec<Option<Section<'a>>>,
    pub symbols: Vec<Symbol<'a>>,
    pub relocations: Vec<Relocation>,
}

/// Little-endian numbers; what lies outside reads as 0.
#[derive(Clone, Copy)]
struct Record<'a>(&'a [u8]);

impl Record<'_> {
    fn number(&self, at: usize, bytes: usize) -> u64 {
        let field = self.0.get(at..at + bytes).unwrap_or(&[]);
        field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn u8(&self, at: usize) -> u8 {
        self.number(at, 1) as u8
    }

    fn u16(&self, at: usize) -> u16 {
        self.number(at, 2) as u16
    }

    fn u32(&self, at: usize) -> u32 {
        self.number(at, 4) as u32
    }

    fn u64(&self, at: usize) -> u64 {
        self.number(at, 8)
    }
}

/// Types of sections.
mod kind {
    pub const NULL: u32 = 0;
    pub const PROGBITS: u32 = 1;
    pub const SYMTAB: u32 = 2;
    pub const STRTAB: u32 = 3;
    pub const RELA: u32 = 4;
    pub const NOTE: u32 = 7;
    pub const NOBITS: u32 = 8;
    pub const REL: u32 = 9;
    pub const GROUP: u32 = 17;
    pub const LLVM_ADDRSIG: u32 = 0x6fff_4c03;
    pub const X86_64_UNWIND: u32 = 0x7000_0001;
    pub const AARCH64_ATTRIBUTES: u32 = 0x7000_0003;
}

/// Flags of sections.
mod flag {
    pub const WRITE: u64 = 1;
    pub const ALLOC: u64 = 2;
    pub const CODE: u64 = 4;
    const MERGE: u64 = 0x10;
    const STRINGS: u64 = 0x20;
    const INFO_LINK: u64 = 0x40;
    const LINK_ORDER: u64 = 0x80;
    const GROUP: u64 = 0x200;
    /// Those that ask for nothing at run time beyond access. Merging equal constants is allowed, not required.
    pub const KNOWN: u64 = WRITE | ALLOC | CODE | MERGE | STRINGS | INFO_LINK | LINK_ORDER | GROUP;
}

/// A row of the table of sections.
struct Header<'a> {
    number: usize,
    kind: u32,
    flags: u64,
    size: u64,
    link: usize,
    info: usize,
    align: u64,
    entry: u64,
    contents: &'a [u8],
}

impl Header<'_> {
    fn wrong(&self, reason: impl Display) -> LoadError {
        malformed(format!("section {}: {reason}", self.number))
    }

    fn is_loaded(&self) -> bool {
        self.flags & flag::ALLOC != 0
    }
}

impl<'a> Object<'a> {
    /// Reads a whole file.
    pub(super) fn parse(file: &'a [u8]) -> Result<Object<'a>, LoadError> {
        if file.len() > OBJECT_LIMIT {
            return Err(LoadError::TooLarge { what: "an object file", limit: OBJECT_LIMIT });
        }
        let machine = machine(file)?;
        let headers = headers(file)?;
        let sections = headers.iter().map(|header| section(header, machine)).collect::<Result<Vec<_>, _>>()?;
        let table = symbol_table(&headers)?;
        let symbols = table.map_or(Ok(vec![]), |table| symbols(table, &headers))?;
        let mut relocations = vec![];
        for header in &headers {
            if concerns_memory(header, &headers)? {
                read_relocations(header, table, symbols.len(), &mut relocations)?;
            }
        }
        Ok(Object { machine, sections, symbols, relocations })
    }
}

/// Checks what the file says of itself.
fn machine(file: &[u8]) -> Result<Machine, LoadError> {
    let record = Record(file);
    if file.len() < HEADER_BYTES || !file.starts_with(b"\x7fELF") {
        return Err(malformed("expected an ELF file, which has a header of 64 bytes that begins with 7f 45 4c 46"));
    }
    let check = |name: &str, got: u64, expected: u64| {
        (got == expected).then_some(()).ok_or_else(|| malformed(format!("{name} is {got}, expected {expected}")))
    };
    check("the class", record.u8(4).into(), 2)?;
    check("the byte order", record.u8(5).into(), 1)?;
    check("the version", record.u8(6).into(), 1)?;
    check("the type (1: relocatable)", record.u16(16).into(), 1)?;
    check("the size of a section header", record.u16(58).into(), SECTION_BYTES as u64)?;
    match record.u16(18) {
        62 => Ok(Machine::X86_64),
        183 => Ok(Machine::Aarch64),
        other => Err(malformed(format!("the machine is {other}, expected 62 (x86-64) or 183 (aarch64)"))),
    }
}

/// The part of the file from `offset` on.
fn part(file: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let begin = usize::try_from(offset).ok()?;
    file.get(begin..begin.checked_add(usize::try_from(size).ok()?)?)
}

fn headers(file: &[u8]) -> Result<Vec<Header<'_>>, LoadError> {
    let record = Record(file);
    let (offset, count) = (record.u64(40), u64::from(record.u16(60)));
    if count == 0 {
        return Err(malformed("expected between 1 and 65279 sections"));
    }
    let table = part(file, offset, count * SECTION_BYTES as u64)
        .ok_or_else(|| malformed(format!("{count} section headers from byte {offset} on reach beyond the file")))?;
    let rows = table.chunks_exact(SECTION_BYTES).enumerate();
    let headers = rows.map(|(number, row)| header(file, number, Record(row))).collect::<Result<Vec<_>, _>>()?;
    let bytes: usize = headers.iter().map(|header| header.contents.len()).sum();
    match bytes <= file.len() {
        true => Ok(headers),
        false => Err(malformed(format!("sections have {bytes} bytes in a file of {}: they overlap", file.len()))),
    }
}

fn header<'a>(file: &'a [u8], number: usize, row: Record) -> Result<Header<'a>, LoadError> {
    let (kind, offset, size) = (row.u32(4), row.u64(24), row.u64(32));
    let has_contents = !matches!(kind, kind::NULL | kind::NOBITS);
    let contents = if has_contents { part(file, offset, size) } else { Some(&[][..]) };
    let contents = contents.ok_or_else(|| {
        malformed(format!("section {number}: {size} bytes from byte {offset} on reach beyond the file"))
    })?;
    let (link, info) = (row.u32(40) as usize, row.u32(44) as usize);
    Ok(Header { number, kind, flags: row.u64(8), size, link, info, align: row.u64(48), entry: row.u64(56), contents })
}

fn section<'a>(header: &Header<'a>, machine: Machine) -> Result<Option<Section<'a>>, LoadError> {
    if !header.is_loaded() {
        return known_kind(header).map(|()| None);
    }
    let unwind = machine == Machine::X86_64 && header.kind == kind::X86_64_UNWIND;
    if !matches!(header.kind, kind::PROGBITS | kind::NOBITS | kind::NOTE) && !unwind {
        return Err(header.wrong(format!("contents of type {:#x} in memory are not known", header.kind)));
    }
    if header.flags & !flag::KNOWN != 0 {
        return Err(header.wrong(format!("flags {:#x} are not known", header.flags & !flag::KNOWN)));
    }
    let align = header.align.max(1);
    if !align.is_power_of_two() {
        return Err(header.wrong(format!("alignment {align} is no power of two")));
    }
    Ok(Some(Section { access: access(header)?, size: header.size, align, contents: header.contents }))
}

fn access(header: &Header) -> Result<Access, LoadError> {
    match (header.flags & flag::WRITE != 0, header.flags & flag::CODE != 0) {
        (true, true) => Err(header.wrong("code that can be written is refused")),
        (_, true) => Ok(Access::Code),
        (true, _) => Ok(Access::Data),
        (false, false) => Ok(Access::Constants),
    }
}

/// Sections that are not in memory may still change what is: their types have to be known.
fn known_kind(header: &Header) -> Result<(), LoadError> {
    match header.kind {
        kind::NULL | kind::PROGBITS | kind::SYMTAB | kind::STRTAB | kind::RELA | kind::NOTE | kind::NOBITS => Ok(()),
        kind::REL | kind::GROUP | kind::LLVM_ADDRSIG | kind::AARCH64_ATTRIBUTES => Ok(()),
        other => Err(header.wrong(format!("type {other:#x} is not known"))),
    }
}
