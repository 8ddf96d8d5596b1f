//! Objects made by hand: what becomes of each part of one, and what is refused.

use super::*;

/// A section of a made object.
#[derive(Clone, Default)]
struct Made {
    kind: u32,
    flags: u64,
    bytes: Vec<u8>,
    /// Of sections without contents.
    size: u64,
    link: u32,
    info: u32,
    align: u64,
    entry: u64,
}

/// An object with its sections from number 1 on; those of symbols, names and relocations come last.
#[derive(Clone, Default)]
struct Maker {
    machine: u16,
    sections: Vec<Made>,
    /// Name, type and binding, section, value.
    symbols: Vec<(&'static str, u8, u16, u64)>,
    /// Section, offset, kind, symbol, addend.
    relocations: Vec<(u32, u64, u32, u32, i64)>,
}

const CODE: u64 = 2 | 4;
const CONSTANTS: u64 = 2;
const DATA: u64 = 2 | 1;
/// A global function, a global without a type, and a local object.
const FUNC: u8 = 0x12;
const PLAIN: u8 = 0x10;
const LOCAL: u8 = 0x01;

const X86: u16 = 62;
const ARM: u16 = 183;

const BASE: u64 = 0x10_0000;
const PAGE: u64 = 4096;
const FAR: Import = Import { name: "far", address: 0x7fff_1234_5678 };

impl Maker {
    fn new(machine: u16) -> Maker {
        Maker { machine, ..Maker::default() }
    }

    fn section(mut self, flags: u64, align: u64, bytes: &[u8]) -> Maker {
        self.sections.push(Made { kind: 1, flags, align, bytes: bytes.to_vec(), ..Made::default() });
        self
    }

    fn zeros(mut self, align: u64, size: u64) -> Maker {
        self.sections.push(Made { kind: 8, flags: DATA, align, size, ..Made::default() });
        self
    }

    fn symbol(mut self, name: &'static str, info: u8, section: u16, value: u64) -> Maker {
        self.symbols.push((name, info, section, value));
        self
    }

    /// `symbol` counts from 1, as the first one in the file is none.
    fn relocation(mut self, section: u32, offset: u64, kind: u32, symbol: u32, addend: i64) -> Maker {
        self.relocations.push((section, offset, kind, symbol, addend));
        self
    }

    fn tables(&self) -> Vec<Made> {
        let symtab = self.sections.len() as u32 + 1;
        let (mut names, mut symbols) = (vec![0u8], vec![0u8; 24]);
        for (name, info, section, value) in &self.symbols {
            symbols.extend((names.len() as u32).to_le_bytes());
            symbols.extend([*info, 0]);
            symbols.extend(section.to_le_bytes());
            symbols.extend(value.to_le_bytes());
            symbols.extend([0; 8]);
            names.extend(name.bytes().chain([0]));
        }
        let mut tables = vec![
            Made { kind: 2, bytes: symbols, link: symtab + 1, entry: 24, ..Made::default() },
            Made { kind: 3, bytes: names, ..Made::default() },
        ];
        for (section, offset, kind, symbol, addend) in &self.relocations {
            let bytes = [offset.to_le_bytes(), (u64::from(*symbol) << 32 | u64::from(*kind)).to_le_bytes()].concat();
            let bytes = [bytes, addend.to_le_bytes().to_vec()].concat();
            tables.push(Made { kind: 4, bytes, link: symtab, info: *section, entry: 24, ..Made::default() });
        }
        tables
    }

    fn file(&self) -> Vec<u8> {
        let sections: Vec<Made> =
            std::iter::once(Made::default()).chain(self.sections.clone()).chain(self.tables()).collect();
        let mut contents: Vec<u8> = vec![];
        let mut headers: Vec<u8> = vec![];
        for made in &sections {
            let (offset, size) = (64 + contents.len() as u64, made.size.max(made.bytes.len() as u64));
            headers.extend([0u32, made.kind].iter().flat_map(|n| n.to_le_bytes()));
            headers.extend([made.flags, 0, offset, size].iter().flat_map(|n| n.to_le_bytes()));
            headers.extend([made.link, made.info].iter().flat_map(|n| n.to_le_bytes()));
            headers.extend([made.align, made.entry].iter().flat_map(|n| n.to_le_bytes()));
            contents.extend(&made.bytes);
        }
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        file.extend([1, self.machine].iter().flat_map(|n| n.to_le_bytes()));
        file.extend(1u32.to_le_bytes());
        file.extend([0, 0, 64 + contents.len() as u64].iter().flat_map(|n| n.to_le_bytes()));
        file.extend(0u32.to_le_bytes());
        file.extend([64, 0, 0, 64, sections.len() as u16, 0].iter().flat_map(|n| n.to_le_bytes()));
        [file, contents, headers].concat()
    }

    /// The image at [`BASE`].
    fn image(&self) -> Result<Vec<u8>, LoadError> {
        let file = self.file();
        let plan = Plan::of(&file, PAGE)?;
        let mut image = vec![0; plan.bytes()];
        plan.link(BASE, &[FAR], &mut image).map(|()| image)
    }

    fn error(&self) -> String {
        match self.image() {
            Ok(_) => "no error".into(),
            Err(error) => error.to_string(),
        }
    }
}

fn word(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().unwrap())
}

fn long(image: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(image[at..at + 8].try_into().unwrap())
}

#[test]
fn parts_lie_on_pages_of_their_own_and_functions_are_found() {
    let object = Maker::new(X86)
        .section(DATA, 8, b"data")
        .section(CODE, 16, b"code one")
        .section(CONSTANTS, 64, b"constant")
        .section(0, 1, b"a comment")
        .zeros(64, 100)
        .section(CODE, 16, b"code two")
        .symbol("one", FUNC, 2, 3)
        .symbol("two", FUNC, 6, 0)
        .symbol("data", PLAIN, 1, 0)
        .symbol("no_code", FUNC, 1, 0)
        .symbol("hidden", LOCAL, 2, 0);
    let image = object.image().unwrap();
    assert_eq!(image.len(), 3 * PAGE as usize);
    assert_eq!((&image[..8], &image[16..24]), (&b"code one"[..], &b"code two"[..]));
    assert_eq!((&image[4096..4104], &image[8192..8196]), (&b"constant"[..], &b"data"[..]));
    let file = object.file();
    let plan = Plan::of(&file, PAGE).unwrap();
    let functions = plan.functions().unwrap();
    assert_eq!(functions, [("one".to_owned(), 3), ("two".to_owned(), 16)].into());
    assert_eq!((plan.code(), plan.layout.constants.clone()), (0..4096, 4096..8192));
}

/// A section of code, in which one field at byte 8 refers to byte 4 of the section of constants, with the addend 2.
fn referring(machine: u16, kind: u32, before: u64) -> Maker {
    Maker::new(machine)
        .section(CODE, 16, &[[0; 8], before.to_le_bytes()].concat())
        .section(CONSTANTS, 16, &[0; 32])
        .symbol("here", LOCAL, 2, 4)
        .relocation(1, 8, kind, 1, 2)
}

#[test]
fn relocations_of_x86_64() {
    // The symbol is at 0x101004, the field at 0x100008, the slot after the 32 bytes at 0x101020.
    let check = |kind, expected| assert_eq!(long(&referring(X86, kind, 0).image().unwrap(), 8), expected, "{kind}");
    check(0, 0);
    check(1, 0x10_1006);
    check(2, 0xffe);
    check(4, 0xffe);
    check(9, 0x101a);
    check(10, 0x10_1006);
    check(11, 0x10_1006);
    check(24, 0xffe);
    check(41, 0x101a);
    check(42, 0x101a);
    let image = referring(X86, 9, 0).image().unwrap();
    assert_eq!(long(&image, 0x1020), 0x10_1004, "the slot holds the address without the addend");
}

#[test]
fn relocations_of_aarch64() {
    let check = |kind, before: u32, expected: u32| {
        assert_eq!(word(&referring(ARM, kind, before.into()).image().unwrap(), 8), expected, "{kind}");
    };
    // To 0x101006 from 0x100008, or to the slot at 0x101020, with the addend 0x101022.
    check(0, 0, 0);
    check(256 + 1, 0, 0x10_1006);
    check(258, 0, 0x10_1006);
    check(260, 0, 0xffe);
    check(261, 0, 0xffe);
    check(274, 0x1000_0000, 0x5000_7fe0);
    check(275, 0x9000_0000, 0xb000_0000);
    check(276, 0x9000_0000, 0xb000_0000);
    check(277, 0x9100_0000, 0x9100_1800);
    check(278, 0x3940_0000, 0x3940_1800);
    check(284, 0x7940_0000, 0x7940_0c00);
    check(311, 0x9000_0000, 0xb000_0000);
    // What is read in units, and jumps, need addresses that are multiples of them.
    let aligned = |kind, before: u32, expected: u32| {
        let mut object = referring(ARM, kind, before.into());
        object.relocations[0].4 = 12;
        assert_eq!(word(&object.image().unwrap(), 8), expected, "{kind}");
        object.relocations[0].4 = 13;
        assert!(object.error().contains("does not fit R_AARCH64_"), "{kind}: {}", object.error());
    };
    aligned(273, 0x5800_0000, 0x5800_8040);
    aligned(279, 0x3600_0000, 0x3600_8040);
    aligned(280, 0x5400_0000, 0x5400_8040);
    aligned(282, 0x1400_0000, 0x1400_0402);
    aligned(283, 0x9400_0000, 0x9400_0402);
    aligned(285, 0xb940_0000, 0xb940_1000);
    aligned(286, 0xf940_0000, 0xf940_0800);
    aligned(299, 0x3dc0_0000, 0x3dc0_0400);
    let slot = |kind, before: u32, expected: u32| {
        let mut object = referring(ARM, kind, before.into());
        object.relocations[0].4 = 0;
        assert_eq!(word(&object.image().unwrap(), 8), expected, "{kind}");
    };
    slot(309, 0x5800_0000, 0x5800_80c0);
    slot(312, 0xf940_0000, 0xf940_1000);
}

#[test]
fn calls_of_functions_outside_go_through_a_stub() {
    let calling = |machine, kind, addend| {
        Maker::new(machine).section(CODE, 16, &[0; 16]).symbol("far", PLAIN, 0, 0).relocation(1, 8, kind, 1, addend)
    };
    let x86 = calling(X86, 4, -4).image().unwrap();
    // The stub follows the code, at 16; what it jumps by is on the next page.
    assert_eq!(word(&x86, 8), 16 - 12);
    assert_eq!((&x86[16..18], word(&x86, 18)), (&b"\xff\x25"[..], 4096 - 22));
    assert_eq!(long(&x86, 4096), FAR.address as u64);
    let arm = calling(ARM, 283, 0).image().unwrap();
    assert_eq!(word(&arm, 8), 2);
    // adrp x16, .+4096; ldr x16, [x16]; br x16
    assert_eq!([word(&arm, 16), word(&arm, 20), word(&arm, 24)], [0xb000_0010, 0xf940_0210, 0xd61f_0200]);
    assert_eq!(long(&arm, 4096), FAR.address as u64);
    // Its address as data, and as what a slot holds, is that of the function itself.
    assert_eq!(long(&calling(X86, 1, 0).image().unwrap(), 8), FAR.address as u64);
    assert_eq!(long(&calling(X86, 42, -4).image().unwrap(), 4096), FAR.address as u64);
}

#[test]
fn only_what_is_referred_to_has_to_be_defined() {
    let object = Maker::new(X86).section(CODE, 1, &[0; 16]).symbol("_GLOBAL_OFFSET_TABLE_", PLAIN, 0, 0);
    assert!(object.image().is_ok());
    let text = object.relocation(1, 0, 4, 1, -4).error();
    assert!(text.contains("`_GLOBAL_OFFSET_TABLE_` is not defined"), "{text}");
}

/// Each row: what is refused, words of the error, and how an object that could be loaded comes to it.
#[test]
fn what_kernels_never_hold_is_refused() {
    let sound = || {
        Maker::new(X86)
            .section(CODE, 16, &[0; 16])
            .section(DATA, 8, &[0; 16])
            .symbol("f", FUNC, 1, 0)
            .relocation(1, 0, 2, 1, 0)
    };
    assert!(sound().image().is_ok());
    let check = |words: &str, change: &dyn Fn(&mut Maker)| {
        let mut object = sound();
        change(&mut object);
        assert!(object.error().contains(words), "expected `{words}`: {}", object.error());
    };
    check("the machine is 3", &|o| o.machine = 3);
    check("section 1: code that can be written", &|o| o.sections[0].flags |= DATA);
    check("flags 0x400 are not known", &|o| o.sections[1].flags |= 0x400);
    check("flags 0x800 are not known", &|o| o.sections[1].flags |= 0x800);
    check("type 0xe in memory", &|o| o.sections[1].kind = 14);
    check("type 0x12 is not known", &|o| (o.sections[1].kind, o.sections[1].flags) = (18, 0));
    check("alignment 3 is no power", &|o| o.sections[1].align = 3);
    check("alignment 8192, of at most 4096", &|o| o.sections[1].align = 8192);
    check("larger than 67108864", &|o| (o.sections[1].kind, o.sections[1].size) = (8, 1 << 40));
    check("larger than 67108864", &|o| (o.sections[1].kind, o.sections[1].size) = (8, u64::MAX));
    check("reach beyond the file", &|o| o.sections[1].size = 1 << 40);
    check("they overlap", &|o| o.sections[1].size = 470);
    check("a second table of symbols", &|o| (o.sections[1].kind, o.sections[1].flags) = (2, 0));
    check("type 6 is not known", &|o| o.symbols[0].1 = 0x16);
    check("type 10 is not known", &|o| o.symbols[0].1 = 0x1a);
    check("there is no section 77", &|o| o.symbols[0].2 = 77);
    check("section 0xfff2 is not known", &|o| o.symbols[0].2 = 0xfff2);
    check("byte 17 of section 1 does not exist", &|o| o.symbols[0].3 = 17);
    check("a section that is not in memory", &|o| o.symbols[0].2 = 3);
    check("there is no section 99", &|o| o.relocations[0].0 = 99);
    check("there is no symbol 2", &|o| o.relocations[0].3 = 2);
    check("a relocation of 4 bytes at 13, of 16 bytes", &|o| o.relocations[0].1 = 13);
    check("a relocation of 4 bytes at 18446744073709551614", &|o| o.relocations[0].1 = u64::MAX - 1);
    check("relocation 19 of x86-64 is not known", &|o| o.relocations[0].2 = 19);
    check("does not fit R_X86_64_PC32", &|o| o.relocations[0].4 = 1 << 40);
    let twice = sound().symbol("f", FUNC, 1, 4).file();
    assert!(Plan::of(&twice, PAGE).unwrap().functions().unwrap_err().to_string().contains("`f` is defined twice"));
}

#[test]
fn headers_that_are_wrong_are_refused() {
    let sound = Maker::new(X86).section(CODE, 16, &[0; 16]).file();
    let check = |at: usize, byte: u8, words: &str| {
        let mut file = sound.clone();
        file[at] = byte;
        let text = Plan::of(&file, PAGE).err().map_or("no error".into(), |e| e.to_string());
        assert!(text.contains(words), "byte {at}: {text}");
    };
    check(1, b'e', "expected an ELF file");
    check(4, 1, "the class is 1, expected 2");
    check(5, 2, "the byte order is 2");
    check(6, 0, "the version is 0");
    check(16, 3, "the type (1: relocatable) is 3");
    check(58, 40, "the size of a section header is 40");
    check(60, 0, "between 1 and 65279 sections");
    check(61, 200, "section headers from byte");
    check(47, 255, "section headers from byte");
}

/// `mov eax, [rip + constant]; mov [rdi], eax; ret` and the same for aarch64: loaded and called.
#[test]
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
fn a_loaded_function_runs() {
    let x86 = Maker::new(X86).section(CODE, 16, b"\x8b\x05\0\0\0\0\x89\x07\xc3").relocation(1, 2, 2, 2, -4);
    let arm = [0x9000_0008u32, 0xb940_0108, 0xb900_0008, 0xd65f_03c0].map(u32::to_le_bytes).concat();
    let arm = Maker::new(ARM).section(CODE, 4, &arm).relocation(1, 0, 275, 2, 0).relocation(1, 4, 285, 2, 0);
    let (own, other) = if cfg!(target_arch = "x86_64") { (x86, arm) } else { (arm, x86) };
    let complete = |object: Maker| {
        object.section(CONSTANTS, 4, &[42, 0, 0, 0]).symbol("f", FUNC, 1, 0).symbol("constant", LOCAL, 2, 0).file()
    };
    let code = Code::load(&complete(own), &imports()).unwrap();
    let f = code.kernel("f").unwrap();
    let mut result = 0u32;
    // SAFETY: it writes 4 bytes at its first argument and looks at no other, and the code is still there.
    unsafe { f((&raw mut result).cast(), std::ptr::null(), 0, 0, std::ptr::null_mut()) };
    assert_eq!((result, code.bytes()), (42, 2 * page() as usize));
    assert!(code.kernel("constant").is_none() && code.kernel("g").is_none());
    let text = Code::load(&complete(other), &imports()).unwrap_err().to_string();
    assert!(text.contains("compile it for this machine"), "{text}");
}

/// The flags of the mapping that holds `address`, such as `r-xp`.
#[cfg(all(target_os = "linux", not(miri)))]
fn access(address: usize) -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let holds = |line: &&str| {
        let mut ends = line.split([' ', '-']).map(|end| usize::from_str_radix(end, 16).unwrap_or(0));
        (ends.next().unwrap()..ends.next().unwrap()).contains(&address)
    };
    maps.lines().find(holds).and_then(|line| line.split(' ').nth(1)).unwrap_or("none").to_owned()
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn no_page_can_be_written_and_executed() {
    let page = page() as usize;
    let parts = (0..page, page..2 * page);
    let pages = Pages::new(3 * page, false, parts, |_, _| Ok::<(), std::io::Error>(()), |e| e).unwrap();
    let at = |number: usize| access(pages.address(number * page).as_ptr() as usize);
    assert_eq!([at(0), at(1), at(2)], ["r-xp", "r--p", "rw-p"]);
}
