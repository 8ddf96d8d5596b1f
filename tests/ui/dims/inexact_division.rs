use tg::prelude::*;

tensor_fn! {
    pub fn f<N: Dim>(x: Tensor<f32, N>) -> Tensor<f32, { N / 2 }, 2> {
        x.reshape([x.dim(0) / 2, 2])
    }
}

fn main() {}
