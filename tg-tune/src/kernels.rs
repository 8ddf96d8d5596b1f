//! The kernels of a crate: `cargo check` with `TG_NESTS`, under which the macros write them as text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use tg_core::compile::Portable;
use tg_core::optimize::Fingerprint;

/// What a check of a crate left.
#[derive(Debug, Default)]
pub struct Kernels {
    /// Each kernel once.
    pub all: BTreeMap<Fingerprint, Portable>,
    /// Source files with tensor functions.
    pub sources: Vec<PathBuf>,
}

/// Checks the crate of `manifest` with `cargo check` and `arguments`, and returns its kernels.
///
/// # Errors
/// If Cargo fails, whose own words have been shown by then, or if a file cannot be read.
pub fn kernels(manifest: &Path, arguments: &[String]) -> Result<Kernels, String> {
    let folder = target_directory(manifest)?.join("tg-tune").join(unique());
    let status =
        cargo().arg("check").arg("--manifest-path").arg(manifest).args(arguments).env("TG_NESTS", &folder).status();
    let status = status.map_err(|error| format!("cargo cannot be started: {error}"))?;
    let kernels = if status.success() {
        read(&folder.join(crate_folder(manifest)))
    } else {
        Err(format!("`cargo check` failed ({status}): correct what it says above"))
    };
    // What cannot be removed stays in the target directory.
    drop(fs::remove_dir_all(&folder));
    kernels
}

fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.env_remove("TG_DEBUG");
    cargo
}

/// A name that no earlier check had: rustc runs macros again where the variable differs.
fn unique() -> String {
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), time.as_nanos())
}

/// The folder that the macros write into for the crate of `manifest`.
fn crate_folder(manifest: &Path) -> String {
    let folder = manifest.parent().unwrap_or(Path::new("")).to_string_lossy();
    Fingerprint::of(&folder).to_string()
}

fn target_directory(manifest: &Path) -> Result<PathBuf, String> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--manifest-path"];
    let output = cargo().args(arguments).arg(manifest).output();
    let output = output.map_err(|error| format!("cargo cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let words = || format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    field(&text, "target_directory").map(PathBuf::from).ok_or_else(words)
}

/// The string that the field `name` of a JSON text holds: one field needs no parser.
fn field(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("\"{name}\":\""))?;
    let (mut value, mut escaped) = (String::new(), false);
    for c in rest.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Some(value),
            _ => {
                escaped = false;
                value.push(c);
            }
        }
    }
    None
}

fn read(folder: &Path) -> Result<Kernels, String> {
    let mut kernels = Kernels::default();
    let Ok(files) = fs::read_dir(folder) else { return Ok(kernels) };
    for path in files.filter_map(|file| Some(file.ok()?.path())) {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("source") => kernels.sources.push(text.into()),
            _ => {
                let wrong =
                    || format!("{}: is not written by this version of tg; use the same for both", path.display());
                let kernel = Portable::parse(&text).ok_or_else(wrong)?;
                kernels.all.insert(kernel.fingerprint(), kernel);
            }
        }
    }
    Ok(kernels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_in_a_line_of_json() {
        let text = r#"{"packages":[],"target_directory":"C:\\a \"b\"","version":1}"#;
        assert_eq!(field(text, "target_directory").as_deref(), Some(r#"C:\a "b""#));
        assert_eq!(field(text, "workspace_root"), None);
        assert_eq!(field(r#"{"a":"b"#, "a"), None);
    }
}
