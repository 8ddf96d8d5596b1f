//! A beam search over lists of actions. What a list costs, and which lists are near it, is given: nothing here measures.

use super::action::Actions;

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Lists whose neighbours are tried next.
    pub width: usize,
    /// Rounds of neighbours.
    pub rounds: usize,
}

/// What trying a list gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trial {
    /// Its cost; less is better.
    Cost(f64),
    /// It cannot be used.
    Unusable,
    /// There is no time left to try it.
    OutOfTime,
}

/// The cheapest list that is found from `starts`, with its cost; `None` if none can be used.
///
/// Each list is tried once. The search ends after a round that found nothing better.
pub fn search(
    starts: Vec<Actions>,
    reach: Reach,
    mut neighbours: impl FnMut(&Actions) -> Vec<Actions>,
    mut trial: impl FnMut(&Actions) -> Trial,
) -> Option<(Actions, f64)> {
    let mut seen: Vec<Actions> = vec![];
    let mut beam: Vec<(Actions, f64)> = vec![];
    let mut next = starts;
    for _ in 0..=reach.rounds {
        let before = beam.first().map_or(f64::INFINITY, |best| best.1);
        for list in std::mem::take(&mut next) {
            if seen.contains(&list) {
                continue;
            }
            match trial(&list) {
                Trial::Cost(cost) => insert(&mut beam, (list.clone(), cost), reach.width),
                Trial::Unusable => {}
                Trial::OutOfTime => return beam.into_iter().next(),
            }
            seen.push(list);
        }
        if beam.first().is_none_or(|best| best.1 >= before) {
            break;
        }
        next = beam.iter().flat_map(|(list, _)| neighbours(list)).collect();
    }
    beam.into_iter().next()
}

/// Adds `found` in its place; an earlier one of equal cost stays before it.
fn insert(beam: &mut Vec<(Actions, f64)>, found: (Actions, f64), width: usize) {
    let place = beam.partition_point(|other| other.1 <= found.1);
    beam.insert(place, found);
    beam.truncate(width.max(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::Action;

    const REACH: Reach = Reach { width: 2, rounds: 20 };

    fn list(by: u32) -> Actions {
        Actions(vec![Action::Unroll { axis: 0, by }])
    }

    fn by(list: &Actions) -> u32 {
        let Action::Unroll { by, .. } = list.0[0] else { panic!("{list}") };
        by
    }

    fn steps(at: &Actions) -> Vec<Actions> {
        vec![list(by(at) + 1), list(by(at).max(2) - 1)]
    }

    #[test]
    fn the_cheapest_list_within_reach_is_found_and_none_is_tried_twice() {
        let mut tried = vec![];
        let found = search(vec![list(3)], REACH, steps, |list| {
            assert!(!tried.contains(&by(list)));
            tried.push(by(list));
            Trial::Cost(f64::from(by(list)).mul_add(-1.0, 9.0).abs())
        });
        assert_eq!(found, Some((list(9), 0.0)));
        let near = search(vec![list(3)], Reach { rounds: 2, ..REACH }, steps, |l| Trial::Cost(-f64::from(by(l))));
        assert_eq!(near, Some((list(5), -5.0)));
    }

    #[test]
    fn what_cannot_be_used_is_passed_by_and_time_ends_the_search() {
        let odd_only = |l: &Actions| if by(l) % 2 == 1 { Trial::Cost(-f64::from(by(l))) } else { Trial::Unusable };
        let two = |l: &Actions| vec![list(by(l) + 1), list(by(l) + 2)];
        assert_eq!(search(vec![list(1)], Reach { width: 1, rounds: 3 }, two, odd_only), Some((list(7), -7.0)));
        assert_eq!(search(vec![list(2)], REACH, steps, |_| Trial::Unusable), None);
        let mut left = 3;
        let found = search(vec![list(1)], REACH, steps, |l| {
            left -= 1;
            if left > 0 { Trial::Cost(-f64::from(by(l))) } else { Trial::OutOfTime }
        });
        assert_eq!(found, Some((list(2), -2.0)));
    }
}
