//! Random numbers: words of Threefry, by integer arithmetic in the graph, and what is made of them.
//!
//! The numbers of [`crate::random`], which has the formulas. Nothing is stored: who needs an element twice, such as a mask
//! that the gradient needs again, computes the same number twice.

use std::f64::consts::LN_2;

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Graph, Op, Uop};
use crate::random::{QUARTER, STEP, UNIFORM_BITS, Word, threefry2x32, uniform_step};
use crate::tensor::argument::Term;
use crate::tensor::creation::checked;
use crate::tensor::error::{Error, show_shape};
use crate::tensor::primitive::{float, position, reshaped, too_many};
use crate::tensor::registry::theme;

theme! {
    /// Random words, u32, of the stream of `seed`: an integer, or a scalar of integers, of which 64 bits count. Element by
    /// element the stream is the same in every shape, on every device; another seed gives another one. What draws several
    /// times gives each its own seed, such as `seed * 2` and `seed * 2 + 1`.
    fn random_bits[graph](shape: Vec<Dim>, seed: Term<'g>) -> Uop<'g> {
        Ok(Draw::new(graph, &shape, seed)?.word())
    }

    /// Equally likely anywhere from `low` to `high`, in 2²⁴ steps, from the words of `random_bits`: bit for bit the elements of
    /// `Tensor::uniform` outside of tensor functions. f32 unless `dtype` is given. `high` comes only by rounding, from 0 to 1
    /// only to f16 and bf16.
    fn uniform[graph](shape: Vec<Dim>, low: f64, high: f64, seed: Term<'g>, dtype: Option<DType>) -> Uop<'g> {
        let step = uniform_step(low, high);
        if !(low <= high && step.is_finite()) {
            return Err(Error::new(format!("low and high must be finite and in order, got {low:?} and {high:?}")));
        }
        // The step is a multiple of a power of two by 24 bits, as is the number of steps: their product is exact.
        let steps = (Draw::new(graph, &shape, seed)?.word() >> (32 - UNIFORM_BITS) as i64).cast(DType::I32);
        as_float(steps.cast(DType::F64) * step + low, dtype)
    }

    /// Standard normal numbers (mean 0, deviation 1) by the method of Box and Muller, in f64, from the words of `random_bits`:
    /// the elements of `Tensor::randn` outside of tensor functions, to a few units in the last place of f64, which rarely shows
    /// in f32. f32 unless `dtype` is given.
    fn randn[graph](shape: Vec<Dim>, seed: Term<'g>, dtype: Option<DType>) -> Uop<'g> {
        let draw = Draw::new(graph, &shape, seed)?;
        let [a, b] = draw.words;
        let u = (a.cast(DType::F64) + 1.0) * (1.0 / 4_294_967_296.0);
        let radius = (u.unary(Op::Log2) * (-2.0 * LN_2)).unary(Op::Sqrt);
        let turn = draw.second.choose(b, b + i64::from(QUARTER));
        let angle = turn.cast(DType::I32).cast(DType::F64) * STEP;
        as_float(radius * angle.unary(Op::Sin), dtype)
    }

    /// `x` with each element 0 with probability `p`, and divided by `1 - p` otherwise: those stay that in
    /// `uniform(x.shape(), 0.0, 1.0, seed)` are at least `p`. The gradient takes the same ones.
    @wide fn dropout(x: Uop<'g>, p: f64, seed: Term<'g>) -> Uop<'g> {
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::new(format!("p must be a probability, from 0 to 1, got {p:?}")));
        }
        let least = (p * (1u32 << UNIFORM_BITS) as f64).ceil() as i64;
        let word = Draw::new(x.graph(), float(x)?.shape(), seed)?.word();
        let kept = (word >> (32 - UNIFORM_BITS) as i64).ge(least);
        let scale = if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 };
        Ok(kept.choose(x * scale, 0.0))
    }
}

/// Random words for the elements of a tensor.
struct Draw<'g> {
    /// Both words of the pair that an element belongs to.
    words: [Uop<'g>; 2],
    /// Whether the element is the second of its pair.
    second: Uop<'g>,
}

impl<'g> Draw<'g> {
    /// Those of the stream of `seed`, in row-major order.
    fn new(graph: &'g Graph, shape: &[Dim], seed: Term<'g>) -> Result<Self, Error> {
        let shape = checked(shape.to_vec())?;
        let count = Dim::product(&shape).ok_or_else(|| too_many(&shape))?;
        let place = reshaped(position(graph, &[count], 0), &shape);
        let pair = place / 2;
        let counter = [pair.cast(DType::U32), (pair / (1i64 << 32)).cast(DType::U32)];
        Ok(Draw { words: threefry2x32(key(graph, seed)?, counter), second: (place % 2).equals(1) })
    }

    /// The word of each element.
    fn word(&self) -> Uop<'g> {
        self.second.choose(self.words[1], self.words[0])
    }
}

/// The two words of a seed.
fn key<'g>(graph: &'g Graph, seed: Term<'g>) -> Result<[Uop<'g>; 2], Error> {
    let wrong = |got: String| {
        Err(Error::new(format!("the seed must be an integer from 0 on, or a scalar of integers, got {got}")))
    };
    let seed = match seed {
        Term::Int(v @ 0..) => graph.constant(DType::U64, v),
        Term::Tensor(x) if x.dtype().is_int() && x.shape().is_empty() => x.cast(DType::U64),
        Term::Tensor(x) => return wrong(format!("{} {}", x.dtype(), show_shape(x.shape()))),
        Term::Int(v) => return wrong(v.to_string()),
        Term::Float(v) => return wrong(format!("{v:?}")),
        Term::Bool(v) => return wrong(v.to_string()),
    };
    Ok([seed.cast(DType::U32), (seed >> 32i64).cast(DType::U32)])
}

/// `x`, which is f64, as `dtype`; to less than 32 bits by way of f32, as the runtime converts.
fn as_float(x: Uop, dtype: Option<DType>) -> Result<Uop, Error> {
    match dtype.unwrap_or(DType::F32) {
        DType::F64 => Ok(x),
        dtype if dtype.is_float() => Ok(x.cast(DType::F32).cast(dtype)),
        dtype => Err(Error::new(format!("random numbers are floats, not {dtype}"))
            .help("convert them: `.cast::<i32>()`, or take `random_bits`")),
    }
}

impl Word for Uop<'_> {
    fn like(self, value: u32) -> Self {
        Uop::like(self, i64::from(value))
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn xor(self, other: Self) -> Self {
        self ^ other
    }

    fn rotated(self, distance: u32) -> Self {
        (self << i64::from(distance)) | (self >> i64::from(32 - distance))
    }
}
