//! Pages that show how tensors are computed.

use std::fs;

use tg_lazy::{Tensor, explore, zeros};

#[test]
fn a_page_shows_the_kernels_of_a_tensor_that_is_not_computed() {
    let x = Tensor::from_slice(&[1.0f32, 3.0, 2.0, 5.0, 4.0, 6.0], [2, 3]);
    let path = std::env::temp_dir().join(format!("tg-explored-{}.html", std::process::id()));
    explore(&x.softmax(-1), &path).expect("a page");
    let page = fs::read_to_string(&path).expect("what was written");
    fs::remove_file(&path).expect("a file");
    for part in ["<!doctype html>", "input0[", "_max_exp_sum", "void tgk_", "\"name\":\"linearize\""] {
        assert!(page.contains(part), "{part} is not there");
    }
}

#[test]
fn what_cannot_be_shown_or_written_is_an_error() {
    let wrong = zeros([2, 3], ()).matmul(zeros([2, 3], ()));
    assert!(explore(&wrong, "/nonexistent/page.html").unwrap_err().to_string().contains("matmul"));
    let text = explore(&zeros([2], ()), "/nonexistent/page.html").unwrap_err().to_string();
    assert!(text.contains("explored.rs") && text.contains("/nonexistent/page.html"), "{text}");
}
