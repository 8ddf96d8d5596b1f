//! Optimizers, in the language of tensor functions: what becomes of a gradient before it is subtracted.
//!
//! A macro cannot see the source of another crate, so this text is part of the macro and is parsed with the block that
//! uses it. Parameters of type `_` are tensors, or structs, tuples and arrays of them; state is kept by the caller, and
//! begins with zeros.

/// The running sum of gradients, of which each step keeps `decay`.
fn momentum(velocity: &mut _, gradient: _, decay: f64) -> _ {
    *velocity = decay * velocity + gradient;
    velocity
}

/// The gradient over the root of its running mean square, `square`, of which each step keeps `decay`.
fn rmsprop(square: &mut _, gradient: _, decay: f64, eps: f64) -> _ {
    *square = decay * square + (1.0 - decay) * gradient * gradient;
    gradient / (square.map(|s| s.sqrt()) + eps)
}

/// The running mean of gradients over the root of their running mean square, both without their bias to 0. `betas` is
/// how much of each a step keeps; `steps` counts.
fn adam(mean: &mut _, square: &mut _, steps: &mut Tensor<f32>, gradient: _, betas: (f64, f64), eps: f64) -> _ {
    *steps += 1.0;
    *mean = betas.0 * mean + (1.0 - betas.0) * gradient;
    *square = betas.1 * square + (1.0 - betas.1) * gradient * gradient;
    // 1 - βⁿ, accurate for β near 1.
    let seen = |beta| -((steps * beta.ln()).expm1());
    let scale = seen(betas.1).sqrt() / seen(betas.0);
    let root = square.map(|s| s.sqrt()) + eps * seen(betas.1).sqrt();
    scale * mean / root
}

/// `gradient`, scaled down to the length `limit` if it is longer, over all tensors together.
fn clipped(gradient: _, limit: f64) -> _ {
    let length = gradient.fold(0.0, |sum, t| sum + t.square().sum()).sqrt();
    gradient * (limit / length.maximum(limit))
}
