//! Starts the C compiler and keeps the cache of compiled kernels.
