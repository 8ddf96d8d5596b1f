//! Counter-based random numbers: Threefry-2x32 with 20 rounds, as pure functions.
//!
//! A number depends on nothing but the seed and its index, so any element can be made by any thread
//! or kernel in any order. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
//! Not for secrets.

/// Rotation distances of the eight distinct rounds.
pub const ROTATIONS: [u32; 8] = [13, 15, 26, 6, 17, 29, 16, 24];

/// The constant that makes the third key word, so that the zero key is no weak key.
pub const PARITY: u32 = 0x1BD1_1BDA;

/// Two random words for a counter under a key.
pub fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
    let (mut a, mut b) = (counter[0].wrapping_add(keys[0]), counter[1].wrapping_add(keys[1]));
    for round in 0..20u32 {
        a = a.wrapping_add(b);
        b = b.rotate_left(ROTATIONS[round as usize % 8]) ^ a;
        if round % 4 == 3 {
            let step = round / 4 + 1;
            a = a.wrapping_add(keys[step as usize % 3]);
            b = b.wrapping_add(keys[(step as usize + 1) % 3]).wrapping_add(step);
        }
    }
    [a, b]
}

/// The words of elements `2 * pair` and `2 * pair + 1` of the stream of `seed`.
pub fn bits(seed: u64, pair: u64) -> [u32; 2] {
    threefry2x32([seed as u32, (seed >> 32) as u32], [pair as u32, (pair >> 32) as u32])
}

/// A word as a number in `[0, 1)`, a multiple of 2⁻³².
pub fn unit(bits: u32) -> f64 {
    bits as f64 * (1.0 / 4_294_967_296.0)
}

/// Two independent standard normal numbers from two words (Box and Muller, 1958):
/// `√(-2 ln u) · (cos 2πv, sin 2πv)` with `u` in `(0, 1]`, so that the logarithm is finite.
pub fn normals(bits: [u32; 2]) -> [f64; 2] {
    let u = (bits[0] as f64 + 1.0) * (1.0 / 4_294_967_296.0);
    let radius = (-2.0 * u.ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * unit(bits[1])).sin_cos();
    [radius * cos, radius * sin]
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
            mean += unit(bits(8, pair)[0]);
        }
        let n = 2.0 * pairs as f64;
        assert!((sum / n).abs() < 0.02 && (squares / n - 1.0).abs() < 0.02, "{} {}", sum / n, squares / n);
        assert!((mean / pairs as f64 - 0.5).abs() < 0.01);
        assert!(normals([0, 0]).iter().all(|x| x.is_finite()));
    }
}
