//! Launches that are watched: each kernel by itself, between two events.
//!
//! A kernel that fails is found here, because each is waited for.

use std::time::{Duration, Instant};

use super::super::watch::Watch;
use super::replay::{Call, Launch, Replay};
use crate::cuda::{check, sys};
use crate::error::Result;
use crate::profile::{OnDevice, Span, Work};

/// Starts the kernels one by one, and reports how long each took.
///
/// # Errors
/// [`crate::Error::Cuda`], which names the kernel.
pub fn launch(replay: &Replay, call: &Call, watch: &Watch) -> Result<()> {
    let (begin, end) = (Event::new()?, Event::new()?);
    for launch in replay.live() {
        let earliest = Instant::now();
        begin.record(call)?;
        launch.start(call)?;
        end.record(call)?;
        let time = begin.until(&end, &call.doing("running", launch))?;
        let span = Span::ended(earliest, time);
        let work = watch.work(&launch.kernel.flops, &launch.kernel.bytes);
        watch.kernel(span, launch.kernel.name, work, Some(on_device(call, launch, work, time)));
    }
    Ok(())
}

/// The device, and how near to its limits a launch came.
fn on_device(call: &Call, launch: &Launch, work: Work, time: Duration) -> OnDevice {
    let rate = |amount: f64| amount / time.as_secs_f64().max(1e-9);
    let matrix = launch.kernel.launches[call.module.level].matrix;
    let speed = call.gpu.attributes().compare(rate(work.flops), rate(work.bytes), matrix);
    OnDevice { name: call.gpu.to_string(), speed }
}

struct Event(sys::CUevent);

impl Event {
    fn new() -> Result<Event> {
        let mut event = std::ptr::null_mut();
        // SAFETY: the pointer is valid for a handle; a context is current.
        check(unsafe { sys::cuEventCreate(&mut event, 0) }, "making an event").map(|()| Event(event))
    }

    fn record(&self, call: &Call) -> Result<()> {
        // SAFETY: event and stream are there.
        check(unsafe { sys::cuEventRecord(self.0, call.gpu.stream()) }, "starting a clock")
    }

    /// The time from this event to `end`, which is waited for.
    fn until(&self, end: &Event, doing: &str) -> Result<Duration> {
        // SAFETY: the event is there.
        check(unsafe { sys::cuEventSynchronize(end.0) }, doing)?;
        let mut milliseconds = 0.0;
        // SAFETY: the pointer is valid for a number; both events were recorded.
        check(unsafe { sys::cuEventElapsedTime(&mut milliseconds, self.0, end.0) }, "reading a clock")?;
        Ok(Duration::from_secs_f64(f64::from(milliseconds.max(0.0)) / 1e3))
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is there, and not used afterwards.
        unsafe { sys::cuEventDestroy_v2(self.0) };
    }
}
