//! Registers and lines of a PTX function, and how a value lies in registers.
//!
//! Registers have no type but a width, which PTX lets every instruction of that width use. A value of n lanes is n
//! registers, except that two neighbouring lanes of 16-bit floats may share one, as memory and the matrix units have
//! them. Nothing here knows what an operation means.

use std::fmt::Display;

use crate::dtype::{Kind, Scalar};
use crate::ir::{Op, Uop};

/// What a register can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Pred,
    B16,
    B32,
    B64,
}

impl Class {
    const ALL: [Class; 4] = [Class::Pred, Class::B16, Class::B32, Class::B64];

    /// The register class of a scalar: integers of less than 32 bits are extended to 32, as their type says.
    pub fn of(scalar: Scalar) -> Class {
        match (scalar, scalar.bits()) {
            (Scalar::Bool, _) => Class::Pred,
            (Scalar::F16 | Scalar::BF16, _) => Class::B16,
            (Scalar::F8E4M3 | Scalar::F8E5M2, _) => {
                panic!("render: {} has no type in PTX; lowering decomposes it", scalar.name())
            }
            (_, 64) => Class::B64,
            _ => Class::B32,
        }
    }

    /// The type that says nothing but the width.
    pub fn name(self) -> &'static str {
        match self {
            Class::Pred => "pred",
            Class::B16 => "b16",
            Class::B32 => "b32",
            Class::B64 => "b64",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Class::Pred => "%p",
            Class::B16 => "%h",
            Class::B32 => "%r",
            Class::B64 => "%d",
        }
    }
}

/// Which half of a register of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

/// One lane of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// A register, or a literal.
    Whole(String),
    /// Half of a register that two lanes of 16 bits share.
    Half(String, Side),
}

impl Lane {
    /// The lanes that share `register`.
    pub fn both(register: String) -> [Lane; 2] {
        [Lane::Half(register.clone(), Side::Low), Lane::Half(register, Side::High)]
    }
}

/// The scalar that a value is computed and held as: an `index` is 32 bits wide where its bounds fit.
pub(super) fn held(node: Uop) -> Scalar {
    let bounded = if node.op() == Op::Range { node.src(0) } else { node };
    match node.dtype().scalar {
        Scalar::Index if is_narrow(bounded) => Scalar::I32,
        Scalar::Index => Scalar::I64,
        scalar => scalar,
    }
}

fn is_narrow(node: Uop) -> bool {
    node.vmin() >= i32::MIN as i128 && node.vmax() <= i32::MAX as i128
}

/// The type that instructions on `scalar` compute with.
pub(super) fn type_name(scalar: Scalar) -> &'static str {
    match (scalar.kind(), scalar.bits()) {
        (Kind::Bool, _) => "pred",
        (Kind::Float, _) => scalar.name(),
        (Kind::Signed, 64) => "s64",
        (Kind::Signed, _) => "s32",
        (Kind::Unsigned, 64) => "u64",
        (Kind::Unsigned, _) => "u32",
    }
}

/// The lines of a function so far, and how many registers they use.
#[derive(Default)]
pub(super) struct Body {
    text: String,
    counts: [usize; 4],
}

impl Body {
    /// A register that nothing uses yet.
    pub fn fresh(&mut self, class: Class) -> String {
        let count = &mut self.counts[class as usize];
        *count += 1;
        format!("{}{}", class.prefix(), *count - 1)
    }

    /// A register for a lane of `scalar`.
    pub fn fresh_for(&mut self, scalar: Scalar) -> String {
        self.fresh(Class::of(scalar))
    }

    /// Appends an instruction.
    pub fn line(&mut self, text: impl Display) {
        self.text += &format!("  {text}\n");
    }

    /// Appends a label.
    pub fn label(&mut self, name: impl Display) {
        self.text += &format!("{name}:\n");
    }

    /// `literal_or_register` as a register of `class`, for instructions that take no literals.
    pub fn register(&mut self, literal_or_register: &str, class: Class) -> String {
        if literal_or_register.starts_with('%') {
            return literal_or_register.to_string();
        }
        let register = self.fresh(class);
        self.line(format!("mov.{} {register}, {literal_or_register};", class.name()));
        register
    }

    /// A lane in a register of its own, or a literal.
    pub fn whole(&mut self, lane: &Lane) -> String {
        match lane {
            Lane::Whole(text) => text.clone(),
            Lane::Half(pair, side) => {
                let half = self.fresh(Class::B16);
                let halves = if *side == Side::Low { format!("{{{half}, _}}") } else { format!("{{_, {half}}}") };
                self.line(format!("mov.b32 {halves}, {pair};"));
                half
            }
        }
    }

    /// Two lanes of 16 bits in one register of 32.
    pub fn pair(&mut self, low: &Lane, high: &Lane) -> String {
        if let (Lane::Half(pair, Side::Low), Lane::Half(other, Side::High)) = (low, high)
            && pair == other
        {
            return pair.clone();
        }
        let (low, high, pair) = (self.whole(low), self.whole(high), self.fresh(Class::B32));
        self.line(format!("mov.b32 {pair}, {{{low}, {high}}};"));
        pair
    }

    /// The declarations of all registers, then the lines.
    pub fn finish(self) -> String {
        let declare = |class: &Class| match self.counts[*class as usize] {
            0 => String::new(),
            count => format!("  .reg .{} {}<{count}>;\n", class.name(), class.prefix()),
        };
        Class::ALL.iter().map(declare).collect::<String>() + &self.text
    }
}
