//! Assignment: variables, fields and elements that can be changed.

use syn::{Expr, Member};

use crate::diagnostic::{Message, name_of};
use crate::evaluate::operator::{Operator, apply};
use crate::evaluate::pattern::member_name;
use crate::evaluate::{Binding, Eval, Evaluator, Stop, Value};
use crate::messages;

/// A step from a value to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field of a struct or tuple.
    Field(String),
    /// An element of an array.
    Element(i64),
}

/// Where a value is kept: a variable, and the way to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) variable: String,
    pub(super) steps: Vec<Step>,
}

impl Location {
    /// Whether the other location is this one, a part of it, or has it as a part.
    pub(super) fn overlaps(&self, other: &Location) -> bool {
        self.variable == other.variable && self.steps.iter().zip(&other.steps).all(|(a, b)| a == b)
    }
}

impl<'g> Evaluator<'_, 'g> {
    pub(super) fn assign(&mut self, expr: &syn::ExprAssign) -> Eval<'g> {
        let value = self.eval(&expr.right)?;
        self.assign_to(&expr.left, value, expr)?;
        Ok(Value::unit())
    }

    fn assign_to(&mut self, target: &Expr, value: Value<'g>, at: &syn::ExprAssign) -> Eval<'g, ()> {
        match target {
            Expr::Infer(_) => Ok(()),
            Expr::Paren(inner) => self.assign_to(&inner.expr, value, at),
            Expr::Tuple(targets) => match value {
                Value::Tuple(parts) if parts.len() == targets.elems.len() => {
                    targets.elems.iter().zip(parts).try_for_each(|(target, part)| self.assign_to(target, part, at))
                }
                Value::Poison => Err(Stop::Failed),
                other => Err(self.fail(target, messages::pattern_mismatch(targets.elems.len(), &other.describe()))),
            },
            _ => {
                let location = self.location(target)?;
                self.store(&location, value, at)
            }
        }
    }

    pub(super) fn compound_assign(&mut self, expr: &syn::ExprBinary, op: Operator) -> Eval<'g> {
        let right = self.eval(&expr.right)?;
        let location = self.location(&expr.left)?;
        let left = self.load(&location).unwrap_or(Value::Poison);
        let value = apply(self.graph, op, &left, &right).map_err(|message| self.fail(expr, message))?;
        self.store(&location, value, expr)?;
        Ok(Value::unit())
    }

    /// The place an expression names, if it can be assigned to.
    pub(super) fn location(&mut self, expr: &Expr) -> Eval<'g, Location> {
        match expr {
            Expr::Path(path) => match path.path.get_ident() {
                Some(ident) => self.variable(&name_of(ident), path),
                None => Err(self.fail(expr, messages::not_assignable())),
            },
            Expr::Paren(inner) => self.location(&inner.expr),
            Expr::Group(inner) => self.location(&inner.expr),
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => self.location(&unary.expr),
            Expr::Field(field) => self.step(&field.base, Step::Field(member_name(&field.member)), &field.member),
            Expr::Index(index) => {
                let at = self.integer(&index.index)?;
                let base = self.location(&index.expr)?;
                match self.load(&base) {
                    Some(Value::Tensor(_)) => Err(self.fail(expr, messages::tensor_element_assignment())),
                    Some(Value::Array(parts)) if at < 0 || at as usize >= parts.len() => {
                        Err(self.fail(&index.index, messages::array_index(at, parts.len())))
                    }
                    _ => self.step(&index.expr, Step::Element(at), &Member::Unnamed(0.into())),
                }
            }
            _ => Err(self.fail(expr, messages::not_assignable())),
        }
    }

    fn step(&mut self, base: &Expr, step: Step, at: &Member) -> Eval<'g, Location> {
        let mut location = self.location(base)?;
        let whole = self.load(&location).unwrap_or(Value::Poison);
        location.steps.push(step);
        match (self.load(&location), &whole) {
            (Some(_), _) => Ok(location),
            (None, Value::Poison) => Err(Stop::Failed),
            (None, _) => Err(self.fail(at, messages::no_field(&member_name(at), &whole.describe(), None))),
        }
    }

    fn variable(&mut self, name: &str, at: &syn::ExprPath) -> Eval<'g, Location> {
        match self.frame().find(name) {
            Some(binding) if binding.mutable || binding.in_place => {
                Ok(Location { variable: name.to_owned(), steps: Vec::new() })
            }
            Some(Binding { value: Value::Poison, .. }) => Err(Stop::Failed),
            Some(_) => Err(self.fail(at, messages::immutable(name))),
            None => {
                self.path(at)?;
                Err(self.fail(at, messages::immutable(name)))
            }
        }
    }

    /// The value kept at a location.
    pub(super) fn load(&mut self, location: &Location) -> Option<Value<'g>> {
        let mut value = &mut self.frame().find_mut(&location.variable)?.value;
        for step in &location.steps {
            value = part_mut(value, step)?;
        }
        Some(value.clone())
    }

    /// Replaces the value at a location. What is seen outside keeps its type.
    pub(super) fn store(&mut self, location: &Location, value: Value<'g>, at: &impl quote::ToTokens) -> Eval<'g, ()> {
        let old = self.load(location).unwrap_or(Value::Poison);
        let in_place = self.frame().find(&location.variable).is_some_and(|binding| binding.in_place);
        let value = match in_place || !location.steps.is_empty() {
            true => self.conform(&old, value).map_err(|message| self.fail(at, message))?,
            false => value,
        };
        self.replace(location, value).ok_or(Stop::Failed)
    }

    /// Replaces the value at a location, whatever it was; `None` if there is no such place.
    pub(super) fn replace(&mut self, location: &Location, value: Value<'g>) -> Option<()> {
        let mut slot = &mut self.frame().find_mut(&location.variable)?.value;
        for step in &location.steps {
            slot = part_mut(slot, step)?;
        }
        *slot = value;
        Some(())
    }

    /// `new` as a replacement of `old`: of the same dtypes and shapes.
    fn conform(&self, old: &Value<'g>, new: Value<'g>) -> Result<Value<'g>, Message> {
        let wrong = || messages::changed_type(&old.describe(), &new.describe());
        match (old, &new) {
            (Value::Poison, _) | (_, Value::Poison) => Ok(new),
            (Value::Tensor(a), Value::Tensor(b)) => {
                if a.dtype() == b.dtype() && a.shape() == b.shape() {
                    Ok(new)
                } else {
                    Err(wrong())
                }
            }
            (Value::Tensor(a), number) if a.shape().is_empty() => {
                number.to_tensor(self.graph, a.dtype()).map(Value::Tensor).ok_or_else(wrong)
            }
            _ => match (old.parts(), new.parts()) {
                (Some(olds), Some(news)) if olds.len() == news.len() => {
                    let parts = olds.into_iter().zip(news).map(|(old, new)| self.conform(old, new.clone()));
                    Ok(old.with_parts(parts.collect::<Result<_, _>>()?))
                }
                (None, None) if !matches!(old, Value::Tensor(_)) => Ok(new),
                _ => Err(wrong()),
            },
        }
    }
}

fn part_mut<'v, 'g>(value: &'v mut Value<'g>, step: &Step) -> Option<&'v mut Value<'g>> {
    match (value, step) {
        (Value::Struct(value), Step::Field(name)) => {
            value.fields.iter_mut().find(|(other, _)| other == name).map(|(_, field)| field)
        }
        (Value::Tuple(parts), Step::Field(name)) => parts.get_mut(name.parse::<usize>().ok()?),
        (Value::Array(parts), Step::Element(at)) => parts.get_mut(usize::try_from(*at).ok()?),
        _ => None,
    }
}
