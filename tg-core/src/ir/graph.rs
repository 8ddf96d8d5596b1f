//! Nodes, their arena, and the `Copy` handles through which everything else sees them.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::hash::{Hash, Hasher};

use elsa::FrozenVec;
use rustc_hash::FxHasher;

use crate::dim::{Dim, Var};
use crate::dtype::DType;
use crate::ir::intern::Table;
use crate::ir::memo::Pool;
use crate::ir::{Arrangement, Fragment, Group, Op, Value, bounds, shape};
use crate::view::ShapeTracker;

/// The place of a node in its graph; sources always have smaller ids than their users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub u32);

/// What a loop counter runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    /// Elements of the result.
    Loop,
    /// Elements that are combined into one.
    Reduce,
    /// A share of the result's elements that one thread takes: starts at the kernel's `begin`.
    Parallel,
    /// Elements left over by a parallel loop: runs only with its last share.
    Remainder,
    /// Steps that build on what the ones before have stored.
    Serial,
    /// SIMD lanes.
    Lane,
    /// Copies of the loop body.
    Unroll,
    /// Blocks of threads, one for each element.
    Grid,
    /// Threads of a block, one for each element: the counter is the bits of the thread's number from this one on.
    Thread(u8),
    /// Elements that a warp's matrix unit combines at once.
    Matrix,
}

/// What a SPECIAL is the number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Special {
    /// The block of threads, of all that run the kernel.
    Block,
    /// The thread, of its block.
    Thread,
}

/// What a node says besides its sources; which variant an op carries is part of its spec.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Arg {
    /// Nothing.
    None,
    /// CONST.
    Value(Value),
    /// DEFINE_VAR.
    Var(Var),
    /// RESHAPE and EXPAND: the new shape; IOTA: its length.
    Shape(Vec<Dim>),
    /// PERMUTE: source axis of each axis; FLIP: the axes reversed.
    Axes(Vec<usize>),
    /// PAD: zeros (before, after); SHRINK: kept range (begin, end).
    Pairs(Vec<(Dim, Dim)>),
    /// VIEW.
    View(ShapeTracker),
    /// REDUCE_AXIS: how, and over which axes (sorted).
    Reduce(Op, Vec<usize>),
    /// REDUCE: how.
    Op(Op),
    /// BUFFER: a number unique in the graph, and the shape.
    Buffer(u32, Vec<Dim>),
    /// DEFINE_GLOBAL, DEFINE_ACC: which; GEP: the lane; SHUFFLE: the bits; WAIT, SETTLE: how many groups; PREFETCH: the level.
    Slot(u32),
    /// SPECIAL: whose number.
    Special(Special),
    /// WMMA: the shape of the product.
    Fragment(Fragment),
    /// WGMMA: the shape of the product, and how its factors lie.
    Group(Group),
    /// DEFINE_LOCAL: which, how many elements, and where they are.
    Local(u32, u32, Arrangement),
    /// RANGE: a number unique in the kernel, and what it runs over.
    Range(u32, Axis),
    /// SINK: the kernel's name.
    Name(String),
    /// LOAD_MATRIX: how many matrices, and whether threads hold them by columns.
    Matrices(u32, bool),
    /// STORE: a copy into shared memory, which may begin up to this many iterations, less one, before it is needed.
    Ahead(u32),
    /// STORE: past the caches, for what is not read again soon. A hint that changes no result.
    Stream,
    /// LOAD: what it reads in the next iteration of a loop is asked for while one runs; STORE: what the kernel reads and stores in
    /// the next iteration of the loop that threads share. A hint that changes no result.
    Prefetch,
}

/// One operation with everything that follows from its sources.
pub struct Node {
    pub(super) id: Id,
    hash: u64,
    pub(super) op: Op,
    pub(super) dtype: DType,
    pub(super) src: Box<[Id]>,
    pub(super) arg: Arg,
    pub(super) shape: Option<Box<[Dim]>>,
    pub(super) bounds: Option<(i128, i128)>,
    pub(super) ranges: Box<[Id]>,
}

impl Node {
    fn is(&self, op: Op, dtype: DType, src: &[Uop], arg: &Arg) -> bool {
        let same = |(own, other): (&Id, &Uop)| *own == other.id();
        self.op == op
            && self.dtype == dtype
            && self.src.len() == src.len()
            && self.src.iter().zip(src).all(same)
            && self.arg == *arg
    }
}

/// The hash of what makes a node itself.
fn hash(op: Op, dtype: DType, src: &[Uop], arg: &Arg) -> u64 {
    let mut hasher = FxHasher::default();
    (op, dtype).hash(&mut hasher);
    src.iter().for_each(|source| hasher.write_u32(source.id().0));
    arg.hash(&mut hasher);
    hasher.finish()
}

/// The arena of nodes: append-only, every distinct node once.
#[derive(Default)]
pub struct Graph {
    nodes: FrozenVec<Box<Node>>,
    known: RefCell<Table>,
    fresh: Cell<u32>,
    pool: Pool,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// The node `(op, dtype, src, arg)`, made if it is new. Not checked: the spec of a stage does that.
    pub fn node<'g>(&'g self, op: Op, dtype: DType, src: &[Uop<'g>], arg: Arg) -> Uop<'g> {
        let hash = hash(op, dtype, src, &arg);
        let is = |id: Id| {
            let node = self.get(id).node;
            node.hash == hash && node.is(op, dtype, src, &arg)
        };
        if let Some(id) = self.known.borrow().find(hash, is) {
            return self.get(id);
        }
        let id = Id(self.len() as u32);
        let node = Node {
            id,
            hash,
            op,
            dtype,
            src: src.iter().map(|s| s.id()).collect(),
            shape: shape::infer(op, &arg, src).map(Vec::into_boxed_slice),
            bounds: bounds::infer(op, dtype, &arg, src),
            ranges: live_ranges(id, op, src),
            arg,
        };
        let node = self.nodes.push_get(Box::new(node));
        self.known.borrow_mut().insert(id, |id| self.get(id).node.hash);
        Uop { graph: self, node }
    }

    /// The node with this id.
    ///
    /// # Panics
    /// If `id` is not of this graph.
    pub fn get(&self, id: Id) -> Uop<'_> {
        let node = self.nodes.get(id.0 as usize);
        Uop { graph: self, node: node.unwrap_or_else(|| panic!("node {id:?} is of another graph")) }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// How many distinct nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no node has been made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number no earlier call returned: names buffers, ranges and accumulators.
    pub fn fresh(&self) -> u32 {
        self.fresh.set(self.fresh.get() + 1);
        self.fresh.get() - 1
    }

    /// Makes sure that [`Graph::fresh`] never returns `used`.
    pub fn reserve(&self, used: u32) {
        self.fresh.set(self.fresh.get().max(used.saturating_add(1)));
    }
}

/// The ranges a node's value varies with: a reduction or store closes its own.
fn live_ranges(id: Id, op: Op, src: &[Uop]) -> Box<[Id]> {
    if op == Op::Range {
        return [src.first().map_or(&[][..], |s| s.range_ids()), &[id]].concat().into();
    }
    let (open, closed) = match op {
        Op::Reduce => src.split_at(src.len().min(1)),
        Op::Store => src.split_at(src.len().min(2)),
        _ => (src, &[][..]),
    };
    let mut live: Vec<Id> = Vec::new();
    let mut parts = 0;
    for own in open.iter().map(|s| s.range_ids()) {
        if !own.is_empty() && own != live {
            live.extend_from_slice(own);
            parts += 1;
        }
    }
    if parts > 1 {
        live.sort_unstable();
        live.dedup();
    }
    if !closed.is_empty() {
        live.retain(|r| closed.iter().all(|c| c.id() != *r));
    }
    live.into()
}

/// A handle to a node: two words, `Copy`, equal when the expressions are equal.
#[derive(Clone, Copy)]
pub struct Uop<'g> {
    graph: &'g Graph,
    node: &'g Node,
}

impl<'g> Uop<'g> {
    /// The graph it lives in.
    pub fn graph(self) -> &'g Graph {
        self.graph
    }

    /// Its place in the graph.
    pub fn id(self) -> Id {
        self.node.id
    }

    /// The operation.
    pub fn op(self) -> Op {
        self.node.op
    }

    /// The type of the value.
    pub fn dtype(self) -> DType {
        self.node.dtype
    }

    /// What it says besides its sources.
    pub fn arg(self) -> &'g Arg {
        &self.node.arg
    }

    /// Source `i`.
    ///
    /// # Panics
    /// If there is none: the spec of each stage fixes how many there are.
    pub fn src(self, i: usize) -> Uop<'g> {
        self.graph.get(self.node.src[i])
    }

    /// How many sources there are.
    pub fn arity(self) -> usize {
        self.node.src.len()
    }

    /// Its sources in order.
    pub fn srcs(self) -> impl DoubleEndedIterator<Item = Uop<'g>> + ExactSizeIterator + 'g {
        self.node.src.iter().map(move |&id| self.graph.get(id))
    }

    /// The ids of [`Uop::srcs`].
    pub fn src_ids(self) -> &'g [Id] {
        &self.node.src
    }

    /// The shape of a tensor-stage value; `()` for everything inside kernels, `None` if the sources do
    /// not fit together (which the spec reports).
    pub fn try_shape(self) -> Option<&'g [Dim]> {
        self.node.shape.as_deref()
    }

    /// The shape; empty if it has none.
    pub fn shape(self) -> &'g [Dim] {
        self.try_shape().unwrap_or(&[])
    }

    /// Inclusive bounds of an integer or bool value, if it is one.
    pub fn bounds(self) -> Option<(i128, i128)> {
        self.node.bounds
    }

    /// Smallest value an integer can take (the dtype's if nothing better is known).
    pub fn vmin(self) -> i128 {
        self.node.bounds.map_or(i128::MIN / 4, |b| b.0)
    }

    /// Largest value an integer can take.
    pub fn vmax(self) -> i128 {
        self.node.bounds.map_or(i128::MAX / 4, |b| b.1)
    }

    /// The ranges its value varies with.
    pub fn ranges(self) -> impl ExactSizeIterator<Item = Uop<'g>> + 'g {
        self.node.ranges.iter().map(move |&id| self.graph.get(id))
    }

    /// The ids of [`Uop::ranges`], sorted.
    pub fn range_ids(self) -> &'g [Id] {
        &self.node.ranges
    }

    /// Whether its value varies with `range`.
    pub fn depends_on(self, range: Uop<'g>) -> bool {
        self.node.ranges.binary_search(&range.id()).is_ok()
    }

    /// The value of a CONST.
    pub fn as_const(self) -> Option<Value> {
        match self.node.arg {
            Arg::Value(v) if self.node.op == Op::Const => Some(v),
            _ => None,
        }
    }

    /// The value of an integer or bool CONST.
    pub fn as_int(self) -> Option<i128> {
        self.as_const()?.as_int()
    }
}

impl PartialEq for Uop<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.node, other.node)
    }
}

impl Eq for Uop<'_> {}

impl Hash for Uop<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.node.id.hash(state)
    }
}

impl PartialOrd for Uop<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Uop<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.node.id.cmp(&other.node.id)
    }
}

impl fmt::Debug for Uop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}:{}:{}", self.node.id.0, self.op(), self.dtype())?;
        if self.node.arg != Arg::None {
            write!(f, " {:?}", self.node.arg)?;
        }
        Ok(())
    }
}
