//! What is timed: a case, its contenders, and one call of a contender.

use std::error::Error;
use std::fmt::Display;

use crate::limits::Limits;
use crate::reference::Arrays;

/// The name tg goes by among the contenders.
pub const OURS: &str = "tg";

/// One contender, ready to compute the case again and again.
pub trait Job {
    /// One whole call, from inputs in memory to a result in memory. This is what is timed.
    ///
    /// # Errors
    /// What the contender reports.
    fn run(&mut self) -> Result<(), String>;

    /// The result of the last call.
    ///
    /// # Errors
    /// What the contender reports, and if nothing ran yet.
    fn result(&self) -> Result<Vec<Vec<f32>>, String>;
}

struct Call<T, F, R> {
    call: F,
    read: R,
    last: Option<T>,
}

impl<T, E: Display, F: FnMut() -> Result<T, E>, R: Fn(&T) -> Result<Vec<Vec<f32>>, E>> Job for Call<T, F, R> {
    fn run(&mut self) -> Result<(), String> {
        // The old result goes first, as it does in a loop that uses its results.
        self.last = None;
        self.last = Some((self.call)().map_err(|error| error.to_string())?);
        Ok(())
    }

    fn result(&self) -> Result<Vec<Vec<f32>>, String> {
        let last = self.last.as_ref().ok_or("nothing ran yet")?;
        (self.read)(last).map_err(|error| error.to_string())
    }
}

/// A contender that computes with `call` and whose result is read by `read`.
pub fn job<T: 'static, E: Display + 'static>(
    call: impl FnMut() -> Result<T, E> + 'static,
    read: impl Fn(&T) -> Result<Vec<Vec<f32>>, E> + 'static,
) -> Box<dyn Job> {
    Box::new(Call { call, read, last: None })
}

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
