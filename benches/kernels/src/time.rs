//! How long a call takes on a device: by the clock of the process, around many calls. `table/clock.py` does the same.
//!
//! Calls on a GPU return before they are done. Those of a sample follow each other without waiting, so that what is
//! measured is the device, or the starting of calls where that is slower; the wait at the end is small beside them.

use std::time::{Duration, Instant};

use tg::{Device, Result};

/// How long a sample takes at least.
const SAMPLE: Duration = Duration::from_millis(5);
/// How many samples there are.
const SAMPLES: usize = 25;
/// Most calls of a sample, for calls that do nothing.
const MOST_CALLS: u32 = 1 << 20;
/// How long the device is kept at work before the first sample, to reach the clock that it then holds.
const WARM_UP: Duration = Duration::from_millis(100);

/// The median over the samples of the microseconds of one call.
pub fn microseconds(device: &Device, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut sample = |calls: u32| {
        let start = Instant::now();
        (0..calls).try_for_each(|_| call())?;
        device.synchronize()?;
        Ok(start.elapsed())
    };
    let calls = warmed(&mut sample)?;
    let mut times = (0..SAMPLES).map(|_| sample(calls)).collect::<Result<Vec<_>>>()?;
    times.sort();
    Ok(times[SAMPLES / 2].as_secs_f64() * 1e6 / f64::from(calls))
}

/// How many calls a sample has, found while warming up.
fn warmed(sample: &mut impl FnMut(u32) -> Result<Duration>) -> Result<u32> {
    let (start, mut calls) = (Instant::now(), 1);
    loop {
        let is_short = sample(calls)? < SAMPLE && calls < MOST_CALLS;
        match is_short {
            true => calls *= 2,
            false if start.elapsed() >= WARM_UP => return Ok(calls),
            false => {}
        }
    }
}
