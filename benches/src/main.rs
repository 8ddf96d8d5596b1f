//! Times tg against other Rust tensor libraries and the limits of the machine, and checks what they compute.
//!
//! Each case runs in a fresh process per number of threads: this program starts itself again with thread counts and
//! malloc settings in the environment, which the libraries read once. `README.md` says how to read the output;
//! the package `peers` is the same for Python libraries.

mod candle;
mod case;
mod cases;
mod gemm_crates;
mod inputs;
mod limits;
mod measure;
mod ours;
mod options;
mod reference;
mod report;
mod tract;

use std::io::BufRead;
use std::process::{Command, ExitCode};

use tg_bench_tuned::job;

use case::{Case, OURS};
use job::Job;
use options::{HELP, Mode, Options};
use report::Line;

/// A contender whose result is further off than this, relative to the largest element, is left out.
const TOLERANCE: f64 = 1e-3;

/// Keeps freed blocks in the process, so that a fresh 64 MiB result costs no page faults.
const KEEP_MEMORY: [(&str, &str); 3] =
    [("MALLOC_MMAP_MAX_", "0"), ("MALLOC_TRIM_THRESHOLD_", "4294967296"), ("MALLOC_TOP_PAD_", "268435456")];

/// What the contenders read their number of threads from.
const THREADS: [&str; 3] = ["RAYON_NUM_THREADS", "TG_THREADS", "MATMUL_NUM_THREADS"];

fn main() -> ExitCode {
    match Options::read(std::env::args().skip(1)).and_then(|options| act(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tg-bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn act(options: &Options) -> Result<(), String> {
    match &options.mode {
        Mode::Help => print!("{HELP}"),
        Mode::Limits => options.threads.iter().for_each(|&threads| report::limits(threads, options.json)),
        Mode::Parent => start_children(options)?,
        Mode::Child(name) => time_case(&find(name)?, options)?,
        Mode::Serve(name) => serve(&find(name)?, options)?,
        Mode::ServeLimit(name) => serve_limit(&find(name)?, options),
    }
    Ok(())
}

fn find(name: &str) -> Result<Case, String> {
    let wanted = cases::cases().into_iter().find(|case| case.name == name);
    wanted.ok_or_else(|| format!("there is no case `{name}`"))
}

fn start_children(options: &Options) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let names: Vec<String> = cases::cases().into_iter().map(|case| case.name).collect();
    let wanted: Vec<&String> = names.iter().filter(|name| name.contains(&options.filter)).collect();
    if wanted.is_empty() {
        return Err(format!("no case matches `{}`; there are {}", options.filter, names.join(" ")));
    }
    for &threads in &options.threads {
        for name in &wanted {
            let mut child = Command::new(&program);
            child.args(["--child", name]).args(options.json.then_some("--json"));
            child.args(["--threads", &threads.to_string(), "--rounds", &options.rounds.to_string()]);
            child.envs(THREADS.map(|variable| (variable, threads.to_string())));
            child.envs(KEEP_MEMORY.into_iter().filter(|_| !options.default_malloc));
            let status = child.status().map_err(|error| format!("{name}: {error}"))?;
            if !status.success() {
                eprintln!("tg-bench: {name} with {threads} threads: {status}");
            }
        }
    }
    Ok(())
}

/// A contender that gives the right result, and how far off that is.
struct Entrant {
    name: &'static str,
    job: Box<dyn Job>,
    error: f64,
}

/// The contenders of `case` that can be built and compute the right result; the others are named on stderr.
fn entrants(case: &Case, threads: usize) -> Vec<Entrant> {
    let want = (case.reference)();
    let check = |name: &'static str, build: &case::Build| {
        let mut job = build(threads).map_err(|error| error.to_string())?;
        job.run()?;
        let error = reference::error(&job.result()?, &want);
        let right = error <= TOLERANCE;
        right.then_some(Entrant { name, job, error }).ok_or_else(|| format!("result is off by {error:.1e}"))
    };
    let checked = |(name, build): &(&'static str, case::Build)| {
        let entrant = check(name, build);
        entrant.inspect_err(|why| eprintln!("tg-bench: {}: {name}: {why}", case.name)).ok()
    };
    case.contenders.iter().filter_map(checked).collect()
}

fn time_case(case: &Case, options: &Options) -> Result<(), String> {
    let threads = options.threads[0];
    let entrants = entrants(case, threads);
    let checked: Vec<(&str, f64)> = entrants.iter().map(|entrant| (entrant.name, entrant.error)).collect();
    let mut jobs: Vec<Box<dyn Job>> = entrants.into_iter().map(|entrant| entrant.job).collect();
    let times = measure::interleaved(&mut jobs, || case.limit_us(threads), options.rounds)?;
    let calls = checked.iter().zip(times.calls).map(|(&(name, error), us)| (name, us, error));
    let line = Line::new(case, threads, times.limit, calls);
    println!("{}", if options.json { line.json() } else { line.text() });
    Ok(())
}

/// The protocol of the package `peers`: a line with the error when ready, then for each line read the median µs of one
/// turn.
fn serve(case: &Case, options: &Options) -> Result<(), String> {
    let ours = case.contenders.iter().find(|(name, _)| *name == OURS);
    let (_, build) = ours.ok_or_else(|| format!("tg does not have the case `{}`", case.name))?;
    let mut job = build(options.threads[0]).map_err(|error| error.to_string())?;
    job.run()?;
    println!("{:e}", reference::error(&job.result()?, &(case.reference)()));
    measure::warm_up(job.as_mut())?;
    for line in std::io::stdin().lock().lines() {
        line.map_err(|error| error.to_string())?;
        println!("{}", measure::turn(job.as_mut())?);
    }
    Ok(())
}

/// The same protocol for what the machine allows: nothing is wrong about it, and each line read gets its µs at that time.
fn serve_limit(case: &Case, options: &Options) {
    println!("0");
    std::io::stdin().lock().lines().for_each(|_| println!("{}", case.limit_us(options.threads[0])));
}
