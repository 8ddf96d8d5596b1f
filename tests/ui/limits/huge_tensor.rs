use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 1000000>) -> Tensor<f32> {
        (x.unsqueeze(0) * x.unsqueeze(1)).unsqueeze(2).expand([1000000, 1000000, 1000000]).sum()
    }
}

fn main() {}
