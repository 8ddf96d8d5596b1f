//! Element types of tensors and of the values inside kernels.
//!
//! A [`DType`] is a scalar type, a lane count, and, for pointers, the memory space pointed into.
//! Scalars follow IEEE-754 and two's complement; [`Scalar::Index`] is the type of loop counters and
//! addresses: an `i64` that by construction never overflows, which is what makes index algebra sound.

use std::fmt;
use std::str::FromStr;

/// How a scalar is represented: decides which rules and which conversions apply to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `bool`: false or true, stored as one byte.
    Bool,
    /// Unsigned integers, wrapping.
    Unsigned,
    /// Signed integers, two's complement, wrapping.
    Signed,
    /// IEEE-style floating point.
    Float,
}

macro_rules! scalars {
    ($($(#[$doc:meta])* $variant:ident $konst:ident $name:literal $bits:literal $kind:ident;)*) => {
        /// The scalar element types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scalar { $($(#[$doc])* $variant,)* }

        impl Scalar {
            /// Every scalar, in the order of the table.
            pub const ALL: &'static [Scalar] = &[$(Scalar::$variant),*];
            /// The name used in source code, text form and error messages.
            pub fn name(self) -> &'static str { match self { $(Scalar::$variant => $name,)* } }
            /// Width of the stored value in bits.
            pub fn bits(self) -> u32 { match self { $(Scalar::$variant => $bits,)* } }
            /// How the bits are to be read.
            pub fn kind(self) -> Kind { match self { $(Scalar::$variant => Kind::$kind,)* } }
        }

        impl DType { $($(#[$doc])* pub const $konst: DType = DType::scalar(Scalar::$variant);)* }
    };
}

scalars! {
    /// A truth value, one byte in memory.
    Bool BOOL "bool" 8 Bool;
    /// 8-bit unsigned integer.
    U8 U8 "u8" 8 Unsigned;
    /// 16-bit unsigned integer.
    U16 U16 "u16" 16 Unsigned;
    /// 32-bit unsigned integer.
    U32 U32 "u32" 32 Unsigned;
    /// 64-bit unsigned integer.
    U64 U64 "u64" 64 Unsigned;
    /// 8-bit signed integer.
    I8 I8 "i8" 8 Signed;
    /// 16-bit signed integer.
    I16 I16 "i16" 16 Signed;
    /// 32-bit signed integer.
    I32 I32 "i32" 32 Signed;
    /// 64-bit signed integer.
    I64 I64 "i64" 64 Signed;
    /// Loop counters and addresses: a 64-bit signed integer that never overflows.
    Index INDEX "index" 64 Signed;
    /// 8-bit float, 4 exponent and 3 mantissa bits, no infinities.
    F8E4M3 F8E4M3 "f8e4m3" 8 Float;
    /// 8-bit float, 5 exponent and 2 mantissa bits.
    F8E5M2 F8E5M2 "f8e5m2" 8 Float;
    /// IEEE half precision.
    F16 F16 "f16" 16 Float;
    /// The upper half of an `f32`.
    BF16 BF16 "bf16" 16 Float;
    /// IEEE single precision.
    F32 F32 "f32" 32 Float;
    /// IEEE double precision.
    F64 F64 "f64" 64 Float;
}

/// The memory a pointer points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// Buffers passed to the kernel.
    Global,
    /// Buffers passed to the kernel that most likely hold the same at the next call: what is copied of them may be kept.
    Constant,
    /// Scratch memory of one kernel invocation: stack on a CPU, shared memory on a GPU.
    Local,
}

/// A scalar type, its lane count, and its memory space when it is a pointer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DType {
    /// The element.
    pub scalar: Scalar,
    /// Number of SIMD lanes; 1 is a scalar. 0 is no value at all (`void`).
    pub lanes: u16,
    /// The memory pointed into, for pointers.
    pub space: Option<Space>,
}

impl DType {
    /// The type of operations that produce no value, such as a store.
    pub const VOID: DType = DType { scalar: Scalar::Bool, lanes: 0, space: None };

    /// One value of `scalar`.
    pub const fn scalar(scalar: Scalar) -> DType {
        DType { scalar, lanes: 1, space: None }
    }

    /// The same scalar with `lanes` lanes.
    pub const fn vec(self, lanes: u16) -> DType {
        DType { scalar: self.scalar, lanes, space: self.space }
    }

    /// A pointer to values of this type.
    pub const fn pointer(self, space: Space) -> DType {
        DType { scalar: self.scalar, lanes: self.lanes, space: Some(space) }
    }

    /// The type a pointer points to.
    pub const fn pointee(self) -> DType {
        DType { scalar: self.scalar, lanes: self.lanes, space: None }
    }

    /// The single-lane, non-pointer type of the same scalar.
    pub const fn element(self) -> DType {
        DType::scalar(self.scalar)
    }

    /// Bytes one value takes in memory.
    pub fn bytes(self) -> usize {
        self.scalar.bits() as usize / 8 * self.lanes as usize
    }

    /// Whether values are floating point.
    pub fn is_float(self) -> bool {
        self.scalar.kind() == Kind::Float
    }

    /// Whether values are integers (not `bool`).
    pub fn is_int(self) -> bool {
        matches!(self.scalar.kind(), Kind::Signed | Kind::Unsigned)
    }

    /// Whether values are truth values.
    pub fn is_bool(self) -> bool {
        self.scalar == Scalar::Bool && self.lanes != 0
    }

    /// Whether this is the type of addresses and loop counters.
    pub fn is_index(self) -> bool {
        self.scalar == Scalar::Index
    }

    /// Smallest and largest integer, for `bool` and integers.
    pub fn int_range(self) -> Option<(i128, i128)> {
        let bits = self.scalar.bits();
        match self.scalar.kind() {
            Kind::Bool => Some((0, 1)),
            Kind::Unsigned => Some((0, (1i128 << bits) - 1)),
            Kind::Signed => Some((-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)),
            Kind::Float => None,
        }
    }

    /// The type both operands of a binary operation can be converted to without losing range:
    /// `bool` < unsigned < signed < float, then the wider; an unsigned and a signed type of no
    /// greater width meet in the next wider signed type. `None` if there is none (`u64` with `i64`).
    pub fn promote(self, other: DType) -> Option<DType> {
        let (lo, hi) = if self.scalar.kind() <= other.scalar.kind() { (self, other) } else { (other, self) };
        match (lo.scalar.kind(), hi.scalar.kind()) {
            _ if lo == hi => Some(lo),
            (Kind::Bool, _) => Some(hi),
            (Kind::Unsigned, Kind::Signed) if lo.scalar.bits() >= hi.scalar.bits() => match lo.scalar.bits() {
                8 => Some(DType::I16),
                16 => Some(DType::I32),
                32 => Some(DType::I64),
                _ => None,
            },
            (Kind::Float, Kind::Float) if lo.scalar.bits() == hi.scalar.bits() => Some(DType::F32),
            (a, b) if a == b => Some(std::cmp::max_by_key(lo, hi, |d| (d.scalar.bits(), d.scalar))),
            _ => Some(hi),
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lanes == 0 {
            return f.write_str("void");
        }
        f.write_str(self.scalar.name())?;
        if self.lanes > 1 {
            write!(f, "x{}", self.lanes)?;
        }
        match self.space {
            Some(Space::Global) => f.write_str("*"),
            Some(Space::Constant) => f.write_str("@constant*"),
            Some(Space::Local) => f.write_str("@local*"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DType {
    type Err = String;

    fn from_str(text: &str) -> Result<DType, String> {
        let unknown = || format!("unknown dtype `{text}`");
        if text == "void" {
            return Ok(DType::VOID);
        }
        let spaces = [("@local*", Space::Local), ("@constant*", Space::Constant), ("*", Space::Global)];
        let pointer = spaces.iter().find_map(|(end, space)| Some((text.strip_suffix(end)?, Some(*space))));
        let (body, space) = pointer.unwrap_or((text, None));
        let (name, lanes) = match body.rsplit_once('x').and_then(|(n, l)| Some((n, l.parse().ok()?))) {
            Some(split) => split,
            None => (body, 1),
        };
        let scalar = *Scalar::ALL.iter().find(|s| s.name() == name).ok_or_else(unknown)?;
        Ok(DType { scalar, lanes, space })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_prints_and_parses() {
        for &scalar in Scalar::ALL {
            for lanes in [1, 4, 16] {
                for space in [None, Some(Space::Global), Some(Space::Constant), Some(Space::Local)] {
                    let dtype = DType { scalar, lanes, space };
                    assert_eq!(dtype.to_string().parse(), Ok(dtype));
                }
            }
        }
        assert_eq!("void".parse(), Ok(DType::VOID));
    }

    #[test]
    fn promotion_is_symmetric_and_never_narrows() {
        for &a in Scalar::ALL {
            for &b in Scalar::ALL {
                let (a, b) = (DType::scalar(a), DType::scalar(b));
                assert_eq!(a.promote(b), b.promote(a), "{a} {b}");
                if let (Some(p), Some((lo, hi))) = (a.promote(b), a.int_range()) {
                    assert!(p.int_range().is_none_or(|(l, h)| l <= lo && hi <= h), "{a} {b} {p}");
                }
            }
        }
    }
}
