//! Accuracy on dense samples against f64 mathematics, and special values.
//!
//! Each decomposition is evaluated as the language defines it, every operation rounding to its dtype,
//! once with MULACC rounded twice and once with MULACC rounded once.

use rustc_hash::FxHashMap;

use super::decompose;
use crate::dtype::{DType, Scalar};
use crate::ir::{Arg, Graph, Id, Op, Uop, Value, eval};
use crate::symbolic::simplify;
use crate::target::Isa;

/// A decomposition, ready to be run on many operands.
struct Program {
    steps: Vec<(Op, DType, Vec<usize>, Option<Value>)>,
    fused: bool,
}

impl Program {
    /// `op` of `dtype` on `isa`; its operands are the variables 0 and 1.
    fn new(op: Op, dtype: DType, isa: Isa, fused: bool) -> Program {
        Program::changed(op, dtype, isa, fused, |root| root)
    }

    fn changed(op: Op, dtype: DType, isa: Isa, fused: bool, change: for<'g> fn(Uop<'g>) -> Uop<'g>) -> Program {
        let g = Graph::new();
        let operands: Vec<Uop> =
            (0..op.arity().unwrap()).map(|i| g.node(Op::DefineAcc, dtype, &[], Arg::Slot(i as u32))).collect();
        let root = decompose(operands[0].alu(op, &operands[1..]), isa).unwrap();
        assert_eq!(root.dtype(), dtype);
        let root = change(root);
        let mut place: FxHashMap<Id, usize> = FxHashMap::default();
        let mut steps = Vec::new();
        for node in root.toposort() {
            assert!(!matches!(node.op(), Op::Exp2 | Op::Log2 | Op::Sin | Op::Tanh | Op::Erf | Op::Pow));
            let fixed = match node.arg() {
                Arg::Slot(slot) => Some(Value::Int(*slot as i128)),
                _ => node.as_const(),
            };
            place.insert(node.id(), steps.len());
            steps.push((node.op(), node.dtype(), node.srcs().map(|s| place[&s.id()]).collect(), fixed));
        }
        Program { steps, fused }
    }

    fn run(&self, operands: &[f64]) -> f64 {
        let mut values: Vec<Value> = Vec::with_capacity(self.steps.len());
        for (op, dtype, src, fixed) in &self.steps {
            let args: Vec<Value> = src.iter().map(|&s| values[s]).collect();
            let fuse = |x: f64, y: f64, z: f64| match dtype.scalar {
                Scalar::F32 => (x as f32).mul_add(y as f32, z as f32) as f64,
                _ => x.mul_add(y, z),
            };
            values.push(match (op, fixed) {
                (Op::Const, Some(v)) => *v,
                (Op::DefineAcc, Some(Value::Int(slot))) => Value::Float(operands[*slot as usize]),
                (Op::Bitcast, _) => bitcast(args[0], *dtype),
                (Op::Mulacc, _) if self.fused => {
                    Value::Float(fuse(args[0].to_f64(), args[1].to_f64(), args[2].to_f64()))
                }
                _ => eval(*op, *dtype, &args).unwrap(),
            });
        }
        values.last().unwrap().to_f64()
    }
}

fn bitcast(value: Value, dtype: DType) -> Value {
    match (value, dtype.scalar) {
        (Value::Float(v), Scalar::I32) => Value::Int((v as f32).to_bits() as i32 as i128),
        (Value::Float(v), Scalar::I64) => Value::Int(v.to_bits() as i64 as i128),
        (Value::Int(v), Scalar::F32) => Value::Float(f32::from_bits(v as u32) as f64),
        (Value::Int(v), Scalar::F64) => Value::Float(f64::from_bits(v as u64)),
        other => panic!("no bitcast of {other:?}"),
    }
}

/// The distance of `found` from `exact` in units of the f32 spacing at `exact`.
fn ulps(found: f64, exact: f64) -> f64 {
    let rounded = exact as f32 as f64;
    if found == rounded || (found.is_nan() && exact.is_nan()) {
        return if rounded.is_finite() { (found - exact).abs() / spacing(exact) } else { 0.0 };
    }
    (found - exact).abs() / spacing(exact)
}

fn spacing(exact: f64) -> f64 {
    let exponent = ((exact.to_bits() >> 52 & 0x7ff) as i32 - 1023).clamp(-126, 127);
    2f64.powi(exponent - 23)
}

/// The language's own definition of `op`, on f64.
fn exact(op: Op, operands: &[f64]) -> f64 {
    let values: Vec<Value> = operands.iter().map(|&v| Value::Float(v)).collect();
    eval(op, DType::F64, &values).unwrap().to_f64()
}

/// Evenly spaced floats of every magnitude up to `largest`, of both signs, and evenly spaced values.
fn samples(largest: f64, count: i64) -> Vec<f64> {
    let top = (largest as f32).to_bits() as i64;
    let ladder = (0..count).map(|i| f32::from_bits((i * top / count) as u32) as f64);
    let even = (0..count).map(|i| (largest * i as f64 / count as f64) as f32 as f64);
    ladder.chain(even).flat_map(|x| [x, -x]).collect()
}

/// With and without FRACT and LDEXP; MULACC rounded twice and once.
const WAYS: [(Isa, bool); 4] = [(Isa::Baseline, false), (Isa::Baseline, true), (Isa::X86V4, false), (Isa::X86V4, true)];

#[track_caller]
fn check_f32(op: Op, inputs: &[f64], bound: f64) {
    for (isa, fused) in WAYS {
        let program = Program::new(op, DType::F32, isa, fused);
        let mut worst = (0.0, 0.0);
        for &x in inputs {
            let (found, wanted) = (program.run(&[x]), exact(op, &[x]));
            assert_eq!(found.is_nan(), wanted.is_nan(), "{op} of {x:e} is {found:e}, not {wanted:e}");
            let error = ulps(found, wanted);
            if error > worst.0 {
                worst = (error, x);
            }
        }
        println!("{op} f32 {isa:?} fused={fused}: {:.3} ulp at {:e}, {} steps", worst.0, worst.1, program.steps.len());
        assert!(worst.0 <= bound, "{op} is {} ulp off at {:e}", worst.0, worst.1);
    }
}

#[track_caller]
fn check_f64(op: Op, inputs: &[Vec<f64>], bound: f64) {
    for fused in [false, true] {
        let program = Program::new(op, DType::F64, Isa::Baseline, fused);
        let mut worst = (0.0, vec![]);
        for x in inputs {
            let (found, wanted) = (program.run(x), exact(op, x));
            assert_eq!(found.is_nan(), wanted.is_nan(), "{op} of {x:?} is {found:e}, not {wanted:e}");
            // Denormal results are as exact as they can be.
            let error = if found == wanted || found.is_nan() {
                0.0
            } else {
                ((found - wanted).abs() - 5e-324).max(0.0) / wanted.abs()
            };
            if error > worst.0 || error.is_nan() {
                worst = (error, x.clone());
            }
        }
        println!("{op} f64 fused={fused}: {:.2e} at {:?}", worst.0, worst.1);
        assert!(worst.0 <= bound, "{op} is {:e} off at {:?}", worst.0, worst.1);
    }
}

const COUNT: i64 = 5_000;

fn single(inputs: Vec<f64>) -> Vec<Vec<f64>> {
    inputs.into_iter().map(|x| vec![x]).collect()
}

#[test]
fn f32_functions_keep_their_bounds() {
    check_f32(Op::Exp2, &samples(160.0, COUNT), 2.0);
    check_f32(Op::Log2, &samples(f32::MAX as f64, COUNT), 2.0);
    let around_one: Vec<f64> = (0..COUNT).map(|i| (0.5 + 1.5 * i as f64 / COUNT as f64) as f32 as f64).collect();
    check_f32(Op::Log2, &around_one, 2.0);
    check_f32(Op::Sin, &samples(1e8, COUNT), 1.0);
    check_f32(Op::Sin, &samples(100.0, COUNT), 1.0);
    check_f32(Op::Tanh, &samples(12.0, COUNT), 3.0);
    check_f32(Op::Erf, &samples(5.0, COUNT), 4.0);
}

#[test]
fn f64_functions_keep_their_bounds() {
    check_f64(Op::Exp2, &single(samples(1100.0, COUNT)), 1e-15);
    check_f64(Op::Log2, &single(samples(f32::MAX as f64, COUNT)), 2e-15);
    check_f64(Op::Log2, &single((0..COUNT).map(|i| 0.5 + 1.5 * i as f64 / COUNT as f64).collect()), 2e-15);
    check_f64(Op::Log2, &single((0..1000).map(|i| f64::MIN_POSITIVE * i as f64 / 1000.0).collect()), 2e-15);
    check_f64(Op::Sin, &single(samples(1e8, COUNT)), 1e-15);
    check_f64(Op::Tanh, &single(samples(25.0, COUNT)), 2e-15);
    check_f64(Op::Erf, &single(samples(7.0, COUNT)), 4e-15);
}

/// Pairs whose power covers all magnitudes.
fn powers(count: i64) -> Vec<Vec<f64>> {
    let pair = |i: i64| {
        let x = 2f64.powf(((i * 7919) % 2000) as f64 / 20.0 - 50.0);
        let y = ((i * 104_729) % 4001 - 2000) as f64 / 20.0;
        [
            vec![x as f32 as f64, y],
            vec![-(x as f32) as f64, y.trunc()],
            vec![1.0 + (x * 1e-17).min(0.5) as f32 as f64, y * 50.0],
        ]
    };
    (0..count).flat_map(pair).collect()
}

#[test]
fn powers_keep_their_bounds() {
    check_f64(Op::Pow, &powers(COUNT), 1e-14);
    for fused in [false, true] {
        let program = Program::new(Op::Pow, DType::F32, Isa::Baseline, fused);
        let error =
            |p: &Vec<f64>| ulps(program.run(&[p[0], p[1] as f32 as f64]), exact(Op::Pow, &[p[0], p[1] as f32 as f64]));
        let worst = powers(COUNT).iter().map(error).fold(0.0, f64::max);
        println!("POW f32 fused={fused}: {worst:.3} ulp");
        assert!(worst <= 1.0);
    }
}

/// Equal as IEEE values, the sign of zero included.
#[track_caller]
fn same(op: Op, dtype: DType, operands: &[f64], wanted: f64) {
    for (isa, fused) in WAYS.into_iter().filter(|way| way.1) {
        let found = Program::new(op, dtype, isa, fused).run(operands);
        let equal = found == wanted && found.is_sign_negative() == wanted.is_sign_negative();
        let same = equal || (found.is_nan() && wanted.is_nan());
        assert!(same, "{op} {dtype} of {operands:?} is {found}, not {wanted}, for {isa:?}");
    }
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn special_values() {
    for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16] {
        for (op, table) in [
            (
                Op::Exp2,
                &[
                    (INF, INF),
                    (-INF, 0.0),
                    (0.0, 1.0),
                    (-0.0, 1.0),
                    (3.0, 8.0),
                    (-1.0, 0.5),
                    (2000.0, INF),
                    (-2000.0, 0.0),
                ][..],
            ),
            (
                Op::Log2,
                &[
                    (INF, INF),
                    (-INF, NAN),
                    (0.0, -INF),
                    (-0.0, -INF),
                    (1.0, 0.0),
                    (8.0, 3.0),
                    (0.25, -2.0),
                    (-1.0, NAN),
                ],
            ),
            (Op::Sin, &[(INF, NAN), (-INF, NAN), (0.0, 0.0), (-0.0, -0.0)]),
            (Op::Tanh, &[(INF, 1.0), (-INF, -1.0), (0.0, 0.0), (-0.0, -0.0), (100.0, 1.0)]),
            (Op::Erf, &[(INF, 1.0), (-INF, -1.0), (0.0, 0.0), (-0.0, -0.0), (-100.0, -1.0)]),
        ] {
            same(op, dtype, &[NAN], NAN);
            for &(x, y) in table {
                same(op, dtype, &[x], y);
            }
        }
    }
    let payload = f32::from_bits(0xffff_ffff) as f64;
    same(Op::Exp2, DType::F32, &[payload], NAN);
}

#[test]
fn powers_of_everything() {
    let all = [
        0.0,
        0.5,
        1.0,
        1.5,
        2.0,
        3.0,
        4.0,
        1e10,
        16777217.0,
        9007199254740991.0,
        9007199254740993.0,
        1e300,
        INF,
        1e-310,
    ];
    let all: Vec<f64> = all.iter().flat_map(|&v| [v, -v]).chain([NAN]).collect();
    for &x in &all {
        for &y in &all {
            let wanted = x.powf(y);
            let found = Program::new(Op::Pow, DType::F64, Isa::Baseline, true).run(&[x, y]);
            let close =
                (found - wanted).abs() <= 1e-14 * wanted.abs() && found.is_sign_negative() == wanted.is_sign_negative();
            assert!(
                found == wanted || close || (found.is_nan() && wanted.is_nan()),
                "{x:e}^{y:e} is {found:e}, not {wanted:e}"
            );
            let (x, y) = (x as f32, y as f32);
            let found = Program::new(Op::Pow, DType::F32, Isa::Baseline, true).run(&[x as f64, y as f64]) as f32;
            let wanted = (x as f64).powf(y as f64) as f32;
            assert!(found == wanted || (found.is_nan() && wanted.is_nan()), "{x:e}^{y:e} is {found:e}, not {wanted:e}");
        }
    }
}

#[test]
fn simplification_changes_no_result() {
    for dtype in [DType::F32, DType::F64] {
        for op in [Op::Exp2, Op::Log2, Op::Sin, Op::Tanh, Op::Erf] {
            let plain = Program::new(op, dtype, Isa::Baseline, true);
            let simple = Program::changed(op, dtype, Isa::Baseline, true, simplify);
            for x in samples(300.0, 100) {
                let (found, wanted) = (simple.run(&[x]), plain.run(&[x]));
                assert!(
                    found.to_bits() == wanted.to_bits() || found.is_nan() && wanted.is_nan(),
                    "{op} {dtype} of {x:e}"
                );
            }
        }
    }
}

#[test]
fn vectors_decompose_like_scalars() {
    let g = Graph::new();
    for dtype in [DType::F32.vec(8), DType::F16.vec(4), DType::F64.vec(2)] {
        for op in [Op::Exp2, Op::Log2, Op::Sin, Op::Tanh, Op::Erf, Op::Pow] {
            let x = g.node(Op::DefineAcc, dtype, &[], Arg::Slot(0));
            let root = decompose(x.alu(op, &vec![x; op.arity().unwrap() - 1]), Isa::Baseline).unwrap();
            assert_eq!(root.dtype(), dtype);
            assert!(root.toposort().iter().all(|n| n.dtype().lanes == dtype.lanes));
        }
    }
    assert_eq!(decompose(g.constant(DType::I32, 3).alu(Op::Pow, &[g.constant(DType::I32, 2)]), Isa::Baseline), None);
}

#[test]
fn exp2_is_cheap() {
    let g = Graph::new();
    let x = g.node(Op::DefineAcc, DType::F32.vec(8), &[], Arg::Slot(0));
    let steps = decompose(x.unary(Op::Exp2), Isa::Baseline).unwrap().toposort();
    let count = |wanted: fn(&Op) -> bool| steps.iter().filter(|n| wanted(&n.op())).count();
    // A comparison and its selection are one minimum or maximum, and a bitcast is nothing.
    let operations = count(|op| op.is_alu()) - count(|op| matches!(op, Op::Bitcast | Op::Cmplt));
    assert_eq!(operations, 15);
}
