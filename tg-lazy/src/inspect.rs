//! What tensors are computed by, for those who want to look at it.

use tg_core::compile::Function;
use tg_core::ir::{Graph, Id};

use crate::compile::Alone;
use crate::device::Device;
use crate::error::Result;
use crate::tensor::Tensor;
use crate::world;

/// Calls `look` with the function that computes `tensors` of what has elements, as it would be compiled, and its graph.
///
/// # Errors
/// The error that one of the tensors holds.
#[doc(hidden)]
pub fn with_function<'t, R>(
    tensors: impl IntoIterator<Item = &'t Tensor>,
    look: impl FnOnce(&Graph, &Function) -> R,
) -> Result<R> {
    let handles = tensors.into_iter().map(Tensor::handle).collect::<Result<Vec<_>>>()?;
    let alone = {
        let mut world = world::lock();
        let roots: Vec<Id> = handles.iter().map(|handle| world.node(handle)).collect();
        Alone::new(&world.extract(&roots, Device::CPU), &world)
    };
    Ok(look(&alone.graph, &alone.function()))
}
