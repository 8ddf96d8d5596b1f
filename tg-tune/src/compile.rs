//! How long the C compiler takes for each kernel: what a build that compiles it again waits for.
//!
//! Each is compiled alone, one after the other, with the schedule and the options of builds. Nothing is kept, and nothing runs.

use std::time::{Duration, Instant};

use tg_core::compile::Portable;
use tg_core::optimize::Tuning;
use tg_core::target::Isa;
use tg_toolchain::{Job, PLACEHOLDER, Toolchain};

/// How often a kernel is compiled: the shortest time is the one that other programs have disturbed least.
const REPEATED: usize = 3;

/// A kernel for one instruction set, compiled.
#[derive(Debug)]
pub struct Compiled {
    /// How long that took.
    pub time: Duration,
    /// Bytes of the C text.
    pub bytes: usize,
    /// What it was compiled for.
    pub isa: Isa,
    /// The kernel, for people.
    pub label: String,
}

/// `kernel` for `isa`, as a build with `tuning` compiles it.
///
/// # Errors
/// If it cannot be rendered, or the compiler's words.
pub fn compile(kernel: &Portable, isa: Isa, tuning: &Tuning, tools: &Toolchain) -> Result<Compiled, String> {
    let tuned = tuning.of_nest(kernel.fingerprint()).find(|entry| entry.isa == isa);
    let symbol = format!("{PLACEHOLDER}kernel");
    let variant = kernel.render(isa, tuned.map(|entry| &entry.actions), &symbol).map_err(|error| error.to_string())?;
    let (bytes, job) = (variant.source.len(), [Job { source: variant.source, isa }]);
    let timed = |_| {
        let start = Instant::now();
        tools.assemble_all(&job).map(|_| start.elapsed())
    };
    let times: Vec<_> = (0..REPEATED).map(timed).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let time = times.into_iter().min().unwrap_or_default();
    Ok(Compiled { time, bytes, isa, label: format!("{} {}", kernel.fingerprint(), kernel.name) })
}

/// A line for each kernel, those that take longest first, and one for all of an instruction set.
pub fn table(mut compiled: Vec<Compiled>) -> String {
    compiled.sort_by_key(|one| std::cmp::Reverse(one.time));
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let line = |one: &Compiled| {
        format!("{:7.1} ms {:7} bytes {} {}\n", milliseconds(one.time), one.bytes, one.isa.name(), one.label)
    };
    let mut text: String = compiled.iter().map(line).collect();
    for isa in Isa::ALL {
        let all: Vec<&Compiled> = compiled.iter().filter(|one| one.isa == *isa).collect();
        let total = all.iter().map(|one| one.time).sum();
        if let Some(longest) = all.first() {
            let (total, longest) = (milliseconds(total), milliseconds(longest.time));
            text += &format!("{}: {} kernels, {total:.0} ms, at most {longest:.1} ms\n", isa.name(), all.len());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_take_longest_come_first_and_each_instruction_set_has_a_sum() {
        let one = |isa, milliseconds, label: &str| Compiled {
            time: Duration::from_millis(milliseconds),
            bytes: 100,
            isa,
            label: label.into(),
        };
        let text = table(vec![one(Isa::X86V3, 20, "a"), one(Isa::X86V4, 30, "b"), one(Isa::X86V4, 10, "c")]);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let expected = [
            "30.0 ms     100 bytes x86v4 b",
            "20.0 ms     100 bytes x86v3 a",
            "10.0 ms     100 bytes x86v4 c",
            "x86v3: 1 kernels, 20 ms, at most 20.0 ms",
            "x86v4: 2 kernels, 40 ms, at most 30.0 ms",
        ];
        assert_eq!(lines, expected);
    }
}
