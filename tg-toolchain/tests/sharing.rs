//! One folder of the cache for several processes at once, and folders that are not for writing or reading.
//!
//! Processes are this program, started again with the name of the folder in its environment.

#[path = "../../tg-core/tests/random/number.rs"]
mod number;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{fs, thread};

use number::Random;
use tg_toolchain::{Cache, Key};

/// Set for a child: the folder it is to use.
const FOLDER: &str = "TG_TEST_CACHE_FOLDER";

const PROCESSES: usize = 4;

/// Entries that the processes write and read: half again as many bytes as the limit.
const ENTRIES: usize = 48;

const LIMIT: u64 = 64 << 10;

/// How often a process stores some entries and then removes what is too much.
const ROUNDS: usize = 60;

/// Entries stored between two such removals.
const BATCH: usize = 4;

fn key(entry: usize) -> Key {
    Key::of(["entry", entry.to_string().as_str()])
}

/// Of another length and other bytes for each entry, 2,000 at most.
fn contents(entry: usize) -> Vec<u8> {
    (0..1000 + entry * 1000 / ENTRIES).map(|at| (at * (entry + 1)) as u8).collect()
}

/// An empty folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("tg-sharing-test-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("a folder for what is temporary");
        Folder(path)
    }

    /// The names of what is in it, and its bytes. What another process removes meanwhile is not counted.
    fn files(&self) -> (Vec<String>, u64) {
        let entries: Vec<_> = fs::read_dir(&self.0).expect("a folder").flatten().collect();
        let sizes = entries.iter().filter_map(|entry| Some(entry.metadata().ok()?.len()));
        (entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect(), sizes.sum())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// In a child: reads and writes entries by turns. Whatever is found is whole.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let (cache, mut random) = (Cache::new(folder.into(), LIMIT), Random(u64::from(std::process::id())));
    let (mut found, mut missed) = (0, 0);
    for _ in 0..ROUNDS {
        for entry in [(); BATCH].map(|()| random.below(ENTRIES)) {
            match cache.get(key(entry)) {
                Some(bytes) => {
                    assert!(bytes == contents(entry), "entry {entry}");
                    found += 1;
                    // As a process that began before the entry was there.
                    cache.put(key(entry), &bytes);
                }
                None => {
                    missed += 1;
                    cache.put(key(entry), &contents(entry));
                }
            }
        }
        cache.prune();
    }
    assert!(found > ROUNDS && missed > ENTRIES / 2, "{found} found, {missed} missed");
    assert_eq!(cache.failure(), None);
}

fn start(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "child", "--nocapture"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).spawn().expect("a process")
}

#[test]
fn processes_share_entries_and_keep_their_limit() {
    let folder = Folder::new("processes");
    let mut children: Vec<Child> = (0..PROCESSES).map(|_| start(&folder.0)).collect();
    // What each may have stored since it looked last.
    let most = LIMIT + (PROCESSES * (BATCH + 1) * 2100) as u64;
    while children.iter_mut().any(|child| child.try_wait().expect("a child").is_none()) {
        let (_, bytes) = folder.files();
        assert!(bytes <= most, "{bytes} bytes, the limit is {LIMIT}");
        thread::yield_now();
    }
    assert!(children.iter_mut().all(|child| child.wait().expect("a child").success()));
    let (names, bytes) = folder.files();
    assert!(bytes <= LIMIT && names.iter().all(|name| name.ends_with(".tg")), "{bytes} bytes: {names:?}");
}

/// Where this process may write whatever the permissions say, there is nothing to see.
#[test]
#[cfg(unix)]
fn entries_in_a_folder_that_is_only_for_reading_are_found() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("readonly");
    let mode = |mode: u32| fs::set_permissions(&folder.0, fs::Permissions::from_mode(mode)).expect("own folder");
    Cache::new(folder.0.clone(), LIMIT).put(key(1), &contents(1));
    mode(0o500);
    if fs::write(folder.0.join("probe"), "").is_ok() {
        println!("SKIPPED: permissions do not bind this user");
        return;
    }
    let cache = Cache::new(folder.0.clone(), LIMIT);
    cache.put(key(2), &contents(2));
    cache.prune();
    assert_eq!((cache.get(key(1)), cache.get(key(2))), (Some(contents(1)), None));
    assert!(cache.failure().is_some_and(|why| why.contains("readonly`: ")), "{:?}", cache.failure());
    mode(0o000);
    cache.put(key(1), &contents(1));
    cache.prune();
    assert_eq!(cache.get(key(1)), None);
    mode(0o700);
    assert_eq!(cache.get(key(1)), Some(contents(1)));
}
