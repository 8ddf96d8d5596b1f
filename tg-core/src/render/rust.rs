//! Spellings in Rust: calls of the functions in tg-runtime's `kernel`, one for each operation, whatever the lanes.
//!
//! A kernel is `pub unsafe extern "C" fn`, to stand where everything of `kernel` is imported. Its one unsafe block
//! relies on what the compiler guarantees of every kernel: indices stay within the buffers whose sizes the program
//! states, and a kernel's buffers do not overlap unless it was scheduled to update one in place.
//!
//! Types are inferred from literals, which have suffixes, and from pointers, which are declared.

use std::collections::BTreeMap;

use super::emit::Spelling;
use crate::dtype::{DType, Scalar};
use crate::ir::{Arg, Op, Uop, Value};

/// The Rust language.
#[derive(Default)]
pub struct Rust {
    /// Empty: what kernels need is imported, not written out.
    prelude: BTreeMap<String, String>,
}

/// The name of a type of lane.
fn type_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Index => "i64",
        Scalar::F16 => "F16",
        Scalar::BF16 => "BF16",
        Scalar::F8E4M3 | Scalar::F8E5M2 => panic!("render: {} has no type in Rust", scalar.name()),
        other => other.name(),
    }
}

/// The function for an elementwise operation.
fn function(node: Uop) -> &'static str {
    match node.op() {
        Op::Neg => "neg",
        Op::Recip => "recip",
        Op::Sqrt => "sqrt",
        Op::Trunc => "trunc",
        Op::Add => "add",
        Op::Sub => "sub",
        Op::Mul => "mul",
        Op::Fdiv => "fdiv",
        // Where nothing is negative, floored division is the plain one.
        Op::Idiv if node.dtype().is_index() && !is_natural(node) => "floor_div",
        Op::Mod if node.dtype().is_index() && !is_natural(node) => "floor_mod",
        Op::Idiv => "div",
        Op::Mod => "rem",
        Op::Max => "max",
        Op::Cmplt => "lt",
        Op::Cmpne => "ne",
        Op::Cmpeq => "eq",
        Op::And => "and",
        Op::Or => "or",
        Op::Xor => "xor",
        Op::Shl => "shl",
        Op::Shr => "shr",
        Op::Where => "select",
        Op::Mulacc => "mulacc",
        op => panic!("render: {op} has no spelling in Rust; lowering decomposes it"),
    }
}

fn is_natural(node: Uop) -> bool {
    node.src(0).vmin() >= 0 && node.src(1).vmin() > 0
}

/// A literal of one lane.
fn literal(value: Value, scalar: Scalar) -> String {
    let ty = type_name(scalar);
    match value {
        Value::Bool(v) => v.to_string(),
        Value::Int(v) => format!("{v}{ty}"),
        Value::Float(v) if matches!(scalar, Scalar::F16 | Scalar::BF16) => {
            format!("{ty}::new({})", literal(Value::Float(v), Scalar::F64))
        }
        Value::Float(v) if v.is_nan() => format!("{ty}::NAN"),
        Value::Float(v) if v.is_infinite() => format!("{ty}::{}INFINITY", if v < 0.0 { "NEG_" } else { "" }),
        Value::Float(v) if scalar == Scalar::F32 => format!("{:?}{ty}", v as f32),
        Value::Float(v) => format!("{v:?}{ty}"),
    }
}

/// What stands before each kernel.
const ALLOWED: &str =
    "#[allow(non_snake_case, unused_variables)] // sizes are part of the name; not every kernel has a loop to share";

impl Spelling for Rust {
    fn head(&mut self, name: &str) -> String {
        let parameters = "buffers: *const *mut u8, dims: *const i64, begin: i64, end: i64, scratch: *mut u8";
        // SAFETY: the block in this text holds loads and stores of a kernel whose buffers, dims and scratch memory its
        // caller vouches for (`Program::run`); that every access is within them is what the interpreters check.
        format!("{ALLOWED}\npub unsafe extern \"C\" fn {name}({parameters}) {{ unsafe {{")
    }

    fn tail(&mut self) -> &'static str {
        "}}"
    }

    fn pointer(&mut self, name: &str, node: Uop, position: usize, written: bool) -> String {
        let (ty, mutability) = (type_name(node.dtype().scalar), if written { "mut" } else { "const" });
        format!("let {name} = *buffers.add({position}) as *{mutability} {ty};")
    }

    fn scratch(&mut self, name: &str, node: Uop, offset: usize) -> String {
        format!("let {name} = scratch.add({offset}) as *mut {};", type_name(node.dtype().scalar))
    }

    fn dim(&mut self, position: usize) -> String {
        format!("*dims.add({position})")
    }

    fn constant(&mut self, node: Uop) -> String {
        let dtype = node.dtype();
        let value = node.as_const().unwrap_or_else(|| panic!("render: {node:?} is no constant"));
        let text = literal(value, dtype.scalar);
        if dtype.lanes == 1 { text } else { format!("splat::<{}, _>({text})", dtype.lanes) }
    }

    fn value(&mut self, node: Uop, args: &[String]) -> String {
        let ty = || type_name(node.dtype().scalar);
        match (node.op(), node.arg()) {
            (Op::Cast, _) => format!("cast::<{}, _>({})", ty(), args[0]),
            (Op::Bitcast, _) => format!("bitcast::<{}, _>({})", ty(), args[0]),
            (Op::Vectorize, _) if node.srcs().all(|s| s == node.src(0)) => {
                format!("splat::<{}, _>({})", args.len(), args[0])
            }
            (Op::Vectorize, _) => format!("V([{}])", args.join(", ")),
            (Op::Gep, Arg::Slot(lane)) => format!("{}.0[{lane}]", args[0]),
            _ => format!("{}({})", function(node), args.join(", ")),
        }
    }

    fn address(&mut self, name: &str, _: Uop, from: &str, index: &str, _: bool) -> String {
        format!("let {name} = {from}.offset({index} as isize);")
    }

    fn load(&mut self, node: Uop, pointer: &str, index: &str) -> String {
        match node.dtype() {
            DType { lanes: 1, .. } => format!("load({pointer}, {index})"),
            DType { lanes, .. } => format!("load_lanes::<{lanes}, _>({pointer}, {index})"),
        }
    }

    fn guarded(&mut self, valid: &str, value: &str, otherwise: &str) -> String {
        format!("if {valid} {{ {value} }} else {{ {otherwise} }}")
    }

    fn store(&mut self, _: Uop, pointer: &str, index: &str, text: &str) -> String {
        format!("store({pointer}, {index}, {text});")
    }

    fn prefetch(&mut self, _: &str, _: &str, _: u32) -> Option<String> {
        None
    }

    fn scatter(&mut self, _: Uop, pointer: &str, first: &str, step: i64, text: &str) -> String {
        format!("store_apart({pointer}, {first}, {step}, {text});")
    }

    fn declare(&mut self, _: Uop, name: &str, text: &str, mutable: bool) -> String {
        format!("let {}{name} = {text};", if mutable { "mut " } else { "" })
    }

    fn assign(&mut self, _: Uop, _: Uop, name: &str, text: &str) -> String {
        format!("{name} = {text};")
    }

    fn only_if(&mut self, holds: &str, statement: &str) -> String {
        format!("if {holds} {{ {statement} }}")
    }

    fn loop_head(&mut self, name: &str, from: &str, to: &str, only_if: Option<&str>) -> String {
        match only_if {
            Some(condition) => format!("for {name} in {from}..if {condition} {{ {to} }} else {{ {from} }} {{"),
            None => format!("for {name} in {from}..{to} {{"),
        }
    }

    fn prelude(&self) -> &BTreeMap<String, String> {
        &self.prelude
    }
}
