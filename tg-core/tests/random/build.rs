//! How a random function comes about: a pool of values, each new one computed from some that are there.

use tg_core::compile::Function;
use tg_core::dim::{Dim, Var};
use tg_core::dtype::DType;
use tg_core::interpret::Array;
use tg_core::ir::{Graph, Uop, Value};
use tg_core::tensor::{Argument, find};

use super::{Case, Random};

/// No value has more elements than this.
const MOST_ELEMENTS: i64 = 3000;
/// A matrix product takes at most so many multiplications.
const MOST_PRODUCTS: i64 = 60_000;
/// Integers up to this are exact in `f32`, with room for a sum.
const EXACT: f64 = (1 << 22) as f64;
/// Relative rounding error of a few operations.
const ROUNDING: f64 = 2e-6;
const SIZES: &[i64] = &[1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 24, 33];

/// A value in the pool.
#[derive(Clone, Copy)]
pub(super) struct Entry<'g> {
    pub(super) node: Uop<'g>,
    /// Bound on its absolute value.
    pub(super) max: f64,
    /// It is a multiple of this.
    pub(super) step: f64,
    /// Bound on the error of a kernel; 0 if there is none.
    pub(super) error: f64,
}

pub(super) struct Builder<'g> {
    graph: &'g Graph,
    pub(super) random: Random,
    n: (Var, i64),
    inputs: Vec<(String, Uop<'g>)>,
    data: Vec<Array>,
    pool: Vec<Entry<'g>>,
}

/// The random function of this seed.
pub fn build(graph: &Graph, seed: u64) -> Case<'_> {
    let mut random = Random(seed.wrapping_mul(0x1234_5678_9abc_def1));
    let n = (Var::new("N", 1, 64), random.between(1, 20));
    let mut builder = Builder { graph, random, n, inputs: vec![], data: vec![], pool: vec![] };
    for _ in 0..builder.random.between(1, 3) {
        builder.input();
    }
    let (mut left, mut tries) = (builder.random.between(2, 9), 200);
    while left > 0 && tries > 0 {
        tries -= 1;
        if let Some(entry) = builder.step().filter(|e| builder.is_fit(e)) {
            builder.pool.push(entry);
            left -= 1;
        }
    }
    builder.finish(seed)
}

impl<'g> Builder<'g> {
    fn finish(mut self, seed: u64) -> Case<'g> {
        let updates = self.updates();
        let mut outputs = vec![];
        for i in 0..self.random.between((updates.is_empty()) as i64, 3) as usize {
            let last = self.pool.len() - 1;
            let entry = self.pool[if i == 0 { last } else { self.random.below(last + 1) }];
            outputs.push((format!("out{i}"), entry));
        }
        let errors: Vec<f64> =
            updates.iter().map(|(_, e)| e.error).chain(outputs.iter().map(|(_, e)| e.error)).collect();
        let function = Function {
            name: format!("case{seed}"),
            inputs: self.inputs,
            scalars: vec![],
            constants: vec![],
            updates: updates.into_iter().map(|(b, e)| (b, e.node)).collect(),
            outputs: outputs.into_iter().map(|(name, e)| (name, e.node)).collect(),
        };
        Case::new(seed, function, self.data, vec![self.n], &errors)
    }

    /// Inputs that are overwritten, each with a value of its type, which may depend on the others.
    fn updates(&mut self) -> Vec<(Uop<'g>, Entry<'g>)> {
        let mut updates = vec![];
        if !self.random.one_in(3) {
            return updates;
        }
        for (_, buffer) in self.inputs.clone() {
            let fits = |e: &&Entry<'g>| e.node.dtype() == buffer.dtype() && e.node.shape() == buffer.shape();
            let mut fitting: Vec<Entry> = self.pool.iter().filter(fits).copied().collect();
            let other: Vec<Entry> = fitting.iter().filter(|e| e.node != buffer).copied().collect();
            for entry in other.iter().chain(&fitting.clone()) {
                let axes = Argument::List((0..buffer.shape().len() as i64).map(Argument::Int).collect());
                let flipped = self.call("flip", &[Argument::Tensor(entry.node), axes]);
                fitting.extend(flipped.map(|node| Entry { node, ..*entry }));
            }
            let candidates = if other.is_empty() { fitting } else { [other, fitting].concat() };
            if !candidates.is_empty() && !self.random.one_in(3) {
                updates.push((buffer, self.random.pick(&candidates)));
            }
        }
        updates
    }

    fn call(&self, name: &str, args: &[Argument<'g>]) -> Option<Uop<'g>> {
        let method = find(name).unwrap_or_else(|| panic!("no method {name}"));
        match (method.call)(self.graph, args) {
            Ok(Argument::Tensor(node)) => Some(node),
            _ => None,
        }
    }

    fn size(&self, dim: &Dim) -> i64 {
        dim.eval(&|_| self.n.1)
    }

    fn elements(&self, node: Uop<'g>) -> i64 {
        node.shape().iter().map(|d| self.size(d)).product()
    }

    fn is_fit(&self, entry: &Entry<'g>) -> bool {
        let bounded = entry.max < 1e12 && entry.error <= 1e-2 * entry.max.max(1e-3);
        bounded && self.elements(entry.node) <= MOST_ELEMENTS && self.elements(entry.node) > 0
    }

    pub(super) fn any(&mut self) -> Entry<'g> {
        let newest = self.pool.len().saturating_sub(3);
        let from = if self.random.one_in(2) { newest } else { 0 };
        self.pool[from + self.random.below(self.pool.len() - from)]
    }

    fn shape(&mut self) -> Vec<Dim> {
        if self.random.one_in(4) && !self.inputs.is_empty() {
            let at = self.random.below(self.inputs.len());
            return self.inputs[at].1.shape().to_vec();
        }
        let rank = self.random.pick(&[0, 1, 1, 2, 2, 2, 2, 3, 3, 4]);
        let mut shape: Vec<Dim> = vec![];
        for axis in 0..rank {
            let symbolic = axis == 0 && self.random.one_in(4);
            shape.push(if symbolic { Dim::from(self.n.0.clone()) } else { self.random.pick(SIZES).into() });
        }
        while shape.iter().map(|d| self.size(d)).product::<i64>() > MOST_ELEMENTS / 3 {
            shape.pop();
        }
        shape
    }

    fn input(&mut self) {
        let shape = self.shape();
        let dtype = self.random.pick(&[
            DType::F32,
            DType::F32,
            DType::F32,
            DType::F32,
            DType::F32,
            DType::F64,
            DType::I32,
            DType::U8,
            DType::BOOL,
            DType::I64,
            DType::I8,
        ]);
        let entry = match dtype {
            _ if dtype.is_float() => self.buffer(dtype, shape, -16..=16, 0.25),
            DType::BOOL => self.buffer(dtype, shape, 0..=1, 1.0),
            DType::U8 => self.buffer(dtype, shape, 0..=255, 1.0),
            _ => self.buffer(dtype, shape, -20..=20, 1.0),
        };
        self.pool.push(entry);
    }

    /// An input whose elements are these integers times `step`.
    fn buffer(&mut self, dtype: DType, shape: Vec<Dim>, values: std::ops::RangeInclusive<i64>, step: f64) -> Entry<'g> {
        let sizes: Vec<usize> = shape.iter().map(|d| self.size(d) as usize).collect();
        let value = |r: &mut Random| Value::Float(r.between(*values.start(), *values.end()) as f64 * step);
        let data: Vec<Value> = (0..sizes.iter().product()).map(|_| value(&mut self.random)).collect();
        self.data.push(Array::collect(dtype, &sizes, data).expect("as many values as elements"));
        let node = self.graph.buffer(dtype, shape);
        self.inputs.push((format!("in{}", self.inputs.len()), node));
        Entry { node, max: (values.start().abs().max(values.end().abs())) as f64 * step, step, error: 0.0 }
    }

    fn step(&mut self) -> Option<Entry<'g>> {
        match self.random.below(20) {
            0..=2 => self.binary(),
            3..=4 => self.unary(),
            5 => self.choice(),
            6 => self.conversion(),
            7..=9 => self.movement(),
            10..=12 => self.reduction(),
            13..=14 => self.product(),
            15 => self.lookup(),
            16 => self.integer(),
            17..=18 => self.window(),
            _ => self.discrete(),
        }
    }

    /// The result of an operation whose exact result is at most `max` in steps of `step`, and which
    /// amplifies the errors of its operands to `error`.
    pub(super) fn rounded(&self, node: Uop<'g>, max: f64, step: f64, error: f64) -> Entry<'g> {
        let integer = !node.dtype().is_float();
        let exact = integer || error == 0.0 && step > 0.0 && max / step < EXACT;
        let limit = node.dtype().int_range().map_or(f64::MAX, |(_, hi)| hi as f64 + 1.0);
        Entry { node, max: max.min(limit), step, error: if exact { 0.0 } else { error + ROUNDING * max.max(1e-6) } }
    }

    fn binary(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        let y = if self.random.one_in(4) { self.constant(x) } else { self.any() };
        let name = self.random.pick(&["add", "sub", "mul", "maximum", "minimum"]);
        let node = self.call(name, &[Argument::Tensor(x.node), Argument::Tensor(y.node)])?;
        let step = x.step.min(y.step);
        Some(match name {
            "mul" => self.rounded(node, x.max * y.max, x.step * y.step, x.error * y.max + y.error * x.max),
            "add" | "sub" => self.rounded(node, x.max + y.max, step, x.error + y.error),
            _ => Entry { node, max: x.max.max(y.max), step, error: x.error.max(y.error) },
        })
    }

    fn constant(&mut self, like: Entry<'g>) -> Entry<'g> {
        let value = self.random.between(-6, 6);
        let dtype = like.node.dtype();
        let (value, step) = if dtype.is_float() { (value as f64 / 2.0, 0.5) } else { (value.abs() as f64, 1.0) };
        Entry { node: self.graph.constant(dtype, value), max: value.abs(), step, error: 0.0 }
    }

    fn unary(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        let m = x.max;
        // The operation, whether it is exact, the bound on its result, and how much it amplifies an error.
        let table = [
            ("neg", true, m, 1.0),
            ("relu", true, m, 1.0),
            ("abs", true, m, 1.0),
            ("square", false, m * m, 2.0 * m),
            ("tanh", false, 1.0, 1.0),
            ("sigmoid", false, 1.0, 1.0),
            ("sin", false, 1.0, 1.0),
            ("cos", false, 1.0, 1.0),
            ("erf", false, 1.0, 1.2),
            ("gelu", false, m, 1.2),
            ("silu", false, m, 1.2),
            ("softplus", false, m + 1.0, 1.0),
        ];
        let (name, exact, max, amplify) = self.random.pick(&table);
        if !x.node.dtype().is_float() && !exact {
            return None;
        }
        if self.random.one_in(3) {
            return self.inverse(x);
        }
        let node = self.call(name, &[Argument::Tensor(x.node)])?;
        match exact {
            true => Some(Entry { node, ..x }),
            false => Some(self.rounded(node, max, 0.0, x.error * amplify)),
        }
    }

    /// Functions that grow without bound somewhere, of an operand kept away from there.
    fn inverse(&mut self, x: Entry<'g>) -> Option<Entry<'g>> {
        if !x.node.dtype().is_float() {
            return None;
        }
        let (name, max) =
            self.random.pick(&[("sqrt", x.max + 1.0), ("log", x.max), ("recip", 1.0), ("rsqrt", 1.0), ("exp", 21.0)]);
        let (one, three) = (Argument::Float(1.0), Argument::Float(3.0));
        let inside = match name {
            "exp" => self.call("minimum", &[Argument::Tensor(x.node), three])?,
            _ => {
                let abs = self.call("abs", &[Argument::Tensor(x.node)])?;
                self.call("add", &[Argument::Tensor(abs), one])?
            }
        };
        let node = self.call(name, &[Argument::Tensor(inside)])?;
        Some(self.rounded(node, max, 0.0, (x.error + ROUNDING * x.max) * max.min(21.0)))
    }

    /// A selection by a comparison of exact values.
    fn choice(&mut self) -> Option<Entry<'g>> {
        let (a, b) = (self.any(), self.any());
        let (x, y) = (self.any(), self.any());
        if a.error > 0.0 || b.error > 0.0 {
            return None;
        }
        let name = self.random.pick(&["lt", "le", "gt", "ge", "eq", "ne"]);
        let compared = self.call(name, &[Argument::Tensor(a.node), Argument::Tensor(b.node)])?;
        let compared = Entry { node: compared, max: 1.0, step: 1.0, error: 0.0 };
        if self.random.one_in(3) {
            return Some(compared);
        }
        let node = self.call("where_", &[compared.node, x.node, y.node].map(Argument::Tensor))?;
        Some(Entry { node, max: x.max.max(y.max), step: x.step.min(y.step), error: x.error.max(y.error) })
    }

    fn conversion(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        let to = self.random.pick(&[
            DType::F32,
            DType::F32,
            DType::I32,
            DType::U8,
            DType::BOOL,
            DType::I64,
            DType::F64,
            DType::I16,
        ]);
        if x.error > 0.0 && !to.is_float() {
            return None;
        }
        let node = self.call("cast", &[Argument::Tensor(x.node), Argument::DType(to)])?;
        let wraps = to.int_range().map_or(f64::MAX, |(_, hi)| hi as f64 + 1.0);
        let max = if x.max > wraps || to.is_bool() { wraps } else { x.max };
        Some(match to.is_float() {
            true => self.rounded(node, max, x.step, x.error),
            false => Entry { node, max, step: 1.0, error: 0.0 },
        })
    }

    fn movement(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        let shape = x.node.shape().to_vec();
        let rank = shape.len();
        let list = |dims: Vec<Argument<'g>>| Argument::List(dims);
        let pair = |a: i64, b: i64| Argument::List(vec![Argument::Int(a), Argument::Int(b)]);
        let (name, arg) = match self.random.below(7) {
            0 => {
                let mut axes: Vec<i64> = (0..rank as i64).collect();
                (0..rank).for_each(|i| axes.swap(i, i + self.random.below(rank - i)));
                ("permute", list(axes.into_iter().map(Argument::Int).collect()))
            }
            1 => ("pad", list((0..rank).map(|_| pair(self.random.between(0, 2), self.random.between(0, 3))).collect())),
            2 => {
                let ranges = shape.iter().map(|d| {
                    let Some(n) = d.known() else { return list(vec![Argument::Int(0), Argument::Dim(d.clone())]) };
                    let begin = self.random.between(0, (n - 1).min(3));
                    pair(begin, self.random.between(begin + 1, n))
                });
                ("shrink", list(ranges.collect()))
            }
            3 => {
                let axes = (0..rank as i64).filter(|_| self.random.one_in(2)).map(Argument::Int);
                ("flip", list(axes.collect()))
            }
            4 => ("unsqueeze", Argument::Int(self.random.between(0, rank as i64))),
            5 => {
                let one = |d: &Dim, r: &mut Random| if d.is(1) { Dim::from(r.pick(SIZES)) } else { d.clone() };
                let dims = shape.iter().map(|d| Argument::Dim(one(d, &mut self.random)));
                ("expand", list(dims.collect()))
            }
            _ => ("reshape", list(self.reshaped(&shape).into_iter().map(Argument::Dim).collect())),
        };
        let node = self.call(name, &[Argument::Tensor(x.node), arg])?;
        (node != x.node).then_some(Entry { node, ..x })
    }

    /// `shape` with two neighbours merged or one split.
    fn reshaped(&mut self, shape: &[Dim]) -> Vec<Dim> {
        let mut shape = shape.to_vec();
        let Some(axis) = shape.len().checked_sub(1).map(|last| self.random.below(last + 1)) else {
            return vec![Dim::ONE];
        };
        if self.random.one_in(2) && axis + 1 < shape.len() {
            let merged = &shape[axis] * &shape[axis + 1];
            shape.splice(axis..axis + 2, [merged]);
        } else if let Some(n) = shape[axis].known() {
            let divisors: Vec<i64> = (1..=n).filter(|d| n % d == 0).collect();
            let d = self.random.pick(&divisors);
            shape.splice(axis..=axis, [Dim::from(d), Dim::from(n / d)]);
        }
        shape
    }

    fn reduction(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        let rank = x.node.shape().len();
        let axes: Vec<usize> = (0..rank).filter(|_| self.random.one_in(2)).collect();
        let n: f64 = axes.iter().map(|&a| self.size(&x.node.shape()[a]) as f64).product();
        if axes.is_empty() {
            return None;
        }
        let float = x.node.dtype().is_float();
        let name = self.random.pick(&[
            "sum",
            "sum_keep",
            "max",
            "max_keep",
            "min",
            "mean",
            "prod",
            "softmax",
            "cumsum",
            "var",
            "log_softmax",
        ]);
        if !float && matches!(name, "mean" | "softmax" | "var" | "log_softmax") {
            return None;
        }
        let one_axis = Argument::Int(axes[0] as i64);
        let all = Argument::List(axes.iter().map(|&a| Argument::Int(a as i64)).collect());
        let arg = if matches!(name, "softmax" | "cumsum" | "log_softmax") { one_axis } else { all };
        let node = self.call(name, &[Argument::Tensor(x.node), arg])?;
        let m = x.max;
        Some(match name {
            "sum" | "sum_keep" | "cumsum" => {
                let n = n.max(self.size(&x.node.shape()[axes[0]]) as f64);
                self.rounded(node, m * n, x.step, x.error * n)
            }
            "mean" => self.rounded(node, m, 0.0, x.error + ROUNDING * m),
            "var" => self.rounded(node, 4.0 * m * m, 0.0, 8.0 * m * (x.error + ROUNDING * m) * 2.0),
            "prod" if float => {
                let max = m.max(1.0).powf(n);
                self.rounded(node, max, 0.0, n * max * (x.error + ROUNDING))
            }
            "prod" => self.rounded(node, m.max(1.0).powf(n), 1.0, 0.0),
            "softmax" => self.rounded(node, 1.0, 0.0, 2.0 * (x.error + ROUNDING * m)),
            "log_softmax" => self.rounded(node, 2.0 * m + 9.0, 0.0, 2.0 * (x.error + ROUNDING * m)),
            _ => Entry { node, ..x },
        })
    }

    /// A matrix product with another value or a new input.
    fn product(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        let k = x.node.shape().last()?.clone();
        let dtype = x.node.dtype();
        let fits = |e: &&Entry<'g>| e.node.dtype() == dtype && e.node.shape().iter().rev().nth(1) == Some(&k);
        let partners: Vec<Entry> = self.pool.iter().filter(fits).copied().collect();
        let y = match partners.is_empty() || self.random.one_in(2) {
            true if dtype.is_float() && self.inputs.len() < 6 => {
                let columns = self.random.pick(SIZES);
                self.buffer(dtype, vec![k.clone(), columns.into()], -16..=16, 0.25)
            }
            true => return None,
            false => self.random.pick(&partners),
        };
        let node = self.call("matmul", &[Argument::Tensor(x.node), Argument::Tensor(y.node)])?;
        let n = self.size(&k) as f64;
        if self.elements(node) * self.size(&k) > MOST_PRODUCTS {
            return None;
        }
        let error = n * (x.error * y.max + y.error * x.max);
        Some(self.rounded(node, n * x.max * y.max, x.step * y.step, error))
    }

    /// Rows chosen by a tensor of indices.
    fn lookup(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        let axis = self.random.below(x.node.shape().len());
        let n = x.node.shape().get(axis)?.known()?;
        if self.inputs.len() >= 6 {
            return None;
        }
        let count = self.random.pick(SIZES);
        let index = self.buffer(DType::I32, vec![count.into()], 0..=n - 1, 1.0);
        let args = [Argument::Tensor(x.node), Argument::Int(axis as i64), Argument::Tensor(index.node)];
        Some(Entry { node: self.call("index_select", &args)?, ..x })
    }

    /// Division by anything but zero, shifts and bits of integers.
    fn integer(&mut self) -> Option<Entry<'g>> {
        let (x, y) = (self.any(), self.any());
        if !x.node.dtype().is_int() || x.node.dtype() != y.node.dtype() {
            return None;
        }
        let name = self.random.pick(&["div", "rem", "bit_and", "bit_or", "bit_xor", "shl", "shr"]);
        let mut operand = Argument::Tensor(y.node);
        if matches!(name, "div" | "rem") {
            let is_zero = self.call("eq", &[operand.clone(), Argument::Int(0)])?;
            let safe = self.call("where_", &[Argument::Tensor(is_zero), Argument::Int(3), operand])?;
            operand =
                if self.random.one_in(3) { Argument::Int(self.random.between(1, 9)) } else { Argument::Tensor(safe) };
        }
        let node = self.call(name, &[Argument::Tensor(x.node), operand])?;
        Some(self.rounded(node, f64::MAX, 1.0, 0.0))
    }

    /// What jumps: of exact values only.
    fn discrete(&mut self) -> Option<Entry<'g>> {
        let x = self.any();
        if x.error > 0.0 {
            return None;
        }
        let axis = self.random.below(x.node.shape().len()) as i64;
        let name =
            self.random.pick(&["sign", "trunc", "floor", "round", "argmax", "argmin", "one_hot", "logical_not", "any"]);
        let args = match name {
            "argmax" | "argmin" => vec![Argument::Tensor(x.node), Argument::Int(axis)],
            "one_hot" => vec![Argument::Tensor(x.node), Argument::Int(self.random.between(2, 9))],
            _ => vec![Argument::Tensor(x.node)],
        };
        let node = self.call(name, &args)?;
        let max = if matches!(name, "argmax" | "argmin") { 64.0 } else { x.max + 1.0 };
        Some(Entry { node, max, step: 1.0, error: 0.0 })
    }
}
