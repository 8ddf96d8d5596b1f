//! A persistent pool of threads that splits a range of iterations among its threads.
//!
//! A call costs about half a microsecond, so that kernels of a few microseconds gain from it: a job is
//! published by writing one line of a cache for each thread, without a lock or an allocation, and idle threads
//! spin for a while before they sleep, also until the running job is done, since others tend to follow it.
//! It is not a task scheduler: one job runs at a time, and a call that finds the pool busy (from inside a
//! job, or from another thread) does its work on its own thread.
//!
//! What costs time is that a line written by one core goes to another, some hundred nanoseconds each. So a thread finds its
//! chunks and their job on one line, which it watches, and says once how many chunks it has done.
//!
//! Each thread owns a contiguous part of the range, cut into chunks: consecutive jobs over the same range
//! find their data in the same core's cache. A thread takes its chunks from the front, and when it has none
//! left takes others' from the back, so that nobody waits for a thread that sleeps or was preempted.

mod place;

use std::any::Any;
use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::Result;
use place::Worker;
use tg_core::compile::sharing::PARTS;

/// How long an idle thread spins before it sleeps. Waking a sleeping thread takes about as long.
const SPIN: Duration = Duration::from_micros(50);

/// How long an idle thread at most spins until the job that others still work on is done. The next one is likely to follow.
const PATIENCE: Duration = Duration::from_millis(1);

/// Spins between looks at the clock, or between yields of a thread that waits for the others.
const SPINS_PER_LOOK: u32 = 64;

/// Work that is worth waking a sleeping thread for: what a core does in about [`SPIN`], in the unit of kernels' work.
const WAKE_WORK: u64 = 8_000_000;

/// A part of a range of iterations, and who works on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Number of the thread in the pool. No two shares with the same number run at once in one call.
    pub thread: usize,
    /// First iteration.
    pub begin: usize,
    /// Behind the last iteration.
    pub end: usize,
}

/// What a job runs on each share.
type Body<'a> = dyn Fn(Share) + Sync + 'a;

/// A running job.
#[derive(Clone, Copy)]
struct Job<'a> {
    body: &'a Body<'a>,
    count: usize,
    chunks: usize,
    panic: &'a Mutex<Option<Box<dyn Any + Send>>>,
}

impl Job<'_> {
    /// Runs chunk `at` on thread `thread`: iterations `at * count / chunks` to `(at + 1) * count / chunks`, rounded up.
    fn run(&self, at: usize, thread: usize) {
        let cut = |at: usize| at * (self.count / self.chunks) + (at * (self.count % self.chunks)).div_ceil(self.chunks);
        let share = Share { thread, begin: cut(at), end: cut(at + 1) };
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.body)(share)));
        if let Err(panic) = outcome {
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
        }
    }
}

/// What is on lines of the cache of its own: two, which some processors fetch together.
#[repr(align(128))]
#[derive(Default)]
struct Apart<T>(T);

impl<T> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The chunks one thread has left, and the job they are of.
#[derive(Default)]
struct Part {
    /// The first chunk in the upper half of the word, the end in the lower.
    chunks: AtomicU64,
    /// Valid while a chunk is here, or taken and not counted as done.
    job: UnsafeCell<Option<Job<'static>>>,
}

impl Part {
    /// # Safety
    /// No chunk is left of what was given before, and all were counted as done. `job` outlives its chunks in the same sense.
    unsafe fn give(&self, job: &Job<'_>, first: usize, end: usize) {
        let job: *const Job<'_> = job;
        // SAFETY: nobody reads the job of a part without a chunk, and no other thread gives. The lifetime is forgotten: the
        // caller vouches for it.
        unsafe { *self.job.get() = Some(*job.cast()) };
        self.chunks.store((first as u64) << 32 | end as u64, Ordering::Release);
    }

    /// Whether no chunk is left.
    fn is_empty(&self) -> bool {
        let (first, end) = split(self.chunks.load(Ordering::Relaxed));
        first >= end
    }

    /// Takes one chunk, from the front for the owner and from the back for others.
    fn take(&self, from_front: bool) -> Option<(usize, Job<'static>)> {
        let step = |word: u64| {
            let (first, end) = split(word);
            let rest = if from_front { word + (1 << 32) } else { word.wrapping_sub(1) };
            (first < end).then_some(rest)
        };
        let before = self.chunks.fetch_update(Ordering::AcqRel, Ordering::Relaxed, step).ok()?;
        let (first, end) = split(before);
        // SAFETY: the job was written before the chunk was given, and is not written again before this chunk is done.
        let job = unsafe { *self.job.get() }?;
        Some((if from_front { first } else { end - 1 }, job))
    }
}

/// The first chunk and the end.
fn split(word: u64) -> (usize, usize) {
    ((word >> 32) as usize, (word & 0xffff_ffff) as usize)
}

/// A thread that sleeps when there is nothing to do.
#[derive(Default)]
struct Sleeper {
    asleep: AtomicBool,
    thread: OnceLock<(Thread, Worker)>,
}

/// What the threads of a pool share.
struct Shared {
    parts: Box<[Apart<Part>]>,
    sleepers: Box<[Sleeper]>,
    /// Chunks of the running job that others than its caller have done.
    done: Apart<AtomicUsize>,
    asleep: AtomicUsize,
    busy: AtomicBool,
    shutdown: AtomicBool,
    /// Work of the latest jobs that sleeping threads were not woken for, and when the last of them came.
    missed: AtomicU64,
    missed_at: AtomicU64,
    born: Instant,
}

// SAFETY: the job of a part is written only by the thread that holds `busy`, before it gives out chunks (release), and read only
// by threads that took a chunk of it (acquire), whose `done` the writer awaits before it goes on.
unsafe impl Sync for Shared {}
// SAFETY: a job is used only as above; everything else is `Send`.
unsafe impl Send for Shared {}

impl Shared {
    /// Works on whatever chunks are left, the own ones of thread `me` first; returns how many it has done.
    fn work(&self, me: usize) -> usize {
        let others = (1..self.parts.len()).map(|step| (me + step) % self.parts.len());
        let mut done = 0;
        for part in std::iter::once(me).chain(others) {
            while let Some((chunk, job)) = self.parts[part].take(part == me) {
                job.run(chunk, me);
                done += 1;
            }
        }
        done
    }

    /// The life of thread `me`: spin, sleep, work.
    fn serve(&self, me: usize) {
        while self.is_given_chunks(me) {
            let done = self.work(me);
            self.done.fetch_add(done, Ordering::Release);
        }
    }

    /// Waits until thread `me` has chunks; false if there will be none.
    fn is_given_chunks(&self, me: usize) -> bool {
        let (mut idle, mut spins) = (None, 0u32);
        while self.parts[me].is_empty() {
            spin_loop();
            spins = spins.wrapping_add(1);
            if spins.is_multiple_of(SPINS_PER_LOOK) {
                if self.shutdown.load(Ordering::Relaxed) {
                    return false;
                }
                let now = Instant::now();
                let (since, done) = idle.get_or_insert((now, now));
                if self.busy.load(Ordering::Relaxed) && now - *since < PATIENCE {
                    *done = now;
                } else if now - *done > SPIN {
                    self.sleep(me);
                    idle = None;
                }
            }
        }
        true
    }

    /// Sleeps unless it has chunks. [`Shared::wake`] looks for sleepers after they were given, and a sleeper announces itself
    /// before it looks for them, so one of the two sees the other. A thread that sleeps through a job that wakes nobody harms
    /// nothing: the others take its chunks.
    fn sleep(&self, me: usize) {
        let sleeper = &self.sleepers[me];
        self.asleep.fetch_add(1, Ordering::Relaxed);
        sleeper.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        while sleeper.asleep.load(Ordering::Acquire)
            && self.parts[me].is_empty()
            && !self.shutdown.load(Ordering::Relaxed)
        {
            thread::park();
        }
        sleeper.asleep.store(false, Ordering::Relaxed);
        self.asleep.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether a job of this much work should wake the threads that sleep. Waking costs as much as [`WAKE_WORK`],
    /// so one job has that much, or a rapid sequence of jobs adds up to it: then more are likely to follow. A job that has less
    /// takes up to [`SPIN`] itself, and as much may pass until the next.
    fn is_worth_waking(&self, work: u64) -> bool {
        let now = self.born.elapsed().as_nanos() as u64;
        let rapid = now.saturating_sub(self.missed_at.swap(now, Ordering::Relaxed)) < 2 * SPIN.as_nanos() as u64;
        let before = if rapid { self.missed.load(Ordering::Relaxed) } else { 0 };
        let missed = before.saturating_add(work);
        self.missed.store(if missed < WAKE_WORK { missed } else { 0 }, Ordering::Relaxed);
        missed >= WAKE_WORK
    }

    /// Wakes all that sleep.
    fn wake(&self) {
        fence(Ordering::SeqCst);
        for sleeper in &self.sleepers {
            if sleeper.asleep.swap(false, Ordering::AcqRel)
                && let Some((thread, worker)) = sleeper.thread.get()
            {
                worker.wake_elsewhere(|| thread.unpark());
            }
        }
    }

    /// Runs `job` on all threads and returns when every chunk is done. The caller holds `busy`.
    fn run(&self, job: &Job<'_>, work: u64) {
        let asleep = self.asleep.load(Ordering::Relaxed);
        let wake = asleep > 0 && self.is_worth_waking(work);
        if asleep + 1 == self.parts.len() && !wake {
            return (0..job.chunks).for_each(|chunk| job.run(chunk, 0));
        }
        self.done.store(0, Ordering::Relaxed);
        let threads = self.parts.len();
        // Rounded up, so that the first parts are the larger ones: the calling thread begins before all others.
        let cut = |part: usize| (part * job.chunks).div_ceil(threads);
        for (i, part) in self.parts.iter().enumerate().rev() {
            // The first chunk of all is the caller's, who need not take it.
            // SAFETY: the `run` of an earlier job awaited all of its chunks, and this one does.
            unsafe { part.give(job, cut(i).max(1), cut(i + 1)) };
        }
        if wake {
            self.wake();
        }
        job.run(0, 0);
        let own = 1 + self.work(0);
        let mut spins = 0u32;
        while self.done.load(Ordering::Acquire) + own < job.chunks {
            spin_loop();
            spins = spins.saturating_add(1);
            if spins > SPINS_PER_LOOK * 16 {
                thread::yield_now();
            }
        }
    }
}

/// Threads that share the work of one call at a time.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool in which `threads` threads work, one of which is the calling one. If the system gives fewer,
    /// the pool works with fewer.
    pub fn new(threads: usize) -> Pool {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            parts: (0..threads).map(|_| Apart::default()).collect(),
            sleepers: (0..threads).map(|_| Sleeper::default()).collect(),
            done: Apart::default(),
            asleep: AtomicUsize::new(0),
            busy: AtomicBool::new(false),
            shutdown: AtomicBool::new(false),
            missed: AtomicU64::new(0),
            missed_at: AtomicU64::new(0),
            born: Instant::now(),
        });
        let start = |me: usize| {
            let mine = shared.clone();
            let serve = move || {
                let _ = mine.sleepers[me].thread.set((thread::current(), Worker::current()));
                mine.serve(me);
            };
            thread::Builder::new().name(format!("tg-{me}")).spawn(serve).ok()
        };
        let threads = (1..threads).map_while(start).collect();
        Pool { shared, threads }
    }

    /// The pool of this process, with `TG_THREADS` threads, started at the first call.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) if an environment variable is malformed.
    pub fn of_process() -> Result<&'static Pool> {
        static POOL: OnceLock<Pool> = OnceLock::new();
        match POOL.get() {
            Some(pool) => Ok(pool),
            None => {
                let threads = Config::of_process()?.threads();
                Ok(POOL.get_or_init(|| Pool::new(threads)))
            }
        }
    }

    /// Number of threads that work in a call, the calling one included.
    pub fn threads(&self) -> usize {
        self.threads.len() + 1
    }

    /// Calls `body` for disjoint shares that make up `0..count`, possibly at the same time, each
    /// of at least `grain` iterations if there are as many. Returns when all have returned. `count` 0 makes no call.
    ///
    /// # Panics
    /// When `body` panics, with its panic, after all other calls have returned.
    pub fn parallel(&self, count: usize, grain: usize, body: &Body<'_>) {
        self.parallel_work(count, grain, u64::MAX, body);
    }

    /// [`Pool::parallel`] for a total of `work`, in operations of a product: little work does not wake sleeping threads.
    pub(crate) fn parallel_work(&self, count: usize, grain: usize, work: u64, body: &Body<'_>) {
        let chunks = (count / grain.max(1)).min(self.threads() * PARTS);
        let lock = || self.shared.busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        if chunks < 2 || self.threads() == 1 || lock().is_err() {
            return if count > 0 {
                body(Share { thread: 0, begin: 0, end: count })
            };
        }
        let panic = Mutex::new(None);
        self.shared.run(&Job { body, count, chunks, panic: &panic }, work);
        self.shared.busy.store(false, Ordering::Release);
        if let Some(panic) = panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.shutdown.store(true, Ordering::Relaxed);
        self.shared.wake();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// [`Pool::parallel`] on the pool of this process.
///
/// # Errors
/// [`Error::Config`](crate::Error::Config) if an environment variable is malformed.
///
/// # Panics
/// As [`Pool::parallel`].
pub fn parallel(count: usize, grain: usize, body: &Body<'_>) -> Result<()> {
    Pool::of_process()?.parallel(count, grain, body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every iteration of `0..count` runs exactly once.
    fn check(pool: &Pool, count: usize, grain: usize) {
        check_work(pool, count, grain, u64::MAX);
    }

    fn check_work(pool: &Pool, count: usize, grain: usize, work: u64) {
        let runs: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
        pool.parallel_work(count, grain, work, &|Share { begin, end, .. }| {
            assert!(begin < end && end <= count && (end - begin >= grain || end - begin == count));
            for run in &runs[begin..end] {
                run.fetch_add(1, Ordering::Relaxed);
            }
        });
        assert!(runs.iter().all(|run| run.load(Ordering::Relaxed) == 1), "count {count} grain {grain}");
    }

    #[test]
    fn every_iteration_runs_once() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            for count in [0, 1, 2, 3, 7, 8, 31, 32, 33, 1000] {
                for grain in [0, 1, 5, 100, 5000] {
                    check(&pool, count, grain);
                }
            }
        }
    }

    #[test]
    fn little_work_wakes_nobody_until_it_adds_up() {
        let pool = Pool::new(2);
        let shared = &pool.shared;
        while shared.asleep.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        assert!(!shared.is_worth_waking(WAKE_WORK / 2));
        assert!(shared.is_worth_waking(WAKE_WORK));
        assert!((0..1000).any(|_| shared.is_worth_waking(WAKE_WORK / 3)));
        thread::sleep(SPIN * 3);
        assert!(!shared.is_worth_waking(WAKE_WORK / 3));
        pool.parallel_work(100, 1, 1, &|Share { thread, .. }| assert_eq!(thread, 0));
        assert_eq!(shared.asleep.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn stress_from_several_threads_with_nesting_and_sleep() {
        let pool = Pool::new(3);
        thread::scope(|scope| {
            for user in 0..4u64 {
                let pool = &pool;
                scope.spawn(move || {
                    for round in 0..2000u64 {
                        let sum = AtomicU64::new(0);
                        pool.parallel(40, 1, &|Share { begin, end, .. }| {
                            pool.parallel(end - begin, 1, &|Share { begin: b, end: e, .. }| {
                                sum.fetch_add((begin + b..begin + e).map(|i| i as u64).sum(), Ordering::Relaxed);
                            });
                        });
                        assert_eq!(sum.into_inner(), 780);
                        if (round + user) % 500 == 0 {
                            thread::sleep(SPIN * 4);
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn huge_counts_do_not_overflow() {
        let pool = Pool::new(2);
        let total = AtomicUsize::new(0);
        pool.parallel(usize::MAX, 1, &|Share { begin, end, .. }| {
            total.fetch_add(end - begin, Ordering::Relaxed);
        });
        assert_eq!(total.into_inner(), usize::MAX);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(4);
        for at in [0, 50, 99] {
            let call = || {
                pool.parallel(100, 1, &|Share { begin, end, .. }| {
                    assert!(!(begin..end).contains(&at), "iteration {at}")
                });
            };
            let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
            assert_eq!(*panic.downcast::<String>().unwrap(), format!("iteration {at}"));
            check(&pool, 100, 1);
        }
    }
}
