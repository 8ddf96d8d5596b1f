//! A traced function as text, so that a binary can carry it: five lines of names, then its graph in the text form. Which
//! inputs are constant is not said: what runs from text keeps no copies.
//!
//! The graph is a SINK of the inputs, of each update its buffer and its value, and of the outputs.

use super::Function;
use crate::ir::text::{ParseError, parse, print};
use crate::ir::{Graph, Uop};

impl<'g> Function<'g> {
    /// All of it as text.
    pub fn print(&self) -> String {
        let names = |named: &[(String, Uop)]| named.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ");
        let values = |named: &[(String, Uop<'g>)]| named.iter().map(|(_, value)| *value).collect::<Vec<_>>();
        let updates = self.updates.iter().flat_map(|(buffer, value)| [*buffer, *value]).collect();
        let roots = [values(&self.inputs), updates, values(&self.outputs)].concat();
        let graph = roots.first().map_or(String::new(), |root| print(root.graph().sink(&roots)));
        let (inputs, scalars, outputs) = (names(&self.inputs), self.scalars.join(" "), names(&self.outputs));
        format!("{}\n{inputs}\n{scalars}\n{}\n{outputs}\n{graph}", self.name, self.updates.len())
    }

    /// What was printed, in `graph`.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(graph: &'g Graph, text: &str) -> Result<Function<'g>, ParseError> {
        let mut lines = text.splitn(6, '\n');
        let mut line = || lines.next().unwrap_or("");
        let names = |line: &str| line.split_terminator(' ').map(str::to_owned).collect::<Vec<_>>();
        let (name, inputs, scalars) = (line().to_owned(), names(line()), names(line()));
        let (updates, outputs): (usize, _) = (line().parse().unwrap_or(0), names(line()));
        let text = line();
        let roots: Vec<Uop> = if text.is_empty() { vec![] } else { parse(graph, text)?.srcs().collect() };
        let wanted = updates.checked_mul(2).and_then(|updates| updates.checked_add(inputs.len() + outputs.len()));
        if wanted != Some(roots.len()) {
            let (expected, got) =
                ("a SINK of as many nodes as there are names".into(), format!("{} nodes", roots.len()));
            return Err(ParseError { line: 6, column: 1, expected, got });
        }
        let (read, rest) = roots.split_at(inputs.len());
        let (updated, made) = rest.split_at(2 * updates);
        Ok(Function {
            name,
            inputs: inputs.into_iter().zip(read.iter().copied()).collect(),
            scalars,
            constants: vec![],
            updates: updated.chunks(2).map(|pair| (pair[0], pair[1])).collect(),
            outputs: outputs.into_iter().zip(made.iter().copied()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dim::Var;
    use crate::dtype::DType;

    #[test]
    fn functions_print_and_parse() {
        let graph = Graph::new();
        let x = graph.buffer(DType::F32, vec![Var::new("N", 1, 9).into(), 3.into()]);
        let lr = graph.buffer(DType::F32, vec![]);
        let function = Function {
            name: "step".into(),
            inputs: vec![("net.x".into(), x), ("lr".into(), lr)],
            scalars: vec!["lr".into()],
            constants: vec![],
            updates: vec![(x, x + x)],
            outputs: vec![("out0".into(), lr * lr)],
        };
        let text = function.print();
        let other = Graph::new();
        let parsed = Function::parse(&other, &text).unwrap();
        assert_eq!(parsed.print(), text);
        assert_eq!(
            format!("{:?} {:?}", parsed.inputs, parsed.scalars),
            format!("{:?} {:?}", function.inputs, function.scalars)
        );
        let error = Function::parse(&other, &text.replacen("out0", "out0 out1", 1)).unwrap_err().to_string();
        assert!(error.contains("as many nodes"), "{error}");
        let nothing = Function {
            inputs: vec![],
            updates: vec![],
            outputs: vec![],
            scalars: vec![],
            constants: vec![],
            ..function
        };
        assert_eq!(Function::parse(&other, &nothing.print()).unwrap().print(), nothing.print());
    }
}
