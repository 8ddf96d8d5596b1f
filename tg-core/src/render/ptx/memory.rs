//! Pointers, addresses, loads and stores.
//!
//! An address is a register and a constant number of bytes beside it, so that places that differ by constants share the
//! register. A guarded load fills its registers with the other value first and is predicated, as a guarded store is.

use super::layout::{Chunk, chunks, memory_type};
use super::registers::{Class, Lane, held, type_name};
use super::{Pointer, Writer, buffer};
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::{Arg, Arrangement, Op, Uop};
use crate::target::{Isa, WIDEST};

/// Bound of the distance, in elements, between a register and an address: 31 bits hold it in bytes.
const FARTHEST: i64 = 1 << 27;

/// Lanes of an access that are neighbours.
struct Run<'g> {
    place: Uop<'g>,
    first: usize,
    lanes: usize,
}

/// `place` as something that varies and a constant.
pub(super) fn peel<'g>(place: Uop<'g>) -> (Option<Uop<'g>>, i64) {
    let constant = |n: Uop| n.as_int().and_then(|v| i32::try_from(v).ok()).map(i64::from);
    let (mut rest, mut sum) = (place, 0i64);
    loop {
        if let Some(all) = constant(rest).filter(|all| (sum + all).abs() < FARTHEST) {
            return (None, sum + all);
        }
        match (rest.op(), rest.srcs().nth(1).and_then(constant)) {
            (Op::Add, Some(more)) if (sum + more).abs() < FARTHEST => (rest, sum) = (rest.src(0), sum + more),
            _ => return (Some(rest), sum),
        }
    }
}

/// The places of the lanes of an access: one, from which on they are neighbours, or one for each.
pub(super) fn places(index: Uop<'_>) -> Vec<Uop<'_>> {
    let place = index.src(1);
    if place.op() == Op::Vectorize { place.srcs().collect() } else { vec![place] }
}

fn runs<'g>(index: Uop<'g>, lanes: usize) -> Vec<Run<'g>> {
    match &places(index)[..] {
        [place] => vec![Run { place: *place, first: 0, lanes }],
        places => (0..).zip(places).map(|(first, place)| Run { place: *place, first, lanes: 1 }).collect(),
    }
}

impl<'g> Writer<'g, '_> {
    pub(super) fn define_global(&mut self, node: Uop<'g>) {
        let Arg::Slot(slot) = *node.arg() else { panic!("render: {node:?}") };
        let pointer = match self.entry.args.get(slot as usize) {
            Some(Some(_)) => Pointer::Value(format!("a{slot}")),
            Some(None) => Pointer::Global { base: self.pointer(slot), is_constant: !self.written.contains(&node) },
            None => panic!("render: {node:?} is not among the {} arguments", self.entry.args.len()),
        };
        self.pointers.insert(node, pointer);
    }

    fn pointer(&mut self, slot: u32) -> String {
        let base = self.body.fresh(Class::B64);
        self.body.line(format!("ld.param.u64 {base}, [a{slot}];"));
        self.body.line(format!("cvta.to.global.u64 {base}, {base};"));
        base
    }

    pub(super) fn define_local(&mut self, node: Uop<'g>) {
        let Arg::Local(_, len, arrangement) = *node.arg() else { panic!("render: {node:?}") };
        if self.shared_base.is_none() {
            let base = self.body.fresh(Class::B32);
            self.body.line(format!("mov.u32 {base}, shared;"));
            self.shared_base = Some(base);
        }
        let is_swizzled = arrangement == Arrangement::Swizzled;
        self.pointers.insert(node, Pointer::Shared { offset: self.shared, is_swizzled });
        self.shared += (len as usize * node.dtype().pointee().bytes()).next_multiple_of(self.alignment);
    }

    /// The address of `place` in brackets.
    pub(super) fn address(&mut self, pointer: &Pointer, place: Uop<'g>, element: DType, lane: usize) -> String {
        let size = element.bytes() as i64;
        let (rest, constant) = peel(place);
        let mut offset = (constant + lane as i64) * size;
        let base = match pointer {
            Pointer::Value(name) => return format!("[{name}]"),
            Pointer::Global { base, .. } => base.clone(),
            Pointer::Shared { offset: start, is_swizzled } => {
                let base = self.shared_base.clone().unwrap_or_default();
                if *is_swizzled {
                    return self.swizzled((base, *start as i64), rest, (offset, size));
                }
                offset += *start as i64;
                base
            }
        };
        let register = rest.map_or(base.clone(), |rest| self.scaled(base, rest, (size, None)));
        if offset == 0 { format!("[{register}]") } else { format!("[{register}+{offset}]") }
    }

    /// The register `base` + `rest` * `size`, made once for a loop and those inside of it; or what lies so many bytes behind
    /// that in swizzled memory.
    pub(super) fn scaled(&mut self, base: String, rest: Uop<'g>, (size, swizzled): (i64, Option<i64>)) -> String {
        let key = (base.clone(), rest, (size, swizzled));
        if let Some(known) = self.addresses.iter().find_map(|scope| scope.get(&key)) {
            return known.clone();
        }
        let (place, is_wide) = (self.scalar(rest), held(rest) == Scalar::I64);
        let class = if base.starts_with("%d") { Class::B64 } else { Class::B32 };
        let register = self.body.fresh(class);
        let place = match (class, is_wide) {
            (Class::B32, true) => {
                let narrow = self.convert(&Lane::Whole(place), Scalar::I64, Scalar::I32);
                self.body.whole(&narrow)
            }
            _ => place,
        };
        let instruction = match (class, is_wide) {
            (Class::B32, _) => "mad.lo.s32",
            (_, false) => "mad.wide.s32",
            (_, true) => "mad.lo.s64",
        };
        match swizzled {
            None => self.body.line(format!("{instruction} {register}, {place}, {size}, {base};")),
            Some(offset) => {
                self.body.line(format!("{instruction} {register}, {place}, {size}, {offset};"));
                self.swizzle(&register, &base);
            }
        }
        if let Some(scope) = self.addresses.last_mut() {
            scope.insert(key, register.clone());
        }
        register
    }

    /// The predicate of an access, as it stands before an instruction.
    pub(super) fn guard(&mut self, index: Uop<'g>) -> String {
        index.srcs().nth(2).map(|valid| format!("@{} ", self.scalar(valid))).unwrap_or_default()
    }

    /// What a load of so many bytes from `index` tells the caches. A whole access is part of something long, of which other
    /// blocks read the neighbours of what this one does: 128 bytes then come at once, as they do where memory is copied ahead.
    /// What is read once does not stay.
    fn hint(&self, pointer: &Pointer, index: Uop<'g>, bytes: usize) -> &'static str {
        let is_constant = matches!(pointer, Pointer::Global { is_constant: true, .. });
        match is_constant && bytes == WIDEST && self.entry.isa == Isa::Sm90a {
            true if self.once.contains(&buffer(index)) => ".L1::no_allocate.L2::128B",
            true => ".L2::128B",
            false => "",
        }
    }

    pub(super) fn load(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let (index, scalar) = (node.src(0), node.dtype().scalar);
        let pointer = self.pointer_of(index.src(0));
        let instruction = match &pointer {
            Pointer::Value(_) => "ld.param",
            Pointer::Shared { .. } => "ld.shared",
            Pointer::Global { is_constant: true, .. } => "ld.global.nc",
            Pointer::Global { .. } => "ld.global",
        };
        let guard = self.guard(index);
        let otherwise = node.srcs().nth(1).filter(|_| !guard.is_empty()).map(|o| self.lanes(o).to_vec());
        let mut result = vec![];
        for run in runs(index, node.dtype().lanes as usize) {
            for chunk in chunks(scalar, run.lanes, self.divisors.of(run.place)) {
                let first = run.first + chunk.first;
                let units = self.filled(otherwise.as_deref(), scalar, Chunk { first, ..chunk });
                let address = self.address(&pointer, run.place, DType::scalar(scalar), chunk.first);
                let (ty, registers) = (vector_type(scalar, chunk), braced(&units));
                let hint = self.hint(&pointer, index, chunk.lanes * DType::scalar(scalar).bytes());
                self.body.line(format!("{guard}{instruction}{hint}{ty} {registers}, {address};"));
                result.extend(units.iter().flat_map(|unit| self.split(unit, scalar, chunk.shared)));
            }
        }
        let to = held(node);
        result.iter().map(|lane| self.convert(lane, stored(scalar), to)).collect()
    }

    /// New registers for a load, which hold the lanes of `otherwise`, if any.
    fn filled(&mut self, otherwise: Option<&[Lane]>, scalar: Scalar, chunk: Chunk) -> Vec<String> {
        let class = unit_class(scalar, chunk.shared);
        let mut units = Vec::with_capacity(chunk.units());
        for unit in 0..chunk.units() {
            let register = self.body.fresh(class);
            if let Some(lanes) = otherwise {
                let from = chunk.first + unit * chunk.shared;
                let lane = |at: usize| lanes[if lanes.len() == 1 { 0 } else { at }].clone();
                let value = self.join(&(from..from + chunk.shared).map(lane).collect::<Vec<_>>(), scalar);
                self.body.line(format!("mov.{} {register}, {value};", class.name()));
            }
            units.push(register);
        }
        units
    }

    pub(super) fn store(&mut self, node: Uop<'g>) {
        let (index, value) = (node.src(0), node.src(1));
        let scalar = value.dtype().scalar;
        let pointer = self.pointer_of(index.src(0));
        let instruction = match (&pointer, node.arg()) {
            (Pointer::Shared { .. }, _) => "st.shared",
            (_, Arg::Stream) => "st.global.cs",
            _ => "st.global",
        };
        let guard = self.guard(index);
        let lanes = self.lanes(value).to_vec();
        let lanes: Vec<Lane> = lanes.iter().map(|lane| self.convert(lane, held(value), stored(scalar))).collect();
        for run in runs(index, lanes.len()) {
            for chunk in chunks(scalar, run.lanes, self.divisors.of(run.place)) {
                let first = run.first + chunk.first;
                let units = self.joined(&lanes[first..first + chunk.lanes], scalar, chunk.shared);
                let address = self.address(&pointer, run.place, DType::scalar(scalar), chunk.first);
                let (ty, registers) = (vector_type(scalar, chunk), braced(&units));
                self.body.line(format!("{guard}{instruction}{ty} {address}, {registers};"));
            }
        }
    }

    fn joined(&mut self, lanes: &[Lane], scalar: Scalar, shared: usize) -> Vec<String> {
        let class = unit_class(scalar, shared);
        let mut units = vec![];
        for lanes in lanes.chunks(shared) {
            let unit = self.join(lanes, scalar);
            units.push(self.body.register(&unit, class));
        }
        units
    }

    pub(super) fn pointer_of(&self, node: Uop<'g>) -> Pointer {
        self.pointers.get(&node).cloned().unwrap_or_else(|| panic!("render: {node:?} is no pointer that was defined"))
    }

    /// The lanes in a register as memory has them.
    pub(super) fn split(&mut self, unit: &str, scalar: Scalar, shared: usize) -> Vec<Lane> {
        match (scalar, shared) {
            (Scalar::Bool, 1) => vec![self.truth(unit)],
            (_, 1) => vec![Lane::Whole(unit.into())],
            (Scalar::F16 | Scalar::BF16, _) => Lane::both(unit.into()).to_vec(),
            _ => (0..shared).map(|at| self.extract(unit, scalar, at)).collect(),
        }
    }

    fn extract(&mut self, unit: &str, scalar: Scalar, at: usize) -> Lane {
        let (register, bits) = (self.body.fresh(Class::B32), scalar.bits() as usize);
        let ty = if scalar.kind() == Kind::Signed { "s32" } else { "u32" };
        self.body.line(format!("bfe.{ty} {register}, {unit}, {}, {bits};", at * bits));
        if scalar == Scalar::Bool { self.truth(&register) } else { Lane::Whole(register) }
    }

    fn truth(&mut self, byte: &str) -> Lane {
        let register = self.body.fresh(Class::Pred);
        self.body.line(format!("setp.ne.b32 {register}, {byte}, 0;"));
        Lane::Whole(register)
    }

    /// Lanes in a register as memory has them.
    fn join(&mut self, lanes: &[Lane], scalar: Scalar) -> String {
        match (scalar, lanes) {
            (Scalar::F16 | Scalar::BF16, [low, high]) => self.body.pair(low, high),
            (_, [low, high]) => {
                let (low, high) = (self.byte(low, scalar), self.byte(high, scalar));
                self.permute(&low, &high, "0x5410")
            }
            (_, [a, b, c, d]) => {
                let [a, b, c, d] = [a, b, c, d].map(|lane| self.byte(lane, scalar));
                let (low, high) = (self.permute(&a, &b, "0x0040"), self.permute(&c, &d, "0x0040"));
                self.permute(&low, &high, "0x5410")
            }
            (_, lanes) => self.byte(&lanes[0], scalar),
        }
    }

    /// A lane as memory has it; only truth values differ.
    fn byte(&mut self, lane: &Lane, scalar: Scalar) -> String {
        let whole = self.body.whole(lane);
        if scalar != Scalar::Bool {
            return whole;
        }
        let register = self.body.fresh(Class::B32);
        self.body.line(format!("selp.b32 {register}, 1, 0, {whole};"));
        register
    }

    fn permute(&mut self, low: &str, high: &str, bytes: &str) -> String {
        let register = self.body.fresh(Class::B32);
        self.body.line(format!("prmt.b32 {register}, {low}, {high}, {bytes};"));
        register
    }
}

/// The scalar that memory has: an `index` is 64 bits wide there.
fn stored(scalar: Scalar) -> Scalar {
    if scalar == Scalar::Index { Scalar::I64 } else { scalar }
}

fn unit_class(scalar: Scalar, shared: usize) -> Class {
    match Class::of(stored(scalar)) {
        Class::Pred => Class::B32,
        _ if shared > 1 => Class::B32,
        class => class,
    }
}

/// `.v4.b32`, or `.u8`.
fn vector_type(scalar: Scalar, chunk: Chunk) -> String {
    let ty = if chunk.shared > 1 { "b32" } else { memory_type(scalar) };
    if chunk.units() == 1 { format!(".{ty}") } else { format!(".v{}.{ty}", chunk.units()) }
}

fn braced(registers: &[String]) -> String {
    if let [one] = registers { one.clone() } else { format!("{{{}}}", registers.join(", ")) }
}

/// The declaration of argument `slot`: a value of `dtype`, or a pointer.
pub(super) fn parameter(slot: usize, dtype: Option<DType>) -> String {
    match dtype {
        None => format!(".param .u64 .ptr .global .align 256 a{slot}"),
        Some(dtype) if dtype.is_bool() => format!(".param .u8 a{slot}"),
        Some(dtype) if dtype.scalar.bits() < 32 => format!(".param .{} a{slot}", memory_type(dtype.scalar)),
        Some(dtype) => format!(".param .{} a{slot}", type_name(dtype.scalar)),
    }
}
