//! The linear stage, executed as a little machine: a program counter, loops, registers, memory.
//!
//! RANGE begins a loop that its ENDRANGE repeats; DEFINE_ACC sets a register whenever it is reached and
//! UPDATE_ACC changes it; reading a DEFINE_ACC reads the register as it is then. Reads and writes happen
//! in the order of the list.

use rustc_hash::FxHashMap;

use crate::dim::Var;
use crate::interpret::memory::Memory;
use crate::interpret::point::{Cell, compute};
use crate::interpret::{Array, Error, MAX_STEPS};
use crate::ir::{Id, Op, Uop, Value};

/// Runs the instructions `list` on `buffers`, which are DEFINE_GLOBALs by slot, in place.
///
/// # Errors
/// If an access that is allowed is out of bounds, a buffer is missing or has another dtype, a loop does
/// not end, or an instruction uses what has no value yet. `buffers` may be partly written then.
pub fn run_linear(list: &[Uop], buffers: &mut [Array], vars: &dyn Fn(&Var) -> i64) -> Result<(), Error> {
    let program = Program::new(list, vars);
    let (mut machine, mut memory) = (Machine::new(&program), Memory::new(buffers));
    let mut at = 0;
    for _ in 0..MAX_STEPS {
        let Some(&node) = list.get(at) else { return Ok(()) };
        at = machine.execute(node, at, &mut memory)?;
    }
    Err(Error::new(format!("the program takes more than {MAX_STEPS} steps")))
}

/// Instructions, and where their loops begin and end.
pub(super) struct Program<'a, 'g> {
    pub list: &'a [Uop<'g>],
    begins: FxHashMap<Id, usize>,
    ends: FxHashMap<Id, usize>,
    vars: &'a dyn Fn(&Var) -> i64,
}

impl<'a, 'g> Program<'a, 'g> {
    pub fn new(list: &'a [Uop<'g>], vars: &'a dyn Fn(&Var) -> i64) -> Program<'a, 'g> {
        let ends = list.iter().enumerate().filter(|(_, n)| n.op() == Op::Endrange && n.arity() == 1);
        let begins = list.iter().enumerate().filter(|(_, n)| n.op() == Op::Range).map(|(i, n)| (n.id(), i));
        Program { list, begins: begins.collect(), ends: ends.map(|(i, n)| (n.src(0).id(), i)).collect(), vars }
    }
}

/// One thread of execution.
pub(super) struct Machine<'a, 'g> {
    program: &'a Program<'a, 'g>,
    values: FxHashMap<Id, Cell>,
}

impl<'a, 'g> Machine<'a, 'g> {
    pub fn new(program: &'a Program<'a, 'g>) -> Machine<'a, 'g> {
        Machine { program, values: FxHashMap::default() }
    }

    /// Gives `node` a value.
    pub fn set(&mut self, node: Uop<'g>, cell: Cell) {
        self.values.insert(node.id(), cell);
    }

    fn get(&self, node: Uop<'g>, user: Uop<'g>) -> Result<&Cell, Error> {
        self.values.get(&node.id()).ok_or_else(|| Error::at(user, format!("uses {node:?} before it has a value")))
    }

    pub fn source(&self, user: Uop<'g>, i: usize) -> Result<&Cell, Error> {
        match user.srcs().nth(i) {
            Some(s) => self.get(s, user),
            None => Err(Error::at(user, "has too few sources")),
        }
    }

    /// Executes the instruction `at`, gives the place of the next one.
    pub fn execute(&mut self, node: Uop<'g>, at: usize, memory: &mut Memory) -> Result<usize, Error> {
        match node.op() {
            Op::Range => return self.begin(node, at),
            Op::Endrange => return self.repeat(node, at),
            Op::Sink | Op::Prefetch => return Ok(at + 1),
            Op::DefineAcc => {
                let start = self.source(node, 0)?.lanes(node)?.to_vec();
                self.values.insert(node.id(), Cell::Lanes(spread(start, node)));
            }
            Op::UpdateAcc if node.arity() == 3 && !self.source(node, 2)?.lanes(node)?[0].is_true() => {}
            Op::UpdateAcc => {
                let value = Cell::Lanes(spread(self.source(node, 1)?.lanes(node)?.to_vec(), node.src(0)));
                self.get(node.src(0), node)?;
                self.values.insert(node.src(0).id(), value.clone());
                self.values.insert(node.id(), value);
            }
            _ => {
                let values = &self.values;
                let absent = |s: Uop| Error::at(node, format!("uses {s:?} before it has a value"));
                // Ordering edges of AFTER and closed ranges of STORE carry no value.
                let used = match node.op() {
                    Op::After => 1,
                    Op::Store => 2,
                    _ => node.arity(),
                };
                let cells = node.srcs().take(used).map(|s| values.get(&s.id()).ok_or_else(|| absent(s)));
                let cell = compute(node, &cells.collect::<Result<Vec<_>, _>>()?, memory, self.program.vars)?;
                self.values.insert(node.id(), cell);
            }
        }
        Ok(at + 1)
    }

    fn begin(&mut self, node: Uop<'g>, at: usize) -> Result<usize, Error> {
        let end = *self.program.ends.get(&node.id()).ok_or_else(|| Error::at(node, "its loop has no ENDRANGE"))?;
        let size = self.source(node, 0)?.size(node)?;
        self.values.insert(node.id(), Cell::int(0));
        Ok(if size > 0 { at + 1 } else { end + 1 })
    }

    fn repeat(&mut self, node: Uop<'g>, at: usize) -> Result<usize, Error> {
        let counter = self.source(node, 0)?.size(node)?;
        let range = node.src(0);
        let Program { list, begins, .. } = self.program;
        let begin = begins.get(&range.id()).copied().filter(|b| *b < at && list[*b] == range);
        let begin = begin.ok_or_else(|| Error::at(node, "no such loop was begun"))?;
        if counter + 1 >= self.source(range, 0)?.size(range)? {
            return Ok(at + 1);
        }
        self.values.insert(range.id(), Cell::int(counter + 1));
        Ok(begin + 1)
    }
}

/// A scalar given to a vector register fills its lanes.
fn spread(lanes: Vec<Value>, register: Uop) -> Vec<Value> {
    match &lanes[..] {
        [one] => vec![*one; register.dtype().lanes as usize],
        _ => lanes,
    }
}

#[cfg(test)]
mod tests;
