//! On which core a sleeping thread wakes: not on that of the thread that wakes it.
//!
//! Linux likes to wake a thread on the core of its waker, although another one is idle. That suits threads that take turns;
//! ours work at the same time, and the one that wakes then waits until the other has used up its share of the core, for
//! milliseconds in which two threads are as slow as one. So the waker's core is taken out of the set of cores that the
//! thread may run on, just while it wakes. Nothing is pinned. Other systems are left alone.

/// A thread, as the system names it.
#[derive(Clone, Copy)]
pub struct Worker(#[cfg(target_os = "linux")] libc::pid_t);

#[cfg(not(target_os = "linux"))]
impl Worker {
    /// The calling thread.
    pub fn current() -> Worker {
        Worker()
    }

    /// Calls `wake`, which wakes this thread.
    pub fn wake_elsewhere(self, wake: impl FnOnce()) {
        wake();
    }
}

#[cfg(target_os = "linux")]
impl Worker {
    /// The calling thread.
    pub fn current() -> Worker {
        // SAFETY: takes no arguments and accesses no memory of ours. The function `gettid` is not in every glibc.
        Worker(unsafe { libc::syscall(libc::SYS_gettid) } as libc::pid_t)
    }

    /// Calls `wake`, which wakes this thread, on another core than that of the calling thread if it may run on another.
    /// Where the system refuses, it wakes wherever it does.
    pub fn wake_elsewhere(self, wake: impl FnOnce()) {
        match self.cores().and_then(|cores| Some((cores, without_ours(cores)?))) {
            Some((cores, others)) if self.restrict(&others) => {
                wake();
                self.restrict(&cores);
            }
            _ => wake(),
        }
    }

    /// The cores that the thread may run on; `None` if there may be more than a set holds.
    fn cores(self) -> Option<libc::cpu_set_t> {
        // SAFETY: a set is an array of integers, of which zeros are the empty one.
        let mut cores: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the set is valid for writes of its size.
        let failed = unsafe { libc::sched_getaffinity(self.0, size_of::<libc::cpu_set_t>(), &mut cores) } != 0;
        (!failed).then_some(cores)
    }

    /// Whether the system let the thread run on `cores` only.
    fn restrict(self, cores: &libc::cpu_set_t) -> bool {
        // SAFETY: the set is valid for reads of its size. Where a thread runs changes nothing that a program can read.
        unsafe { libc::sched_setaffinity(self.0, size_of::<libc::cpu_set_t>(), cores) == 0 }
    }
}

/// `cores` without the one that the calling thread runs on; `None` if nothing is left, or it is not known.
#[cfg(target_os = "linux")]
fn without_ours(mut cores: libc::cpu_set_t) -> Option<libc::cpu_set_t> {
    // SAFETY: takes no arguments and accesses no memory of ours.
    let ours = usize::try_from(unsafe { libc::sched_getcpu() }).ok()?;
    if ours >= libc::CPU_SETSIZE as usize {
        return None;
    }
    // SAFETY: the core is within the set.
    unsafe { libc::CPU_CLR(ours, &mut cores) };
    // SAFETY: the set is valid.
    (unsafe { libc::CPU_COUNT(&cores) } > 0).then_some(cores)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn are_equal(a: &libc::cpu_set_t, b: &libc::cpu_set_t) -> bool {
        // SAFETY: both are valid sets.
        unsafe { libc::CPU_EQUAL(a, b) }
    }

    #[test]
    fn a_thread_is_kept_off_the_core_of_its_waker_only_while_it_wakes() {
        let me = Worker::current();
        let (send, receive) = mpsc::channel();
        let (stop, stopped) = mpsc::channel::<()>();
        let sleeper = std::thread::spawn(move || {
            send.send(Worker::current()).unwrap();
            let _ = stopped.recv();
        });
        let other = receive.recv().unwrap();
        let (before, mut calls) = (other.cores().unwrap(), 0);
        let mine = me.cores().unwrap();
        let alone = without_ours(mine).is_none();
        other.wake_elsewhere(|| {
            calls += 1;
            assert_eq!(are_equal(&other.cores().unwrap(), &before), alone);
        });
        assert_eq!(calls, 1);
        assert!(are_equal(&other.cores().unwrap(), &before) && are_equal(&me.cores().unwrap(), &mine));
        drop(stop);
        sleeper.join().unwrap();
    }

    #[test]
    fn a_thread_that_is_gone_is_woken_in_vain() {
        let gone = std::thread::spawn(Worker::current).join().unwrap();
        let mut calls = 0;
        gone.wake_elsewhere(|| calls += 1);
        assert_eq!(calls, 1);
    }
}
