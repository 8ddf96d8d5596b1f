//! The calls of golden tables as graphs. Shared by the tests of several crates, which have the tables as `golden`.

#[path = "../../../tests/golden/call.rs"]
mod call;

use call::{Door, Plain, called};

use super::golden::{Case, Data, Value};
use tg_core::compile::Function;
use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::interpret::Array;
use tg_core::ir::{Arg, Graph, Uop};
use tg_core::tensor::{Argument, find, grad, mul, sum};

/// The names that stand for tensors in a call.
type Scope<'g> = Vec<(String, Uop<'g>)>;

/// Calls that make nodes.
struct Nodes<'g, 'a> {
    graph: &'g Graph,
    scope: &'a Scope<'g>,
}

impl<'g> Door for Nodes<'g, '_> {
    type Value = Argument<'g>;

    fn tensor(&self, name: &str) -> Option<Argument<'g>> {
        let named = self.scope.iter().find(|(known, _)| known == name);
        named.map(|(_, x)| Argument::Tensor(*x))
    }

    fn plain(&self, value: Plain) -> Result<Argument<'g>, String> {
        Ok(match value {
            Plain::Int(v) => Argument::Int(v),
            Plain::Float(v) => Argument::Float(v),
            Plain::Bool(v) => Argument::Bool(v),
            Plain::DType(name) => Argument::DType(name.parse()?),
            Plain::None => Argument::None,
        })
    }

    fn list(&self, items: Vec<Argument<'g>>) -> Argument<'g> {
        Argument::List(items)
    }

    fn call(&self, name: &str, arguments: &[Argument<'g>]) -> Result<Argument<'g>, String> {
        let method = find(name).ok_or_else(|| format!("there is no method `{name}`"))?;
        (method.call)(self.graph, arguments).map_err(|error| error.to_string())
    }
}

/// A value of a table, for the interpreter.
pub fn to_array(value: &Value) -> Array {
    macro_rules! convert {
        ($($variant:ident)*) => {
            match &value.data {
                Data::Bool(v) => collected(value, v.iter().map(|&v| v.into())),
                Data::F32(v) => collected(value, v.iter().map(|&v| f64::from(v).into())),
                Data::F64(v) => collected(value, v.iter().map(|&v| v.into())),
                $(Data::$variant(v) => collected(value, v.iter().map(|&v| tg_core::ir::Value::Int(v as i128))),)*
            }
        };
    }
    convert!(U8 U16 U32 U64 I8 I16 I32 I64)
}

fn collected(value: &Value, elements: impl Iterator<Item = tg_core::ir::Value>) -> Array {
    let dtype: DType = value.data.dtype().parse().expect("tables hold our dtypes");
    Array::collect(dtype, &value.shape, elements).expect("tables are well formed")
}

/// A result of the interpreter, as tables hold them.
pub fn from_array(array: &Array) -> Result<Value, String> {
    let int = |v: &tg_core::ir::Value| v.as_int().unwrap_or_default();
    macro_rules! convert {
        ($($dtype:ident $variant:ident $type:ty),*) => {
            match array.dtype {
                DType::BOOL => Data::Bool(array.data.iter().map(|v| v.is_true()).collect()),
                DType::F32 => Data::F32(array.to_f32()),
                DType::F64 => Data::F64(array.to_f64()),
                $(DType::$dtype => Data::$variant(array.data.iter().map(|v| int(v) as $type).collect()),)*
                other => return Err(format!("result is {other}")),
            }
        };
    }
    let data =
        convert!(U8 U8 u8, U16 U16 u16, U32 U32 u32, U64 U64 u64, I8 I8 i8, I16 I16 i16, I32 I32 i32, I64 I64 i64);
    Ok(Value { shape: array.shape.clone(), data })
}

/// A buffer for each named array, and its contents by number.
fn bind<'g>(graph: &'g Graph, name: &str, array: Array, contents: &mut Vec<Input<'g>>) -> (String, Uop<'g>) {
    let buffer = graph.buffer(array.dtype, array.shape.iter().map(|&n| Dim::from(n as i64)).collect());
    if let Arg::Buffer(number, _) = buffer.arg() {
        contents.push((*number, buffer, array));
    }
    (name.to_string(), buffer)
}

/// A buffer's number, itself and its contents.
pub type Input<'g> = (u32, Uop<'g>, Array);

/// The function that computes `roots` of its inputs, of which those behind the first are constant between calls, as weights are.
pub fn function<'g>(roots: &[Uop<'g>], contents: &[Input<'g>]) -> Function<'g> {
    let name = |i: usize, root: &Uop<'g>| (format!("value{i}"), *root);
    Function {
        name: "case".into(),
        inputs: contents.iter().enumerate().map(|(i, (_, buffer, _))| name(i, buffer)).collect(),
        scalars: vec![],
        constants: (1..contents.len()).map(|i| format!("value{i}")).collect(),
        updates: vec![],
        outputs: roots.iter().enumerate().map(|(i, root)| name(i, root)).collect(),
    }
}

/// The call of a case as a graph.
pub struct Traced<'g, 'a> {
    /// The result.
    pub out: Uop<'g>,
    /// What it is computed of.
    pub contents: Vec<Input<'g>>,
    scope: Scope<'g>,
    array: &'a dyn Fn(&Value) -> Array,
}

/// Builds the graph of a call of what `array` makes of the table's values, such as [`to_array`].
///
/// # Errors
/// Words about the call.
pub fn trace<'g, 'a>(
    graph: &'g Graph,
    case: &Case,
    array: &'a dyn Fn(&Value) -> Array,
) -> Result<Traced<'g, 'a>, String> {
    let mut contents = Vec::new();
    let scope: Scope = case.inputs.iter().map(|(name, value)| bind(graph, name, array(value), &mut contents)).collect();
    let door = Nodes { graph, scope: &scope };
    let Argument::Tensor(out) = called(&door, &case.code)? else { return Err("no tensor".to_string()) };
    Ok(Traced { out, contents, scope, array })
}

impl<'g> Traced<'g, '_> {
    /// The gradients of a case, in its order; none where it says nothing of them. Adds what they are computed of.
    ///
    /// # Errors
    /// Words about the call.
    pub fn gradients(&mut self, case: &Case) -> Result<Vec<Uop<'g>>, String> {
        let Some(cotangent) = &case.cotangent else { return Ok(vec![]) };
        let (_, weights) = bind(self.out.graph(), "cot", (self.array)(cotangent), &mut self.contents);
        let loss = mul(self.out.into(), weights.into()).and_then(|weighted| sum(weighted, None));
        let named = |name: &String| self.scope.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        let wrt: Vec<Uop> = case.gradients.iter().filter_map(|(name, _)| named(name)).collect();
        loss.and_then(|loss| grad(loss, &wrt)).map_err(|error| error.to_string())
    }
}
