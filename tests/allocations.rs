//! After its first call, a compiled function in its `_into` form allocates nothing. Alone in its binary: the count
//! is of the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use tg::prelude::*;

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

tensor_fn! {
    /// Two products with memory between them, one of a constant, and an update in place.
    fn step<N: Dim>(
        x: Tensor<f32, N, 64>, #[constant] v: Tensor<f32, 64, 64>, w: &mut Tensor<f32, 64, 64>,
    ) -> Tensor<f32, N, 64> {
        let y = x.matmul(v).relu().matmul(w);
        *w = *w * 0.5;
        y
    }
}

fn allocations_of_calls(n: usize, v: &Tensor<f32, (Const<64>, Const<64>)>) -> usize {
    let (x, mut w) = (Tensor::<f32, (Dyn, Const<64>)>::ones_in((Dyn(n), Const)).unwrap(), Tensor::ones());
    let mut y = x.clone();
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    for _ in 0..5 {
        step_into(&x, v, &mut w, &mut y).unwrap();
    }
    ALLOCATIONS.load(Ordering::SeqCst) - before
}

#[test]
fn calls_after_the_first_allocate_nothing() {
    let v = Tensor::ones();
    assert!(allocations_of_calls(2000, &v) > 0, "the first call makes a workspace and a copy of what is constant");
    // Threads of the pool name themselves when they start, which may be after the first call returned.
    std::thread::sleep(std::time::Duration::from_millis(200));
    for n in [2000, 1, 700, 64] {
        assert_eq!(allocations_of_calls(n, &v), 0, "{n} rows");
    }
}
