//! The tuning file of a crate: reading, writing, and whether it fits the crate's kernels.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use tg_core::compile::{Origin, Portable};
use tg_core::optimize::{Fingerprint, Tuning};

/// Its name, beside the manifest; the macros look for the same.
const NAME: &str = "tg-tune.lock";

/// The tuning file of the crate of `manifest`, and where it is.
///
/// # Errors
/// If it cannot be read or is malformed: file, line, and what was expected.
pub fn read(manifest: &Path) -> Result<(PathBuf, Tuning), String> {
    let path = manifest.with_file_name(NAME);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((path, Tuning::default())),
        Err(error) => Err(format!("{}: cannot be read: {error}", path.display())),
        Ok(text) => match text.parse() {
            Ok(tuning) => Ok((path, tuning)),
            Err(error) => Err(format!("{}, {error}; correct the line or remove it", path.display())),
        },
    }
}

/// Writes `tuning` to `path`, whole or not at all. rustc cannot know of a file that was not there when it compiled
/// `sources`: they are marked as changed if the file is new.
///
/// # Errors
/// What the system says, with the path.
pub fn write(path: &Path, tuning: &Tuning, sources: &[PathBuf]) -> Result<(), String> {
    let (is_new, temporary) = (!path.exists(), path.with_extension("lock.new"));
    let written = fs::write(&temporary, tuning.to_string()).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| format!("{}: cannot be written: {error}", path.display()))?;
    for source in sources.iter().filter(|_| is_new) {
        let touched = File::options().append(true).open(source).and_then(|file| file.set_modified(SystemTime::now()));
        touched.map_err(|error| format!("{}: cannot be marked as changed: {error}", source.display()))?;
    }
    Ok(())
}

/// What about `tuning` does not fit `kernels`, a line for each entry.
pub fn mismatches(tuning: &Tuning, kernels: &BTreeMap<Fingerprint, Portable>) -> Vec<String> {
    let mut wrong = vec![];
    for entry in tuning.entries() {
        let place = format!("{} {} {}", entry.name, entry.isa.name(), entry.nest);
        let Some(kernel) = kernels.get(&entry.nest) else {
            wrong
                .push(format!("{place}: the crate has no such kernel; remove the line, or pass the features it needs"));
            continue;
        };
        match kernel.render(entry.isa, Some(&entry.actions), "tgk_tuned").map(|variant| variant.origin) {
            Ok(Origin::Tuned) => {}
            Ok(Origin::Inapplicable(why)) => wrong.push(format!("{place}: {why}; remove the line or tune again")),
            Ok(Origin::Heuristic) => wrong.push(format!("{place}: is not used")),
            Err(error) => wrong.push(format!("{place}: {error}")),
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use tg_core::optimize::Entry;
    use tg_core::target::Isa;

    use super::*;
    use crate::tests::product;

    fn entry(nest: Fingerprint, actions: &str) -> Entry {
        let actions = actions.parse().unwrap();
        Entry { name: "r_8_matmul".into(), isa: Isa::X86V3, nest, default_ns: 2, tuned_ns: 1, actions }
    }

    #[test]
    fn entries_without_a_kernel_or_that_do_not_apply_are_named() {
        let kernels = BTreeMap::from([(product().fingerprint(), product())]);
        let check = |entry: Entry| mismatches(&Tuning::new([entry]), &kernels).join("\n");
        assert_eq!(check(entry(product().fingerprint(), "unroll(2,4) parallel(0)")), "");
        let gone = check(entry(Fingerprint::of(""), "parallel(0)"));
        assert!(gone.contains("r_8_matmul x86v3 cbf29ce484222325: the crate has no such kernel"), "{gone}");
        let inapplicable = check(entry(product().fingerprint(), "parallel(9)"));
        assert!(inapplicable.contains("parallel(9): the kernel has 3 loops; remove"), "{inapplicable}");
    }

    #[test]
    fn a_new_file_marks_the_sources_as_changed_and_an_old_one_does_not() {
        let folder = std::env::temp_dir().join(format!("tg-tune-test-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (manifest, source) = (folder.join("Cargo.toml"), folder.join("lib.rs"));
        fs::write(&source, "").unwrap();
        let age = |time| File::options().append(true).open(&source).unwrap().set_modified(time).unwrap();
        age(SystemTime::UNIX_EPOCH);
        let (path, tuning) = read(&manifest).unwrap();
        assert_eq!(tuning, Tuning::default());
        let tuning = Tuning::new([entry(product().fingerprint(), "parallel(0)")]);
        write(&path, &tuning, std::slice::from_ref(&source)).unwrap();
        assert_eq!(read(&manifest), Ok((path.clone(), tuning.clone())));
        assert!(source.metadata().unwrap().modified().unwrap() > SystemTime::UNIX_EPOCH);
        age(SystemTime::UNIX_EPOCH);
        write(&path, &tuning, std::slice::from_ref(&source)).unwrap();
        assert_eq!(source.metadata().unwrap().modified().unwrap(), SystemTime::UNIX_EPOCH);
        fs::write(&path, "what\n").unwrap();
        let error = read(&manifest).unwrap_err();
        assert!(error.contains("tg-tune.lock, line 1: expected an instruction set"), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
