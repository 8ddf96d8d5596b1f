//! A perceptron whose layers are known only when the program runs, trained on handwritten digits by lazy tensors.
//!
//! `cargo run --release --example lazy -- 128 64` for two hidden layers of these widths

use std::{error::Error, path::Path, time::Instant};

use tg::lazy::{DType, Device, Tensor, grad, jit, realize, uniform, zeros};

const BATCH: usize = 128;
const EPOCHS: usize = 12;

/// The scores of a batch of pictures. `net` has a matrix and a vector for each layer.
fn logits(net: &[Tensor], pictures: &Tensor) -> Tensor {
    let x = pictures.cast(DType::F32) / 255.0;
    let layers = net.chunks(2).enumerate();
    layers.fold(x, |x, (at, layer)| {
        let x = if at > 0 { x.relu() } else { x };
        x.matmul(&layer[0]) + &layer[1]
    })
}

/// One step of gradient descent: the loss before it, and the net after it.
fn step((net, x, y, rate): (Vec<Tensor>, Tensor, Tensor, Tensor)) -> (Tensor, Vec<Tensor>) {
    let net: Vec<Tensor> = net.into_iter().map(Tensor::requires_grad).collect();
    let loss = logits(&net, &x).cross_entropy(&y);
    match grad(&loss, &net) {
        Ok(gradients) => {
            let trained = net.iter().zip(&gradients).map(|(w, g)| w.detach() - g * &rate).collect();
            (loss.detach(), trained)
        }
        // Whoever looks at the loss gets the error.
        Err(error) => (error.into(), net),
    }
}

/// Pictures and labels of the files that begin with `name`.
fn read(name: &str) -> tg::Result<(Vec<u8>, Vec<u8>)> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    let pictures: tg::Tensor![u8, _, 28, 28] = tg::Tensor::read_idx(data.join(format!("{name}-images-idx3-ubyte.gz")))?;
    let labels: tg::Tensor![u8, _] = tg::Tensor::read_idx(data.join(format!("{name}-labels-idx1-ubyte.gz")))?;
    Ok((pictures.to_vec(), labels.to_vec()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let hidden = std::env::args().skip(1).map(|word| word.parse()).collect::<Result<Vec<usize>, _>>()?;
    let widths = [vec![784], if hidden.is_empty() { vec![128] } else { hidden }, vec![10]].concat();
    let mut net = vec![];
    for (seed, pair) in (0u64..).zip(widths.windows(2)) {
        let limit = (6.0 / pair[0] as f64).sqrt();
        net.push(uniform([pair[0], pair[1]], -limit, limit, Tensor::from(seed), ()));
        net.push(zeros([pair[1]], ()));
    }
    realize(&net)?;
    println!("a net of {widths:?} on {}", Device::CPU);

    let (pictures, labels) = read("train")?;
    let step = jit(step);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let mut rng = fastrand::Rng::with_seed(7);
    let start = Instant::now();
    for epoch in 0..EPOCHS {
        rng.shuffle(&mut order);
        let mut loss = 0.0;
        for rows in order.chunks_exact(BATCH) {
            let x: Vec<u8> = rows.iter().flat_map(|row| &pictures[row * 784..][..784]).copied().collect();
            let y: Vec<u8> = rows.iter().map(|row| labels[*row]).collect();
            let (x, y) = (Tensor::from_slice(&x, [BATCH, 784]), Tensor::from_slice(&y, [BATCH]));
            let rate = Tensor::from(0.2 * (1.0 - epoch as f32 / EPOCHS as f32));
            let (before, trained) = step.call(&(net, x, y, rate))?;
            net = trained;
            loss += before.item::<f32>()? / (order.len() / BATCH) as f32;
        }
        eprint!("\r[{:EPOCHS$}] loss {loss:.4} ", "=".repeat(epoch + 1));
    }
    println!("\ntrained in {:.2} s", start.elapsed().as_secs_f64());

    let (pictures, labels) = read("test")?;
    let x = Tensor::from_slice(&pictures, [labels.len(), 784]);
    let found = logits(&net, &x).argmax(-1).to_vec::<i64>()?;
    let right = found.iter().zip(&labels).filter(|(found, label)| **found == i64::from(**label)).count();
    println!("{:.2} % of {} test digits are right", 100.0 * right as f64 / found.len() as f64, found.len());
    Ok(())
}
