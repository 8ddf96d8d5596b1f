//! Operators and `as`: on numbers at once, on tensors through their methods, on structs field by field.

use syn::{BinOp, Expr, UnOp};
use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::ir::Graph;
use tg_core::tensor::find;

use crate::diagnostic::Message;
use crate::evaluate::{Eval, Evaluator, Stop, Value};
use crate::messages;

/// An operator on two values, and the tensor method that does the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

use Operator::*;

impl Operator {
    /// The operator of an expression, without the assignment in `+=`; `None` for `&&` and `||`.
    pub(super) fn of(op: &BinOp) -> Option<Operator> {
        Some(match op {
            BinOp::Add(_) | BinOp::AddAssign(_) => Add,
            BinOp::Sub(_) | BinOp::SubAssign(_) => Sub,
            BinOp::Mul(_) | BinOp::MulAssign(_) => Mul,
            BinOp::Div(_) | BinOp::DivAssign(_) => Div,
            BinOp::Rem(_) | BinOp::RemAssign(_) => Rem,
            BinOp::BitAnd(_) | BinOp::BitAndAssign(_) => And,
            BinOp::BitOr(_) | BinOp::BitOrAssign(_) => Or,
            BinOp::BitXor(_) | BinOp::BitXorAssign(_) => Xor,
            BinOp::Shl(_) | BinOp::ShlAssign(_) => Shl,
            BinOp::Shr(_) | BinOp::ShrAssign(_) => Shr,
            BinOp::Eq(_) => Eq,
            BinOp::Ne(_) => Ne,
            BinOp::Lt(_) => Lt,
            BinOp::Le(_) => Le,
            BinOp::Gt(_) => Gt,
            BinOp::Ge(_) => Ge,
            _ => return None,
        })
    }

    fn symbol(self) -> &'static str {
        match self {
            Add => "+",
            Sub => "-",
            Mul => "*",
            Div => "/",
            Rem => "%",
            And => "&",
            Or => "|",
            Xor => "^",
            Shl => "<<",
            Shr => ">>",
            Eq => "==",
            Ne => "!=",
            Lt => "<",
            Le => "<=",
            Gt => ">",
            Ge => ">=",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Add => "add",
            Sub => "sub",
            Mul => "mul",
            Div => "div",
            Rem => "rem",
            And => "bit_and",
            Or => "bit_or",
            Xor => "bit_xor",
            Shl => "shl",
            Shr => "shr",
            Eq => "eq",
            Ne => "ne",
            Lt => "lt",
            Le => "le",
            Gt => "gt",
            Ge => "ge",
        }
    }
}

/// `a op b`; poison in, poison out.
pub(super) fn apply<'g>(graph: &'g Graph, op: Operator, a: &Value<'g>, b: &Value<'g>) -> Result<Value<'g>, Message> {
    match (a, b) {
        (Value::Poison, _) | (_, Value::Poison) => Ok(Value::Poison),
        (Value::Int(a), Value::Int(b)) => integers(op, *a, *b),
        (Value::Float(a), Value::Float(b)) => floats(op, *a, *b),
        (Value::Bool(a), Value::Bool(b)) => bools(op, *a, *b),
        (Value::Tensor(_), other) | (other, Value::Tensor(_)) if other.parts().is_none() => tensors(graph, op, a, b),
        (Value::Dim(_), Value::Int(_) | Value::Dim(_)) | (Value::Int(_), Value::Dim(_)) => sizes(op, a, b),
        _ if a.parts().is_some() || b.parts().is_some() => structures(graph, op, a, b),
        _ => Err(mismatch(op, a, b)),
    }
}

fn mismatch(op: Operator, a: &Value, b: &Value) -> Message {
    messages::operands(op.symbol(), &a.describe(), &b.describe())
}

fn tensors<'g>(graph: &'g Graph, op: Operator, a: &Value<'g>, b: &Value<'g>) -> Result<Value<'g>, Message> {
    let arguments = [a, b].map(Value::to_argument);
    let ([Some(x), Some(y)], Some(method)) = (arguments, find(op.method())) else { return Err(mismatch(op, a, b)) };
    (method.call)(graph, &[x, y]).map(Value::from).map_err(|error| messages::operator(op.symbol(), &error))
}

/// On structs, tuples and arrays: part by part; a number or tensor on one side meets every part of the other. Buffers
/// stay those of the left one.
fn structures<'g>(graph: &'g Graph, op: Operator, a: &Value<'g>, b: &Value<'g>) -> Result<Value<'g>, Message> {
    match (a.parts(), b.parts()) {
        (Some(left), Some(right)) if same_kind(a, b) && left.len() == right.len() => {
            a.map_parts(left, |at, x| apply(graph, op, x, right[at]))
        }
        (Some(left), None) => a.map_parts(left, |_, x| apply(graph, op, x, b)),
        (None, Some(right)) => b.map_parts(right, |_, y| apply(graph, op, a, y)),
        _ => Err(mismatch(op, a, b)),
    }
}

fn same_kind(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Struct(a), Value::Struct(b)) => a.index == b.index,
        (Value::Tuple(_), Value::Tuple(_)) | (Value::Array(_), Value::Array(_)) => true,
        _ => false,
    }
}

fn integers<'g>(op: Operator, a: i64, b: i64) -> Result<Value<'g>, Message> {
    let checked = match op {
        Add => a.checked_add(b),
        Sub => a.checked_sub(b),
        Mul => a.checked_mul(b),
        Div => a.checked_div(b),
        Rem => a.checked_rem(b),
        And => Some(a & b),
        Or => Some(a | b),
        Xor => Some(a ^ b),
        Shl => u32::try_from(b).ok().and_then(|b| a.checked_shl(b)),
        Shr => u32::try_from(b).ok().and_then(|b| a.checked_shr(b)),
        Eq | Ne | Lt | Le | Gt | Ge => return Ok(Value::Bool(compare(op, a, b))),
    };
    checked.map(Value::Int).ok_or_else(|| messages::integer_arithmetic(a, op.symbol(), b))
}

fn compare<T: PartialOrd>(op: Operator, a: T, b: T) -> bool {
    match op {
        Eq => a == b,
        Lt => a < b,
        Le => a <= b,
        Gt => a > b,
        Ge => a >= b,
        _ => a != b,
    }
}

fn floats<'g>(op: Operator, a: f64, b: f64) -> Result<Value<'g>, Message> {
    Ok(Value::Float(match op {
        Add => a + b,
        Sub => a - b,
        Mul => a * b,
        Div => a / b,
        Rem => a % b,
        Eq | Ne | Lt | Le | Gt | Ge => return Ok(Value::Bool(compare(op, a, b))),
        _ => return Err(mismatch(op, &Value::Float(a), &Value::Float(b))),
    }))
}

fn bools<'g>(op: Operator, a: bool, b: bool) -> Result<Value<'g>, Message> {
    Ok(Value::Bool(match op {
        And => a & b,
        Or => a | b,
        Xor | Ne => a ^ b,
        Eq => a == b,
        _ => return Err(mismatch(op, &Value::Bool(a), &Value::Bool(b))),
    }))
}

/// On sizes: polynomials, and comparisons that hold for every value within the bounds.
fn sizes<'g>(op: Operator, a: &Value<'g>, b: &Value<'g>) -> Result<Value<'g>, Message> {
    let (Some(x), Some(y)) = (a.as_dim(), b.as_dim()) else { return Err(mismatch(op, a, b)) };
    let undecided = || messages::undecided(&x, op.symbol(), &y);
    Ok(match op {
        Add => Value::size(&x + &y),
        Sub => Value::size(&x - &y),
        Mul => Value::size(&x * &y),
        Div => Value::size(x.div_exact(&y).ok_or_else(|| messages::inexact_division(&x, &y))?),
        Rem if x.div_exact(&y).is_some() => Value::Int(0),
        Eq | Ne | Lt | Le | Gt | Ge => Value::Bool(decide(op, &x, &y).ok_or_else(undecided)?),
        _ => return Err(mismatch(op, a, b)),
    })
}

/// Whether a comparison holds whatever the run-time dimensions are; `None` if that depends on them.
fn decide(op: Operator, x: &Dim, y: &Dim) -> Option<bool> {
    let (low, high) = (x - y).bounds();
    match op {
        Lt if high < 0 => Some(true),
        Lt if low >= 0 => Some(false),
        Le if high <= 0 => Some(true),
        Le if low > 0 => Some(false),
        Gt => decide(Lt, y, x),
        Ge => decide(Le, y, x),
        Eq if x == y => Some(true),
        Eq if high < 0 || low > 0 => Some(false),
        Ne => decide(Eq, x, y).map(|equal| !equal),
        _ => None,
    }
}

impl<'g> Evaluator<'_, 'g> {
    pub(super) fn binary(&mut self, expr: &syn::ExprBinary) -> Eval<'g> {
        let Some(op) = Operator::of(&expr.op) else { return self.short_circuit(expr) };
        if is_assignment(&expr.op) {
            return self.compound_assign(expr, op);
        }
        let (a, b) = (self.eval(&expr.left)?, self.eval(&expr.right)?);
        apply(self.graph, op, &a, &b).map_err(|message| self.fail(expr, message))
    }

    /// `&&` and `||`, which need to know their left side.
    fn short_circuit(&mut self, expr: &syn::ExprBinary) -> Eval<'g> {
        let is_and = matches!(expr.op, BinOp::And(_));
        let mut side = |expr: &Expr| match self.eval(expr)? {
            Value::Bool(v) => Ok(v),
            Value::Poison => Err(Stop::Failed),
            other => Err(self.fail(expr, messages::lazy_operand(is_and, &other.describe()))),
        };
        match side(&expr.left)? {
            left if left != is_and => Ok(Value::Bool(left)),
            _ => side(&expr.right).map(Value::Bool),
        }
    }

    pub(super) fn unary(&mut self, expr: &syn::ExprUnary) -> Eval<'g> {
        let value = self.eval(&expr.expr)?;
        let outcome = match expr.op {
            UnOp::Neg(_) => self.negate(&value),
            UnOp::Not(_) => self.invert(&value),
            _ => return Ok(value),
        };
        outcome.map_err(|message| self.fail(expr, message))
    }

    fn negate(&self, value: &Value<'g>) -> Result<Value<'g>, Message> {
        Ok(match value {
            Value::Poison => Value::Poison,
            Value::Int(v) => Value::Int(v.checked_neg().ok_or_else(|| messages::integer_arithmetic(0, "-", *v))?),
            Value::Float(v) => Value::Float(-v),
            Value::Dim(dim) => Value::Dim(-dim),
            Value::Tensor(_) => self.method_on("neg", value, "-")?,
            _ => match value.parts() {
                Some(parts) => value.map_parts(parts, |_, part| self.negate(part))?,
                None => return Err(messages::operand("-", &value.describe())),
            },
        })
    }

    fn invert(&self, value: &Value<'g>) -> Result<Value<'g>, Message> {
        match value {
            Value::Poison => Ok(Value::Poison),
            Value::Bool(v) => Ok(Value::Bool(!v)),
            Value::Int(v) => Ok(Value::Int(!v)),
            Value::Tensor(x) if x.dtype().is_bool() => self.method_on("logical_not", value, "!"),
            Value::Tensor(_) => self.method_on("bit_not", value, "!"),
            _ => Err(messages::operand("!", &value.describe())),
        }
    }

    /// A method of one tensor that an operator stands for.
    fn method_on(&self, name: &str, value: &Value<'g>, symbol: &str) -> Result<Value<'g>, Message> {
        match (find(name), value.to_argument()) {
            (Some(method), Some(argument)) => (method.call)(self.graph, &[argument])
                .map(Value::from)
                .map_err(|error| messages::operator(symbol, &error)),
            _ => Err(messages::operand(symbol, &value.describe())),
        }
    }

    /// `x as f32`: between numbers. Tensors have `cast`.
    pub(super) fn cast(&mut self, expr: &syn::ExprCast) -> Eval<'g> {
        let value = self.eval(&expr.expr)?;
        let ty = &expr.ty;
        let target = quote::quote!(#ty).to_string();
        let dtype = match &*target {
            "usize" | "isize" => Some(DType::I64),
            _ => crate::types::dtype_named(&target),
        };
        let Some(dtype) = dtype else { return Err(self.fail(ty, messages::cast_target(&target))) };
        match (&value, dtype.is_float()) {
            (Value::Poison, _) => Err(Stop::Failed),
            (Value::Int(v), true) => Ok(Value::Float(*v as f64)),
            (Value::Float(v), true) => Ok(Value::Float(*v)),
            (Value::Float(v), false) => Ok(Value::Int(*v as i64)),
            (Value::Int(_) | Value::Dim(_), false) => Ok(value),
            (Value::Bool(v), false) => Ok(Value::Int(*v as i64)),
            (Value::Dim(dim), true) => Ok(Value::Tensor(self.graph.dim(dim).cast(dtype))),
            (Value::Tensor(_), _) => Err(self.fail(expr, messages::cast_tensor(&target))),
            _ => Err(self.fail(expr, messages::operand("as", &value.describe()))),
        }
    }
}

fn is_assignment(op: &BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | BitXorAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}
