//! What a call on a GPU costs by itself: time from the start of the process to the first result, and of each call after
//! it, for one kernel and for three.
//!
//! `cargo run --release -p tg-runtime --features cuda --example gpu_calls`

#[path = "../tests/gpu/scaled.rs"]
mod scaled;

use std::time::{Duration, Instant};

use scaled::*;
use tg_runtime::program::{GpuProgram, Program};
use tg_runtime::{Device, Dyn, Result, Tensor};

const CALLS: u32 = 20_000;

static ONE_KERNEL: GpuProgram = compiled(IMAGES, &[ADD]);
static ONE: Program = program("one", &ONE_KERNEL);

fn since<R>(what: &str, start: Instant, result: R) -> R {
    println!("{:>9.2} ms  {what}", start.elapsed().as_secs_f64() * 1e3);
    result
}

/// Microseconds a call when they follow each other, and what of it the calling thread spends.
fn per_call(device: &Device, mut call: impl FnMut(u32) -> Result<()>) -> Result<(f64, f64)> {
    (0..100).try_for_each(&mut call)?;
    device.synchronize()?;
    let start = Instant::now();
    (0..CALLS).try_for_each(&mut call)?;
    let host = start.elapsed();
    device.synchronize()?;
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(CALLS);
    Ok((micros(start.elapsed()), micros(host)))
}

fn main() -> Result<()> {
    let start = Instant::now();
    let device = since("the device is ready", start, Device::cuda(0)?);
    let x: Vector = since("a tensor is on it", start, Tensor::zeros_in((Dyn(1000),))?.to(&device)?);
    let mut total = Tensor::from(0.5f32).to(&device)?;
    scaled_sum(&SCALED_SUM, &x, 1.0, &mut total)?;
    since("the first call was started, its PTX compiled", start, ());
    since("its result was read", start, total.item());
    scaled_sum(&ONE, &x, 1.0, &mut total)?;
    println!("\n{device}; us a call: altogether, and of the calling thread");
    for (name, program) in [("1 kernel", &ONE), ("3 kernels", &SCALED_SUM)] {
        let row = |what: &str, (all, host): (f64, f64)| println!("{name:10} {what:30} {all:6.2} {host:6.2}");
        row("new result, same number", per_call(&device, |_| scaled_sum(program, &x, 1.0, &mut total).map(drop))?);
        row(
            "new result, other number",
            per_call(&device, |i| scaled_sum(program, &x, i as f32, &mut total).map(drop))?,
        );
    }
    let round_trip = per_call(&device, |i| {
        scaled_sum(&ONE, &x, i as f32, &mut total)?;
        total.to(&Device::Cpu).map(drop)
    })?;
    println!("1 kernel   and its result read {:17.2}", round_trip.0);
    let large = Tensor::<u8, _>::zeros_in((Dyn(1 << 30),))?;
    let begin = Instant::now();
    let there = large.to(&device)?;
    device.synchronize()?;
    println!("\nto the device   {:6.2} GB/s", 1.074 / begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    drop(there.to(&Device::Cpu)?);
    println!("from the device {:6.2} GB/s", 1.074 / begin.elapsed().as_secs_f64());
    Ok(())
}
