//! Numbers from a formula, the same on every machine and in every language that the contenders are written in. Not random
//! enough for anything but inputs.

/// A well mixed hash of `i`, different for every `seed`.
fn hash(i: u32, seed: u32) -> u32 {
    let mut h = i.wrapping_mul(0x9E37_79B1) ^ seed.wrapping_mul(0x85EB_CA77);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// `len` floats in -scale..scale. Exact for a `scale` that is a power of two.
pub fn uniform(len: usize, seed: u32, scale: f32) -> Vec<f32> {
    (0..len as u32).map(|i| ((hash(i, seed) >> 8) as f32 * (1.0 / 8_388_608.0) - 1.0) * scale).collect()
}

/// `len` classes below `classes`.
pub fn labels(len: usize, seed: u32, classes: u32) -> Vec<u32> {
    (0..len as u32).map(|i| (hash(i, seed) >> 8) % classes).collect()
}
