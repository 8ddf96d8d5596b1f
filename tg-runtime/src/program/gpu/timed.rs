//! Launches with `TG_DEBUG`: each kernel by itself, between two events, and a line about it.
//!
//! A kernel that fails is found here, because each is waited for.

use super::replay::{Call, Launch, Replay};
use crate::cuda::{check, sys};
use crate::error::Result;

/// Starts the kernels one by one, and prints how long each took.
///
/// # Errors
/// [`crate::Error::Cuda`], which names the kernel.
pub fn launch(replay: &Replay, call: &Call, debug: u8) -> Result<()> {
    let (begin, end) = (Event::new()?, Event::new()?);
    for launch in replay.live() {
        begin.record(call)?;
        launch.start(call)?;
        end.record(call)?;
        eprintln!("{}", line(call, launch, begin.until(&end, &call.doing("running", launch))?, debug));
    }
    Ok(())
}

/// One line about a launch that took `seconds`.
fn line(call: &Call, launch: &Launch, seconds: f64, debug: u8) -> String {
    let (kernel, dims) = (launch.kernel, call.dims.as_slice());
    let mut line = format!("tg {} {} on {} {:.2} us", call.function.name, kernel.name, call.gpu, seconds * 1e6);
    if debug > 1 {
        let rate = |amount: i64| amount as f64 / seconds.max(1e-9);
        let (flops, bytes) = (rate(kernel.flops.eval(dims)), rate(kernel.bytes.eval(dims)));
        let matrix = kernel.launches[call.module.level].matrix;
        line += &format!(" {}", call.gpu.attributes().compare(flops, bytes, matrix));
    }
    line
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

    /// Seconds from this event to `end`, which is waited for.
    fn until(&self, end: &Event, doing: &str) -> Result<f64> {
        // SAFETY: the event is there.
        check(unsafe { sys::cuEventSynchronize(end.0) }, doing)?;
        let mut milliseconds = 0.0;
        // SAFETY: the pointer is valid for a number; both events were recorded.
        check(unsafe { sys::cuEventElapsedTime(&mut milliseconds, self.0, end.0) }, "reading a clock")?;
        Ok(f64::from(milliseconds) / 1e3)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is there, and not used afterwards.
        unsafe { sys::cuEventDestroy_v2(self.0) };
    }
}
