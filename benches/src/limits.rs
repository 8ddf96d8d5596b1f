//! What the machine can do at most: fused multiply-adds in registers, and bytes through memory.
//!
//! Measured, not looked up, for a number of threads, by turns with the contenders: a virtual machine is now fast and now slow.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use tg::prelude::*;

use crate::measure::median;

/// Bytes of each buffer of the bandwidth measurements; those of the elementwise case.
const BUFFER: usize = 64 << 20;
/// Bytes each thread reads again and again to measure its own cache: more than a first level, less than a second.
const CACHED: usize = 256 << 10;
/// Passes over that in one measurement.
const CACHED_PASSES: usize = 200;
/// Places of a buffer that are read by turns, for hardware follows each by itself.
const STREAMS: usize = 16;
/// Floats of a cache line.
const LINE: usize = 16;
/// Lines of a place that are read together.
const TOGETHER: usize = 4;
/// Each measurement is the median of this many, as those of contenders are medians.
const REPEATS: usize = 5;
/// Loops of [`LANES`] multiply-adds in one measurement of the arithmetic peak.
const FMA_LOOPS: usize = 2_000_000;
/// Accumulators per thread: 12 independent vectors of 16, enough to hide a latency of 4 on two units.
const LANES: usize = 12 * 16;

/// What a computation may need most of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resource {
    /// Floating-point operations; a multiply-add counts as two.
    Arithmetic,
    /// Bytes read plus written by `memcpy`.
    Copy,
    /// The same with stores that bypass the caches; the same as [`Resource::Copy`] where the target has none.
    StreamingCopy,
    /// Bytes read from memory.
    Read,
    /// Bytes written to memory, past the caches.
    Write,
    /// Bytes read from the cores' own caches.
    Cache,
}

impl Resource {
    /// All, with their names in the output and the unit of a giga of them a second.
    pub const ALL: [(Resource, &str, &str); 6] = [
        (Resource::Arithmetic, "peak", "GFLOP/s"),
        (Resource::Copy, "copy", "GB/s"),
        (Resource::StreamingCopy, "streaming copy", "GB/s"),
        (Resource::Read, "read", "GB/s"),
        (Resource::Write, "write", "GB/s"),
        (Resource::Cache, "read from cache", "GB/s"),
    ];

    /// How much of it `threads` threads have in a second, measured now.
    pub fn rate(self, threads: usize) -> f64 {
        let buffers = || Buffers::new(BUFFER / threads);
        match self {
            Resource::Arithmetic => per_second(threads, 2.0 * (FMA_LOOPS * LANES) as f64, || (), |()| multiply_add()),
            Resource::Copy => per_second(threads, share(threads, 2), buffers, Buffers::copy),
            Resource::StreamingCopy => per_second(threads, share(threads, 2), buffers, Buffers::stream),
            Resource::Read => per_second(threads, share(threads, 1), buffers, Buffers::read),
            Resource::Write => per_second(threads, share(threads, 1), buffers, Buffers::fill),
            Resource::Cache => {
                let read_again = |buffers: &mut Buffers| (0..CACHED_PASSES).for_each(|_| buffers.read());
                per_second(threads, (CACHED * CACHED_PASSES) as f64, || Buffers::new(CACHED), read_again)
            }
        }
    }
}

/// Bytes one of `threads` threads moves in `passes` passes over its share of a buffer.
fn share(threads: usize, passes: usize) -> f64 {
    (passes * lines(BUFFER / threads) * size_of::<Line>()) as f64
}

/// As many lines of `bytes` bytes as [`by_turns`] goes through.
fn lines(bytes: usize) -> usize {
    bytes / size_of::<Line>() / (STREAMS * TOGETHER) * (STREAMS * TOGETHER)
}

/// `threads` times `work` over the time in which all threads do `act`, in the median of [`REPEATS`].
fn per_second<S>(threads: usize, work: f64, start: impl Fn() -> S + Sync, act: impl Fn(&mut S) + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let run = || {
        let mut state = start();
        let mut repeat = || {
            barrier.wait();
            let began = Instant::now();
            act(&mut state);
            barrier.wait();
            began.elapsed().as_secs_f64()
        };
        // The first finds the caches and pages of others.
        repeat();
        median((0..REPEATS).map(|_| repeat()).collect())
    };
    let slowest = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).fold(0.0, f64::max)
    });
    threads as f64 * work / slowest
}

/// A cache line of floats.
type Line = [f32; LINE];
/// A tensor's memory: aligned to lines, in large pages where there are some.
type Memory = Tensor<f32, (Dyn,)>;

/// One thread's share of a source and a target buffer.
struct Buffers {
    from: Memory,
    to: Memory,
}

impl Buffers {
    fn new(bytes: usize) -> Buffers {
        // Values other than zero, so that every page is really there.
        let buffer = |value| Memory::full_in((Dyn(lines(bytes) * LINE),), value).expect("there is memory to measure");
        Buffers { from: buffer(1.0), to: buffer(2.0) }
    }

    fn copy(&mut self) {
        black_box(self.to.as_mut_slice()).copy_from_slice(black_box(self.from.as_slice()));
    }

    fn read(&mut self) {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the feature was detected.
                return unsafe { self.read_avx512() };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the feature was detected.
                return unsafe { self.read_avx2() };
            }
        }
        self.read_plain();
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn read_avx512(&mut self) {
        self.read_plain();
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn read_avx2(&mut self) {
        self.read_plain();
    }

    /// Adds everything up, in vectors as wide as the caller's features allow.
    #[inline(always)]
    fn read_plain(&mut self) {
        let mut sums = [[0.0; LINE]; TOGETHER];
        let from = black_box(in_lines(&self.from));
        for first in by_turns(from.len()) {
            for (sum, line) in sums.iter_mut().zip(&from[first..][..TOGETHER]) {
                sum.iter_mut().zip(line).for_each(|(s, v)| *s += v);
            }
        }
        black_box(sums);
    }

    fn stream(&mut self) {
        let from = black_box(in_lines(&self.from));
        store(black_box(&mut self.to), |first| &from[first..]);
    }

    fn fill(&mut self) {
        let lines = black_box([[3.0; LINE]; TOGETHER]);
        store(black_box(&mut self.to), |_| &lines);
    }
}

fn in_lines(memory: &Memory) -> &[Line] {
    memory.as_slice().as_chunks().0
}

/// The first of each [`TOGETHER`] of `lines` lines, of [`STREAMS`] parts by turns.
#[inline(always)]
fn by_turns(lines: usize) -> impl Iterator<Item = usize> {
    let part = lines / STREAMS;
    (0..part).step_by(TOGETHER).flat_map(move |at| (0..STREAMS).map(move |stream| stream * part + at))
}

/// Writes each [`TOGETHER`] lines of `to` with the first of what `from` gives for them, past the caches where the target can.
fn store<'a>(to: &mut Memory, from: impl Fn(usize) -> &'a [Line]) {
    let to = to.as_mut_slice().as_chunks_mut().0;
    assert!(to.as_ptr().addr().is_multiple_of(size_of::<Line>()), "a tensor's memory is aligned to lines");
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was detected.
            unsafe { store_avx512(to, from) }
        } else {
            store_sse(to, from);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    for first in by_turns(to.len()) {
        to[first..][..TOGETHER].copy_from_slice(&from(first)[..TOGETHER]);
    }
}

#[cfg(target_arch = "x86_64")]
fn store_sse<'a>(to: &mut [Line], from: impl Fn(usize) -> &'a [Line]) {
    use std::arch::x86_64::{_mm_loadu_ps, _mm_sfence, _mm_stream_ps};
    for first in by_turns(to.len()) {
        for (to, from) in to[first..][..TOGETHER].iter_mut().zip(from(first)) {
            for lane in [0, 4, 8, 12] {
                // SAFETY: SSE is part of x86-64. The four floats at `lane` are inside the lines, and those of `to`, which
                // is exclusively borrowed, aligned to 16 bytes, for `store` has seen that lines are aligned.
                unsafe { _mm_stream_ps(to.as_mut_ptr().add(lane), _mm_loadu_ps(from.as_ptr().add(lane))) };
            }
        }
    }
    // SAFETY: SSE is part of x86-64.
    unsafe { _mm_sfence() };
}

/// Whole cache lines at a time, which is up to a fifth faster.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn store_avx512<'a>(to: &mut [Line], from: impl Fn(usize) -> &'a [Line]) {
    use std::arch::x86_64::{_mm_sfence, _mm512_loadu_ps, _mm512_stream_ps};
    for first in by_turns(to.len()) {
        for (to, from) in to[first..][..TOGETHER].iter_mut().zip(from(first)) {
            // SAFETY: a `Line` is 16 floats; that of `to` is exclusively borrowed, and aligned, for `store` has seen that.
            unsafe { _mm512_stream_ps(to.as_mut_ptr(), _mm512_loadu_ps(from.as_ptr())) };
        }
    }
    _mm_sfence();
}

/// [`FMA_LOOPS`] rounds of [`LANES`] independent multiply-adds with the widest vectors of the machine.
fn multiply_add() {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was detected.
            return unsafe { multiply_add_avx512() };
        }
        if is_x86_feature_detected!("fma") && is_x86_feature_detected!("avx2") {
            // SAFETY: the features were detected.
            return unsafe { multiply_add_avx2() };
        }
    }
    multiply_add_plain();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn multiply_add_avx512() {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
    let (factor, term) = (_mm512_set1_ps(black_box(0.999)), _mm512_set1_ps(black_box(0.001)));
    let mut sums = [_mm512_set1_ps(black_box(1.0)); LANES / 16];
    for _ in 0..FMA_LOOPS {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, factor, term);
        }
    }
    black_box(sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn multiply_add_avx2() {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps};
    let (factor, term) = (_mm256_set1_ps(black_box(0.999)), _mm256_set1_ps(black_box(0.001)));
    // 12 accumulators and 2 constants fit the 16 registers; two passes make the same number of lanes.
    for _ in 0..2 {
        let mut sums = [_mm256_set1_ps(black_box(1.0)); LANES / 16];
        for _ in 0..FMA_LOOPS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, factor, term);
            }
        }
        black_box(sums);
    }
}

/// Multiply, then add: what every target vectorizes; aarch64 contracts it where it may.
fn multiply_add_plain() {
    let (factor, term) = (black_box(0.999f32), black_box(0.001f32));
    for _ in 0..4 {
        let mut sums = [black_box(1.0f32); LANES / 4];
        for _ in 0..FMA_LOOPS {
            sums.iter_mut().for_each(|sum| *sum = *sum * factor + term);
        }
        black_box(sums);
    }
}
