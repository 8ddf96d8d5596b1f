//! `x[i]`, `x[1..3]`, `x[(.., 0)]`.

use syn::Expr;
use tg_core::ir::Uop;
use tg_core::tensor::find;

use crate::evaluate::{Eval, Evaluator, Stop, Value};
use crate::messages;

impl<'g> Evaluator<'_, 'g> {
    pub(super) fn index(&mut self, expr: &syn::ExprIndex) -> Eval<'g> {
        let (base, index) = (self.eval(&expr.expr)?, self.eval(&expr.index)?);
        match (base, index) {
            (Value::Poison, _) | (_, Value::Poison) => Err(Stop::Failed),
            (Value::Array(items), index) => self.array_index(items, index, expr),
            (Value::Tensor(x), index) => self.tensor_index(x, index, expr),
            (other, _) => Err(self.fail(&expr.expr, messages::not_indexable(&other.describe()))),
        }
    }

    fn array_index(&mut self, items: Vec<Value<'g>>, index: Value<'g>, expr: &syn::ExprIndex) -> Eval<'g> {
        let length = items.len();
        let position = |value: &Option<Box<Value<'g>>>, default: usize| match value.as_deref() {
            None => Some(default),
            Some(Value::Int(at)) => usize::try_from(*at).ok(),
            Some(_) => None,
        };
        match &index {
            Value::Int(at) => usize::try_from(*at)
                .ok()
                .and_then(|at| items.get(at).cloned())
                .ok_or_else(|| self.fail(&expr.index, messages::array_index(*at, length))),
            Value::Range(start, stop) => match (position(start, 0), position(stop, length)) {
                (Some(start), Some(stop)) if start <= stop && stop <= length => {
                    Ok(Value::Array(items[start..stop].to_vec()))
                }
                _ => Err(self.fail(&expr.index, messages::array_range(length))),
            },
            other => Err(self.fail(&expr.index, messages::array_position(&other.describe()))),
        }
    }

    /// One entry for each of the first axes: a range keeps the axis, a position removes it, a tensor of positions picks.
    fn tensor_index(&mut self, x: Uop<'g>, index: Value<'g>, expr: &syn::ExprIndex) -> Eval<'g> {
        let entries = match index {
            Value::Tuple(entries) => entries,
            single => vec![single],
        };
        if entries.len() > x.shape().len() {
            return Err(self.fail(&expr.index, messages::too_many_indices(x, entries.len())));
        }
        let places: Vec<&Expr> = match &*expr.index {
            Expr::Tuple(tuple) => tuple.elems.iter().collect(),
            single => vec![single],
        };
        let (mut value, mut axis) = (Value::Tensor(x), 0);
        for (at, entry) in entries.iter().enumerate() {
            let place = places.get(at).copied().unwrap_or(&expr.index);
            value = self.index_axis(value, axis, entry, place)?;
            axis += i64::from(!is_position(entry));
        }
        Ok(value)
    }

    fn index_axis(&mut self, x: Value<'g>, axis: i64, entry: &Value<'g>, at: &Expr) -> Eval<'g> {
        let axis_value = Value::Int(axis);
        match entry {
            Value::Range(None, None) => Ok(x),
            Value::Range(..) => {
                let whole = Value::Range(None, None);
                let ranges = vec![whole; axis as usize].into_iter().chain([entry.clone()]).collect();
                self.registry("slice", &[x, Value::Array(ranges)], at)
            }
            Value::Int(_) | Value::Dim(_) => self.registry("select", &[x, axis_value, entry.clone()], at),
            Value::Tensor(index) if index.shape().is_empty() => {
                let row = self.registry("reshape", &[entry.clone(), Value::Array(vec![Value::Int(1)])], at)?;
                let picked = self.registry("index_select", &[x, axis_value.clone(), row], at)?;
                self.registry("squeeze", &[picked, axis_value], at)
            }
            Value::Tensor(_) => self.registry("index_select", &[x, axis_value, entry.clone()], at),
            other => Err(self.fail(at, messages::tensor_position(&other.describe()))),
        }
    }

    /// Calls a tensor method by name, for syntax that stands for it.
    pub(super) fn registry(&mut self, name: &str, arguments: &[Value<'g>], at: &impl quote::ToTokens) -> Eval<'g> {
        let arguments: Option<Vec<_>> = arguments.iter().map(Value::to_argument).collect();
        match (find(name), arguments) {
            (Some(method), Some(arguments)) => (method.call)(self.graph, &arguments)
                .map(Value::from)
                .map_err(|error| self.fail(at, messages::method(&error))),
            _ => Err(Stop::Failed),
        }
    }
}

/// Whether an entry names one position, so that its axis vanishes.
fn is_position(entry: &Value) -> bool {
    match entry {
        Value::Int(_) | Value::Dim(_) => true,
        Value::Tensor(index) => index.shape().is_empty(),
        _ => false,
    }
}
