//! Events as a file in the Chrome trace event format, which Perfetto and `chrome://tracing` show.
//!
//! <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU> is the format; here it is the array of
//! events, whose end may be missing: what was written before a crash can be read. Events are kept as they come and become
//! text between calls, so that the gaps between the kernels of a call are those of the program.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{Call, Event, Kernel, OnDevice, Portion, Span, Transfer, Work, threads};

/// Events that are kept before they are written. What a crash loses is bounded by it, and so is memory.
const PENDING: usize = 4096;

/// A trace on its way to `writer`.
pub struct Trace<W: Write> {
    writer: W,
    /// Time 0.
    origin: Instant,
    pending: Vec<(Span, Event)>,
    /// Threads whose names are written.
    named: usize,
}

impl<W: Write> Trace<W> {
    /// A trace whose time begins at `origin`.
    ///
    /// # Errors
    /// Of the writer, as for all methods.
    pub fn new(mut writer: W, origin: Instant) -> io::Result<Trace<W>> {
        let program = std::env::current_exe().ok();
        let program = program.as_ref().and_then(|path| path.file_name()).unwrap_or_default().to_string_lossy();
        write!(writer, "[\n{}", named("process_name", 0, &program))?;
        writer.flush()?;
        Ok(Trace { writer, origin, pending: Vec::new(), named: 0 })
    }

    /// Takes an event; writes those that wait when there are many and no call is at work.
    pub fn add(&mut self, span: Span, event: Event) -> io::Result<()> {
        let is_within_call = matches!(event, Event::Kernel(_) | Event::Portion(_));
        self.pending.push((span, event));
        if self.pending.len() < PENDING || is_within_call { Ok(()) } else { self.write_pending() }
    }

    /// Completes the array.
    pub fn finish(&mut self) -> io::Result<()> {
        self.write_pending()?;
        self.writer.write_all(b"\n]\n")?;
        self.writer.flush()
    }

    fn write_pending(&mut self) -> io::Result<()> {
        for name in threads::names_from(self.named) {
            write!(self.writer, ",\n{}", named("thread_name", self.named, &name))?;
            self.named += 1;
        }
        for (span, event) in self.pending.drain(..) {
            write!(self.writer, ",\n{}", complete(&span, &event, self.origin))?;
        }
        self.writer.flush()
    }
}

/// The name of a process or of a thread of it.
fn named(what: &str, thread: usize, name: &str) -> Value {
    json!({ "ph": "M", "name": what, "pid": std::process::id(), "tid": thread, "args": { "name": name } })
}

/// An event with its begin and its duration, in microseconds.
fn complete(span: &Span, event: &Event, origin: Instant) -> Value {
    let microseconds = |time: Duration| time.as_nanos() as f64 / 1e3;
    let (category, name, args) = described(event, span.time);
    json!({
        "ph": "X", "cat": category, "name": name, "pid": std::process::id(), "tid": span.thread,
        "ts": microseconds(span.begin.saturating_duration_since(origin)), "dur": microseconds(span.time), "args": args,
    })
}

/// Category, name and arguments of an event that took `time`.
fn described(event: &Event, time: Duration) -> (&'static str, &str, Value) {
    let Work { flops, bytes } = event.work();
    let rates = event.work().rates(time);
    match event {
        Event::Call(Call { function, params, .. }) => {
            let params: Map<String, Value> = params.iter().map(|(name, of)| (name.to_string(), json!(of))).collect();
            ("function", function, json!({ "flops": flops, "bytes": bytes, "params": params }))
        }
        Event::Kernel(Kernel { function, name, device, .. }) => {
            let device = device.as_ref().map_or("cpu", |OnDevice { name, .. }| name);
            let (gflops, gbytes) = (rates.flops, rates.bytes);
            let args = json!({
                "function": function, "device": device, "flops": flops, "bytes": bytes,
                "GFLOP/s": gflops, "GB/s": gbytes,
            });
            ("kernel", name, args)
        }
        Event::Portion(Portion { kernel, begin, end }) => ("portion", kernel, json!({ "begin": begin, "end": end })),
        Event::Transfer(Transfer { name, .. }) => ("copy", name, json!({ "bytes": bytes, "GB/s": rates.bytes })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(times: &[(u64, u64)], origin: Instant) -> Vec<Span> {
        let span = |&(begin, time): &(u64, u64)| Span {
            thread: threads::number(),
            begin: origin + Duration::from_nanos(begin),
            time: Duration::from_nanos(time),
        };
        times.iter().map(span).collect()
    }

    fn copy(name: &str) -> Event {
        Event::Transfer(Transfer { name: name.to_owned(), bytes: 4000 })
    }

    #[test]
    fn the_file_is_an_array_of_events() {
        let (origin, mut file) = (Instant::now(), vec![]);
        let mut trace = Trace::new(&mut file, origin).unwrap();
        let spans = spans(&[(1500, 2000), (0, 9000)], origin);
        let nasty = "a \"quoted\"\n\\ name\u{1}";
        trace.add(spans[0], copy(nasty)).unwrap();
        let params = vec![("x", "f32 (2, 3)".to_owned())];
        trace
            .add(spans[1], Event::Call(Call { function: "f", params, work: Work { flops: 7.0, bytes: 8.0 } }))
            .unwrap();
        trace.finish().unwrap();
        let events: Vec<Value> = serde_json::from_slice(&file).unwrap();
        let complete: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
        assert_eq!((&complete[0]["name"], &complete[0]["cat"]), (&json!(nasty), &json!("copy")));
        assert_eq!((&complete[0]["ts"], &complete[0]["dur"]), (&json!(1.5), &json!(2.0)));
        assert_eq!(complete[0]["args"], json!({ "bytes": 4000.0, "GB/s": 2.0 }));
        assert_eq!(complete[1]["args"], json!({ "flops": 7.0, "bytes": 8.0, "params": { "x": "f32 (2, 3)" } }));
        let thread = &complete[0]["tid"];
        assert!(events.iter().any(|event| event["name"] == "thread_name" && &event["tid"] == thread));
    }

    #[test]
    fn a_long_run_is_written_between_calls() {
        let (origin, mut file) = (Instant::now(), vec![]);
        let mut trace = Trace::new(&mut file, origin).unwrap();
        let span = spans(&[(0, 1)], origin)[0];
        let portion = || Event::Portion(Portion { kernel: "r", begin: 0, end: 1 });
        (0..PENDING).for_each(|_| trace.add(span, portion()).unwrap());
        assert_eq!(trace.pending.len(), PENDING);
        trace.add(span, copy("c")).unwrap();
        assert_eq!(trace.pending.len(), 0);
        let text = String::from_utf8(file).unwrap() + "]";
        assert!(serde_json::from_str::<Vec<Value>>(&text).unwrap().len() > PENDING, "also without its end");
    }

    #[test]
    fn a_full_disk_is_an_error() {
        assert!(Trace::new(&mut [0u8; 8][..], Instant::now()).is_err());
    }
}
