//! Golden tables: what every tensor method must return, computed by PyTorch in float64.
//!
//! [`cases`] gives the cases of one theme, [`find`] one case. The data is `<theme>.txt` beside this file, written
//! by `generate.py`; `README.md` states the format. Plain std, so that any test crate can take it in with
//! `#[path]`. It reads and compares; it does not evaluate anything.

#![allow(dead_code, unused_imports, reason = "each test crate that takes this file in uses a part of it")]

mod value;

pub use value::{Data, Element, Tolerance, Value};

use std::fmt;

macro_rules! themes {
    ($($name:literal)*) => {
        /// The name of each theme and the text of its table.
        pub const THEMES: &[(&str, &str)] = &[$(($name, include_str!(concat!($name, ".txt")))),*];
    };
}

themes! {
    "unary" "binary" "compare" "movement" "reduce" "softmax" "matmul"
    "norm" "conv" "pool" "attention" "index" "create" "loss" "cast" "integer" "edge" "random"
}

/// One call with its inputs, the expected result and, where it is differentiable, the expected gradients.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique within its theme; an identifier.
    pub name: String,
    /// The call in tg's tensor language, in terms of the inputs' names.
    pub code: String,
    /// The inputs by name, in the order of the functions' parameters.
    pub inputs: Vec<(String, Value)>,
    /// The result.
    pub out: Value,
    /// The weights `cot` of the scalar `(out * cot).sum()` that is differentiated.
    pub cotangent: Option<Value>,
    /// The gradient of that scalar by each float input.
    pub gradients: Vec<(String, Value)>,
    /// For the result.
    pub tolerance: Tolerance,
    /// For the gradients.
    pub gradient_tolerance: Tolerance,
}

impl Case {
    /// The input called `name`; the cotangent goes by the name `cot`.
    pub fn input(&self, name: &str) -> Result<&Value, String> {
        let given = self.inputs.iter().find(|(input, _)| input == name).map(|(_, value)| value);
        let value = if name == "cot" { self.cotangent.as_ref() } else { given };
        value.ok_or_else(|| format!("case {} has no input `{name}`", self.name))
    }

    /// Compares a computed result with the expected one.
    pub fn check_out(&self, got: &Value) -> Result<(), String> {
        let checked = got.compare(&self.out, self.tolerance);
        checked.map_err(|why| format!("{}: `{}`: {why}", self.name, self.code))
    }

    /// Compares computed gradients, in the order of [`Case::gradients`], with the expected ones.
    pub fn check_gradients(&self, got: &[Value]) -> Result<(), String> {
        if got.len() != self.gradients.len() {
            return Err(format!("{}: {} gradients, expected {}", self.name, got.len(), self.gradients.len()));
        }
        for (got, (input, want)) in got.iter().zip(&self.gradients) {
            let checked = got.compare(want, self.gradient_tolerance);
            checked.map_err(|why| format!("{}: gradient of `{}` by {input}: {why}", self.name, self.code))?;
        }
        Ok(())
    }
}

/// What is wrong with a table, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The table.
    pub theme: String,
    /// Counted from 1; of the `case` line where a whole case is wrong.
    pub line: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tests/golden/{}.txt:{}: {}", self.theme, self.line, self.message)
    }
}

/// The cases of the theme called `theme`.
pub fn cases(theme: &str) -> Result<Vec<Case>, Error> {
    let table = THEMES.iter().find(|(name, _)| *name == theme);
    let unknown = || Error { theme: theme.to_string(), line: 0, message: "there is no such theme".to_string() };
    let (name, text) = table.ok_or_else(unknown)?;
    parse(name, text)
}

/// The case called `name` of the theme called `theme`.
pub fn find(theme: &str, name: &str) -> Result<Case, Error> {
    let missing = || Error { theme: theme.to_string(), line: 0, message: format!("there is no case `{name}`") };
    cases(theme)?.into_iter().find(|case| case.name == name).ok_or_else(missing)
}

/// Reads the text of a table.
pub fn parse(theme: &str, text: &str) -> Result<Vec<Case>, Error> {
    let at = |line: usize, message: String| Error { theme: theme.to_string(), line, message };
    let mut drafts = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        read_line(&mut drafts, line, text.trim()).map_err(|message| at(line, message))?;
    }
    drafts.into_iter().map(|(line, draft)| draft.finish().map_err(|message| at(line, message))).collect()
}

fn read_line(drafts: &mut Vec<(usize, Draft)>, line: usize, text: &str) -> Result<(), String> {
    let (keyword, rest) = text.split_once(' ').unwrap_or((text, ""));
    match keyword {
        _ if text.is_empty() || text.starts_with('#') => Ok(()),
        "case" if drafts.iter().any(|(_, draft)| draft.name == rest) => Err(format!("there are two cases `{rest}`")),
        "case" => Draft::new(rest).map(|draft| drafts.push((line, draft))),
        _ => match drafts.last_mut() {
            Some((_, draft)) => draft.add(keyword, rest),
            None => Err(format!("expected `case NAME`, found `{text}`")),
        },
    }
}

/// The records of one case read so far.
#[derive(Default)]
struct Draft {
    name: String,
    code: Option<String>,
    inputs: Vec<(String, Value)>,
    out: Option<Value>,
    cotangent: Option<Value>,
    gradients: Vec<(String, Value)>,
    tolerance: Option<Tolerance>,
    gradient_tolerance: Option<Tolerance>,
}

impl Draft {
    fn new(name: &str) -> Result<Draft, String> {
        let plain = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("`{name}` is not the name of a case"));
        }
        Ok(Draft { name: name.to_string(), ..Draft::default() })
    }

    fn add(&mut self, keyword: &str, rest: &str) -> Result<(), String> {
        match keyword {
            "code" => set(&mut self.code, keyword, rest.to_string()),
            "in" => add_named(&mut self.inputs, keyword, rest),
            "out" => set(&mut self.out, keyword, Value::read(rest)?),
            "cot" => set(&mut self.cotangent, keyword, Value::read(rest)?),
            "grad" => add_named(&mut self.gradients, keyword, rest),
            "tol" => set(&mut self.tolerance, keyword, read_tolerance(rest)?),
            "gtol" => set(&mut self.gradient_tolerance, keyword, read_tolerance(rest)?),
            _ => Err(format!("unknown keyword `{keyword}`; known are case code in out cot grad tol gtol")),
        }
    }

    fn finish(self) -> Result<Case, String> {
        let missing = |what: &str| format!("case `{}` has no `{what}`", self.name);
        let case = Case {
            code: self.code.filter(|code| !code.is_empty()).ok_or_else(|| missing("code"))?,
            out: self.out.ok_or_else(|| missing("out"))?,
            inputs: self.inputs,
            cotangent: self.cotangent,
            gradients: self.gradients,
            tolerance: self.tolerance.unwrap_or(Tolerance::FORWARD),
            gradient_tolerance: self.gradient_tolerance.unwrap_or(Tolerance::GRADIENT),
            name: self.name,
        };
        check_gradient_records(&case).map(|()| case)
    }
}

fn set<T>(slot: &mut Option<T>, keyword: &str, value: T) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("a second `{keyword}` in one case")),
    }
}

fn add_named(list: &mut Vec<(String, Value)>, keyword: &str, rest: &str) -> Result<(), String> {
    let (name, value) =
        rest.split_once(' ').ok_or_else(|| format!("expected `{keyword} NAME DTYPE [SIZE,...] ...`"))?;
    if list.iter().any(|(known, _)| known == name) {
        return Err(format!("a second `{keyword} {name}` in one case"));
    }
    list.push((name.to_string(), Value::read(value)?));
    Ok(())
}

fn read_tolerance(text: &str) -> Result<Tolerance, String> {
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[rtol, atol]) if rtol >= 0.0 && atol >= 0.0 => Ok(Tolerance { rtol, atol }),
        _ => Err(format!("expected `RTOL ATOL`, two numbers that are not negative, found `{text}`")),
    }
}

/// A cotangent looks like the result, a gradient like its input, and each comes with the other.
fn check_gradient_records(case: &Case) -> Result<(), String> {
    let alike = |a: &Value, b: &Value| a.shape == b.shape && a.data.dtype() == b.data.dtype();
    if case.cotangent.is_some() == case.gradients.is_empty() {
        return Err(format!("case `{}` has gradients without `cot`, or `cot` without gradients", case.name));
    }
    if case.cotangent.as_ref().is_some_and(|cotangent| !alike(cotangent, &case.out)) {
        return Err(format!("`cot` of case `{}` has not the dtype and shape of `out`", case.name));
    }
    for (name, gradient) in &case.gradients {
        if !case.inputs.iter().any(|(input, value)| input == name && alike(value, gradient)) {
            return Err(format!("`grad {name}` of case `{}` has not the dtype and shape of an input", case.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "# comment\n\ncase square\ncode x * x\nin x f32 [2] 1 -3\nout f32 [2] 1 9\n\
                         cot f32 [2] 1 0.5\ngrad x f32 [2] 2 -3\ntol 1e-3 0\n";

    #[test]
    fn reads_a_whole_case() {
        let [case] = &parse("t", WHOLE).unwrap()[..] else { panic!("one case") };
        assert_eq!((case.name.as_str(), case.code.as_str()), ("square", "x * x"));
        assert_eq!(case.input("x").unwrap().elements::<f32>(), Ok(&[1.0, -3.0][..]));
        assert_eq!(case.input("cot").unwrap().elements::<f32>(), Ok(&[1.0, 0.5][..]));
        assert_eq!(case.tolerance, Tolerance { rtol: 1e-3, atol: 0.0 });
        assert_eq!(case.gradient_tolerance, Tolerance::GRADIENT);
        assert_eq!(case.input("z").unwrap_err(), "case square has no input `z`");
    }

    #[test]
    fn checks_results_and_gradients() {
        let case = &parse("t", WHOLE).unwrap()[0];
        let floats = |elements: [f32; 2]| Value::new(&[2], elements.to_vec()).unwrap();
        assert_eq!(case.check_out(&floats([1.0, 9.001])), Ok(()));
        assert!(case.check_out(&floats([1.0, 9.1])).unwrap_err().starts_with("square: `x * x`: 1 of 2 elements"));
        assert_eq!(case.check_gradients(&[floats([2.0, -3.0])]), Ok(()));
        assert!(case.check_gradients(&[floats([2.0, 3.0])]).unwrap_err().contains("gradient of `x * x` by x"));
        assert_eq!(case.check_gradients(&[]), Err("square: 0 gradients, expected 1".to_string()));
    }

    #[test]
    fn rejects_malformed_tables_with_line_and_reason() {
        let head = "case a\ncode x\nin x f32 [1] 1\n";
        let rest = "out f32 [1] 1\n";
        for (text, line, reason) in [
            ("code x\n".to_string(), 1, "expected `case NAME`"),
            ("case two words\n".to_string(), 1, "not the name of a case"),
            ("case\n".to_string(), 1, "not the name of a case"),
            (format!("{head}{rest}case a\n"), 5, "two cases `a`"),
            (format!("{head}{rest}colour red\n"), 5, "unknown keyword `colour`"),
            (format!("{head}{rest}{rest}"), 5, "a second `out`"),
            (format!("{head}in x f32 [1] 2\n{rest}"), 4, "a second `in x`"),
            (format!("{head}in\n"), 4, "expected `in NAME DTYPE"),
            (format!("{head}{rest}tol 1e-3\n"), 5, "expected `RTOL ATOL`"),
            (format!("{head}{rest}gtol -1 0\n"), 5, "expected `RTOL ATOL`"),
            (format!("{head}out f32 [1] x\n"), 4, "`x` is not a value of type f32"),
            (head.to_string(), 1, "case `a` has no `out`"),
            (format!("case a\n{rest}"), 1, "case `a` has no `code`"),
            (format!("{head}{rest}cot f32 [1] 1\n"), 1, "`cot` without gradients"),
            (format!("{head}{rest}grad x f32 [1] 1\n"), 1, "gradients without `cot`"),
            (format!("{head}{rest}cot f64 [1] 1\ngrad x f32 [1] 1\n"), 1, "`cot` of case `a`"),
            (format!("{head}{rest}cot f32 [1] 1\ngrad y f32 [1] 1\n"), 1, "`grad y` of case `a`"),
            (format!("{head}{rest}cot f32 [1] 1\ngrad x f32 [2] 1 1\n"), 1, "`grad x` of case `a`"),
        ] {
            let error = parse("t", &text).unwrap_err();
            assert!(error.line == line && error.message.contains(reason), "{text}{error}");
        }
    }

    #[test]
    fn errors_name_the_table_and_the_line() {
        let error = parse("unary", "case a\nnonsense\n").unwrap_err();
        assert!(error.to_string().starts_with("tests/golden/unary.txt:2: unknown keyword `nonsense`"), "{error}");
        assert!(cases("nowhere").is_err() && find("unary", "nowhere").is_err());
    }
}
