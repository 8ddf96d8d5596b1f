//! Timing in interleaved rounds: every contender gets a turn in each round, so that drift hits all alike.

use std::time::{Duration, Instant};

use crate::job::Job;

/// The time a contender gets in one round; it makes at least one call.
const TURN: Duration = Duration::from_millis(25);
/// Calls before the first round, so that caches, pools and page tables are warm.
const WARM_UP: usize = 3;

/// The median time of a call in one turn, in µs. A first call, which wakes threads and finds the caches of others, is not
/// timed.
///
/// # Errors
/// What the contender reports.
pub fn turn(job: &mut dyn Job) -> Result<f64, String> {
    job.run()?;
    let start = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || start.elapsed() < TURN {
        let call = Instant::now();
        job.run()?;
        times.push(call.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(times))
}

/// Runs `job` untimed until it is warm.
///
/// # Errors
/// What the contender reports.
pub fn warm_up(job: &mut dyn Job) -> Result<(), String> {
    (0..WARM_UP).try_for_each(|_| job.run())
}

/// What was measured by turns, in µs.
pub struct Times {
    /// Of a call of each contender: the median of its turns.
    pub calls: Vec<f64>,
    /// What `limit` gave: the median over the rounds.
    pub limit: f64,
}

/// Gives `jobs` and `limit` a turn in each of `rounds` rounds.
///
/// # Errors
/// What a contender reports.
pub fn interleaved(jobs: &mut [Box<dyn Job>], limit: impl Fn() -> f64, rounds: usize) -> Result<Times, String> {
    let (mut calls, mut limits) = (vec![Vec::new(); jobs.len()], Vec::new());
    for job in jobs.iter_mut() {
        warm_up(job.as_mut())?;
    }
    for round in 0..rounds {
        limits.push(limit());
        for position in 0..jobs.len() {
            // Nobody always goes first.
            let at = (position + round) % jobs.len();
            calls[at].push(turn(jobs[at].as_mut())?);
        }
    }
    Ok(Times { calls: calls.into_iter().map(median).collect(), limit: median(limits) })
}

/// The middle value; NaN of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n => (values[(n - 1) / 2] + values[n / 2]) / 2.0,
    }
}
