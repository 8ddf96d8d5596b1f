//! Choosing: a search from the heuristic's actions, and a second, longer measurement of what it found.
//!
//! Where the times come from is left to [`Measure`].

use std::time::{Duration, Instant};

use tg_core::compile::Portable;
use tg_core::ir::{Graph, text};
use tg_core::optimize::{Actions, Entry, Reach, Trial, neighbours, search};
use tg_core::symbolic::Simplifier;
use tg_core::target::Isa;

use crate::bench::{Measure, Pair, Times};

/// Lists whose neighbours are tried, and how often: most of what is to gain is near the heuristic's list.
const REACH: Reach = Reach { width: 3, rounds: 4 };
/// Rounds of the measurement of each list.
const ROUNDS: usize = 7;
/// Rounds of the measurement that confirms the best.
const CONFIRM_ROUNDS: usize = 31;
/// A list must take at most this part of the default time on one thread, in the search and again when it is confirmed: less is
/// within what two measurements differ by. On all threads it must not be slower.
const MARGIN: f64 = 0.97;

/// What came of tuning a kernel.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// A list that is faster.
    Faster(Entry),
    /// None is, among so many that were tried.
    NotFaster {
        /// How many were tried.
        tried: usize,
    },
}

/// Searches a faster list for `kernel` on `isa`, from `starts`, of which the first is the heuristic's. Ends soon after
/// `budget`.
///
/// # Errors
/// If `kernel` is no kernel.
pub fn tune(
    kernel: &Portable,
    isa: Isa,
    starts: Vec<Actions>,
    budget: Duration,
    bench: &mut dyn Measure,
) -> Result<Finding, String> {
    let graph = Graph::new();
    let nest = text::parse(&graph, &kernel.nest).map_err(|error| error.to_string())?;
    let mut simplifier = Simplifier::default();
    let (end, mut tried) = (Instant::now() + budget, 0);
    let default = starts.first().cloned();
    let trial = |actions: &Actions| {
        // The starts are tried whatever the budget.
        if tried >= 1 && Instant::now() >= end {
            return Trial::OutOfTime;
        }
        tried += 1;
        bench.measure(actions, ROUNDS).map_or(Trial::Unusable, |times| Trial::Cost(cost(times)))
    };
    let near = |actions: &Actions| neighbours(nest, actions, &mut simplifier);
    let best = search(starts, REACH, near, trial)
        .filter(|(actions, cost)| *cost <= MARGIN && Some(actions) != default.as_ref());
    let confirmed = best.and_then(|(actions, _)| Some((bench.measure(&actions, CONFIRM_ROUNDS).ok()?, actions)));
    Ok(match confirmed.filter(|(times, _)| cost(*times) <= MARGIN) {
        Some((times, actions)) => Finding::Faster(entry(kernel, isa, times, actions)),
        None => Finding::NotFaster { tried },
    })
}

/// The part of the default time on one thread; of a list that is slower than the default on all threads, no less than there.
fn cost(Times { alone, shared }: Times) -> f64 {
    shared.map(Pair::ratio).filter(|ratio| *ratio > 1.0).map_or(alone.ratio(), |ratio| ratio.max(alone.ratio()))
}

fn entry(kernel: &Portable, isa: Isa, times: Times, actions: Actions) -> Entry {
    let [default_ns, tuned_ns] = [times.alone.default_ns, times.alone.tuned_ns].map(|ns| ns.round() as u64);
    Entry { name: kernel.name.clone(), isa, nest: kernel.fingerprint(), default_ns, tuned_ns, actions }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::product;

    /// Times by a formula.
    struct Fake<F>(F);

    impl<F: FnMut(&Actions, usize) -> Result<f64, String>> Measure for Fake<F> {
        fn measure(&mut self, actions: &Actions, rounds: usize) -> Result<Times, String> {
            let alone = Pair { default_ns: 1000.0, tuned_ns: (self.0)(actions, rounds)? };
            Ok(Times { alone, shared: None })
        }
    }

    fn tuned(budget: u64, times: impl FnMut(&Actions, usize) -> Result<f64, String>) -> Finding {
        let start = "vectorize(1,8) unroll(0,2) parallel(0)".parse().unwrap();
        tune(&product(), Isa::X86V3, vec![start], Duration::from_secs(budget), &mut Fake(times)).unwrap()
    }

    #[test]
    fn the_fastest_list_is_found_and_confirmed() {
        let wanted: Actions = "vectorize(1,8) unroll(0,4) parallel(0)".parse().unwrap();
        let finding = tuned(600, |list, _| Ok(if *list == wanted { 500.0 } else { 1000.0 }));
        let Finding::Faster(entry) = finding else { panic!("{finding:?}") };
        assert_eq!((entry.default_ns, entry.tuned_ns, entry.actions), (1000, 500, wanted));
        assert_eq!((entry.name, entry.nest), (product().name, product().fingerprint()));
    }

    #[test]
    fn what_is_not_clearly_faster_or_not_twice_is_left() {
        let slightly = tuned(600, |list, _| Ok(if list.0.len() == 2 { 980.0 } else { 1000.0 }));
        assert!(matches!(slightly, Finding::NotFaster { tried } if tried > 10), "{slightly:?}");
        let once = tuned(600, |_, rounds| Ok(if rounds == ROUNDS { 500.0 } else { 1000.0 }));
        assert!(matches!(once, Finding::NotFaster { .. }));
        let crashing = tuned(600, |_, _| Err("signal: 11".into()));
        assert_eq!(crashing, Finding::NotFaster { tried: 1 });
    }

    #[test]
    fn what_is_slower_on_all_threads_does_not_count_as_faster() {
        let pair = |tuned_ns| Pair { default_ns: 1000.0, tuned_ns };
        let times = |alone, shared| cost(Times { alone: pair(alone), shared: Some(pair(shared)) });
        assert_eq!([times(900.0, 700.0), times(900.0, 1000.0)], [0.9; 2]);
        assert_eq!([times(900.0, 1100.0), times(1200.0, 1100.0)], [1.1, 1.2]);
    }

    #[test]
    fn without_time_only_the_heuristics_list_is_tried() {
        assert_eq!(tuned(0, |_, _| Ok(1000.0)), Finding::NotFaster { tried: 1 });
    }
}
