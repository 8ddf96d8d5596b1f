use tg::lazy::{Tensor, jit};

fn main() {
    let _scaled = jit(|(x, double): (Tensor, bool)| if double { &x * 2.0 } else { x });
}
