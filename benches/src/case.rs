//! What is timed: a case and its contenders.

use std::error::Error;

use crate::job::Job;
use crate::limits::Resource;
use crate::reference::Arrays;

/// The name tg goes by among the contenders.
pub const OURS: &str = "tg";
/// The name of tg with tuned schedules.
pub const TUNED: &str = "tg tuned";

/// A computation that moves no more bytes than this finds them in the caches, call after call.
const FITS_CACHES: f64 = (1 << 20) as f64;
/// One that reads this many times what it writes is as fast as memory is read, and the other way round.
const ONLY: usize = 8;

/// Makes a contender for a number of threads.
pub type Build = Box<dyn Fn(usize) -> Result<Box<dyn Job>, Box<dyn Error + Send + Sync>>>;

/// The elements of inputs and outputs, all of four bytes.
#[derive(Clone, Copy)]
pub struct Moved {
    /// Those of inputs.
    pub read: usize,
    /// Those of outputs.
    pub written: usize,
}

impl Moved {
    /// As many read as written.
    pub fn copy(elements: usize) -> Moved {
        Moved { read: elements, written: elements }
    }

    fn bytes(self) -> f64 {
        ((self.read + self.written) * size_of::<f32>()) as f64
    }

    /// What moving them takes, at the best of these.
    fn resources(self) -> &'static [Resource] {
        match self {
            _ if self.bytes() <= FITS_CACHES => &[Resource::Cache],
            Moved { read, written } if written <= read / ONLY => &[Resource::Read],
            Moved { read, written } if read <= written / ONLY => &[Resource::Write],
            _ => &[Resource::Copy, Resource::StreamingCopy],
        }
    }
}

/// A computation and who can do it.
pub struct Case {
    /// Its name on the command line and in the output.
    pub name: String,
    /// Floating-point operations of one call.
    flops: f64,
    /// What one call must at least move.
    moved: Moved,
    /// The right results.
    pub reference: Box<dyn Fn() -> Arrays>,
    /// Who computes it, by name; [`OURS`] is one where tg has the case.
    pub contenders: Vec<(&'static str, Build)>,
}

impl Case {
    /// A case without contenders.
    pub fn new(name: impl Into<String>, flops: usize, moved: Moved, reference: impl Fn() -> Arrays + 'static) -> Case {
        Case { name: name.into(), flops: flops as f64, moved, reference: Box::new(reference), contenders: Vec::new() }
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

    /// The least time in µs that the machine now allows `threads` threads: arithmetic at its peak, or each byte moved once.
    pub fn limit_us(&self, threads: usize) -> f64 {
        let bandwidth = self.moved.resources().iter().map(|resource| resource.rate(threads)).fold(0.0, f64::max);
        (self.flops / Resource::Arithmetic.rate(threads)).max(self.moved.bytes() / bandwidth) * 1e6
    }
}
