//! Whole files: read at once, replaced at once. Every error names the file.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, Result};

/// `parse` of the bytes of the file at `path`.
pub(crate) fn read<R>(path: &Path, parse: impl FnOnce(Vec<u8>) -> Result<R>) -> Result<R> {
    fs::read(path).map_err(Error::Io).and_then(parse).map_err(|e| e.in_file(path))
}

/// Puts what `write` writes in the place of the file at `path`, at once: another reader, or a crash, sees the
/// whole old file or the whole new one.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let temporary = beside(path);
    let written = create(&temporary, write).and_then(|()| Ok(fs::rename(&temporary, path)?));
    written.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        error.in_file(path)
    })
}

fn create(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut writer = BufWriter::new(File::create_new(path)?);
    write(&mut writer)?;
    writer.into_inner().map_err(|e| e.into_error())?.sync_all()?;
    Ok(())
}

/// A name in the same folder, so that a rename moves no data, that no other process or call uses.
fn beside(path: &Path) -> PathBuf {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{call}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// Little-endian reading of a header, where every byte may be missing.
pub(crate) struct Header<'a> {
    pub format: &'static str,
    pub rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// The next `count` bytes, which hold `what`.
    pub(crate) fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            let reason = format!("it ends in {what}: {count} bytes expected, {} left", self.rest.len());
            return Err(Error::format(self.format, reason));
        };
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A folder of its own for a test, removed at the end.
    pub(crate) struct Folder(pub PathBuf);

    impl Folder {
        pub(crate) fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("tg-runtime-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_alone() {
        let folder = Folder::new("replace");
        let path = folder.0.join("a");
        replace(&path, |w| Ok(w.write_all(b"old")?)).unwrap();
        let failing = |w: &mut dyn Write| {
            w.write_all(b"new")?;
            Err(Error::format("test", "stop"))
        };
        assert!(replace(&path, failing).unwrap_err().to_string().contains("stop"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_file() {
        let missing = Path::new("/nonexistent/weights");
        let text = read(missing, |_| Ok(())).unwrap_err().to_string();
        assert!(text.starts_with("/nonexistent/weights: "), "{text}");
        assert!(replace(missing, |_| Ok(())).is_err());
    }
}
