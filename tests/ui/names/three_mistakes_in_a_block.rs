use tg::prelude::*;

tensor_fn! {
    pub struct Net {
        weight: Tensor<f32, 4>,
    }

    impl Net {
        pub fn run(&self, x: Tensor<f32, 4>) -> Tensor<f32, 4> {
            x * self.wieght
        }
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 5> {
        x
    }

    pub fn g(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x + scale
    }

    pub fn h(net: &Net, x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        net.run(x) + g(x)
    }
}

fn main() {
    let (net, x) = (Net::zeros(), Tensor::zeros());
    drop((net.run(&x), f(&x), g(&x), h(&net, &x)));
}
