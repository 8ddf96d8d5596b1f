//! Fields of instructions and data that hold addresses, and how a value is written into one.
//!
//! Arithmetic on bytes, the same on every host. Which relocation writes which field is not known here.

/// Where the bits of a value go, and which values can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Nothing is written.
    Nothing,
    /// 8 bytes, which hold every address.
    Word64,
    /// 4 bytes that the processor extends with the sign.
    Signed32,
    /// 4 bytes that the processor extends with zeros.
    Unsigned32,
    /// 4 bytes that may be read in either way.
    Either32,
    /// aarch64: a distance in instructions, `width` bits from bit `at` on.
    Branch { at: u32, width: u32 },
    /// aarch64 ADR: a distance in bytes, 21 bits in two parts.
    Adr,
    /// aarch64 ADRP: a distance in pages of 4 KiB, 21 bits in two parts.
    Adrp,
    /// As `Adrp`; what does not fit is cut off.
    AdrpCut,
    /// aarch64: the place in a page of 4 KiB, in units of `1 << scale` bytes, 12 bits from bit 10 on.
    InPage { scale: u32 },
}

/// The value cannot be written into the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misfit;

/// Whether `value` is a number of `bits` bits with a sign.
fn is_signed(value: i128, bits: u32) -> bool {
    (-(1 << (bits - 1))..1 << (bits - 1)).contains(&value)
}

fn is_unsigned(value: i128, bits: u32) -> bool {
    (0..1 << bits).contains(&value)
}

impl Field {
    /// Bytes that are changed.
    pub(super) fn bytes(self) -> usize {
        match self {
            Field::Nothing => 0,
            Field::Word64 => 8,
            _ => 4,
        }
    }

    /// Writes `value` into `place`, which has [`Field::bytes`] bytes.
    pub(super) fn write(self, value: i128, place: &mut [u8]) -> Result<(), Misfit> {
        let fits = match self {
            Field::Nothing | Field::Word64 | Field::AdrpCut => true,
            Field::Signed32 => is_signed(value, 32),
            Field::Unsigned32 => is_unsigned(value, 32),
            Field::Either32 => is_signed(value, 32) || is_unsigned(value, 32),
            Field::Branch { width, .. } => is_signed(value, width + 2) && value % 4 == 0,
            Field::Adr => is_signed(value, 21),
            Field::Adrp => is_signed(value, 21 + 12),
            Field::InPage { scale } => value % (1 << scale) == 0,
        };
        if !fits {
            return Err(Misfit);
        }
        self.put(value, place);
        Ok(())
    }

    fn put(self, value: i128, place: &mut [u8]) {
        match self {
            Field::Nothing => {}
            Field::Word64 => place.copy_from_slice(&(value as u64).to_le_bytes()),
            Field::Signed32 | Field::Unsigned32 | Field::Either32 => {
                place.copy_from_slice(&(value as u32).to_le_bytes());
            }
            Field::Branch { at, width } => insert(place, value >> 2, at, width),
            Field::Adr => insert_parts(place, value),
            Field::Adrp | Field::AdrpCut => insert_parts(place, value >> 12),
            Field::InPage { scale } => insert(place, (value & 0xfff) >> scale, 10, 12),
        }
    }
}

/// The immediate of ADR and ADRP: the lowest two bits from bit 29 on, the others from bit 5 on.
fn insert_parts(place: &mut [u8], value: i128) {
    insert(place, value, 29, 2);
    insert(place, value >> 2, 5, 19);
}

/// Replaces `width` bits of an instruction from bit `at` on.
fn insert(place: &mut [u8], value: i128, at: u32, width: u32) {
    let mask = ((1u32 << width) - 1) << at;
    let bits = ((value as u32) << at) & mask;
    let old = place.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    place.copy_from_slice(&(old & !mask | bits).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `word` after `value` was written into it.
    fn written(field: Field, word: u32, value: i128) -> Result<u32, Misfit> {
        let mut place = word.to_le_bytes();
        field.write(value, &mut place).map(|()| u32::from_le_bytes(place))
    }

    #[test]
    fn words_hold_what_the_processor_extends() {
        let check = |field, value, expected| assert_eq!(written(field, !0, value), expected, "{field:?} {value:#x}");
        check(Field::Signed32, -1, Ok(!0));
        check(Field::Signed32, 0x7fff_ffff, Ok(0x7fff_ffff));
        check(Field::Signed32, 0x8000_0000, Err(Misfit));
        check(Field::Signed32, -0x8000_0001, Err(Misfit));
        check(Field::Unsigned32, 0xffff_ffff, Ok(!0));
        check(Field::Unsigned32, -1, Err(Misfit));
        check(Field::Either32, -0x8000_0000, Ok(0x8000_0000));
        check(Field::Either32, 0x1_0000_0000, Err(Misfit));
        check(Field::Nothing, 7, Ok(!0));
        let mut place = [0; 8];
        assert_eq!(Field::Word64.write(-2, &mut place), Ok(()));
        assert_eq!(place, (!1u64).to_le_bytes());
    }

    /// Instructions as assemblers write them, before and after.
    #[test]
    fn instructions_of_aarch64() {
        let check = |field, before, value, after| assert_eq!(written(field, before, value), Ok(after), "{field:?}");
        let branch = |width, at| Field::Branch { at, width };
        // bl .+8; b .-4; b.ne .+0xffffc; cbz x0, .-0x100000; tbz w1, #3, .+0x7ffc
        check(branch(26, 0), 0x9400_0000, 8, 0x9400_0002);
        check(branch(26, 0), 0x1400_0000, -4, 0x17ff_ffff);
        check(branch(19, 5), 0x5400_0001, 0xf_fffc, 0x547f_ffe1);
        check(branch(19, 5), 0xb400_0000, -0x10_0000, 0xb480_0000);
        check(branch(14, 5), 0x3618_0001, 0x7ffc, 0x361b_ffe1);
        // adr x0, .+5; adrp x0, .+0x5000; adrp x16, .-0x1000
        check(Field::Adr, 0x1000_0000, 5, 0x3000_0020);
        check(Field::Adrp, 0x9000_0000, 0x5000, 0xb000_0020);
        check(Field::Adrp, 0x9000_0010, -0x1000, 0xf0ff_fff0);
        check(Field::AdrpCut, 0x9000_0000, 1 << 33, 0x9000_0000);
        // add x0, x0, #0x123; ldrb w0, [x0, #0x123]; ldr q0, [x0, #0xff0]; ldr x16, [x16, #0x7f8]
        check(Field::InPage { scale: 0 }, 0x9100_0000, 0x7123, 0x9104_8c00);
        check(Field::InPage { scale: 0 }, 0x3940_0000, 0x123, 0x3944_8c00);
        check(Field::InPage { scale: 4 }, 0x3dc0_0000, 0x1ff0, 0x3dc3_fc00);
        check(Field::InPage { scale: 3 }, 0xf940_0210, 0x7f8, 0xf943_fe10);
        // What stood in the field before is replaced.
        check(branch(26, 0), 0x97ff_ffff, 0, 0x9400_0000);
    }

    #[test]
    fn values_out_of_reach_or_not_aligned_do_not_fit() {
        let check = |field, value| assert_eq!(written(field, 0, value), Err(Misfit), "{field:?} {value:#x}");
        check(Field::Branch { at: 0, width: 26 }, 1 << 27);
        check(Field::Branch { at: 0, width: 26 }, -(1 << 27) - 4);
        check(Field::Branch { at: 0, width: 26 }, 2);
        check(Field::Branch { at: 5, width: 14 }, 1 << 15);
        check(Field::Adr, 1 << 20);
        check(Field::Adrp, 1 << 32);
        check(Field::Adrp, -(1 << 32) - 0x1000);
        check(Field::InPage { scale: 3 }, 0x7fc);
    }
}
