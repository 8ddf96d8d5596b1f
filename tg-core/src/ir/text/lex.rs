//! One line of text to tokens.

use std::fmt;

use super::ParseError;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name or keyword, possibly with a sign before it, as in `-inf`.
    Word(String),
    /// The text of a number.
    Number(String),
    /// A string, without quotes and escapes.
    Text(String),
    /// One of `PUNCTUATION`.
    Sign(&'static str),
    /// The end of the line.
    End,
}

/// A token and the column it starts in, counted from 1 in characters.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub column: usize,
}

/// Longer signs before those they begin with.
const PUNCTUATION: [&str; 13] = ["..=", "%", "=", "(", ")", "[", "]", "{", "}", ",", "*", "+", "?"];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Word(text) | Kind::Number(text) => write!(f, "`{text}`"),
            Kind::Text(text) => write!(f, "{text:?}"),
            Kind::Sign(sign) => write!(f, "`{sign}`"),
            Kind::End => f.write_str("the end of the line"),
        }
    }
}

/// The tokens of `text`, which is line `line`; the last one is [`Kind::End`].
pub(super) fn tokens(text: &str, line: usize) -> Result<Vec<Token>, ParseError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() && chars[at] != '#' {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let (kind, next) = token(&chars, at).map_err(|(place, expected)| {
            let got = chars.get(place).map_or(Kind::End.to_string(), |c| format!("{c:?}"));
            ParseError { line, column: place + 1, expected: expected.into(), got }
        })?;
        tokens.push(Token { kind, column: at + 1 });
        at = next;
    }
    tokens.push(Token { kind: Kind::End, column: at + 1 });
    Ok(tokens)
}

/// Where the token at hand fails, and what would have been right there.
type Failure = (usize, &'static str);

fn token(chars: &[char], at: usize) -> Result<(Kind, usize), Failure> {
    let start = at + (chars[at] == '-') as usize;
    let text = |end: usize| chars[at..end].iter().collect::<String>();
    match chars.get(start) {
        Some('"') if start == at => string(chars, at + 1),
        Some(c) if c.is_ascii_digit() => Ok((Kind::Number(text(number(chars, start))), number(chars, start))),
        Some(c) if is_word(*c) => {
            let end = skip(chars, start, is_word);
            Ok((Kind::Word(text(end)), end))
        }
        _ => {
            let here = |sign: &&str| sign.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
            let sign = PUNCTUATION.into_iter().find(here).ok_or((at, "a name, a number, a string or a sign"))?;
            Ok((Kind::Sign(sign), at + sign.len()))
        }
    }
}

/// `@` belongs to dtypes.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '@'
}

fn skip(chars: &[char], from: usize, is: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|&i| !is(chars[i])).unwrap_or(chars.len())
}

/// The end of a number that starts at `from`: digits, a fraction, an exponent. `1..=2` is not a fraction.
fn number(chars: &[char], from: usize) -> usize {
    let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let digits = |from| skip(chars, from, |c| c.is_ascii_digit());
    let mut end = digits(from);
    if chars.get(end) == Some(&'.') && digit(end + 1) {
        end = digits(end + 1);
    }
    let sign = matches!(chars.get(end + 1), Some('-' | '+')) as usize;
    match chars.get(end) {
        Some('e') if digit(end + 1 + sign) => digits(end + 1 + sign),
        _ => end,
    }
}

/// A string whose first character is at `at`, and the place after its closing quote.
fn string(chars: &[char], mut at: usize) -> Result<(Kind, usize), Failure> {
    let mut text = String::new();
    loop {
        match chars.get(at) {
            None => return Err((at, "a closing quote")),
            Some('"') => return Ok((Kind::Text(text), at + 1)),
            Some('\\') => {
                let (c, next) = escape(chars, at + 1)?;
                text.push(c);
                at = next;
            }
            Some(c) => {
                text.push(*c);
                at += 1;
            }
        }
    }
}

fn escape(chars: &[char], at: usize) -> Result<(char, usize), Failure> {
    const SIMPLE: [(char, char); 6] = [('n', '\n'), ('r', '\r'), ('t', '\t'), ('\\', '\\'), ('"', '"'), ('\'', '\'')];
    let code = *chars.get(at).ok_or((at, "an escape"))?;
    if let Some((_, c)) = SIMPLE.iter().find(|(name, _)| *name == code) {
        return Ok((*c, at + 1));
    }
    let close = skip(chars, at + 2, |c| c.is_ascii_hexdigit());
    let digits: String = chars.get(at + 2..close).unwrap_or(&[]).iter().collect();
    let c = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
    match (code, chars.get(at + 1), chars.get(close), c) {
        ('u', Some('{'), Some('}'), Some(c)) => Ok((c, close + 1)),
        _ => Err((at, r#"one of n r t \ " ' u{hex}"#)),
    }
}
