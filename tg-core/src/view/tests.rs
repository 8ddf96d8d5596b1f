//! The textbook examples; random chains are tested with the index expressions.

use crate::dim::{Dim, Var};
use crate::view::{ShapeTracker, View};

fn dims(values: &[i64]) -> Vec<Dim> {
    values.iter().copied().map(Dim::from).collect()
}

fn pairs(values: &[(i64, i64)]) -> Vec<(Dim, Dim)> {
    values.iter().map(|&(a, b)| (a.into(), b.into())).collect()
}

fn n() -> Dim {
    Dim::from(Var::new("N", 2, 100))
}

#[track_caller]
fn check(view: &View, strides: &[i64], offset: i64, mask: Option<&[(i64, i64)]>) {
    assert_eq!(view.strides, dims(strides));
    assert_eq!(view.offset, offset.into());
    assert_eq!(view.mask, mask.map(pairs));
}

#[test]
fn flip_and_pad_move_the_offset() {
    let view = View::contiguous(&dims(&[4, 8]));
    check(&view.flip(&[1]), &[8, -1], 7, None);
    check(&view.pad(&pairs(&[(2, 2), (2, 2)])), &[8, 1], -18, Some(&[(2, 6), (2, 10)]));
    assert_eq!(view.flip(&[0, 1]).flip(&[1, 0]), view);
}

#[test]
fn padding_that_is_flattened_needs_two_views() {
    let padded = ShapeTracker::contiguous(&dims(&[3, 2])).pad(&pairs(&[(1, 1), (1, 1)]));
    assert_eq!(padded.views.len(), 1);
    let flat = padded.reshape(&dims(&[20]));
    assert_eq!(flat.views.len(), 2);
    assert_eq!(flat.reshape(&dims(&[5, 4])), padded);
}

#[test]
fn reshape_flip_pad_is_one_view() {
    let tracker = ShapeTracker::contiguous(&dims(&[3, 2]));
    let tracker = tracker.reshape(&dims(&[2, 3])).flip(&[0]).pad(&pairs(&[(1, 1), (1, 1)]));
    assert_eq!(tracker.views.len(), 1);
    check(&tracker.views[0], &[-3, 1], 5, Some(&[(1, 3), (1, 4)]));
}

#[test]
fn canonical_form_drops_what_says_nothing() {
    let view = View::contiguous(&dims(&[4, 1, 3]));
    assert_eq!(view.strides, dims(&[3, 0, 1]));
    let back = view.pad(&pairs(&[(1, 0), (0, 0), (0, 2)])).shrink(&pairs(&[(1, 5), (0, 1), (0, 3)]));
    assert_eq!(back, Some(view.clone()));
    let zeros = view.pad(&pairs(&[(2, 0), (0, 0), (0, 0)])).shrink(&pairs(&[(0, 2), (0, 1), (0, 3)])).unwrap();
    assert!(zeros.is_unbacked());
    check(&zeros, &[0, 0, 0], 0, Some(&[(0, 0), (0, 0), (0, 0)]));
    let empty = view.shrink(&pairs(&[(2, 2), (0, 1), (0, 3)])).unwrap();
    check(&empty, &[0, 0, 0], 0, None);
}

#[test]
fn masks_split_and_join_where_they_stay_boxes() {
    let padded = View::contiguous(&dims(&[2, 3])).pad(&pairs(&[(1, 1), (0, 0)]));
    check(&padded.reshape(&dims(&[12])).unwrap(), &[1], -3, Some(&[(3, 9)]));
    assert_eq!(padded.reshape(&dims(&[2, 2, 3])), None);
    let row = View::contiguous(&dims(&[6])).pad(&pairs(&[(6, 12)]));
    check(&row.reshape(&dims(&[4, 2, 3])).unwrap(), &[0, 3, 1], 0, Some(&[(1, 2), (0, 2), (0, 3)]));
}

#[test]
fn a_permutation_undone_through_a_reshape_is_one_view() {
    let tracker = ShapeTracker::contiguous(&dims(&[4, 6])).permute(&[1, 0]);
    let flat = tracker.reshape(&dims(&[24]));
    assert_eq!(flat.views.len(), 2);
    assert!(flat.reshape(&dims(&[6, 4])).permute(&[1, 0]).is_contiguous());
    assert_eq!(flat.reshape(&dims(&[3, 2, 4])).views.len(), 1);
}

#[test]
fn a_diagonal_and_a_window_are_one_view() {
    // The diagonal: pad each row by one element, flatten, read rows one element longer.
    let square = ShapeTracker::contiguous(&dims(&[4, 4]));
    let diagonal = square.reshape(&dims(&[16])).pad(&pairs(&[(0, 4)])).reshape(&dims(&[4, 5]));
    let diagonal = diagonal.shrink(&pairs(&[(0, 4), (0, 1)]));
    assert_eq!(diagonal.views.len(), 1);
    assert_eq!(diagonal.views[0].strides, dims(&[5, 0]));
    // Sliding windows of 3 over 5 elements, as convolutions read them: repeat, flatten, read askew.
    let windows = ShapeTracker::contiguous(&dims(&[1, 5])).expand(&dims(&[4, 5])).reshape(&dims(&[20]));
    let windows = windows.shrink(&pairs(&[(0, 18)])).reshape(&dims(&[3, 6])).shrink(&pairs(&[(0, 3), (0, 3)]));
    assert_eq!(windows.views.len(), 1);
    check(&windows.views[0], &[1, 1], 0, None);
}

#[test]
fn symbolic_sizes_merge_where_it_is_provable() {
    let rows = [n(), 28.into(), 28.into()];
    let tracker = ShapeTracker::contiguous(&rows);
    let flat = tracker.reshape(&[n(), 784.into()]);
    assert!(flat.is_contiguous() && flat.reshape(&[&n() * &784.into()]).is_contiguous());
    let turned = tracker.permute(&[2, 0, 1]).reshape(&[28.into(), &n() * &28.into()]);
    assert_eq!(turned.views.len(), 1);
    let back = tracker.permute(&[1, 2, 0]).reshape(&[&n() * &784.into()]);
    assert_eq!(back.views.len(), 2);
    assert!(back.reshape(&[28.into(), 28.into(), n()]).permute(&[2, 0, 1]).is_contiguous());
    let flipped = back.flip(&[0]).reshape(&[28.into(), 28.into(), n()]).flip(&[0, 1, 2]).permute(&[2, 0, 1]);
    assert!(flipped.is_contiguous(), "{flipped:?}");
}

#[test]
fn axes_that_a_movement_does_not_concern_are_parts_of_their_own() {
    // Rows read as longer rows along the middle axes only.
    let skewed = View::contiguous(&dims(&[2, 3, 6, 5])).shrink(&pairs(&[(0, 2), (0, 3), (0, 4), (1, 4)])).unwrap();
    let parts = skewed.digits(&dims(&[2, 18, 5]));
    let found: Vec<_> = parts.iter().map(|p| (p.axes.clone(), p.strides.clone(), p.offset.clone())).collect();
    let part = |axes, strides: [i64; 4], offset: i64| (axes, dims(&strides), Dim::from(offset));
    assert_eq!(found, [part(0..1, [1, 0, 0, 0], 0), part(1..2, [0, 6, 1, 0], 0), part(2..3, [0, 0, 0, 1], 1)]);
    // A step that is no whole number of rows keeps both axes together.
    assert_eq!(View::contiguous(&dims(&[5, 4])).digits(&dims(&[4, 5])).len(), 1);
    // A run-time size outside of the others is no obstacle.
    let batch = View::contiguous(&[n(), 6.into(), 4.into()]).shrink(&[
        (Dim::ZERO, n()),
        (1.into(), 5.into()),
        (0.into(), 4.into()),
    ]);
    assert_eq!(batch.unwrap().digits(&[n(), 6.into(), 4.into()]).len(), 3);
}
