//! A loop nest as text that says nothing of where it came from: the same loops give the same text, whatever else is in
//! their graph.

use crate::ir::text::print;
use crate::ir::{Arg, Graph, Memo, Op, Uop};

/// `root` in the text form, its nodes in the order of its structure and its ranges numbered from 0 in the order in which
/// they were made.
///
/// What is read from this text has loads and loops in the order of `root`, if all that varies with a loop was made by one
/// [`super::substitute`]: actions mean the same on both.
pub fn canonical_text(root: Uop) -> String {
    let graph = Graph::new();
    let ranges: Vec<Uop> = root.toposort().into_iter().filter(|n| n.op() == Op::Range).collect();
    let mut done = Memo::new(root.graph());
    let mut stack = vec![root];
    while let Some(&node) = stack.last() {
        let before = stack.len();
        stack.extend(node.srcs().filter(|s| !done.contains(*s)));
        if stack.len() == before {
            stack.pop();
            let src: Vec<Uop> = node.srcs().map(|s| done[s]).collect();
            done.insert(node, graph.node(node.op(), node.dtype(), &src, renumbered(node, &ranges)));
        }
    }
    print(done[root])
}

fn renumbered(node: Uop, ranges: &[Uop]) -> Arg {
    match (node.arg(), ranges.binary_search(&node)) {
        (Arg::Range(_, axis), Ok(place)) => Arg::Range(place as u32, *axis),
        (arg, _) => arg.clone(),
    }
}
