//! The tuning file as data: for kernels that were measured, the actions that turned out to be faster than the heuristic's.
//!
//! One kernel for one instruction set a line, sorted, so that versions merge line by line:
//!
//! ```text
//! r_512_512_512_matmul x86v3 0f63c1d8a94f6b21 412.300 301.250 vectorize(1,8) unroll(0,4) parallel(0)
//! ```
//!
//! The name is for readers. The kernel is told by the fingerprint of its loop nest. The times are µs with the heuristic's
//! actions and with these, on the machine that measured. Nothing here reads or writes files, measures or searches.

use std::fmt;
use std::str::FromStr;

use super::action::Actions;
use crate::target::Isa;

/// What the first lines of a printed file say.
const HEADER: &str = "\
# Schedules that were measured to be faster than the default ones: written by tg-tune, read by each build.
# name, instruction set, fingerprint of the loop nest, µs by default, µs with these actions, actions
";

/// A hash of a text that is the same on every machine, in every run and in every version: 64-bit FNV-1a.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// That of `text`.
    pub fn of(text: &str) -> Fingerprint {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Fingerprint(text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }

    /// As a number.
    pub fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// One line: a kernel for one instruction set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The kernel's name, such as `r_512_512_512_matmul`.
    pub name: String,
    /// What it is compiled for.
    pub isa: Isa,
    /// Of the text of its loop nest, see [`crate::loops::canonical_text`].
    pub nest: Fingerprint,
    /// Nanoseconds with the heuristic's actions.
    pub default_ns: u64,
    /// Nanoseconds with these.
    pub tuned_ns: u64,
    /// The actions.
    pub actions: Actions,
}

impl Entry {
    fn place(&self) -> (&str, &str, Fingerprint) {
        (&self.name, self.isa.name(), self.nest)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = |ns: u64| format!("{}.{:03}", ns / 1000, ns % 1000);
        let (name, isa, nest, actions) = (&self.name, self.isa.name(), self.nest, &self.actions);
        write!(f, "{name} {isa} {nest} {} {} {actions}", us(self.default_ns), us(self.tuned_ns))
    }
}

/// A tuning file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    entries: Vec<Entry>,
}

/// Why a text is no tuning file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedTuning {
    /// Line, from 1.
    pub line: usize,
    /// What could have stood there.
    pub expected: String,
    /// What stands there.
    pub got: String,
}

impl fmt::Display for MalformedTuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected {}, got `{}`", self.line, self.expected, self.got)
    }
}

impl std::error::Error for MalformedTuning {}

impl Tuning {
    /// The file that holds `entries`; of several for one kernel and instruction set, the last.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Tuning {
        let mut tuning = Tuning::default();
        entries.into_iter().for_each(|entry| tuning.set(entry));
        tuning
    }

    /// All entries, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Puts `entry` in the place of the one for the same kernel and instruction set, if there is one.
    pub fn set(&mut self, entry: Entry) {
        self.entries.retain(|other| (other.nest, other.isa) != (entry.nest, entry.isa));
        let place = self.entries.partition_point(|other| other.place() < entry.place());
        self.entries.insert(place, entry);
    }

    /// Removes the entry for the kernel with this loop nest and `isa`; returns whether there was one.
    pub fn remove(&mut self, nest: Fingerprint, isa: Isa) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| (entry.nest, entry.isa) != (nest, isa));
        self.entries.len() < before
    }

    /// The entries for the kernel with this loop nest.
    pub fn of_nest(&self, nest: Fingerprint) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.nest == nest)
    }
}

impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        self.entries.iter().try_for_each(|entry| writeln!(f, "{}", entry.to_string().trim_end()))
    }
}

impl FromStr for Tuning {
    type Err = MalformedTuning;

    fn from_str(text: &str) -> Result<Tuning, MalformedTuning> {
        let mut tuning = Tuning::default();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let entry = entry(text).map_err(|(expected, got)| MalformedTuning { line, expected, got })?;
            if tuning.of_nest(entry.nest).any(|other| other.isa == entry.isa) {
                let expected = "one line for each kernel and instruction set; remove one of them".into();
                return Err(MalformedTuning { line, expected, got: format!("{} a second time", entry.name) });
            }
            tuning.set(entry);
        }
        Ok(tuning)
    }
}

/// What was expected, and what came.
type Mismatch = (String, String);

fn entry(text: &str) -> Result<Entry, Mismatch> {
    if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| text.starts_with(mark)) {
        return Err(("no mark of a merge: keep the lines of both sides".into(), text.into()));
    }
    let mut rest = text;
    let rest = &mut rest;
    Ok(Entry {
        name: word(rest, "a kernel's name", |word| Some(word.into()))?,
        isa: word(rest, &levels(), |word| Isa::ALL.iter().copied().find(|isa| isa.name() == word))?,
        nest: word(rest, "a fingerprint of 16 hexadecimal digits", fingerprint)?,
        default_ns: word(rest, "the default time in µs", nanoseconds)?,
        tuned_ns: word(rest, "the tuned time in µs", nanoseconds)?,
        actions: rest.parse().map_err(|_| ("actions such as `vectorize(1,8) parallel(0)`".into(), rest.to_string()))?,
    })
}

/// What `read` makes of the first word of `rest`, which then begins with the next.
fn word<T>(rest: &mut &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Mismatch> {
    let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let got = if word.is_empty() { "the end of the line" } else { word };
    let value =
        Some(word).filter(|word| !word.is_empty()).and_then(read).ok_or_else(|| (expected.into(), got.into()))?;
    *rest = after.trim_start();
    Ok(value)
}

fn levels() -> String {
    let names: Vec<&str> = Isa::ALL.iter().map(|isa| isa.name()).collect();
    format!("an instruction set ({})", names.join(", "))
}

fn fingerprint(text: &str) -> Option<Fingerprint> {
    let plain = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(text, 16).ok().map(Fingerprint)).flatten()
}

fn nanoseconds(text: &str) -> Option<u64> {
    let us: f64 = text.parse().ok().filter(|us: &f64| us.is_finite() && *us >= 0.0)?;
    Some((us * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "r_8_matmul x86v3 0f63c1d8a94f6b21 412.300 301.050 vectorize(1,8) parallel(0)";

    #[test]
    fn files_print_and_parse_sorted() {
        let mut text = HEADER.to_string();
        text += "e_9 x86v3 000000000000000a 1.000 0.500\n";
        text += &format!("{LINE}\n");
        text += "r_8_matmul x86v4 0f63c1d8a94f6b21 400.000 200.000 stream\n";
        let tuning: Tuning = text.parse().unwrap();
        assert_eq!(tuning.to_string(), text);
        let reversed: Vec<&str> = text.lines().rev().collect();
        assert_eq!(reversed.join("\r\n").parse::<Tuning>().unwrap(), tuning);
        assert_eq!(tuning.of_nest(Fingerprint(0x0f63_c1d8_a94f_6b21)).count(), 2);
    }

    #[test]
    fn the_last_entry_of_a_kernel_stays() {
        let entry: Entry = entry(LINE).unwrap();
        let tuning = Tuning::new([Entry { tuned_ns: 9, ..entry.clone() }, entry.clone()]);
        assert_eq!(tuning.entries(), [entry]);
    }

    #[test]
    fn malformed_lines_are_named_with_what_was_expected() {
        let check = |line: &str, expected: &str| {
            let error = format!("# comment\n\n{line}").parse::<Tuning>().unwrap_err();
            assert!(error.line == 3 && error.expected.contains(expected), "{line}: {error}");
        };
        check("r_8_matmul", "instruction set");
        check(&LINE.replace("x86v3", "x86v9"), "x86v3, x86v4");
        check(&LINE.replace("6b21", "6b2"), "16 hexadecimal");
        check(&LINE.replace("0f63", "+f63"), "16 hexadecimal");
        check(&LINE.replace("412.300", "fast"), "default time");
        check(&LINE.replace("301.050", "-1"), "tuned time");
        check(&LINE.replace("301.050", "nan"), "tuned time");
        check(&LINE.replace("vectorize(1,8)", "vectorise(1,8)"), "actions");
        check("<<<<<<< HEAD", "merge");
        let twice = format!("{LINE}\n{LINE}").parse::<Tuning>().unwrap_err();
        assert!(twice.line == 2 && twice.to_string().contains("r_8_matmul a second time"), "{twice}");
    }

    #[test]
    fn fingerprints_are_those_of_the_published_function() {
        assert_eq!(Fingerprint::of("").to_string(), "cbf29ce484222325");
        assert_eq!(Fingerprint::of("foobar").to_string(), "85944171f73967e8");
    }
}
