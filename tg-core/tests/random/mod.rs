//! Random tensor functions with inputs, expected results and how exactly these can be met.
//!
//! Every value carries a bound on its size and on how far kernels may be from the reference. Inputs are small multiples
//! of a quarter, so that many results are exact whatever the order of additions; where they are not, nothing
//! discontinuous (comparisons, rounding) is done with them. Shared by the tests of several crates.

mod build;
mod check;
mod number;
mod window;

use tg_core::compile::Function;
use tg_core::dim::Var;
use tg_core::interpret::{Array, evaluate};
use tg_core::ir::{Arg, Uop, pretty};

pub use self::build::build;
pub use self::check::mismatch;
pub use self::number::Random;

/// A function, what to call it with and what must come out.
pub struct Case<'g> {
    /// What reproduces it.
    pub seed: u64,
    /// The function.
    pub function: Function<'g>,
    /// Contents of its inputs.
    pub inputs: Vec<Array>,
    /// Values of its run-time dimensions.
    pub vars: Vec<(Var, i64)>,
    /// For each parameter: what it holds after the call, and the largest error of an element.
    pub expected: Vec<(Array, f64)>,
}

impl<'g> Case<'g> {
    /// Evaluates `function`; `errors` are those of its updates, then of its outputs.
    pub fn new(
        seed: u64,
        function: Function<'g>,
        inputs: Vec<Array>,
        vars: Vec<(Var, i64)>,
        errors: &[f64],
    ) -> Case<'g> {
        let mut case = Case { seed, function, inputs, vars, expected: vec![] };
        let mut results = case.evaluate().into_iter().zip(errors.iter().copied());
        let updates: Vec<_> = case.function.updates.iter().map(|(b, _)| *b).zip(results.by_ref()).collect();
        let updated = |b: Uop| updates.iter().find(|(u, _)| *u == b).map(|(_, r)| r.clone());
        let inputs = case.function.inputs.iter().zip(&case.inputs);
        case.expected = inputs.map(|((_, b), a)| updated(*b).unwrap_or((a.clone(), 0.0))).chain(results).collect();
        case
    }

    /// The value of a run-time dimension.
    pub fn var(&self, var: &Var) -> i64 {
        self.vars.iter().find(|(v, _)| v == var).map_or(var.min, |(_, n)| *n)
    }

    fn roots(&self) -> Vec<Uop<'g>> {
        self.function.updates.iter().map(|(_, v)| *v).chain(self.function.outputs.iter().map(|(_, v)| *v)).collect()
    }

    /// Values of updates, then of outputs, by the reference interpreter.
    fn evaluate(&self) -> Vec<Array> {
        let contents = |number: u32| {
            let is = |b: &Uop| matches!(b.arg(), Arg::Buffer(n, _) if *n == number);
            self.function.inputs.iter().position(|(_, b)| is(b)).map(|i| self.inputs[i].clone())
        };
        let results = evaluate(&self.roots(), &contents, &|v| self.var(v));
        results.unwrap_or_else(|e| panic!("seed {}: {e}\n{}", self.seed, self.text()))
    }

    /// The function in text form.
    pub fn text(&self) -> String {
        let updates = self.function.updates.iter().map(|(b, v)| format!("update {b:?} to\n{}", pretty(*v)));
        let outputs = self.function.outputs.iter().map(|(name, v)| format!("{name} =\n{}", pretty(*v)));
        let vars = self.vars.iter().map(|(v, n)| format!("{} = {n}", v.name));
        updates.chain(outputs).chain(vars).collect::<Vec<_>>().join("\n")
    }
}

/// How many random functions a test tries: `TG_FUZZ`, or the number given.
pub fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let first = number("TG_FUZZ_SEED").unwrap_or(0);
    first..first + number("TG_FUZZ").unwrap_or(default)
}
