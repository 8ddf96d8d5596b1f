//! The actions: data that prints and parses.
//!
//! A loop is named by its place in the list of the kernel's loops, outer before inner, as it stands when the
//! action is applied. What an action does is in [`super::apply`].

use std::fmt;
use std::str::FromStr;

/// A number in an action.
trait Number: Sized {
    fn of(number: u32) -> Option<Self>;
}

/// A place in a list.
impl Number for usize {
    fn of(number: u32) -> Option<usize> {
        Some(number as usize)
    }
}

/// A size, which is not 0.
impl Number for u32 {
    fn of(number: u32) -> Option<u32> {
        Some(number).filter(|n| *n > 0)
    }
}

macro_rules! actions {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal { $($(#[$about:meta])* $field:ident: $ty:ty,)* })*) => {
        /// One change of how a kernel's loops run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[doc = $doc])* $variant { $($(#[$about])* $field: $ty,)* },)* }

        impl Action {
            /// What it does.
            pub fn about(&self) -> &'static str {
                match self { $(Action::$variant { .. } => concat!($($doc),*).trim_ascii_start(),)* }
            }

            /// Its numbers by name, such as `axis 1, lanes 16`.
            pub fn numbers(&self) -> String {
                let numbers: Vec<String> = match *self {
                    $(Action::$variant { $($field),* } => vec![$(format!("{} {}", stringify!($field), $field)),*],)*
                };
                numbers.join(", ")
            }
        }

        impl fmt::Display for Action {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {
                    $(Action::$variant { $($field),* } => {
                        let numbers: Vec<String> = vec![$($field.to_string()),*];
                        if numbers.is_empty() { f.write_str($name) } else { write!(f, "{}({})", $name, numbers.join(",")) }
                    })*
                }
            }
        }

        /// The action `name` of `numbers`, as many as it has.
        fn named(name: &str, numbers: &[u32]) -> Option<Action> {
            let mut numbers = numbers.iter().copied();
            let action = match name {
                $($name => Action::$variant { $($field: <$ty>::of(numbers.next()?)?),* },)*
                _ => return None,
            };
            numbers.next().is_none().then_some(action)
        }
    };
}

actions! {
    /// Runs `axis` in blocks of at most `size`, as even as can be; the loop over the blocks moves outside all
    /// others. For the loop of a sum, which `size` divides, that is all others of the sum.
    Tile "tile" {
        /// The loop.
        axis: usize,
        /// Iterations in a block.
        size: u32,
    }
    /// Runs `axis` in blocks of `size`, where it stands.
    Split "split" {
        /// The loop.
        axis: usize,
        /// Iterations in a block, which divide the loop.
        size: u32,
    }
    /// Runs two loops over the same results, or of the same sum, as one, whose counter is taken apart by division.
    Fuse "fuse" {
        /// The loop whose counter is the quotient, where the one loop stands.
        outer: usize,
        /// The loop whose counter is the remainder.
        inner: usize,
    }
    /// Runs `axis` in blocks of `size`, of which the last begins earlier where `size` does not divide the loop: some
    /// results are then computed and stored twice.
    Overlap "overlap" {
        /// The loop.
        axis: usize,
        /// Iterations in a block.
        size: u32,
    }
    /// Makes `axis` as long as a multiple of `size`; nothing is read, combined or stored where it was not.
    Pad "pad" {
        /// The loop.
        axis: usize,
        /// What divides it afterwards.
        size: u32,
    }
    /// `lanes` neighbouring iterations at a time, in the lanes of a vector.
    Vectorize "vectorize" {
        /// The loop.
        axis: usize,
        /// Iterations at a time.
        lanes: u32,
    }
    /// `by` neighbouring iterations at a time, written out; those of a reduction in registers of their own.
    Unroll "unroll" {
        /// The loop.
        axis: usize,
        /// Iterations at a time.
        by: u32,
    }
    /// Shares the iterations of an outermost loop among threads.
    Parallel "parallel" {
        /// The loop.
        axis: usize,
    }
    /// Runs a loop over results as blocks of threads on a GPU.
    Grid "grid" {
        /// The loop.
        axis: usize,
    }
    /// `size` neighbouring iterations at a time, in as many threads of a block on a GPU.
    Thread "thread" {
        /// The loop.
        axis: usize,
        /// Iterations at a time, a power of two that divides the loop.
        size: u32,
        /// The lowest of the bits of the thread's number that tell these apart.
        bit: usize,
    }
    /// Computes a sum of products by the matrix unit of a warp: see [`crate::ir::Fragment`].
    Matrix "matrix" {
        /// The loop over rows of the left factor.
        rows: usize,
        /// The loop over columns of the right factor.
        columns: usize,
        /// The loop of the sum.
        depth: usize,
    }
    /// Computes a sum of products by the matrix units of four warps together, from shared memory: see [`crate::ir::Group`].
    Group "group" {
        /// The loop over rows of the left factor.
        rows: usize,
        /// The loop over columns of the right factor, all of which are computed at once.
        columns: usize,
        /// The loop of the sum.
        depth: usize,
    }
    /// Copies the tile of a load in one iteration of a loop into scratch memory, in the order in which it will be read.
    Stage "stage" {
        /// The loop.
        axis: usize,
        /// The load, by its place among the kernel's loads from buffers.
        load: usize,
    }
    /// Copies all that a load reads, in the order in which it will be read, of an operand that is constant between calls.
    Pack "pack" {
        /// The load, by its place among the kernel's loads from buffers.
        load: usize,
    }
    /// Copies what the threads of a block load in one iteration of a loop into shared memory, on a GPU.
    Share "share" {
        /// The loop.
        axis: usize,
        /// The load, by its place among the kernel's loads from buffers.
        load: usize,
        /// Buffers: copies run ahead by one iteration less.
        depth: u32,
    }
    /// Does the same, and puts it where [`Action::Group`] looks for it.
    Swizzle "swizzle" {
        /// The loop.
        axis: usize,
        /// The load, by its place among the kernel's loads from buffers.
        load: usize,
        /// Buffers: copies run ahead by one iteration less, or two.
        depth: u32,
    }
    /// Copies what a load reads, and the zeros where its indices leave the tensor, into scratch memory.
    Border "border" {
        /// The load, by its place among the kernel's loads from buffers.
        load: usize,
    }
    /// Does what `border` does, and keeps the condition that a row is one of the tensor's, for `trim`.
    Edge "edge" {
        /// The load, by its place among the kernel's loads from buffers.
        load: usize,
    }
    /// Runs the loop of a sum only where a condition on it holds, without which it adds zeros.
    Trim "trim" {
        /// The loop.
        axis: usize,
    }
    /// Runs a reduction in blocks of `size`, each for all results in the loop `at`, or in a thread's share of it, which are
    /// added up in scratch memory.
    Accumulate "accumulate" {
        /// The loop of the reduction.
        axis: usize,
        /// Iterations in a block.
        size: u32,
        /// The loop that sums are kept for one iteration of, or for a share.
        at: usize,
    }
    /// What a reduction combines in each iteration of one of its loops goes to shared memory, and these parts are combined
    /// for each result, on a GPU.
    Divide "divide" {
        /// The loop of the reduction.
        axis: usize,
    }
    /// Computes what a reduction combines for all of one iteration of a loop first, into scratch memory.
    Precompute "precompute" {
        /// The loop.
        axis: usize,
        /// The reduction, by its place among the kernel's.
        reduction: usize,
    }
    /// Results go to memory past the caches, for those that are larger than the caches.
    Stream "stream" {}
    /// While an iteration of a loop reads a part of memory, what the next one will read is asked for, and some of the part itself
    /// ahead, if the first-level cache does not hold it.
    Prefetch "prefetch" {
        /// The load, by its place among the kernel's, scratch memory included.
        load: usize,
    }
    /// While one iteration of the loop that threads share runs, or of one in it, what the next one reads and stores is
    /// asked for.
    Lookahead "lookahead" {}
    /// Stores what a loop computes for a reduction, where a later loop needs it again, in scratch memory.
    Keep "keep" {
        /// The loop of the reduction.
        axis: usize,
    }
}

/// A list of actions, applied in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actions(pub Vec<Action>);

/// Why an action cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAction(pub String);

impl fmt::Display for InvalidAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidAction {}

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(Action::to_string).collect();
        f.write_str(&all.join(" "))
    }
}

impl FromStr for Action {
    type Err = InvalidAction;
    fn from_str(text: &str) -> Result<Action, InvalidAction> {
        let wrong = || InvalidAction(format!("`{text}` is no action: expected such as `unroll(1,4)`"));
        let (name, numbers) = match text.split_once('(') {
            Some((name, rest)) => (name, rest.strip_suffix(')').ok_or_else(wrong)?.split(',').collect()),
            None => (text, vec![]),
        };
        let numbers: Result<Vec<u32>, _> = numbers.into_iter().map(|n| n.trim().parse()).collect();
        named(name, &numbers.map_err(|_| wrong())?).ok_or_else(wrong)
    }
}

impl FromStr for Actions {
    type Err = InvalidAction;
    fn from_str(text: &str) -> Result<Actions, InvalidAction> {
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_print_and_parse() {
        let text = "border(1) edge(1) trim(2) keep(3) overlap(1,96) tile(0,64) split(2,8) fuse(0,2) vectorize(2,8) unroll(1,6) accumulate(3,64,0) \
                    precompute(1,2) stage(1,0) pack(1) share(2,1,3) pad(0,16) grid(0) thread(1,32,5) matrix(0,1,2) \
                    swizzle(2,0,4) group(0,1,2) divide(3) prefetch(1) stream parallel(0)";
        let actions: Actions = text.parse().unwrap();
        assert_eq!(actions.to_string(), text);
        for wrong in
            ["tile", "tile(1)", "tile(1,2", "tile(1,2,3)", "unroll(0,0)", "fly(1,2)", "parallel(-1)", "stream()"]
        {
            assert!(wrong.parse::<Action>().is_err(), "{wrong}");
        }
    }
}
