//! `if`, `match`, `for`, `return`: decided at compile time.

use syn::Expr;

use crate::evaluate::{Eval, Evaluator, MAX_ITERATIONS, Stop, Value};
use crate::messages;

impl<'g> Evaluator<'_, 'g> {
    /// A condition that is known at compile time.
    pub(super) fn condition(&mut self, expr: &Expr) -> Eval<'g, bool> {
        if let Expr::Let(_) = expr {
            return Err(self.fail(expr, messages::conditional_let("`if let`")));
        }
        match self.eval(expr)? {
            Value::Bool(v) => Ok(v),
            Value::Poison => Err(Stop::Failed),
            Value::Tensor(x) => Err(self.fail(expr, messages::tensor_condition(x))),
            other => Err(self.fail(expr, messages::condition(&other.describe()))),
        }
    }

    pub(super) fn if_else(&mut self, expr: &syn::ExprIf) -> Eval<'g> {
        match (self.condition(&expr.cond)?, &expr.else_branch) {
            (true, _) => self.block(&expr.then_branch),
            (false, Some((_, otherwise))) => self.eval(otherwise),
            (false, None) => Ok(Value::unit()),
        }
    }

    pub(super) fn match_on(&mut self, expr: &syn::ExprMatch) -> Eval<'g> {
        let value = self.eval(&expr.expr)?;
        match value {
            Value::Poison => return Err(Stop::Failed),
            Value::Tensor(x) => return Err(self.fail(&expr.expr, messages::tensor_condition(x))),
            _ => {}
        }
        for arm in &expr.arms {
            if !self.matches(&arm.pat, &value)? {
                continue;
            }
            let outer = self.frame().bindings.len();
            if let syn::Pat::Ident(_) | syn::Pat::Tuple(_) = &arm.pat {
                self.bind_pattern(&arm.pat, value.clone(), &expr.expr)?;
            }
            let chosen = match &arm.guard {
                Some((_, guard)) => self.condition(guard),
                None => Ok(true),
            };
            let result = match chosen {
                Ok(true) => Some(self.eval(&arm.body)),
                Ok(false) => None,
                Err(stop) => Some(Err(stop)),
            };
            self.frame().bindings.truncate(outer);
            if let Some(result) = result {
                return result;
            }
        }
        Err(self.fail(&expr.expr, messages::no_arm(&value.describe())))
    }

    pub(super) fn for_loop(&mut self, expr: &syn::ExprForLoop) -> Eval<'g> {
        let range = self.eval(&expr.expr)?;
        let items = self.items(range, &*expr.expr)?;
        for item in items {
            if self.spend().is_none() {
                return Err(self.fail(&expr.expr, messages::iteration_limit(MAX_ITERATIONS)));
            }
            let outer = self.frame().bindings.len();
            let errors = self.errors.count();
            self.frame().loops += 1;
            let outcome = self.bind_pattern(&expr.pat, item, &expr.expr).and_then(|()| self.block(&expr.body));
            self.frame().loops -= 1;
            self.frame().bindings.truncate(outer);
            match outcome {
                Ok(_) | Err(Stop::Continue) => {}
                Err(Stop::Break) => break,
                Err(stop) => return Err(stop),
            }
            if self.errors.count() > errors {
                return Err(Stop::Failed);
            }
        }
        Ok(Value::unit())
    }

    /// The values a loop runs over.
    pub(super) fn items(&mut self, value: Value<'g>, at: &impl quote::ToTokens) -> Eval<'g, Vec<Value<'g>>> {
        match value {
            Value::Array(items) => Ok(items),
            Value::Range(Some(start), Some(stop)) => match (*start, *stop) {
                (Value::Int(start), Value::Int(stop)) if stop.saturating_sub(start) <= MAX_ITERATIONS as i64 => {
                    Ok((start..stop).map(Value::Int).collect())
                }
                (Value::Int(_), Value::Int(_)) => Err(self.fail(at, messages::iteration_limit(MAX_ITERATIONS))),
                (start, stop) => Err(self.fail(at, messages::runtime_range(&start.describe(), &stop.describe()))),
            },
            Value::Poison => Err(Stop::Failed),
            other => Err(self.fail(at, messages::not_iterable(&other.describe()))),
        }
    }

    /// `break` or `continue`, of a loop in the same function or closure.
    pub(super) fn jump(&mut self, expr: &Expr, stop: Stop<'g>) -> Eval<'g> {
        match (self.frame().loops, &stop) {
            (1.., _) => Err(stop),
            (0, Stop::Break) => Err(self.fail(expr, messages::jump_outside("break"))),
            (0, _) => Err(self.fail(expr, messages::jump_outside("continue"))),
        }
    }

    pub(super) fn return_from(&mut self, expr: &syn::ExprReturn) -> Eval<'g> {
        let value = expr.expr.as_ref().map_or(Ok(Value::unit()), |value| self.eval(value))?;
        Err(Stop::Return(value))
    }
}
