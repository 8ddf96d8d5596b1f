//! Steps of a sum that are written out, such as the taps in a row of a window, share registers and operands.
//!
//! Before: each step has registers of its own, so that additions do not wait for each other. After [`unite`]: where there are
//! many sums, which do not wait for each other either, they share them. After [`in_turn`]: an element is read once, and meets
//! all results that need it in turn: of 14 neighbours and 3 taps, 16 elements are read and not 42. Where no element is
//! needed twice, as in a product of matrices, one step comes after the other.

use super::gpu;
use super::linearize::Linear;
use crate::dtype::DType;
use crate::ir::{Arg, Graph, Memo, Op, Uop, rebuild};
use crate::loops::terms;
use crate::symbolic::{Simplifier, Sum};

/// Sums from which on their steps share registers: as many as hide the latency of an addition twice.
const MANY: usize = 8;
/// Steps that come together in each row of a tile of one vector: there are as many vectors to be held.
const PAIR: usize = 2;

pub fn unite<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut done = Memo::new(kernel.graph());
    let united = rebuild(kernel, &mut done, |node| gpu::shared(node, gpu::is_sum_of_factors).unwrap_or(node));
    let is_sum = |n: &Uop| n.op() == Op::Reduce && n.src(0).op() == Op::Add;
    if united != kernel && united.toposort().iter().filter(|n| is_sum(n)).count() >= MANY { united } else { kernel }
}

pub fn in_turn(linear: Linear) -> Linear {
    let mut list = linear.0;
    let mut end = list.len();
    while let Some(last) = list[..end].iter().rposition(|n| n.op() == Op::Endrange) {
        let Some(begin) = list[..last].iter().rposition(|n| *n == list[last].src(0)) else { break };
        end = last;
        if let Some(body) = ordered(&list[..begin + 1], &list[begin + 1..last]) {
            list.splice(begin + 1..last, body);
            end = begin;
        }
    }
    Linear(list)
}

/// The instructions of a loop, `body`, with those that come `before`, such that what an element is added to comes together;
/// `None` if the loop does anything but add up, or each sum has one step.
fn ordered<'g>(before: &[Uop<'g>], body: &[Uop<'g>]) -> Option<Vec<Uop<'g>>> {
    let is_update = |n: &&Uop| n.op() == Op::UpdateAcc;
    let is_value = |n: &Uop| matches!(n.op(), Op::Index | Op::Load | Op::Vectorize | Op::Gep) || n.op().is_alu();
    let does_more = body.iter().any(|n| !is_value(n) && n.op() != Op::UpdateAcc);
    let mut steps: Vec<_> = body.iter().filter(is_update).flat_map(|n| steps(*n)).collect();
    if does_more || steps.iter().all(|step| step.number == 0) {
        return None;
    }
    arrange(before[0].graph(), &mut steps);
    let mut seen = Memo::new(before[0].graph());
    for node in before {
        seen.insert(*node, ());
    }
    let mut list = vec![];
    steps.into_iter().for_each(|step| put(step.update, &mut seen, &mut list));
    Some(list)
}

/// A product that is added to a register.
struct Step<'g> {
    update: Uop<'g>,
    /// The load of the element that is multiplied with others, and where that is, among those of the same loop.
    element: Option<Uop<'g>>,
    place: i128,
    /// How many steps of the same register there are before, in the order of their elements.
    number: usize,
}

/// A step for each product that `update` adds to a register, or itself.
fn steps(update: Uop) -> Vec<Step> {
    let mut steps: Vec<_> = products(update).into_iter().map(step).collect();
    steps.sort_by_key(|step| step.place);
    steps.iter_mut().enumerate().for_each(|(number, step)| step.number = number);
    steps
}

/// An update for each product that `update` adds to a register, or itself.
fn products(update: Uop) -> Vec<Uop> {
    let (register, graph) = (update.src(0), update.graph());
    let (own, products): (Vec<_>, Vec<_>) = terms(update.src(1)).into_iter().partition(|term| *term == register);
    let is_product = |n: &Uop| n.op() == Op::Mul && n.dtype().is_float();
    // An instruction stands in a list once, so that what is added twice is no two steps.
    let is_twice = |n: &Uop| products.iter().filter(|other| *other == n).count() > 1;
    if own.len() != 1 || products.len() < 2 || !products.iter().all(is_product) || products.iter().any(is_twice) {
        return vec![update];
    }
    let step = |product| graph.node(Op::UpdateAcc, DType::VOID, &[register, register + product], Arg::None);
    products.into_iter().map(step).collect()
}

fn step<'g>(update: Uop<'g>) -> Step<'g> {
    let is_copies = |n: &Uop| n.op() == Op::Vectorize && n.srcs().all(|s| s == n.src(0));
    let scalar = |factor: Uop<'g>| if is_copies(&factor) { factor.src(0) } else { factor };
    let products = update.src(1).srcs().filter(|term| term.op() == Op::Mul);
    let mut factors = products.flat_map(|product| product.srcs()).map(scalar);
    let element = factors.find(|n| n.op() == Op::Load && n.dtype().lanes == 1);
    let place = element.and_then(|element| Some(Sum::of(element.src(0).src(1))?.constant_term()));
    Step { update, element, place: place.unwrap_or(0), number: 0 }
}

/// `steps` in the order in which they are to run. Where an element meets results in several steps of theirs, these follow each
/// other. Else the steps do, so that no addition waits for the one before to the same register, or pairs of them do: two
/// elements that lie side by side.
fn arrange<'g>(graph: &'g Graph, steps: &mut [Step<'g>]) {
    let mut met: Memo<Vec<usize>> = Memo::new(graph);
    for (element, number) in steps.iter().filter_map(|step| Some((step.element?, step.number))) {
        met.entry(element).push(number);
    }
    let meetings = || steps.iter().filter_map(|step| Some(&met[step.element?]));
    let is_met_again = meetings().any(|numbers| numbers.iter().any(|number| *number != numbers[0]));
    let is_narrow = meetings().all(|numbers| numbers.len() == 1);
    let together = match (is_met_again, is_narrow) {
        (true, _) => usize::MAX,
        (false, true) => PAIR,
        (false, false) => 1,
    };
    steps.sort_by_key(|step| (step.number / together, step.place));
}

/// Appends `node` behind what it needs, as far as that is not there.
fn put<'g>(node: Uop<'g>, seen: &mut Memo<'g, ()>, list: &mut Vec<Uop<'g>>) {
    let mut open = vec![node];
    while let Some(&next) = open.last() {
        match next.srcs().find(|source| !seen.contains(*source)) {
            Some(source) if !seen.contains(next) => open.push(source),
            _ => {
                open.pop();
                if !seen.contains(next) {
                    seen.insert(next, ());
                    list.push(next);
                }
            }
        }
    }
}
