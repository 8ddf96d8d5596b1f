//! A golden case as a program, and calls of its kernels by hand, in memory with guards.

use tg_core::compile::{Kernel, Language, Program, Slot, compile};
use tg_core::interpret::{Array, evaluate};
use tg_core::ir::Graph;
use tg_core::target::Isa;
use tg_runtime::loader::Code;

use crate::calls::{from_array, function, to_array, trace};
use crate::golden::{Case, Value};
use crate::memory::{decode, encode};

/// What buffers are aligned to.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line([u8; 64]);

const GUARD: Line = Line([0xa5; 64]);

/// Memory between two lines that no kernel may change.
struct Buffer {
    lines: Vec<Line>,
    bytes: usize,
}

impl Buffer {
    fn new(contents: &[u8]) -> Buffer {
        let mut lines = vec![GUARD; contents.len().div_ceil(64) + 2];
        for (line, bytes) in lines[1..].iter_mut().zip(contents.chunks(64)) {
            line.0[..bytes.len()].copy_from_slice(bytes);
        }
        Buffer { lines, bytes: contents.len() }
    }

    fn start(&mut self) -> *mut u8 {
        self.lines[1..].as_mut_ptr().cast()
    }

    /// The contents; an error if what is around them has changed.
    fn contents(&self) -> Result<Vec<u8>, String> {
        let all: Vec<u8> = self.lines.iter().flat_map(|line| line.0).collect();
        let (contents, after) = all[64..].split_at(self.bytes);
        let intact = all[..64].iter().chain(after).all(|byte| *byte == 0xa5);
        intact.then(|| contents.to_vec()).ok_or_else(|| "a kernel wrote beside a buffer".into())
    }
}

/// A case with its kernels as text.
pub struct Call {
    pub case: Case,
    /// All kernels.
    pub source: String,
    program: Program,
    inputs: Vec<Array>,
    /// What the interpreter makes of it.
    expected: Vec<Value>,
}

impl Call {
    /// Renders the result of `case` and its gradients as one program.
    pub fn new(graph: &Graph, case: Case, isa: Isa) -> Result<Call, String> {
        let mut traced = trace(graph, &case, &to_array)?;
        let gradients = traced.gradients(&case)?;
        let roots: Vec<_> = [traced.out].into_iter().chain(gradients).collect();
        let buffers = |n: u32| traced.contents.iter().find(|(number, ..)| *number == n).map(|(.., a)| a.clone());
        let expected = evaluate(&roots, &buffers, &|var| var.min).map_err(|error| error.to_string())?;
        let expected = expected.iter().map(from_array).collect::<Result<_, _>>()?;
        let program = compile(graph, &function(&roots, &traced.contents), &[isa], Language::C);
        let kernels = program.kernels.iter().map(|kernel| kernel.variants[0].source.clone());
        let source = program.prelude.iter().cloned().chain(kernels).collect::<Vec<_>>().join("\n");
        let inputs = traced.contents.into_iter().map(|(.., array)| array).collect();
        Ok(Call { case, source, program, inputs, expected })
    }

    /// Calls the kernels, and compares with the table and with the interpreter.
    pub fn check(&self, code: &Code) -> Result<(), String> {
        let results = self.run(code)?;
        let (out, gradients) = results.split_first().ok_or("no result")?;
        self.case.check_out(out)?;
        if !gradients.is_empty() {
            self.case.check_gradients(gradients)?;
        }
        let tolerances = [self.case.tolerance].into_iter().chain(std::iter::repeat(self.case.gradient_tolerance));
        results.iter().zip(&self.expected).zip(tolerances).try_for_each(|((a, e), t)| a.compare(e, t))
    }

    fn run(&self, code: &Code) -> Result<Vec<Value>, String> {
        let sizes = self.program.params.iter().map(|p| p.shape.iter().map(|d| d.eval(&|v| v.min)).product::<i64>());
        let empty = sizes.zip(&self.program.params).map(|(size, p)| vec![0xff; size as usize * p.dtype.bytes()]);
        let params = self.inputs.iter().map(encode).chain(empty.skip(self.inputs.len()));
        let mut params: Vec<Buffer> = params.map(|bytes| Buffer::new(&bytes)).collect();
        let workspace = self.program.workspace.iter().map(|bytes| vec![0xff; bytes.eval(&|v| v.min) as usize]);
        let mut workspace: Vec<Buffer> = workspace.map(|bytes| Buffer::new(&bytes)).collect();
        for kernel in &self.program.kernels {
            launch(code, kernel, &mut params, &mut workspace)?;
        }
        workspace.iter().try_for_each(|buffer| buffer.contents().map(drop))?;
        (0..params.len()).skip(self.inputs.len()).map(|i| self.result(i, &params[i].contents()?)).collect()
    }

    fn result(&self, param: usize, bytes: &[u8]) -> Result<Value, String> {
        let param = &self.program.params[param];
        let shape: Vec<usize> = param.shape.iter().map(|d| d.eval(&|v| v.min) as usize).collect();
        let elements = bytes.chunks(param.dtype.bytes()).map(|b| decode(b, param.dtype));
        from_array(&Array::collect(param.dtype, &shape, elements).map_err(|error| error.to_string())?)
    }
}

/// Runs a kernel in two shares, as two threads would have them.
fn launch(code: &Code, kernel: &Kernel, params: &mut [Buffer], workspace: &mut [Buffer]) -> Result<(), String> {
    let entry = code.kernel(&kernel.name).ok_or_else(|| format!("there is no kernel {}", kernel.name))?;
    let variant = &kernel.variants[0];
    let start = |slot: &Slot| match *slot {
        Slot::Param(i) => params[i as usize].start(),
        Slot::Workspace(i) => workspace[i as usize].start(),
    };
    let buffers: Vec<*mut u8> = kernel.args.iter().map(start).collect();
    let mut scratch = Buffer::new(&vec![0xff; variant.scratch]);
    let iterations = variant.extent.eval(&|v| v.min) / variant.tile;
    let half = iterations / 2;
    for (begin, end) in [(0, half), (half, iterations)].into_iter().skip(usize::from(half == 0)) {
        // SAFETY: the buffers have the sizes that the program states for a function without run-time dimensions, and the
        // code is still there.
        unsafe { entry(buffers.as_ptr(), std::ptr::null(), begin, end, scratch.start()) };
    }
    scratch.contents().map(drop)
}
