//! Prints a C program that measures a decomposition of `lower::transcendental` on every f32.
//!
//! `cargo run -p tg-core --example exhaustive EXP2 > exp2.c && cc -O3 -march=native -ffp-contract=off
//! exp2.c -lm && ./a.out`: prints the largest error in ulp, where it is, and how many results are wrong in kind
//! (NaN, infinite). A second argument `x86v4` takes the form for such processors, `-DTWICE` rounds MULACC twice, `-DLIMIT=1e8`
//! leaves out what is larger. The reference is the C library's f64 function. Not run by tests: it takes minutes.

use std::fmt::Write;

use tg_core::dtype::{DType, Scalar};
use tg_core::ir::{Arg, Graph, Op, Uop, Value};
use tg_core::lower::transcendental::decompose;
use tg_core::target::Isa;

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let reference = match name.as_str() {
        "EXP2" => "exp2",
        "LOG2" => "log2",
        "SIN" => "sin",
        "TANH" => "tanh",
        "ERF" => "erf",
        _ => return eprintln!("give one of EXP2, LOG2, SIN, TANH, ERF, not `{name}`"),
    };
    let graph = Graph::new();
    let x = graph.node(Op::DefineAcc, DType::F32, &[], Arg::Slot(0));
    let op = Op::ALL.iter().find(|op| op.name() == name).copied().unwrap_or(Op::Exp2);
    let isa = if std::env::args().nth(2).as_deref() == Some("x86v4") { Isa::X86V4 } else { Isa::Baseline };
    match decompose(x.unary(op), isa) {
        Some(root) => println!("{}", program(root, reference)),
        None => eprintln!("{name} is not decomposed"),
    }
}

fn program(root: Uop, reference: &str) -> String {
    let mut body = String::new();
    for node in root.toposort() {
        let _ = writeln!(body, "    {} v{} = {};", ctype(node.dtype()), node.id().0, spell(node));
    }
    format!(
        r#"#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef TWICE
#define MULACC(x, y, z) ((x) * (y) + (z))
#else
#define MULACC(x, y, z) _Generic((x), float: fmaf, double: fma)(x, y, z)
#endif
#ifndef LIMIT
#define LIMIT INFINITY
#endif
#define BITS(T, x) (__extension__({{ __typeof__(x) from = (x); T to; memcpy(&to, &from, sizeof to); to; }}))

static inline float computed(float x) {{
{body}    return v{};
}}

int main(void) {{
    double worst = 0;
    float at = 0;
    long wrong = 0;
    for (uint64_t i = 0; i <= UINT32_MAX; i++) {{
        float x = BITS(float, (uint32_t)i), found = computed(x);
        if (LIMIT < fabsf(x) && isfinite(x)) continue;
        double exact = {reference}((double)x);
        float rounded = (float)exact;
        if (isnan(found) != isnan(rounded) || (isinf(found) && fabs(exact) < 3.4028234e38)) {{ wrong++; continue; }}
        if (isnan(found) || (isinf(rounded) && found == rounded)) continue;
        int e;
        frexp(exact, &e);
        double error = fabs((found - exact) * ldexp(1, 24 - (e < -125 ? -125 : e)));
        if (error > worst) {{ worst = error; at = x; }}
    }}
    printf("{reference}: %.4f ulp at %.9g, %ld wrong in kind\n", worst, at, wrong);
}}
"#,
        root.id().0
    )
}

fn ctype(dtype: DType) -> &'static str {
    match dtype.scalar {
        Scalar::F32 => "float",
        Scalar::F64 => "double",
        Scalar::I64 => "int64_t",
        _ => "int32_t",
    }
}

fn spell(node: Uop) -> String {
    let v = |i: usize| format!("v{}", node.src(i).id().0);
    let infix = |sign: &str| format!("{} {sign} {}", v(0), v(1));
    match (node.op(), node.arg()) {
        (Op::Const, Arg::Value(Value::Float(c))) if c.is_finite() => format!("{c:e}"),
        (Op::Const, Arg::Value(Value::Float(c))) if c.is_nan() => "NAN".to_string(),
        (Op::Const, Arg::Value(Value::Float(c))) => if *c > 0.0 { "INFINITY" } else { "-INFINITY" }.to_string(),
        (Op::Const, Arg::Value(c)) => format!("({}){}", ctype(node.dtype()), c.as_int().unwrap_or(0)),
        (Op::DefineAcc, _) => "x".to_string(),
        (Op::Cast, _) => format!("({}){}", ctype(node.dtype()), v(0)),
        (Op::Bitcast, _) => format!("BITS({}, {})", ctype(node.dtype()), v(0)),
        (Op::Recip, _) => format!("1 / {}", v(0)),
        (Op::Fract, _) => format!("isinf({0}) ? 0 : {0} - floorf({0})", v(0)),
        (Op::Ldexp, _) => format!("(float)({} * exp2(fmax(-512, fmin(512, floor((double){})))))", v(0), v(1)),
        (Op::Trunc, _) => format!("trunc({})", v(0)),
        (Op::Mulacc, _) => format!("MULACC({}, {}, {})", v(0), v(1), v(2)),
        (Op::Where, _) => format!("{} ? {} : {}", v(0), v(1), v(2)),
        (Op::Shl, _) => format!("({})((uint64_t){} << {})", ctype(node.dtype()), v(0), v(1)),
        (Op::Add, _) => infix("+"),
        (Op::Sub, _) => infix("-"),
        (Op::Mul, _) => infix("*"),
        (Op::Fdiv, _) => infix("/"),
        (Op::Cmplt, _) => infix("<"),
        (Op::Cmpeq, _) => infix("=="),
        (Op::Cmpne, _) => infix("!="),
        (Op::And, _) => infix("&"),
        (Op::Or, _) => infix("|"),
        (Op::Xor, _) => infix("^"),
        (Op::Shr, _) => infix(">>"),
        (op, _) => panic!("{op} has no spelling here"),
    }
}
