use tg::prelude::*;

fn main() {
    let scale = 2.0;
    let f = tensor_fn!(|x: Tensor<f32, 4>| x * scale);
    drop((f, scale));
}
