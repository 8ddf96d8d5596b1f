//! Timing in interleaved rounds: every contender gets a turn in each round, so that drift hits all alike.

use std::time::{Duration, Instant};

use crate::case::Job;

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
    Ok(quantile(times, 0.5))
}

/// Runs `job` untimed until it is warm.
///
/// # Errors
/// What the contender reports.
pub fn warm_up(job: &mut dyn Job) -> Result<(), String> {
    (0..WARM_UP).try_for_each(|_| job.run())
}

/// The time of a call of each contender in µs: the lower quartile of its turns in `rounds` rounds, because what disturbs
/// a turn only ever makes it longer.
///
/// # Errors
/// What a contender reports.
pub fn interleaved(jobs: &mut [Box<dyn Job>], rounds: usize) -> Result<Vec<f64>, String> {
    let mut times = vec![Vec::new(); jobs.len()];
    for job in jobs.iter_mut() {
        warm_up(job.as_mut())?;
    }
    for round in 0..rounds {
        for position in 0..jobs.len() {
            // Nobody always goes first.
            let at = (position + round) % jobs.len();
            times[at].push(turn(jobs[at].as_mut())?);
        }
    }
    Ok(times.into_iter().map(|turns| quantile(turns, 0.25)).collect())
}

/// The value below which the share `share` of the values lies, between two of them if need be; NaN of nothing.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    below + (above - below) * place.fract()
}
