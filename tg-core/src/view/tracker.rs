//! A stack of views: any sequence of movements.

use crate::dim::Dim;
use crate::view::View;

/// A stack of views: the last one has the visible shape, the first one indexes the buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShapeTracker {
    /// Innermost (buffer side) first; never empty.
    pub views: Vec<View>,
}

impl From<View> for ShapeTracker {
    fn from(view: View) -> ShapeTracker {
        ShapeTracker { views: vec![view] }
    }
}

impl ShapeTracker {
    /// Row-major data of `shape`.
    pub fn contiguous(shape: &[Dim]) -> ShapeTracker {
        View::contiguous(shape).into()
    }

    /// The visible shape.
    pub fn shape(&self) -> &[Dim] {
        self.views.last().map_or(&[], |view| &view.shape)
    }

    /// How many elements are visible.
    pub fn size(&self) -> Dim {
        self.views.last().map_or(Dim::ONE, View::size)
    }

    /// Whether the visible elements are the buffer's, in order from its start.
    pub fn is_contiguous(&self) -> bool {
        matches!(&self.views[..], [view] if view.is_contiguous())
    }

    /// The same elements in row-major order as `shape`, of equal size.
    pub fn reshape(&self, shape: &[Dim]) -> ShapeTracker {
        self.moved(|view| view.reshape(shape))
    }

    /// Axis `i` of the result is axis `axes[i]`; `axes` is a permutation.
    pub fn permute(&self, axes: &[usize]) -> ShapeTracker {
        self.moved(|view| Some(view.permute(axes)))
    }

    /// Repeats axes of size 1 to `shape`, of the same rank.
    pub fn expand(&self, shape: &[Dim]) -> ShapeTracker {
        self.moved(|view| view.expand(shape))
    }

    /// Adds `pairs[axis]` zeros (before, after) to each axis.
    pub fn pad(&self, pairs: &[(Dim, Dim)]) -> ShapeTracker {
        self.moved(|view| Some(view.pad(pairs)))
    }

    /// Keeps the half-open range `pairs[axis]` of each axis.
    pub fn shrink(&self, pairs: &[(Dim, Dim)]) -> ShapeTracker {
        self.moved(|view| view.shrink(pairs))
    }

    /// Reverses `axes`.
    pub fn flip(&self, axes: &[usize]) -> ShapeTracker {
        self.moved(|view| Some(view.flip(axes)))
    }

    /// Looks through `outer` at the visible elements.
    pub fn compose(&self, outer: &ShapeTracker) -> ShapeTracker {
        ShapeTracker { views: [&self.views[..], &outer.views].concat() }.simplify()
    }

    /// Merges neighbouring views until no two merge.
    pub fn simplify(mut self) -> ShapeTracker {
        let mut i = 1;
        while i < self.views.len() {
            match View::compose(&self.views[i - 1], &self.views[i]) {
                Some(merged) => {
                    self.views[i - 1] = merged;
                    self.views.remove(i);
                    i = i.saturating_sub(1).max(1);
                }
                None => i += 1,
            }
        }
        self
    }

    /// The movement applied to the visible view, or to a new view of the visible elements.
    fn moved(&self, movement: impl Fn(&View) -> Option<View>) -> ShapeTracker {
        let mut views = self.views.clone();
        match views.last().and_then(&movement) {
            Some(view) => {
                views.pop();
                views.push(view);
            }
            None => views.extend(movement(&View::contiguous(self.shape()))),
        }
        ShapeTracker { views }.simplify()
    }
}
