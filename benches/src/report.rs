//! The output: one line a case, as JSON or for people.

use crate::case::{Case, OURS, TUNED};
use crate::limits::Resource;

/// What was measured for one case and number of threads. Times are median µs of a whole call.
pub struct Line {
    case: String,
    threads: usize,
    ours: Option<f64>,
    tuned: Option<f64>,
    /// The least time the machine allowed in the same rounds.
    limit_us: f64,
    peers: Vec<(String, f64)>,
    max_rel_err: f64,
}

impl Line {
    /// From each contender's name, time in µs and error.
    pub fn new<'a>(
        case: &Case,
        threads: usize,
        limit_us: f64,
        measured: impl Iterator<Item = (&'a str, f64, f64)>,
    ) -> Line {
        let measured: Vec<_> = measured.collect();
        let time = |wanted: &str| measured.iter().find(|(name, ..)| *name == wanted).map(|&(_, us, _)| us);
        let is_ours = |name: &str| name == OURS || name == TUNED;
        let (ours, peers): (Vec<_>, Vec<_>) = measured.iter().partition(|(name, ..)| is_ours(name));
        let checked = if ours.is_empty() { &peers } else { &ours };
        Line {
            case: case.name.clone(),
            threads,
            ours: time(OURS),
            tuned: time(TUNED),
            limit_us,
            peers: peers.iter().map(|&&(name, us, _)| (name.to_string(), us)).collect(),
            max_rel_err: checked.iter().map(|&&(.., error)| error).fold(0.0, f64::max),
        }
    }

    fn limit_pct(&self) -> Option<f64> {
        self.ours.map(|us| 100.0 * self.limit_us / us)
    }

    /// The best peer's time over ours: above 1, tg is faster.
    fn ratio(&self) -> Option<f64> {
        let best = self.peers.iter().map(|&(_, us)| us).min_by(f64::total_cmp)?;
        self.ours.map(|us| best / us)
    }

    /// One JSON object, `null` for what tg does not have yet.
    pub fn json(&self) -> String {
        let peers: Vec<String> = self.peers.iter().map(|(name, us)| format!("\"{name}\":{us:.2}")).collect();
        format!(
            "{{\"case\":\"{}\",\"threads\":{},\"us\":{},\"tuned_us\":{},\"limit_us\":{:.2},\"limit_pct\":{},\"peers\":{{{}}},\"ratio\":{},\
             \"max_rel_err\":{:.2e}}}",
            self.case,
            self.threads,
            number(self.ours, 2, "null"),
            number(self.tuned, 2, "null"),
            self.limit_us,
            number(self.limit_pct(), 1, "null"),
            peers.join(","),
            number(self.ratio(), 3, "null"),
            self.max_rel_err,
        )
    }

    /// The same for people, with each peer's share of the limit.
    pub fn text(&self) -> String {
        let share = |us: f64| 100.0 * self.limit_us / us;
        let peers = self.peers.iter().map(|(name, us)| format!("  {name} {us:.1} ({:.0} %)", share(*us)));
        format!(
            "{:<20} {} threads  tg {} ({} %)  tuned {}  ratio {}  limit {:.1}{}",
            self.case,
            self.threads,
            number(self.ours, 1, "-"),
            number(self.limit_pct(), 0, "-"),
            number(self.tuned, 1, "-"),
            number(self.ratio(), 2, "-"),
            self.limit_us,
            peers.collect::<String>(),
        )
    }
}

fn number(value: Option<f64>, digits: usize, missing: &str) -> String {
    value.map_or(missing.to_string(), |value| format!("{value:.digits$}"))
}

/// Measures and prints the limits for `threads` threads.
pub fn limits(threads: usize, json: bool) {
    let rates = Resource::ALL.map(|(resource, name, unit)| (name, resource.rate(threads) / 1e9, unit));
    if json {
        let fields = rates.map(|(name, rate, _)| format!(",\"{}\":{rate:.1}", name.replace(' ', "_")));
        println!("{{\"limits\":{threads}{}}}", fields.concat());
    } else {
        let fields = rates.map(|(name, rate, unit)| format!("{name} {rate:.1} {unit}"));
        println!("{threads} threads: {}", fields.join(", "));
    }
}
