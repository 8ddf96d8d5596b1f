//! The trace that `TG_PROFILE` asks for, of processes that end in every way.
//!
//! Each case starts this program again, which then is the process to trace: [`traced`].

mod affine;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, exit};

use affine::{Rows, affine_into};
use serde_json::Value;
use tg_runtime::{Const, Dyn};

/// Rows of the calls: enough for several threads, and few.
const ROWS: [usize; 2] = [100_000, 3];

/// Name of the variable that says how the process is to end.
const END: &str = "TG_TEST_END";

/// How a process can end, and its exit status.
const ENDS: [(&str, i32); 5] = [("return", 0), ("error", 1), ("panic", 101), ("exit", 7), ("thread", 0)];

fn main() -> Result<(), String> {
    match std::env::var(END) {
        Ok(end) => traced(&end),
        Err(_) => {
            ENDS.iter().for_each(|(end, status)| the_trace_is_whole(end, *status));
            a_file_that_cannot_be_written_is_said_once();
            a_long_run_is_written_as_it_goes();
            Ok(())
        }
    }
}

fn call(rows: usize) {
    let x = Rows::ones_in((Dyn(rows), Const)).expect("memory");
    affine_into(&x, &mut 1.0, &mut x.clone()).expect("the shapes fit");
}

/// Calls a tensor function from two threads at once and ends as `end` says.
fn traced(end: &str) -> Result<(), String> {
    ROWS.into_iter().for_each(call);
    let other = std::thread::Builder::new().name("other".to_owned()).spawn(|| ROWS.into_iter().for_each(call));
    ROWS.into_iter().for_each(call);
    other.expect("a thread").join().expect("no panic");
    match end {
        "error" => Err("as asked for".to_owned()),
        "panic" => panic!("as asked for"),
        "exit" => exit(7),
        "thread" => {
            std::thread::spawn(|| panic!("as asked for")).join().expect_err("a panic");
            Ok(())
        }
        "long" => {
            (0..5_000).for_each(|_| call(3));
            std::process::abort()
        }
        _ => Ok(()),
    }
}

fn run(end: &str, file: &Path) -> Output {
    let mut again = Command::new(std::env::current_exe().expect("a program knows its path"));
    again.env(END, end).env("TG_PROFILE", file).env("TG_THREADS", "3").env_remove("TG_DEBUG");
    again.output().expect("a program can be started")
}

/// A file of this process in the folder for temporary ones.
fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tg-profile-{}-{name}.json", std::process::id()))
}

/// One event with a duration.
struct Event {
    thread: u64,
    category: String,
    name: String,
    begin: f64,
    end: f64,
    args: Value,
}

impl Event {
    fn new(value: &Value) -> Event {
        let text = |key: &str| value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}")).to_owned();
        let number = |key: &str| value[key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"));
        let (begin, thread) = (number("ts"), value["tid"].as_u64().expect("a thread"));
        let (end, args) = (begin + number("dur"), value["args"].clone());
        Event { thread, category: text("cat"), name: text("name"), begin, end, args }
    }

    /// Whether `other` lies in it; times are written with three digits.
    fn holds(&self, other: &Event) -> bool {
        self.begin <= other.begin + 1e-3 && other.end <= self.end + 1e-3
    }
}

/// The events of a file, and the names of its threads.
fn read(file: &Path) -> (Vec<Event>, BTreeMap<u64, String>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    // A process that was aborted leaves the array without its end.
    let text = if text.ends_with("]\n") { text } else { text + "]" };
    let values: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    let names = values.iter().filter(|value| value["name"] == "thread_name");
    let name = |value: &Value| (value["tid"].as_u64().expect("a thread"), value["args"]["name"].to_string());
    std::fs::remove_file(file).expect("the file was there");
    (values.iter().filter(|value| value["ph"] == "X").map(Event::new).collect(), names.map(name).collect())
}

fn the_trace_is_whole(end: &str, status: i32) {
    let file = file(end);
    let output = run(end, &file);
    assert_eq!(output.status.code(), Some(status), "{end}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(std::fs::read_to_string(&file).expect("a file").ends_with("\n]\n"), "{end}: the array has an end");
    let (events, names) = read(&file);
    let of = |category: &str| events.iter().filter(|event| event.category == category).collect::<Vec<_>>();
    let (calls, kernels, portions) = (of("function"), of("kernel"), of("portion"));
    assert_eq!((calls.len(), kernels.len()), (6, 18), "{end}");
    assert_eq!(calls.len() + kernels.len() + portions.len(), events.len());
    each_kernel_is_in_its_call(&calls, &kernels);
    each_portion_is_in_its_kernel(&kernels, &portions);
    threads_do_one_thing_at_a_time(&events);
    arguments_say_what_was_done(&calls, &kernels);
    let named = |thread: &u64| names[thread].trim_matches('"').to_owned();
    let callers: Vec<String> = calls.iter().map(|call| named(&call.thread)).collect();
    assert_eq!(["main", "other"].map(|name| callers.iter().filter(|caller| *caller == name).count()), [4, 2]);
    assert!(
        portions.iter().all(|portion| ["main", "other", "tg-1", "tg-2"].contains(&named(&portion.thread).as_str()))
    );
}

fn each_kernel_is_in_its_call(calls: &[&Event], kernels: &[&Event]) {
    for call in calls {
        let mut inside: Vec<_> =
            kernels.iter().filter(|kernel| kernel.thread == call.thread && call.holds(kernel)).collect();
        inside.sort_by(|one, other| one.begin.total_cmp(&other.begin));
        assert_eq!(call.name, "affine");
        assert!(inside.iter().map(|kernel| &*kernel.name).eq(["e_double", "e_shift", "e_increment"]));
        assert!(inside.iter().all(|kernel| kernel.args["function"] == "affine" && kernel.args["device"] == "cpu"));
    }
}

/// Portions of a kernel make up its iterations.
fn each_portion_is_in_its_kernel(kernels: &[&Event], portions: &[&Event]) {
    let is_of = |kernel: &Event, portion: &Event| kernel.name == portion.name && kernel.holds(portion);
    assert!(portions.iter().all(|portion| kernels.iter().any(|kernel| is_of(kernel, portion))));
    let end = ROWS[0] as u64 / 4;
    let number = |portion: &Event, key: &str| portion.args[key].as_u64().expect("an iteration");
    let total: u64 = portions.iter().map(|portion| number(portion, "end") - number(portion, "begin")).sum();
    assert!(total >= 2 * end && total.is_multiple_of(end), "the first call is alone, so threads share its two kernels");
}

fn threads_do_one_thing_at_a_time(events: &[Event]) {
    for (at, one) in events.iter().enumerate() {
        for other in events[..at].iter().filter(|other| other.thread == one.thread) {
            let apart = one.end <= other.begin + 1e-3 || other.end <= one.begin + 1e-3;
            assert!(apart || one.holds(other) || other.holds(one), "{} and {}", one.name, other.name);
        }
    }
}

fn arguments_say_what_was_done(calls: &[&Event], kernels: &[&Event]) {
    let is_large = |event: &&&Event| event.args["flops"] == 4.0 * ROWS[0] as f64;
    let large: Vec<_> = kernels.iter().filter(is_large).collect();
    assert_eq!(large.len(), 9);
    assert!(large.iter().all(|kernel| kernel.args["bytes"] == 3_200_000.0 && kernel.args["GB/s"].as_f64() > Some(0.0)));
    let call = calls.iter().find(|call| call.args["flops"] == 12.0 * ROWS[0] as f64).expect("a large call");
    let params = ["x", "b", "y"].map(|name| call.args["params"][name].to_string());
    assert_eq!(params, ["\"f32 (100000, 4)\"", "\"f32 ()\"", "\"f32 (100000, 4)\""]);
}

fn a_file_that_cannot_be_written_is_said_once() {
    let file = file("no-such-folder").join("trace.json");
    let output = run("return", &file);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "calls work without the trace: {text}");
    let said = format!("tg: TG_PROFILE: the trace cannot be written to {}: ", file.display());
    assert!(text.starts_with(&said) && text.lines().count() == 1, "{text}");
}

/// What came before an abort is there, up to the last events.
fn a_long_run_is_written_as_it_goes() {
    let file = file("long");
    assert!(!run("long", &file).status.success());
    let (events, _) = read(&file);
    assert!(events.len() > 15_000, "{} of more than 20,000", events.len());
}
