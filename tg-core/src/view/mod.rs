//! Movement as arithmetic: which element of a buffer each element of a tensor is.
//!
//! A [`View`] is shape, strides, offset and mask; a [`ShapeTracker`] is a stack of views, merged into
//! one whenever possible. Nothing here touches data, and nothing here knows the graph: the index
//! expression of a tracker is built by [`crate::index`].

use crate::dim::Dim;

/// One strided, masked window onto a flat buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// Size of each axis.
    pub shape: Vec<Dim>,
    /// Elements of the buffer between neighbours along each axis; 0 repeats, negative reverses.
    pub strides: Vec<Dim>,
    /// Element of the buffer at index 0 on every axis.
    pub offset: Dim,
    /// The half-open range of each axis that is backed by the buffer; elements outside read as zero.
    pub mask: Option<Vec<(Dim, Dim)>>,
}

/// A stack of views: the last one has the visible shape, the first one indexes the buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShapeTracker {
    /// Innermost (buffer side) first; never empty.
    pub views: Vec<View>,
}

impl ShapeTracker {
    /// The visible shape.
    pub fn shape(&self) -> &[Dim] {
        self.views.last().map_or(&[], |view| &view.shape)
    }
}
