//! The emitter: names, inlining and indentation, the same for every language.
//!
//! A value used once, in the loop it is computed in, is written where it is used; all others get a name.
//! Loads always do, so that they stay where the list has them. An element that is read under a condition, and only to be
//! spread over the lanes of a vector, is spread under the condition: processors load and spread at once.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::address::{Addresses, Told};
use crate::dim::Var;
use crate::ir::{Arg, Axis, Op, Uop};
use crate::lower::Linear;
use crate::symbolic::{Sum, Term};

/// Scratch memories begin at multiples of this many bytes, a cache line.
const ALIGNMENT: usize = 64;

/// An expression longer than this gets a name even if it is used once.
const LONGEST: usize = 160;

/// How a language writes what a kernel is made of.
pub trait Spelling {
    /// The head of the function, up to its opening brace.
    fn head(&mut self, name: &str) -> String;
    /// What closes the function.
    fn tail(&mut self) -> &'static str;
    /// The declaration of the pointer `name` to buffer number `position`, written to or not.
    fn pointer(&mut self, name: &str, node: Uop, position: usize, written: bool) -> String;
    /// The declaration of the pointer `name` to the scratch memory `offset` bytes from its beginning.
    fn scratch(&mut self, name: &str, node: Uop, offset: usize) -> String;
    /// The value of run-time dimension number `position`.
    fn dim(&mut self, position: usize) -> String;
    /// A literal.
    fn constant(&mut self, node: Uop) -> String;
    /// An elementwise op, vector construction or lane access over operands already written.
    fn value(&mut self, node: Uop, args: &[String]) -> String;
    /// The statement that names the address `from + index` into `pointer`, for accesses that write or only read.
    fn address(&mut self, name: &str, pointer: Uop, from: &str, index: &str, written: bool) -> String;
    /// The value read at `pointer + index`.
    fn load(&mut self, node: Uop, pointer: &str, index: &str) -> String;
    /// `value`, which is read only if `valid`, or else `otherwise`.
    fn guarded(&mut self, valid: &str, value: &str, otherwise: &str) -> String;
    /// The statement that writes.
    fn store(&mut self, node: Uop, pointer: &str, index: &str, text: &str) -> String;
    /// The statement that asks for what is at `pointer + index` into a level of caches, if the language has one.
    fn prefetch(&mut self, pointer: &str, index: &str, level: u32) -> Option<String>;
    /// The statement that writes lane `i` of a vector at `pointer + first + i*step`.
    fn scatter(&mut self, node: Uop, pointer: &str, first: &str, step: i64, text: &str) -> String;
    /// The statement that names a value; `mutable` for registers.
    fn declare(&mut self, node: Uop, name: &str, text: &str, mutable: bool) -> String;
    /// The statement that sets the `register` called `name` to `value`.
    fn assign(&mut self, register: Uop, value: Uop, name: &str, text: &str) -> String;
    /// The `statement`, executed only if `holds`.
    fn only_if(&mut self, holds: &str, statement: &str) -> String;
    /// The head of a loop from `from` to `to`, up to its opening brace; `only_if` guards the whole loop.
    fn loop_head(&mut self, name: &str, from: &str, to: &str, only_if: Option<&str>) -> String;
    /// What the function needs beside itself: text by key.
    fn prelude(&self) -> &BTreeMap<String, String>;
}

/// A finished function.
pub struct Rendered {
    /// The text of the function.
    pub source: String,
    /// Bytes of scratch memory it needs.
    pub scratch: usize,
    /// Declarations it needs, by a key that is equal exactly if the text is.
    pub prelude: BTreeMap<String, String>,
}

/// Writes `linear` as the function `name`.
pub fn emit(linear: &Linear, name: &str, dims: &[Var], spelling: &mut dyn Spelling) -> Rendered {
    let blocks = blocks(linear);
    let mut emitter = Emitter {
        linear,
        dims,
        spelling,
        text: String::new(),
        depth: 1,
        names: FxHashMap::default(),
        uses: uses(linear, &blocks),
        addresses: Addresses::new(linear, &blocks),
        pointers: FxHashMap::default(),
        count: 0,
        scratch: 0,
    };
    emitter.text = emitter.spelling.head(name) + "\n";
    for (at, &node) in linear.0.iter().enumerate() {
        emitter.instruction(at, node);
    }
    let tail = emitter.spelling.tail();
    Rendered {
        source: emitter.text + tail + "\n",
        scratch: emitter.scratch,
        prelude: emitter.spelling.prelude().clone(),
    }
}

struct Emitter<'g, 'a> {
    linear: &'a Linear<'g>,
    dims: &'a [Var],
    spelling: &'a mut dyn Spelling,
    text: String,
    depth: usize,
    names: FxHashMap<Uop<'g>, String>,
    uses: FxHashMap<Uop<'g>, Uses>,
    addresses: Addresses<'g>,
    /// The names of addresses, by the access to the first element.
    pointers: FxHashMap<Uop<'g>, String>,
    count: usize,
    scratch: usize,
}

/// Who uses a value.
#[derive(Clone, Copy, Default)]
struct Uses {
    count: usize,
    /// Whether the users stand in the loop the value is computed in.
    same_block: bool,
}

/// The loop that each instruction stands in, by number.
pub(super) type Blocks<'g> = FxHashMap<Uop<'g>, usize>;

fn blocks<'g>(linear: &Linear<'g>) -> Blocks<'g> {
    let mut blocks = Blocks::default();
    let (mut open, mut next) = (vec![0], 0);
    for &node in &linear.0 {
        blocks.insert(node, open[open.len() - 1]);
        match node.op() {
            Op::Range => {
                next += 1;
                open.push(next);
            }
            Op::Endrange => drop(open.pop()),
            _ => {}
        }
    }
    blocks
}

fn uses<'g>(linear: &Linear<'g>, blocks: &Blocks<'g>) -> FxHashMap<Uop<'g>, Uses> {
    let mut uses: FxHashMap<Uop<'g>, Uses> = FxHashMap::default();
    for &node in &linear.0 {
        for src in node.srcs() {
            let same_block = blocks.get(&src) == Some(&blocks[&node]);
            let entry = uses.entry(src).or_insert(Uses { count: 0, same_block });
            *entry = Uses { count: entry.count + 1, same_block: entry.same_block && same_block };
        }
    }
    uses
}

impl<'g> Emitter<'g, '_> {
    fn instruction(&mut self, at: usize, node: Uop<'g>) {
        match node.op() {
            Op::Const => {
                let text = self.spelling.constant(node);
                self.names.insert(node, text);
            }
            Op::DefineVar => self.dimension(node),
            Op::DefineGlobal => self.pointer(at, node),
            Op::DefineLocal => self.scratch(node),
            Op::After => {
                let name = self.names[&node.src(0)].clone();
                self.names.insert(node, name);
            }
            Op::Index => {}
            // A vector of addresses is written out where it is used.
            Op::Vectorize if node.dtype().is_index() && self.is_address(node) => {}
            Op::Load => self.load(node),
            Op::Store => self.store(node),
            Op::Prefetch => self.prefetch(node),
            Op::Range => self.open(node),
            Op::Endrange => {
                self.depth -= 1;
                self.line("}".to_string());
            }
            Op::DefineAcc => self.named("a", node, self.names[&node.src(0)].clone(), true),
            Op::UpdateAcc => self.update(node),
            _ if self.names.contains_key(&node) || self.addresses.is_needless(node) => {}
            _ => self.value(node),
        }
    }

    fn update(&mut self, node: Uop<'g>) {
        let [register, value] = [node.src(0), node.src(1)];
        let text = self.spelling.assign(register, value, &self.names[&register], &self.names[&value]);
        let line = match node.srcs().nth(2) {
            Some(holds) => self.spelling.only_if(&self.names[&holds], &text),
            None => text,
        };
        self.line(line);
    }

    fn is_address(&self, vector: Uop<'g>) -> bool {
        self.linear.0.iter().any(|n| n.op() == Op::Index && n.src(1) == vector)
    }

    fn line(&mut self, text: String) {
        self.text += &"  ".repeat(self.depth);
        self.text += &text;
        self.text.push('\n');
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{}", self.count - 1)
    }

    fn named(&mut self, prefix: &str, node: Uop<'g>, text: String, mutable: bool) {
        let name = self.fresh(prefix);
        let line = self.spelling.declare(node, &name, &text, mutable);
        self.line(line);
        self.names.insert(node, name);
    }

    fn dimension(&mut self, node: Uop<'g>) {
        let Arg::Var(var) = node.arg() else { panic!("render: {node:?}") };
        let position = self.dims.iter().position(|v| v == var);
        let position = position.unwrap_or_else(|| panic!("render: dimension {var:?} is not among {:?}", self.dims));
        let text = self.spelling.dim(position);
        self.named("n", node, text, false);
    }

    fn pointer(&mut self, at: usize, node: Uop<'g>) {
        let Arg::Slot(slot) = *node.arg() else { panic!("render: {node:?}") };
        let name = format!("b{slot}");
        let is_target = |n: &Uop<'g>| n.op() == Op::Store && n.src(0).src(0) == node;
        let written = self.linear.0[at..].iter().any(is_target);
        let line = self.spelling.pointer(&name, node, slot as usize, written);
        self.line(line);
        self.names.insert(node, name);
    }

    fn scratch(&mut self, node: Uop<'g>) {
        let Arg::Local(number, len, _) = *node.arg() else { panic!("render: {node:?}") };
        let name = format!("l{number}");
        let line = self.spelling.scratch(&name, node, self.scratch);
        self.scratch += (len as usize * node.dtype().pointee().bytes()).next_multiple_of(ALIGNMENT);
        self.line(line);
        self.names.insert(node, name);
    }

    fn value(&mut self, node: Uop<'g>) {
        let args: Vec<String> = node.srcs().map(|s| self.names[&s].clone()).collect();
        let text = self.spelling.value(node, &args);
        let uses = self.uses.get(&node).copied().unwrap_or_default();
        // Shuffles tell their vectors from lanes as they are written, if these have a name.
        let has_name = |n: Uop<'g>| n.op() == Op::Load || self.uses.get(&n).is_some_and(|uses| uses.count > 1);
        let is_lane = node.op() == Op::Gep && has_name(node.src(0));
        if is_lane || uses.count == 1 && uses.same_block && text.len() <= LONGEST {
            self.names.insert(node, text);
        } else {
            self.named("v", node, text, false);
        }
    }

    fn load(&mut self, node: Uop<'g>) {
        let (pointer, at) = self.place(node);
        let element = self.spelling.load(node, &pointer, &at);
        let guard = node.src(0).srcs().nth(2).map(|v| self.names[&v].clone());
        let otherwise = node.srcs().nth(1).map(|v| self.names[&v].clone());
        let Some((valid, otherwise)) = guard.zip(otherwise) else { return self.named("v", node, element, false) };
        let spread = self.spread(node);
        let [value, otherwise] = [element, otherwise].map(|text| match spread {
            Some(vector) => self.spelling.value(vector, &vec![text; vector.arity()]),
            None => text,
        });
        let text = self.spelling.guarded(&valid, &value, &otherwise);
        self.named("v", spread.unwrap_or(node), text, false);
    }

    /// The vector of nothing but copies of `load`, if nothing else uses that.
    fn spread(&self, load: Uop<'g>) -> Option<Uop<'g>> {
        let is_copies = |n: &&Uop<'g>| n.op() == Op::Vectorize && n.srcs().all(|s| s == load);
        let vector = *self.linear.0.iter().find(is_copies)?;
        (self.uses[&load].count == vector.arity()).then_some(vector)
    }

    /// The pointer and the index that `access`, a LOAD or STORE, is written with.
    fn place(&mut self, access: Uop<'g>) -> (String, String) {
        let index = access.src(0);
        let Some(told) = self.addresses.of(access) else {
            return (self.names[&index.src(0)].clone(), self.names[&index.src(1)].clone());
        };
        let pointer = self.pointers.get(&told.first).cloned().unwrap_or_else(|| self.address(told));
        (pointer, self.spelling.constant(access.graph().index(told.elements)))
    }

    /// The name of the address that accesses are told from, now that the first of them is written.
    fn address(&mut self, told: Told<'g>) -> String {
        let (name, index) = (self.fresh("p"), told.first.src(0));
        let (pointer, at) = (self.names[&index.src(0)].clone(), self.index(index.src(1)));
        let line = self.spelling.address(&name, index.src(0), &pointer, &at, told.is_written);
        self.line(line);
        self.pointers.insert(told.first, name.clone());
        name
    }

    /// The text of an index, which has a name if something else needs it and stands above.
    fn index(&mut self, index: Uop<'g>) -> String {
        if let Some(text) = self.names.get(&index) {
            return text.clone();
        }
        let constant = |s: Uop<'g>| self.names.get(&s).cloned().unwrap_or_else(|| self.spelling.constant(s));
        let args: Vec<_> = index.srcs().map(constant).collect();
        self.spelling.value(index, &args)
    }

    fn store(&mut self, node: Uop<'g>) {
        let index = node.src(0);
        if index.src(1).op() == Op::Vectorize {
            let (first, step) = (index.src(1).src(0), step(index.src(1)));
            let (pointer, value) = (&self.names[&index.src(0)], &self.names[&node.src(1)]);
            let line = self.spelling.scatter(node, pointer, &self.names[&first], step, value);
            return self.line(line);
        }
        let (pointer, at) = self.place(node);
        let line = self.spelling.store(node, &pointer, &at, &self.names[&node.src(1)]);
        self.line(line);
    }

    fn prefetch(&mut self, node: Uop<'g>) {
        let (index, &Arg::Slot(level)) = (node.src(0), node.arg()) else { panic!("render: {node:?}") };
        let line = self.spelling.prefetch(&self.names[&index.src(0)], &self.names[&index.src(1)], level);
        line.into_iter().for_each(|line| self.line(line));
    }

    fn open(&mut self, node: Uop<'g>) {
        let Arg::Range(_, axis) = *node.arg() else { panic!("render: {node:?}") };
        let name = self.fresh("r");
        let size = self.names[&node.src(0)].clone();
        let (from, to) = if axis == Axis::Parallel { ("begin", "end") } else { ("0", size.as_str()) };
        let total = self.total();
        let only_if = (axis == Axis::Remainder).then(|| format!("end == {total}"));
        let line = self.spelling.loop_head(&name, from, to, only_if.as_deref());
        self.line(line);
        self.depth += 1;
        self.names.insert(node, name);
    }

    /// The trip count of the parallel loop.
    fn total(&self) -> String {
        let parallel = self.linear.0.iter().find(|n| matches!(n.arg(), Arg::Range(_, Axis::Parallel)));
        parallel.and_then(|n| self.names.get(&n.src(0)).cloned()).unwrap_or_else(|| "1".to_string())
    }
}

/// How far apart the addresses `lanes` are.
fn step(lanes: Uop) -> i64 {
    let [first, second] = [0, 1].map(|lane| Sum::of(lanes.src(lane)));
    let step = second.zip(first).and_then(|(second, first)| second.plus(&first, &Term::constant(-1)));
    let step = step.filter(|step| step.atoms().is_empty()).map(|step| step.constant_term() as i64);
    step.unwrap_or_else(|| panic!("render: {lanes:?} are not evenly apart"))
}
