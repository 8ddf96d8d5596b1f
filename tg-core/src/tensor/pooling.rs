//! Pooling: each window of the last two axes reduced to one number.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Op, Uop, Value};
use crate::tensor::argument::{Axes, Each};
use crate::tensor::convolution::margins;
use crate::tensor::error::{Error, show_shape};
use crate::tensor::movement::everywhere;
use crate::tensor::primitive::{float, numeric, padded, reduced, without_axes};
use crate::tensor::reduction::mean;
use crate::tensor::registry::theme;
use crate::tensor::window::{Windows, slid};

theme! {
    /// The largest element of each window of `size` on the last two axes. Windows are `stride` apart (their size if
    /// left out); `padding` on both sides is never the largest. Equal elements share the gradient evenly.
    fn max_pool2d(x: Uop<'g>, size: Each, stride: Option<Each>, padding: Option<Each>) -> Uop<'g> {
        let pool = Pool::new(numeric(x)?, size, stride, padding)?;
        let largest = reduced(pool.windows(x, lowest(x.dtype()))?, Op::Max, &pool.taps(x));
        Ok(without_axes(largest, &pool.taps(x)))
    }

    /// The mean of each window of `size` on the last two axes. Windows are `stride` apart (their size if left out);
    /// `padding` on both sides is zeros, which count.
    @wide fn avg_pool2d(x: Uop<'g>, size: Each, stride: Option<Each>, padding: Option<Each>) -> Uop<'g> {
        let pool = Pool::new(float(x)?, size, stride, padding)?;
        mean(pool.windows(x, Value::zero(x.dtype()))?, Some(Axes(vec![-2, -1])))
    }
}

/// Windows over the last two axes, and what is added around these.
struct Pool {
    windows: Windows,
    pairs: Vec<(Dim, Dim)>,
}

impl Pool {
    fn new(x: Uop, size: Each, stride: Option<Each>, padding: Option<Each>) -> Result<Pool, Error> {
        let Some(lead) = x.shape().len().checked_sub(2) else {
            return Err(Error::new(format!("needs at least two axes, got shape {}", show_shape(x.shape()))));
        };
        let sizes = size.of("size", 2)?;
        let margins = margins(2, padding)?;
        if let Some((size, (padding, _))) = sizes.iter().zip(&margins).find(|(size, pair)| pair.0.upper() > **size / 2)
        {
            return Err(Error::new(format!("padding {padding} is more than half of the size {size} of a window")));
        }
        let windows = Windows::new(sizes.clone(), stride.or(Some(Each(sizes))), None)?;
        Ok(Pool { windows, pairs: [vec![(Dim::ZERO, Dim::ZERO); lead], margins].concat() })
    }

    /// The windows of `x` with `value` around it.
    fn windows<'g>(&self, x: Uop<'g>, value: Value) -> Result<Uop<'g>, Error> {
        let zeros = padded(x, self.pairs.clone());
        let surrounded = match zeros == x || value == Value::zero(x.dtype()) {
            true => zeros,
            false => padded(everywhere(x), self.pairs.clone()).choose(zeros, value),
        };
        slid(surrounded, [&x.shape()[..x.shape().len() - 2], &[]], &self.windows)
    }

    /// The axes of the elements of a window.
    fn taps(&self, x: Uop) -> [usize; 2] {
        [x.shape().len(), x.shape().len() + 1]
    }
}

/// The value below all others.
fn lowest(dtype: DType) -> Value {
    dtype.int_range().map_or(Value::Float(f64::NEG_INFINITY), |(low, _)| Value::Int(low))
}
