//! An object with its layout, and the image of it for an address: what loading comes to, without any memory of the system.
//!
//! Everything here is arithmetic on bytes, for objects of either processor on any host, so that an interpreter of Rust can
//! check it and fuzzing can reach it.

use std::collections::HashMap;
use std::ops::Range;

use super::Import;
use super::elf::{Access, Machine, Object, Place, Relocation};
use super::error::{LoadError, malformed};
use super::layout::Layout;
use super::relocation::{Of, Row};

/// An object that can be linked.
#[derive(Debug)]
pub struct Plan<'a> {
    pub(super) object: Object<'a>,
    pub(super) layout: Layout,
}

impl<'a> Plan<'a> {
    /// Reads the object `file` for pages of `page` bytes, a power of two.
    ///
    /// # Errors
    /// [`LoadError`], for whatever is in the file.
    pub fn of(file: &'a [u8], page: u64) -> Result<Plan<'a>, LoadError> {
        let object = Object::parse(file)?;
        let layout = Layout::of(&object, page)?;
        Ok(Plan { object, layout })
    }

    /// Bytes of the image.
    pub fn bytes(&self) -> usize {
        self.layout.bytes()
    }

    /// The part of the image that is code.
    pub fn code(&self) -> Range<usize> {
        self.layout.code.clone()
    }

    /// Writes what lies at the address `base`, a multiple of the page, into `image`: [`Plan::bytes`] zeros.
    ///
    /// # Errors
    /// [`LoadError::Undefined`] for symbols outside of the object that `imports` has not, [`LoadError::Reach`] for values
    /// that do not fit, [`LoadError::Malformed`] for relocations that are not within their section.
    ///
    /// # Panics
    /// If `image` has another size.
    pub fn link(&self, base: u64, imports: &[Import], image: &mut [u8]) -> Result<(), LoadError> {
        assert_eq!(image.len(), self.bytes(), "an image has the size of its plan");
        let linker = Linker { object: &self.object, layout: &self.layout, base, imports };
        linker.copy(image);
        linker.fill_slots(image)?;
        linker.write_stubs(image)?;
        self.object.relocations.iter().try_for_each(|relocation| linker.relocate(relocation, image))
    }

    /// The functions that the object offers, and where they are in the image.
    ///
    /// # Errors
    /// [`LoadError::Malformed`] for names that are no text or that two functions have.
    pub fn functions(&self) -> Result<HashMap<String, usize>, LoadError> {
        let mut functions = HashMap::new();
        for symbol in self.object.symbols.iter().filter(|symbol| symbol.is_function) {
            let Some(at) = self.code_at(symbol.place) else { continue };
            let name = std::str::from_utf8(symbol.name).map_err(|_| malformed("a symbol's name is no text"))?;
            if functions.insert(name.to_owned(), at).is_some() {
                return Err(malformed(format!("`{name}` is defined twice")));
            }
        }
        Ok(functions)
    }

    fn code_at(&self, place: Place) -> Option<usize> {
        let Place::Section(number, offset) = place else { return None };
        let section = self.object.sections[number].as_ref()?;
        let inside = section.access == Access::Code && offset < section.size;
        self.layout.sections[number].filter(|_| inside).map(|start| start + offset as usize)
    }
}

/// One linking.
struct Linker<'p, 'a> {
    object: &'p Object<'a>,
    layout: &'p Layout,
    base: u64,
    imports: &'p [Import],
}

impl Linker<'_, '_> {
    fn copy(&self, image: &mut [u8]) {
        for (section, start) in self.object.sections.iter().zip(&self.layout.sections) {
            if let (Some(section), Some(start)) = (section, start) {
                image[*start..][..section.contents.len()].copy_from_slice(section.contents);
            }
        }
    }

    fn fill_slots(&self, image: &mut [u8]) -> Result<(), LoadError> {
        for (symbol, slot) in &self.layout.slots {
            image[*slot..][..8].copy_from_slice(&self.address(*symbol)?.to_le_bytes());
        }
        Ok(())
    }

    fn write_stubs(&self, image: &mut [u8]) -> Result<(), LoadError> {
        let stub = self.machine().stub();
        for (symbol, start) in &self.layout.stubs {
            image[*start..][..stub.code.len()].copy_from_slice(stub.code);
            for (offset, kind, addend) in stub.relocations {
                let row = self.machine().row(*kind)?;
                let value = self.value(row, *symbol, *addend, start + offset)?;
                let place = &mut image[start + offset..][..row.field.bytes()];
                row.field.write(value, place).map_err(|_| reach(row, value, (0, *start as u64)))?;
            }
        }
        Ok(())
    }

    fn relocate(&self, relocation: &Relocation, image: &mut [u8]) -> Result<(), LoadError> {
        let row = self.machine().row(relocation.kind)?;
        let at = (relocation.section, relocation.offset);
        let place = self.place(at, row.field.bytes())?;
        let value = self.value(row, relocation.symbol, relocation.addend, place.start)?;
        row.field.write(value, &mut image[place]).map_err(|_| reach(row, value, at))
    }

    /// The bytes of the image that a relocation changes.
    fn place(&self, (section, offset): (usize, u64), bytes: usize) -> Result<Range<usize>, LoadError> {
        let size = self.object.sections[section].as_ref().map_or(0, |section| section.size);
        let inside = offset.checked_add(bytes as u64).is_some_and(|end| end <= size);
        let start = self.layout.sections[section].filter(|_| inside).map(|start| start + offset as usize);
        let start = start.ok_or_else(|| {
            malformed(format!("section {section}: a relocation of {bytes} bytes at {offset}, of {size} bytes"))
        })?;
        Ok(start..start + bytes)
    }

    /// What is written at the byte `place` of the image.
    fn value(&self, row: &Row, symbol: usize, addend: i64, place: usize) -> Result<i128, LoadError> {
        let address = match row.of {
            Of::Near => self.layout.stubs.get(&symbol).map(|stub| self.at(*stub)),
            Of::Slot => self.layout.slots.get(&symbol).map(|slot| self.at(*slot)),
            Of::Symbol => None,
        };
        let address = address.map_or_else(|| self.address(symbol), Ok)?;
        Ok(row.formula.value(i128::from(address) + i128::from(addend), self.at(place)))
    }

    fn address(&self, symbol: usize) -> Result<u64, LoadError> {
        let symbol = &self.object.symbols[symbol];
        match symbol.place {
            Place::Absolute(value) => Ok(value),
            Place::Section(number, offset) => Ok(self.at(self.layout.sections[number].unwrap_or(0)) + offset),
            Place::Undefined => self.import(symbol.name),
            Place::Absent => Err(malformed("code refers to a section that is not in memory")),
        }
    }

    fn import(&self, name: &[u8]) -> Result<u64, LoadError> {
        let import = self.imports.iter().find(|import| import.name.as_bytes() == name);
        let undefined = || LoadError::Undefined { symbol: String::from_utf8_lossy(name).into_owned() };
        import.map(|import| import.address as u64).ok_or_else(undefined)
    }

    fn at(&self, offset: usize) -> u64 {
        self.base + offset as u64
    }

    fn machine(&self) -> Machine {
        self.object.machine
    }
}

fn reach(row: &Row, value: i128, place: (usize, u64)) -> LoadError {
    LoadError::Reach { kind: row.name, place, value }
}
