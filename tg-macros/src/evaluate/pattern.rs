//! Patterns: what `let`, parameters, loops and closures bind.

use quote::ToTokens;
use syn::{Lit, Pat};

use crate::diagnostic::name_of;
use crate::evaluate::{Binding, Eval, Evaluator, Stop, Value};
use crate::messages;

impl<'g> Evaluator<'_, 'g> {
    /// Binds the variables of `pattern` to the parts of `value`, which comes from `from`.
    ///
    /// Poison, and what does not fit, binds every variable of the pattern to poison: using them is no second error.
    pub(super) fn bind_pattern(&mut self, pattern: &Pat, value: Value<'g>, from: &dyn ToTokens) -> Eval<'g, ()> {
        match pattern {
            Pat::Ident(ident) if ident.subpat.is_none() => {
                let (name, mutable) = (name_of(&ident.ident), ident.mutability.is_some());
                self.frame().bind(Binding { name, value, mutable, in_place: false });
                Ok(())
            }
            Pat::Wild(_) => Ok(()),
            Pat::Paren(inner) => self.bind_pattern(&inner.pat, value, from),
            Pat::Reference(inner) => self.bind_pattern(&inner.pat, value, from),
            Pat::Type(typed) => {
                let value = self.ascribed(&typed.ty, value, from);
                self.bind_pattern(&typed.pat, value, from)
            }
            Pat::Tuple(tuple) => self.bind_parts(pattern, tuple.elems.iter().collect(), value, from),
            Pat::Slice(slice) => self.bind_parts(pattern, slice.elems.iter().collect(), value, from),
            Pat::Struct(item) => self.bind_fields(item, value, from),
            _ => {
                self.bind_poison(pattern, from);
                Err(self.fail(pattern, messages::unsupported_pattern()))
            }
        }
    }

    fn ascribed(&mut self, ty: &syn::Type, value: Value<'g>, from: &dyn ToTokens) -> Value<'g> {
        let owner = self.frame().owner;
        let Some(ty) = self.code.resolve(ty, owner, self.errors) else { return Value::Poison };
        match self.fit(&ty, value) {
            Ok(value) => value,
            Err(Some(message)) => {
                self.fail(&from.to_token_stream(), message);
                Value::Poison
            }
            Err(None) => Value::Poison,
        }
    }

    fn bind_parts(&mut self, at: &Pat, patterns: Vec<&Pat>, value: Value<'g>, from: &dyn ToTokens) -> Eval<'g, ()> {
        let parts = match (&value, at) {
            (Value::Tuple(parts), Pat::Tuple(_)) | (Value::Array(parts), _) if parts.len() == patterns.len() => {
                parts.clone()
            }
            _ => {
                patterns.iter().for_each(|pattern| self.bind_poison(pattern, from));
                let silent = matches!(value, Value::Poison);
                return if silent {
                    Err(Stop::Failed)
                } else {
                    Err(self.fail(at, messages::pattern_mismatch(patterns.len(), &value.describe())))
                };
            }
        };
        patterns.into_iter().zip(parts).try_for_each(|(pattern, part)| self.bind_pattern(pattern, part, from))
    }

    fn bind_fields(&mut self, item: &syn::PatStruct, value: Value<'g>, from: &dyn ToTokens) -> Eval<'g, ()> {
        for field in &item.fields {
            let name = member_name(&field.member);
            let part = match &value {
                Value::Struct(value) => value.fields.iter().find(|(other, _)| *other == name).map(|(_, v)| v.clone()),
                _ => None,
            };
            let known = part.is_some() || matches!(value, Value::Poison);
            self.bind_pattern(&field.pat, part.unwrap_or(Value::Poison), from)?;
            if !known {
                return Err(self.fail(&field.member, messages::no_field(&name, &value.describe(), None)));
            }
        }
        Ok(())
    }

    /// Binds every variable of a pattern to poison.
    pub(super) fn bind_poison(&mut self, pattern: &Pat, from: &dyn ToTokens) {
        match pattern {
            Pat::Tuple(tuple) => tuple.elems.iter().for_each(|part| self.bind_poison(part, from)),
            Pat::Slice(slice) => slice.elems.iter().for_each(|part| self.bind_poison(part, from)),
            Pat::Ident(_) | Pat::Wild(_) | Pat::Type(_) | Pat::Paren(_) => {
                drop(self.bind_pattern(pattern, Value::Poison, from));
            }
            _ => {}
        }
    }

    /// Whether `value` matches a pattern of `match`: literals, ranges, alternatives, `_` or a name.
    pub(super) fn matches(&mut self, pattern: &Pat, value: &Value<'g>) -> Eval<'g, bool> {
        match pattern {
            Pat::Wild(_) | Pat::Ident(_) => Ok(true),
            Pat::Paren(inner) => self.matches(&inner.pat, value),
            Pat::Or(or) => {
                for case in &or.cases {
                    if self.matches(case, value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Pat::Lit(lit) => self.matches_literal(&lit.lit, pattern, value),
            Pat::Range(range) => self.matches_range(range, value),
            Pat::Path(path) => {
                let wanted = self.path(path)?;
                Ok(matches!((&wanted, value), (Value::Int(a), Value::Int(b)) if a == b)
                    || matches!((&wanted, value), (Value::Bool(a), Value::Bool(b)) if a == b))
            }
            Pat::Tuple(tuple) => match value {
                Value::Tuple(parts) if parts.len() == tuple.elems.len() => {
                    for (pattern, part) in tuple.elems.iter().zip(parts) {
                        if !self.matches(pattern, part)? {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                }
                _ => Err(self.fail(pattern, messages::pattern_mismatch(tuple.elems.len(), &value.describe()))),
            },
            _ => Err(self.fail(pattern, messages::unsupported_pattern())),
        }
    }

    fn matches_literal(&mut self, lit: &Lit, at: &Pat, value: &Value<'g>) -> Eval<'g, bool> {
        match (lit, value) {
            (Lit::Int(lit), Value::Int(v)) => Ok(lit.base10_parse::<i64>().is_ok_and(|lit| lit == *v)),
            (Lit::Bool(lit), Value::Bool(v)) => Ok(lit.value == *v),
            _ => Err(self.fail(at, messages::match_literal(&value.describe()))),
        }
    }

    fn matches_range(&mut self, range: &syn::PatRange, value: &Value<'g>) -> Eval<'g, bool> {
        let Value::Int(v) = *value else { return Err(self.fail(range, messages::match_literal(&value.describe()))) };
        let mut end = |expr: &Option<Box<syn::Expr>>| expr.as_ref().map(|expr| self.integer(expr)).transpose();
        let (start, stop) = (end(&range.start)?, end(&range.end)?);
        let closed = matches!(range.limits, syn::RangeLimits::Closed(_));
        let below = |stop: i64| if closed { v <= stop } else { v < stop };
        Ok(start.is_none_or(|start| start <= v) && stop.is_none_or(below))
    }
}

/// The name of a field: `w` or `0`.
pub(super) fn member_name(member: &syn::Member) -> String {
    match member {
        syn::Member::Named(ident) => name_of(ident),
        syn::Member::Unnamed(index) => index.index.to_string(),
    }
}
