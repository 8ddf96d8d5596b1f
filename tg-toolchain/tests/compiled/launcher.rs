//! The main program around compiled kernels: inputs of all cases on standard input, what their parameters hold
//! afterwards on standard output. `kernels.rs` beside it is written by the test.

use std::io::{Read, Write};

mod kernels;

/// A kernel.
pub type Entry = unsafe extern "C" fn(*const *mut u8, *const i64, i64, i64, *mut u8);

/// One launch.
pub struct Launch {
    pub entry: Entry,
    /// Numbers of its buffers.
    pub args: &'static [usize],
    /// Trip count of its parallel loop.
    pub iterations: i64,
    /// Bytes of its scratch memory.
    pub scratch: usize,
}

/// One call of a function.
pub struct Case {
    pub seed: u64,
    /// Bytes of each buffer: parameters, then workspace.
    pub bytes: &'static [usize],
    pub params: usize,
    pub dims: &'static [i64],
    pub launches: &'static [Launch],
}

const ALIGNMENT: usize = 64;
/// Bytes around each buffer that no kernel may change.
const GUARD: usize = 64;

/// Aligned memory with guards on both sides.
struct Buffer {
    block: Vec<u8>,
    start: usize,
    bytes: usize,
}

impl Buffer {
    fn new(bytes: usize) -> Buffer {
        let block = vec![0xa5; bytes + 2 * GUARD + ALIGNMENT];
        let start = block[GUARD..].as_ptr().align_offset(ALIGNMENT) + GUARD;
        Buffer { block, start, bytes }
    }

    fn contents(&mut self) -> &mut [u8] {
        &mut self.block[self.start..self.start + self.bytes]
    }

    fn is_intact(&self) -> bool {
        let (before, after) = (&self.block[..self.start], &self.block[self.start + self.bytes..]);
        before.iter().chain(after).all(|byte| *byte == 0xa5)
    }
}

fn run(case: &Case, input: &mut &[u8]) -> Vec<Buffer> {
    let mut buffers: Vec<Buffer> = case.bytes.iter().map(|bytes| Buffer::new(*bytes)).collect();
    for buffer in &mut buffers[..case.params] {
        input.read_exact(buffer.contents()).expect("as many bytes as the parameters have");
    }
    for launch in case.launches {
        let pointers: Vec<*mut u8> = launch.args.iter().map(|at| buffers[*at].contents().as_mut_ptr()).collect();
        // Two shares, as two threads would have them.
        let half = launch.iterations / 2;
        let shares = if half > 0 { vec![(0, half), (half, launch.iterations)] } else { vec![(0, launch.iterations)] };
        let mut scratch = Buffer::new(launch.scratch);
        for (begin, end) in shares {
            let own = scratch.contents().as_mut_ptr();
            // SAFETY: the test gives each kernel the buffers, sizes and scratch memory its program states.
            unsafe { (launch.entry)(pointers.as_ptr(), case.dims.as_ptr(), begin, end, own) }
        }
        assert!(scratch.is_intact(), "seed {}: a kernel wrote beside its scratch memory", case.seed);
    }
    buffers
}

fn main() {
    let mut input = vec![];
    std::io::stdin().read_to_end(&mut input).expect("standard input");
    let (mut input, mut output) = (&input[..], std::io::stdout().lock());
    for case in kernels::CASES {
        let mut buffers = run(case, &mut input);
        let intact = buffers.iter().position(|b| !b.is_intact());
        assert_eq!(intact, None, "seed {}: a kernel wrote beside a buffer", case.seed);
        for buffer in &mut buffers[..case.params] {
            output.write_all(buffer.contents()).expect("standard output");
        }
    }
}
