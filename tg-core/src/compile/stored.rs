//! A finished program as text, so that it can be kept: what a [`Rendered`] leaves out, and then that.
//!
//! A list of fields, each with its length before it. Lists in a field are words or lines.

use super::rendered::{as_field, field};
use super::{Kernel, Parameter, Program, Rendered, Report, Role, Slot};
use crate::dim::{Dim, Var};
use crate::ir::text::{parse_dim, print_dim};
use crate::target::Isa;

impl Program {
    /// All of it as text.
    pub fn print(&self) -> String {
        let Report { kernels, flops, bytes, workspace_bytes } = self.report;
        let lines = |lines: Vec<String>| lines.join("\n");
        let fields = [
            self.name.clone(),
            lines(self.dims.iter().map(|var| print_dim(&Dim::from(var.clone()))).collect()),
            lines(self.params.iter().map(parameter_text).collect()),
            lines(self.workspace.iter().map(print_dim).collect()),
            lines(self.kernels.iter().map(kernel_text).collect()),
            format!("{kernels} {flops} {bytes} {workspace_bytes}"),
        ];
        let variants = self.kernels.iter().map(|kernel| kernel.variants.clone()).collect();
        let rendered = Rendered { variants, prelude: self.prelude.clone() };
        fields.iter().map(|field| as_field(field)).collect::<String>() + &rendered.print()
    }

    /// What was printed of a program for these instruction sets; `None` for any other text.
    pub fn parse(text: &str, isas: &[Isa]) -> Option<Program> {
        let rest = &mut { text };
        let name = field(rest)?.to_owned();
        let dims = field(rest)?.lines().map(variable).collect::<Option<_>>()?;
        let params = field(rest)?.lines().map(parameter).collect::<Option<_>>()?;
        let workspace = field(rest)?.lines().map(|line| parse_dim(line).ok()).collect::<Option<_>>()?;
        let mut kernels = field(rest)?.lines().map(kernel).collect::<Option<Vec<_>>>()?;
        let report = report(field(rest)?)?;
        let Rendered { variants, prelude } = Rendered::parse(rest, isas)?;
        if variants.len() != kernels.len() {
            return None;
        }
        kernels.iter_mut().zip(variants).for_each(|(kernel, variants)| kernel.variants = variants);
        Some(Program { name, dims, params, workspace, kernels, prelude, report })
    }
}

fn variable(line: &str) -> Option<Var> {
    parse_dim(line).ok()?.vars().into_iter().next()
}

/// `role dtype [value] name size …`, where the name is the last word.
fn parameter_text(param: &Parameter) -> String {
    let role = match param.role {
        Role::Input => "input",
        Role::InPlace => "in_place",
        Role::Output => "output",
    };
    let place = if param.by_value { "value" } else { "address" };
    let sizes: String = param.shape.iter().map(|size| format!("{} ", print_dim(size))).collect();
    format!("{role} {place} {} {sizes}{}", param.dtype, param.name)
}

fn parameter(line: &str) -> Option<Parameter> {
    let mut words: Vec<&str> = line.split(' ').collect();
    let name = words.pop()?.to_owned();
    let [role, place, dtype, sizes @ ..] = &words[..] else { return None };
    let role = match *role {
        "input" => Role::Input,
        "in_place" => Role::InPlace,
        "output" => Role::Output,
        _ => return None,
    };
    let shape = sizes.iter().map(|size| parse_dim(size).ok()).collect::<Option<_>>()?;
    Some(Parameter { name, dtype: dtype.parse().ok()?, shape, role, by_value: *place == "value" })
}

/// `name flops bytes work argument …`.
fn kernel_text(kernel: &Kernel) -> String {
    let slot = |slot: &Slot| match slot {
        Slot::Param(at) => format!(" p{at}"),
        Slot::Workspace(at) => format!(" w{at}"),
    };
    let args: String = kernel.args.iter().map(slot).collect();
    let [flops, bytes, work] = [&kernel.flops, &kernel.bytes, &kernel.work].map(print_dim);
    format!("{} {flops} {bytes} {work}{args}", kernel.name)
}

fn kernel(line: &str) -> Option<Kernel> {
    let mut words = line.split(' ');
    let name = words.next()?.to_owned();
    let mut dim = || parse_dim(words.next()?).ok();
    let (flops, bytes, work) = (dim()?, dim()?, dim()?);
    let slot = |word: &str| match word.split_at_checked(1)? {
        ("p", at) => at.parse().ok().map(Slot::Param),
        ("w", at) => at.parse().ok().map(Slot::Workspace),
        _ => None,
    };
    Some(Kernel { name, args: words.map(slot).collect::<Option<_>>()?, variants: vec![], flops, bytes, work })
}

fn report(text: &str) -> Option<Report> {
    let numbers = text.split(' ').map(|word| word.parse().ok()).collect::<Option<Vec<u64>>>()?;
    let [kernels, flops, bytes, workspace_bytes] = numbers[..] else { return None };
    Some(Report { kernels: kernels as usize, flops, bytes, workspace_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Function, Language, compile};
    use crate::dtype::DType;
    use crate::ir::Graph;
    use crate::tensor::{matmul, relu, softmax};

    #[test]
    fn programs_print_and_parse_and_nothing_else_does() {
        let graph = Graph::new();
        let rows = Dim::from(Var::new("N", 1, 100));
        let x = graph.buffer(DType::F32, vec![rows, 8.into()]);
        let w = graph.buffer(DType::F32, vec![8.into(), 5.into()]);
        let hidden = relu(matmul(x, w).unwrap()).unwrap();
        let function = Function {
            name: "f".into(),
            inputs: vec![("x".into(), x), ("net.w".into(), w)],
            scalars: vec![],
            constants: vec![],
            updates: vec![(w, w + w)],
            outputs: vec![("y".into(), softmax(hidden, -1).unwrap())],
        };
        let isas = [Isa::X86V3, Isa::X86V4];
        let program = compile(&graph, &function, &isas, Language::C);
        let text = program.print();
        assert_eq!(Program::parse(&text, &isas), Some(program));
        assert_eq!(Program::parse(&text, &isas[..1]), None);
        let cuts = (0..text.len()).filter_map(|at| text.get(..at));
        assert!(
            cuts.filter_map(|cut| Program::parse(cut, &isas)).next().is_none(),
            "a text that is cut off is not whole"
        );
    }
}
