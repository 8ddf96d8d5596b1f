use tg::lazy::{Tensor, jit};

fn main() {
    let _counted = jit(|x: Tensor| (&x * 2.0, 10));
}
