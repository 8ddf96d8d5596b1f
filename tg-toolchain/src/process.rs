//! Runs one program to its end: bytes in, bytes out, within a time limit.
//!
//! Input and both outputs move on their own threads, so no pipe can fill up and block the other side. A program that
//! runs past its limit is killed with everything it started. This is not a shell: arguments are passed as they are.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often a program that has closed its outputs is asked whether it has ended.
const POLL: Duration = Duration::from_millis(1);

/// What a program that ended has left.
pub(crate) struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Why a program did not end by itself.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It could not be started or waited for.
    Io(io::Error),
    /// It ran past its limit and was killed.
    TimedOut,
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Stopped {
        Stopped::Io(error)
    }
}

/// Runs `argv` (program first) with `input` as its standard input. Messages are asked for in English.
pub(crate) fn run(argv: &[OsString], input: &str, limit: Duration) -> Result<Finished, Stopped> {
    let (program, arguments) = argv.split_first().ok_or_else(|| io::Error::other("empty command"))?;
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    let deadline = Instant::now() + limit;
    let outputs = connect(&mut child, input.to_owned());
    let finished = collect(&mut child, &outputs, deadline);
    if finished.is_err() {
        kill_group(&mut child);
    }
    finished
}

/// Which of a program's outputs.
enum Output {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
}

/// Starts the threads that feed and drain the program.
fn connect(child: &mut Child, input: String) -> Receiver<Output> {
    let (sender, receiver) = channel();
    if let Some(mut stdin) = child.stdin.take() {
        // A program may end without reading everything; its status says whether that was right.
        thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    }
    if let Some(stdout) = child.stdout.take() {
        drain(stdout, Output::Stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        drain(stderr, Output::Stderr, sender);
    }
    receiver
}

fn drain(mut from: impl Read + Send + 'static, output: fn(Vec<u8>) -> Output, to: Sender<Output>) {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if from.read_to_end(&mut bytes).is_ok() {
            // The receiver is gone when the limit has passed; there is nobody left to tell.
            drop(to.send(output(bytes)));
        }
    });
}

/// Waits for both outputs and the end of the program.
fn collect(child: &mut Child, outputs: &Receiver<Output>, deadline: Instant) -> Result<Finished, Stopped> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let left = deadline.saturating_duration_since(Instant::now());
        match outputs.recv_timeout(left).map_err(|_| Stopped::TimedOut)? {
            Output::Stdout(bytes) => stdout = bytes,
            Output::Stderr(bytes) => stderr = bytes,
        }
    }
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Finished { status, stdout, stderr });
        }
        if Instant::now() >= deadline {
            return Err(Stopped::TimedOut);
        }
        thread::sleep(POLL);
    }
}

/// Kills the program and what it started: a compiler driver's work is done by its children.
fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    {
        // The standard library cannot signal a group; every Unix shell can.
        let script = format!("kill -KILL -{}", child.id());
        drop(Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status());
    }
    drop(child.kill());
    drop(child.wait());
}

/// A command line as a user would type it, for messages.
pub(crate) fn command_line(argv: &[OsString]) -> String {
    argv.iter().map(|a| a.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, input: &str, limit: Duration) -> Result<Finished, Stopped> {
        run(&["sh".into(), "-c".into(), script.into()], input, limit)
    }

    const PLENTY: Duration = Duration::from_secs(600);

    #[test]
    fn both_outputs_and_the_status_come_back() {
        let finished = shell("cat; echo err >&2; exit 3", "in", PLENTY).ok().unwrap();
        assert_eq!((finished.stdout.as_slice(), finished.stderr.as_slice()), (&b"in"[..], &b"err\n"[..]));
        assert_eq!(finished.status.code(), Some(3));
    }

    #[test]
    fn output_larger_than_a_pipe_passes_in_both_directions() {
        let input = "0123456789abcdef".repeat(1 << 16);
        let finished = shell("tee /dev/stderr", &input, PLENTY).ok().unwrap();
        assert!(finished.stdout == input.as_bytes() && finished.stderr == input.as_bytes());
    }

    #[test]
    fn input_that_nobody_reads_is_no_error() {
        let finished = shell("exit 0", &"x".repeat(1 << 20), PLENTY).ok().unwrap();
        assert!(finished.status.success());
    }

    #[test]
    fn a_program_that_never_ends_is_stopped_with_its_children() {
        // The child holds the outputs open; only killing the whole group closes them.
        let stopped = shell("sleep 100000 & sleep 100000", "", Duration::from_millis(20)).err().unwrap();
        assert!(matches!(stopped, Stopped::TimedOut));
    }

    #[test]
    fn a_program_that_closes_its_outputs_and_stays_is_stopped() {
        let stopped = shell("exec >&- 2>&-; sleep 100000", "", Duration::from_millis(20)).err().unwrap();
        assert!(matches!(stopped, Stopped::TimedOut));
    }

    #[test]
    fn a_missing_program_is_an_error_value() {
        let stopped = run(&["/nonexistent/cc".into()], "", PLENTY).err().unwrap();
        assert!(matches!(stopped, Stopped::Io(e) if e.kind() == io::ErrorKind::NotFound));
        assert!(matches!(run(&[], "", PLENTY), Err(Stopped::Io(_))));
    }
}
