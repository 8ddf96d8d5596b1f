//! Expressions as one line of arithmetic, for people: `ridx0*-3 + ridx1 + 5`.
//!
//! Ranges print as `ridx` and their number, variables by name, and what has no operator as a call. It
//! does not parse back: the text form does.

use rustc_hash::FxHashMap;

use crate::ir::{Arg, Id, Op, Uop, Value};

/// Text of a shared part beyond this length is replaced by the node's id wherever it is used.
const LONGEST_PART: usize = 2000;

/// How tightly an expression holds together; higher binds tighter.
pub(crate) type Binding = u8;

/// What needs no parentheses anywhere.
pub(crate) const ATOM: Binding = 10;

/// Expressions as text, by node.
pub(crate) type Spelled = FxHashMap<Id, (String, Binding)>;

/// The expression as one line.
pub fn pretty(root: Uop) -> String {
    let mut done = spelled(root, |_, _| None);
    done.remove(&root.id()).map(|(text, _)| text).unwrap_or_default()
}

/// Everything below `root` as text; `own` may write a node in its own way, of its sources.
pub(crate) fn spelled<'g>(
    root: Uop<'g>,
    mut own: impl FnMut(Uop<'g>, &Spelled) -> Option<(String, Binding)>,
) -> Spelled {
    let mut done = Spelled::default();
    for node in root.toposort() {
        let (text, binding) = own(node, &done).unwrap_or_else(|| spell(node, &done));
        let part = if text.len() > LONGEST_PART && node != root {
            (format!("%{}", node.id().0), ATOM)
        } else {
            (text, binding)
        };
        done.insert(node.id(), part);
    }
    done
}

/// The operator and how tightly it binds.
pub(crate) fn infix(op: Op) -> Option<(&'static str, Binding)> {
    Some(match op {
        Op::Mul => ("*", 8),
        Op::Idiv | Op::Fdiv => ("/", 8),
        Op::Mod => ("%", 8),
        Op::Add => (" + ", 7),
        Op::Sub => (" - ", 7),
        Op::Shl => (" << ", 6),
        Op::Shr => (" >> ", 6),
        Op::Cmplt => (" < ", 5),
        Op::Cmpne => (" != ", 5),
        Op::Cmpeq => (" == ", 5),
        Op::And => (" & ", 4),
        Op::Xor => (" ^ ", 3),
        Op::Or => (" | ", 2),
        _ => return None,
    })
}

/// `node` of its sources as they are spelled.
pub(crate) fn spell(node: Uop, done: &Spelled) -> (String, Binding) {
    let part = |i: usize, least: Binding| {
        let (text, binding) = &done[&node.src(i).id()];
        if *binding < least { format!("({text})") } else { text.clone() }
    };
    match (node.op(), node.arg()) {
        (Op::Const, Arg::Value(value)) => (value.to_string(), ATOM),
        (Op::Range, Arg::Range(number, _)) => (format!("ridx{number}"), ATOM),
        (Op::DefineVar, Arg::Var(var)) => (var.name.to_string(), ATOM),
        (Op::Xor, _) if node.src(1).as_const() == Some(Value::Bool(true)) => (format!("!{}", part(0, 9)), 9),
        (Op::Where, _) => (format!("{} ? {} : {}", part(0, 2), part(1, 2), part(2, 1)), 1),
        (op, _) => match infix(op) {
            Some((sign, binding)) => (format!("{}{sign}{}", part(0, binding), part(1, binding + 1)), binding),
            None => {
                let args: Vec<String> = (0..node.arity()).map(|i| part(i, 0)).collect();
                (format!("{op}({})", args.join(", ")), ATOM)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::pretty;
    use crate::ir::{Axis, Graph};

    #[test]
    fn prints_with_only_the_needed_parentheses() {
        let g = Graph::new();
        let (i, k) = (g.range(g.index(4), Axis::Loop), g.range(g.index(8), Axis::Loop));
        assert_eq!(pretty(i * -3 + k + 5), "ridx0*-3 + ridx1 + 5");
        assert_eq!(pretty((i + k) * 2 - (i - k)), "(ridx0 + ridx1)*2 - (ridx0 - ridx1)");
        assert_eq!(pretty(i.ge(1) & k.lt(3)), "!(ridx0 < 1) & ridx1 < 3");
        assert_eq!(pretty((i / 2) % 2), "ridx0/2%2");
        assert_eq!(pretty(i.lt(2).choose(k, 0).maximum(i)), "MAX(ridx0 < 2 ? ridx1 : 0, ridx0)");
    }
}
