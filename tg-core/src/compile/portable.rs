//! A kernel as a text that stands for itself: what another program needs to compile, run and name it.

use super::pack::spelled;
use super::{Language, Parameter, Plan, Slot, Variant, generate};
use crate::dim::{Dim, Var};
use crate::ir::Graph;
use crate::ir::text::{ParseError, parse, parse_dim, print_dim};
use crate::loops::canonical_text;
use crate::optimize::{Actions, Fingerprint};
use crate::render::{self, C, emit};
use crate::symbolic::Simplifier;
use crate::target::Isa;

/// A kernel apart from its function.
#[derive(Clone, Debug, PartialEq)]
pub struct Portable {
    /// Its name, such as `r_512_512_512_matmul`.
    pub name: String,
    /// The run-time dimensions that it gets, in order.
    pub dims: Vec<Var>,
    /// Bytes of each of its buffers.
    pub bytes: Vec<Dim>,
    /// Its loop nest in the text form.
    pub nest: String,
}

impl Plan<'_> {
    /// The kernels, each apart from the function.
    pub fn portable(&self) -> impl Iterator<Item = Portable> {
        self.kernels.iter().map(|kernel| Portable {
            name: kernel.name.clone(),
            dims: self.dims.clone(),
            bytes: kernel.args.iter().map(|slot| self.bytes(*slot)).collect(),
            nest: canonical_text(kernel.root),
        })
    }

    fn bytes(&self, slot: Slot) -> Dim {
        match slot {
            Slot::Workspace(at) => self.schedule.slots.bytes[at as usize].clone(),
            Slot::Param(at) => {
                let Parameter { shape, dtype, .. } = &self.params[at as usize];
                shape.iter().fold(Dim::from(dtype.bytes() as i64), |product, size| &product * size)
            }
        }
    }
}

impl Portable {
    /// What tells the kernel in a tuning file.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.nest)
    }

    /// The kernel as complete C text of a function `symbol`, and of those that make the copies of constant operands that it
    /// reads, with the given actions or with those of the heuristic. [`Pack::of`](super::Pack::of) is one of its buffers.
    ///
    /// # Errors
    /// If its loop nest is no text of a graph.
    pub fn render(&self, isa: Isa, actions: Option<&Actions>, symbol: &str) -> Result<Variant, ParseError> {
        let graph = Graph::new();
        let simplifier = &mut Simplifier::default();
        // Terms of a sum stand in the order of their ranges, which the text numbers in another.
        let nest = simplifier.simplify(parse(&graph, &self.nest)?);
        let lowered = generate(nest, isa, actions, simplifier);
        let render::Rendered { mut source, mut prelude, scratch, .. } =
            emit(&lowered.linear, symbol, &self.dims, &mut C::default());
        let packs = spelled(&lowered.packs, symbol, Language::C, (&mut source, &mut prelude));
        let prelude: String = prelude.into_values().map(|line| line + "\n").collect();
        let (source, (extent, tile), launch) = (prelude + &source, lowered.extent, lowered.launch);
        let (actions, origin, repeated) = (lowered.actions, lowered.origin, lowered.repeated);
        Ok(Variant { isa, source, extent, tile, scratch, repeated, packs, launch, actions, origin })
    }

    /// All of it as text: a line for the name, each dimension and each buffer, then the loop nest.
    pub fn print(&self) -> String {
        let dims = self.dims.iter().map(|var| format!("dim {}\n", print_dim(&Dim::from(var.clone()))));
        let bytes = self.bytes.iter().map(|bytes| format!("bytes {}\n", print_dim(bytes)));
        let lines: String = dims.chain(bytes).collect();
        format!("kernel {}\n{lines}nest\n{}", self.name, self.nest)
    }

    /// What was printed; `None` for any other text.
    pub fn parse(text: &str) -> Option<Portable> {
        let (head, nest) = text.split_once("\nnest\n")?;
        let head = head.strip_prefix("kernel ")?;
        let (name, rest) = head.split_once('\n').unwrap_or((head, ""));
        let mut portable = Portable { name: name.into(), dims: vec![], bytes: vec![], nest: nest.into() };
        for line in rest.lines() {
            match line.split_once(' ')? {
                ("dim", dim) => portable.dims.push(parse_dim(dim).ok()?.vars().into_iter().next()?),
                ("bytes", bytes) => portable.bytes.push(parse_dim(bytes).ok()?),
                _ => return None,
            }
        }
        Some(portable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_print_and_parse_and_nothing_else_does() {
        let size = Var::new("N", 1, 100);
        let bytes = vec![Dim::from(64), &Dim::from(size.clone()) * &Dim::from(4)];
        let full = Portable { name: "e_4".into(), dims: vec![size], bytes, nest: "%0 = …\n".into() };
        let bare = Portable { dims: vec![], bytes: vec![], ..full.clone() };
        for portable in [full, bare] {
            let text = portable.print();
            assert_eq!(Portable::parse(&text), Some(portable));
            assert_eq!(Portable::parse(&text.replace("\nnest", "\nwhat")), None);
            assert_eq!(Portable::parse(&text.replace("kernel", "kennel")), None);
        }
    }
}
