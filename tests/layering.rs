//! The layering of ARCHITECTURE.md, checked on the source: crates depend one way, and inside tg-core a
//! module uses only those declared above it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut files = vec![];
    for path in entries.map(|e| e.expect("a folder entry").path()) {
        match path.is_dir() {
            true => files.extend(rust_files(&path)),
            false if path.extension().is_some_and(|e| e == "rs") => files.push(path),
            false => {}
        }
    }
    files.sort();
    files
}

/// Every folder of sources.
const SOURCES: &[&str] = &[
    "src",
    "tg-core/src",
    "tg-toolchain/src",
    "tg-macros/src",
    "tg-runtime/src",
    "tg-lazy/src",
    "tg-tune/src",
    "benches/src",
    "benches/tuned/src",
    "benches/kernels/src",
];

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// The modules of tg-core in the order of lib.rs.
fn pipeline() -> Vec<String> {
    let lib = fs::read_to_string(root().join("tg-core/src/lib.rs")).expect("tg-core/src/lib.rs");
    let names = lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_string).collect()
}

/// Uses of a module by one above it, each with its reason. Data that stages share is named here, nothing else.
const EXCEPTIONS: &[(&str, &str, &str)] =
    &[("schedule", "compile", "a Function is the compiler's input: plain data, declared with its output")];

#[test]
fn modules_use_only_those_above_them() {
    let order = pipeline();
    let place: BTreeMap<&str, usize> = order.iter().enumerate().map(|(i, m)| (m.as_str(), i)).collect();
    let src = root().join("tg-core/src");
    let mut wrong = vec![];
    for file in rust_files(&src) {
        let inner = file.strip_prefix(&src).expect("a file of tg-core");
        let name = inner.components().next().expect("a name").as_os_str().to_string_lossy().to_string();
        let module = name.trim_end_matches(".rs").to_string();
        let Some(&here) = place.get(module.as_str()) else { continue };
        let text = fs::read_to_string(&file).expect("a source file");
        if inner.to_string_lossy().contains("tests") {
            continue;
        }
        for line in without_tests(&text).lines().filter(|l| !l.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let allowed = EXCEPTIONS.iter().any(|(by, of, _)| *by == module && *of == used);
                if place.get(used.as_str()).is_some_and(|&there| there > here) && !allowed {
                    wrong.push(format!("{}: {module} uses {used}, which comes after it", inner.display()));
                }
            }
        }
    }
    assert!(place.len() > 10, "lib.rs declares the pipeline");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_depend_one_way() {
    let allowed: &[(&str, &[&str])] = &[
        ("tg-core", &[]),
        ("tg-toolchain", &["tg-core"]),
        ("tg-macros", &["tg-core", "tg-toolchain"]),
        ("tg-runtime", &["tg-core", "tg-toolchain"]),
        ("tg-lazy", &["tg-core", "tg-runtime"]),
        ("tg-tune", &["tg-core", "tg-toolchain"]),
    ];
    for (name, may) in allowed {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or("");
        let dependencies = dependencies.split("\n[").next().unwrap_or("");
        for line in dependencies.lines().filter(|l| l.starts_with("tg-")) {
            let used = line.split(['.', ' ', '=']).next().unwrap_or("");
            assert!(may.contains(&used), "{name} depends on {used}");
        }
    }
}

#[test]
fn the_core_does_no_io_and_has_no_unsafe() {
    let src = root().join("tg-core/src");
    let lib = fs::read_to_string(src.join("lib.rs")).expect("lib.rs");
    assert!(lib.contains("#![forbid(unsafe_code)]"));
    for file in rust_files(&src).into_iter().filter(|f| !f.to_string_lossy().contains("tests")) {
        let text = fs::read_to_string(&file).expect("a source file");
        for banned in ["std::fs", "std::env", "std::process", "std::net", "println!", "eprintln!", "std::time"] {
            assert!(!without_tests(&text).contains(banned), "{} uses {banned}", file.display());
        }
    }
}

#[test]
fn every_source_file_says_what_it_is() {
    for dir in SOURCES {
        for file in rust_files(&root().join(dir)) {
            let text = fs::read_to_string(&file).expect("a source file");
            assert!(text.starts_with("//!"), "{} does not open with //!", file.display());
        }
    }
}

#[test]
fn files_stay_small_enough_to_hold_in_the_head() {
    for dir in SOURCES {
        for file in rust_files(&root().join(dir)).into_iter().filter(|f| !f.to_string_lossy().contains("tests")) {
            let text = fs::read_to_string(&file).expect("a source file");
            let lines = without_tests(&text).lines().count();
            assert!(lines <= 400, "{} has {lines} lines before its tests", file.display());
        }
    }
}
