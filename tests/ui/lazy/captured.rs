use tg::lazy::{Tensor, jit};

fn main() -> tg::lazy::Result<()> {
    let mut w = Tensor::from(1.0f32);
    let scaled = jit(|x: Tensor| &x * &w);
    w.assign(&Tensor::from(2.0f32))?;
    scaled.call(&Tensor::from(3.0f32)).map(drop)
}
