//! Methods of arrays and ranges: the iterator methods that make sense when everything is unrolled.

use syn::ExprMethodCall;

use crate::diagnostic::closest;
use crate::evaluate::operator::{Operator, apply};
use crate::evaluate::{Eval, Evaluator, MAX_ITERATIONS, Stop, Value};
use crate::messages;

/// The methods, each with its number of arguments.
const METHODS: &[(&str, usize)] = &[
    ("iter", 0),
    ("into_iter", 0),
    ("collect", 0),
    ("len", 0),
    ("rev", 0),
    ("enumerate", 0),
    ("sum", 0),
    ("zip", 1),
    ("map", 1),
    ("fold", 2),
];

impl<'g> Evaluator<'_, 'g> {
    pub(super) fn sequence_method(&mut self, name: &str, receiver: Value<'g>, call: &ExprMethodCall) -> Eval<'g> {
        let Some((_, wanted)) = METHODS.iter().find(|(method, _)| *method == name) else {
            let known = METHODS.iter().map(|(method, _)| *method).chain(["push"]);
            let hint = closest(name, known);
            return Err(self.fail(&call.method, messages::unknown_method(name, &receiver.describe(), hint)));
        };
        if call.args.len() != *wanted {
            return Err(self.fail(call, messages::argument_count(name, *wanted, call.args.len())));
        }
        let items = self.items(receiver, &*call.receiver)?;
        let mut arguments = self.eval_all(&call.args)?.into_iter();
        match (name, arguments.next(), arguments.next()) {
            ("len", ..) => Ok(Value::Int(items.len() as i64)),
            ("rev", ..) => Ok(Value::Array(items.into_iter().rev().collect())),
            ("enumerate", ..) => Ok(Value::Array(enumerated(items))),
            ("sum", ..) => self.sum(items, call),
            ("zip", Some(other), _) => self.zip(items, other, call),
            ("map", Some(function), _) => {
                let mapped = items.into_iter().map(|item| self.call_value(function.clone(), vec![item], call));
                mapped.collect::<Result<_, _>>().map(Value::Array)
            }
            ("fold", Some(start), Some(function)) => items
                .into_iter()
                .try_fold(start, |state, item| self.call_value(function.clone(), vec![state, item], call)),
            _ => Ok(Value::Array(items)),
        }
    }

    fn zip(&mut self, items: Vec<Value<'g>>, other: Value<'g>, call: &ExprMethodCall) -> Eval<'g> {
        let others = self.items(other, &call.args[0])?;
        if items.len() != others.len() {
            return Err(self.fail(&call.args[0], messages::zip_lengths(items.len(), others.len())));
        }
        Ok(Value::Array(items.into_iter().zip(others).map(|(a, b)| Value::Tuple(vec![a, b])).collect()))
    }

    fn sum(&mut self, items: Vec<Value<'g>>, call: &ExprMethodCall) -> Eval<'g> {
        let mut items = items.into_iter();
        let Some(first) = items.next() else { return Err(self.fail(&call.receiver, messages::empty_sum())) };
        items
            .try_fold(first, |sum, item| apply(self.graph, Operator::Add, &sum, &item))
            .map_err(|message| self.fail(call, message))
    }

    /// `list.push(x)`.
    pub(super) fn push(&mut self, call: &ExprMethodCall) -> Eval<'g> {
        let location = self.location(&call.receiver)?;
        let Some(Value::Array(mut items)) = self.load(&location) else { return Err(Stop::Failed) };
        items.extend(self.eval_all(&call.args)?);
        if items.len() > MAX_ITERATIONS {
            return Err(self.fail(call, messages::iteration_limit(MAX_ITERATIONS)));
        }
        self.replace(&location, Value::Array(items)).ok_or(Stop::Failed)?;
        Ok(Value::unit())
    }
}

fn enumerated(items: Vec<Value<'_>>) -> Vec<Value<'_>> {
    items.into_iter().enumerate().map(|(at, item)| Value::Tuple(vec![Value::Int(at as i64), item])).collect()
}
