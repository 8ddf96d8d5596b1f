#[tg::aot]
struct Net {
    w: Tensor<f32, 4>,
}

fn main() {}
