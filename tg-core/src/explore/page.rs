//! An exploration as one HTML file: a page of this folder with its style and script, and the data as JSON.
//!
//! The page loads nothing, so that it works from the file system, for years. What is text in the data stays text: the script
//! makes no markup of it.

use rustc_hash::FxHashMap;

use super::about::STAGES;
use super::data::{Exploration, Kernel, Node, Stage, Value};
use super::json::Json;
use crate::compile::{Language, Role, Slot};
use crate::ir::text::dims;
use crate::ir::{Op, infix};
use crate::rewrite::{Note, Rule};

/// The page, with a place for the title, the style, the data and the script, in this order.
const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = concat!(
    "'use strict';\n(() => {\n",
    include_str!("page/model.js"),
    include_str!("page/elements.js"),
    include_str!("page/rows.js"),
    include_str!("page/layout.js"),
    include_str!("page/graph.js"),
    include_str!("page/detail.js"),
    include_str!("page/rewrites.js"),
    include_str!("page/memory.js"),
    include_str!("page/overview.js"),
    include_str!("page/search.js"),
    include_str!("page/main.js"),
    "})();\n",
);

impl Exploration {
    /// The whole page.
    pub fn page(&self) -> String {
        let mut data = String::new();
        Writer::default().exploration(self).write(&mut data);
        let parts = [&*escaped(&self.name), STYLE, &data, SCRIPT];
        let mut page = String::with_capacity(data.len() + PAGE.len() + STYLE.len() + SCRIPT.len());
        for (text, part) in PAGE.split("{{}}").zip(parts.into_iter().chain([""])) {
            page += text;
            page += part;
        }
        page
    }
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Texts that occur often, each once.
#[derive(Default)]
struct Writer {
    texts: Vec<String>,
    numbers: FxHashMap<String, usize>,
    ops: Vec<Op>,
}

impl Writer {
    fn text(&mut self, text: &str) -> Json {
        if let Some(number) = self.numbers.get(text) {
            return (*number).into();
        }
        let number = self.texts.len();
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number.into()
    }

    fn op(&mut self, op: Op) -> Json {
        let number = self.ops.iter().position(|known| *known == op).unwrap_or_else(|| {
            self.ops.push(op);
            self.ops.len() - 1
        });
        number.into()
    }

    fn exploration(&mut self, all: &Exploration) -> Json {
        let nodes = Json::list(&all.nodes, |node| self.node(node));
        let stages = Json::list(&all.stages, |stage| self.stage(stage));
        let kernels = Json::list(&all.kernels, |kernel| self.kernel(kernel));
        let steps = all.steps.iter().flat_map(|step| [step.rule, step.before, step.after]);
        let params = all.params.iter().map(|param| {
            let role = match param.role {
                Role::Input => "input",
                Role::InPlace => "updated in place",
                Role::Output => "result",
            };
            Json::List(vec![
                Json::from(&*param.name),
                param.dtype.to_string().into(),
                dims(&param.shape).into(),
                role.into(),
            ])
        });
        let report = [all.report.kernels as u64, all.report.flops, all.report.bytes, all.report.workspace_bytes];
        let language = match all.language {
            Language::C => "C",
            Language::Rust => "Rust",
            Language::Ptx => "PTX",
        };
        Json::Map(vec![
            ("name", Json::from(&*all.name)),
            ("isa", all.isa.name().into()),
            ("language", language.into()),
            ("report", Json::numbers(report)),
            ("params", Json::List(params.collect())),
            ("nodes", nodes),
            ("buffers", Json::list(&all.buffers, |(node, name)| pair(*node, name))),
            ("stages", stages),
            ("kernels", kernels),
            ("values", Json::list(&all.values, value)),
            ("slots", Json::numbers(all.slots.iter().copied())),
            ("rules", Json::list(&all.rules, rule)),
            ("steps", Json::numbers(steps)),
            ("prelude", Json::from(&*all.prelude)),
            ("about", Json::list(STAGES, |(name, title, text)| texts([name, title, text]))),
            ("ops", Json::list(&self.ops, |op| operation(*op))),
            ("texts", Json::list(&self.texts, |text| Json::from(&**text))),
        ])
    }

    /// Op, dtype, argument and shape, then the sources.
    fn node(&mut self, node: &Node) -> Json {
        let head = [self.op(node.op), self.text(&node.dtype.to_string()), self.text(&node.arg), self.text(&node.shape)];
        Json::List(head.into_iter().chain(node.src.iter().map(|src| Json::Number((*src).into()))).collect())
    }

    fn stage(&mut self, stage: &Stage) -> Json {
        Json::Map(vec![
            ("name", stage.name.into()),
            ("nodes", Json::numbers(stage.nodes.iter().copied())),
            ("labels", Json::list(&stage.labels, |label| self.text(label))),
            ("list", usize::from(stage.is_list).into()),
            ("steps", Json::numbers([stage.steps.start as u64, stage.steps.end as u64])),
            ("omitted", stage.omitted.into()),
            ("pointers", Json::list(&stage.pointers, |name| self.text(name))),
            ("loops", Json::from(&*stage.loops)),
        ])
    }

    fn kernel(&mut self, kernel: &Kernel) -> Json {
        let args = Json::list(&kernel.args, |(name, slot)| match slot {
            Slot::Param(_) => texts([name, "parameter"]),
            Slot::Workspace(at) => texts([name, &format!("slot {at} of the workspace")]),
        });
        let least = |dim: &crate::dim::Dim| dim.eval(&|var| var.min).max(0) as u64;
        let cost = [least(&kernel.flops), least(&kernel.bytes), kernel.scratch as u64];
        Json::Map(vec![
            ("name", Json::from(&*kernel.name)),
            ("symbol", Json::from(&*kernel.symbol)),
            ("tensor", Json::Number(kernel.tensor.into())),
            ("target", Json::from(&*kernel.target)),
            ("args", args),
            ("cost", Json::numbers(cost)),
            ("formulas", texts([&kernel.flops.to_string(), &kernel.bytes.to_string()])),
            ("stages", Json::list(&kernel.stages, |stage| self.stage(stage))),
            (
                "actions",
                Json::list(&kernel.actions, |acted| texts([&acted.action, &acted.numbers, acted.about, &acted.loops])),
            ),
            ("origin", Json::from(&*kernel.origin)),
            ("launch", Json::from(&*kernel.launch)),
            ("source", Json::from(&*kernel.source)),
            ("assembly", Json::from(&*kernel.assembly)),
        ])
    }
}

fn texts<const N: usize>(texts: [&str; N]) -> Json {
    Json::list(texts, Json::from)
}

fn pair(node: u32, name: &str) -> Json {
    Json::List(vec![Json::Number(node.into()), name.into()])
}

fn value(value: &Value) -> Json {
    let Value { name, dtype, shape, bytes, slot, life: (first, last) } = value;
    let numbers = [*bytes, u64::from(*slot), *first as u64, *last as u64];
    let texts = [name.clone(), dtype.to_string(), shape.clone()].map(Json::from);
    Json::List(texts.into_iter().chain(numbers.map(Json::from)).collect())
}

/// Name, class, meaning; and the sign and how tightly it binds, of what is written between its operands.
fn operation(op: Op) -> Json {
    let head = [op.name().into(), format!("{:?}", op.class()).into(), op.doc().into()];
    let sign = infix(op).map(|(sign, binding)| [sign.into(), usize::from(binding).into()]);
    Json::List(head.into_iter().chain(sign.into_iter().flatten()).collect())
}

/// Table, name, text, file, and what it says about itself.
fn rule(rule: &Rule) -> Json {
    let file = rule.module.replacen("tg_core", "tg-core/src", 1).replace("::", "/") + ".rs";
    let notes = rule.notes.iter().map(|note| match note {
        Note::Doc(text) => text.trim().to_string(),
        Note::Grows(why) => format!("May make an expression larger: {why}"),
        Note::Inexact(why) => format!("Not exact on floats: {why}"),
    });
    let texts = [rule.set, rule.name, rule.text, &file].map(Json::from);
    Json::List(texts.into_iter().chain([Json::list(notes, Json::from)]).collect())
}
