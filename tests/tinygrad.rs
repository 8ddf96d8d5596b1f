//! docs/tinygrad.md against tinygrad and against the code: it has every operation of theirs, and all that it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// The members of `Ops` in `tinygrad/ops.py` of 0.10.3.
const OPS: &str = "
    ADD AND ASSIGN BARRIER BIND BITCAST BLOCK BLOCKEND BLOCKFINAL BLOCKSTART BUFFER BUFFER_VIEW CAST CAT CMPLT CMPNE CONST
    CONTIGUOUS CONTIGUOUS_BACKWARD CONTRACT COPY CUSTOM CUSTOMI DEFINE_ACC DEFINE_GLOBAL DEFINE_LOCAL DEFINE_VAR DETACH DEVICE
    ENDIF ENDRANGE EXP2 EXPAND FDIV FLIP FUSE GEP IDIV IF IGNORE INDEX KERNEL LOAD LOG2 MAX MOD MUL MULACC MULTI NEG NOOP OR PAD
    PERMUTE POW PTRCAT RANGE RECIP REDUCE REDUCE_AXIS RESHAPE SHL SHR SHRINK SIN SINK SPECIAL SQRT STORE SUB THREEFRY UNIQUE
    UNROLL VALID VCONST VECTORIZE VIEW WHERE WMMA XOR";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn page() -> String {
    fs::read_to_string(path("docs/tinygrad.md")).expect("docs/tinygrad.md")
}

/// The cells of each row of a table of `text`, but for the heads of tables.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| cells.last() != Some(&"shown by")).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether `file` has the test, or the row of a golden table, that is called `name`.
fn has(file: &str, name: &str) -> bool {
    let text = fs::read_to_string(path(file)).unwrap_or_default();
    let test = format!("#[test]\nfn {name}()");
    let unindented: Vec<&str> = text.lines().map(str::trim_start).filter(|line| !line.starts_with("#[cfg(")).collect();
    unindented.join("\n").contains(&test) || text.lines().any(|line| line == format!("case {name}"))
}

#[test]
fn every_operation_stands_once() {
    let text = page();
    let (_, operations) = text.split_once("## Operations").expect("the part about operations");
    let (operations, _) = operations.split_once("\n## ").expect("the part after it");
    let found: Vec<&str> = rows(operations).iter().flat_map(|cells| cells[0].split(", ")).collect();
    let once: BTreeSet<&str> = found.iter().copied().collect();
    assert_eq!(found.len(), once.len(), "an operation stands twice");
    let expected: BTreeSet<&str> = OPS.split_whitespace().chain(["NAME", "EMPTY"]).collect();
    assert_eq!(once, expected);
}

#[test]
fn files_and_tests_that_are_named_exist() {
    let text = page();
    let mut wrong = vec![];
    for cells in rows(&text) {
        let [.., place, shown] = &cells[..] else { panic!("a row of few cells: {cells:?}") };
        let files: Vec<&str> = quoted(place).filter(|name| name.contains('/')).collect();
        let tests: Vec<&str> = quoted(shown).collect();
        wrong.extend(files.iter().filter(|file| !path(file).exists()).map(|file| format!("no file {file}")));
        let shows = |test: &&str| test.split_once("::").is_some_and(|(file, name)| has(file, name));
        wrong.extend(tests.iter().filter(|test| !shows(test)).map(|test| format!("no test {test}")));
        // What is not here has neither.
        wrong.extend((tests.is_empty() != files.is_empty()).then(|| format!("half a row: {}", cells[0])));
    }
    assert_eq!(wrong, [""; 0]);
}
