//! How often each kernel and copy ran, how long in all and how fast: the table that `TG_DEBUG` shows at exit.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::{Event, Span, Work};

/// What was added up.
#[derive(Debug, Default)]
pub struct Summary {
    /// Kernels and copies by their titles.
    rows: BTreeMap<String, Row>,
    /// Calls of tensor functions.
    calls: Row,
}

/// A sum over events.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    count: u64,
    time: Duration,
    work: Work,
}

impl Row {
    fn add(&mut self, span: &Span, event: &Event) {
        self.count += 1;
        self.time += span.time;
        self.work = self.work.plus(event.work());
    }
}

impl Summary {
    pub fn add(&mut self, span: &Span, event: &Event) {
        if let Some(title) = event.title() {
            self.rows.entry(title).or_default().add(span, event);
        } else if let Event::Call(_) = event {
            self.calls.add(span, event);
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl fmt::Display for Summary {
    /// A line for each row, the one that took longest first; nothing if there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<(&String, &Row)> = self.rows.iter().collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.time));
        let total: Duration = rows.iter().map(|(_, row)| row.time).sum();
        if rows.is_empty() {
            return Ok(());
        }
        writeln!(f, "tg  share    total ms    count     mean us    GFLOP/s      GB/s  kernel")?;
        for (title, Row { count, time, work }) in rows {
            let share = 100.0 * time.as_secs_f64() / total.as_secs_f64().max(1e-9);
            let (all, mean) = (milliseconds(*time), milliseconds(*time) * 1e3 / *count as f64);
            let Work { flops, bytes } = work.rates(*time);
            writeln!(f, "tg {share:5.1}% {all:11.3} {count:8} {mean:11.2} {flops:10.2} {bytes:9.2}  {title}")?;
        }
        let (all, calls) = (milliseconds(total), milliseconds(self.calls.time));
        writeln!(f, "tg in all {all:.3} ms; {} calls of tensor functions took {calls:.3} ms", self.calls.count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Call, Kernel, OnDevice, Portion, Transfer};
    use super::*;
    use std::time::Instant;

    fn kernel(name: &'static str, device: Option<OnDevice>) -> Event {
        Event::Kernel(Kernel { function: "step", name, work: Work { flops: 4e6, bytes: 1e6 }, device })
    }

    #[test]
    fn what_took_longest_comes_first() {
        let mut summary = Summary::default();
        assert_eq!(summary.to_string(), "");
        let mut add = |microseconds, event: Event| {
            let span = Span { thread: 0, begin: Instant::now(), time: Duration::from_micros(microseconds) };
            summary.add(&span, &event);
        };
        add(250, kernel("e_4", None));
        add(1500, kernel("r_8", None));
        add(500, kernel("r_8", None));
        add(500, Event::Portion(Portion { kernel: "r_8", begin: 0, end: 8 }));
        add(1000, kernel("r_8", Some(OnDevice { name: "cuda:0".to_owned(), speed: String::new() })));
        add(750, Event::Transfer(Transfer { name: "copy to cuda:0".to_owned(), bytes: 3_000_000 }));
        add(2300, Event::Call(Call { function: "step", params: vec![], work: Work::default() }));
        let expected = "\
tg  share    total ms    count     mean us    GFLOP/s      GB/s  kernel
tg  50.0%       2.000        2     1000.00       4.00      1.00  step r_8
tg  25.0%       1.000        1     1000.00       4.00      1.00  step r_8 on cuda:0
tg  18.8%       0.750        1      750.00       0.00      4.00  copy to cuda:0
tg   6.2%       0.250        1      250.00      16.00      4.00  step e_4
tg in all 4.000 ms; 1 calls of tensor functions took 2.300 ms
";
        assert_eq!(summary.to_string(), expected);
    }
}
