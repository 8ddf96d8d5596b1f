//! JSON, written into a script element of a page: compact, and with no character that could end the element.

use std::fmt::Write;

/// A value.
pub(super) enum Json {
    Number(i128),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(&'static str, Json)>),
}

impl Json {
    /// A list of what `items` are made into.
    pub(super) fn list<T>(items: impl IntoIterator<Item = T>, each: impl FnMut(T) -> Json) -> Json {
        Json::List(items.into_iter().map(each).collect())
    }

    /// A list of numbers.
    pub(super) fn numbers<T: Into<i128>>(items: impl IntoIterator<Item = T>) -> Json {
        Json::list(items, |number| Json::Number(number.into()))
    }

    /// Appends the text of this value.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            // Writing to a string cannot fail.
            Json::Number(number) => drop(write!(out, "{number}")),
            Json::Text(text) => quote(text, out),
            Json::List(items) => {
                out.push('[');
                separated(items, out, Json::write);
                out.push(']');
            }
            Json::Map(items) => {
                out.push('{');
                separated(items, out, |(key, value), out| {
                    quote(key, out);
                    out.push(':');
                    value.write(out);
                });
                out.push('}');
            }
        }
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Json {
        Json::Number(number as i128)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Json {
        Json::Number(number.into())
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(text)
    }
}

fn separated<T>(items: &[T], out: &mut String, mut write: impl FnMut(&T, &mut String)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
}

/// Every `<` is escaped: `</script` would end the element, `<!--` would change how it ends.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '<' | '\0'..='\x1f' | '\x7f' | '\u{2028}' | '\u{2029}' => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_element_or_the_string() {
        let text = "</script><!-- \"a\\b\"\n\t\r\0\u{2028}é&'";
        let mut out = String::new();
        Json::Map(vec![("k", Json::list([text], Json::from)), ("n", Json::numbers([-1i32, 7]))]).write(&mut out);
        let quoted = r#"\u003c/script>\u003c!-- \"a\\b\"\n\t\u000d\u0000\u2028é&'"#;
        assert_eq!(out, format!("{{\"k\":[\"{quoted}\"],\"n\":[-1,7]}}"));
    }
}
