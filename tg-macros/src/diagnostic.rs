//! Errors of the user: where, what, and what would be right; collected, so that one build shows all of them.
//!
//! A place is a pair of spans, because joining spans is not stable: rustc underlines from the one to the other.

use std::cell::{Cell, RefCell};
use std::fmt;

use proc_macro2::{Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

/// The first and last token of what an error is about.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    start: Span,
    end: Span,
}

impl Place {
    /// Where `tokens` stand; the macro call itself if there are none.
    pub fn of(tokens: &impl ToTokens) -> Place {
        let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        Place { start, end: spans.last().unwrap_or(start) }
    }

    /// Tells places apart: spans have no other identity on stable Rust.
    fn key(self) -> String {
        format!("{:?} {:?}", self.start, self.end)
    }
}

/// An error text, with advice and the calls that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    text: String,
    help: Option<String>,
    calls: Option<String>,
}

impl Message {
    /// A text without advice.
    pub fn new(text: impl Into<String>) -> Message {
        Message { text: text.into(), help: None, calls: None }
    }

    /// The same text with advice.
    pub fn help(self, help: impl Into<String>) -> Message {
        Message { help: Some(help.into()), ..self }
    }

    /// The same text with other advice, if there is any.
    pub fn maybe_help(self, help: Option<String>) -> Message {
        Message { help: help.or(self.help.clone()), ..self }
    }

    /// The same text, said of `subject`.
    pub fn about(self, subject: &str) -> Message {
        Message { text: format!("{subject}: {}", self.text), ..self }
    }

    /// Known to arise while the functions `chain`, outermost first, call each other.
    pub fn within(self, chain: &[String]) -> Message {
        match chain {
            [] | [_] => self,
            _ => Message { calls: self.calls.or_else(|| Some(chain.join(" → "))), ..self },
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.help.iter().try_for_each(|help| write!(f, "\nhelp: {help}"))?;
        self.calls.iter().try_for_each(|calls| write!(f, "\nin the call {calls}"))
    }
}

/// All errors found so far, at most one for each place.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: RefCell<Vec<(Place, Message)>>,
    left_to_rustc: Cell<usize>,
}

impl Diagnostics {
    /// Adds an error. A second one at the same place would be about a consequence of the first, or about the same
    /// expression seen through another call, and is left out.
    pub fn report(&self, place: Place, message: Message) {
        let mut found = self.found.borrow_mut();
        if found.iter().all(|(other, _)| other.key() != place.key()) {
            found.push((place, message));
        }
    }

    /// Adds an error that can be found at several places: it is said at the first.
    pub fn report_once(&self, place: Place, message: Message) {
        if self.found.borrow().iter().all(|(_, other)| *other != message) {
            self.report(place, message);
        }
    }

    /// Adds the errors of the Rust parser.
    pub fn report_syntax(&self, error: syn::Error) {
        for error in error {
            let place = Place { start: error.span(), end: error.span() };
            self.report(place, Message::new(error.to_string()));
        }
    }

    /// Notes an error that rustc reports better, on the expanded items.
    pub fn leave_to_rustc(&self) {
        self.left_to_rustc.set(self.left_to_rustc.get() + 1);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.found.borrow().len() + self.left_to_rustc.get()
    }

    /// A `compile_error!` for each.
    pub fn to_tokens(&self) -> TokenStream {
        self.found.borrow().iter().map(|(place, message)| compile_error(*place, &message.to_string())).collect()
    }

    /// The texts, for tests.
    #[cfg(test)]
    pub fn texts(&self) -> Vec<String> {
        self.found.borrow().iter().map(|(_, message)| message.to_string()).collect()
    }
}

/// `::core::compile_error!{"text"}` whose first token stands at the start and whose last one at the end of `place`.
fn compile_error(place: Place, text: &str) -> TokenStream {
    let Place { start, end } = place;
    let path = quote_spanned!(start=> ::core::compile_error);
    let mut bang = Punct::new('!', Spacing::Alone);
    bang.set_span(start);
    let mut literal = proc_macro2::Literal::string(text);
    literal.set_span(end);
    let mut group = Group::new(proc_macro2::Delimiter::Brace, TokenTree::from(literal).into());
    group.set_span(end);
    [path, TokenTree::from(bang).into(), TokenTree::from(group).into()].into_iter().collect()
}

/// The candidate that someone who wrote `name` most likely means: less than a half of its letters differ, so that
/// single letters are not taken for each other.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let ranked = candidates.into_iter().map(|candidate| (edits(name, candidate), candidate));
    let (distance, best) = ranked.min()?;
    (distance * 2 < name.len().max(best.len())).then(|| best.to_owned())
}

/// Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`, ignoring case.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = rows[i][j] + usize::from(a[i] != b[j]);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The name of an identifier as the user means it, without `r#`.
pub fn name_of(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_suggested_and_distant_ones_are_not() {
        assert_eq!(closest("lables", ["labels", "logits"]), Some("labels".into()));
        assert_eq!(closest("rleu", ["exp", "relu"]), Some("relu".into()));
        assert_eq!(closest("x", ["weights", "bias"]), None);
        assert_eq!(closest("x", []), None);
    }

    #[test]
    fn one_place_has_one_error() {
        let errors = Diagnostics::default();
        let tokens: syn::File = syn::parse_str("fn a() {} fn b() {}").expect("valid");
        errors.report(Place::of(&tokens.items[0]), Message::new("first"));
        errors.report(Place::of(&tokens.items[0]), Message::new("second"));
        errors.report(Place::of(&tokens.items[1]), Message::new("third"));
        assert_eq!(errors.texts(), ["first", "third"]);
    }
}
