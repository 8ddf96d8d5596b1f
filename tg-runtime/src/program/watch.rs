//! A call of a tensor function that is watched: its kernels and itself, as events for the sink.
//!
//! A call that nobody watches does not come here.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{DimValues, Poly, Program};
use crate::config::Config;
use crate::error::dims_text;
use crate::pool::Share;
use crate::profile::{self, Event, OnDevice, Portion, Sink, Span, Work};

/// A call in progress. It ends when this is dropped, also by an error.
pub struct Watch<'a> {
    sink: &'static Sink,
    function: &'static Program,
    dims: &'a DimValues,
    begin: Instant,
    /// Work of the kernels so far.
    work: Cell<Work>,
}

impl<'a> Watch<'a> {
    /// Begins a call of `function`, if the settings ask for watching it.
    pub fn begin(config: &Config, function: &'static Program, dims: &'a DimValues) -> Option<Watch<'a>> {
        let sink = Sink::of(config)?;
        Some(Watch { sink, function, dims, begin: Instant::now(), work: Cell::default() })
    }

    /// What a kernel computes and moves in this call.
    pub fn work(&self, flops: &Poly, bytes: &Poly) -> Work {
        let value = |poly: &Poly| poly.eval(self.dims.as_slice()) as f64;
        Work { flops: value(flops), bytes: value(bytes) }
    }

    /// Kernel `name` has run.
    pub fn kernel(&self, span: Span, name: &'static str, work: Work, device: Option<OnDevice>) {
        self.work.set(self.work.get().plus(work));
        self.sink.add(span, Event::Kernel(profile::Kernel { function: self.function.name, name, work, device }));
    }

    /// Threads have run these parts of a kernel. A single one is the kernel itself.
    pub fn portions(&self, kernel: &'static str, portions: Portions) {
        let parts = portions.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let parts = if parts.len() > 1 { parts } else { vec![] };
        for (span, Share { begin, end, .. }) in parts {
            self.sink.add(span, Event::Portion(Portion { kernel, begin, end }));
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let span = Span::since(self.begin);
        let param = |param: &super::ParamSpec| format!("{} {}", param.dtype.name(), dims_text(&param.dims(self.dims)));
        let params = self.function.params.iter().map(|spec| (spec.name, param(spec))).collect();
        let call = profile::Call { function: self.function.name, params, work: self.work.get() };
        self.sink.add(span, Event::Call(call));
    }
}

/// The parts of a kernel, as threads have run them. They report when the kernel is done, not in its time.
#[derive(Default)]
pub struct Portions(Mutex<Vec<(Span, Share)>>);

impl Portions {
    /// This thread has run `share`.
    pub fn add(&self, begin: Instant, share: Share) {
        let span = Span::since(begin);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((span, share));
    }
}
