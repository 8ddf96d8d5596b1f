//! The tables of symbols and of relocations, and the names in a table of text.

use super::{Header, OBJECT_LIMIT, Place, Record, Relocation, Symbol, kind};
use crate::loader::error::LoadError;

/// Longest name of a symbol, in bytes: a bound on the search for its end.
const NAME_LIMIT: usize = 1024;

const SYMBOL_BYTES: usize = 24;
const RELOCATION_BYTES: usize = 24;

/// Numbers of sections from here on have meanings of their own.
const RESERVED: u16 = 0xff00;
const ABSOLUTE: u16 = 0xfff1;

/// Types of symbols.
const FUNCTION: u8 = 2;
const LAST_PLAIN_TYPE: u8 = 4;

pub(super) fn symbol_table<'h, 'a>(headers: &'h [Header<'a>]) -> Result<Option<&'h Header<'a>>, LoadError> {
    let mut tables = headers.iter().filter(|header| header.kind == kind::SYMTAB);
    let (first, second) = (tables.next(), tables.next());
    second.map_or(Ok(first), |second| Err(second.wrong("a second table of symbols")))
}

/// The rows of a table whose rows have `bytes` bytes.
fn rows<'a>(header: &Header<'a>, bytes: usize) -> Result<impl Iterator<Item = Record<'a>> + use<'a>, LoadError> {
    if header.entry != bytes as u64 || !header.contents.len().is_multiple_of(bytes) {
        let (got, size) = (header.entry, header.contents.len());
        return Err(header.wrong(format!("{size} bytes in rows of {got}, expected rows of {bytes}")));
    }
    Ok(header.contents.chunks_exact(bytes).map(Record))
}

pub(super) fn symbols<'a>(table: &Header<'a>, headers: &[Header<'a>]) -> Result<Vec<Symbol<'a>>, LoadError> {
    let names = headers.get(table.link).filter(|names| names.kind == kind::STRTAB);
    let names = names.ok_or_else(|| table.wrong(format!("section {} holds no names", table.link)))?.contents;
    let mut symbols = rows(table, SYMBOL_BYTES)?
        .enumerate()
        .map(|(i, row)| {
            let wrong = |reason: String| table.wrong(format!("symbol {i}: {reason}"));
            symbol(row, names, headers).map_err(wrong)
        })
        .collect::<Result<Vec<_>, _>>()?;
    // Names may share bytes of the file, so that there can be more of them than the file is long.
    if symbols.iter().map(|symbol| symbol.name.len()).sum::<usize>() > OBJECT_LIMIT {
        return Err(LoadError::TooLarge { what: "the text of all names in an object file", limit: OBJECT_LIMIT });
    }
    // Relocations without a symbol name the first one.
    symbols.first_mut().into_iter().for_each(|none| none.place = Place::Absolute(0));
    Ok(symbols)
}

fn symbol<'a>(row: Record, names: &'a [u8], headers: &[Header]) -> Result<Symbol<'a>, String> {
    let (binding, kind) = (row.u8(4) >> 4, row.u8(4) & 15);
    if kind > LAST_PLAIN_TYPE {
        return Err(format!("type {kind} is not known: kernels have no common or thread-local symbols"));
    }
    let name = if binding == 0 { Some(&[][..]) } else { name(names, row.u32(0) as usize) };
    let name = name.ok_or_else(|| format!("no name of at most {NAME_LIMIT} bytes at {}", row.u32(0)))?;
    let place = place(row.u16(6), row.u64(8), headers)?;
    Ok(Symbol { name, place, is_function: kind == FUNCTION && binding != 0 })
}

fn name(names: &[u8], at: usize) -> Option<&[u8]> {
    let rest = names.get(at..)?;
    let rest = &rest[..rest.len().min(NAME_LIMIT)];
    rest.iter().position(|byte| *byte == 0).map(|end| &rest[..end])
}

fn place(number: u16, value: u64, headers: &[Header]) -> Result<Place, String> {
    match number {
        0 => Ok(Place::Undefined),
        ABSOLUTE => Ok(Place::Absolute(value)),
        RESERVED.. => Err(format!("section {number:#x} is not known")),
        _ => match headers.get(usize::from(number)) {
            None => Err(format!("there is no section {number}")),
            Some(header) if !header.is_loaded() => Ok(Place::Absent),
            Some(header) if value > header.size => Err(format!("byte {value} of section {number} does not exist")),
            Some(_) => Ok(Place::Section(number.into(), value)),
        },
    }
}

/// Whether these are relocations of a section in memory.
pub(super) fn concerns_memory(header: &Header, headers: &[Header]) -> Result<bool, LoadError> {
    if !matches!(header.kind, kind::RELA | kind::REL) {
        return Ok(false);
    }
    let of = headers.get(header.info).ok_or_else(|| header.wrong(format!("there is no section {}", header.info)))?;
    match header.kind {
        kind::REL if of.is_loaded() => {
            Err(header.wrong("relocations without addends, which these processors never use"))
        }
        _ => Ok(of.is_loaded()),
    }
}

pub(super) fn read_relocations(
    header: &Header,
    table: Option<&Header>,
    symbols: usize,
    into: &mut Vec<Relocation>,
) -> Result<(), LoadError> {
    if table.is_none_or(|table| table.number != header.link) {
        return Err(header.wrong(format!("section {} is not the table of symbols", header.link)));
    }
    for row in rows(header, RELOCATION_BYTES)? {
        let (symbol, kind) = (row.u32(12) as usize, row.u32(8));
        if symbol >= symbols {
            return Err(header.wrong(format!("there is no symbol {symbol}")));
        }
        let (section, offset, addend) = (header.info, row.u64(0), row.u64(16) as i64);
        into.push(Relocation { section, offset, kind, symbol, addend });
    }
    Ok(())
}
