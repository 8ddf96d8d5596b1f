//! Movement as arithmetic: which element of a buffer each element of a tensor is.
//!
//! A [`View`] is shape, strides, offset and mask; a [`ShapeTracker`] is a stack of views, merged into
//! one whenever that is provably exact for every value of the run-time variables. Nothing here touches
//! data, and nothing here knows the graph: the index expression of a tracker is built by
//! [`crate::index`].
//!
//! Invariant: every view is in canonical form (see [`View::new`]), so equal movements of contiguous
//! data compare equal far more often than not, but equality is not decided in general.

mod decide;
mod digits;
mod merge;
mod reshape;
mod tracker;
#[expect(clippy::module_inception, reason = "the file is named after the type it holds")]
mod view;

pub use digits::Digits;
pub use tracker::ShapeTracker;
pub use view::View;

#[cfg(test)]
mod tests;
