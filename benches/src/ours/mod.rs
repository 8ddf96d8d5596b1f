//! The cases in tg.

mod convnet;
mod encoder;
mod mlp;
mod products;
mod rows;

use std::error::Error;

use tg::prelude::*;

use crate::job::{Job, job};

pub use convnet::{conv_large, conv_small, forward as convnet, train as convnet_train};
pub use encoder::layer as encoder;
pub use mlp::{forward as mlp, train};
pub use products::{SHAPES, product};
pub use rows::{gelu, layernorm, relu, softmax, sum};

type Built = Result<Box<dyn Job>, Box<dyn Error + Send + Sync>>;

fn one<S: tg::Shape>(call: impl FnMut() -> tg::Result<Tensor<f32, S>> + 'static) -> Box<dyn Job> {
    job(call, |out| Ok(vec![out.to_vec()]))
}

/// `net` with the elements of `arrays`, one for each tensor in the order of the fields.
fn filled<P: Parameters>(mut net: P, arrays: &[Vec<f32>]) -> tg::Result<P> {
    let (mut arrays, mut done) = (arrays.iter(), Ok(()));
    net.visit_mut("", &mut |_, mut view| {
        let bytes = arrays.next().into_iter().flatten().flat_map(|value| value.to_le_bytes());
        let copied = view.copy_from_bytes(&bytes.collect::<Vec<u8>>());
        done = std::mem::replace(&mut done, Ok(())).and(copied);
    });
    done.map(|()| net)
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes))
}

/// How far each tensor of `net` is from where it started.
fn moved(net: &impl Parameters, start: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut now: Vec<Vec<f32>> = Vec::new();
    net.visit("", &mut |_, view| now.push(floats(view.bytes()).collect()));
    let difference = |(now, start): (Vec<f32>, &Vec<f32>)| now.iter().zip(start).map(|(n, s)| n - s).collect();
    now.into_iter().zip(start).map(difference).collect()
}
