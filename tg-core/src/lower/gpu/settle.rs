//! Before: products of four warps (WGMMA) are taken as done when the next instruction begins. After: a SETTLE ends each group
//! of them, and waits for those whose results or factors are used next.
//!
//! Where copies run ahead, the products of an iteration go on while the next begins: its copies are to memory that no such
//! product reads. Then all are waited for behind the loop, whose registers have the sums. Everywhere else products are
//! waited for at once.

use super::ahead::products_under_way;
use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop};
use crate::lower::Linear;

pub fn settle<'g>(linear: Linear<'g>) -> Linear<'g> {
    let list = linear.0;
    let mut out = Vec::with_capacity(list.len());
    // For each loop around: where it begins, and whether products go on at its end.
    let mut open: Vec<(usize, bool)> = vec![];
    for (at, &node) in list.iter().enumerate() {
        out.push(node);
        match node.op() {
            Op::Range => open.push((at, false)),
            Op::Endrange if open.pop().is_some_and(|(_, goes_on)| goes_on) => out.push(settled(node, 0)),
            Op::Wgmma if !is_followed(&list[at + 1..]) => {
                let left = open.last().map_or(0, |(begin, _)| under_way(&list[*begin + 1..]));
                out.push(settled(node, left));
                open.last_mut().into_iter().for_each(|(_, goes_on)| *goes_on = left > 0);
            }
            _ => {}
        }
    }
    Linear(out)
}

/// Whether another product comes before anything that has an effect on memory, or on the order of threads.
fn is_followed(rest: &[Uop]) -> bool {
    let is_effect = |n: &&Uop| !matches!(n.op(), Op::Index | Op::UpdateAcc) && !n.op().is_alu();
    rest.iter().find(is_effect).is_some_and(|n| n.op() == Op::Wgmma)
}

/// How many groups of products go on at the end of an iteration of the loop whose `body` begins so.
fn under_way(body: &[Uop]) -> u32 {
    let inside = body.iter().take_while(|n| !matches!(n.op(), Op::Range | Op::Endrange));
    let depth = inside.filter_map(|n| if let Arg::Ahead(depth) = n.arg() { Some(*depth) } else { None }).min();
    depth.map_or(0, products_under_way)
}

fn settled(node: Uop<'_>, left: u32) -> Uop<'_> {
    node.graph().node(Op::Settle, DType::VOID, &[], Arg::Slot(left))
}
