//! Tensor functions on a processor that they were not compiled for: the same results from their graphs, by kernels compiled there or
//! by interpretation, and a line for each that says so.

use std::process::Command;

use tg::prelude::*;

tensor_fn! {
    /// Three numbers and one.
    pub struct Line { slope: Tensor<f32, 3>, start: Tensor<f32> }

    /// A number of Rust, updates in place, a result.
    pub fn step(line: &mut Line, x: Tensor<f32, 4, 3>, y: Tensor<f32, 4>, rate: f32) -> Tensor<f32> {
        let loss = ((x * line.slope).sum(1) + line.start).mse(y);
        *line -= rate * loss.grad(line);
        loss
    }

    /// Run-time dimensions, several results, other types.
    pub fn places<N: Dim<1, 50>>(x: Tensor<f32, N, 3>) -> (Tensor<i64, N>, Tensor<f32, 3>) {
        (x.argmax(1), x.max(0))
    }

    /// Whether numbers are odd.
    pub fn odd(x: Tensor<u8, 5>) -> Tensor<bool, 5> {
        (x % 2).eq(1)
    }
}

/// What the functions compute, as text.
fn computed() -> String {
    let mut line = Line { slope: Tensor::ones(), start: 0.5.into() };
    let x = Tensor::from_vec((0..12).map(|i| i as f32 / 10.0).collect()).unwrap();
    let y = Tensor::from_vec(vec![1.0, -1.0, 2.0, 0.5]).unwrap();
    let losses: Vec<f32> = (0..3).map(|_| step(&mut line, &x, &y, 0.1).unwrap().item()).collect();
    let rows: Tensor![f32, _, 3] = Tensor::from_vec((0..21).map(|i| (i * 5 % 7) as f32).collect()).unwrap();
    let bytes = Tensor::from_vec(vec![0, 1, 2, 3, 255]).unwrap();
    let (places, largest) = places(&rows).unwrap();
    let slope = line.slope.to_vec();
    format!("{losses:.4?} {slope:.4?} {places} {largest} {}", odd(&bytes).unwrap())
}

/// Set where the results are only printed.
const CHILD: &str = "TG_TEST_FALLBACK";

/// What a process with these variables prints, and says on stderr.
fn of_process(variables: &[(&str, &str)]) -> (String, String) {
    let mut command = Command::new(std::env::current_exe().expect("tests are files"));
    command.args(["--exact", "results", "--nocapture"]).envs(variables.iter().copied()).env(CHILD, "1");
    let output = command.env("TG_CACHE", "off").env("TG_DEBUG", "1").output().expect("a test can be started");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(output.stdout), text(output.stderr));
    let line = out.lines().find_map(|line| line.split_once("results: ")).unwrap_or_else(|| panic!("{out}\n{err}")).1;
    (line.to_owned(), err)
}

#[test]
fn results() {
    if std::env::var_os(CHILD).is_some() {
        return println!("results: {}", computed());
    }
    let expected = computed();
    let (own, err) = of_process(&[]);
    assert!(own == expected && !err.contains("from its graph"), "{own}\n{err}");
    let (compiled, err) = of_process(&[("TG_LAZY", "1")]);
    assert_eq!(compiled, expected);
    for name in ["step", "places", "odd"] {
        assert_eq!(err.matches(&format!("`{name}` runs from its graph")).count(), 1, "{err}");
    }
    let (interpreted, err) = of_process(&[("TG_LAZY", "1"), ("PATH", "/nonexistent"), ("CC", "/nonexistent/cc")]);
    assert_eq!(interpreted, expected);
    assert!(err.contains("lazy tensors are interpreted"), "{err}");
}
