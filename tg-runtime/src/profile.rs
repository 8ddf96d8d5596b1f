//! Where the time of a process goes: events of what it runs, and the one place that takes them.
//!
//! Calls of tensor functions, kernels and copies report to the [`Sink`] what they did and when, if `TG_DEBUG` or
//! `TG_PROFILE` asks for it: it prints lines, adds up for the summary, and keeps the trace. Nothing here measures, and
//! nothing samples: an event is what somebody timed around its own work. Without these variables there is no sink.

mod exit;
mod summary;
mod threads;
mod trace;

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Config;
use summary::Summary;
use trace::Trace;

/// When something ran, and on which thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    thread: usize,
    begin: Instant,
    time: Duration,
}

impl Span {
    /// From `begin` until now, on this thread.
    pub fn since(begin: Instant) -> Span {
        Span { time: begin.elapsed(), thread: threads::number(), begin }
    }

    /// What took `time` by another clock and has just ended, but did not begin before `earliest`.
    #[cfg(feature = "cuda")]
    pub fn ended(earliest: Instant, time: Duration) -> Span {
        let begin = Instant::now().checked_sub(time).map_or(earliest, |begin| begin.max(earliest));
        Span { time, thread: threads::number(), begin }
    }
}

/// A call of a tensor function.
#[derive(Debug)]
pub(crate) struct Call {
    pub function: &'static str,
    /// Name and type of each parameter.
    pub params: Vec<(&'static str, String)>,
    /// Work of its kernels.
    pub work: Work,
}

/// A kernel from its launch until all threads are done with it.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub function: &'static str,
    pub name: &'static str,
    pub work: Work,
    /// Where it ran, if not on the processor.
    pub device: Option<OnDevice>,
}

/// A device in words, and how near to its limits a kernel came.
#[derive(Debug)]
pub(crate) struct OnDevice {
    pub name: String,
    pub speed: String,
}

/// A part of the iterations of a kernel that several threads share.
#[derive(Debug)]
pub(crate) struct Portion {
    pub kernel: &'static str,
    pub begin: usize,
    pub end: usize,
}

/// A copy of a tensor to, from or on a device.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// What it is, with the device: `copy to cuda:0 (NVIDIA H200)`.
    pub name: String,
    pub bytes: usize,
}

/// Something that has run.
#[derive(Debug)]
pub(crate) enum Event {
    Call(Call),
    Kernel(Kernel),
    Portion(Portion),
    #[cfg_attr(not(any(feature = "cuda", test)), expect(dead_code, reason = "there are no devices to copy between"))]
    Transfer(Transfer),
}

/// Floating-point operations, and bytes read and written at least.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Work {
    pub flops: f64,
    pub bytes: f64,
}

impl Work {
    pub fn plus(self, other: Work) -> Work {
        Work { flops: self.flops + other.flops, bytes: self.bytes + other.bytes }
    }

    /// Billions of each in a second.
    fn rates(self, time: Duration) -> Work {
        let nanoseconds = time.as_nanos().max(1) as f64;
        Work { flops: self.flops / nanoseconds, bytes: self.bytes / nanoseconds }
    }
}

impl Event {
    /// What kernels and copies are called in lines and in the summary; the others are parts or sums of these.
    fn title(&self) -> Option<String> {
        match self {
            Event::Kernel(Kernel { function, name, device: None, .. }) => Some(format!("{function} {name}")),
            Event::Kernel(Kernel { function, name, device: Some(device), .. }) => {
                Some(format!("{function} {name} on {}", device.name))
            }
            Event::Transfer(copy) => Some(copy.name.clone()),
            Event::Call(_) | Event::Portion(_) => None,
        }
    }

    fn work(&self) -> Work {
        match self {
            Event::Call(call) => call.work,
            Event::Kernel(kernel) => kernel.work,
            Event::Transfer(copy) => Work { flops: 0.0, bytes: copy.bytes as f64 },
            Event::Portion(_) => Work::default(),
        }
    }

    /// How fast it was, in words.
    fn speed(&self, time: Duration) -> String {
        match self {
            Event::Kernel(Kernel { device: Some(device), .. }) => device.speed.clone(),
            other => {
                let Work { flops, bytes } = other.work().rates(time);
                format!("{flops:.2} GFLOP/s {bytes:.2} GB/s")
            }
        }
    }
}

/// What takes events.
pub(crate) struct Sink {
    /// `TG_DEBUG`: from 1 on a summary at exit, from 2 on a line for each kernel and copy.
    debug: u8,
    kept: Mutex<Kept>,
}

/// What is kept of events until the process ends.
struct Kept {
    summary: Summary,
    trace: Option<ToFile>,
}

/// A trace on its way to the file of this name.
type ToFile = (PathBuf, Trace<BufWriter<File>>);

static SINK: OnceLock<Sink> = OnceLock::new();

impl Sink {
    /// The sink of this process, if its settings ask for one. This is on the way of every call.
    pub fn of(config: &Config) -> Option<&'static Sink> {
        config.is_watched().then(|| SINK.get_or_init(|| Sink::new(config)))
    }

    #[cold]
    fn new(config: &Config) -> Sink {
        exit::at_exit(|| SINK.get().into_iter().for_each(Sink::finish));
        let trace = config.profile.as_deref().and_then(|path| {
            let created = File::create(path).and_then(|file| Trace::new(BufWriter::new(file), Instant::now()));
            Some((path.to_owned(), created.map_err(|error| not_written(path, &error)).ok()?))
        });
        Sink { debug: config.debug, kept: Mutex::new(Kept { summary: Summary::default(), trace }) }
    }

    /// Takes what has just run.
    pub fn add(&self, span: Span, event: Event) {
        if self.debug > 1
            && let Some(title) = event.title()
        {
            let microseconds = span.time.as_secs_f64() * 1e6;
            say(format_args!("tg {title} {microseconds:.2} us {}\n", event.speed(span.time)));
        }
        let mut kept = self.kept();
        kept.summary.add(&span, &event);
        kept.write(|trace| trace.add(span, event));
    }

    /// Prints the summary and completes the trace, at the end of the process. What still runs is not in it.
    fn finish(&self) {
        let mut kept = self.kept();
        if self.debug > 0 {
            say(format_args!("{}", kept.summary));
        }
        kept.write(Trace::finish);
        kept.trace = None;
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Lets `step` write to the trace; after an error there is none.
    fn write(&mut self, step: impl FnOnce(&mut Trace<BufWriter<File>>) -> io::Result<()>) {
        let Some((path, trace)) = &mut self.trace else { return };
        if let Err(error) = step(trace) {
            not_written(path, &error);
            self.trace = None;
        }
    }
}

fn not_written(path: &Path, error: &io::Error) {
    say(format_args!("tg: TG_PROFILE: the trace cannot be written to {}: {error}\n", path.display()));
}

/// Prints to the standard error stream. Where that is closed, nobody listens.
fn say(text: fmt::Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}
