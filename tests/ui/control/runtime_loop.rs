use tg::prelude::*;

tensor_fn! {
    pub fn f<N: Dim>(x: Tensor<f32, N>) -> Tensor<f32> {
        let mut sum = 0.0;
        for i in 0..x.dim(0) {
            sum += x[i];
        }
        sum
    }
}

fn main() {}
