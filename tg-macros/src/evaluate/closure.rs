//! Calls of values: closures, and functions of the block that were passed on.

use quote::ToTokens;

use crate::diagnostic::Place;
use crate::evaluate::call::Passed;
use crate::evaluate::value::Closure;
use crate::evaluate::{Eval, Evaluator, Frame, Stop, Value};
use crate::messages;

impl<'g> Evaluator<'_, 'g> {
    /// Calls a closure or a function passed as a value.
    pub(super) fn call_value(&mut self, callee: Value<'g>, values: Vec<Value<'g>>, site: &impl ToTokens) -> Eval<'g> {
        match callee {
            Value::Poison => Err(Stop::Failed),
            Value::Closure(closure) => self.call_closure(&closure, values, site),
            Value::Function(at) => {
                let Some(signature) = &self.code.signatures[at] else { return Err(Stop::Failed) };
                if values.len() != signature.params.len() {
                    let name = self.function_name(at);
                    return Err(self.fail(site, messages::argument_count(&name, signature.params.len(), values.len())));
                }
                let place = Place::of(site);
                let passed = values.into_iter().map(|value| Passed { value, location: None, place }).collect();
                let generics = vec![Value::Unbound; signature.generics.len()];
                self.call_function(at, signature, generics, passed, place)
            }
            other => Err(self.fail(site, messages::not_callable(&other.describe()))),
        }
    }

    fn call_closure(&mut self, closure: &Closure<'g>, values: Vec<Value<'g>>, site: &impl ToTokens) -> Eval<'g> {
        let expr = &closure.expr;
        if expr.inputs.len() != values.len() {
            return Err(self.fail(site, messages::argument_count("the closure", expr.inputs.len(), values.len())));
        }
        self.check_depth().map_err(|message| self.fail(site, message))?;
        let mut bindings = closure.captured.clone();
        bindings.iter_mut().for_each(|binding| (binding.mutable, binding.in_place) = (false, false));
        self.frames.push(Frame { owner: closure.owner, bindings, ..Frame::default() });
        let mut inputs = expr.inputs.iter().zip(values);
        let bound = inputs.try_for_each(|(pattern, value)| self.bind_pattern(pattern, value, site));
        let outcome = bound.and_then(|()| self.eval(&expr.body));
        self.frames.pop();
        match outcome {
            Err(Stop::Return(value)) => Ok(value),
            other => other,
        }
    }
}
