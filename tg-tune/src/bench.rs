//! A kernel with the heuristic's actions and with others, compiled and run in a process of their own.
//!
//! A kernel that crashes, hangs or computes something else costs its process, never this one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::available_parallelism;
use std::time::Duration;

use tg_core::compile::{Origin, Pack, Portable, Variant, sharing};
use tg_core::dim::Dim;
use tg_core::ir::{Graph, Op, text};
use tg_core::optimize::Actions;
use tg_core::schedule;
use tg_core::target::Isa;
use tg_toolchain::{Executable, Job, Toolchain};

use crate::data::Form;
use crate::head::{Data, head};

/// The value that a run-time dimension has in measurements, if its bounds allow: as the heuristic supposes.
const TYPICAL: i64 = 256;
/// Most bytes of all buffers of a kernel.
const MOST_BYTES: i64 = 2 << 30;
/// Longest text of a kernel, beside that with the heuristic's actions: compilers take long for more.
const LONGEST: usize = 8;
/// As many shares as this suffice for the threads of any machine that is likely.
const SHARES: i64 = 16;
/// Time that a process has: a kernel of a second is measured some times.
pub const RUN_LIMIT: Duration = Duration::from_secs(20);

/// Medians in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// With the heuristic's actions.
    pub default_ns: f64,
    /// With those that are tried.
    pub tuned_ns: f64,
}

impl Pair {
    /// The part of the default time that the other is.
    pub fn ratio(self) -> f64 {
        self.tuned_ns / self.default_ns.max(f64::MIN_POSITIVE)
    }
}

/// What was measured of a list of actions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// On one thread.
    pub alone: Pair,
    /// On all threads of the machine, if they would share the kernel.
    pub shared: Option<Pair>,
}

/// What tells how fast a kernel is: a machine, or a test.
pub trait Measure {
    /// Times of `rounds` rounds.
    ///
    /// # Errors
    /// Why the actions cannot be used for this kernel.
    fn measure(&mut self, actions: &Actions, rounds: usize) -> Result<Times, String>;
}

/// Shows what another one measures.
pub struct Shown<'m>(pub &'m mut dyn Measure);

impl Measure for Shown<'_> {
    fn measure(&mut self, actions: &Actions, rounds: usize) -> Result<Times, String> {
        let measured = self.0.measure(actions, rounds);
        match &measured {
            Ok(Times { alone, shared }) => {
                let shared = shared.map_or(String::new(), |pair| format!(", shared {:.3}", pair.ratio()));
                eprintln!("  {:.3} of {:.2} µs{shared}: {actions}", alone.ratio(), alone.default_ns / 1e3);
            }
            Err(why) => eprintln!("  not {actions}: {why}"),
        }
        measured
    }
}

/// A kernel on this machine.
#[derive(Debug)]
pub struct Bench<'t> {
    tools: &'t Toolchain,
    kernel: Portable,
    isa: Isa,
    /// The elements of each buffer, and their bytes.
    buffers: Vec<(Form, i64)>,
    /// Operations of a call.
    work: i64,
    default: Compiled,
    limit: Duration,
}

/// A kernel as an object file.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The file.
    pub object: Vec<u8>,
    /// The function in it.
    pub symbol: String,
    /// Iterations of its shared loop.
    pub trips: i64,
    /// Bytes of its scratch memory.
    pub scratch: usize,
    /// Elements that each share puts there, whatever it covers.
    pub repeated: i64,
    /// The copies of constant operands that it reads, each of one of its buffers.
    pub packs: Vec<Pack>,
    /// Bytes of its text.
    pub length: usize,
}

impl<'t> Bench<'t> {
    /// A bench for `kernel`, whose processes may take `limit`.
    ///
    /// # Errors
    /// If the kernel is no kernel, is too large, or is not compiled.
    pub fn new(tools: &'t Toolchain, kernel: Portable, isa: Isa, limit: Duration) -> Result<Bench<'t>, String> {
        let forms = forms(&kernel.nest, kernel.bytes.len())?;
        let buffers: Vec<(Form, i64)> = forms.into_iter().zip(kernel.bytes.iter().map(size)).collect();
        let bytes = buffers.iter().map(|(_, bytes)| *bytes).fold(0, i64::saturating_add);
        if bytes > MOST_BYTES {
            return Err(format!("its buffers have {bytes} bytes; at most {MOST_BYTES} are measured"));
        }
        let variant = rendered(&kernel, isa, None)?;
        let (work, default) = (work(&kernel)?, compiled(tools, &variant, "tgk_default")?);
        Ok(Bench { tools, kernel, isa, buffers, work, default, limit })
    }

    /// The actions that the heuristic chooses.
    ///
    /// # Errors
    /// As [`Bench::new`].
    pub fn default_actions(&self) -> Result<Actions, String> {
        rendered(&self.kernel, self.isa, None).map(|variant| variant.actions)
    }

    /// What the buffers hold after the kernel with the heuristic's actions ran once.
    ///
    /// # Errors
    /// If it cannot run.
    pub fn results(&self) -> Result<Vec<u8>, String> {
        let program = self.program(&self.default)?;
        program.run(&["results"], self.limit).map_err(|error| error.to_string())
    }

    /// The times of `kernel` beside the default.
    ///
    /// # Errors
    /// If it crashes, hangs or gives other results.
    pub fn times(&self, kernel: &Compiled, rounds: usize) -> Result<Times, String> {
        let output = self.program(kernel)?.run(&["time", &rounds.to_string()], self.limit);
        let output = String::from_utf8(output.map_err(|error| error.to_string())?).unwrap_or_default();
        let [alone, shared] = ["alone", "shared"].map(|word| pair(&output, word));
        Ok(Times { alone: alone.ok_or("it ended without a time")?, shared })
    }

    fn program(&self, other: &Compiled) -> Result<Executable, String> {
        let dims: Vec<i64> = self.kernel.dims.iter().map(|var| typical(var.min, var.max)).collect();
        let data = Data { buffers: &self.buffers, dims: &dims, work: self.work, threads: threads(self.work) };
        let main = format!("{}{}", head(data, [&self.default, other]), include_str!("launcher.c"));
        let objects = [self.default.object.clone(), other.object.clone()];
        let objects = if self.default.symbol == other.symbol { &objects[..1] } else { &objects[..] };
        self.tools.link(&main, objects).map_err(|error| error.to_string())
    }
}

impl Measure for Bench<'_> {
    fn measure(&mut self, actions: &Actions, rounds: usize) -> Result<Times, String> {
        let variant = rendered(&self.kernel, self.isa, Some(actions))?;
        if let Origin::Inapplicable(why) = &variant.origin {
            return Err(why.clone());
        }
        if variant.source.len() > self.default.length * LONGEST {
            return Err(format!("its text has {} bytes", variant.source.len()));
        }
        let trips = trips(&variant);
        if trips < self.default.trips.min(SHARES) {
            return Err(format!("it leaves {trips} shares for threads"));
        }
        let kernel = compiled(self.tools, &variant, "tgk_tuned")?;
        self.times(&kernel, rounds)
    }
}

/// The text of `kernel`; a panic of the compiler is an error like any other.
fn rendered(kernel: &Portable, isa: Isa, actions: Option<&Actions>) -> Result<Variant, String> {
    let symbol = if actions.is_some() { "tgk_tuned" } else { "tgk_default" };
    let run = AssertUnwindSafe(|| kernel.render(isa, actions, symbol).map_err(|error| error.to_string()));
    catch_unwind(run).unwrap_or_else(|_| Err("the compiler panics, which is a bug in it".into()))
}

fn compiled(tools: &Toolchain, variant: &Variant, symbol: &str) -> Result<Compiled, String> {
    let job = Job { source: variant.source.clone(), isa: variant.isa };
    let object = tools.object_all(&[job]).map_err(|error| error.to_string())?.pop().unwrap_or_default();
    let (symbol, trips, packs, length) = (symbol.into(), trips(variant), variant.packs.clone(), variant.source.len());
    let Variant { scratch, repeated, .. } = *variant;
    Ok(Compiled { object, symbol, trips, scratch, repeated, packs, length })
}

fn trips(variant: &Variant) -> i64 {
    size(&variant.extent).div_euclid(variant.tile.max(1))
}

/// The value of a size in measurements.
pub fn size(dim: &Dim) -> i64 {
    dim.eval(&|var| typical(var.min, var.max))
}

/// The value of a run-time dimension in measurements.
pub fn typical(min: i64, max: i64) -> i64 {
    TYPICAL.clamp(min, max)
}

/// The elements of each buffer of the kernel with this loop nest.
pub fn forms(nest: &str, buffers: usize) -> Result<Vec<Form>, String> {
    let graph = Graph::new();
    let root = text::parse(&graph, nest).map_err(|error| error.to_string())?;
    let mut forms = vec![None; buffers];
    for node in root.toposort().into_iter().filter(|node| node.op() == Op::DefineGlobal) {
        let tg_core::ir::Arg::Slot(slot) = node.arg() else { continue };
        if let Some(form) = forms.get_mut(*slot as usize) {
            *form = Some(Form::of(node.dtype().pointee()));
        }
    }
    forms.into_iter().collect::<Option<_>>().ok_or_else(|| "it has a buffer of unknown type".into())
}

/// Work of a call of `kernel`.
fn work(kernel: &Portable) -> Result<i64, String> {
    let graph = Graph::new();
    let root = text::parse(&graph, &kernel.nest).map_err(|error| error.to_string())?;
    let bytes = kernel.bytes.iter().fold(Dim::ZERO, |sum, bytes| &sum + bytes);
    Ok(size(&schedule::work(root, &bytes)))
}

/// Threads that share a call of so much work: those of the machine, if it is enough.
fn threads(work: i64) -> usize {
    let machine = || available_parallelism().map_or(1, usize::from);
    if work < sharing::PARALLEL_WORK { 1 } else { machine() }
}

/// What the lines of `output` that begin with `word` say, of which each is a round. The machine may be faster in one round than in
/// another, so that the kernels are compared in each.
fn pair(output: &str, word: &str) -> Option<Pair> {
    let numbers = |line: &str| {
        let (default, tuned) = line.strip_prefix(word)?.trim().split_once(' ')?;
        Some((default.parse::<f64>().ok()?, tuned.parse::<f64>().ok()?))
    };
    let rounds: Vec<(f64, f64)> = output.lines().filter_map(numbers).collect();
    let default_ns = median(rounds.iter().map(|(default, _)| *default).collect())?;
    let ratio = median(rounds.iter().map(|(default, tuned)| tuned / default.max(1.0)).collect())?;
    Some(Pair { default_ns, tuned_ns: default_ns * ratio })
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_compared_round_by_round() {
        let output = "alone 100.0 50.0\nshared 9.0 9.0\nalone 400.0 200.0\nalone 200.0 190.0\nalone none\n";
        assert_eq!(pair(output, "alone"), Some(Pair { default_ns: 200.0, tuned_ns: 100.0 }));
        assert_eq!(pair(output, "shared"), Some(Pair { default_ns: 9.0, tuned_ns: 9.0 }));
        assert_eq!(pair("", "alone"), None);
    }
}
