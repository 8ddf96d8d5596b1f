//! The documents against the code: names they must have, and links that must lead somewhere.
//!
//! What the documents say about these names is for readers to check; their examples are doctests of the facade.

use std::fs;
use std::path::Path;

use tg_core::ir::Op;
use tg_core::lower::passes;
use tg_core::target::Isa;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/explorer.md",
    "docs/language.md",
    "docs/lazy.md",
    "docs/methods.md",
    "docs/text-form.md",
    "docs/tinygrad.md",
    "docs/tuning.md",
    "benches/README.md",
    "tests/golden/README.md",
];

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Those of `names` that no word of `text` is.
fn missing<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let words: Vec<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    names.filter(|name| !words.contains(name)).collect()
}

#[test]
fn the_architecture_names_every_operation_pass_and_module() {
    let text = read("ARCHITECTURE.md");
    assert_eq!(missing(&(read("docs/tinygrad.md") + &text), Op::ALL.iter().map(|op| op.name())), [""; 0]);
    let passes = [Isa::X86V3, Isa::Sm80].into_iter().flat_map(passes);
    assert_eq!(missing(&text, passes.map(|pass| pass.name)), [""; 0]);
    let lib = read("tg-core/src/lib.rs");
    let modules: Vec<&str> = lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let places: Vec<usize> = modules.iter().map(|m| text.find(&format!("\n**`{m}`**")).expect(m)).collect();
    assert!(modules.len() > 10 && places.is_sorted(), "modules stand in another order than in lib.rs");
}

#[test]
fn the_readme_explains_every_variable_as_the_code_does() {
    let text = read("README.md");
    for variable in tg::config::VARIABLES {
        let row = format!("| `{}` | running |", variable.name);
        assert!(text.lines().any(|line| line.starts_with(&row)), "no row for {} at run time", variable.name);
    }
    let config = read("tg-macros/src/config.rs");
    let (_, list) = config.split_once("VARIABLES: &[&str] = &[").expect("the list of variables");
    for name in list.split(']').next().unwrap_or("").split('"').skip(1).step_by(2) {
        let row = format!("| `{name}` | compiling |");
        assert!(text.lines().any(|line| line.starts_with(&row)), "no row for {name} when compiling");
    }
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut broken = vec![];
    for document in DOCUMENTS {
        let text = read(document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let holds = match target.split_once('#') {
                _ if target.starts_with("https://") => true,
                Some(("", heading)) => headings(&text).any(|h| h == heading),
                _ => Path::new(env!("CARGO_MANIFEST_DIR")).join(document).with_file_name(target).exists(),
            };
            broken.extend((!holds).then(|| format!("{document}: {target}")));
        }
    }
    assert_eq!(broken, [""; 0]);
}

/// The headings of a document, as links name them.
fn headings(text: &str) -> impl Iterator<Item = String> + '_ {
    let kept = |c: &char| c.is_alphanumeric() || *c == ' ' || *c == '-';
    let titles = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    titles.map(move |title| title.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-"))
}
