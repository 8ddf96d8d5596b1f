//! Typed tensors and the launching of compiled kernels.
