//! Before: a reduction may run over threads and over loops of each thread. After: a thread combines over its own loops,
//! and a second reduction what the threads have.

use super::is_thread;
use crate::ir::{Arg, Memo, Op, Uop, rebuild};
use crate::symbolic::Simplifier;

pub fn cooperate<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut done = Memo::new(kernel.graph());
    rebuild(kernel, &mut done, |node| match (node.op(), node.arg()) {
        (Op::Reduce, Arg::Op(op)) => {
            let (threads, own): (Vec<_>, Vec<_>) = node.srcs().skip(1).partition(is_thread);
            node.src(0).reduce(*op, &own).reduce(*op, &threads)
        }
        _ => node,
    })
}
