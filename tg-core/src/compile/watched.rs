//! What a plan whose simplifier is traced has to show of how it came about. Nothing here computes anything.

use std::ops::Range;

use super::{Lowered, Parameter, Plan, Slot};
use crate::dim::Dim;
use crate::schedule::{Memory, Schedule};
use crate::symbolic::Mark;

impl<'g> Plan<'g> {
    /// The places in [`Plan::steps`] where stages ended.
    pub(crate) fn marks(&self) -> &[Mark] {
        self.simplifier.marks()
    }

    /// Which of them belong to the function as a whole.
    pub(crate) fn own_marks(&self) -> Range<usize> {
        0..self.kernels.first().map_or(self.marks().len(), |kernel| kernel.marks.start)
    }

    /// Which of them belong to the kernel `number`, before it was lowered.
    pub(crate) fn marks_of(&self, number: usize) -> Range<usize> {
        self.kernels[number].marks.clone()
    }

    /// What is stored, and where.
    pub(crate) fn schedule(&self) -> &Schedule<'g> {
        &self.schedule
    }

    /// What the function is called with.
    pub(crate) fn params(&self) -> &[Parameter] {
        &self.params
    }

    /// What is behind each argument of the kernel `number`.
    pub(crate) fn memory_of(&self, number: usize) -> impl Iterator<Item = (Memory, Slot)> {
        let kernel = &self.kernels[number];
        kernel.memory.iter().copied().zip(kernel.args.iter().copied())
    }

    /// Operations and bytes of the kernel `number`.
    pub(crate) fn cost_of(&self, number: usize) -> (&Dim, &Dim) {
        (&self.kernels[number].flops, &self.kernels[number].bytes)
    }

    /// The symbol of the kernel `number`.
    pub(crate) fn symbol_of(&self, number: usize) -> String {
        self.kernels[number].symbol()
    }
}

impl Lowered<'_> {
    /// Which of [`Plan::marks`] belong to it.
    pub(crate) fn marks(&self) -> Range<usize> {
        self.marks.clone()
    }
}
