//! Operations as C expressions.

use super::C;
use super::types::{carrier, float_literal, integer, integer_literal, type_name, widest};
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::{Arg, Op, Uop};

/// A function of two vectors x and y.
struct Binary<'a> {
    name: &'a str,
    /// Above those of the functions it calls.
    rank: u8,
    /// What is defined where there is an instruction for it, and the call by which GCC has it.
    instruction: Option<(&'static str, String)>,
    portable: String,
}

/// Bytes of the smallest vectors that have instructions.
const SMALLEST: usize = 16;

impl Binary<'_> {
    /// What stands before `function`, and what that returns.
    fn body(&self, function: &str) -> (String, String) {
        let (portable, body) = (&self.portable, format!("{function}_body"));
        match &self.instruction {
            None => (String::new(), portable.clone()),
            Some((guard, call)) => (
                format!(
                    "#if defined({guard}) && !defined(__clang__)\n#define {body} {call}\n#else\n#define {body} {portable}\n#endif\n"
                ),
                body,
            ),
        }
    }
}

impl C {
    pub(super) fn cast(&mut self, node: Uop, text: &str) -> String {
        let (from, to) = (node.src(0).dtype(), node.dtype());
        if to.is_bool() {
            return format!("({text} != 0)");
        }
        if from.is_bool() && from.lanes > 1 {
            let ones = integer(to, true);
            let mask = self.mask(node.src(0), text, ones);
            if to.is_float() {
                // The bits of 1, or those of 0.
                let (ty, bits, one) = (self.ty(to), self.ty(ones), self.splat(to, &float_literal(1.0, to)));
                return format!("({ty})({mask} & ({bits}){one})");
            }
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
    pub(super) fn saturating(&mut self, from: DType, to: DType, text: &str) -> String {
        let (lo, hi) = to.int_range().unwrap_or((0, 0));
        let ty = self.ty(to.element());
        // Both limits as floats are exact or one above the largest integer.
        let (low, high) = (format!("{:?}", lo as f64), format!("{:?}", (hi + 1) as f64));
        let (min, max) = (integer_literal(lo, to), integer_literal(hi, to));
        let body = format!("x != x ? 0 : x >= {high} ? {max} : x <= {low} ? {min} : ({ty})x");
        let name = format!("from_{}_to", type_name(from.element()));
        self.call(&name, to, &[from], &[text.to_string()], &body)
    }

    pub(super) fn where_(&mut self, node: Uop, args: &[String]) -> String {
        let to = carrier(node);
        if to.lanes == 1 {
            return format!("({} ? {} : {})", args[0], args[1], args[2]);
        }
        if let Some((name, x, y)) = clamp(node) {
            return self.extremum(name, to, &[args[x].clone(), args[y].clone()]);
        }
        let mask = self.mask(node.src(0), &args[0], to);
        let branch = |c: &mut C, i: usize| {
            if node.dtype().is_bool() { c.mask(node.src(i), &args[i], to) } else { args[i].clone() }
        };
        let (yes, no) = (branch(self, 1), branch(self, 2));
        self.select(to, &mask, &yes, &no)
    }

    /// The bits of `yes` where `mask` is set, else those of `no`: one blend.
    fn select(&mut self, dtype: DType, mask: &str, yes: &str, no: &str) -> String {
        let (ty, bits) = (self.ty(dtype), self.ty(integer(dtype, true)));
        let name = format!("select_{}", type_name(dtype));
        self.define(&format!("3 {name}"), || {
            format!("static inline __attribute__((always_inline)) {ty} {name}({bits} m, {ty} x, {ty} y) {{ return ({ty})((({bits})x & m) | (({bits})y & ~m)); }}")
        });
        format!("{name}({mask}, {yes}, {no})")
    }

    pub(super) fn compare(&mut self, node: Uop, op: &str, args: &[String]) -> String {
        let to = widest(node.src(0), node.src(1));
        let is_mask = node.src(0).dtype().is_bool() && to.lanes > 1;
        let side = |c: &mut C, i: usize| if is_mask { c.mask(node.src(i), &args[i], to) } else { args[i].clone() };
        let (x, y) = (side(self, 0), side(self, 1));
        // On masks true is −1, so that less-than turns around.
        if is_mask && op == "<" { format!("({y} < {x})") } else { format!("({x} {op} {y})") }
    }

    /// `x op y` on vectors or scalars of bool.
    pub(super) fn logic(&mut self, node: Uop, op: &str, args: &[String]) -> String {
        let to = carrier(node);
        if to.lanes == 1 {
            return format!("({} {op} {})", args[0], args[1]);
        }
        let (x, y) = (self.mask(node.src(0), &args[0], to), self.mask(node.src(1), &args[1], to));
        format!("({x} {op} {y})")
    }

    /// Wrapping arithmetic, by way of the unsigned type.
    pub(super) fn wrapping(&mut self, dtype: DType, op: &str, args: &[String]) -> String {
        if dtype.is_index() {
            return format!("({} {op} {})", args[0], args[1]);
        }
        let wide = if dtype.scalar.bits() < 32 && dtype.lanes == 1 { DType::U32 } else { integer(dtype, false) };
        let (ty, unsigned) = (self.ty(dtype), self.ty(wide));
        format!("({ty})(({unsigned})({}) {op} ({unsigned})({}))", args[0], args[1])
    }

    pub(super) fn divide(&mut self, node: Uop, args: &[String]) -> String {
        let (dtype, x, y) = (node.dtype(), node.src(0), node.src(1));
        let op = if node.op() == Op::Idiv { "/" } else { "%" };
        if y.vmin() > 0 && (x.vmin() >= 0 || !dtype.is_index()) && dtype.lanes == 1 {
            return format!("({} {op} {})", args[0], args[1]);
        }
        let signed = dtype.scalar.kind() == Kind::Signed;
        let (name, body) = match (node.op(), dtype.is_index()) {
            (Op::Mod, _) if dtype.is_float() => ("mod", float_remainder(dtype.scalar)),
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

    pub(super) fn shift(&mut self, node: Uop, args: &[String]) -> String {
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

    pub(super) fn maximum(&mut self, node: Uop, args: &[String]) -> String {
        let dtype = node.dtype();
        if dtype.is_bool() {
            return self.logic(node, "|", args);
        }
        // If y is not NaN this is the machine's own maximum.
        let plain = node.src(1).as_const().is_some_and(|v| !v.to_f64().is_nan()) || !dtype.is_float();
        if plain {
            return self.extremum("max", dtype, args);
        }
        if dtype.lanes == 1 { self.nanmax_of_numbers(dtype, args) } else { self.nanmax(dtype, args) }
    }

    /// The larger of two numbers, NaN if one is. Of the portable form GCC makes a branch on which is larger, which data may take
    /// as often as not; one on NaN is foreseen.
    fn nanmax_of_numbers(&mut self, dtype: DType, args: &[String]) -> String {
        let instruction = match dtype.scalar {
            Scalar::F32 => Some("maxss"),
            Scalar::F64 => Some("maxsd"),
            _ => None,
        };
        let vector = self.ty(dtype.vec((SMALLEST / dtype.bytes()) as u16));
        let larger = |name| format!("__builtin_ia32_{name}(({vector}){{y}}, ({vector}){{x}})[0]");
        let call = |name| ("__SSE2__", format!("(__builtin_expect(y != y, 0) ? y : {})", larger(name)));
        let (instruction, portable) = (instruction.map(call), "y != y ? y : y > x ? y : x".into());
        self.binary(Binary { name: "nanmax", rank: 5, instruction, portable }, dtype, args)
    }

    /// The larger of two vectors, NaN where one is. The maximum is x if either is, so that only y remains to be looked at:
    /// where that is NaN, AVX-512 keeps it in the instruction itself.
    fn nanmax(&mut self, dtype: DType, args: &[String]) -> String {
        let larger = self.extremum("max", dtype, &["x".into(), "y".into()]);
        let portable = self.select(dtype, "y != y", "y", &larger);
        let builtins = x86_builtin("max", dtype).zip(x86_builtin("cmp", dtype)).filter(|_| dtype.bytes() == 64);
        let call = |(max, cmp)| format!("{max}512_mask(y, x, y, {cmp}512_mask(y, y, 7, -1, 4), 4)");
        let instruction = builtins.map(|builtins| ("__AVX512F__", call(builtins)));
        self.binary(Binary { name: "nanmax", rank: 5, instruction, portable }, dtype, args)
    }

    /// `y > x ? y : x` or `x < y ? x : y`: one instruction on x86, which GCC has to be told.
    fn extremum(&mut self, name: &str, dtype: DType, args: &[String]) -> String {
        let (body, operands) = if name == "max" { ("y > x ? y : x", "y, x") } else { ("x < y ? x : y", "x, y") };
        let Some(builtin) = x86_builtin(name, dtype) else {
            return self.call(name, dtype, &[dtype, dtype], args, body);
        };
        let portable = self.call(&format!("portable_{name}"), dtype, &[dtype, dtype], &["x".into(), "y".into()], body);
        let instruction = Some(match dtype.bytes() {
            64 => ("__AVX512F__", format!("{builtin}512_mask({operands}, x, -1, 4)")),
            32 => ("__AVX__", format!("{builtin}256({operands})")),
            _ => ("__SSE2__", format!("{builtin}({operands})")),
        });
        self.binary(Binary { name, rank: 4, instruction, portable }, dtype, args)
    }

    fn binary(&mut self, binary: Binary, dtype: DType, args: &[String]) -> String {
        let (ty, function) = (self.ty(dtype), format!("{}_{}", binary.name, type_name(dtype)));
        self.define(&format!("{} {function}", binary.rank), || {
            let (before, body) = binary.body(&function);
            format!("{before}static inline __attribute__((always_inline)) {ty} {function}({ty} x, {ty} y) {{ return {body}; }}")
        });
        format!("{function}({})", args.join(", "))
    }

    pub(super) fn bitcast(&mut self, node: Uop, text: &str) -> String {
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
    pub(super) fn splat(&mut self, ty: DType, text: &str) -> String {
        let (vector, scalar) = (self.ty(ty), self.ty(ty.element()));
        let lanes = vec!["x"; ty.lanes as usize].join(", ");
        self.define(&format!("2 splat_{vector}"), || {
            format!("static inline __attribute__((always_inline)) {vector} splat_{vector}({scalar} x) {{ return ({vector}){{{lanes}}}; }}")
        });
        format!("splat_{vector}({text})")
    }

    /// A vector from its lanes; lanes of one or two vectors are a shuffle.
    pub(super) fn vector(&mut self, node: Uop, args: &[String]) -> String {
        let ty = self.ty(carrier(node));
        if let Some(shuffled) = shuffle(node, args) {
            let from = carrier(node.src(0).src(0)).element().vec(node.dtype().lanes);
            return self.convert(&shuffled, from, carrier(node));
        }
        let sign = if node.dtype().is_bool() { "-" } else { "" };
        if node.srcs().all(|s| s == node.src(0)) {
            return self.splat(carrier(node), &format!("{sign}{}", args[0]));
        }
        let lanes: Vec<String> = args.iter().map(|a| format!("{sign}{a}")).collect();
        format!("({ty}){{{}}}", lanes.join(", "))
    }

    pub(super) fn unary(&mut self, node: Uop, args: &[String]) -> String {
        let dtype = node.dtype();
        let suffix = if dtype.scalar == Scalar::F64 { "" } else { "f" };
        match node.op() {
            Op::Neg if dtype.is_float() => format!("(-{})", args[0]),
            Op::Neg => {
                let (ty, unsigned) = (self.ty(dtype), self.ty(integer(dtype, false)));
                format!("({ty})(-({unsigned})({}))", args[0])
            }
            Op::Recip => format!("(1 / {})", args[0]),
            Op::Sqrt => self.call("sqrt", dtype, &[dtype], args, &format!("__builtin_sqrt{suffix}(x)")),
            Op::Trunc => self.call("trunc", dtype, &[dtype], args, &format!("__builtin_trunc{suffix}(x)")),
            Op::Fract => self.avx512("fract", ["vreduceps $9, %1, %0", "vreducess $9, %1, %1, %0"], dtype, args),
            op => panic!("render: {op} has no spelling in C; lowering decomposes it"),
        }
    }

    /// `x * 2^⌊y⌋`
    pub(super) fn ldexp(&mut self, node: Uop, args: &[String]) -> String {
        self.avx512("ldexp", ["vscalefps %2, %1, %0", "vscalefss %2, %1, %0"], node.dtype(), args)
    }

    /// An instruction, for which compilers have different names or none: that on vectors and that on scalars.
    fn avx512(&mut self, name: &str, [vector, scalar]: [&str; 2], dtype: DType, args: &[String]) -> String {
        let (ty, function) = (self.ty(dtype), format!("{name}_{}", type_name(dtype)));
        let instruction = if dtype.lanes > 1 { vector } else { scalar };
        let (parameters, inputs) = match args {
            [_] => (format!("{ty} x"), "\"v\"(x)"),
            _ => (format!("{ty} x, {ty} y"), "\"v\"(x), \"v\"(y)"),
        };
        self.define(&format!("3 {function}"), || {
            format!("static inline __attribute__((always_inline)) {ty} {function}({parameters}) {{ {ty} r; __asm__(\"{instruction}\" : \"=v\"(r) : {inputs}); return r; }}")
        });
        format!("{function}({})", args.join(", "))
    }
}

/// `x` modulo `y` on floats, exact and with the sign of `x`. Every libc has it, and Rust's own `%` calls it.
fn float_remainder(scalar: Scalar) -> String {
    format!("__builtin_fmod{}(x, y)", if scalar == Scalar::F64 { "" } else { "f" })
}

/// GCC's name, without its width, of the packed maximum or minimum.
fn x86_builtin(name: &str, dtype: DType) -> Option<String> {
    let suffix = match dtype.scalar {
        Scalar::F32 => "ps",
        Scalar::F64 => "pd",
        _ => return None,
    };
    matches!(dtype.bytes(), 16 | 32 | 64).then(|| format!("__builtin_ia32_{name}{suffix}"))
}

/// `WHERE(a < b, b, a)` as a maximum and `WHERE(a < b, a, b)` as a minimum of floats: which, and the places of
/// x and y among the sources of the WHERE. Both give the branch that is not taken if either is NaN.
fn clamp(node: Uop) -> Option<(&'static str, usize, usize)> {
    let (condition, yes, no) = (node.src(0), node.src(1), node.src(2));
    if condition.op() != Op::Cmplt || !node.dtype().is_float() {
        return None;
    }
    let (a, b) = (condition.src(0), condition.src(1));
    match (yes == b && no == a, yes == a && no == b) {
        (true, _) => Some(("max", 2, 1)),
        (_, true) => Some(("min", 1, 2)),
        _ => None,
    }
}

/// The vector `node` as a shuffle, if all of its lanes are lanes of one vector, or of two alike.
fn shuffle(node: Uop, args: &[String]) -> Option<String> {
    let mut vectors: Vec<(Uop, &str)> = vec![];
    let mut places = vec![];
    for (source, text) in node.srcs().zip(args) {
        let Arg::Slot(lane) = *source.arg() else { return None };
        let vector = (source.op() == Op::Gep).then(|| source.src(0))?;
        let name = text.rsplit_once('[').map(|(vector, _)| vector.trim_start_matches("(-"))?;
        let at = vectors.iter().position(|(v, _)| *v == vector).unwrap_or(vectors.len());
        if at == vectors.len() {
            vectors.push((vector, name));
        }
        places.push((at as u32 * vector.dtype().lanes as u32 + lane).to_string());
    }
    let (first, last) = (*vectors.first()?, *vectors.last()?);
    let alike = vectors.len() <= 2 && first.0.dtype() == last.0.dtype();
    alike.then(|| format!("__builtin_shufflevector({}, {}, {})", first.1, last.1, places.join(", ")))
}
