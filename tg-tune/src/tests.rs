//! The tool on a kernel given as text: real processes, but nothing depends on how long they take.
#![cfg(target_os = "linux")]

use std::thread::available_parallelism;
use std::time::Duration;

use tg_core::compile::Portable;
use tg_core::dim::Dim;
use tg_core::dtype::{DType, Space};
use tg_core::ir::{Axis, Graph, Op};
use tg_core::loops::canonical_text;
use tg_core::optimize::Actions;
use tg_toolchain::{Job, Toolchain, host_triple};

use crate::bench::{Bench, Compiled, Measure, RUN_LIMIT, forms};
use crate::{level, reference};

/// The product of 24×10 by 10×32.
pub fn product() -> Portable {
    product_with(Space::Global)
}

/// That with the second factor in `space`.
fn product_with(space: Space) -> Portable {
    let graph = Graph::new();
    let range = |n: i64, axis| graph.range(graph.index(n), axis);
    let (i, j, k) = (range(24, Axis::Loop), range(32, Axis::Loop), range(10, Axis::Reduce));
    let [a, c] = [0, 2].map(|slot| graph.global(DType::F32, slot));
    let b = graph.global_in(DType::F32.pointer(space), 1);
    let value = a.element(i * 10 + k, None).load() * b.element(k * 32 + j, None).load();
    let store = c.element(i * 32 + j, None).store(value.reduce(Op::Add, &[k]), &[i, j]);
    let bytes = [24 * 10, 10 * 32, 24 * 32].map(|len| Dim::from(len * 4)).to_vec();
    Portable { name: "r_24_32_10_matmul".into(), dims: vec![], bytes, nest: canonical_text(graph.sink(&[store])) }
}

fn toolchain() -> Toolchain {
    Toolchain::new(&host_triple(), None).expect("a C compiler")
}

fn list(text: &str) -> Actions {
    text.parse().expect("actions")
}

#[test]
fn results_are_those_of_the_interpreter_and_others_are_noticed() {
    let tools = toolchain();
    let bench = Bench::new(&tools, product(), level(None).unwrap(), RUN_LIMIT).unwrap();
    let forms = forms(&product().nest, 3).unwrap();
    let mut results = bench.results().unwrap();
    assert_eq!(reference::mismatch(&product(), &forms, &results), None);
    *results.last_mut().unwrap() ^= 1;
    let wrong = reference::mismatch(&product(), &forms, &results).unwrap();
    assert!(wrong.contains("element 767 of buffer 2"), "{wrong}");
    assert!(reference::mismatch(&product(), &forms, &results[..8]).is_some());
}

#[test]
fn lists_that_apply_have_times_and_others_a_reason() {
    let tools = toolchain();
    let mut bench = Bench::new(&tools, product(), level(None).unwrap(), RUN_LIMIT).unwrap();
    let inapplicable = bench.measure(&list("parallel(9)"), 1).unwrap_err();
    assert!(inapplicable.contains("the kernel has 3 loops"), "{inapplicable}");
    let times = bench.measure(&list("vectorize(1,4) parallel(0)"), 1).unwrap();
    assert!(times.alone.default_ns > 0.0 && times.alone.tuned_ns > 0.0 && times.shared.is_none());
    let serial = bench.measure(&list("vectorize(1,4)"), 1).unwrap_err();
    assert!(serial.contains("shares for threads"), "{serial}");
}

#[test]
fn copies_of_constant_operands_are_made_before_and_checked() {
    let (tools, kernel) = (toolchain(), product_with(Space::Constant));
    let mut bench = Bench::new(&tools, kernel.clone(), level(None).unwrap(), RUN_LIMIT).unwrap();
    let forms = forms(&kernel.nest, 3).unwrap();
    assert_eq!(reference::mismatch(&kernel, &forms, &bench.results().unwrap()), None);
    for packed in ["vectorize(1,4) pack(1) parallel(0)", "pack(1) pack(0) parallel(0)"] {
        let measured = bench.measure(&list(packed), 1);
        assert_eq!(measured.is_ok(), !packed.contains("pack(0)"), "{packed}: {measured:?}");
    }
}

/// What becomes of a kernel of two iterations whose C text is `body`, where it is to do what `kernel` does.
fn outcome(kernel: Portable, body: &str, limit: Duration) -> String {
    let (tools, isa) = (toolchain(), level(None).unwrap());
    let bench = Bench::new(&tools, kernel, isa, limit).unwrap();
    let source = format!(
        "void tgk_tuned(unsigned char *const *b, const long *d, long begin, long end, unsigned char *s) {{ {body} }}"
    );
    let object = tools.object_all(&[Job { source, isa }]).unwrap().remove(0);
    let kernel =
        Compiled { object, symbol: "tgk_tuned".into(), trips: 2, scratch: 0, repeated: 0, packs: vec![], length: 0 };
    bench.times(&kernel, 1).unwrap_err()
}

#[test]
fn kernels_that_crash_hang_or_are_wrong_are_survived() {
    let check = |body, limit, expected: &str| {
        let error = outcome(product(), body, limit);
        assert!(error.contains(expected), "{body}: {error}");
    };
    check("*(volatile int *)8 = 1;", RUN_LIMIT, "signal");
    check("for (volatile int i = 0;;) i++;", Duration::from_millis(200), "did not end within");
    check("", RUN_LIMIT, "another result in buffer 2 at byte 0");
}

/// The text of [`product`].
const PRODUCT: &str = "const float *x = (const float *)b[0], *y = (const float *)b[1]; float *z = (float *)b[2];
    for (int i = 0; i < 24; i++) for (int j = 0; j < 32; j++) {
        float sum = 0; for (int k = 0; k < 10; k++) sum += x[i*10 + k] * y[k*32 + j]; z[i*32 + j] = sum;
    }";

#[test]
fn a_kernel_that_writes_beside_its_buffers_is_noticed() {
    let beside = outcome(product(), &format!("{PRODUCT} z[24*32] = 1;"), RUN_LIMIT);
    assert!(beside.contains("wrote beside a buffer"), "{beside}");
}

#[test]
fn a_kernel_that_is_right_only_in_one_share_is_noticed() {
    let shared = outcome(sums(), &format!("if (begin > 0 || end < 2) return; {SUMS}"), RUN_LIMIT);
    assert!(shared.contains("another result in buffer 1"), "{shared}");
}

#[test]
fn kernels_of_enough_work_are_measured_on_all_threads_too() {
    let tools = toolchain();
    let mut bench = Bench::new(&tools, sums(), level(None).unwrap(), RUN_LIMIT).unwrap();
    let shared = bench.measure(&list("vectorize(0,4) parallel(0)"), 1).unwrap().shared;
    assert_eq!(shared.is_some(), available_parallelism().is_ok_and(|threads| threads.get() > 1), "{shared:?}");
    assert!(shared.is_none_or(|pair| pair.default_ns > 0.0 && pair.tuned_ns > 0.0), "{shared:?}");
}

/// The text of [`sums`].
const SUMS: &str = "const float *x = (const float *)b[0]; float *y = (float *)b[1];
    for (int i = 0; i < 300; i++) { float sum = 0; for (int k = 0; k < 1000; k++) sum += x[k*300 + i]; y[i] = sum; }";

/// The sums of the columns of a matrix of 1000×300.
fn sums() -> Portable {
    let graph = Graph::new();
    let (i, k) = (graph.range(graph.index(300), Axis::Loop), graph.range(graph.index(1000), Axis::Reduce));
    let [x, y] = [0, 1].map(|slot| graph.global(DType::F32, slot));
    let sum = x.element(k * 300 + i, None).load().reduce(Op::Add, &[k]);
    let nest = canonical_text(graph.sink(&[y.element(i, None).store(sum, &[i])]));
    let bytes = [300 * 1000, 300].map(|len| Dim::from(len * 4)).to_vec();
    Portable { name: "r_300_1000_sum".into(), dims: vec![], bytes, nest }
}

/// Lanes and copies of a loop around the loads have one scratch memory: what differs between them cannot be staged.
#[test]
fn no_staged_tile_is_shared_by_lanes_or_copies() {
    let tools = toolchain();
    let mut bench = Bench::new(&tools, sums(), level(None).unwrap(), RUN_LIMIT).unwrap();
    let mut check = |list: &str, expected: &str| {
        let error = bench.measure(&self::list(list), 1).err().unwrap_or_default();
        assert!(error.contains(expected) && !error.contains("another result"), "{list}: {error}");
    };
    check("overlap(0,48) vectorize(1,16) unroll(1,3) unroll(3,4) parallel(0)", "");
    check("overlap(0,48) vectorize(1,16) unroll(1,3) unroll(3,4) stage(3,0) parallel(0)", "copies of the loop");
}
