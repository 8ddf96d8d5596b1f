//! Threads by small numbers, with their names, for the trace. The system's own numbers are not in std.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The name of each numbered thread.
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn names() -> MutexGuard<'static, Vec<String>> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of this thread, which no other gets.
pub fn number() -> usize {
    thread_local! { static NUMBER: Cell<Option<usize>> = const { Cell::new(None) } }
    NUMBER.get().unwrap_or_else(|| {
        let mut names = names();
        let number = names.len();
        let name = std::thread::current().name().map_or_else(|| format!("thread {number}"), str::to_owned);
        names.push(name);
        NUMBER.set(Some(number));
        number
    })
}

/// The names of the threads from number `first` on.
pub fn names_from(first: usize) -> Vec<String> {
    names().iter().skip(first).cloned().collect()
}
