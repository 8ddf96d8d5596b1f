//! `tg-tune`: measures other schedules for the kernels of a crate and writes the faster ones into its tuning file.
//!
//! | module | does |
//! |---|---|
//! | `arguments` | reads the command line |
//! | `kernels` | gets the kernels of a crate from its build |
//! | `data` | what buffers hold, and which results are alike |
//! | `bench` | compiles and times one list of actions |
//! | `compile` | times the C compiler |
//! | `head` | what the program that runs kernels knows of them |
//! | `reference` | holds the heuristic's kernel against the interpreter |
//! | `tune` | chooses |
//! | `lockfile` | reads, checks and writes the file |
//!
//! Which lists there are to try, and the search over them, are in `tg_core::optimize`. Builds use nothing of this: they
//! read the file.
#![forbid(unsafe_code)]

mod arguments;
mod bench;
mod compile;
mod data;
mod head;
mod kernels;
mod lockfile;
mod reference;
#[cfg(test)]
mod tests;
mod tune;

use std::path::Path;
use std::process::ExitCode;

use tg_core::compile::Portable;
use tg_core::optimize::Tuning;
use tg_core::target::{Isa, Target};
use tg_toolchain::{Toolchain, host_triple};

use self::arguments::{Arguments, HELP, Task};
use self::bench::{Bench, Measure, RUN_LIMIT, Shown};
use self::kernels::{Kernels, kernels};
use self::tune::{Finding, tune};

fn main() -> ExitCode {
    // A list that makes the compiler panic is passed by, and its words would be taken for an error of this program.
    std::panic::set_hook(Box::new(|_| {}));
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tg-tune: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    if arguments.task == Task::Help {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    let manifest = std::path::absolute(&arguments.manifest).map_err(|error| error.to_string())?;
    let found = kernels(&manifest, &arguments.cargo)?;
    match arguments.task {
        Task::Check => check(&manifest, &found),
        Task::List => list(&manifest, &found),
        Task::Compile => compile_all(&manifest, &found, arguments),
        _ => tune_all(&manifest, &found, arguments),
    }
}

fn check(manifest: &Path, found: &Kernels) -> Result<ExitCode, String> {
    let (path, tuning) = lockfile::read(manifest)?;
    let wrong = lockfile::mismatches(&tuning, &found.all);
    wrong.iter().for_each(|line| println!("{line}"));
    println!("{}: {} entries, {} do not fit", path.display(), tuning.entries().len(), wrong.len());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(manifest: &Path, found: &Kernels) -> Result<ExitCode, String> {
    let (_, tuning) = lockfile::read(manifest)?;
    for (nest, kernel) in &found.all {
        let levels: Vec<&str> = tuning.of_nest(*nest).map(|entry| entry.isa.name()).collect();
        println!("{nest} {} {}", kernel.name, levels.join(" "));
    }
    Ok(ExitCode::SUCCESS)
}

fn compile_all(manifest: &Path, found: &Kernels, arguments: &Arguments) -> Result<ExitCode, String> {
    let (_, tuning) = lockfile::read(manifest)?;
    let tools = Toolchain::new(&host_triple(), None).map_err(|error| error.to_string())?;
    let named = |isa: &&Isa| arguments.isa.as_deref().is_none_or(|name| name == isa.name());
    let isas: Vec<Isa> = tools.compiler().target.isas().iter().filter(named).copied().collect();
    let chosen = found.all.values().filter(|kernel| arguments.wants(kernel));
    let jobs = chosen.flat_map(|kernel| isas.iter().map(move |isa| (kernel, *isa)));
    let compiled =
        jobs.map(|(kernel, isa)| compile::compile(kernel, isa, &tuning, &tools)).collect::<Result<_, _>>()?;
    print!("{}", compile::table(compiled));
    Ok(ExitCode::SUCCESS)
}

fn tune_all(manifest: &Path, found: &Kernels, arguments: &Arguments) -> Result<ExitCode, String> {
    let (path, mut tuning) = lockfile::read(manifest)?;
    let tools = Toolchain::new(&host_triple(), None).map_err(|error| error.to_string())?;
    let isa = level(arguments.isa.as_deref())?;
    let chosen: Vec<&Portable> = found.all.values().filter(|k| arguments.wants(k)).collect();
    for (number, kernel) in (1..).zip(&chosen) {
        eprint!("[{number}/{}] {} {}: ", chosen.len(), kernel.name, isa.name());
        match tune_one(kernel, isa, &tools, &tuning, arguments) {
            Ok(Finding::Faster(entry)) => {
                let (default, tuned) = (entry.default_ns as f64 / 1e3, entry.tuned_ns as f64 / 1e3);
                eprintln!("{default:.2} µs by default, {tuned:.2} µs with {}", entry.actions);
                tuning.set(entry);
                lockfile::write(&path, &tuning, &found.sources)?;
            }
            Ok(Finding::NotFaster { tried }) => {
                eprintln!("nothing faster among {tried} schedules");
                if tuning.remove(kernel.fingerprint(), isa) {
                    lockfile::write(&path, &tuning, &found.sources)?;
                }
            }
            Err(error) => eprintln!("left as it is: {error}"),
        }
    }
    lockfile::mismatches(&tuning, &found.all).iter().for_each(|line| eprintln!("{line}"));
    Ok(ExitCode::SUCCESS)
}

fn tune_one(
    kernel: &Portable,
    isa: Isa,
    tools: &Toolchain,
    tuning: &Tuning,
    arguments: &Arguments,
) -> Result<Finding, String> {
    let mut bench = Bench::new(tools, kernel.clone(), isa, RUN_LIMIT)?;
    let forms = bench::forms(&kernel.nest, kernel.bytes.len())?;
    if let Some(wrong) = reference::mismatch(kernel, &forms, &bench.results()?) {
        return Err(format!("the kernel as it is built now is wrong, which is a bug: {wrong}"));
    }
    let known = tuning.of_nest(kernel.fingerprint()).filter(|entry| entry.isa == isa);
    let starts = [bench.default_actions()?].into_iter().chain(known.map(|entry| entry.actions.clone())).collect();
    let mut shown;
    let bench: &mut dyn Measure = if arguments.verbose {
        eprintln!();
        shown = Shown(&mut bench);
        &mut shown
    } else {
        &mut bench
    };
    tune(kernel, isa, starts, arguments.budget, bench)
}

/// The instruction set `name`, or the best that this machine has.
fn level(name: Option<&str>) -> Result<Isa, String> {
    let usable: Vec<Isa> = Target::parse(&host_triple()).isas().iter().copied().filter(is_usable).collect();
    let names = || usable.iter().map(|isa| isa.name()).collect::<Vec<_>>().join(", ");
    let found = match name {
        None => usable.last(),
        Some(name) => usable.iter().find(|isa| isa.name() == name),
    };
    found.copied().ok_or_else(|| format!("--isa: this machine can measure {}, not `{}`", names(), name.unwrap_or("")))
}

#[cfg(target_arch = "x86_64")]
fn is_usable(isa: &Isa) -> bool {
    use std::arch::is_x86_feature_detected as has;
    match isa {
        Isa::X86V3 => has!("avx2") && has!("fma") && has!("bmi2"),
        Isa::X86V4 => has!("avx512f") && has!("avx512bw") && has!("avx512cd") && has!("avx512dq") && has!("avx512vl"),
        _ => true,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn is_usable(_: &Isa) -> bool {
    true
}
