//! What is timed: a case and its contenders.

use std::error::Error;

use crate::job::Job;
use crate::limits::Limits;
use crate::reference::Arrays;

/// The name tg goes by among the contenders.
pub const OURS: &str = "tg";
/// The name of tg with tuned schedules.
pub const TUNED: &str = "tg tuned";

/// Makes a contender for a number of threads.
pub type Build = Box<dyn Fn(usize) -> Result<Box<dyn Job>, Box<dyn Error + Send + Sync>>>;

/// A computation and who can do it.
pub struct Case {
    /// Its name on the command line and in the output.
    pub name: String,
    /// Floating-point operations of one call.
    pub flops: f64,
    /// Bytes one call must at least move: inputs and outputs, once.
    pub bytes: f64,
    /// The right results.
    pub reference: Box<dyn Fn() -> Arrays>,
    /// Who computes it, by name; [`OURS`] is one where tg has the case.
    pub contenders: Vec<(&'static str, Build)>,
}

impl Case {
    /// A case without contenders.
    pub fn new(name: impl Into<String>, flops: usize, bytes: usize, reference: impl Fn() -> Arrays + 'static) -> Case {
        let (flops, bytes) = (flops as f64, bytes as f64);
        Case { name: name.into(), flops, bytes, reference: Box::new(reference), contenders: Vec::new() }
    }

    /// With one more contender, built by `build` for a number of threads.
    pub fn by<E: Into<Box<dyn Error + Send + Sync>>>(
        mut self,
        name: &'static str,
        build: impl Fn(usize) -> Result<Box<dyn Job>, E> + 'static,
    ) -> Case {
        self.contenders.push((name, Box::new(move |threads| build(threads).map_err(Into::into))));
        self
    }

    /// The least time in µs that the machine allows: arithmetic at its peak, or each byte moved once, from memory or
    /// from the caches if it fits.
    pub fn limit_us(&self, limits: &Limits) -> f64 {
        (self.flops / limits.flops).max(self.bytes / limits.bandwidth(self.bytes)) * 1e6
    }
}
