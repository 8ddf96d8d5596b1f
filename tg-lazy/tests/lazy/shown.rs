//! What `TG_DEBUG` shows of what is compiled while a program runs, and what a second process finds on the disk.

use std::process::Command;

use tg_lazy::Tensor;
use tg_runtime::jit::Compiler;

/// Set where something is computed to be shown.
const CHILD: &str = "TG_TEST_SHOWN";

fn computed() -> f32 {
    let x = Tensor::from_slice(&[0.5f32; 64], [64]);
    (x.exp() * 3.0).sum(()).item().expect("elements")
}

#[test]
fn child() {
    if std::env::var_os(CHILD).is_some() {
        let result = computed();
        let started = Compiler::of_process().map_or(0, Compiler::started);
        println!("result {result}, compilers started: {started}");
    }
}

/// What a process with these settings prints, and says on stderr.
fn of_process(folder: &str, level: u8) -> (String, String) {
    let mut command = Command::new(std::env::current_exe().expect("tests are files"));
    command.args(["--exact", "shown::child", "--nocapture"]).env(CHILD, "1");
    let run =
        command.env("TG_CACHE", folder).env("TG_DEBUG", level.to_string()).output().expect("a test can be started");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(run.stdout), text(run.stderr))
}

/// A folder of its own for a test, removed at the end.
struct Folder(String);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("tg-lazy-{name}-{}", std::process::id()));
        Folder(path.to_str().expect("a path of text").to_owned())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[test]
fn each_level_shows_more_of_what_is_compiled() {
    if std::env::var_os(crate::INTERPRETED).is_some() {
        return;
    }
    let folder = Folder::new("shown");
    let of_level = [
        "",
        "tg: lazy: 1 kernels, ",
        "tg lazy tgk_r_64",
        "tg:     ",
        "void tgk_r_64",
        ": instructions\n%0 = ",
        " rewrites\ntg:   ",
        "\t.globl\ttgk_r_64",
    ];
    // All but the first find the program on the disk: what has to be made anew to be shown is.
    for level in 0..of_level.len() {
        let (_, shown) = of_process(&folder.0, level as u8);
        for (from, part) in of_level.iter().enumerate() {
            assert_eq!(shown.contains(part), level >= from, "level {level}, {part:?}:\n{shown}");
        }
    }
}

#[test]
fn a_second_process_starts_no_compiler() {
    if std::env::var_os(crate::INTERPRETED).is_some() {
        return;
    }
    let folder = Folder::new("second");
    let line = |started: usize| format!("result {}, compilers started: {started}", computed());
    for started in [1, 0, 0] {
        let (out, err) = of_process(&folder.0, 0);
        assert!(out.contains(&line(started)), "{}\n{out}\n{err}", line(started));
    }
}
