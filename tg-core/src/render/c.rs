//! Spellings in C: GNU C with vector extensions, freestanding, no header.
//!
//! Vectors of bool are vectors of signed integers, 0 or −1, as wide as what was compared. What has no
//! operator in C is a small inline function, written out only if used.

use std::collections::BTreeMap;

use super::emit::Spelling;
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::{Arg, Op, Uop, Value};

/// The C language.
#[derive(Default)]
pub struct C {
    prelude: BTreeMap<String, String>,
}

/// The underlying C type of a scalar.
fn c_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool | Scalar::U8 => "unsigned char",
        Scalar::U16 => "unsigned short",
        Scalar::U32 => "unsigned int",
        Scalar::U64 => "unsigned long long",
        Scalar::I8 => "signed char",
        Scalar::I16 => "short",
        Scalar::I32 => "int",
        Scalar::I64 | Scalar::Index => "long long",
        Scalar::F16 => "_Float16",
        Scalar::F32 => "float",
        Scalar::F64 => "double",
        Scalar::BF16 | Scalar::F8E4M3 | Scalar::F8E5M2 => {
            panic!("render: {} has no C type; lowering decomposes it", scalar.name())
        }
    }
}

fn type_name(dtype: DType) -> String {
    match (dtype.scalar, dtype.lanes) {
        (Scalar::Bool, 1) => "b8".to_string(),
        (Scalar::Index, 1) => "i64".to_string(),
        (Scalar::Index, n) => format!("i64x{n}"),
        (scalar, 1) => scalar.name().to_string(),
        (scalar, n) => format!("{}x{n}", scalar.name()),
    }
}

/// The signed or unsigned integer with the width of `dtype`.
fn integer(dtype: DType, signed: bool) -> DType {
    let scalar = match (dtype.scalar.bits(), signed) {
        (8, true) => Scalar::I8,
        (16, true) => Scalar::I16,
        (32, true) => Scalar::I32,
        (_, true) => Scalar::I64,
        (8, false) => Scalar::U8,
        (16, false) => Scalar::U16,
        (32, false) => Scalar::U32,
        (_, false) => Scalar::U64,
    };
    DType::scalar(scalar).vec(dtype.lanes)
}

/// The integer type that holds a vector of bool; for anything else its own type.
fn carrier(node: Uop) -> DType {
    let dtype = node.dtype();
    if !dtype.is_bool() || dtype.lanes == 1 {
        return dtype;
    }
    match node.op() {
        op if op.is_comparison() => integer(carrier(node.src(0)), true),
        Op::Cast => integer(carrier(node.src(0)), true),
        Op::And | Op::Or | Op::Xor | Op::Max | Op::Add | Op::Mul => widest(node.src(0), node.src(1)),
        Op::Where => widest(node.src(1), node.src(2)),
        _ => DType::I8.vec(dtype.lanes),
    }
}

fn widest(a: Uop, b: Uop) -> DType {
    let (a, b) = (carrier(a), carrier(b));
    if a.bytes() >= b.bytes() { a } else { b }
}

impl C {
    fn define(&mut self, key: &str, text: impl FnOnce() -> String) {
        if !self.prelude.contains_key(key) {
            let text = text();
            self.prelude.insert(key.to_string(), text);
        }
    }

    /// The name of a type, which is declared. Keys of types sort before those of functions.
    fn ty(&mut self, dtype: DType) -> String {
        let name = type_name(dtype);
        let scalar = type_name(dtype.element());
        self.define(&format!("0 {scalar}"), || format!("typedef {} {scalar};", c_type(dtype.scalar)));
        if dtype.lanes > 1 {
            let bytes = dtype.bytes();
            self.define(&format!("1 {name}"), || {
                format!("typedef {scalar} {name} __attribute__((vector_size({bytes})));")
            });
        }
        name
    }

    /// The type of a vector in memory, which is aligned as its elements are.
    fn memory_type(&mut self, dtype: DType) -> String {
        let name = self.ty(dtype);
        if dtype.lanes == 1 {
            return name;
        }
        let align = dtype.element().bytes();
        let unaligned = format!("{name}u");
        self.define(&format!("1 {unaligned}"), || {
            format!("typedef {name} {unaligned} __attribute__((aligned({align}), may_alias));")
        });
        unaligned
    }

    /// `text` of type `from` converted lane by lane to `to`.
    fn convert(&mut self, text: &str, from: DType, to: DType) -> String {
        match to.lanes {
            _ if from == to => text.to_string(),
            1 => format!("({})({text})", self.ty(to)),
            _ => format!("__builtin_convertvector({text}, {})", self.ty(to)),
        }
    }

    /// A vector of bool as the integer vector `to`.
    fn mask(&mut self, node: Uop, text: &str, to: DType) -> String {
        self.convert(text, carrier(node), integer(to, true))
    }

    /// A call of a function that is `body` of `x` (and `y`) on scalars, and a loop over that on vectors.
    fn call(&mut self, name: &str, result: DType, params: &[DType], args: &[String], body: &str) -> String {
        let scalar = format!("{name}_{}", type_name(result.element()));
        let names = ["x", "y"];
        let list = |c: &mut C, lanes: u16| -> String {
            let one = |(p, n): (&DType, &&str)| format!("{} {n}", c.ty(p.element().vec(lanes)));
            params.iter().zip(&names).map(one).collect::<Vec<_>>().join(", ")
        };
        let (ty, scalars) = (self.ty(result.element()), list(self, 1));
        self.define(&format!("2 {scalar}"), || {
            format!("static inline __attribute__((always_inline)) {ty} {scalar}({scalars}) {{ return {body}; }}")
        });
        if result.lanes == 1 {
            return format!("{scalar}({})", args.join(", "));
        }
        let (ty, vectors, lanes) = (self.ty(result), list(self, result.lanes), result.lanes);
        let each = names[..params.len()].iter().map(|n| format!("{n}[l]")).collect::<Vec<_>>().join(", ");
        let vector = format!("{scalar}x{lanes}");
        self.define(&format!("3 {vector}"), || {
            format!("static inline __attribute__((always_inline)) {ty} {vector}({vectors}) {{ {ty} r; for (int l = 0; l < {lanes}; l++) r[l] = {scalar}({each}); return r; }}")
        });
        format!("{vector}({})", args.join(", "))
    }

    fn cast(&mut self, node: Uop, text: &str) -> String {
        let (from, to) = (node.src(0).dtype(), node.dtype());
        if to.is_bool() {
            return format!("({text} != 0)");
        }
        if from.is_bool() && from.lanes > 1 {
            let ones = integer(to, true);
            let mask = self.mask(node.src(0), text, ones);
            return self.convert(&format!("(-{mask})"), ones, to);
        }
        if from.is_float() && to.is_int() {
            return self.saturating(from, to, text);
        }
        // Narrow integers reach floats by way of i32, which has vector instructions.
        if from.lanes > 1 && from.is_int() && from.scalar.bits() < 32 && to.is_float() {
            let middle = DType::I32.vec(from.lanes);
            let wide = self.convert(text, from, middle);
            return self.convert(&wide, middle, to);
        }
        self.convert(text, from, to)
    }

    /// Float to integer: truncates, saturates, NaN is 0.
    fn saturating(&mut self, from: DType, to: DType, text: &str) -> String {
        let (lo, hi) = to.int_range().unwrap_or((0, 0));
        let ty = self.ty(to.element());
        // Both limits as floats are exact or one above the largest integer.
        let (low, high) = (format!("{:?}", lo as f64), format!("{:?}", (hi + 1) as f64));
        let (min, max) = (integer_literal(lo, to), integer_literal(hi, to));
        let body = format!("x != x ? 0 : x >= {high} ? {max} : x <= {low} ? {min} : ({ty})x");
        let name = format!("from_{}_to", type_name(from.element()));
        self.call(&name, to, &[from], &[text.to_string()], &body)
    }

    fn where_(&mut self, node: Uop, args: &[String]) -> String {
        let to = carrier(node);
        if to.lanes == 1 {
            return format!("({} ? {} : {})", args[0], args[1], args[2]);
        }
        let mask = self.mask(node.src(0), &args[0], to);
        let branch = |c: &mut C, i: usize| {
            if node.dtype().is_bool() { c.mask(node.src(i), &args[i], to) } else { args[i].clone() }
        };
        let (yes, no) = (branch(self, 1), branch(self, 2));
        format!("({mask} ? {yes} : {no})")
    }

    fn compare(&mut self, node: Uop, op: &str, args: &[String]) -> String {
        let to = widest(node.src(0), node.src(1));
        let is_mask = node.src(0).dtype().is_bool() && to.lanes > 1;
        let side = |c: &mut C, i: usize| if is_mask { c.mask(node.src(i), &args[i], to) } else { args[i].clone() };
        let (x, y) = (side(self, 0), side(self, 1));
        // On masks true is −1, so that less-than turns around.
        if is_mask && op == "<" { format!("({y} < {x})") } else { format!("({x} {op} {y})") }
    }

    /// `x op y` on vectors or scalars of bool.
    fn logic(&mut self, node: Uop, op: &str, args: &[String]) -> String {
        let to = carrier(node);
        if to.lanes == 1 {
            return format!("({} {op} {})", args[0], args[1]);
        }
        let (x, y) = (self.mask(node.src(0), &args[0], to), self.mask(node.src(1), &args[1], to));
        format!("({x} {op} {y})")
    }

    /// Wrapping arithmetic, by way of the unsigned type.
    fn wrapping(&mut self, dtype: DType, op: &str, args: &[String]) -> String {
        if dtype.is_index() {
            return format!("({} {op} {})", args[0], args[1]);
        }
        let wide = if dtype.scalar.bits() < 32 && dtype.lanes == 1 { DType::U32 } else { integer(dtype, false) };
        let (ty, unsigned) = (self.ty(dtype), self.ty(wide));
        format!("({ty})(({unsigned})({}) {op} ({unsigned})({}))", args[0], args[1])
    }

    fn divide(&mut self, node: Uop, args: &[String]) -> String {
        let (dtype, x, y) = (node.dtype(), node.src(0), node.src(1));
        let op = if node.op() == Op::Idiv { "/" } else { "%" };
        if y.vmin() > 0 && (x.vmin() >= 0 || !dtype.is_index()) && dtype.lanes == 1 {
            return format!("({} {op} {})", args[0], args[1]);
        }
        let signed = dtype.scalar.kind() == Kind::Signed;
        let (name, body) = match (node.op(), dtype.is_index()) {
            (Op::Idiv, true) => ("floor_div", "x / y - (x % y != 0 && (x % y < 0) != (y < 0))".to_string()),
            (_, true) => ("floor_mod", "x % y + (x % y != 0 && (x % y < 0) != (y < 0) ? y : 0)".to_string()),
            (Op::Idiv, _) if signed => (
                "div",
                format!(
                    "y == 0 ? 0 : y == -1 ? {} : x / y",
                    self.wrapping(dtype.element(), "-", &["0".into(), "x".into()])
                ),
            ),
            (_, _) if signed => ("mod", "y == 0 ? x : y == -1 ? 0 : x % y".to_string()),
            (Op::Idiv, _) => ("div", "y == 0 ? 0 : x / y".to_string()),
            (_, _) => ("mod", "y == 0 ? x : x % y".to_string()),
        };
        self.call(name, dtype, &[dtype, dtype], args, &body)
    }

    fn shift(&mut self, node: Uop, args: &[String]) -> String {
        let dtype = node.dtype();
        let bits = dtype.scalar.bits() - 1;
        let ty = self.ty(dtype);
        let (value, op) = match node.op() {
            Op::Shl => {
                let unsigned = self.ty(integer(dtype, false));
                (format!("({unsigned})({})", args[0]), "<<")
            }
            _ => (args[0].clone(), ">>"),
        };
        format!("({ty})({value} {op} ({} & {bits}))", args[1])
    }

    fn maximum(&mut self, node: Uop, args: &[String]) -> String {
        let dtype = node.dtype();
        if dtype.is_bool() {
            return self.logic(node, "|", args);
        }
        // If y is not NaN this is the machine's own maximum.
        let plain = node.src(1).as_const().is_some_and(|v| !v.to_f64().is_nan()) || !dtype.is_float();
        let (name, body) = if plain { ("max", "y > x ? y : x") } else { ("nanmax", "x > y || x != x ? x : y") };
        let vector_body = if plain { "y > x ? y : x" } else { "(x > y) | (x != x) ? x : y" };
        if dtype.lanes == 1 {
            return self.call(name, dtype, &[dtype, dtype], args, body);
        }
        let ty = self.ty(dtype);
        let function = format!("{name}_{}", type_name(dtype));
        self.define(&format!("3 {function}"), || format!("static inline __attribute__((always_inline)) {ty} {function}({ty} x, {ty} y) {{ return {vector_body}; }}"));
        format!("{function}({})", args.join(", "))
    }

    fn bitcast(&mut self, node: Uop, text: &str) -> String {
        let (from, to) = (node.src(0).dtype(), node.dtype());
        let ty = self.ty(to);
        if to.lanes > 1 {
            return format!("({ty})({text})");
        }
        let name = format!("bits_{}_{}", type_name(from), type_name(to));
        let source = self.ty(from);
        self.define(&format!("2 {name}"), || {
            format!("static inline __attribute__((always_inline)) {ty} {name}({source} x) {{ {ty} r; __builtin_memcpy(&r, &x, sizeof r); return r; }}")
        });
        format!("{name}({text})")
    }

    /// A vector of copies of a scalar.
    fn splat(&mut self, ty: DType, text: &str) -> String {
        let (vector, scalar) = (self.ty(ty), self.ty(ty.element()));
        let lanes = vec!["x"; ty.lanes as usize].join(", ");
        self.define(&format!("2 splat_{vector}"), || {
            format!("static inline __attribute__((always_inline)) {vector} splat_{vector}({scalar} x) {{ return ({vector}){{{lanes}}}; }}")
        });
        format!("splat_{vector}({text})")
    }

    /// A vector from its lanes; neighbouring lanes of one vector are a shuffle.
    fn vector(&mut self, node: Uop, args: &[String]) -> String {
        let ty = self.ty(carrier(node));
        let lane = |s: Uop| match (s.op(), s.arg()) {
            (Op::Gep, Arg::Slot(lane)) => Some(*lane),
            _ => None,
        };
        let first = node.src(0);
        let whole = node.srcs().all(|s| lane(s).is_some() && s.src(0) == first.src(0));
        if first.op() == Op::Gep && whole {
            let lanes: Vec<String> = node.srcs().filter_map(lane).map(|l| l.to_string()).collect();
            let vector = args[0].rsplit_once('[').map_or("", |(vector, _)| vector);
            return format!("__builtin_shufflevector({vector}, {vector}, {})", lanes.join(", "));
        }
        let sign = if node.dtype().is_bool() { "-" } else { "" };
        if node.srcs().all(|s| s == first) {
            return self.splat(carrier(node), &format!("{sign}{}", args[0]));
        }
        let lanes: Vec<String> = args.iter().map(|a| format!("{sign}{a}")).collect();
        format!("({ty}){{{}}}", lanes.join(", "))
    }

    fn unary(&mut self, node: Uop, args: &[String]) -> String {
        let dtype = node.dtype();
        let suffix = if dtype.scalar == Scalar::F64 { "" } else { "f" };
        match node.op() {
            Op::Neg if dtype.is_float() => format!("(-{})", args[0]),
            Op::Neg => self.wrapping(dtype, "-", &["0".to_string(), args[0].clone()]),
            Op::Recip => format!("(1 / {})", args[0]),
            Op::Sqrt => self.call("sqrt", dtype, &[dtype], args, &format!("__builtin_sqrt{suffix}(x)")),
            Op::Trunc => self.call("trunc", dtype, &[dtype], args, &format!("__builtin_trunc{suffix}(x)")),
            op => panic!("render: {op} has no spelling in C; lowering decomposes it"),
        }
    }
}

fn integer_literal(v: i128, dtype: DType) -> String {
    match dtype.scalar.kind() {
        Kind::Signed if v == i64::MIN as i128 => format!("(-{}ll - 1)", i64::MAX),
        Kind::Signed if dtype.scalar.bits() == 64 => format!("{v}ll"),
        Kind::Unsigned if dtype.scalar.bits() == 64 => format!("{v}ull"),
        Kind::Unsigned if dtype.scalar.bits() == 32 => format!("{v}u"),
        _ if v == i32::MIN as i128 => format!("({} - 1)", v + 1),
        _ => v.to_string(),
    }
}

fn float_literal(v: f64, dtype: DType) -> String {
    let suffix = if dtype.scalar == Scalar::F64 { "" } else { "f" };
    match v {
        _ if v.is_nan() => format!("__builtin_nan{suffix}(\"\")"),
        _ if v.is_infinite() => format!("{}__builtin_inf{suffix}()", if v < 0.0 { "-" } else { "" }),
        _ if dtype.scalar == Scalar::F32 => format!("{:?}f", v as f32),
        _ => format!("{v:?}{suffix}"),
    }
}

impl Spelling for C {
    fn head(&mut self, name: &str) -> String {
        let size = self.ty(DType::I64);
        format!("void {name}(unsigned char *const *buffers, const {size} *dims, {size} begin, {size} end) {{")
    }

    fn pointer(&mut self, name: &str, node: Uop, position: usize, written: bool) -> String {
        let ty = self.ty(node.dtype().pointee());
        let qualifier = if written { "" } else { "const " };
        format!("{qualifier}{ty} *restrict {name} = ({qualifier}{ty} *)buffers[{position}];")
    }

    fn dim(&mut self, position: usize) -> String {
        format!("dims[{position}]")
    }

    fn constant(&mut self, node: Uop) -> String {
        let dtype = node.dtype();
        let text = match node.as_const() {
            Some(Value::Bool(v)) if dtype.lanes > 1 => format!("{}", -(v as i32)),
            Some(Value::Bool(v)) => format!("{}", v as i32),
            Some(Value::Int(v)) => integer_literal(v, dtype),
            Some(Value::Float(v)) => float_literal(v, dtype),
            None => panic!("render: {node:?} is no constant"),
        };
        match dtype.lanes {
            1 if text.starts_with('-') => format!("({text})"),
            1 => text,
            _ => self.splat(carrier(node), &text),
        }
    }

    fn value(&mut self, node: Uop, args: &[String]) -> String {
        let dtype = node.dtype();
        let infix = |op: &str| format!("({} {op} {})", args[0], args[1]);
        match node.op() {
            Op::Cast => self.cast(node, &args[0]),
            Op::Bitcast => self.bitcast(node, &args[0]),
            Op::Where => self.where_(node, args),
            Op::Mulacc => format!("({} * {} + {})", args[0], args[1], args[2]),
            Op::Cmplt => self.compare(node, "<", args),
            Op::Cmpne => self.compare(node, "!=", args),
            Op::Cmpeq => self.compare(node, "==", args),
            Op::And if dtype.is_bool() => self.logic(node, "&", args),
            Op::Or if dtype.is_bool() => self.logic(node, "|", args),
            Op::Xor if dtype.is_bool() => self.logic(node, "^", args),
            Op::And => infix("&"),
            Op::Or => infix("|"),
            Op::Xor => infix("^"),
            Op::Add if dtype.is_bool() => self.logic(node, "|", args),
            Op::Mul if dtype.is_bool() => self.logic(node, "&", args),
            Op::Add if dtype.is_float() => infix("+"),
            Op::Sub if dtype.is_float() => infix("-"),
            Op::Mul if dtype.is_float() => infix("*"),
            Op::Fdiv => infix("/"),
            Op::Add => self.wrapping(dtype, "+", args),
            Op::Sub => self.wrapping(dtype, "-", args),
            Op::Mul => self.wrapping(dtype, "*", args),
            Op::Idiv | Op::Mod => self.divide(node, args),
            Op::Shl | Op::Shr => self.shift(node, args),
            Op::Max => self.maximum(node, args),
            Op::Vectorize => self.vector(node, args),
            Op::Gep => match node.arg() {
                Arg::Slot(lane) => format!("{}[{lane}]", args[0]),
                arg => panic!("render: lane {arg:?}"),
            },
            _ => self.unary(node, args),
        }
    }

    fn load(&mut self, node: Uop, pointer: &str, index: &str, guard: Option<(&str, &str)>) -> String {
        let dtype = node.dtype();
        let value = match dtype.lanes {
            1 => format!("{pointer}[{index}]"),
            _ => format!(
                "*(const {} *)({pointer} + {index})",
                self.memory_type(DType { scalar: if dtype.is_bool() { Scalar::I8 } else { dtype.scalar }, ..dtype })
            ),
        };
        let value = if dtype.is_bool() && dtype.lanes > 1 { format!("({value} != 0)") } else { value };
        guard.map_or(value.clone(), |(valid, otherwise)| format!("{valid} ? {value} : {otherwise}"))
    }

    fn store(&mut self, value: Uop, pointer: &str, index: &str, text: &str) -> String {
        let dtype = value.dtype();
        match dtype.lanes {
            1 => format!("{pointer}[{index}] = {text};"),
            _ if dtype.is_bool() => {
                let bytes = DType::I8.vec(dtype.lanes);
                let mask = self.mask(value, text, bytes);
                format!("*({} *)({pointer} + {index}) = -({mask});", self.memory_type(bytes))
            }
            _ => format!("*({} *)({pointer} + {index}) = {text};", self.memory_type(dtype)),
        }
    }

    fn declare(&mut self, node: Uop, name: &str, text: &str, mutable: bool) -> String {
        let ty = self.ty(carrier(node));
        format!("{}{ty} {name} = {text};", if mutable { "" } else { "const " })
    }

    fn assign(&mut self, name: &str, text: &str) -> String {
        format!("{name} = {text};")
    }

    fn loop_head(&mut self, name: &str, from: &str, to: &str, only_if: Option<&str>) -> String {
        let ty = self.ty(DType::I64);
        let guard = only_if.map(|c| format!("if ({c}) ")).unwrap_or_default();
        format!("{guard}for ({ty} {name} = {from}; {name} < {to}; {name}++) {{")
    }

    fn prelude(&self) -> &BTreeMap<String, String> {
        &self.prelude
    }
}
