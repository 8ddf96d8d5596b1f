//! Tensor functions of a build on a processor that they were not compiled for: their graphs, compiled or interpreted here.
//!
//! It happens where no instruction set that a function was compiled for is there, or `TG_LAZY=1` asks for it; with `TG_DEBUG`
//! of at least 1 it is said, once for each function.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tg_core::compile::Function;
use tg_core::dim::Var;
use tg_core::ir::{Graph, Uop};
use tg_runtime::program::{DimValues, Program, Role};
use tg_runtime::{Config, Error, Result};

use crate::compile::{Alone, Kernels, say_interpreted};
use crate::data::{Data, Elements};
use crate::device::Device;
use crate::interpret;

/// A function that runs from its graph.
enum Graphed {
    Kernels(Kernels),
    Interpreted(Mutex<Alone>, Vec<Var>),
}

/// By the address of the text of a function.
static FUNCTIONS: LazyLock<Mutex<HashMap<usize, Arc<Graphed>>>> = LazyLock::new(Mutex::default);

/// Runs `program`, whose traced function is `graph`.
///
/// # Errors
/// [`Error::Fallback`] if the function cannot be run here; as [`Program::run`].
///
/// # Safety
/// As for [`Program::run`].
#[doc(hidden)]
pub unsafe fn run_graph(
    program: &'static Program,
    graph: &'static str,
    params: &[*mut u8],
    dims: &DimValues,
) -> Result<()> {
    let place = graph.as_ptr().addr();
    let known = FUNCTIONS.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
    let function = match known {
        Some(function) => function,
        None => {
            let function = Arc::new(prepared(program, graph)?);
            FUNCTIONS.lock().unwrap_or_else(PoisonError::into_inner).insert(place, function.clone());
            function
        }
    };
    match &*function {
        // SAFETY: the parameters of the function are those of the program, in the same order, as the caller promises them.
        Graphed::Kernels(kernels) => unsafe { kernels.run(Device::CPU, params, dims) },
        Graphed::Interpreted(alone, vars) => {
            let alone = alone.lock().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: as above.
            unsafe { interpreted(program, &alone, vars, params, dims) }
        }
    }
}

fn prepared(program: &'static Program, text: &str) -> Result<Graphed> {
    if Config::of_process()?.debug > 0 {
        eprintln!("tg: `{}` runs from its graph, by kernels that are compiled now", program.name);
    }
    let failed = |reason: String| Error::Fallback { function: program.name, reason };
    let graph = Graph::new();
    let function = Function::parse(&graph, text).map_err(|error| failed(error.to_string()))?;
    match Kernels::new(&graph, &function, text.as_bytes()).map_err(|error| failed(error.to_string()))? {
        Ok(kernels) => Ok(Graphed::Kernels(kernels)),
        Err(why) => {
            say_interpreted(&why);
            let ids = |nodes: Vec<Uop>| nodes.into_iter().map(|node| node.id()).collect();
            let inputs = ids(function.inputs.iter().map(|(_, buffer)| *buffer).collect());
            let values = function.updates.iter().map(|(_, value)| *value);
            let outputs = ids(values.chain(function.outputs.iter().map(|(_, value)| *value)).collect());
            let named = |name: &str, vars: Vec<Var>| vars.into_iter().find(|var| *var.name == *name);
            let sizes = function.inputs.iter().flat_map(|(_, buffer)| buffer.shape());
            let all: Vec<Var> = sizes.flat_map(|size| size.vars()).collect();
            let vars = program.dims.iter().filter_map(|dim| named(dim.name, all.clone())).collect();
            Ok(Graphed::Interpreted(Mutex::new(Alone { graph, inputs, outputs }), vars))
        }
    }
}

/// # Safety
/// As for [`Program::run`].
unsafe fn interpreted(
    program: &'static Program,
    alone: &Alone,
    vars: &[Var],
    params: &[*mut u8],
    dims: &DimValues,
) -> Result<()> {
    let elements = |at: usize| program.params[at].dims(dims).iter().product::<usize>();
    let read = |at: usize| {
        let dtype = alone.graph.get(alone.inputs[at]).dtype();
        // SAFETY: the caller promises as many elements of this type.
        let elements = unsafe { Elements::read(dtype, params[at], elements(at)) }?;
        Ok(Arc::new(Data { elements, device: Device::CPU }))
    };
    let inputs = (0..alone.inputs.len()).map(read).collect::<Result<Vec<_>>>()?;
    let failed = |error: crate::ErrorKind| Error::Fallback { function: program.name, reason: error.to_string() };
    let results = interpret::run(alone, &inputs, vars, dims.as_slice()).map_err(failed)?;
    let of_role = |role: Role| program.params.iter().enumerate().filter(move |(_, param)| param.role == role);
    let written = of_role(Role::InPlace).chain(of_role(Role::Output)).map(|(at, _)| params[at]);
    for (elements, place) in results.iter().zip(written) {
        // SAFETY: the caller promises that what the function writes can be written, and has this size.
        unsafe { elements.write(place) };
    }
    Ok(())
}
