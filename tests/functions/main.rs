//! Whole tensor functions as a user writes and calls them: cost, updates in place, run-time sizes, training.
//!
//! Not a test of single tensor methods (`golden`) or of what is refused at compile time (`ui`).

mod constants;
mod costs;
mod dims;
mod in_place;
mod names;
mod optimizers;
mod random;
mod threads;
mod training;
mod values;
mod wide;
