//! A loop nest as pseudo code: loops, sums and stores, one a line.
//!
//! Each reduction, each store, and each value that is computed once and used more often is a line of the innermost loop
//! that it varies with. For people only: it is not parsed, and says nothing that the graph does not.

use std::cmp::Ordering;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::text::axis_text;
use crate::ir::{ATOM, Arg, Axis, Binding, Id, Op, Spelled, Uop, infix, neutral, spell, spelled};
use crate::loops::{Nest, closes};

/// Most lines of one nest.
const MOST_LINES: usize = 300;

/// The loops of the kernel `root`, whose arguments are named `pointers`.
pub(super) fn loops(root: Uop, pointers: &[String]) -> String {
    let nodes = root.toposort();
    let nest = Nest::new(root);
    let names = named(&nest, &nodes);
    let named = |node: Uop| names.get(&node.id()).map(|name| (name.clone(), ATOM));
    let texts = spelled(root, |node, done| named(node).or_else(|| expression(node, done, pointers)));
    let lines = nodes.iter().copied().filter(|node| node.op() == Op::Store || is_named(*node, &names)).collect();
    let mut writer = Writer { nest: &nest, lines, names: &names, texts: &texts, text: String::new(), written: 0 };
    let wanted = nodes.iter().map(|node| node.id()).collect();
    writer.block(None, &wanted, 0);
    writer.text
}

/// Names of counters and of what has a line of its own.
type Names = FxHashMap<Id, String>;

fn is_named(node: Uop, names: &Names) -> bool {
    node.op() != Op::Range && names.contains_key(&node.id())
}

/// The loops in the order in which they are written: outer before inner, and of those at one depth the ones that are needed
/// first.
fn ranges<'g>(nest: &Nest<'g>, nodes: &[Uop<'g>]) -> Vec<Uop<'g>> {
    let mut closing: Vec<Uop<'g>> = nodes.iter().copied().filter(|node| closes(*node).is_some()).collect();
    closing.sort_by_key(|node| nest.path(nest.innermost(*node)).len());
    let own = |node: Uop<'g>| {
        let mut own: Vec<Uop<'g>> = node.srcs().skip(closes(node).unwrap_or(0)).collect();
        own.sort_by_key(|range| nest.depth(*range));
        own
    };
    let mut seen = FxHashSet::default();
    closing.into_iter().flat_map(own).filter(|range| seen.insert(range.id())).collect()
}

/// Counters are i0, i1… over results and k0, k1… over what is combined, as loops follow each other; reductions are named for
/// what they do.
fn named(nest: &Nest, nodes: &[Uop]) -> Names {
    let mut users: FxHashMap<Id, usize> = FxHashMap::default();
    nodes.iter().flat_map(|node| node.src_ids()).for_each(|id| *users.entry(*id).or_default() += 1);
    let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
    let mut names = Names::default();
    let others = nodes.iter().copied().filter(|node| node.op() != Op::Range);
    for node in ranges(nest, nodes).into_iter().chain(others) {
        let is_shared = users.get(&node.id()).is_some_and(|users| *users > 1);
        let Some(stem) = stem(node, is_shared) else { continue };
        let count = counts.entry(stem).or_default();
        names.insert(node.id(), format!("{stem}{count}"));
        *count += 1;
    }
    names
}

fn stem(node: Uop, is_shared: bool) -> Option<&'static str> {
    match (node.op(), node.arg()) {
        (Op::Range, Arg::Range(_, Axis::Reduce)) => Some("k"),
        (Op::Range, _) => Some("i"),
        (Op::Reduce, Arg::Op(Op::Max)) => Some("max"),
        (Op::Reduce, Arg::Op(Op::Mul)) => Some("prod"),
        (Op::Reduce, _) => Some("sum"),
        (op, _) if is_shared && op.is_alu() && node.dtype().is_float() => Some("v"),
        _ => None,
    }
}

/// What differs from [`crate::ir::pretty`]: accesses to memory, and functions in small letters.
fn expression(node: Uop, done: &Spelled, pointers: &[String]) -> Option<(String, Binding)> {
    let part = |at: usize| done[&node.src(at).id()].0.as_str();
    let text = match (node.op(), node.arg()) {
        (Op::DefineGlobal, Arg::Slot(slot)) => pointers.get(*slot as usize).cloned()?,
        (Op::DefineLocal, Arg::Local(number, ..)) => format!("scratch{number}"),
        (Op::Index, _) => format!("{}[{}]", part(0), part(1)),
        (Op::Load, _) if node.arity() > 1 => format!("({} ? {} : {})", guard(node, done), part(0), part(1)),
        (Op::Load | Op::After, _) => part(0).into(),
        // `i8` alone would be a counter.
        (Op::Cast, _) => format!("to_{}({})", node.dtype(), part(0)),
        (Op::Store | Op::Sink, _) => String::new(),
        (op, _) if op.is_alu() && !is_infix(op) => {
            let args: Vec<&str> = (0..node.arity()).map(part).collect();
            format!("{}({})", op.name().to_lowercase(), args.join(", "))
        }
        _ => return None,
    };
    Some((text, ATOM))
}

fn is_infix(op: Op) -> bool {
    infix(op).is_some() || op == Op::Where
}

/// When a load that may not be allowed is.
fn guard<'d>(load: Uop, done: &'d Spelled) -> &'d str {
    let index = load.src(0);
    if index.arity() > 2 { &done[&index.src(2).id()].0 } else { "true" }
}

/// Writes the lines of loops.
struct Writer<'g, 'a> {
    nest: &'a Nest<'g>,
    /// What has a line, sources before users.
    lines: Vec<Uop<'g>>,
    names: &'a Names,
    texts: &'a Spelled,
    text: String,
    written: usize,
}

impl<'g> Writer<'g, '_> {
    /// The lines in the loop `place` that are `wanted`; loops are as deep as a kernel has ranges.
    fn block(&mut self, place: Option<Uop<'g>>, wanted: &FxHashSet<Id>, depth: usize) {
        if self.written > MOST_LINES {
            return;
        }
        let here = |line: &Uop<'g>| self.nest.innermost(*line) == place && wanted.contains(&line.id());
        let lines: Vec<Uop<'g>> = self.lines.iter().copied().filter(here).collect();
        for line in lines {
            match line.op() {
                Op::Store => self.closing(line, 2, depth),
                Op::Reduce => self.closing(line, 1, depth),
                _ => {
                    let value = self.value_of(line);
                    self.line(depth, &format!("{} = {value}", self.names[&line.id()]));
                }
            }
        }
    }

    /// A store or reduction with its own loops, which are the sources from `fixed` on.
    fn closing(&mut self, node: Uop<'g>, fixed: usize, depth: usize) {
        if let (Op::Reduce, Arg::Op(op)) = (node.op(), node.arg()) {
            let start = neutral(*op, node.dtype()).map_or("?".into(), |value| value.to_string());
            self.line(depth, &format!("{} = {start}", self.names[&node.id()]));
        }
        let wanted: FxHashSet<Id> = node.srcs().take(fixed).flat_map(Uop::toposort).map(|below| below.id()).collect();
        let mut depth = depth;
        let mut ranges: Vec<Uop<'g>> = node.srcs().skip(fixed).collect();
        ranges.sort_by_key(|range| self.nest.depth(*range));
        for range in ranges {
            self.head(range, depth);
            depth += 1;
            self.block(Some(range), &wanted, depth);
        }
        let text = self.closed(node);
        self.line(depth, &text);
    }

    fn head(&mut self, range: Uop<'g>, depth: usize) {
        let (name, size) = (&self.names[&range.id()], &self.texts[&range.src(0).id()].0);
        let kind = match range.arg() {
            Arg::Range(_, axis) if !matches!(axis, Axis::Loop | Axis::Reduce) => format!("  // {}", axis_text(*axis)),
            _ => String::new(),
        };
        self.line(depth, &format!("for {name} in 0..{size}{kind}"));
    }

    /// What happens in the innermost loop of a store or reduction.
    fn closed(&self, node: Uop<'g>) -> String {
        let of = |at: usize| &self.texts[&node.src(at).id()].0;
        let name = || &self.names[&node.id()];
        match (node.op(), node.arg()) {
            (Op::Store, _) => format!("{} = {}", of(0), of(1)),
            (_, Arg::Op(Op::Max)) => format!("{0} = max({0}, {1})", name(), of(0)),
            (_, Arg::Op(Op::Mul)) => format!("{} *= {}", name(), of(0)),
            _ => format!("{} += {}", name(), of(0)),
        }
    }

    /// The expression that a name stands for.
    fn value_of(&self, node: Uop<'g>) -> String {
        expression(node, self.texts, &[]).unwrap_or_else(|| spell(node, self.texts)).0
    }

    /// The writer stops where nobody would read on.
    fn line(&mut self, depth: usize, text: &str) {
        self.written += 1;
        match self.written.cmp(&MOST_LINES) {
            Ordering::Less => self.text += &format!("{}{text}\n", "  ".repeat(depth)),
            Ordering::Equal => self.text += "…\n",
            Ordering::Greater => {}
        }
    }
}
