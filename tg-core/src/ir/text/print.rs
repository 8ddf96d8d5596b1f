//! Nodes to text.

use std::fmt::Display;

use rustc_hash::FxHashMap;

use super::{AXES, SPECIALS, is_plain};
use crate::dim::{Dim, Var};
use crate::ir::{Arg, Arrangement, Axis, Group, Id, Rows, Uop, Value};
use crate::view::View;

/// Everything `root` is made of, one node a line, `root` last.
pub fn print(root: Uop) -> String {
    print_list(&root.toposort())
}

/// The nodes of `list` in its order, one a line. A source that is not on an earlier line is `%?`, which
/// does not parse: lists that passed the spec have none.
pub fn print_list(list: &[Uop]) -> String {
    lines(list).into_iter().map(|line| line + "\n").collect()
}

/// The lines of [`print_list`].
pub(in crate::ir) fn lines(list: &[Uop]) -> Vec<String> {
    let mut labels: FxHashMap<Id, usize> = FxHashMap::default();
    let mut lines = Vec::with_capacity(list.len());
    for (i, node) in list.iter().enumerate() {
        let label = |s: Uop| labels.get(&s.id()).map_or("%?".into(), |l| format!("%{l}"));
        let src: Vec<String> = node.srcs().map(label).collect();
        let head = format!("%{i} = {} {} ({})", node.op(), node.dtype(), src.join(", "));
        lines.push(match arg(node.arg()) {
            Some(arg) => format!("{head} {arg}"),
            None => head,
        });
        labels.entry(node.id()).or_insert(i);
    }
    lines
}

/// An argument as it stands after the sources.
pub(crate) fn arg(arg: &Arg) -> Option<String> {
    Some(match arg {
        Arg::None => return None,
        Arg::Value(v) => format!("value {}", value(*v)),
        Arg::Var(v) => format!("var {}", var(v)),
        Arg::Shape(shape) => format!("shape {}", dims(shape)),
        Arg::Axes(axes) => format!("axes {}", list(axes)),
        Arg::Pairs(pairs) => format!("pairs {}", dim_pairs(pairs)),
        Arg::View(tracker) => format!("view {}", list(tracker.views.iter().map(view))),
        Arg::Reduce(op, axes) => format!("reduce {op} {}", list(axes)),
        Arg::Op(op) => format!("op {op}"),
        Arg::Buffer(number, shape) => format!("buffer {number} {}", dims(shape)),
        Arg::Slot(slot) => format!("slot {slot}"),
        Arg::Local(number, len, arrangement) => format!("{} {number} {len}", arrangement_text(*arrangement)),
        Arg::Range(number, axis) => format!("range {number} {}", axis_text(*axis)),
        Arg::Special(special) => {
            format!("special {}", SPECIALS.iter().find(|(s, _)| s == special).map_or("", |(_, name)| name))
        }
        Arg::Fragment(fragment) => format!("fragment {}", fragment.name()),
        Arg::Group(group) => group_text(*group),
        Arg::Stream => "stream".to_string(),
        Arg::Prefetch => "prefetch".to_string(),
        Arg::Ahead(depth) => format!("ahead {depth}"),
        Arg::Matrices(count, by_columns) => format!("matrices {count} {by_columns}"),
        Arg::Name(name) => format!("name {}", quoted(name)),
    })
}

fn arrangement_text(arrangement: Arrangement) -> &'static str {
    match arrangement {
        Arrangement::Plain => "local",
        Arrangement::Swizzled => "swizzled",
    }
}

fn group_text(group: Group) -> String {
    let rows = |rows: Rows| match rows {
        Rows::Along => "along".to_string(),
        Rows::Across(apart) => format!("across {apart}"),
    };
    let [left, right] = group.factors.map(rows);
    format!("group {} {} {left} {right}", group.fragment.name(), group.columns)
}

/// What a loop runs over, as it stands in arguments.
pub(crate) fn axis_text(axis: Axis) -> String {
    let named = |axis| AXES.iter().find(|(a, _)| *a == axis).map_or("", |(_, name)| name);
    match axis {
        Axis::Thread(bit) => format!("{} {bit}", named(Axis::Thread(0))),
        _ => named(axis).to_owned(),
    }
}

/// A NaN other than the usual one keeps its bits, because constants are equal by their bits.
fn value(value: Value) -> String {
    match value {
        Value::Float(v) if v.is_nan() && v.to_bits() == f64::NAN.to_bits() => "nan".into(),
        Value::Float(v) if v.is_nan() => format!("nan({})", v.to_bits()),
        other => other.to_string(),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.escape_default())
}

fn var(var: &Var) -> String {
    let name = if is_plain(&var.name) { var.name.to_string() } else { quoted(&var.name) };
    format!("{name}[{}..={}]", var.min, var.max)
}

/// A dimension as it stands in arguments, such as `N[1..=100]*784+2`.
pub fn print_dim(dim: &Dim) -> String {
    let term = |(vars, c): &(Vec<Var>, i64)| {
        let number = (*c != 1 || vars.is_empty()).then(|| c.to_string());
        vars.iter().map(var).chain(number).collect::<Vec<_>>().join("*")
    };
    match &dim.terms()[..] {
        [] => "0".into(),
        terms => terms.iter().rev().map(term).collect::<Vec<_>>().join("+"),
    }
}

/// A shape as it stands in arguments, such as `[2, 3]`.
pub(crate) fn dims(dims: &[Dim]) -> String {
    list(dims.iter().map(print_dim))
}

fn dim_pairs(pairs: &[(Dim, Dim)]) -> String {
    list(pairs.iter().map(|(a, b)| format!("({}, {})", print_dim(a), print_dim(b))))
}

fn view(view: &View) -> String {
    let mask = view.mask.as_ref().map_or(String::new(), |mask| format!(" mask {}", dim_pairs(mask)));
    format!("{{shape {} strides {} offset {}{mask}}}", dims(&view.shape), dims(&view.strides), print_dim(&view.offset))
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    format!("[{}]", items.join(", "))
}
