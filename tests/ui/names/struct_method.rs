use tg::prelude::*;

tensor_fn! {
    struct Net {
        w: Tensor<f32, 4>,
    }

    impl Net {
        fn forward(&self, x: Tensor<f32, 4>) -> Tensor<f32, 4> {
            x * self.w
        }
    }

    pub fn f(net: Net, x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        net.foward(x)
    }
}

fn main() {}
