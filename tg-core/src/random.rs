//! Counter-based random numbers: Threefry-2x32 with 20 rounds, as pure functions.
//!
//! A number depends on nothing but the seed and its index, so any element can be made by any thread
//! or kernel in any order. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
//! Not for secrets.
//!
//! What [`tensor`](crate::tensor) makes in graphs are the same numbers: [`threefry2x32`] is one text for both, and the
//! formulas behind it are written so that no order of rounding can tell them apart.

use std::f64::consts::TAU;

/// Rotation distances of the eight distinct rounds.
pub const ROTATIONS: [u32; 8] = [13, 15, 26, 6, 17, 29, 16, 24];

/// The constant that makes the third key word, so that the zero key is no weak key.
pub const PARITY: u32 = 0x1BD1_1BDA;

/// Bits of a word that a uniform number is made of: as many as f32 has, so that every number is one.
pub const UNIFORM_BITS: u32 = 24;

/// A quarter of a turn, where the whole is 2³².
pub const QUARTER: u32 = 1 << 30;

/// The angle of one of the 2³² steps of a turn.
pub const STEP: f64 = TAU / 4_294_967_296.0;

/// What Threefry computes with: 32 bits that wrap, as a number or as a description of one.
pub trait Word: Copy {
    /// The word `value` beside this one.
    fn like(self, value: u32) -> Self;
    /// The sum modulo 2³².
    fn plus(self, other: Self) -> Self;
    /// The exclusive or.
    fn xor(self, other: Self) -> Self;
    /// The bits rotated to the left, by 1 to 31.
    fn rotated(self, distance: u32) -> Self;
}

impl Word for u32 {
    fn like(self, value: u32) -> u32 {
        value
    }

    fn plus(self, other: u32) -> u32 {
        self.wrapping_add(other)
    }

    fn xor(self, other: u32) -> u32 {
        self ^ other
    }

    fn rotated(self, distance: u32) -> u32 {
        self.rotate_left(distance)
    }
}

/// Two random words for a counter under a key.
pub fn threefry2x32<W: Word>(key: [W; 2], counter: [W; 2]) -> [W; 2] {
    let keys = [key[0], key[1], key[0].xor(key[1]).xor(key[0].like(PARITY))];
    let (mut a, mut b) = (counter[0].plus(keys[0]), counter[1].plus(keys[1]));
    for round in 0..20u32 {
        a = a.plus(b);
        b = b.rotated(ROTATIONS[round as usize % 8]).xor(a);
        if round % 4 == 3 {
            let step = round / 4 + 1;
            a = a.plus(keys[step as usize % 3]);
            b = b.plus(keys[(step as usize + 1) % 3].plus(b.like(step)));
        }
    }
    [a, b]
}

/// The words of elements `2 * pair` and `2 * pair + 1` of the stream of `seed`.
pub fn bits(seed: u64, pair: u64) -> [u32; 2] {
    threefry2x32([seed as u32, (seed >> 32) as u32], [pair as u32, (pair >> 32) as u32])
}

/// The step between neighbouring uniform numbers from `low` to `high`: 2⁻²⁴ of their distance, of which 24 bits count.
/// A multiple of it by less than 2²⁴ is then exact in f64, and whether its sum with `low` is a fused operation makes no
/// difference. Cutting bits off keeps all below `high`.
pub fn uniform_step(low: f64, high: f64) -> f64 {
    let kept = u64::MAX << (f64::MANTISSA_DIGITS - UNIFORM_BITS);
    f64::from_bits((high - low).to_bits() & kept) / (1u32 << UNIFORM_BITS) as f64
}

/// The number that `word` stands for, equally likely anywhere from `low` to below `high`.
pub fn uniform(word: u32, low: f64, high: f64) -> f64 {
    low + (word >> (32 - UNIFORM_BITS)) as f64 * uniform_step(low, high)
}

/// Two independent standard normal numbers from two words (Box and Muller, 1958):
/// `√(-2 ln u) · (cos 2πv, sin 2πv)` with `u` in `(0, 1]`, so that the logarithm is finite. Angles are in `[-π, π)`.
pub fn normals(words: [u32; 2]) -> [f64; 2] {
    let u = (words[0] as f64 + 1.0) * (1.0 / 4_294_967_296.0);
    let radius = (-2.0 * u.ln()).sqrt();
    [QUARTER, 0].map(|turn| radius * (words[1].wrapping_add(turn) as i32 as f64 * STEP).sin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_random123() {
        let answers = [
            ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
            ([u32::MAX; 2], [u32::MAX; 2], [0x1cb9_96fc, 0xbb00_2be7]),
            ([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3], [0xc492_3a9c, 0x483d_f7a0]),
        ];
        for (key, counter, expected) in answers {
            assert_eq!(threefry2x32(key, counter), expected);
        }
    }

    #[test]
    fn moments_of_the_distributions() {
        let pairs = 50_000u64;
        let (mut sum, mut squares, mut mean) = (0.0, 0.0, 0.0);
        for pair in 0..pairs {
            for x in normals(bits(7, pair)) {
                (sum, squares) = (sum + x, squares + x * x);
            }
            mean += uniform(bits(8, pair)[0], 0.0, 1.0);
        }
        let n = 2.0 * pairs as f64;
        assert!((sum / n).abs() < 0.02 && (squares / n - 1.0).abs() < 0.02, "{} {}", sum / n, squares / n);
        assert!((mean / pairs as f64 - 0.5).abs() < 0.01);
        assert!(normals([0, 0]).iter().all(|x| x.is_finite()));
    }

    #[test]
    fn uniform_numbers_are_multiples_that_stay_below_the_end() {
        for (low, high) in [(0.0, 1.0), (-1.0, 1.0), (-0.1, 0.3), (1e-40, 1e-39), (-1e300, 1e300), (5.0, 5.0)] {
            let step = uniform_step(low, high);
            let exact = |k: u32| (k as f64).mul_add(step, low) == low + k as f64 * step;
            assert!([1, 3, 0x55_5555, (1 << UNIFORM_BITS) - 1].into_iter().all(exact), "{low} {high}");
            assert_eq!(uniform(255, low, high), low);
            let (last, range) = (uniform(u32::MAX, low, high), high - low);
            assert!(last <= high && high - last <= range * 2f64.powi(-22), "{low} {high}: {last}");
        }
        assert_eq!(uniform(u32::MAX, 0.0, 1.0), 1.0 - 2f64.powi(-24));
    }
}
