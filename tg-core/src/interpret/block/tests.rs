//! The kernels of the golden files, run for all their threads, and one list for each kind of error.

use super::*;
use crate::dtype::DType;
use crate::ir::spec::{Stage, verify};
use crate::ir::text::parse_list;
use crate::ir::{Fragment, Graph, Value, cast};

/// Runs the instructions in `text`, of which all that is not one is left out.
fn run(text: &str, buffers: &mut [Array], launch: (i64, u32), dim: i64) -> Result<(), Error> {
    let nodes: String = text.lines().filter(|line| line.starts_with('%')).map(|line| format!("{line}\n")).collect();
    let graph = Graph::new();
    let list = parse_list(&graph, &nodes).unwrap();
    verify(Stage::Linear, &list).unwrap();
    run_blocks(&list, buffers, launch, &|_| dim)
}

fn array(dtype: DType, len: usize, value: impl Fn(usize) -> f64) -> Array {
    Array::from_f64(dtype, &[len], &(0..len).map(value).collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_last_block_is_not_full() {
    let text = include_str!("../../../tests/ptx/relu.txt");
    let n = 100;
    let mut memory = [
        array(DType::F32, 4 * n, |i| i as f64 - 50.0),
        array(DType::F32, 1, |_| 2.0),
        array(DType::F32, 4 * n, |_| -1.0),
    ];
    run(text, &mut memory, (2, 64), n as i64).unwrap();
    let expected: Vec<f64> = (0..4 * n).map(|i| (2.0 * (i as f64 - 50.0)).max(0.0)).collect();
    assert_eq!(memory[2].to_f64(), expected);
}

#[test]
fn rows_are_summed_by_shuffles_and_shared_memory() {
    let text = include_str!("../../../tests/ptx/row_sums.txt");
    let mut memory = [array(DType::F32, 768, |i| (i % 256) as f64 + (i / 256) as f64), array(DType::F32, 3, |_| 0.0)];
    run(text, &mut memory, (3, 64), 0).unwrap();
    assert_eq!(memory[1].to_f64(), [32640.0, 32896.0, 33152.0]);
    let more = run(text, &mut memory, (4, 64), 0).unwrap_err().to_string();
    assert!(more.contains("is 3, which is not below 3"), "{more}");
}

#[test]
fn matrix_units_multiply_as_in_school() {
    let texts = [
        include_str!("../../../tests/ptx/product_f16.txt"),
        include_str!("../../../tests/ptx/product_bf16.txt"),
        include_str!("../../../tests/ptx/product_tf32.txt"),
    ];
    for (fragment, text) in Fragment::ALL.iter().zip(texts) {
        let [m, n, k] = fragment.shape().map(|size| size as usize);
        // Small integers, exact in every type.
        let (a, b) = (|i: usize| (i * 7 % 11) as f64 - 5.0, |i: usize| (i * 5 % 13) as f64 - 6.0);
        let depth = 2 * k;
        let factor = fragment.factor();
        let mut memory =
            [array(factor, m * depth, a), array(factor, n * depth, b), array(DType::F32, m * n, |_| f64::NAN)];
        run(text, &mut memory, (1, 32), 0).unwrap();
        let element = |at: usize| (0..depth).map(|x| a(at / n * depth + x) * b(at % n * depth + x)).sum();
        assert_eq!(memory[2].to_f64(), (0..m * n).map(element).collect::<Vec<f64>>(), "{fragment:?}");
        let few = run(&text.replace("value 32\n", "value 33\n"), &mut memory, (1, 16), 0).unwrap_err().to_string();
        assert!(few.contains("16 threads, not 32"), "{few}");
    }
}

#[test]
fn factors_of_tf32_lose_what_the_hardware_does_not_read() {
    let text = include_str!("../../../tests/ptx/product_tf32.txt");
    let mut memory = [
        array(DType::F32, 256, |_| 1.0 + 2f64.powi(-11)),
        array(DType::F32, 128, |_| 1.0),
        array(DType::F32, 128, |_| 0.0),
    ];
    run(text, &mut memory, (1, 32), 0).unwrap();
    assert_eq!(memory[2].to_f64(), [16.0; 128]);
}

#[test]
fn golden_kernels_on_other_types_run() {
    let (bf16, bytes) = (include_str!("../../../tests/ptx/bf16.txt"), include_str!("../../../tests/ptx/bytes.txt"));
    let mut memory = [array(DType::BF16, 256, |i| i as f64), array(DType::BF16, 256, |_| 0.0)];
    run(bf16, &mut memory, (1, 32), 0).unwrap();
    assert_eq!(memory[1].to_f64(), (0..256).map(|i| 2.0 * i as f64).collect::<Vec<_>>());
    let mut memory =
        [array(DType::U8, 128, |i| i as f64), array(DType::U8, 128, |i| i as f64), array(DType::BOOL, 128, |_| 1.0)];
    // Its last store is to what other threads read.
    let race = run(bytes, &mut memory, (1, 32), 0).unwrap_err().to_string();
    assert!(race.contains("races with"), "{race}");
}

/// A kernel of two warps: `body` may use %0, a buffer of i32, %1, scratch memory of 64, %2, the thread, %3, 0 and %4, 32.
fn two_warps(body: &str, buffer: &mut Array, blocks: i64) -> String {
    let head = "%0 = DEFINE_GLOBAL i32* () slot 0\n%1 = DEFINE_LOCAL i32@local* () local 0 64\n\
        %8 = CONST index () value 64\n%2 = SPECIAL index (%8) special thread\n%3 = CONST index () value 0\n\
        %4 = CONST index () value 32\n%5 = CAST i32 (%2)\n%6 = INDEX i32@local* (%1, %2)\n%7 = INDEX i32* (%0, %2)\n\
        %10 = SUB index (%8, %2)\n%11 = CONST index () value -1\n%12 = ADD index (%10, %11)\n\
        %13 = INDEX i32@local* (%1, %12)\n%14 = INDEX i32* (%0, %12)\n";
    let graph = Graph::new();
    let list = parse_list(&graph, &format!("{head}{body}")).unwrap();
    let outcome = run_blocks(&list, std::slice::from_mut(buffer), (blocks, 64), &|_| 0);
    outcome.map_or_else(|error| error.to_string(), |()| "fine".into())
}

#[test]
fn threads_see_each_other_after_barriers_only() {
    let check = |body: &str, blocks, expected: &str| {
        let text = two_warps(body, &mut array(DType::I32, 64, |_| 7.0), blocks);
        assert!(text.contains(expected), "{text}");
    };
    let swap = "%20 = STORE void (%6, %5)\n%21 = BARRIER void ()\n%22 = LOAD i32 (%13)\n";
    check(&format!("{swap}%23 = STORE void (%7, %22)\n"), 2, "fine");
    check(&swap.replace("%21 = BARRIER void ()\n", ""), 1, "never written");
    // The third write to an element comes before all have read what the first one left.
    check(&format!("{swap}%24 = STORE void (%6, %5)\n"), 1, "races with thread");
    check(&format!("{swap}%23 = BARRIER void ()\n%24 = STORE void (%6, %5)\n"), 1, "fine");
    check("%20 = LOAD i32 (%6)\n", 1, "never written");
    check("%20 = INDEX i32* (%0, %8)\n%21 = LOAD i32 (%20)\n", 1, "accesses element 64 of 64");
}

#[test]
fn buffers_may_be_written_twice_only_alike() {
    let check = |body: &str, blocks, expected: &str| {
        let text = two_warps(body, &mut array(DType::I32, 64, |_| 7.0), blocks);
        assert!(text.contains(expected), "{text}");
    };
    check("%20 = STORE void (%7, %5)\n", 2, "fine");
    check(
        "%20 = INDEX i32* (%0, %3)\n%21 = STORE void (%20, %5)\n",
        1,
        "thread 1 of block 0 races with thread 0 of block 0",
    );
    check("%20 = INDEX i32* (%0, %3)\n%21 = CONST i32 () value 3\n%22 = STORE void (%20, %21)\n", 2, "fine");
    check("%20 = LOAD i32 (%14)\n%21 = STORE void (%7, %20)\n", 1, "races with");
    check("%20 = LOAD i32 (%7)\n%21 = ADD i32 (%20, %20)\n%22 = STORE void (%7, %21)\n", 1, "fine");
    check("%20 = LOAD i32 (%7)\n%21 = STORE void (%7, %5)\n", 2, "of block 1 races with thread 0 of block 0");
    check("%20 = LOAD i32 (%14)\n%21 = BARRIER void ()\n%22 = STORE void (%7, %20)\n", 1, "fine");
}

#[test]
fn threads_must_meet() {
    let check = |body: &str, expected: &str| {
        let text = two_warps(body, &mut array(DType::I32, 64, |_| 7.0), 1);
        assert!(text.contains(expected), "{text}");
    };
    // A loop that runs once for thread 0, and so on.
    let some = |inside: &str| format!("%20 = RANGE index (%2) range 0 loop\n{inside}%22 = ENDRANGE void (%20)\n");
    check(&some("%21 = BARRIER void ()\n"), "must meet do not: thread 0 is at the end, thread 1 at");
    check(&some("%21 = SHUFFLE i32 (%5) slot 1\n"), "must meet do not: thread 1 is at");
    check("%20 = SHUFFLE i32 (%5) slot 31\n%21 = STORE void (%7, %20)\n", "fine");
}

#[test]
fn copies_arrive_when_they_are_waited_for() {
    let text = include_str!("../../../tests/ptx/matrices.txt");
    let run = |text: &str| {
        let mut memory = [array(DType::BF16, 256, |i| i as f64), array(DType::BF16, 256, |_| f64::NAN)];
        run(text, &mut memory, (1, 32), 13).map(|()| memory[1].to_f64()).map_err(|error| error.to_string())
    };
    // Every quarter of 8 × 8 is transposed in its place; rows from 13 on are 0.
    let (quarter, inside) = (|i: usize| i / 8 * 8, |i: usize| i % 8);
    let element = |at: usize| {
        let (row, column) = (at / 16, at % 16);
        let (row, column) = (quarter(row) + inside(column), quarter(column) + inside(row));
        if row < 13 { (row * 16 + column) as f64 } else { 0.0 }
    };
    assert_eq!(run(text), Ok((0..256).map(element).collect()));
    let without = |op: &str| {
        let kept = text.lines().filter(|line| !line.contains(op)).map(|line| format!("{line}\n"));
        run(&kept.collect::<String>()).unwrap_err()
    };
    assert!(without("WAIT").contains("may be on its way"));
    assert!(without("COMMIT").contains("may be on its way"));
    assert!(without("BARRIER").contains("races with"));
}

#[test]
fn four_warps_multiply_as_in_school() {
    let along = include_str!("../../../tests/ptx/group_along.txt");
    let across = include_str!("../../../tests/ptx/group_across.txt");
    let (m, k) = (64, 128);
    // Small integers, exact in every type; which row and step an element is of follows from how the matrices lie.
    let value = |row: usize, step: usize| (row * 7 + step * 5) as f64 % 3.0 - 1.0;
    for (text, dtype, n, lie_along) in [(along, DType::BF16, 32, true), (across, DType::F16, 128, false)] {
        let of = |at: usize, rows: usize| if lie_along { value(at / k, at % k) } else { value(at % rows, at / rows) };
        let [a, b] = [m, n].map(|rows| array(dtype, rows * k, |at| of(at, rows)));
        let mut memory = [a, b, array(dtype, m * n, |_| f64::NAN)];
        run(text, &mut memory, (1, 128), 0).unwrap();
        let element = |at: usize| (0..k).map(|step| value(at / n, step) * value(at % n, step)).sum();
        assert_eq!(memory[2].to_f64(), (0..m * n).map(element).collect::<Vec<f64>>(), "{dtype}");
    }
}

#[test]
fn what_comes_after_the_sum_of_four_warps_is_computed_of_all_of_it() {
    let text = include_str!("../../../tests/ptx/group_gelu.txt");
    let (rows, columns, depth) = (64, 64, 256);
    // Sixteenths, whose sums are exact.
    let (x, w) = (|i: usize| (i * 7 % 11) as f64 - 5.0, |i: usize| ((i * 5 % 13) as f64 - 6.0) / 16.0);
    let bias = |column: usize| (column % 9) as f64 / 4.0 - 1.0;
    let mut memory = [
        array(DType::BF16, rows * depth, x),
        array(DType::BF16, depth * columns, w),
        array(DType::BF16, columns, bias),
        array(DType::BF16, rows * columns, |_| f64::NAN),
    ];
    run(text, &mut memory, (1, 128), 0).unwrap();
    let rounded = |v: f64| cast(Value::Float(v), DType::BF16).to_f64();
    for (at, result) in memory[3].to_f64().into_iter().enumerate() {
        let (row, column) = (at / columns, at % columns);
        let sum: f64 = (0..depth).map(|step| x(row * depth + step) * w(step * columns + column)).sum();
        let v = rounded(rounded(sum) + bias(column));
        let expected = v * 0.5 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (v + 0.044715 * v.powi(3))).tanh());
        assert!(
            (result - expected).abs() <= expected.abs() / 256.0 + 1e-6,
            "{row}, {column}: {result}, not {expected}"
        );
    }
}

/// A kernel of so many threads. After `HEAD`, %16 stores a thread's part of a matrix of 64 × 64, %17 and %18 are its
/// beginning and that of its second eight rows; %20 is its product with itself, of which %22 stores an element.
fn four_warps(body: &[&str], threads: u32) -> String {
    const HEAD: &str = "%0 = DEFINE_GLOBAL bf16* () slot 0\n%1 = DEFINE_GLOBAL f32* () slot 1\n\
        %2 = DEFINE_LOCAL bf16@local* () swizzled 0 4096\n%3 = CONST index () value 128\n%4 = SPECIAL index (%3) special thread\n\
        %5 = CONST index () value 32\n%6 = MUL index (%4, %5)\n%7 = INDEX bf16* (%0, %6)\n%8 = LOAD bf16x32 (%7)\n\
        %9 = INDEX bf16@local* (%2, %6)\n%10 = CONST index () value 0\n%11 = CONST index () value 8\n\
        %12 = CONST f32x16 () value 0.0\n%13 = INDEX f32* (%1, %4)\n%17 = INDEX bf16@local* (%2, %10)\n\
        %18 = INDEX bf16@local* (%2, %3)\n%19 = INDEX bf16@local* (%2, %4)\n";
    let graph = Graph::new();
    let list = parse_list(&graph, &(HEAD.to_string() + &body.join("\n") + "\n")).unwrap();
    let mut memory = [array(DType::BF16, 4096, |i| (i % 64) as f64), array(DType::F32, 128, |_| f64::NAN)];
    match run_blocks(&list, &mut memory, (1, threads), &|_| 0) {
        Ok(()) => format!("fine, {}", memory[1].to_f64()[0]),
        Err(error) => error.to_string(),
    }
}

#[test]
fn products_go_on_until_they_are_waited_for() {
    let (fill, again) = ("%16 = STORE void (%9, %8)", "%31 = STORE void (%9, %8)");
    let (all, product) = ("%30 = BARRIER void ()", "%20 = WGMMA f32x16 (%17, %17, %12) group bf16 32 along along");
    let (settle, one, store) = (
        "%40 = SETTLE void () slot 0",
        "%41 = SETTLE void () slot 1",
        "%21 = GEP f32 (%20) slot 0\n%22 = STORE void (%13, %21)",
    );
    let check = |body: &[&str], expected: &str| {
        let text = four_warps(body, 128);
        assert!(text.contains(expected), "{text}");
    };
    let all_again = all.replacen("%30", "%32", 1);
    let squares = (0..16).map(|i| i * i).sum::<i32>();
    check(&[fill, all, product, settle, store], &format!("fine, {squares}"));
    check(&[fill, all, product, store], "may not be done");
    check(&[fill, all, product, one, store], "may not be done");
    check(&[fill, all, product, one, &one.replacen("%41", "%42", 1), store], "fine");
    check(&[fill, all, product, again], "which products may be reading");
    check(&[fill, all, product, one, &all_again, again], "which products may be reading");
    // Others may still be reading what this thread's products have read.
    check(&[fill, all, product, settle, again], "which products may be reading");
    check(&[fill, all, product, settle, &all_again, again], "fine");
    check(&[fill, product, settle, store], "races with");
    check(&[fill, all, &product.replacen("%17", "%18", 1)], "begins 128 elements behind where its rows can");
    check(&[fill, all, &product.replacen("%17", "%19", 1)], "threads 0 and 1 give different addresses");
    let few = four_warps(&[fill, all, product], 96);
    assert!(few.contains("has 96 threads, not 128"), "{few}");
}
