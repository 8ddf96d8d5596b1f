//! After its first call, a tensor function allocates nothing beside its outputs. Alone in its binary: the count
//! is of the whole process.

mod affine;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use affine::{Rows, affine_into};
use tg_runtime::{Const, Dyn};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller's promises are the same as `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: `start` came from `System`, with this layout.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations during a few calls with `n` rows.
fn allocations_of_calls(n: usize) -> usize {
    let (x, mut b) = (Rows::ones_in((Dyn(n), Const)).expect("memory"), 1.0);
    let mut y = x.clone();
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    for _ in 0..20 {
        affine_into(&x, &mut b, &mut y).expect("the shapes fit");
    }
    ALLOCATIONS.load(Ordering::SeqCst) - before
}

#[test]
fn calls_after_the_first_allocate_nothing() {
    assert!(allocations_of_calls(50_000) > 0, "the first call makes a workspace and starts the pool");
    // Threads of the pool name themselves when they start, which may be after the first call returned.
    std::thread::sleep(std::time::Duration::from_millis(200));
    for n in [50_000, 1, 40_000, 3] {
        assert_eq!(allocations_of_calls(n), 0, "{n} rows");
    }
}
