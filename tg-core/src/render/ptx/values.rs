//! Values: literals, elementwise operations lane by lane, conversions, vectors, and what threads of a warp exchange.

use super::Writer;
use super::convert::{Conversion, conversion};
use super::operators::{leaves_range, narrow, spelling};
use super::range::{flushing, range};
use super::registers::{Class, Lane, Side, held, type_name};
use crate::dtype::{Kind, Scalar};
use crate::ir::{Arg, Fragment, Op, Uop, Value};

/// All threads of a warp.
const WARP: &str = "0xFFFFFFFF";

impl<'g> Writer<'g, '_> {
    /// The lanes of `node`, which has a value by now.
    pub(super) fn lanes(&self, node: Uop<'g>) -> &[Lane] {
        self.values.get(&node).unwrap_or_else(|| panic!("render: {node:?} is used before it has a value"))
    }

    /// The lanes of `node` as they are now: a register that loops change is copied.
    fn settled(&mut self, node: Uop<'g>) -> Vec<Lane> {
        (0..node.dtype().lanes as usize).map(|lane| self.settled_lane(node, lane)).collect()
    }

    fn settled_lane(&mut self, node: Uop<'g>, at: usize) -> Lane {
        let (lane, class) = (self.lanes(node)[at].clone(), Class::of(held(node)));
        match node.op() {
            Op::DefineAcc if self.sums.contains(&node) => self.copy_of_sum(&lane),
            Op::DefineAcc => self.copy(&lane, class),
            _ => lane,
        }
    }

    pub(super) fn copy(&mut self, lane: &Lane, class: Class) -> Lane {
        let (source, register) = (self.body.whole(lane), self.body.fresh(class));
        self.body.line(format!("mov.{} {register}, {source};", class.name()));
        Lane::Whole(register)
    }

    /// The one lane of a scalar.
    pub(super) fn scalar(&mut self, node: Uop<'g>) -> String {
        let lane = self.lanes(node)[0].clone();
        self.body.whole(&lane)
    }

    /// The instructions of a row with its operands, into `into`.
    pub(super) fn apply(&mut self, row: &str, scalar: Scalar, into: &str, args: &[String]) {
        let mut text = row.replace("$d", into);
        for (at, arg) in args.iter().enumerate() {
            text = text.replace(&format!("${at}"), arg);
        }
        for (name, value) in placeholders(scalar) {
            text = text.replace(name, &value);
        }
        self.body.line(text);
    }

    pub(super) fn constant(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let value = node.as_const().unwrap_or_else(|| panic!("render: {node:?} is no constant"));
        let (text, scalar) = (literal(value, held(node)), held(node));
        let text = match scalar {
            Scalar::Bool => self.body.register(&text, Class::Pred),
            Scalar::F16 | Scalar::BF16 => {
                let register = self.body.fresh(Class::B16);
                self.body.line(format!("cvt.rn.{}.f32 {register}, {text};", scalar.name()));
                register
            }
            _ => text,
        };
        vec![Lane::Whole(text); node.dtype().lanes as usize]
    }

    /// `lane` of type `from` as `to`.
    pub(super) fn convert(&mut self, lane: &Lane, from: Scalar, to: Scalar) -> Lane {
        match (conversion(from, to), lane) {
            (Conversion::Same, lane) => lane.clone(),
            // A literal has no width.
            (_, Lane::Whole(text)) if (from, to) == (Scalar::I32, Scalar::I64) && !text.starts_with('%') => {
                lane.clone()
            }
            (Conversion::Via(middle), lane) => {
                let middling = self.convert(lane, from, middle);
                self.convert(&middling, middle, to)
            }
            (Conversion::Direct(_), Lane::Half(pair, side)) if (from, to) == (Scalar::BF16, Scalar::F32) => {
                let register = self.body.fresh(Class::B32);
                let (op, amount) = if *side == Side::Low { ("shl", "16") } else { ("and", "0xFFFF0000") };
                self.body.line(format!("{op}.b32 {register}, {pair}, {amount};"));
                Lane::Whole(register)
            }
            (Conversion::Direct(row), lane) => {
                let (source, register) = (self.body.whole(lane), self.body.fresh_for(to));
                self.apply(&row, from, &register, &[source]);
                Lane::Whole(register)
            }
        }
    }

    pub(super) fn cast(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let (from, to) = (held(node.src(0)), held(node));
        let lanes = self.settled(node.src(0));
        let is_paired = from == Scalar::F32 && matches!(to, Scalar::F16 | Scalar::BF16);
        let (pairs, rest) = if is_paired { lanes.as_chunks::<2>() } else { (&[][..], &lanes[..]) };
        let mut result: Vec<Lane> = pairs.iter().flat_map(|pair| self.narrow(pair, to)).collect();
        result.extend(rest.iter().map(|lane| self.convert(lane, from, to)));
        result
    }

    /// Two lanes of f32 as two of `to` in one register.
    fn narrow(&mut self, lanes: &[Lane; 2], to: Scalar) -> [Lane; 2] {
        let [low, high] = lanes.each_ref().map(|lane| self.body.whole(lane));
        let pair = self.body.fresh(Class::B32);
        self.body.line(format!("cvt.rn.{}x2.f32 {pair}, {high}, {low};", to.name()));
        Lane::both(pair)
    }

    pub(super) fn bitcast(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let (from, to) = (held(node.src(0)), held(node));
        let lanes = self.settled(node.src(0));
        let is_int = |scalar: Scalar| scalar.kind() != Kind::Float;
        match (Class::of(from), Class::of(to)) {
            _ if is_int(from) && is_int(to) => lanes.iter().map(|lane| self.convert(lane, from, to)).collect(),
            (Class::B32, Class::B16) => lanes.iter().map(|lane| self.reinterpret("cvt.u16.u32", lane, to)).collect(),
            (Class::B16, _) if is_int(to) => {
                let sign = if to.kind() == Kind::Signed { 's' } else { 'u' };
                lanes.iter().map(|lane| self.reinterpret(&format!("cvt.{sign}32.{sign}16"), lane, to)).collect()
            }
            _ => lanes,
        }
    }

    fn reinterpret(&mut self, instruction: &str, lane: &Lane, to: Scalar) -> Lane {
        let (source, register) = (self.body.whole(lane), self.body.fresh_for(to));
        self.body.line(format!("{instruction} {register}, {source};"));
        Lane::Whole(register)
    }

    pub(super) fn elementwise(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let of = computed_as(node);
        if let Some(lanes) = self.chosen_pairs(node, of).or_else(|| self.added_pairs(node, of)) {
            return lanes;
        }
        let is_single = of == Scalar::F32;
        if let Some(range) = range(node, &self.ranges).filter(|_| is_single) {
            self.ranges.insert(node, range);
        }
        let row = match flushing(node, &self.ranges).filter(|_| is_single) {
            Some(row) => row.into(),
            None => spelling(node, of),
        };
        let lanes: Vec<_> = (0..node.dtype().lanes as usize).map(|lane| self.lane_of(node, lane, of, &row)).collect();
        if is_single {
            self.note_special(node.op(), &lanes);
        }
        lanes
    }

    /// The lanes of a WHERE of 16-bit floats whose condition is the same for all of them: two at a time.
    fn chosen_pairs(&mut self, node: Uop<'g>, of: Scalar) -> Option<Vec<Lane>> {
        let is_paired = node.op() == Op::Where && Class::of(of) == Class::B16 && node.dtype().lanes.is_multiple_of(2);
        let condition = is_paired.then(|| self.lanes(node.src(0)).to_vec())?;
        let first = condition.first().filter(|first| condition.iter().all(|lane| lane == *first))?;
        let condition = self.body.whole(first);
        let [yes, no] = [1, 2].map(|at| self.pairs(node.src(at)));
        let chosen = yes.into_iter().zip(no).flat_map(|(yes, no)| {
            let register = self.body.fresh(Class::B32);
            self.body.line(format!("selp.b32 {register}, {yes}, {no}, {condition};"));
            Lane::both(register)
        });
        Some(chosen.collect())
    }

    /// The lanes of a sum or difference of 16-bit floats, two at a time.
    fn added_pairs(&mut self, node: Uop<'g>, of: Scalar) -> Option<Vec<Lane>> {
        let is_paired = node.dtype().lanes.is_multiple_of(2) && node.srcs().all(|s| s.dtype() == node.dtype());
        let [row, _] = narrow(node.op(), of).filter(|_| is_paired)?;
        let [left, right] = [0, 1].map(|at| self.pairs(node.src(at)));
        let sum = |(left, right): (String, String)| {
            let register = self.body.fresh(Class::B32);
            self.apply(row, of, &register, &[left, right]);
            Lane::both(register)
        };
        Some(left.into_iter().zip(right).flat_map(sum).collect())
    }

    /// The lanes of `node`, 16-bit floats, two in a register.
    fn pairs(&mut self, node: Uop<'g>) -> Vec<String> {
        let lanes = self.lanes(node).to_vec();
        lanes.as_chunks::<2>().0.iter().map(|[low, high]| self.body.pair(low, high)).collect()
    }

    fn lane_of(&mut self, node: Uop<'g>, lane: usize, of: Scalar, row: &str) -> Lane {
        let operand = |w: &mut Self, source: Uop<'g>| {
            let lanes = w.lanes(source);
            let one = lanes[if lanes.len() == 1 { 0 } else { lane }].clone();
            let one = if source.dtype().is_index() { w.convert(&one, held(source), of) } else { one };
            w.body.whole(&one)
        };
        let args: Vec<String> = node.srcs().map(|source| operand(self, source)).collect();
        let result = if node.op().is_comparison() { Scalar::Bool } else { of };
        let register = self.body.fresh_for(result);
        self.apply(row, of, &register, &args);
        let value = Lane::Whole(register);
        match result.bits() {
            ..32 if is_integer(result) && leaves_range(node.op()) => self.wrap(&value, result),
            _ if node.dtype().is_index() => self.convert(&value, of, held(node)),
            _ => value,
        }
    }

    /// An integer of less than 32 bits, extended anew from its lower bits.
    fn wrap(&mut self, value: &Lane, scalar: Scalar) -> Lane {
        let wide = if scalar.kind() == Kind::Signed { Scalar::U32 } else { Scalar::I32 };
        self.convert(value, wide, scalar)
    }

    pub(super) fn vectorize(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let widened = |w: &mut Self, source: Uop<'g>| {
            let lanes = w.settled(source);
            lanes.iter().map(|lane| w.convert(lane, held(source), held(node))).collect::<Vec<_>>()
        };
        node.srcs().flat_map(|source| widened(self, source)).collect()
    }

    pub(super) fn gep(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let Arg::Slot(lane) = *node.arg() else { panic!("render: lane {:?}", node.arg()) };
        let one = self.settled_lane(node.src(0), lane as usize);
        vec![self.convert(&one, held(node.src(0)), held(node))]
    }

    /// What the thread has whose number differs in the bits of the argument.
    pub(super) fn shuffle(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let Arg::Slot(bits) = *node.arg() else { panic!("render: {node:?}") };
        let (from, to) = (held(node.src(0)), held(node));
        if Class::of(to) == Class::B16 && node.dtype().lanes.is_multiple_of(2) {
            return self.pairs(node.src(0)).iter().flat_map(|pair| self.shuffled_pair(pair, bits)).collect();
        }
        let lanes = self.lanes(node.src(0)).to_vec();
        let mut result = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let lane = self.convert(&lane, from, to);
            let (source, register) = (self.body.whole(&lane), self.body.fresh_for(to));
            let row = match Class::of(to) {
                Class::B32 => SHUFFLE_32,
                Class::B64 => SHUFFLE_64,
                Class::B16 => SHUFFLE_16,
                Class::Pred => SHUFFLE_PRED,
            };
            self.apply(row, to, &register, &[source, bits.to_string(), WARP.into()]);
            result.push(Lane::Whole(register));
        }
        result
    }

    fn shuffled_pair(&mut self, pair: &str, bits: u32) -> [Lane; 2] {
        let register = self.body.fresh(Class::B32);
        self.apply(SHUFFLE_32, Scalar::U32, &register, &[pair.into(), bits.to_string(), WARP.into()]);
        Lane::both(register)
    }

    /// The product of a warp's matrices.
    pub(super) fn wmma(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let Arg::Fragment(fragment) = *node.arg() else { panic!("render: {node:?}") };
        let [m, n, k] = fragment.shape();
        let factor = fragment.name();
        let (a, b) = (self.fragment(node.src(0), fragment), self.fragment(node.src(1), fragment));
        let start = self.lanes(node.src(2)).to_vec();
        let start: Vec<String> = start.iter().map(|lane| self.operand(lane, Class::B32)).collect();
        let result: Vec<String> = start.iter().map(|_| self.body.fresh(Class::B32)).collect();
        let braced = |registers: &[String]| format!("{{{}}}", registers.join(", "));
        self.body.line(format!(
            "mma.sync.aligned.m{m}n{n}k{k}.row.col.f32.{factor}.{factor}.f32 {}, {}, {}, {};",
            braced(&result),
            braced(&a),
            braced(&b),
            braced(&start)
        ));
        result.into_iter().map(Lane::Whole).collect()
    }

    /// The registers of a factor: two lanes of 16 bits in each.
    fn fragment(&mut self, node: Uop<'g>, fragment: Fragment) -> Vec<String> {
        match fragment {
            Fragment::TF32 => self.lanes(node).to_vec().iter().map(|lane| self.operand(lane, Class::B32)).collect(),
            Fragment::F16 | Fragment::BF16 => self.pairs(node),
        }
    }

    /// A lane in a register of `class`, for instructions that take no literals.
    pub(super) fn operand(&mut self, lane: &Lane, class: Class) -> String {
        let text = self.body.whole(lane);
        self.body.register(&text, class)
    }
}

const SHUFFLE_32: &str = "shfl.sync.bfly.b32 $d, $0, $1, 31, $2;";
const SHUFFLE_64: &str = "{ .reg .b32 l, h; mov.b64 {l, h}, $0; shfl.sync.bfly.b32 l, l, $1, 31, $2; \
    shfl.sync.bfly.b32 h, h, $1, 31, $2; mov.b64 $d, {l, h}; }";
const SHUFFLE_16: &str = "{ .reg .b32 w; cvt.u32.u16 w, $0; shfl.sync.bfly.b32 w, w, $1, 31, $2; cvt.u16.u32 $d, w; }";
const SHUFFLE_PRED: &str =
    "{ .reg .b32 w; selp.b32 w, 1, 0, $0; shfl.sync.bfly.b32 w, w, $1, 31, $2; setp.ne.b32 $d, w, 0; }";

fn is_integer(scalar: Scalar) -> bool {
    matches!(scalar.kind(), Kind::Signed | Kind::Unsigned)
}

/// The scalar that the instructions of `node` compute with: that of its operands; for indices the wider of all.
fn computed_as(node: Uop) -> Scalar {
    let values = || node.srcs().skip((node.op() == Op::Where) as usize);
    let result = (!node.op().is_comparison()).then_some(node);
    match values().next() {
        Some(first) if first.dtype().is_index() => {
            let is_wide = values().chain(result).any(|n| held(n) == Scalar::I64);
            if is_wide { Scalar::I64 } else { Scalar::I32 }
        }
        Some(first) => held(first),
        None => held(node),
    }
}

/// What the names of a row stand for.
fn placeholders(scalar: Scalar) -> [(&'static str, String); 9] {
    let (ty, width) = (type_name(scalar), if Class::of(scalar) == Class::B64 { "64" } else { "32" });
    let float = |double: &str, single: &str| if scalar == Scalar::F64 { double.into() } else { single.into() };
    [
        ("$zero", float("0d0000000000000000", "0f00000000")),
        ("$half", float("0d3FE0000000000000", "0f3F000000")),
        ("$inf", float("0d7FF0000000000000", "0f7F800000")),
        ("$nan", float("0d7FF8000000000000", "0f7FFFFFFF")),
        ("$t", ty.into()),
        ("$s", format!("s{width}")),
        ("$u", format!("u{width}")),
        ("$b", Class::of(scalar).name().into()),
        ("$w", (scalar.bits() - 1).to_string()),
    ]
}

/// A literal of one lane; those of 16-bit floats are of f32.
fn literal(value: Value, scalar: Scalar) -> String {
    match value {
        Value::Bool(v) => (v as u8).to_string(),
        Value::Int(v) if v > i64::MAX as i128 => format!("{v}U"),
        Value::Int(v) => v.to_string(),
        Value::Float(v) if scalar == Scalar::F64 => format!("0d{:016X}", v.to_bits()),
        Value::Float(v) => format!("0f{:08X}", (v as f32).to_bits()),
    }
}
