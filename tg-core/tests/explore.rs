//! Explorations of random tensor functions: each ends, shows the kernels that are compiled without being watched, and writes
//! out loops for each of them.
//!
//! `TG_FUZZ=N` tries N functions, `TG_FUZZ_SEED=S` starts with that one.

#[allow(dead_code, unused_imports, reason = "expected results are for tests that run kernels")]
mod random;

use tg_core::compile::{Language, compile};
use tg_core::explore::explore;
use tg_core::ir::Graph;
use tg_core::target::Isa;

use self::random::{build, seeds};

const TARGETS: [(Isa, Language); 3] =
    [(Isa::X86V4, Language::C), (Isa::Baseline, Language::Rust), (Isa::Sm80, Language::Ptx)];

fn check(seed: u64, isa: Isa, language: Language) {
    let (graph, other) = (Graph::new(), Graph::new());
    let program = compile(&graph, &build(&graph, seed).function, &[isa], language);
    let explored = explore(&other, &build(&other, seed).function, isa, language);
    assert_eq!(explored.kernels.len(), program.kernels.len(), "seed {seed}");
    for (shown, kernel) in explored.kernels.iter().zip(&program.kernels) {
        assert_eq!(shown.source, kernel.variants[0].source, "seed {seed}");
        let nests = shown.stages.iter().filter(|stage| ["loops", "merge", "actions"].contains(&stage.name));
        for text in nests.map(|stage| &*stage.loops).chain(shown.actions.iter().map(|acted| &*acted.loops)) {
            assert!(text.contains(&format!("{}[", shown.target)), "seed {seed}: nothing is stored in\n{text}");
            assert_eq!(out_of_scope(text), None, "seed {seed}:\n{text}");
        }
    }
    assert!(explored.page().len() > 10_000);
}

/// The first name in pseudo code that stands where it has no value: outside of its loop, or before it is computed.
fn out_of_scope(text: &str) -> Option<&str> {
    let mut scope: Vec<(usize, &str)> = vec![];
    for line in text.lines() {
        let depth = (line.len() - line.trim_start().len()) / 2;
        scope.retain(|(own, _)| *own <= depth);
        let line = line.split("  //").next().unwrap_or(line).trim();
        let defined = line.strip_prefix("for ").map(|rest| (depth + 1, rest)).unwrap_or((depth, line));
        let (name, rest) = defined.1.split_once(' ').unwrap_or((defined.1, ""));
        if is_name(name) && !rest.starts_with('+') {
            scope.push((defined.0, name));
        }
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(word) = words.filter(|word| is_name(word)).find(|word| scope.iter().all(|(_, name)| name != word)) {
            return Some(word);
        }
    }
    None
}

/// Whether a word is a counter, or a value that has a line of its own.
fn is_name(word: &str) -> bool {
    let digits = word.trim_start_matches(char::is_alphabetic);
    !digits.is_empty() && ["i", "k", "sum", "max", "prod", "v"].contains(&&word[..word.len() - digits.len()])
}

#[test]
fn random_functions_are_explored_as_they_are_compiled() {
    for seed in seeds(30) {
        TARGETS.iter().for_each(|(isa, language)| check(seed, *isa, *language));
    }
}
