//! Both sides of the table have the same cases. What they compute is checked where there is PyTorch, not here.

use std::process::Command;

#[test]
fn every_case_is_on_both_sides() {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/table");
    let kernels = env!("CARGO_BIN_EXE_kernels");
    let run = Command::new("python3").args([table, "--dry-run", "--kernels", kernels]).output();
    let Ok(output) = run else {
        eprintln!("SKIPPED, nothing was tested: there is no python3");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_cannot_be_done_is_said() {
    let said = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kernels")).args(arguments).output().expect("a process");
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said(&[]).contains("expected `--list`, or"));
    assert!(said(&["nothing", "--device", "cpu", "--folder", "."]).contains("no case `nothing`"));
    assert!(said(&["sum_f32", "--device", "tpu", "--folder", "."]).contains("expected the device cpu or cuda"));
}
