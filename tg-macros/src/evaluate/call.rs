//! Calls: functions of the block are inlined, with their signatures checked as Rust would.

use quote::ToTokens;
use syn::{Expr, Pat};

use crate::diagnostic::{Message, Place, closest, name_of};
use crate::evaluate::place::Location;
use crate::evaluate::{Binding, Eval, Evaluator, Frame, MAX_DEPTH, MAX_ITERATIONS, Stop, Value};
use crate::library::path_name;
use crate::messages;
use crate::syntax::{Generic, GenericKind, generic_exprs};
use crate::types::{Access, Param, Signature, Ty};

/// An argument of a call: its value, and where it is kept if the function changes it.
pub(super) struct Passed<'g> {
    pub(super) value: Value<'g>,
    pub(super) location: Option<Location>,
    pub(super) place: Place,
}

/// What is called, and what stands in angle brackets there.
struct Callee<'e> {
    at: usize,
    own: &'e syn::PathArguments,
    owner: Option<&'e syn::PathArguments>,
}

impl<'g> Evaluator<'_, 'g> {
    pub(super) fn call(&mut self, expr: &syn::ExprCall) -> Eval<'g> {
        let arguments: Vec<&Expr> = expr.args.iter().collect();
        let Expr::Path(path) = &*expr.func else {
            let callee = self.eval(&expr.func)?;
            let values = self.eval_all(arguments)?;
            return self.call_value(callee, values, expr);
        };
        if let Some(callee) = self.function_named(path) {
            return self.call_function_with(callee, None, &arguments, expr);
        }
        let segments = &path.path.segments;
        let Some(last) = segments.last() else { return Err(Stop::Failed) };
        let name = name_of(&last.ident);
        let owner = path_name(segments.iter().take(segments.len() - 1));
        let is_variable = segments.len() == 1 && self.frame().find(&name).is_some();
        match owner.as_deref() {
            Some("Vec") if name == "new" => Ok(Value::Array(Vec::new())),
            None | Some("Tensor") if !is_variable && tg_core::tensor::find(&name).is_some() => {
                let values = self.eval_all(arguments)?;
                self.tensor_method(&name, values, &last.arguments, expr)
            }
            None if !is_variable => {
                let known = self.callable_names();
                let close = closest(&name, known.iter().map(String::as_str));
                Err(self.fail(path, messages::unknown_function(&name, close)))
            }
            Some("Tensor") => Err(self.fail(last, messages::unknown_method(&name, "`Tensor`", tensor_hint(&name)))),
            _ => {
                let callee = self.path(path)?;
                let values = self.eval_all(arguments)?;
                self.call_value(callee, values, expr)
            }
        }
    }

    fn callable_names(&mut self) -> Vec<String> {
        let functions = self.code.block.functions.iter().filter(|f| f.owner.is_none()).map(|f| f.name());
        let methods = tg_core::tensor::methods().map(|method| method.name.to_owned());
        functions.chain(methods).collect()
    }

    /// The function of the block that a path names, unless a variable hides it.
    fn function_named<'e>(&mut self, path: &'e syn::ExprPath) -> Option<Callee<'e>> {
        let segments = &path.path.segments;
        let (last, owner) = (segments.last()?, segments.iter().nth_back(1));
        let name = name_of(&last.ident);
        let index = match path_name(segments.iter().take(segments.len() - 1)) {
            Some(owner) => match self.struct_called(&owner) {
                Some(index) => Some(index),
                None => {
                    let at = self.code.function(None, &format!("{owner}::{name}"))?;
                    return Some(Callee { at, own: &last.arguments, owner: None });
                }
            },
            None if self.frame().find(&name).is_some() => return None,
            None => None,
        };
        let at = self.code.function(index, &name)?;
        Some(Callee { at, own: &last.arguments, owner: owner.map(|owner| &owner.arguments) })
    }

    /// A method of a struct of the block.
    pub(super) fn call_method(&mut self, at: usize, receiver: Value<'g>, call: &syn::ExprMethodCall) -> Eval<'g> {
        let own = call.turbofish.clone().map_or(syn::PathArguments::None, syn::PathArguments::AngleBracketed);
        let arguments: Vec<&Expr> = call.args.iter().collect();
        let Some(signature) = &self.code.signatures[at] else { return Err(Stop::Failed) };
        if !signature.is_method {
            return Err(self.fail(&call.method, messages::not_a_method(&self.function_name(at))));
        }
        let location = match signature.params[0].access {
            Access::InPlace => Some(self.location(&call.receiver)?),
            Access::Read | Access::Constant => None,
        };
        let passed = Passed { value: receiver, location, place: Place::of(&call.receiver) };
        self.call_function_with(Callee { at, own: &own, owner: None }, Some(passed), &arguments, call)
    }

    fn call_function_with(
        &mut self,
        callee: Callee,
        receiver: Option<Passed<'g>>,
        arguments: &[&Expr],
        site: &impl ToTokens,
    ) -> Eval<'g> {
        let code = self.code;
        let at = callee.at;
        let signature = code.signatures[at].as_ref();
        let params = signature.map_or(&[][..], |s| &s.params[receiver.is_some() as usize..]);
        let mut passed: Vec<Passed<'g>> = receiver.into_iter().collect();
        for (i, argument) in arguments.iter().enumerate() {
            passed.push(self.pass(argument, params.get(i), at)?);
        }
        let Some(signature) = signature else { return Err(Stop::Failed) };
        let rest = signature.params.get(passed.len()..).unwrap_or_default();
        if rest.iter().all(|param| matches!(param.ty, Ty::Optional(_))) {
            passed.extend(rest.iter().map(|_| Passed {
                value: Value::Nothing,
                location: None,
                place: Place::of(site),
            }));
        }
        if passed.len() != signature.params.len() {
            let name = self.function_name(at);
            let hidden = usize::from(signature.is_method && passed.len() > arguments.len());
            let wanted = signature.params.len() - hidden;
            return Err(self.fail(site, messages::argument_count(&name, wanted, arguments.len())));
        }
        self.check_aliases(&passed)?;
        let generics = self.generic_values(&callee, signature)?;
        self.call_function(at, signature, generics, passed, Place::of(site))
    }

    fn pass(&mut self, argument: &Expr, param: Option<&Param>, at: usize) -> Eval<'g, Passed<'g>> {
        let value = self.eval(argument)?;
        let place = Place::of(argument);
        let location = match param.map(|param| param.access) {
            Some(Access::InPlace) => Some(self.borrow_location(argument, at)?),
            _ => None,
        };
        Ok(Passed { value, location, place })
    }

    /// The place behind `&mut x`, or behind a variable that is itself `&mut`.
    fn borrow_location(&mut self, argument: &Expr, at: usize) -> Eval<'g, Location> {
        if let Expr::Reference(reference) = argument
            && reference.mutability.is_some()
        {
            return self.location(&reference.expr);
        }
        let is_reference = |binding: &Binding| binding.in_place;
        let location = match argument {
            Expr::Path(path) if path.path.get_ident().is_some() => self.location(argument).ok(),
            _ => None,
        };
        match location {
            Some(location) if self.frame().find(&location.variable).is_some_and(is_reference) => Ok(location),
            _ => Err(self.fail(argument, messages::needs_mut(argument, &self.function_name(at)))),
        }
    }

    fn check_aliases(&self, passed: &[Passed<'g>]) -> Eval<'g, ()> {
        let borrowed: Vec<_> = passed.iter().filter_map(|p| Some((p.location.as_ref()?, p.place))).collect();
        for (i, (location, place)) in borrowed.iter().enumerate() {
            if borrowed[..i].iter().any(|(other, _)| other.overlaps(location)) {
                return Err(self.fail_at(*place, messages::borrowed_twice(&location.variable)));
            }
        }
        Ok(())
    }

    /// Values of the generic parameters that are given in angle brackets.
    fn generic_values(&mut self, callee: &Callee, signature: &Signature) -> Eval<'g, Vec<Value<'g>>> {
        let own = generic_exprs(callee.own);
        let (outer_params, own_params) = signature.generics.split_at(signature.generics.len() - signature.own_generics);
        if own.len() > own_params.len() {
            let name = self.function_name(callee.at);
            return Err(self.fail(callee.own, messages::generic_count(&name, own_params.len(), own.len())));
        }
        let outer = callee.owner.map(generic_exprs).unwrap_or_default();
        let mut values = vec![Value::Unbound; signature.generics.len()];
        for (i, expr) in outer.iter().take(outer_params.len()).enumerate() {
            values[i] = self.eval(expr)?;
        }
        for (i, expr) in own.iter().enumerate() {
            values[outer_params.len() + i] = self.eval(expr)?;
        }
        Ok(values)
    }

    /// Runs a function of the block in a new frame.
    pub(super) fn call_function(
        &mut self,
        at: usize,
        signature: &Signature,
        generics: Vec<Value<'g>>,
        passed: Vec<Passed<'g>>,
        site: Place,
    ) -> Eval<'g> {
        self.check_recursion(at, site)?;
        self.called.insert(at);
        let locations: Vec<_> = passed.iter().map(|p| p.location.clone()).collect();
        let function = &self.code.block.functions[at];
        let shown_at = function.module.map(|_| site);
        self.frames.push(Frame { function: Some(at), owner: function.owner, site: shown_at, ..Frame::default() });
        let outcome = self.enter(signature, generics, passed, site).and_then(|()| self.body(at, signature));
        let finals: Vec<_> = signature.params.iter().map(|param| self.final_value(&param.pattern)).collect();
        self.frames.pop();
        for (location, value) in locations.into_iter().zip(finals) {
            if let (Some(location), Some(value)) = (location, value) {
                self.store(&location, value, &proc_macro2::TokenStream::new())?;
            }
        }
        outcome
    }

    fn check_recursion(&mut self, at: usize, site: Place) -> Eval<'g, ()> {
        if let Some(start) = self.frames.iter().position(|frame| frame.function == Some(at)) {
            let mut cycle: Vec<usize> = self.frames[start..].iter().filter_map(|frame| frame.function).collect();
            // The same text wherever the cycle was entered: all its functions find it.
            let first = (0..cycle.len()).min_by_key(|&i| cycle[i]).unwrap_or(0);
            cycle.rotate_left(first);
            let names: Vec<String> = cycle.iter().chain([&cycle[0]]).map(|&at| self.function_name(at)).collect();
            self.errors.report_once(site, messages::recursion(&names));
            return Err(Stop::Failed);
        }
        self.check_depth().map_err(|message| self.fail_at(site, message))
    }

    pub(super) fn check_depth(&mut self) -> Result<(), Message> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(messages::depth_limit(MAX_DEPTH));
        }
        self.spend().ok_or_else(|| messages::iteration_limit(MAX_ITERATIONS))
    }

    /// Binds generic parameters and parameters in the new frame; misfits are errors of the caller.
    fn enter(
        &mut self,
        signature: &Signature,
        generics: Vec<Value<'g>>,
        passed: Vec<Passed<'g>>,
        site: Place,
    ) -> Eval<'g, ()> {
        for (generic, value) in signature.generics.iter().zip(generics) {
            self.frame().bind(Binding::constant(&name_of(&generic.ident), value));
        }
        for (param, passed) in signature.params.iter().zip(&passed) {
            self.unify(&param.ty, &passed.value);
            let outcome = self.check_rank(&param.ty, &passed.value);
            outcome.map_err(|m| self.fail_in_caller(passed.place, messages::wrong_argument(&param.pattern, m)))?;
        }
        for generic in &signature.generics {
            let place = argument_with(generic, signature, &passed).unwrap_or(site);
            self.check_generic(generic).map_err(|message| self.fail_in_caller(place, message))?;
        }
        let mut failed = false;
        for (param, passed) in signature.params.iter().zip(passed) {
            let place = passed.place;
            let value = match self.fit(&param.ty, passed.value) {
                Ok(value) => value,
                Err(message) => {
                    failed = true;
                    message
                        .map(|message| self.fail_in_caller(place, messages::wrong_argument(&param.pattern, message)));
                    Value::Poison
                }
            };
            self.bind_param(param, value)?;
        }
        if failed { Err(Stop::Failed) } else { Ok(()) }
    }

    fn fail_in_caller(&mut self, place: Place, message: Message) -> Stop<'g> {
        let frame = self.frames.pop();
        let stop = self.fail_at(place, message);
        self.frames.extend(frame);
        stop
    }

    /// Binds a parameter's pattern; one that is changed in place is a variable.
    pub fn bind_param(&mut self, param: &Param, value: Value<'g>) -> Eval<'g, ()> {
        self.bind_pattern(&param.pattern, value, &param.pattern)?;
        if param.access == Access::InPlace
            && let Some(binding) = self.frame().bindings.last_mut()
        {
            binding.in_place = true;
        }
        Ok(())
    }

    /// Whether a generic parameter is known, and within its bounds.
    fn check_generic(&mut self, generic: &Generic) -> Result<(), Message> {
        let name = name_of(&generic.ident);
        let value = self.frame().find(&name).map_or(Value::Poison, |binding| binding.value.clone());
        match (&generic.kind, &value) {
            (_, Value::Poison) => Ok(()),
            (_, Value::Unbound) => Err(messages::cannot_infer(&name)),
            (GenericKind::Const, Value::Dim(dim)) => Err(messages::const_from_dim(&name, dim)),
            (GenericKind::Const, _) => Ok(()),
            (GenericKind::Dim(bounds), value) => {
                let Some(size) = value.as_dim() else { return Err(messages::expected_size(&value.describe())) };
                let Ok((min, max)) = self.dim_bounds(bounds) else { return Ok(()) };
                match size.lower() >= min && size.upper() <= max {
                    true => Ok(()),
                    false => Err(messages::dim_out_of_bounds(&name, &size, min, max)),
                }
            }
        }
    }

    /// The value of a function's body in the innermost frame, checked against the declared result.
    pub fn body(&mut self, at: usize, signature: &Signature) -> Eval<'g> {
        let Some(body) = &self.code.block.functions[at].body else { return Err(Stop::Failed) };
        let value = match self.block(body) {
            Err(Stop::Return(value)) => value,
            other => other?,
        };
        self.fit(&signature.output, value.clone()).map_err(|message| {
            let Some(message) = message else { return Stop::Failed };
            let message = messages::wrong_result(&self.function_name(at), message);
            match body.stmts.last() {
                Some(syn::Stmt::Expr(tail, None)) => self.fail(tail, message),
                _ => self.fail_at(signature.output_place, message),
            }
        })
    }

    /// The last value of a parameter that is changed in place.
    pub fn final_value(&mut self, pattern: &Pat) -> Option<Value<'g>> {
        let Pat::Ident(ident) = pattern else { return None };
        let name = name_of(&ident.ident);
        self.frame().bindings.iter().find(|b| b.name == name && b.in_place).map(|b| b.value.clone())
    }

    /// Smallest and largest value of a run-time dimension with the bounds as written: `<MAX>` or `<MIN, MAX>`.
    pub fn dim_bounds(&mut self, bounds: &[Expr]) -> Eval<'g, (i64, i64)> {
        let (min, max) = match bounds {
            [] => (1, DEFAULT_MAX),
            [max] => (1, self.integer(max)?),
            [min, max] => (self.integer(min)?, self.integer(max)?),
            [.., last] => return Err(self.fail(last, messages::dim_bound_count())),
        };
        match (bounds.last(), 1 <= min && min <= max && max <= LARGEST_MAX) {
            (Some(at), false) => Err(self.fail(at, messages::dim_bounds(min, max, LARGEST_MAX))),
            _ => Ok((min, max)),
        }
    }
}

/// The argument that says what a generic parameter is: the first that has it as a size.
fn argument_with(generic: &Generic, signature: &Signature, passed: &[Passed]) -> Option<Place> {
    let is_it = |dim: &Expr| matches!(dim, Expr::Path(path) if path.path.is_ident(&generic.ident));
    let has_it = |param: &Param| matches!(&param.ty, Ty::Tensor { dims, .. } if dims.iter().any(is_it));
    let at = signature.params.iter().position(has_it)?;
    passed.get(at).map(|passed| passed.place)
}

/// Largest value of a run-time dimension without bounds: a matrix of two such dimensions can still be addressed.
pub const DEFAULT_MAX: i64 = 1 << 22;

/// Largest value a bound may have.
pub const LARGEST_MAX: i64 = 1 << 40;

/// What someone who called a method `name` of a tensor may have meant.
pub(super) fn tensor_hint(name: &str) -> Option<String> {
    let foreign = tg_core::tensor::suggest(name).map(str::to_owned);
    foreign.or_else(|| closest(name, tg_core::tensor::methods().map(|method| method.name)))
}
