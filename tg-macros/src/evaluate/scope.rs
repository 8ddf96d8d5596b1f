//! Variables: names bound to values, inner scopes hiding outer ones.

use crate::diagnostic::Place;
use crate::evaluate::value::Value;

/// A variable.
#[derive(Clone, Debug)]
pub struct Binding<'g> {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value<'g>,
    /// Whether it may be assigned to.
    pub mutable: bool,
    /// Whether it is a `&mut` parameter: changes are seen by the caller.
    pub in_place: bool,
}

impl<'g> Binding<'g> {
    /// A variable that cannot be assigned to.
    pub fn constant(name: &str, value: Value<'g>) -> Binding<'g> {
        Binding { name: name.to_owned(), value, mutable: false, in_place: false }
    }
}

/// The variables of one call: its parameters, then those of the open blocks.
#[derive(Clone, Debug, Default)]
pub struct Frame<'g> {
    /// The function being called, for messages and to find recursion; `None` for closures and constants.
    pub function: Option<usize>,
    /// The `impl` the code stands in, for `Self`.
    pub owner: Option<usize>,
    /// Where a function of the library is called: its own text is nowhere to point to.
    pub site: Option<Place>,
    /// Innermost last.
    pub bindings: Vec<Binding<'g>>,
    /// Loops in progress.
    pub loops: usize,
}

impl<'g> Frame<'g> {
    /// The variable `name`.
    pub fn find(&self, name: &str) -> Option<&Binding<'g>> {
        self.bindings.iter().rev().find(|binding| binding.name == name)
    }

    /// The variable `name`, to change it.
    pub fn find_mut(&mut self, name: &str) -> Option<&mut Binding<'g>> {
        self.bindings.iter_mut().rev().find(|binding| binding.name == name)
    }

    /// Adds a variable.
    pub fn bind(&mut self, binding: Binding<'g>) {
        self.bindings.push(binding);
    }
}
