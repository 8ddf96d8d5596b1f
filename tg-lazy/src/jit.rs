//! Functions of tensors that are traced once, and then only run.
//!
//! A [`Jit`] calls its function with tensors that stand for the arguments, and keeps the program that computes the results. Later
//! calls with arguments of the same shapes, types and devices run that program: no graph is built. Since tensors are values,
//! there is little that could go wrong: results are new tensors, never those of an earlier call; tensors that the function has
//! captured keep the value they had; and what asks for elements of an argument inside is an error.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::ir::Id;

use crate::compile::{self, Alone, Program};
use crate::data::Data;
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::realize::{copy, realize, run};
use crate::tensor::Tensor;
use crate::world::extract::Leaf;
use crate::world::{self, About, Handle};

/// Programs that one function keeps, for as many kinds of arguments.
const MOST_PROGRAMS: usize = 64;

/// One or several tensors: what functions for [`jit`] take and give. Tuples, arrays and vectors of them.
#[diagnostic::on_unimplemented(
    message = "functions for `jit` take and give tensors, and `{Self}` is none",
    label = "no lazy tensor, and no tuple, array or vector of them",
    note = "a number that changes from call to call is passed as a tensor, `Tensor::from(x)`; one that does not is captured"
)]
pub trait Tensors: Sized {
    /// Calls `f` with each, in order.
    fn each<'t>(&'t self, f: &mut dyn FnMut(&'t Tensor));

    /// The same with what `f` makes of each, in the same order.
    fn map(&self, f: &mut dyn FnMut(&Tensor) -> Tensor) -> Self;
}

impl Tensors for Tensor {
    fn each<'t>(&'t self, f: &mut dyn FnMut(&'t Tensor)) {
        f(self);
    }

    fn map(&self, f: &mut dyn FnMut(&Tensor) -> Tensor) -> Tensor {
        f(self)
    }
}

impl<T: Tensors> Tensors for Vec<T> {
    fn each<'t>(&'t self, f: &mut dyn FnMut(&'t Tensor)) {
        self.iter().for_each(|item| item.each(f));
    }

    fn map(&self, f: &mut dyn FnMut(&Tensor) -> Tensor) -> Vec<T> {
        self.iter().map(|item| item.map(f)).collect()
    }
}

impl<T: Tensors, const N: usize> Tensors for [T; N] {
    fn each<'t>(&'t self, f: &mut dyn FnMut(&'t Tensor)) {
        self.iter().for_each(|item| item.each(f));
    }

    fn map(&self, f: &mut dyn FnMut(&Tensor) -> Tensor) -> [T; N] {
        std::array::from_fn(|at| self[at].map(f))
    }
}

macro_rules! tuples {
    ($($name:ident $at:tt),*) => {
        impl<$($name: Tensors),*> Tensors for ($($name,)*) {
            fn each<'t>(&'t self, f: &mut dyn FnMut(&'t Tensor)) {
                $(self.$at.each(f);)*
            }

            fn map(&self, f: &mut dyn FnMut(&Tensor) -> Tensor) -> ($($name,)*) {
                ($(self.$at.map(f),)*)
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);

/// A function that is traced once for each kind of arguments. Made by [`jit`].
pub struct Jit<F, A, R> {
    function: F,
    programs: Mutex<Vec<Arc<Traced<R>>>>,
    arguments: PhantomData<fn(A)>,
}

/// `function` as one that is traced at the first call, and later only run: for functions that are called often, of small
/// tensors. What it does beside computing tensors happens at the first call only.
///
/// ```
/// use tg_lazy::{Tensor, jit};
/// let w = Tensor::from_slice(&[1.0f32, 2.0], [2]);
/// let f = jit(|(x, y): (Tensor, Tensor)| (&x * &w + &y).sum(()));
/// let x = Tensor::from_slice(&[3.0f32, 4.0], [2]);
/// assert_eq!(f.call(&(x.clone(), x))?.item::<f32>()?, 18.0);
/// # Ok::<(), tg_lazy::Error>(())
/// ```
pub fn jit<F, A, R>(function: F) -> Jit<F, A, R>
where
    F: Fn(A) -> R,
    A: Tensors,
    R: Tensors,
{
    Jit { function, programs: Mutex::default(), arguments: PhantomData }
}

/// What an argument has to be.
#[derive(Debug, PartialEq)]
struct Kind {
    dtype: DType,
    shape: Box<[Dim]>,
    device: Device,
}

impl Kind {
    fn is_of(&self, handle: &Handle) -> bool {
        self.dtype == handle.dtype && self.shape == handle.shape && self.device == handle.device
    }
}

/// The program for one kind of arguments.
struct Traced<R> {
    kinds: Vec<Kind>,
    /// The results as the function gave them, which have no elements.
    results: R,
    targets: Vec<About>,
    inputs: Vec<Input>,
    device: Device,
    program: Arc<Program>,
}

/// What a program reads.
enum Input {
    Argument(usize),
    Captured(Arc<Data>),
}

impl<F, A, R> Jit<F, A, R>
where
    F: Fn(A) -> R,
    A: Tensors,
    R: Tensors,
{
    /// The function's results for `arguments`, which are computed. While another function is traced, and passes an argument of
    /// its own, this one becomes a part of it.
    ///
    /// # Errors
    /// The error that an argument or a result holds; [`ErrorKind::Captured`] if the function asks for elements;
    /// [`ErrorKind::Runtime`].
    #[track_caller]
    pub fn call(&self, arguments: &A) -> Result<R> {
        let at = Location::caller();
        let mut tensors = vec![];
        arguments.each(&mut |tensor| tensors.push(tensor));
        let handles = tensors.iter().map(|tensor| tensor.handle()).collect::<Result<Vec<_>>>()?;
        if handles.iter().any(|handle| handle.captured) {
            return Ok((self.function)(arguments.map(&mut Tensor::clone)));
        }
        let data = elements(&tensors, &handles)?;
        let traced = match self.known(&handles) {
            Some(traced) => traced,
            None => self.traced(arguments, &handles, at)?,
        };
        traced.run(&handles, &data).map_err(|kind| Error::at(kind, at))
    }

    fn known(&self, handles: &[Arc<Handle>]) -> Option<Arc<Traced<R>>> {
        let programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |traced: &&Arc<Traced<R>>| {
            traced.kinds.len() == handles.len()
                && traced.kinds.iter().zip(handles).all(|(kind, handle)| kind.is_of(handle))
        };
        programs.iter().find(fits).cloned()
    }

    fn traced(&self, arguments: &A, handles: &[Arc<Handle>], at: &'static Location<'static>) -> Result<Arc<Traced<R>>> {
        let mut standing = vec![];
        let arguments = arguments.map(&mut |tensor| {
            let argument = tensor.handle().map(|handle| {
                let about = About { captured: true, tracked: false, ..About::of(&handle) };
                world::lock().argument(about)
            });
            standing.extend(argument.iter().cloned());
            argument.map(Tensor::from).into()
        });
        let results = (self.function)(arguments);
        let traced = Arc::new(trace(results, handles, &standing, at)?);
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if programs.len() == MOST_PROGRAMS {
            programs.remove(0);
        }
        programs.push(traced.clone());
        Ok(traced)
    }
}

/// The elements of the arguments, computed if they are not.
fn elements(tensors: &[&Tensor], handles: &[Arc<Handle>]) -> Result<Vec<Arc<Data>>> {
    let find = || {
        let world = world::lock();
        handles.iter().map(|handle| world.data(handle)).collect::<Option<Vec<_>>>()
    };
    if let Some(data) = find() {
        return Ok(data);
    }
    realize(tensors.iter().copied())?;
    tensors.iter().map(|tensor| tensor.data()).collect()
}

/// The program for `results`, which were made of what stands for the arguments.
fn trace<R: Tensors>(
    results: R,
    handles: &[Arc<Handle>],
    arguments: &[Arc<Handle>],
    at: &'static Location<'static>,
) -> Result<Traced<R>> {
    let mut made = vec![];
    results.each(&mut |tensor| made.push(tensor.handle()));
    let made = made.into_iter().collect::<Result<Vec<_>>>()?;
    let device = made.first().map_or(Device::CPU, |first| first.device);
    let fail = |kind| Error::at(kind, at);
    if let Some(other) = made.iter().find(|other| other.device != device) {
        let (first, second) = (device.to_string(), other.device.to_string());
        return Err(fail(ErrorKind::Devices { method: "jit", first, second }));
    }
    loop {
        let mut world = world::lock();
        let roots: Vec<Id> = made.iter().map(|handle| world.node(handle)).collect();
        let extract = world.extract(&roots, device);
        let leaves = world.leaves(&extract, device);
        let copies: Vec<_> = leaves.iter().filter_map(Leaf::copied).collect();
        if copies.is_empty() {
            let nodes: Vec<Id> = arguments.iter().map(|handle| world.node(handle)).collect();
            let inputs = leaves.iter().map(|leaf| Input::of(leaf, &nodes)).collect::<Option<_>>();
            let inputs = inputs.ok_or_else(|| fail(ErrorKind::Captured))?;
            let alone = Alone::new(&extract, &world);
            drop(world);
            let program = compile::program(&compile::slot(&extract.key), &extract.key, alone, device).map_err(fail)?;
            let kind = |handle: &Arc<Handle>| {
                let Handle { dtype, shape, device, .. } = &**handle;
                Kind { dtype: *dtype, shape: shape.clone(), device: *device }
            };
            let targets = made.iter().map(|handle| About { captured: false, ..About::of(handle) }).collect();
            return Ok(Traced { kinds: handles.iter().map(kind).collect(), results, targets, inputs, device, program });
        }
        drop(world);
        copy(copies, at)?;
    }
}

impl Input {
    fn of(leaf: &Leaf, arguments: &[Id]) -> Option<Input> {
        match leaf {
            Leaf::Data(data) => Some(Input::Captured(data.clone())),
            Leaf::Argument(node) => arguments.iter().position(|other| other == node).map(Input::Argument),
            Leaf::Copy(_) => None,
        }
    }
}

impl<R: Tensors> Traced<R> {
    fn run(&self, handles: &[Arc<Handle>], data: &[Arc<Data>]) -> std::result::Result<R, ErrorKind> {
        let input = |input: &Input| match input {
            Input::Argument(at) => data[*at].clone(),
            Input::Captured(data) => data.clone(),
        };
        let inputs: Vec<Arc<Data>> = self.inputs.iter().map(input).collect();
        let dims = crate::call::merged(handles.iter().map(|handle| &*handle.dims))?;
        let about = self.targets.iter().map(|about| About { dims: dims.clone(), ..about.clone() });
        let about: Vec<About> = about.collect();
        let counts = about.iter().map(|about| (about.dtype, about.sizes().iter().product()));
        let elements = run(&self.program, &inputs, counts, &dims, self.device)?;
        let mut world = world::lock();
        let made = about.into_iter().zip(elements).map(|(about, elements)| {
            let data = Data { elements, device: self.device };
            Tensor::from(world.filled(Arc::new(data), about))
        });
        let mut made: std::vec::IntoIter<Tensor> = made.collect::<Vec<_>>().into_iter();
        drop(world);
        Ok(self.results.map(&mut |tensor| made.next().unwrap_or_else(|| tensor.clone())))
    }
}
