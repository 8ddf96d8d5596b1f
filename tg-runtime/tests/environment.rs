//! What the environment variables do, each seen from a fresh process: the environment is read once.

mod affine;

use std::process::{Command, Output};

use affine::{Rows, affine_into};
use tg_runtime::{Const, Dyn, Result};

/// Runs [`child`] in a process of its own.
fn in_child(variable: &str, value: &str) -> Output {
    let program = std::env::current_exe().expect("a test binary knows its path");
    let mut command = Command::new(program);
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env("TG_TEST_CHILD", "1");
    command.env(variable, value).output().expect("a test binary can be started")
}

fn call(n: usize) -> Result<()> {
    let x = Rows::ones_in((Dyn(n), Const))?;
    affine_into(&x, &mut 1.0, &mut x.clone())
}

/// In a child process, calls the tensor function and prints its error; on its own, checks that it has none.
#[test]
fn child() {
    let outcome = call(100_000).and(call(5));
    match std::env::var_os("TG_TEST_CHILD") {
        Some(_) => eprintln!("outcome: {}", outcome.err().map_or("ok".to_owned(), |e| e.to_string())),
        None => outcome.expect("the environment of tests is good"),
    }
}

#[track_caller]
fn check(variable: &str, value: &str, expected: &[&str], unexpected: &[&str]) {
    let text = String::from_utf8_lossy(&in_child(variable, value).stderr).into_owned();
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
    assert!(!unexpected.iter().any(|part| text.contains(part)), "{text}");
}

#[test]
fn debug_prints_where_the_time_went_and_each_launch() {
    let table = ["outcome: ok", "GFLOP/s", "affine e_shift", "affine e_increment", "2 calls of tensor functions"];
    check("TG_DEBUG", "0", &["outcome: ok"], &["e_double"]);
    check("TG_DEBUG", "1", &table, &["tg affine e_double"]);
    check("TG_DEBUG", "2", &table, &[]);
    check("TG_DEBUG", "2", &["tg affine e_double", " us ", " GFLOP/s ", " GB/s\n"], &[]);
}

#[test]
fn threads_and_instruction_set_can_be_chosen() {
    for threads in ["1", "2", "5"] {
        check("TG_THREADS", threads, &["outcome: ok"], &[]);
    }
    check("TG_CPU", "baseline", &["outcome: ok"], &[]);
    check("TG_CPU", "rust", &["outcome: ok"], &[]);
}

#[test]
fn nonsense_is_an_error_of_the_call() {
    check("TG_THREADS", "many", &["outcome: environment variable TG_THREADS: expected a whole number"], &[]);
    check("TG_CPU", "v9", &["outcome: environment variable TG_CPU", "got `v9`"], &[]);
    check("TG_DEBUG", "-1", &["outcome: environment variable TG_DEBUG", "got `-1`"], &[]);
}
