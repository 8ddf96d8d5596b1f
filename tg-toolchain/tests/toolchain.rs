//! The façade from outside: which compilers are started, what the cache saves, and what the environment chooses.
//!
//! Environment variables are read once per process, so each case that sets some runs this test program again as a
//! child with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tg_core::target::{Isa, Target};
use tg_toolchain::{Assembly, Counts, Error, Job, Toolchain, host_triple};

/// Set for a child process: the target it is to describe.
const CHILD_TARGET: &str = "TG_TEST_CHILD_TARGET";

/// An empty folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("tg-toolchain-test-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// A program of that name made of a shell script.
    #[cfg(unix)]
    fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn host_isa() -> Isa {
    Target::parse(&host_triple()).isas()[0]
}

fn job(name: &str) -> Job {
    Job { source: format!("void tgk_{name}(int *p) {{ *p += 1; }}"), isa: host_isa() }
}

fn host(cache: Option<&Path>) -> Toolchain {
    Toolchain::new(&host_triple(), cache.map(Path::to_owned)).unwrap()
}

/// Assembles with a new toolchain and checks how many compilers that took.
fn check(cache: Option<&Path>, jobs: &[Job], started: usize, cached: usize) -> Vec<Assembly> {
    let toolchain = host(cache);
    let assemblies = toolchain.assemble_all(jobs).unwrap();
    assert_eq!(toolchain.counts(), Counts { started, cached });
    assemblies
}

#[test]
fn only_what_is_new_starts_a_compiler() {
    let folder = Folder::new("counts");
    let cache = Some(folder.0.as_path());
    let first = check(cache, &[job("a"), job("b")], 2, 0);
    assert!(first[0].text.contains("tgk_a:") && first[1].text.contains("tgk_b:"));
    assert_eq!(check(cache, &[job("a"), job("b")], 0, 2), first);
    let third = check(cache, &[job("b"), job("c"), job("a"), job("c")], 1, 3);
    assert_eq!((&third[0], &third[2], &third[1]), (&first[1], &first[0], &third[3]));
    check(cache, &[], 0, 0);
    check(None, &[job("a"), job("a")], 1, 1);
}

#[test]
fn each_level_is_compiled_for_itself() {
    let folder = Folder::new("levels");
    let isas = Target::parse(&host_triple()).isas();
    let jobs: Vec<Job> = isas.iter().map(|&isa| Job { isa, ..job("a") }).collect();
    check(Some(&folder.0), &jobs, isas.len(), 0);
}

#[test]
fn damaged_and_truncated_entries_are_rebuilt() {
    let folder = Folder::new("damage");
    let cache = Some(folder.0.as_path());
    let first = check(cache, &[job("a")], 1, 0);
    // One entry is the assembly, the other one says which compiler there is.
    let entries: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        let whole = fs::read(&entry).unwrap();
        let started = usize::from(whole.windows(5).any(|w| w == b"tgk_a"));
        for damaged in [&whole[..whole.len() / 2], &[], &[whole.as_slice(), b"\n"].concat()] {
            fs::write(&entry, damaged).unwrap();
            assert_eq!(check(cache, &[job("a")], started, 1 - started), first);
            assert_eq!(check(cache, &[job("a")], 0, 1), first);
        }
    }
}

#[test]
fn an_unusable_cache_folder_only_costs_time() {
    let folder = Folder::new("unusable");
    let file = folder.0.join("file");
    fs::write(&file, "").unwrap();
    check(Some(&file), &[job("a")], 1, 0);
    check(Some(&file), &[job("a")], 1, 0);
}

#[test]
fn users_of_one_cache_at_the_same_time_agree() {
    let folder = Folder::new("shared");
    let jobs: Vec<Job> = (0..4).map(|i| job(&format!("k{i}"))).collect();
    let assemble = || host(Some(&folder.0)).assemble_all(&jobs).unwrap();
    let all: Vec<_> = std::thread::scope(|scope| {
        let users: Vec<_> = (0..3).map(|_| scope.spawn(assemble)).collect();
        users.into_iter().map(|user| user.join().unwrap()).collect()
    });
    assert!(all.iter().all(|assemblies| assemblies == &all[0]));
    check(Some(&folder.0), &jobs, 0, 4);
}

#[test]
fn the_first_job_that_fails_is_the_one_reported() {
    let folder = Folder::new("errors");
    let bad = |name: &str| Job { source: format!("int tgk_f(void) {{ return {name}; }}"), isa: host_isa() };
    for _ in 0..3 {
        let toolchain = host(Some(&folder.0));
        let jobs = [job("a"), bad("first_mistake"), bad("second_mistake"), bad("third_mistake")];
        let text = toolchain.assemble_all(&jobs).err().unwrap().to_string();
        assert!(text.contains("first_mistake") && !text.contains("second_mistake"), "{text}");
        assert!(text.contains("-ffreestanding"), "{text}");
    }
}

#[test]
fn objects_have_their_own_entries() {
    let folder = Folder::new("objects");
    let toolchain = host(Some(&folder.0));
    let text = toolchain.assemble_all(&[job("a")]).unwrap();
    let object = toolchain.object_all(&[job("a")]).unwrap();
    assert_eq!(toolchain.object_all(&[job("a")]).unwrap(), object);
    assert_eq!(toolchain.counts(), Counts { started: 2, cached: 1 });
    assert!(object[0].starts_with(b"\x7fELF") && text[0].text.contains("tgk_a"));
}

#[test]
fn a_target_without_c_kernels_is_an_error_value() {
    let error = Toolchain::new("wasm32-unknown-unknown", None).err().unwrap();
    assert!(matches!(error, Error::UnsupportedTarget { .. }));
    assert!(error.to_string().contains("TG_CPU=rust"));
}

/// What a child prints: how the compiler for its target was found, and the code of one kernel.
#[cfg(unix)]
fn describe(target: &str) -> String {
    let isa = Target::parse(target).isas()[0];
    let source = "float tgk_sum(const float *p) { float s = 0; for (int i = 0; i < 64; i++) s += p[i]; return s; }";
    match Toolchain::new(target, None) {
        Ok(toolchain) => match toolchain.assemble_all(&[Job { source: source.into(), isa }]) {
            Ok(assemblies) => format!("{:?}\n{}", toolchain.compiler().argv, assemblies[0].text),
            Err(error) => format!("compile error: {error}"),
        },
        Err(error) => format!("error: {error}"),
    }
}

#[cfg(unix)]
fn describe_in_child(target: &str, environment: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "the_environment_chooses_the_compiler", "--nocapture"]);
    for name in ["CC", "CFLAGS", "HOST_CC", "TARGET_CC"] {
        child.env_remove(name);
    }
    let output = child.env(CHILD_TARGET, target).envs(environment.iter().copied()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    // Around it stands what the test harness prints, times included.
    let described = printed.split_once("<{").and_then(|(_, rest)| rest.rsplit_once("}>"));
    described.map_or_else(|| panic!("the child printed {printed}"), |(text, _)| text.to_owned())
}

#[test]
#[cfg(unix)]
fn the_environment_chooses_the_compiler() {
    if let Ok(target) = std::env::var(CHILD_TARGET) {
        println!("<{{{}}}>", describe(&target));
        return;
    }
    let folder = Folder::new("environment");
    let host = host_triple();
    let plain = describe_in_child(&host, &[]);
    assert!(plain.contains("\ntgk_sum:\n"), "{plain}");

    // CFLAGS could change results (-ffast-math) or reach (-march=native): they are not for kernels.
    assert_eq!(describe_in_child(&host, &[("CFLAGS", "-ffast-math -O0 -g")]), plain);

    let log = folder.0.join("log");
    let logging = folder.script("mycc", &format!("echo \"$*\" >> {}\nexec cc \"$@\"", log.display()));
    let wrapped = describe_in_child(&host, &[("CC", logging.to_str().unwrap())]);
    assert!(wrapped.contains("mycc") && fs::read_to_string(&log).unwrap().contains("-S -O2"), "{wrapped}");

    let missing = describe_in_child(&host, &[("CC", "/nonexistent/cc"), ("PATH", "/nonexistent")]);
    assert!(missing.contains("`/nonexistent/cc` is not installed") && missing.contains("TG_CPU=rust"), "{missing}");

    let other = folder.script("othercc", "echo 'Target: x86_64-linux-gnu'; echo 'gcc version 99'");
    let environment = [("CC_aarch64_unknown_linux_gnu", other.to_str().unwrap()), ("PATH", "/nonexistent")];
    let cross = describe_in_child("aarch64-unknown-linux-gnu", &environment);
    assert!(cross.contains("othercc` does not compile for this target"), "{cross}");
    assert!(cross.contains("CC_aarch64_unknown_linux_gnu"), "{cross}");
}
