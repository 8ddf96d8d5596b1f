//! Lazy tensors for a long time: a million small graphs of twenty shapes, half of them from one thread and half from sixteen at
//! once. Every result is checked, and so is the memory of the process, which must not grow after the first ones.
//!
//! `cargo run --release -p tg-lazy --example steady`
//!
//! With many threads, glibc's allocator keeps freed blocks for each of them, up to some MiB in all, which fill slowly. Without that,
//! by `GLIBC_TUNABLES=glibc.malloc.tcache_count=0 MALLOC_ARENA_MAX=1`, memory stays the same to some KiB.

use std::error::Error;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use tg_lazy::Tensor;

type Failure = Box<dyn Error + Send + Sync>;

/// Graphs for each number of threads.
const GRAPHS: usize = 500_000;

/// Graphs after which everything has been compiled that will be, and each thread has what it needs.
const WARM: usize = 20_000;

/// Bytes by which memory may grow after that: what the allocator keeps.
const SLACK: u64 = 5 << 20;

const SHAPES: [&[usize]; 20] = [
    &[1],
    &[2],
    &[3],
    &[5],
    &[8],
    &[16],
    &[31],
    &[64],
    &[1, 1],
    &[1, 7],
    &[2, 3],
    &[4, 4],
    &[8, 3],
    &[5, 16],
    &[2, 2, 2],
    &[3, 1, 5],
    &[4, 3, 2],
    &[1, 8, 8],
    &[2, 2, 2, 2],
    &[3, 2, 1, 4],
];

/// Computes the graph with this number of fresh tensors. Its result is a whole number, which has to be exact.
fn check(number: usize) -> Result<(), Failure> {
    let shape = SHAPES[number % SHAPES.len()];
    let count: usize = shape.iter().product();
    let (a, b) = ((number % 97) as f32, (number % 89) as f32);
    let (x, y) = (Tensor::from_slice(&vec![a; count], shape), Tensor::from_slice(&vec![b; count], shape));
    let (result, each) = match number % 3 {
        0 => ((&x + &y).sum(()), a + b),
        1 => ((&x * 2.0 - &y).relu().sum(()), (a * 2.0 - b).max(0.0)),
        _ => (x.maximum(&y).sum(-1).sum(()), a.max(b)),
    };
    let (got, expected) = (result.item::<f32>()?, each * count as f32);
    if got == expected { Ok(()) } else { Err(format!("graph {number}: expected {expected}, got {got}").into()) }
}

/// Bytes of memory that the process has, as far as the system says.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Computes all graphs on so many threads; gives the memory after the first ones and at the end.
fn run(threads: usize) -> Result<[u64; 2], Failure> {
    let (next, warm) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || -> Result<(), Failure> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number == WARM {
                warm.store(resident().unwrap_or(0), Ordering::Relaxed);
            }
            if number >= GRAPHS {
                return Ok(());
            }
            check(number)?;
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a thread panicked".into())))
    })?;
    Ok([warm.into_inner(), resident().unwrap_or(0)])
}

fn main() -> Result<(), Failure> {
    for threads in [1, 16] {
        let [warm, end] = run(threads)?;
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        println!(
            "{threads:2} threads, {GRAPHS} graphs: {:.2} MiB after {WARM}, {:.2} MiB at the end",
            mib(warm),
            mib(end)
        );
        let (nodes, tensors) = tg_lazy::graph_size();
        println!("{nodes} nodes of {tensors} tensors are left");
        if end > warm + SLACK {
            return Err(format!("memory grew by {:.2} MiB", mib(end - warm)).into());
        }
    }
    Ok(())
}
