//! Kernels of NVIDIA GPUs as PTX.
//!
//! The list of instructions is walked once and each becomes a few lines: there are no expressions to put together, so the
//! emitter of the other languages is of no use here. Registers are as many as there are values; `ptxas`, or the driver's
//! own compiler, allocates them, schedules, and removes what is not needed. All shared memory is one array whose size the
//! launch gives, so that more than 48 KiB need nothing else.

mod ahead;
mod control;
mod convert;
mod group;
mod layout;
mod memory;
mod once;
mod operators;
mod range;
mod registers;
mod values;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use self::layout::Divisors;
use self::range::Ranges;
use self::registers::{Body, Lane};
use super::emit::Rendered;
use crate::dim::Var;
use crate::dtype::DType;
use crate::ir::{Arg, Arrangement, Op, SWIZZLED, Uop};
use crate::lower::Linear;
use crate::target::Isa;

/// Arrays in shared memory begin at multiples of this many bytes, if none of them is swizzled.
const ALIGNMENT: usize = 128;

/// Registers of a multiprocessor.
const REGISTERS: u32 = 1 << 16;
/// Registers of a thread that need not be fewer for more blocks.
const FEWEST: u32 = 96;
/// Registers of a thread beside its sums, where these are of four warps.
const BESIDE_SUMS: u32 = 64;

/// What a kernel looks like from outside.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its symbol.
    pub name: &'a str,
    /// The instruction set.
    pub isa: Isa,
    /// The arguments in order: `None` is a pointer to global memory, aligned to 256 bytes; a dtype is a value of it.
    pub args: &'a [Option<DType>],
    /// The run-time dimensions, which follow the arguments as integers of 64 bits.
    pub dims: &'a [Var],
    /// Threads of a block.
    pub threads: u32,
}

/// Writes `linear` as the kernel `entry`. `Rendered::scratch` is the number of bytes of shared memory a launch must give,
/// and the prelude the head of a module, which comes first.
pub fn emit_ptx(linear: &Linear, entry: &Entry) -> Rendered {
    let mut writer = Writer::new(linear, entry);
    if entry.isa.waits() {
        writer.body.line("griddepcontrol.wait;");
    }
    writer.needed = writer.needed(&linear.0);
    for &node in &linear.0 {
        writer.instruction(node);
    }
    let shared = writer.shared;
    let head = head(entry, limit(linear, entry, shared));
    let source = format!("{head}{{\n{}  ret;\n}}\n", writer.body.finish());
    Rendered { source, scratch: shared, prelude: prelude(entry.isa, shared, writer.alignment) }
}

/// What `ptxas` is told of a kernel with matrix units: how many blocks are to run on a multiprocessor at once, as many as
/// leave each thread twice the registers of its sums, and have the shared memory they need. Without being told, it makes
/// room for more, and then has no registers to load the next factors into while it multiplies. Four warps load none, and
/// what they need beside their sums they have; with more, `ptxas` leaves what is done with the sums unfinished, and stores
/// all results at the end.
fn limit(linear: &Linear, entry: &Entry, shared: usize) -> Option<String> {
    let is_product = |n: &&Uop| n.op() == Op::UpdateAcc && matches!(n.src(1).op(), Op::Wmma | Op::Wgmma);
    let sums: u32 = linear.0.iter().filter(is_product).map(|n| u32::from(n.src(0).dtype().lanes)).sum();
    let blocks = REGISTERS / (entry.threads * (2 * sums).max(FEWEST));
    let with_shared = entry.isa.shared_bytes() / shared.max(1);
    let blocks = blocks.min(with_shared as u32).max(1);
    let most = (REGISTERS / (entry.threads * blocks)).min((sums + BESIDE_SUMS).max(FEWEST));
    match linear.0.iter().any(|n| n.op() == Op::Wgmma) {
        true => Some(format!(".maxnreg {most}\n")),
        false => (sums > 0).then(|| format!(".minnctapersm {blocks}\n")),
    }
}

fn head(entry: &Entry, limit: Option<String>) -> String {
    let args = entry.args.iter().enumerate().map(|(slot, dtype)| memory::parameter(slot, *dtype));
    let dims = (0..entry.dims.len()).map(|at| format!(".param .s64 n{at}"));
    let params: Vec<String> = args.chain(dims).map(|param| format!("  {param}")).collect();
    let limit = limit.unwrap_or_default();
    let params = params.join(",\n");
    format!(".visible .entry {}(\n{params}\n)\n.maxntid {}, 1, 1\n{limit}", entry.name, entry.threads)
}

/// The head of a module. Versions are the lowest that have what kernels use, for the sake of old drivers.
fn prelude(isa: Isa, shared: usize, alignment: usize) -> BTreeMap<String, String> {
    let (version, target) = match isa {
        Isa::Sm80 => ("7.1", "sm_80"),
        Isa::Sm90a => ("8.0", "sm_90a"),
        isa => panic!("render: {} has no PTX", isa.name()),
    };
    let head = format!(".version {version}\n.target {target}\n.address_size 64");
    let array = format!(".extern .shared .align {alignment} .b8 shared[];");
    let lines = [("0 head".to_string(), head), ("1 shared".to_string(), array)];
    lines.into_iter().take(if shared > 0 { 2 } else { 1 }).collect()
}

/// Where a pointer points.
#[derive(Clone, Debug)]
enum Pointer {
    /// A register with an address; whether nothing in the kernel writes there.
    Global { base: String, is_constant: bool },
    /// Bytes from the beginning of the shared array, and whether they are swizzled.
    Shared { offset: usize, is_swizzled: bool },
    /// A parameter that is the value itself.
    Value(String),
}

/// An address: `base`, `place`, `size`, and, in swizzled memory, the bytes beside it.
type Scaled<'g> = (String, Uop<'g>, (i64, Option<i64>));

struct Writer<'g, 'a> {
    entry: &'a Entry<'a>,
    body: Body,
    values: FxHashMap<Uop<'g>, Vec<Lane>>,
    ranges: Ranges<'g>,
    pointers: FxHashMap<Uop<'g>, Pointer>,
    /// Registers with `base` + `place` * `size`, by loop, outermost first.
    addresses: Vec<FxHashMap<Scaled<'g>, String>>,
    divisors: Divisors<'g>,
    /// What some instruction reads. Parts of addresses that are folded are not in it.
    needed: FxHashSet<Uop<'g>>,
    /// Buffers that the kernel stores to.
    written: FxHashSet<Uop<'g>>,
    /// Buffers that a block reads once.
    once: FxHashSet<Uop<'g>>,
    /// Shared memory that copies go to whose elements are read again soon.
    revisited: FxHashSet<Uop<'g>>,
    /// The register with the address of the shared array.
    shared_base: Option<String>,
    /// Bytes of shared memory so far, and what its arrays begin at multiples of.
    shared: usize,
    alignment: usize,
    /// Sums that are changed by products of four warps, and how far those have come.
    sums: FxHashSet<Uop<'g>>,
    progress: group::Progress,
    /// Numbers of the loops that have not ended, and how many there were.
    open: Vec<usize>,
    loops: usize,
}

impl<'g, 'a> Writer<'g, 'a> {
    fn new(linear: &Linear<'g>, entry: &'a Entry<'a>) -> Writer<'g, 'a> {
        Writer {
            entry,
            body: Body::default(),
            values: FxHashMap::default(),
            ranges: Ranges::default(),
            pointers: FxHashMap::default(),
            addresses: vec![FxHashMap::default()],
            divisors: Divisors::new(&linear.0),
            needed: FxHashSet::default(),
            written: linear.0.iter().filter(|n| n.op() == Op::Store).map(|n| buffer(n.src(0))).collect(),
            once: once::read_once(&linear.0),
            revisited: ahead::revisited(&linear.0),
            shared_base: None,
            shared: 0,
            alignment: alignment(&linear.0),
            sums: linear.0.iter().filter(is_sum_of_groups).map(|n| n.src(0)).collect(),
            progress: group::Progress::default(),
            open: vec![],
            loops: 0,
        }
    }

    fn instruction(&mut self, node: Uop<'g>) {
        if self.needed.contains(&node)
            && let Some(lanes) = self.value(node)
        {
            self.values.insert(node, lanes);
        }
    }

    /// Writes `node`; its lanes, if it has a value.
    fn value(&mut self, node: Uop<'g>) -> Option<Vec<Lane>> {
        match node.op() {
            Op::DefineGlobal => self.define_global(node),
            Op::DefineLocal => self.define_local(node),
            Op::After => drop(self.pointers.insert(node, self.pointers[&node.src(0)].clone())),
            Op::Store => match self.copies(node) {
                Some(all) => self.copy_ahead(node, &all),
                None => self.store(node),
            },
            Op::Endrange => self.end(node),
            Op::UpdateAcc => self.update(node),
            Op::Barrier => self.barrier(),
            Op::Commit => self.body.line("cp.async.commit_group;"),
            Op::Wait => self.wait(node),
            Op::Settle => self.settle(node),
            op => return Some(self.lanes_of(op, node)),
        }
        None
    }

    fn lanes_of(&mut self, op: Op, node: Uop<'g>) -> Vec<Lane> {
        match op {
            Op::Const => self.constant(node),
            Op::DefineVar => self.dimension(node),
            Op::Special => self.special(node),
            Op::Load => self.load(node),
            Op::Range => self.begin(node),
            Op::DefineAcc => self.accumulator(node),
            Op::Vectorize => self.vectorize(node),
            Op::Gep => self.gep(node),
            Op::Shuffle => self.shuffle(node),
            Op::Wmma => self.wmma(node),
            Op::Wgmma => self.wgmma(node),
            Op::LoadMatrix => self.load_matrix(node),
            Op::Cast => self.cast(node),
            Op::Bitcast => self.bitcast(node),
            op if op.is_alu() => self.elementwise(node),
            op => panic!("render: {op} is no instruction of a kernel for GPUs: {node:?}"),
        }
    }
}

/// Whether `node` adds products of four warps to a sum.
fn is_sum_of_groups(node: &&Uop) -> bool {
    node.op() == Op::UpdateAcc && node.src(1).op() == Op::Wgmma
}

/// What the arrays of `list` in shared memory begin at multiples of.
fn alignment(list: &[Uop]) -> usize {
    let is_swizzled = |n: &Uop| matches!(n.arg(), Arg::Local(.., Arrangement::Swizzled));
    if list.iter().any(is_swizzled) { SWIZZLED } else { ALIGNMENT }
}

/// The DEFINE_GLOBAL or DEFINE_LOCAL under an INDEX or AFTER.
fn buffer(pointer: Uop<'_>) -> Uop<'_> {
    let mut base = pointer;
    while matches!(base.op(), Op::Index | Op::After) {
        base = base.src(0);
    }
    base
}

/// Whether something happens even if nobody reads it.
fn has_effect(op: Op) -> bool {
    use Op::*;
    matches!(op, Store | UpdateAcc | Range | Endrange | Barrier | Commit | Wait | Settle)
}

impl<'g> Writer<'g, '_> {
    /// Everything of `list` that has an effect, or that an instruction reads.
    fn needed(&self, list: &[Uop<'g>]) -> FxHashSet<Uop<'g>> {
        let mut needed: FxHashSet<Uop<'g>> = list.iter().copied().filter(|n| has_effect(n.op())).collect();
        for &node in list.iter().rev() {
            if needed.contains(&node) {
                needed.extend(self.reads(node));
            }
        }
        needed
    }

    /// What the lines of `node` read.
    fn reads(&self, node: Uop<'g>) -> Vec<Uop<'g>> {
        match node.op() {
            Op::Store if self.copies(node).is_some() => [node, node.src(1)].map(|n| accessed(n.src(0))).concat(),
            Op::Load | Op::Store => [accessed(node.src(0)), node.srcs().skip(1).take(1).collect()].concat(),
            Op::LoadMatrix => accessed(node.src(0)),
            Op::Wgmma => [accessed(node.src(0)), accessed(node.src(1)), vec![node.src(2)]].concat(),
            Op::DefineAcc | Op::After => vec![node.src(0)],
            Op::Special | Op::Endrange => vec![],
            _ => node.srcs().collect(),
        }
    }
}

/// What is needed of the address `index`: its pointer, what varies of its places, and its condition.
fn accessed<'g>(index: Uop<'g>) -> Vec<Uop<'g>> {
    let rests = memory::places(index).into_iter().filter_map(|place| memory::peel(place).0);
    rests.chain([index.src(0)]).chain(index.srcs().nth(2)).collect()
}
