use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        y
    }
}

fn main() {
    let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    println!("{} {:?}", f(&x).expect("fits"), F);
}
