//! Text to nodes: a row per argument keyword, recursive nowhere.

use std::fmt;
use std::str::FromStr;

use rustc_hash::FxHashMap;

use super::lex::{Kind, Token, tokens};
use super::{AXES, SPECIALS, is_plain};
use crate::dim::{Dim, Var};
use crate::dtype::DType;
use crate::ir::{Arg, Arrangement, Axis, Fragment, Graph, Group, Op, Rows, Special, Uop, Value};
use crate::view::{ShapeTracker, View};

/// Most items a list of axes, dimensions or views may have.
const MAX_AXES: usize = 32;
/// Most terms a dimension may have. With [`MAX_AXES`] it bounds the polynomials that shapes multiply to.
const MAX_TERMS: usize = 8;
/// Numbers of buffers, ranges, slots, axes and lanes are below this, so that fresh ones are left.
const MAX_NUMBER: u32 = 1 << 31;

/// Why a text is not in the grammar, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What could have stood there.
    pub expected: String,
    /// What stands there.
    pub got: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: expected {}, got {}", self.line, self.column, self.expected, self.got)
    }
}

impl std::error::Error for ParseError {}

/// The last node of `text`, built in `graph` with all before it.
///
/// # Errors
/// If the text is not in the grammar of `docs/text-form.md`, with the place.
pub fn parse<'g>(graph: &'g Graph, text: &str) -> Result<Uop<'g>, ParseError> {
    let line = text.lines().count() + 1;
    let nothing = || ParseError { line, column: 1, expected: "a node".into(), got: "the end of the text".into() };
    parse_list(graph, text)?.pop().ok_or_else(nothing)
}

/// Every node of `text`, in its order.
///
/// # Errors
/// As [`parse`].
pub fn parse_list<'g>(graph: &'g Graph, text: &str) -> Result<Vec<Uop<'g>>, ParseError> {
    let mut labels: FxHashMap<u32, Uop<'g>> = FxHashMap::default();
    let mut list = Vec::new();
    for (i, text) in text.lines().enumerate() {
        let mut line = Line { tokens: tokens(text, i + 1)?, at: 0, line: i + 1 };
        if *line.peek() != Kind::End {
            list.push(line.node(graph, &mut labels)?);
        }
    }
    Ok(list)
}

/// The dimension that `text` is.
///
/// # Errors
/// As [`parse`].
pub fn parse_dim(text: &str) -> Result<Dim, ParseError> {
    let mut line = Line { tokens: tokens(text, 1)?, at: 0, line: 1 };
    let dim = line.dim()?;
    line.take("the end of the line", |k| (*k == Kind::End).then_some(()))?;
    Ok(dim)
}

type Parsed<T> = Result<T, ParseError>;

/// The tokens of one line and how many of them are read.
struct Line {
    tokens: Vec<Token>,
    at: usize,
    line: usize,
}

impl Line {
    fn peek(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::End, |t| &t.kind)
    }

    fn error<T>(&self, expected: impl Into<String>) -> Parsed<T> {
        let column = self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |t| t.column);
        Err(ParseError { line: self.line, column, expected: expected.into(), got: self.peek().to_string() })
    }

    /// What `read` makes of the next token; an error saying `expected` if that is nothing.
    fn take<T>(&mut self, expected: &str, read: impl Fn(&Kind) -> Option<T>) -> Parsed<T> {
        match read(self.peek()) {
            Some(value) => {
                self.at += 1;
                Ok(value)
            }
            None => self.error(expected),
        }
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Kind::Sign(s) if *s == sign);
        self.at += found as usize;
        found
    }

    fn sign(&mut self, sign: &str) -> Parsed<()> {
        if self.accept(sign) { Ok(()) } else { self.error(format!("`{sign}`")) }
    }

    fn keyword(&mut self, word: &str) -> Parsed<()> {
        self.take(&format!("`{word}`"), |k| matches!(k, Kind::Word(w) if w == word).then_some(()))
    }

    fn number<T: FromStr>(&mut self, expected: &str) -> Parsed<T> {
        self.take(expected, |k| if let Kind::Number(text) = k { text.parse().ok() } else { None })
    }

    /// A number that names something.
    fn small(&mut self) -> Parsed<u32> {
        let small = |text: &String| text.parse().ok().filter(|n| *n < MAX_NUMBER);
        self.take("a number below 2^31", |k| if let Kind::Number(text) = k { small(text) } else { None })
    }

    fn op(&mut self) -> Parsed<Op> {
        self.take("an op", |k| if let Kind::Word(text) = k { text.parse().ok() } else { None })
    }

    fn dtype(&mut self) -> Parsed<DType> {
        let star = matches!(self.tokens.get(self.at + 1), Some(Token { kind: Kind::Sign("*"), .. }));
        let read = |text: &String| format!("{text}{}", if star { "*" } else { "" }).parse().ok();
        let dtype = self.take("a dtype", |k| if let Kind::Word(text) = k { read(text) } else { None })?;
        self.at += star as usize;
        Ok(dtype)
    }

    /// `open item, item, … close`.
    fn list<T>(
        &mut self,
        [open, close]: [&str; 2],
        max: usize,
        item: impl Fn(&mut Line) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.sign(open)?;
        let mut items = Vec::new();
        while !self.accept(close) {
            if items.len() == max {
                return self.error(format!("`{close}` after at most {max} items"));
            }
            if !items.is_empty() && !self.accept(",") {
                return self.error(format!("`,` or `{close}`"));
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn node<'g>(&mut self, graph: &'g Graph, labels: &mut FxHashMap<u32, Uop<'g>>) -> Parsed<Uop<'g>> {
        self.sign("%")?;
        let label = match labels.contains_key(&self.peek_number()) {
            true => return self.error("a label that no earlier line has"),
            false => self.small()?,
        };
        self.sign("=")?;
        let (op, dtype) = (self.op()?, self.dtype()?);
        let src = self.list(["(", ")"], usize::MAX, |line| line.source(labels))?;
        if let Some(arity) = op.arity().filter(|n| *n != src.len()) {
            self.at -= 1;
            return self.error(format!("{op} with {arity} source(s), not {}", src.len()));
        }
        let arg = self.arg()?;
        self.take("the end of the line", |k| (*k == Kind::End).then_some(()))?;
        reserve(graph, op, &arg);
        let node = graph.node(op, dtype, &src, arg);
        labels.insert(label, node);
        Ok(node)
    }

    fn peek_number(&self) -> u32 {
        if let Kind::Number(text) = self.peek() { text.parse().unwrap_or(MAX_NUMBER) } else { MAX_NUMBER }
    }

    fn source<'g>(&mut self, labels: &FxHashMap<u32, Uop<'g>>) -> Parsed<Uop<'g>> {
        self.sign("%")?;
        let find = |k: &Kind| if let Kind::Number(text) = k { labels.get(&text.parse().ok()?).copied() } else { None };
        self.take("the label of an earlier line", find)
    }

    fn arg(&mut self) -> Parsed<Arg> {
        if *self.peek() == Kind::End {
            return Ok(Arg::None);
        }
        let row = |k: &Kind| KEYWORDS.iter().find(|(name, _)| matches!(k, Kind::Word(w) if w == name));
        let names: Vec<&str> = KEYWORDS.iter().map(|(name, _)| *name).collect();
        let expected = format!("the end of the line or one of: {}", names.join(", "));
        let (_, read) = self.take(&expected, row)?;
        read(self)
    }

    fn value(&mut self) -> Parsed<Value> {
        let value = self.take("a number, `true`, `false`, `inf`, `-inf` or `nan`", constant)?;
        if matches!(value, Value::Float(v) if v.is_nan()) && self.accept("(") {
            let bits = self.take("the bits of a NaN", |k| match k {
                Kind::Number(text) => text.parse().ok().map(f64::from_bits).filter(|v| v.is_nan()),
                _ => None,
            })?;
            self.sign(")")?;
            return Ok(Value::Float(bits));
        }
        Ok(value)
    }

    fn var(&mut self) -> Parsed<Var> {
        let name = self.take("a variable", |k| match k {
            Kind::Word(name) if is_plain(name) => Some(name.clone()),
            Kind::Text(name) => Some(name.clone()),
            _ => None,
        })?;
        self.sign("[")?;
        let min: i64 = self.number("the smallest value")?;
        self.sign("..=")?;
        let max = self.take("the largest value, not below the smallest", |k| match k {
            Kind::Number(text) => text.parse().ok().filter(|max| min <= *max),
            _ => None,
        })?;
        self.sign("]")?;
        Ok(Var::new(&name, min, max))
    }

    fn dim(&mut self) -> Parsed<Dim> {
        let mut sum = self.term()?;
        for _ in 1..MAX_TERMS {
            if !self.accept("+") {
                return Ok(sum);
            }
            sum = &sum + &self.term()?;
        }
        if self.accept("+") { self.error(format!("at most {MAX_TERMS} terms")) } else { Ok(sum) }
    }

    fn term(&mut self) -> Parsed<Dim> {
        let mut product = self.factor()?;
        while self.accept("*") {
            product = &product * &self.factor()?;
        }
        Ok(product)
    }

    fn factor(&mut self) -> Parsed<Dim> {
        match self.peek() {
            Kind::Number(_) => self.number::<i64>("an integer of 64 bits").map(Dim::from),
            Kind::Word(_) | Kind::Text(_) => self.var().map(Dim::from),
            _ => self.error("an integer or a variable"),
        }
    }

    fn dims(&mut self) -> Parsed<Vec<Dim>> {
        self.list(["[", "]"], MAX_AXES, Line::dim)
    }

    fn axes(&mut self) -> Parsed<Vec<usize>> {
        self.list(["[", "]"], MAX_AXES, |line| line.small().map(|n| n as usize))
    }

    fn pairs(&mut self) -> Parsed<Vec<(Dim, Dim)>> {
        self.list(["[", "]"], MAX_AXES, |line| {
            line.sign("(")?;
            let first = line.dim()?;
            line.sign(",")?;
            let second = line.dim()?;
            line.sign(")")?;
            Ok((first, second))
        })
    }

    fn axis(&mut self) -> Parsed<Axis> {
        match self.take("an axis kind", axis)? {
            Axis::Thread(_) => self.take("a bit of a thread's number", bit).map(Axis::Thread),
            axis => Ok(axis),
        }
    }

    fn group(&mut self) -> Parsed<Group> {
        let fragment = self.take("a shape of fragments", fragment)?;
        let columns = self.take("a number of columns", columns)?;
        Ok(Group { fragment, columns, factors: [self.rows()?, self.rows()?] })
    }

    fn rows(&mut self) -> Parsed<Rows> {
        match self.take("`along` or `across`", rows)? {
            Rows::Across(_) => self.small().map(Rows::Across),
            rows => Ok(rows),
        }
    }

    fn view(&mut self) -> Parsed<View> {
        self.sign("{")?;
        self.keyword("shape")?;
        let shape = self.dims()?;
        self.keyword("strides")?;
        let strides = self.dims()?;
        self.keyword("offset")?;
        let offset = self.dim()?;
        let mask = if *self.peek() == Kind::Word("mask".into()) {
            self.at += 1;
            Some(self.pairs()?)
        } else {
            None
        };
        self.sign("}")?;
        Ok(View { shape, strides, offset, mask })
    }
}

/// A keyword and how the rest of its argument is read.
type Keyword = (&'static str, fn(&mut Line) -> Parsed<Arg>);

const KEYWORDS: &[Keyword] = &[
    ("value", |l| l.value().map(Arg::Value)),
    ("var", |l| l.var().map(Arg::Var)),
    ("shape", |l| l.dims().map(Arg::Shape)),
    ("axes", |l| l.axes().map(Arg::Axes)),
    ("pairs", |l| l.pairs().map(Arg::Pairs)),
    ("view", |l| l.list(["[", "]"], MAX_AXES, Line::view).map(|views| Arg::View(ShapeTracker { views }))),
    ("reduce", |l| Ok(Arg::Reduce(l.op()?, l.axes()?))),
    ("op", |l| l.op().map(Arg::Op)),
    ("buffer", |l| Ok(Arg::Buffer(l.small()?, l.dims()?))),
    ("slot", |l| l.small().map(Arg::Slot)),
    ("local", |l| Ok(Arg::Local(l.small()?, l.small()?, Arrangement::Plain))),
    ("swizzled", |l| Ok(Arg::Local(l.small()?, l.small()?, Arrangement::Swizzled))),
    ("range", |l| Ok(Arg::Range(l.small()?, l.axis()?))),
    ("special", |l| l.take("`block` or `thread`", special).map(Arg::Special)),
    ("fragment", |l| l.take("a shape of fragments", fragment).map(Arg::Fragment)),
    ("group", |l| l.group().map(Arg::Group)),
    ("stream", |_| Ok(Arg::Stream)),
    ("prefetch", |_| Ok(Arg::Prefetch)),
    ("ahead", |l| l.small().map(Arg::Ahead)),
    ("matrices", |l| Ok(Arg::Matrices(l.small()?, l.value()?.is_true()))),
    ("name", |l| l.take("a quoted name", |k| if let Kind::Text(t) = k { Some(Arg::Name(t.clone())) } else { None })),
];

fn axis(kind: &Kind) -> Option<Axis> {
    AXES.iter().find(|(_, name)| matches!(kind, Kind::Word(w) if w == name)).map(|(axis, _)| *axis)
}

fn special(kind: &Kind) -> Option<Special> {
    SPECIALS.iter().find(|(_, name)| matches!(kind, Kind::Word(w) if w == name)).map(|(special, _)| *special)
}

fn bit(kind: &Kind) -> Option<u8> {
    if let Kind::Number(text) = kind { text.parse().ok().filter(|bit| *bit < 10) } else { None }
}

fn columns(kind: &Kind) -> Option<u16> {
    if let Kind::Number(text) = kind { text.parse().ok() } else { None }
}

fn rows(kind: &Kind) -> Option<Rows> {
    let ways = [("along", Rows::Along), ("across", Rows::Across(0))];
    ways.into_iter().find(|(name, _)| matches!(kind, Kind::Word(w) if w == name)).map(|(_, rows)| rows)
}

fn fragment(kind: &Kind) -> Option<Fragment> {
    if let Kind::Word(word) = kind { Fragment::ALL.iter().copied().find(|f| f.name() == word) } else { None }
}

/// Integers have digits only; anything with a point or an exponent is a float.
fn constant(kind: &Kind) -> Option<Value> {
    match kind {
        Kind::Number(text) if text.contains(['.', 'e']) => text.parse().ok().map(Value::Float),
        Kind::Number(text) => text.parse().ok().map(Value::Int),
        Kind::Word(word) => match word.as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "inf" => Some(Value::Float(f64::INFINITY)),
            "-inf" => Some(Value::Float(f64::NEG_INFINITY)),
            "nan" => Some(Value::Float(f64::NAN)),
            _ => None,
        },
        _ => None,
    }
}

/// Numbers that [`Graph::fresh`] hands out and the text has used.
fn reserve(graph: &Graph, op: Op, arg: &Arg) {
    match (op, arg) {
        (_, Arg::Buffer(number, _) | Arg::Range(number, _) | Arg::Local(number, ..)) => graph.reserve(*number),
        (Op::DefineAcc, Arg::Slot(number)) => graph.reserve(*number),
        _ => {}
    }
}
