//! tensor_fn! and #[tg::aot]: tensor code compiled while the crate compiles.
