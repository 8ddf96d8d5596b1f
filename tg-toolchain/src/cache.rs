//! A folder of results named by the hash of everything they depend on.
//!
//! Any number of processes may share it without locks: an entry appears whole, by renaming, and what is read is checked
//! against a checksum, so a torn or damaged file is a miss. Losing an entry costs time, never correctness; therefore no
//! operation fails, and a folder that cannot be written is simply a cache that never hits, and says why to who asks.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

/// Size beyond which the oldest entries are removed, in bytes: some ten thousand kernels.
pub const CACHE_LIMIT: u64 = 256 << 20;

/// Part of every key: changing how results are made or stored makes all old entries unreachable.
const FORMAT: &str = concat!("tg-cache 1 ", env!("CARGO_PKG_VERSION"));

const CHECKSUM_BYTES: usize = 32;

/// The hash of everything a result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a result that depends on `parts` and nothing else.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Key {
        Key::of_bytes(parts.into_iter().map(str::as_bytes))
    }

    /// [`Key::of`] for parts that are no text.
    pub fn of_bytes<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Key {
        let mut hasher = blake3::Hasher::new();
        for part in std::iter::once(FORMAT.as_bytes()).chain(parts) {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Key(*hasher.finalize().as_bytes())
    }

    /// `bytes` as they are stored under this key: a checksum, then the bytes.
    pub fn seal(&self, bytes: &[u8]) -> Vec<u8> {
        [&self.checksum(bytes), bytes].concat()
    }

    /// The bytes in an entry, if it was sealed under this key and is whole.
    pub fn open(&self, mut entry: Vec<u8>) -> Option<Vec<u8>> {
        let (checksum, bytes) = entry.split_at_checked(CHECKSUM_BYTES)?;
        if checksum != self.checksum(bytes) {
            return None;
        }
        entry.drain(..CHECKSUM_BYTES);
        Some(entry)
    }

    fn checksum(&self, bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
        // Under the key, so that an entry under the wrong name does not pass either.
        *blake3::keyed_hash(&self.0, bytes).as_bytes()
    }
}

/// A cache in one folder.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
    failure: OnceLock<String>,
}

impl Cache {
    /// The cache in `folder`, which is created when something is first stored, kept below about `limit` bytes.
    pub fn new(folder: PathBuf, limit: u64) -> Cache {
        Cache { folder, limit, failure: OnceLock::new() }
    }

    /// The bytes stored under `key`, if they are there and intact.
    pub fn get(&self, key: Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        // Something else under the name of an entry, such as a pipe or an endless file, must not hold anybody up.
        let metadata = fs::metadata(&path).ok().filter(|file| file.is_file() && file.len() <= self.limit)?;
        let mut entry = Vec::with_capacity(metadata.len() as usize);
        fs::File::open(path).ok()?.take(self.limit).read_to_end(&mut entry).ok()?;
        key.open(entry)
    }

    /// Stores `bytes` under `key` in place of what is there.
    pub fn put(&self, key: Key, bytes: &[u8]) {
        match self.try_put(key, bytes) {
            // The folder was made just before, so that another process has emptied it.
            Err(error) if error.kind() != ErrorKind::NotFound => {
                self.failure.get_or_init(|| format!("`{}`: {error}", self.folder.display()));
            }
            _ => {}
        }
    }

    /// Why something could not be stored, if so: the folder, and what the system said first. It shows as a miss, and is no
    /// reason for anybody to fail.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    fn try_put(&self, key: Key, bytes: &[u8]) -> std::io::Result<()> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        create_private(&self.folder)?;
        let name = format!("{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let temporary = self.folder.join(name);
        let written = fs::File::create(&temporary).and_then(|mut file| {
            file.write_all(&key.checksum(bytes))?;
            file.write_all(bytes)
        });
        let renamed = written.and_then(|()| fs::rename(&temporary, self.path(key)));
        if renamed.is_err() {
            drop(fs::remove_file(&temporary));
        }
        renamed
    }

    /// Removes the oldest entries until the rest take at most three quarters of the limit, if they take more than the
    /// limit. One pass over the folder: to be called once after a batch of [`Cache::put`].
    pub fn prune(&self) {
        let mut files = self.files();
        let mut total: u64 = files.iter().map(|file| file.1).sum();
        if total <= self.limit {
            return;
        }
        files.sort();
        for (_, size, path) in files {
            if total <= self.limit / 4 * 3 {
                break;
            }
            // Another process may have removed it already: it is gone either way.
            drop(fs::remove_file(path));
            total -= size;
        }
    }

    /// Time, size and path of everything in the folder, left-over temporary files included.
    fn files(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let describe = |entry: fs::DirEntry| {
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            is_ours(&entry.path()).then_some((metadata.modified().ok()?, metadata.len(), entry.path()))
        };
        entries.filter_map(|entry| describe(entry.ok()?)).collect()
    }

    pub(crate) fn path(&self, key: Key) -> PathBuf {
        let name: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name + ".tg")
    }
}

/// Makes a folder, and those above it, for the user alone: what is in it will be executed.
fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Only files this module writes are ever removed, whatever else is in the folder.
fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tg" || extension == "tmp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// An empty folder, removed when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("tg-cache-test-{}-{name}", std::process::id()));
            drop(fs::remove_dir_all(&path));
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn key(name: &str) -> Key {
        Key::of([name])
    }

    #[test]
    fn what_is_stored_comes_back_under_its_key_only() {
        let folder = Folder::new("roundtrip");
        let cache = Cache::new(folder.0.join("deep").join("er"), CACHE_LIMIT);
        assert_eq!(cache.get(key("a")), None);
        cache.put(key("a"), b"one");
        cache.put(key("b"), b"");
        assert_eq!((cache.get(key("a")), cache.get(key("b"))), (Some(b"one".to_vec()), Some(Vec::new())));
        cache.put(key("a"), b"two");
        assert_eq!(cache.get(key("a")), Some(b"two".to_vec()));
        fs::copy(cache.path(key("a")), cache.path(key("c"))).unwrap();
        assert_eq!(cache.get(key("c")), None);
        assert_eq!(cache.files().len(), 3, "temporary files are left over");
    }

    #[test]
    fn keys_depend_on_every_part_and_on_where_it_ends() {
        let keys = [Key::of(["ab", "c"]), Key::of(["a", "bc"]), Key::of(["abc"]), Key::of(["abc", ""]), Key::of([])];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|b| a != b), "{i}");
        }
    }

    #[test]
    fn an_entry_damaged_at_any_byte_is_a_miss_and_can_be_replaced() {
        let folder = Folder::new("damage");
        let cache = Cache::new(folder.0.clone(), CACHE_LIMIT);
        let (key, bytes) = (key("k"), b"assembly".to_vec());
        cache.put(key, &bytes);
        let whole = fs::read(cache.path(key)).unwrap();
        let check = |damaged: &[u8]| {
            fs::write(cache.path(key), damaged).unwrap();
            assert_eq!(cache.get(key), None, "{damaged:?}");
            cache.put(key, &bytes);
            assert_eq!(cache.get(key).as_ref(), Some(&bytes));
        };
        for i in 0..whole.len() {
            check(&whole[..i]);
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[i] ^= 1 << bit;
                check(&flipped);
            }
        }
        check(&[whole.as_slice(), b"x"].concat());
    }

    #[test]
    fn what_is_no_entry_of_the_size_of_one_is_a_miss() {
        let folder = Folder::new("foreign");
        let cache = Cache::new(folder.0.clone(), 1 << 20);
        cache.put(key("a"), b"one");
        let file = fs::File::options().write(true).open(cache.path(key("a"))).unwrap();
        // Takes no room on the disk, but would in memory.
        file.set_len(1 << 40).unwrap();
        assert_eq!(cache.get(key("a")), None);
        fs::create_dir(cache.path(key("b"))).unwrap();
        assert_eq!(cache.get(key("b")), None);
    }

    #[test]
    #[cfg(unix)]
    fn only_the_user_may_look_into_a_new_folder() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("private");
        Cache::new(folder.0.join("deep"), CACHE_LIMIT).put(key("a"), b"one");
        for path in [folder.0.clone(), folder.0.join("deep")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn the_oldest_entries_go_first_and_foreign_files_stay() {
        let folder = Folder::new("prune");
        let entry = (CHECKSUM_BYTES + 100) as u64;
        let cache = Cache::new(folder.0.clone(), 8 * entry);
        let names: Vec<String> = (0..9).map(|i| i.to_string()).collect();
        for (age, name) in names.iter().rev().enumerate() {
            cache.put(key(name), &[7; 100]);
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age as u64);
            let file = fs::File::options().write(true).open(cache.path(key(name))).unwrap();
            file.set_modified(time).unwrap();
        }
        fs::write(folder.0.join("README"), vec![0; 4096]).unwrap();
        cache.prune();
        let kept: Vec<bool> = names.iter().map(|name| cache.get(key(name)).is_some()).collect();
        assert_eq!(kept, [false, false, false, true, true, true, true, true, true]);
        assert!(folder.0.join("README").exists());
        cache.prune();
        assert_eq!(cache.files().len(), 6, "nothing is removed below the limit");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_a_cache_that_never_hits() {
        let folder = Folder::new("unwritable");
        fs::create_dir_all(&folder.0).unwrap();
        let file = folder.0.join("file");
        fs::write(&file, "").unwrap();
        // A file where the folder should be: fails for every user, root included.
        let cache = Cache::new(file, CACHE_LIMIT);
        assert_eq!(cache.failure(), None);
        cache.put(key("a"), b"one");
        cache.prune();
        assert_eq!(cache.get(key("a")), None);
        let failure = cache.failure().unwrap();
        assert!(failure.contains("-unwritable/file`: "), "{failure}");
    }

    #[test]
    fn writers_of_one_key_never_show_each_other_half_an_entry() {
        let folder = Folder::new("race");
        let cache = Cache::new(folder.0.clone(), CACHE_LIMIT);
        let bytes = vec![42; 100_000];
        cache.put(key("k"), &bytes);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..50).for_each(|_| cache.put(key("k"), &bytes)));
            }
            for _ in 0..100 {
                assert!(cache.get(key("k")) == Some(bytes.clone()));
            }
        });
    }
}
