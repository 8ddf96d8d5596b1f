//! Losses: how far a prediction is from the truth, averaged over everything.

use crate::ir::{Op, Uop};
use crate::tensor::error::{Error, show_shape};
use crate::tensor::indexing::{checked_index, one_hot_mask};
use crate::tensor::normalization::log_softmax;
use crate::tensor::primitive::{float, reduced, without_axes};
use crate::tensor::reduction::mean;
use crate::tensor::registry::theme;

theme! {
    /// Minus the mean log-probability of the right classes: `x` holds a score per class in its last axis, `classes`
    /// the right class for each row, as integers. A class that does not exist counts as probability 1.
    fn cross_entropy(x: Uop<'g>, classes: Uop<'g>) -> Uop<'g> {
        let Some((size, rows)) = float(x)?.shape().split_last() else {
            return Err(Error::new("the scores need an axis of classes, got shape ()"));
        };
        if checked_index(classes)?.shape() != rows {
            let (scores, given) = (show_shape(x.shape()), show_shape(classes.shape()));
            let error = Error::new(format!("scores {scores} need classes {}, got {given}", show_shape(rows)));
            return Err(error.help("classes are integers, one for each row of scores"));
        }
        let chosen = one_hot_mask(classes, size).choose(log_softmax(x, -1)?, 0);
        let axis = rows.len();
        mean(without_axes(-reduced(chosen, Op::Add, &[axis]), &[axis]), None)
    }

    /// The mean of `(x - y)²`.
    fn mse(x: Uop<'g>, y: Uop<'g>) -> Uop<'g> {
        if x.shape() != y.shape() {
            let (a, b) = (show_shape(x.shape()), show_shape(y.shape()));
            return Err(Error::new(format!("shapes {a} and {b} differ")).help("`.reshape` or `.expand` one of them"));
        }
        let difference = crate::tensor::arithmetic::sub(float(x)?.into(), y.into())?;
        mean(difference * difference, None)
    }
}
