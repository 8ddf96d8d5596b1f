//! Loops, registers that change, and what a kernel knows of itself: run-time dimensions, its block and thread.

use super::Writer;
use super::registers::{Class, Lane, Side, held, type_name};
use crate::dtype::Scalar;
use crate::ir::{Arg, SWIZZLED, Special, Uop};

impl<'g> Writer<'g, '_> {
    /// A run-time dimension. Where its bounds fit 32 bits, those are the lower ones.
    pub(super) fn dimension(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let Arg::Var(var) = node.arg() else { panic!("render: {node:?}") };
        let dims = self.entry.dims;
        let position = dims.iter().position(|v| v == var);
        let position = position.unwrap_or_else(|| panic!("render: dimension {var:?} is not among {dims:?}"));
        let class = Class::of(held(node));
        let register = self.body.fresh(class);
        self.body.line(format!("ld.param.{} {register}, [n{position}];", class.name()));
        vec![Lane::Whole(register)]
    }

    /// The number of the block or thread.
    pub(super) fn special(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let name = match node.arg() {
            Arg::Special(Special::Block) => "%ctaid.x",
            Arg::Special(Special::Thread) => "%tid.x",
            arg => panic!("render: SPECIAL {arg:?}"),
        };
        let register = self.body.fresh(Class::B32);
        self.body.line(format!("mov.u32 {register}, {name};"));
        vec![self.convert(&Lane::Whole(register), Scalar::U32, held(node))]
    }

    /// The head of a loop. It is tested at its end, and at its beginning only if it may be empty.
    pub(super) fn begin(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let (scalar, class) = (held(node), Class::of(held(node)));
        let (counter, number) = (self.body.fresh(class), self.loops);
        self.loops += 1;
        self.body.line(format!("mov.{} {counter}, 0;", class.name()));
        if node.src(0).vmin() < 1 {
            let (size, empty) = (self.scalar(node.src(0)), self.body.fresh(Class::Pred));
            self.body.line(format!("setp.lt.{} {empty}, {size}, 1;", type_name(scalar)));
            self.body.line(format!("@{empty} bra end{number};"));
        }
        self.body.label(format!("loop{number}"));
        self.open.push(number);
        self.addresses.push(Default::default());
        vec![Lane::Whole(counter)]
    }

    pub(super) fn end(&mut self, node: Uop<'g>) {
        let range = node.src(0);
        let (counter, size) = (self.scalar(range), self.scalar(range.src(0)));
        let (ty, again) = (type_name(held(range)), self.body.fresh(Class::Pred));
        let number = self.open.pop().unwrap_or_else(|| panic!("render: {node:?} ends no loop"));
        self.addresses.pop();
        self.body.line(format!("add.{ty} {counter}, {counter}, 1;"));
        self.body.line(format!("setp.lt.{ty} {again}, {counter}, {size};"));
        self.body.line(format!("@{again} bra loop{number};"));
        self.body.label(format!("end{number}"));
    }

    /// Waits for all threads of the block.
    pub(super) fn barrier(&mut self) {
        // Matrix units that read shared memory by themselves have to be told what threads have written.
        if self.alignment == SWIZZLED {
            self.body.line("fence.proxy.async.shared::cta;");
        }
        self.body.line("bar.sync 0;");
    }

    /// Waits for all copies that run ahead but those of the last groups.
    pub(super) fn wait(&mut self, node: Uop<'g>) {
        let Arg::Slot(left) = *node.arg() else { panic!("render: {node:?}") };
        self.body.line(format!("cp.async.wait_group {left};"));
    }

    pub(super) fn accumulator(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let (class, lanes) = (Class::of(held(node)), node.dtype().lanes);
        let registers: Vec<_> = if class == Class::B16 && lanes % 2 == 0 {
            (0..lanes / 2).flat_map(|_| Lane::both(self.body.fresh(Class::B32))).collect()
        } else {
            (0..lanes).map(|_| Lane::Whole(self.body.fresh(class))).collect()
        };
        self.assign(&registers, node.src(0), held(node));
        registers
    }

    pub(super) fn update(&mut self, node: Uop<'g>) {
        let registers = self.lanes(node.src(0)).to_vec();
        self.assign(&registers, node.src(1), held(node.src(0)));
    }

    /// Moves the lanes of `value`, or its only one, into `registers`.
    fn assign(&mut self, registers: &[Lane], value: Uop<'g>, scalar: Scalar) {
        let lanes = self.lanes(value).to_vec();
        let lanes = registers.iter().enumerate().map(|(at, _)| &lanes[if lanes.len() == 1 { 0 } else { at }]);
        let lanes: Vec<_> = lanes.map(|lane| self.convert(lane, held(value), scalar)).collect();
        for (at, register) in registers.iter().enumerate() {
            let (target, class, source) = match register {
                Lane::Whole(target) => (target, Class::of(scalar), self.body.whole(&lanes[at])),
                Lane::Half(target, Side::Low) => (target, Class::B32, self.body.pair(&lanes[at], &lanes[at + 1])),
                Lane::Half(_, Side::High) => continue,
            };
            if *target != source {
                self.body.line(format!("mov.{} {target}, {source};", class.name()));
            }
        }
    }
}
