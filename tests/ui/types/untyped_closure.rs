use tg::prelude::*;

fn main() {
    let f = tensor_fn!(|x| x.softmax(-1));
    drop(f);
}
