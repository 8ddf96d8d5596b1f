//! Method calls: of structs, tensors, sequences and numbers; and `grad`.

use quote::ToTokens;
use syn::PathArguments;
use tg_core::ir::Uop;
use tg_core::tensor::{Argument, find};

use crate::diagnostic::{closest, name_of};
use crate::evaluate::call::tensor_hint;
use crate::evaluate::{Eval, Evaluator, Stop, Value, number};
use crate::messages;
use crate::syntax::generic_exprs;

impl<'g> Evaluator<'_, 'g> {
    pub(super) fn method_call(&mut self, call: &syn::ExprMethodCall) -> Eval<'g> {
        let receiver = self.eval(&call.receiver)?;
        let name = name_of(&call.method);
        match (&receiver, &*name) {
            (Value::Poison, _) => {
                self.eval_all(&call.args)?;
                Err(Stop::Failed)
            }
            (_, "clone" | "to_owned") if call.args.is_empty() => Ok(receiver),
            (Value::Tensor(_), "grad") => self.grad(receiver, call),
            (Value::Struct(value), _) => match self.code.function(Some(value.index), &name) {
                Some(at) => self.call_method(at, receiver, call),
                None => self.structure_method(&name, receiver, call),
            },
            (Value::Array(_) | Value::Range(..), "push") => self.push(call),
            (Value::Array(_) | Value::Range(..), _) => self.sequence_method(&name, receiver, call),
            (Value::Tuple(_), "map" | "fold") => self.structure_method(&name, receiver, call),
            // One tensor is a structure of one, so that a function can take either.
            (Value::Tensor(_), "map" | "fold") => self.structure_method(&name, receiver, call),
            _ => self.value_method(&name, receiver, call),
        }
    }

    /// A method of a tensor or a number.
    fn value_method(&mut self, name: &str, receiver: Value<'g>, call: &syn::ExprMethodCall) -> Eval<'g> {
        let mut values = vec![receiver];
        values.extend(self.eval_all(&call.args)?);
        if values.iter().any(Value::is_poison) {
            return Err(Stop::Failed);
        }
        if let Some(outcome) = number::method(name, &values) {
            return outcome.map_err(|message| self.fail(call, message));
        }
        let generics = call.turbofish.clone().map_or(PathArguments::None, PathArguments::AngleBracketed);
        let callable = find(name).is_some_and(|method| !method.free) && values[0].to_argument().is_some();
        match callable && !matches!(values[0], Value::DType(_) | Value::Tuple(_)) {
            true => self.tensor_method(name, values, &generics, call),
            false => {
                let hint = matches!(values[0], Value::Tensor(_)).then(|| tensor_hint(name)).flatten();
                Err(self.fail(&call.method, messages::unknown_method(name, &values[0].describe(), hint)))
            }
        }
    }

    /// A method or free function of the registry; a dtype in angle brackets is its dtype argument.
    pub(super) fn tensor_method(
        &mut self,
        name: &str,
        values: Vec<Value<'g>>,
        generics: &PathArguments,
        at: &impl ToTokens,
    ) -> Eval<'g> {
        let Some(method) = find(name) else { return Err(Stop::Failed) };
        let mut arguments = Vec::new();
        for value in values {
            let value = self.healthy(value)?;
            let argument = value.to_argument();
            arguments.push(argument.ok_or_else(|| self.fail(at, messages::not_an_argument(name, &value.describe())))?);
        }
        for generic in generic_exprs(generics) {
            match (self.eval(&generic)?, method.params.iter().position(|param| param.expects == "a dtype")) {
                (Value::DType(dtype), Some(position)) => {
                    arguments.resize(arguments.len().max(position), Argument::None);
                    arguments.insert(position, Argument::DType(dtype));
                }
                (Value::Poison, _) => return Err(Stop::Failed),
                _ => return Err(self.fail(&generic, messages::unexpected_generic(name))),
            }
        }
        (method.call)(self.graph, &arguments).map(Value::from).map_err(|error| self.fail(at, messages::method(&error)))
    }

    /// `net.map(|tensor| …)` for every tensor of a struct; `net.fold(start, |state, tensor| …)` over all of them.
    fn structure_method(&mut self, name: &str, receiver: Value<'g>, call: &syn::ExprMethodCall) -> Eval<'g> {
        if !matches!((name, call.args.len()), ("map", 1) | ("fold", 2)) {
            let known = match &receiver {
                Value::Struct(value) if value.fields.iter().any(|(field, _)| field == name) => {
                    return Err(self.fail(&call.method, messages::field_called(name, &value.name)));
                }
                Value::Struct(value) => self.member_names(&value.name),
                _ => Vec::new(),
            };
            let close = closest(name, known.iter().map(String::as_str).chain(["map", "fold"]));
            return Err(self.fail(&call.method, messages::unknown_method(name, &receiver.describe(), close)));
        }
        let mut arguments = self.eval_all(&call.args)?;
        let Some(function) = arguments.pop() else { return Err(Stop::Failed) };
        let leaves: Vec<Value<'g>> = receiver.parameters().into_iter().cloned().collect();
        if let Some(start) = arguments.pop() {
            let mut leaves = leaves.into_iter();
            return leaves.try_fold(start, |state, leaf| self.call_value(function.clone(), vec![state, leaf], call));
        }
        let mapped = leaves.into_iter().map(|leaf| self.call_value(function.clone(), vec![leaf], call));
        let mapped = mapped.collect::<Eval<'g, Vec<_>>>()?;
        Ok(receiver.with_parameters(&mut mapped.into_iter()))
    }

    /// `loss.grad(net)`: a value like `net` with the gradient of the loss in place of each tensor.
    fn grad(&mut self, loss: Value<'g>, call: &syn::ExprMethodCall) -> Eval<'g> {
        let (Value::Tensor(loss), [wrt]) = (loss, &call.args.iter().collect::<Vec<_>>()[..]) else {
            return Err(self.fail(call, messages::grad_arguments(call.args.len())));
        };
        let wanted = self.eval(wrt)?;
        let wanted = self.healthy(wanted)?;
        let mut tensors = Vec::new();
        for leaf in wanted.parameters() {
            match leaf {
                Value::Tensor(x) => tensors.push(*x),
                other => return Err(self.fail(wrt, messages::grad_of(&other.describe()))),
            }
        }
        let without = |x: &Uop<'g>| !tg_core::tensor::depends_on(loss, *x);
        let gradients = tg_core::tensor::grad(loss, &tensors).map_err(|error| {
            let at_loss = !loss.shape().iter().all(|size| size.is(1)) || !loss.dtype().is_float();
            match tensors.iter().position(without).filter(|_| !at_loss) {
                Some(at) => self.fail(wrt, messages::no_gradient(wrt, &wanted.paths()[at], tensors[at])),
                None => self.fail(&call.receiver, messages::method(&error)),
            }
        })?;
        Ok(wanted.with_parameters(&mut gradients.into_iter().map(Value::Tensor)))
    }
}
