//! What an exploration holds: plain data that outlives the graph it was read off.

use std::ops::Range;

use crate::compile::{Language, Parameter, Report, Slot};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::Op;
use crate::rewrite::Rule;
use crate::target::Isa;

/// How one function was compiled for one instruction set.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// The function's name.
    pub name: String,
    /// The instruction set.
    pub isa: Isa,
    /// What its kernels are written in.
    pub language: Language,
    /// Totals.
    pub report: Report,
    /// What it is called with.
    pub params: Vec<Parameter>,
    /// Every node of every stage and rewrite, sources before users. Stages share nodes, and refer to them by place.
    pub nodes: Vec<Node>,
    /// Buffers of the tensor graph by name.
    pub buffers: Vec<(u32, String)>,
    /// The stages of the whole function, in order.
    pub stages: Vec<Stage>,
    /// Its kernels, in launch order.
    pub kernels: Vec<Kernel>,
    /// Intermediate results.
    pub values: Vec<Value>,
    /// Bytes of each slot of the workspace, at the smallest value of each run-time dimension.
    pub slots: Vec<u64>,
    /// The rules that fired.
    pub rules: Vec<Rule>,
    /// Every firing, in order.
    pub steps: Vec<Fired>,
    /// What stands before the text of the kernels.
    pub prelude: String,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// The type of its value.
    pub dtype: DType,
    /// Its sources.
    pub src: Vec<u32>,
    /// Its argument, in the text form.
    pub arg: String,
    /// Its shape, if it is a tensor.
    pub shape: String,
}

/// What one stage left.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Which stage: a name that `about` explains.
    pub name: &'static str,
    /// Roots; or all instructions, in order.
    pub nodes: Vec<u32>,
    /// What each root is; empty where that needs no saying.
    pub labels: Vec<String>,
    /// Whether `nodes` are instructions.
    pub is_list: bool,
    /// Which of the steps happened in it.
    pub steps: Range<usize>,
    /// How many more did.
    pub omitted: usize,
    /// The names of kernel arguments, by their slot.
    pub pointers: Vec<String>,
    /// The loops as pseudo code, where there are any and nothing has been written out yet.
    pub loops: String,
}

/// A kernel.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Its name.
    pub name: String,
    /// Its symbol.
    pub symbol: String,
    /// The tensor that it stores.
    pub tensor: u32,
    /// The name of where it stores that.
    pub target: String,
    /// Its arguments: the name of what is behind each, and where that is.
    pub args: Vec<(String, Slot)>,
    /// Operations.
    pub flops: Dim,
    /// Bytes read and written.
    pub bytes: Dim,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
    /// The actions, one by one.
    pub actions: Vec<Acted>,
    /// Who chose them.
    pub origin: String,
    /// How it is launched, on a GPU.
    pub launch: String,
    /// Bytes of scratch or shared memory.
    pub scratch: usize,
    /// Its text.
    pub source: String,
    /// What a compiler made of that; empty if none did.
    pub assembly: String,
}

/// An action, and the loops after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Acted {
    /// The action, as text.
    pub action: String,
    /// Its numbers, by name.
    pub numbers: String,
    /// What it does.
    pub about: &'static str,
    /// The loops after it, as pseudo code.
    pub loops: String,
}

/// An intermediate result.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub dtype: DType,
    /// Its shape.
    pub shape: String,
    /// Its size, at the smallest value of each run-time dimension.
    pub bytes: u64,
    /// Its slot of the workspace.
    pub slot: u32,
    /// The kernel that writes it, and the last that reads it.
    pub life: (usize, usize),
}

/// One firing of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// Which of the rules.
    pub rule: u32,
    /// The node it replaced.
    pub before: u32,
    /// What it put in its place.
    pub after: u32,
}

impl Exploration {
    /// Gives each kernel its part of `assembly`, in which it begins at its symbol as a label and ends at its size.
    pub fn assembled(&mut self, assembly: &str) {
        for kernel in &mut self.kernels {
            let label = format!("\n{}:\n", kernel.symbol);
            let Some(begin) = assembly.find(&label) else { continue };
            let rest = &assembly[begin + 1..];
            let end = rest.find("\t.size\t").unwrap_or(rest.len());
            kernel.assembly = rest[..end].into();
        }
    }
}
