//! What the machine can do at most: fused multiply-adds in registers, and bytes through memory.
//!
//! Measured, not looked up, for a number of threads, in the same run as the contenders.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// Bytes of each buffer of the bandwidth measurements; those of the elementwise case.
const BUFFER: usize = 64 << 20;
/// Bytes each thread reads again and again to measure its own cache: more than a first level, less than a second.
const CACHED: usize = 256 << 10;
/// Passes over that in one measurement.
const CACHED_PASSES: usize = 200;
/// A computation that moves no more than this finds it in the caches, call after call.
const FITS_CACHES: f64 = (1 << 20) as f64;
/// Each measurement is the best of this many.
const REPEATS: usize = 9;
/// Loops of [`LANES`] multiply-adds in one measurement of the arithmetic peak.
const FMA_LOOPS: usize = 2_000_000;
/// Accumulators per thread: 12 independent vectors of 16, enough to hide a latency of 4 on two units.
const LANES: usize = 12 * 16;

/// The limits for one number of threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Floating-point operations a second; a multiply-add counts as two.
    pub flops: f64,
    /// Bytes a second read plus written by `memcpy`.
    pub copy: f64,
    /// The same with stores that bypass the caches; 0 where the target has none.
    pub streaming_copy: f64,
    /// Bytes a second read.
    pub read: f64,
    /// Bytes a second read from the cores' own caches.
    pub cached_read: f64,
}

impl Limits {
    /// Measures with `threads` threads.
    pub fn measure(threads: usize) -> Limits {
        Limits {
            flops: per_second(threads, 2.0 * (FMA_LOOPS * LANES) as f64, || (), |()| multiply_add()),
            copy: per_second(threads, share(threads, 2), || Buffers::new(BUFFER / threads), Buffers::copy),
            streaming_copy: per_second(threads, share(threads, 2), || Buffers::new(BUFFER / threads), Buffers::stream)
                * f64::from(cfg!(target_arch = "x86_64")),
            read: per_second(threads, share(threads, 1), || Buffers::new(BUFFER / threads), Buffers::read),
            cached_read: per_second(
                threads,
                (CACHED * CACHED_PASSES) as f64,
                || Buffers::new(CACHED),
                |buffers| (0..CACHED_PASSES).for_each(|_| buffers.read()),
            ),
        }
    }

    /// Bytes a second for a computation that moves `bytes`: from the caches if they hold it, else the best copy.
    pub fn bandwidth(&self, bytes: f64) -> f64 {
        if bytes <= FITS_CACHES { self.cached_read } else { self.copy.max(self.streaming_copy) }
    }

    /// The numbers as [`Limits::parse`] reads them.
    pub fn to_text(self) -> String {
        let Limits { flops, copy, streaming_copy, read, cached_read } = self;
        format!("{flops:e},{copy:e},{streaming_copy:e},{read:e},{cached_read:e}")
    }

    /// Reads [`Limits::to_text`].
    pub fn parse(text: &str) -> Option<Limits> {
        let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.parse().ok()).collect();
        match numbers?[..] {
            [flops, copy, streaming_copy, read, cached_read] => {
                Some(Limits { flops, copy, streaming_copy, read, cached_read })
            }
            _ => None,
        }
    }
}

/// Bytes one of `threads` threads moves in `passes` passes over its share of a buffer.
fn share(threads: usize, passes: usize) -> f64 {
    (passes * (BUFFER / threads / size_of::<Line>()) * size_of::<Line>()) as f64
}

/// `threads` times `work` over the time in which all threads do `act`, at the best of [`REPEATS`].
fn per_second<S>(threads: usize, work: f64, start: impl Fn() -> S + Sync, act: impl Fn(&mut S) + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let run = || {
        let mut state = start();
        let mut best = f64::INFINITY;
        for _ in 0..REPEATS {
            barrier.wait();
            let began = Instant::now();
            act(&mut state);
            barrier.wait();
            best = best.min(began.elapsed().as_secs_f64());
        }
        best
    };
    let slowest = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).fold(0.0, f64::max)
    });
    threads as f64 * work / slowest
}

/// A cache line of floats.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([f32; 16]);

/// One thread's share of a source and a target buffer.
struct Buffers {
    from: Vec<Line>,
    to: Vec<Line>,
}

impl Buffers {
    fn new(bytes: usize) -> Buffers {
        let lines = bytes / size_of::<Line>();
        // Values other than zero, so that every page is really there.
        Buffers { from: vec![Line([1.0; 16]); lines], to: vec![Line([2.0; 16]); lines] }
    }

    fn copy(&mut self) {
        black_box(&mut self.to).copy_from_slice(black_box(&self.from));
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
        let mut sums = [Line([0.0; 16]); 4];
        for lines in black_box(&self.from).chunks_exact(4) {
            for (sum, line) in sums.iter_mut().zip(lines) {
                sum.0.iter_mut().zip(&line.0).for_each(|(s, v)| *s += v);
            }
        }
        black_box(sums);
    }

    #[cfg(target_arch = "x86_64")]
    fn stream(&mut self) {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was detected.
            return unsafe { self.stream_avx512() };
        }
        use std::arch::x86_64::{_mm_load_ps, _mm_sfence, _mm_stream_ps};
        for (from, to) in black_box(&self.from).iter().zip(black_box(&mut self.to)) {
            for at in (0..16).step_by(4) {
                // SAFETY: SSE is part of x86-64. A `Line` is 16 floats aligned to 64 bytes, so the four floats at
                // `at` are inside it and aligned to 16 bytes; `to` is exclusively borrowed.
                unsafe { _mm_stream_ps(to.0.as_mut_ptr().add(at), _mm_load_ps(from.0.as_ptr().add(at))) };
            }
        }
        // SAFETY: SSE is part of x86-64.
        unsafe { _mm_sfence() };
    }

    /// Whole cache lines at a time, which is up to a fifth faster.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn stream_avx512(&mut self) {
        use std::arch::x86_64::{_mm_sfence, _mm512_load_ps, _mm512_stream_ps};
        for (from, to) in black_box(&self.from).iter().zip(black_box(&mut self.to)) {
            // SAFETY: a `Line` is 16 floats aligned to 64 bytes; `to` is exclusively borrowed.
            unsafe { _mm512_stream_ps(to.0.as_mut_ptr(), _mm512_load_ps(from.0.as_ptr())) };
        }
        _mm_sfence();
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn stream(&mut self) {
        self.copy();
    }
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
