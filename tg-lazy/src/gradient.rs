//! Gradients of lazy tensors.

use std::panic::Location;

use tg_core::tensor;

use crate::call::Origin;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;
use crate::world;

/// The gradient of `loss`, a float of one element, by each of `wrt`: of the same shape and dtype as that. Each has to
/// [require one](Tensor::requires_grad), from before the loss was made of it. Gradients have none themselves.
///
/// ```
/// use tg_lazy::{Tensor, grad};
/// let w = Tensor::from_slice(&[1.0f32, 2.0, 3.0], [3]).requires_grad();
/// let loss = w.square().sum(());
/// let [g] = &grad(&loss, [&w])?[..] else { unreachable!("one for each") };
/// assert_eq!(g.to_vec::<f32>()?, [2.0, 4.0, 6.0]);
/// # Ok::<(), tg_lazy::Error>(())
/// ```
///
/// # Errors
/// The error that a tensor holds; [`ErrorKind::NoGradient`]; [`ErrorKind::Call`] if the loss is no float of one element, or
/// does not depend on one of `wrt` by a differentiable path.
#[track_caller]
pub fn grad<'t>(loss: &Tensor, wrt: impl IntoIterator<Item = &'t Tensor>) -> Result<Vec<Tensor>> {
    let at = Location::caller();
    let handles = wrt.into_iter().map(Tensor::handle).collect::<Result<Vec<_>>>()?;
    if let Some(other) = handles.iter().find(|handle| !handle.tracked) {
        return Err(Error::at(ErrorKind::NoGradient { shape: other.sizes.to_vec() }, at));
    }
    let loss = loss.handle()?;
    let parents = std::iter::once(&loss).chain(&handles).cloned().collect();
    let mut origin = Origin::of("grad", parents).map_err(|kind| Error::at(kind, at))?;
    origin.tracked = false;
    let mut world = world::lock();
    let (loss, wrt) = (world.node(&loss), handles.iter().map(|handle| world.node(handle)).collect::<Vec<_>>());
    let graph = world.graph();
    let wrt: Vec<_> = wrt.into_iter().map(|node| graph.get(node)).collect();
    let gradients = tensor::grad(graph.get(loss), &wrt).map_err(|error| Error::at(ErrorKind::Call(error), at))?;
    let nodes: Vec<_> = gradients.into_iter().map(|gradient| gradient.id()).collect();
    Ok(nodes.into_iter().map(|node| origin.clone().tensor(node, &mut world)).collect())
}
