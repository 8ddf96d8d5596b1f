//! Tensor functions compiled to native kernels by `cargo build`.
