//! Whether a value is of a declared type; finds what the generic parameters in the type stand for.

use syn::Expr;
use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::ir::Uop;

use crate::diagnostic::{Message, name_of};
use crate::evaluate::{Evaluator, Value};
use crate::messages;
use crate::types::Ty;

/// The fitting value, or the error; `None` if the error has been reported, or was one of the value.
pub(super) type Fit<'g> = Result<Value<'g>, Option<Message>>;

impl<'g> Evaluator<'_, 'g> {
    /// `value` as one of type `ty`. Names in the type are those of the innermost call.
    pub(super) fn fit(&mut self, ty: &Ty, value: Value<'g>) -> Fit<'g> {
        self.unify(ty, &value);
        match (ty, value) {
            (_, Value::Poison) => Err(None),
            (Ty::Any, value) => Ok(value),
            (Ty::Tensor { dtype, dims }, value) => self.fit_tensor(*dtype, dims, value),
            (Ty::Scalar(dtype), value) => fit_scalar(*dtype, value),
            (Ty::Size, value @ (Value::Int(_) | Value::Dim(_))) => Ok(value),
            (Ty::Size, value) => Err(Some(messages::expected_type("usize", &value.describe()))),
            (Ty::Function, value @ (Value::Closure(_) | Value::Function(_))) => Ok(value),
            (Ty::Function, value) => Err(Some(messages::expected_type("a closure", &value.describe()))),
            (Ty::Tuple(types), Value::Tuple(parts)) if types.len() == parts.len() => {
                let parts = types.iter().zip(parts).map(|(ty, part)| self.fit(ty, part));
                parts.collect::<Result<_, _>>().map(Value::Tuple)
            }
            (Ty::Array(element, length), Value::Array(parts)) => self.fit_array(element, length, parts),
            (Ty::Optional(_), Value::Nothing) => Ok(Value::Nothing),
            (Ty::Optional(ty), value) => self.fit(ty, value),
            (Ty::Struct { index, args }, value) => self.fit_struct(*index, args, value),
            (ty, value) => Err(Some(messages::expected_type(&self.describe_type(ty), &value.describe()))),
        }
    }

    /// Whether a tensor has as many axes as the type says: else sizes of the type cannot be found in it.
    pub(super) fn check_rank(&mut self, ty: &Ty, value: &Value<'g>) -> Result<(), Message> {
        match (ty, value) {
            (Ty::Tensor { dims, .. }, Value::Tensor(x)) if dims.len() != x.shape().len() => {
                Err(messages::rank_mismatch(&self.describe_type(ty), dims.len(), *x))
            }
            _ => Ok(()),
        }
    }

    fn fit_tensor(&mut self, dtype: DType, dims: &[Expr], value: Value<'g>) -> Fit<'g> {
        let shape = dims.iter().map(|dim| self.tensor_size(dim)).collect::<Result<Vec<_>, _>>()?;
        let tensor = match &value {
            Value::Tensor(x) => Some(*x),
            number if shape.is_empty() => number.to_tensor(self.graph, dtype),
            _ => None,
        };
        match tensor {
            Some(x) if x.dtype() == dtype && x.shape() == shape => Ok(Value::Tensor(x)),
            Some(x) => Err(Some(messages::tensor_mismatch(dtype, &shape, x))),
            None => Err(Some(messages::expected_type(&messages::tensor_type(dtype, &shape), &value.describe()))),
        }
    }

    /// A size in a tensor type: at least 1.
    pub fn tensor_size(&mut self, dim: &Expr) -> Result<Dim, Option<Message>> {
        let size = self.size(dim).map_err(|_| None)?;
        if size.lower() < 1 {
            self.fail(dim, messages::size_below_one(&size));
            return Err(None);
        }
        Ok(size)
    }

    fn fit_array(&mut self, element: &Ty, length: &Expr, parts: Vec<Value<'g>>) -> Fit<'g> {
        let wanted = self.size(length).map_err(|_| None)?;
        if !wanted.is(parts.len() as i64) {
            return Err(Some(messages::array_mismatch(&wanted, parts.len())));
        }
        let parts: Result<_, _> = parts.into_iter().map(|part| self.fit(element, part)).collect();
        parts.map(Value::Array)
    }

    fn fit_struct(&mut self, index: usize, args: &[Expr], value: Value<'g>) -> Fit<'g> {
        let name = self.code.struct_name(index);
        let Value::Struct(value) = value else {
            return Err(Some(messages::expected_type(&name, &value.describe())));
        };
        if value.index != index {
            return Err(Some(messages::expected_type(&name, &format!("a `{}`", value.name))));
        }
        let generics = &self.code.block.structs[index].generics;
        for ((arg, own), generic) in args.iter().zip(&value.args).zip(generics) {
            let wanted = self.size(arg).map_err(|_| None)?;
            if own.as_dim() != Some(wanted.clone()) {
                return Err(Some(messages::struct_argument(&name, &generic.ident, &wanted, &own.show())));
            }
        }
        Ok(Value::Struct(value))
    }

    /// Binds the generic parameters that stand alone in `ty` to what `value` has in their place.
    pub(super) fn unify(&mut self, ty: &Ty, value: &Value<'g>) {
        match (ty, value) {
            (Ty::Tensor { dims, .. }, Value::Tensor(x)) if dims.len() == x.shape().len() => {
                for (dim, size) in dims.iter().zip(x.shape()) {
                    self.infer(dim, Value::size(size.clone()));
                }
            }
            (Ty::Struct { index, args }, Value::Struct(value)) if value.index == *index => {
                for (arg, own) in args.iter().zip(&value.args) {
                    self.infer(arg, own.clone());
                }
            }
            (Ty::Optional(ty), value) => self.unify(ty, value),
            (Ty::Tuple(types), Value::Tuple(parts)) if types.len() == parts.len() => {
                types.iter().zip(parts).for_each(|(ty, part)| self.unify(ty, part));
            }
            (Ty::Array(element, length), Value::Array(parts)) => {
                self.infer(length, Value::Int(parts.len() as i64));
                parts.iter().for_each(|part| self.unify(element, part));
            }
            _ => {}
        }
    }

    /// Takes `value` for a parameter that is not known yet.
    pub(super) fn infer(&mut self, expr: &Expr, value: Value<'g>) {
        let Expr::Path(path) = expr else { return };
        let Some(ident) = path.path.get_ident() else { return };
        match self.frame().find_mut(&name_of(ident)) {
            Some(binding) if matches!(binding.value, Value::Unbound) => binding.value = value,
            _ => {}
        }
    }

    /// A type in the user's words, its sizes as far as they are known.
    pub fn describe_type(&mut self, ty: &Ty) -> String {
        match ty {
            Ty::Tensor { dtype, dims } => {
                let text = |dim: &Expr| quote::quote!(#dim).to_string();
                messages::tensor_type_text(*dtype, &dims.iter().map(text).collect::<Vec<_>>())
            }
            Ty::Scalar(dtype) => dtype.to_string(),
            Ty::Size => "usize".into(),
            Ty::Struct { index, .. } => self.code.struct_name(*index),
            Ty::Tuple(types) => {
                let types: Vec<String> = types.iter().map(|ty| self.describe_type(ty)).collect();
                format!("({})", types.join(", "))
            }
            Ty::Array(element, length) => {
                format!("[{}; {}]", self.describe_type(element), quote::quote!(#length))
            }
            Ty::Optional(ty) => format!("Option<{}>", self.describe_type(ty)),
            Ty::Function => "a closure".into(),
            Ty::Any => "_".into(),
        }
    }
}

/// A number at compile time or a tensor of shape ().
fn fit_scalar<'g>(dtype: DType, value: Value<'g>) -> Fit<'g> {
    let fits = match &value {
        Value::Tensor(x) => scalar_of(*x, dtype),
        Value::Int(v) => dtype.int_range().is_some_and(|(low, high)| (low..=high).contains(&i128::from(*v))),
        Value::Float(_) => dtype.is_float(),
        Value::Bool(_) => dtype.is_bool(),
        Value::Dim(_) => dtype == DType::I64,
        _ => false,
    };
    match &value {
        _ if fits && !matches!(value, Value::Int(_) if dtype.is_bool()) => Ok(value),
        Value::Tensor(x) => Err(Some(messages::tensor_mismatch(dtype, &[], *x))),
        Value::Int(v) if dtype.is_float() => Err(Some(messages::integer_for_float(*v, dtype))),
        _ => Err(Some(messages::expected_type(&dtype.to_string(), &value.describe()))),
    }
}

fn scalar_of(x: Uop, dtype: DType) -> bool {
    x.dtype() == dtype && x.shape().is_empty()
}
