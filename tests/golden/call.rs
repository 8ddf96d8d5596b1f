//! The calls of golden tables, read by a small evaluator over Rust's syntax: numbers, lists, operators and methods found by name.
//! The full language is the business of the macro. What a call computes is for a [`Door`] to say.

use syn::{BinOp, Expr, ExprUnary, GenericArgument, Lit, UnOp};

/// A value that is no tensor.
pub enum Plain {
    Int(i64),
    Float(f64),
    Bool(bool),
    /// An element type, by its name.
    DType(String),
    /// An argument that is left out.
    None,
}

/// A way to call tensor methods.
pub trait Door {
    /// What methods take and give.
    type Value;

    /// The tensor called `name`.
    fn tensor(&self, name: &str) -> Option<Self::Value>;

    fn plain(&self, value: Plain) -> Result<Self::Value, String>;

    fn list(&self, items: Vec<Self::Value>) -> Self::Value;

    /// What `method` gives.
    fn call(&self, method: &str, arguments: &[Self::Value]) -> Result<Self::Value, String>;
}

/// What the call `code` gives.
///
/// # Errors
/// Words about the call.
pub fn called<D: Door>(door: &D, code: &str) -> Result<D::Value, String> {
    value(door, &syn::parse_str(code).map_err(|error| error.to_string())?)
}

fn value<D: Door>(door: &D, expr: &Expr) -> Result<D::Value, String> {
    let go = |expr: &Expr| value(door, expr);
    match expr {
        Expr::Paren(inner) => go(&inner.expr),
        Expr::Lit(lit) => door.plain(literal(&lit.lit)?),
        Expr::Path(path) => match path.path.get_ident().map(ToString::to_string) {
            Some(name) if name == "None" => door.plain(Plain::None),
            name => name.and_then(|name| door.tensor(&name)).ok_or_else(|| "unknown name".to_string()),
        },
        Expr::Array(list) => Ok(door.list(list.elems.iter().map(go).collect::<Result<_, _>>()?)),
        Expr::Tuple(list) => Ok(door.list(list.elems.iter().map(go).collect::<Result<_, _>>()?)),
        Expr::Unary(unary) => negated(door, unary),
        Expr::Binary(binary) => door.call(operator(&binary.op)?, &[go(&binary.left)?, go(&binary.right)?]),
        Expr::MethodCall(call) => {
            let types = call.turbofish.iter().flat_map(|t| &t.args).map(|dtype| door.plain(element_type(dtype)?));
            let arguments = std::iter::once(go(&call.receiver)).chain(types).chain(call.args.iter().map(go));
            door.call(&call.method.to_string(), &arguments.collect::<Result<Vec<_>, _>>()?)
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let name = path.path.require_ident().map_err(|error| error.to_string())?.to_string();
                door.call(&name, &call.args.iter().map(go).collect::<Result<Vec<_>, _>>()?)
            }
            _ => Err("only functions known by name can be called".to_string()),
        },
        _ => Err("unknown syntax".to_string()),
    }
}

/// `-` and `!`; a number with a sign is a number.
fn negated<D: Door>(door: &D, unary: &ExprUnary) -> Result<D::Value, String> {
    let number = match (&unary.op, &*unary.expr) {
        (UnOp::Neg(_), Expr::Lit(lit)) => literal(&lit.lit).ok(),
        _ => None,
    };
    match (&unary.op, number) {
        (_, Some(Plain::Int(v))) => door.plain(Plain::Int(-v)),
        (_, Some(Plain::Float(v))) => door.plain(Plain::Float(-v)),
        (UnOp::Neg(_), _) => door.call("neg", &[value(door, &unary.expr)?]),
        _ => door.call("bit_not", &[value(door, &unary.expr)?]),
    }
}

fn literal(lit: &Lit) -> Result<Plain, String> {
    match lit {
        Lit::Int(v) => v.base10_parse().map(Plain::Int).map_err(|error| error.to_string()),
        Lit::Float(v) => v.base10_parse().map(Plain::Float).map_err(|error| error.to_string()),
        Lit::Bool(v) => Ok(Plain::Bool(v.value)),
        _ => Err("unknown literal".to_string()),
    }
}

fn element_type(argument: &GenericArgument) -> Result<Plain, String> {
    match argument {
        GenericArgument::Type(syn::Type::Path(path)) => {
            let name = path.path.require_ident().map_err(|error| error.to_string())?;
            Ok(Plain::DType(name.to_string()))
        }
        _ => Err("expected a dtype".to_string()),
    }
}

fn operator(op: &BinOp) -> Result<&'static str, String> {
    Ok(match op {
        BinOp::Add(_) => "add",
        BinOp::Sub(_) => "sub",
        BinOp::Mul(_) => "mul",
        BinOp::Div(_) => "div",
        BinOp::Rem(_) => "rem",
        BinOp::BitAnd(_) => "bit_and",
        BinOp::BitOr(_) => "bit_or",
        BinOp::BitXor(_) => "bit_xor",
        BinOp::Shl(_) => "shl",
        BinOp::Shr(_) => "shr",
        _ => return Err("unknown operator".to_string()),
    })
}
