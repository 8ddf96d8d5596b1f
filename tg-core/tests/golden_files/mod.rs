//! Golden files: an input and what becomes of it, in one file, with a line of dashes between.

use std::fs;
use std::path::Path;

const RULE: &str = "----------\n";

/// Compares every file of `tests/FOLDER`, at least `least` of them, with what `actual` makes of its name and input. With
/// `TG_BLESS=1`, writes that into the files instead.
///
/// # Panics
/// If files are missing, or differ.
pub fn check(folder: &str, least: usize, actual: impl Fn(&str, &str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|e| e.expect("a folder entry").path()).collect();
    paths.sort();
    let wrong: Vec<String> = paths.iter().filter_map(|path| check_file(path, &actual)).collect();
    assert!(paths.len() >= least, "golden files are missing: {paths:?}");
    assert!(wrong.is_empty(), "{}\nTG_BLESS=1 accepts what comes out now", wrong.join("\n"));
}

fn check_file(path: &Path, actual: impl Fn(&str, &str) -> String) -> Option<String> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (input, expected) = text.split_once(RULE).unwrap_or((&text, ""));
    let actual = actual(&name, input);
    if std::env::var_os("TG_BLESS").is_some() {
        fs::write(path, format!("{input}{RULE}{actual}")).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return None;
    }
    let first = actual.lines().zip(expected.lines()).find(|(a, e)| a != e);
    (actual != expected).then(|| format!("{name}: expected and actual differ first in {first:#?}"))
}
