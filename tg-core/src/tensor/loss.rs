//! Losses: how far a prediction is from the truth, averaged over everything.

use crate::ir::{Op, Uop};
use crate::tensor::arithmetic::sub;
use crate::tensor::error::{Error, show_shape};
use crate::tensor::function::{exp, log};
use crate::tensor::indexing::{checked_index, one_hot_mask};
use crate::tensor::normalization::centred;
use crate::tensor::primitive::{float, reduced, without_axes};
use crate::tensor::reduction::mean;
use crate::tensor::registry::theme;

theme! {
    /// Minus the mean log-probability of the right classes: `x` holds a score per class in its last axis, `classes`
    /// the right class for each row, as integers. A class that does not exist counts as the one of the largest score.
    @wide fn cross_entropy(x: Uop<'g>, classes: Uop<'g>) -> Uop<'g> {
        let Some((size, rows)) = float(x)?.shape().split_last() else {
            return Err(Error::new("the scores need an axis of classes, got shape ()"));
        };
        if checked_index(classes)?.shape() != rows {
            let (scores, given) = (show_shape(x.shape()), show_shape(classes.shape()));
            let error = Error::new(format!("scores {scores} need classes {}, got {given}", show_shape(rows)));
            return Err(error.help("classes are integers, one for each row of scores"));
        }
        // ln Σ e^(x - max) less the score x - max of the class: one pass over the classes after that of the maximum,
        // and no sum over them in the gradient.
        let axis = rows.len();
        let (shifted, _) = centred(x, -1)?;
        let total = log(reduced(exp(shifted)?, Op::Add, &[axis]))?;
        let chosen = reduced(one_hot_mask(classes, size).choose(shifted, 0.0), Op::Add, &[axis]);
        mean(without_axes(total - chosen, &[axis]), None)
    }

    /// The mean of `(x - y)²`.
    @wide fn mse(x: Uop<'g>, y: Uop<'g>) -> Uop<'g> {
        if x.shape() != y.shape() {
            let (a, b) = (show_shape(x.shape()), show_shape(y.shape()));
            return Err(Error::new(format!("shapes {a} and {b} differ")).help("`.reshape` or `.expand` one of them"));
        }
        let difference = sub(float(x)?.into(), y.into())?;
        mean(difference * difference, None)
    }
}
