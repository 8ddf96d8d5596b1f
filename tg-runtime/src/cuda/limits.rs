//! The most that a device can do in a second, from its attributes. What is measured is held against it; nothing here is.
//!
//! Sources of the table: NVIDIA's CUDA programming guide, "Arithmetic instructions", and the white papers of the
//! architectures, for matrices without zeros that are skipped. Boards of the kind GeForce have half of 8.6's, 8.9's and
//! 12.0's rates for matrices of 16-bit floats where sums are f32, which no attribute tells.

use tg_core::ir::Fragment;

/// Attributes of a device.
#[derive(Clone, Copy)]
pub(crate) struct Attributes {
    /// Compute capability, major and minor.
    pub capability: (u32, u32),
    pub multiprocessors: u32,
    /// The highest clock of the multiprocessors, and that of the memory.
    pub kilohertz: u32,
    pub memory_kilohertz: u32,
    /// Width of the way to the memory.
    pub bus_bits: u32,
}

/// Operations in a clock of one multiprocessor, where a multiply-add counts as two.
struct Rates {
    capability: (u32, u32),
    /// Of f32 outside of the matrix units.
    f32: u32,
    /// Of matrices of f16 or bf16, and of tf32.
    half: u32,
    tf32: u32,
}

const fn rates(capability: (u32, u32), [f32, half, tf32]: [u32; 3]) -> Rates {
    Rates { capability, f32, half, tf32 }
}

const RATES: &[Rates] = &[
    rates((8, 0), [128, 2048, 1024]),
    rates((8, 6), [256, 1024, 512]),
    rates((8, 9), [256, 1024, 512]),
    rates((9, 0), [256, 4096, 2048]),
    rates((10, 0), [256, 8192, 4096]),
    rates((12, 0), [256, 1024, 512]),
];

impl Attributes {
    /// Bytes a second of the memory: two transfers a clock, as all memory of GPUs since 8.0 has them.
    pub fn bandwidth(&self) -> f64 {
        2.0 * f64::from(self.memory_kilohertz) * 1e3 * f64::from(self.bus_bits) / 8.0
    }

    /// Operations a second of the matrix units on what `matrix` says, or of the others on f32; `None` for devices that
    /// the table does not have.
    fn operations(&self, matrix: Option<Fragment>) -> Option<f64> {
        let rates = RATES.iter().find(|rates| rates.capability == self.capability)?;
        let each = match matrix {
            None => rates.f32,
            Some(Fragment::F16 | Fragment::BF16) => rates.half,
            Some(Fragment::TF32) => rates.tf32,
        };
        Some(f64::from(each) * f64::from(self.multiprocessors) * f64::from(self.kilohertz) * 1e3)
    }

    /// Rates of a kernel in words, with their shares of the limits, and which of these is nearer.
    pub fn compare(&self, flops: f64, bytes: f64, matrix: Option<Fragment>) -> String {
        let unit = matrix.map_or("f32", Fragment::name);
        let moved = bytes / self.bandwidth();
        let memory = format!("{:.2} GB/s ({:.1} % of memory)", bytes / 1e9, 100.0 * moved);
        let Some(limit) = self.operations(matrix) else {
            return format!("{:.2} GFLOP/s {memory}", flops / 1e9);
        };
        let computed = flops / limit;
        let nearer = if computed > moved { unit } else { "memory" };
        let arithmetic = format!("{:.2} GFLOP/s ({:.1} % of {unit})", flops / 1e9, 100.0 * computed);
        format!("{arithmetic} {memory}, nearest to the limit of {nearer}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the driver says of some devices.
    const A100: Attributes = attributes((8, 0), [108, 1_410_000, 1_215_000, 5120]);
    const H100: Attributes = attributes((9, 0), [132, 1_980_000, 2_619_000, 5120]);
    const H200: Attributes = attributes((9, 0), [132, 1_980_000, 3_201_000, 6144]);

    const fn attributes(capability: (u32, u32), numbers: [u32; 4]) -> Attributes {
        let [multiprocessors, kilohertz, memory_kilohertz, bus_bits] = numbers;
        Attributes { capability, multiprocessors, kilohertz, memory_kilohertz, bus_bits }
    }

    #[test]
    fn limits_are_those_of_the_data_sheets() {
        let near = |got: f64, expected: f64| (got / expected - 1.0).abs() < 0.01;
        let tera = |device: &Attributes, matrix| device.operations(matrix).unwrap() / 1e12;
        // GB/s; TFLOP/s of f32, of bf16 matrices and of tf32. Data sheets of the last two have a clock of 1830 MHz.
        let sheets = [(A100, [1555.0, 19.5, 312.0, 156.0]), (H100, [3352.0, 66.9, 1070.0, 535.0])];
        for (device, [bandwidth, f32, bf16, tf32]) in sheets {
            assert!(near(device.bandwidth() / 1e9, bandwidth));
            assert!(near(tera(&device, None), f32));
            assert!(near(tera(&device, Some(Fragment::BF16)), bf16) && near(tera(&device, Some(Fragment::F16)), bf16));
            assert!(near(tera(&device, Some(Fragment::TF32)), tf32));
        }
        assert!(near(H200.bandwidth() / 1e9, 4917.0));
    }

    #[test]
    fn the_line_names_the_nearer_limit() {
        let product = H200.compare(535.2e12, 491.7e9, Some(Fragment::BF16));
        let expected =
            "535200.00 GFLOP/s (50.0 % of bf16) 491.70 GB/s (10.0 % of memory), nearest to the limit of bf16";
        assert_eq!(product, expected);
        assert!(H200.compare(1e12, 4e12, None).ends_with("(81.4 % of memory), nearest to the limit of memory"));
        let unknown = Attributes { capability: (99, 0), ..H200 }.compare(1e12, 4e12, None);
        assert_eq!(unknown, "1000.00 GFLOP/s 4000.00 GB/s (81.4 % of memory)");
    }
}
