//! Spellings in C: GNU C with vector extensions, freestanding, no header.
//!
//! Vectors of bool are vectors of signed integers, 0 or −1, as wide as what was compared. What has no
//! operator in C is a small inline function, written out only if used.

mod operators;
mod types;

use std::collections::BTreeMap;

use self::types::{c_type, carrier, float_literal, integer, integer_literal, type_name};
use super::emit::Spelling;
use crate::dtype::{DType, Scalar};
use crate::ir::{Arg, Op, Uop, Value};
use crate::loops::terms;

/// The C language.
#[derive(Default)]
pub struct C {
    prelude: BTreeMap<String, String>,
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

    /// A store past the caches, where the processor has one.
    fn stream(&mut self, dtype: DType, pointer: &str, index: &str, text: &str) -> String {
        let (ty, plain, bits) = (self.ty(dtype), self.memory_type(dtype), dtype.bytes() * 8);
        let width = if bits == 128 { String::new() } else { bits.to_string() };
        self.define("2 stream_end", || {
            "#ifdef __x86_64__\n#define stream_end() __builtin_ia32_sfence()\n#else\n#define stream_end() ((void)0)\n#endif".into()
        });
        self.define(&format!("2 stream_{ty}"), || {
            format!(
                "#if defined(__clang__)\n#define stream_{ty}(p, v) __builtin_nontemporal_store(v, ({ty} *)(p))\n\
                 #elif defined(__x86_64__)\n#define stream_{ty}(p, v) __builtin_ia32_movntps{width}((float *)(p), \
                 (float __attribute__((vector_size({}))))(v))\n#else\n#define stream_{ty}(p, v) (*({plain} *)(p) = (v))\n#endif",
                dtype.bytes()
            )
        });
        format!("stream_{ty}({pointer} + ({index}), {text});")
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
}

/// Whether `store` goes past the caches: whole vectors do, to addresses that are multiples of their size as the
/// beginnings of buffers are.
fn is_streamed(store: Uop) -> bool {
    let (index, dtype) = (store.src(0), store.src(1).dtype());
    let aligned = |term: Uop| multiple(term).is_some_and(|n| n % dtype.lanes as i128 == 0);
    *store.arg() == Arg::Stream
        && matches!(dtype.bytes(), 16 | 32 | 64)
        && !dtype.is_bool()
        && terms(index.src(1)).into_iter().all(aligned)
}

/// A constant that `term` is a multiple of.
fn multiple(term: Uop) -> Option<i128> {
    let factor = if term.op() == Op::Mul { term.src(1) } else { term };
    factor.as_int()
}

impl Spelling for C {
    fn tail(&mut self) -> &'static str {
        match self.prelude.keys().any(|key| key.starts_with("2 stream_")) {
            // What went past the caches is in memory before another thread is told that it is.
            true => "  stream_end();\n}",
            false => "}",
        }
    }

    fn head(&mut self, name: &str) -> String {
        let size = self.ty(DType::I64);
        format!(
            "void {name}(unsigned char *const *buffers, const {size} *dims, {size} begin, {size} end, unsigned char *scratch) {{"
        )
    }

    fn pointer(&mut self, name: &str, node: Uop, position: usize, written: bool) -> String {
        let ty = self.ty(node.dtype().pointee());
        let qualifier = if written { "" } else { "const " };
        format!("{qualifier}{ty} *restrict {name} = ({qualifier}{ty} *)buffers[{position}];")
    }

    fn scratch(&mut self, name: &str, node: Uop, offset: usize) -> String {
        let ty = self.ty(node.dtype().pointee());
        format!("{ty} *restrict {name} = ({ty} *)(scratch + {offset});")
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
            Op::Ldexp => self.ldexp(node, args),
            Op::Max => self.maximum(node, args),
            Op::Vectorize => self.vector(node, args),
            Op::Gep => match node.arg() {
                // In a vector true is −1.
                Arg::Slot(lane) if dtype.is_bool() => format!("(-{}[{lane}])", args[0]),
                Arg::Slot(lane) => format!("{}[{lane}]", args[0]),
                arg => panic!("render: lane {arg:?}"),
            },
            _ => self.unary(node, args),
        }
    }

    fn address(&mut self, name: &str, pointer: Uop, from: &str, index: &str, written: bool) -> String {
        let ty = self.ty(pointer.dtype().pointee());
        let qualifier = if written { "" } else { "const " };
        format!("{qualifier}{ty} *{name} = {from} + {index};")
    }

    fn load(&mut self, node: Uop, pointer: &str, index: &str) -> String {
        let dtype = node.dtype();
        let stored = DType { scalar: if dtype.is_bool() { Scalar::I8 } else { dtype.scalar }, ..dtype };
        let value = match dtype.lanes {
            1 => format!("{pointer}[{index}]"),
            // Without the cast its type would still be the unaligned one, which ?: does not mix with the other.
            _ => format!("({})*(const {} *)({pointer} + {index})", self.ty(stored), self.memory_type(stored)),
        };
        if dtype.is_bool() && dtype.lanes > 1 { format!("({value} != 0)") } else { value }
    }

    fn guarded(&mut self, valid: &str, value: &str, otherwise: &str) -> String {
        format!("{valid} ? {value} : {otherwise}")
    }

    fn store(&mut self, node: Uop, pointer: &str, index: &str, text: &str) -> String {
        let (value, dtype) = (node.src(1), node.src(1).dtype());
        match dtype.lanes {
            1 => format!("{pointer}[{index}] = {text};"),
            _ if is_streamed(node) => self.stream(dtype, pointer, index, text),
            _ if dtype.is_bool() => {
                let bytes = DType::I8.vec(dtype.lanes);
                let mask = self.mask(value, text, bytes);
                format!("*({} *)({pointer} + {index}) = -({mask});", self.memory_type(bytes))
            }
            _ => format!("*({} *)({pointer} + {index}) = {text};", self.memory_type(dtype)),
        }
    }

    /// By way of an integer, since C's pointers stay within what they point to.
    fn prefetch(&mut self, pointer: &str, index: &str, level: u32) -> Option<String> {
        let bytes = format!("(__UINTPTR_TYPE__)({index}) * sizeof *{pointer}");
        Some(format!("__builtin_prefetch((const void *)((__UINTPTR_TYPE__){pointer} + {bytes}), 0, {});", 4 - level))
    }

    fn scatter(&mut self, node: Uop, pointer: &str, first: &str, step: i64, text: &str) -> String {
        let dtype = node.src(1).dtype();
        let [to, ty, size] = [dtype.element(), carrier(node.src(1)), DType::I64].map(|ty| self.ty(ty));
        let sign = if dtype.is_bool() { "-" } else { "" };
        let (name, lanes) = (format!("scatter_{to}_{ty}"), dtype.lanes);
        // Not inline: compilers write the loop out wherever they see it.
        self.define(&format!("3 {name}"), || {
            format!("static __attribute__((noipa, noinline)) void {name}({to} *p, {size} step, {ty} x) {{ for (int l = 0; l < {lanes}; l++) p[l * step] = {sign}x[l]; }}")
        });
        format!("{name}({pointer} + {first}, {step}, {text});")
    }

    fn declare(&mut self, node: Uop, name: &str, text: &str, mutable: bool) -> String {
        let ty = self.ty(carrier(node));
        format!("{}{ty} {name} = {text};", if mutable { "" } else { "const " })
    }

    fn assign(&mut self, register: Uop, value: Uop, name: &str, text: &str) -> String {
        let to = carrier(register);
        let text = if to == register.dtype() { text.to_string() } else { self.mask(value, text, to) };
        format!("{name} = {text};")
    }

    fn only_if(&mut self, holds: &str, statement: &str) -> String {
        format!("if ({holds}) {statement}")
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
