//! Text form: every argument both ways, random graphs, and texts that are not in the grammar.

use super::*;
use crate::dim::{Dim, Var};
use crate::dtype::{DType, Scalar, Space};
use crate::ir::{Arg, Arrangement, Fragment, Graph, Group, Op, Rows, Uop, Value};
use crate::view::{ShapeTracker, View};

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n.max(1)
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn many<T>(&mut self, mut item: impl FnMut(&mut Random) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| item(self)).collect()
    }

    fn var(&mut self) -> Var {
        let name = self.pick(&["N", "batch_size", "odd name", "é\"\\\n", "", "inf"]);
        let min = self.pick(&[0, 1, -5, i64::MIN]);
        Var::new(name, min, self.pick(&[1, 64, i64::MAX]))
    }

    fn dim(&mut self) -> Dim {
        let factor = |r: &mut Random| {
            if r.below(2) == 0 { Dim::from(r.var()) } else { Dim::from(r.pick(&[0, 1, -3, 784, i64::MIN])) }
        };
        let term = |r: &mut Random| (0..r.below(3)).fold(factor(r), |product, _| &product * &factor(r));
        (0..self.below(4)).fold(term(self), |sum, _| &sum + &term(self))
    }

    fn value(&mut self) -> Value {
        let floats = [0.0, -0.0, 1.5, -1e-300, 1e16, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
        match self.below(3) {
            0 => Value::Bool(self.below(2) == 0),
            1 => Value::Int(self.pick(&[0, -1, 7, i128::MAX, i128::MIN, u64::MAX as i128])),
            _ => Value::Float(self.pick(&floats)),
        }
    }

    fn view(&mut self) -> View {
        let mask = (self.below(2) == 0).then(|| self.many(|r| (r.dim(), r.dim())));
        View { shape: self.many(Random::dim), strides: self.many(Random::dim), offset: self.dim(), mask }
    }

    fn group(&mut self) -> Group {
        let factors = [(); 2].map(|()| self.pick(&[Rows::Along, Rows::Across(0), Rows::Across(8192)]));
        Group { fragment: self.pick(Fragment::ALL), columns: self.pick(&[0, 32, 256]), factors }
    }

    fn arg(&mut self) -> Arg {
        let number = self.below(100) as u32;
        match self.below(17) {
            0 => Arg::Value(self.value()),
            1 => Arg::Var(self.var()),
            2 => Arg::Shape(self.many(Random::dim)),
            3 => Arg::Axes(self.many(|r| r.below(5))),
            4 => Arg::Pairs(self.many(|r| (r.dim(), r.dim()))),
            5 => Arg::View(ShapeTracker { views: self.many(Random::view) }),
            6 => Arg::Reduce(self.pick(Op::ALL), self.many(|r| r.below(5))),
            7 => Arg::Op(self.pick(Op::ALL)),
            8 => Arg::Buffer(number, self.many(Random::dim)),
            9 => Arg::Slot(number),
            10 => Arg::Local(number, self.next() as u32 >> 1, self.pick(&[Arrangement::Plain, Arrangement::Swizzled])),
            11 => Arg::Range(number, self.pick(&AXES).0),
            12 => Arg::Name(self.pick(&["kernel", "", "a \"b\" # c", "日本\t"]).into()),
            13 => Arg::Stream,
            14 => Arg::Group(self.group()),
            15 => Arg::Prefetch,
            _ => Arg::None,
        }
    }

    fn dtype(&mut self) -> DType {
        let space = self.pick(&[None, None, Some(Space::Global), Some(Space::Constant), Some(Space::Local)]);
        let dtype = DType { scalar: self.pick(Scalar::ALL), lanes: self.pick(&[1, 1, 4, 16]), space };
        if self.below(8) == 0 { DType::VOID } else { dtype }
    }

    /// A node of any op over earlier ones, with the right number of sources and any argument.
    fn node<'g>(&mut self, g: &'g Graph, earlier: &[Uop<'g>]) -> Option<Uop<'g>> {
        let op = self.pick(Op::ALL);
        let count = op.arity().unwrap_or_else(|| self.below(4));
        let src: Vec<Uop> = (0..count).filter_map(|_| earlier.get(self.below(earlier.len())).copied()).collect();
        (src.len() == count).then(|| g.node(op, self.dtype(), &src, self.arg()))
    }

    fn graph<'g>(&mut self, g: &'g Graph, size: usize) -> Uop<'g> {
        let mut nodes = Vec::new();
        for _ in 0..size {
            nodes.extend(self.node(g, &nodes));
        }
        g.sink(&nodes)
    }
}

#[test]
fn random_graphs_print_and_parse_to_themselves() {
    let mut r = Random(1);
    for round in 0..500 {
        let g = Graph::new();
        let root = r.graph(&g, 20);
        let text = print(root);
        assert!(parse(&g, &text) == Ok(root), "round {round}: {:?}\n{text}", parse(&g, &text));
        let other = Graph::new();
        let again = parse(&other, &text).map(print);
        assert_eq!(again.as_ref(), Ok(&text), "round {round}");
    }
}

#[test]
fn damaged_texts_are_values_or_errors() {
    let mut r = Random(2);
    let mut refused = 0;
    for _ in 0..3000 {
        let g = Graph::new();
        let mut bytes = print(r.graph(&g, 6)).into_bytes();
        for _ in 0..1 + r.below(3) {
            let at = r.below(bytes.len());
            match r.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, r.pick(b"%=()[]{}*+,.\"\\-#? \n0179aex")),
                2 if !bytes.is_empty() => bytes[at] = r.next() as u8,
                _ if !bytes.is_empty() => drop(bytes.remove(at)),
                _ => {}
            }
        }
        refused += parse(&Graph::new(), &String::from_utf8_lossy(&bytes)).is_err() as usize;
    }
    assert!(refused > 1000, "mutations must reach the errors: {refused}");
}

#[test]
fn the_form_is_as_documented() {
    let text = "\
%0 = BUFFER u8 () buffer 0 [N[1..=64], 784]
%1 = CAST f32 (%0)
%2 = CONST f32 () value 255.0
%3 = FDIV f32 (%1, %2)
%4 = RESHAPE f32 (%3) shape [N[1..=64]*784]
%5 = VIEW f32 (%4) view [{shape [4, 5] strides [-3, 1] offset 5 mask [(1, 3), (1, 4)]}]
%6 = REDUCE_AXIS f32 (%5) reduce ADD [0, 1]
%7 = SINK void (%6) name \"sum\"
";
    let g = Graph::new();
    let root = parse(&g, text).unwrap();
    assert_eq!(print(root), text);
    assert_eq!(g.fresh(), 1, "the number of the buffer is taken");
    let commented = text.replace('\n', "   # a remark \"\n\n# a line\n");
    assert_eq!(parse(&g, &commented), Ok(root));
    let labels = text.replace("%3", "%33").replace("  ", " ");
    assert_eq!(parse(&g, &labels), Ok(root));
    assert_eq!(parse_list(&g, text).unwrap().len(), 8);
}

#[test]
fn errors_say_where_and_what() {
    let cases = [
        ("", "line 1, column 1: expected a node, got the end of the text"),
        ("\n# nothing\n", "line 3, column 1: expected a node, got the end of the text"),
        ("%0 = CONST i32 ()  value 3 4", "line 1, column 28: expected the end of the line, got `4`"),
        ("%0 = CONST i33 () value 3", "line 1, column 12: expected a dtype, got `i33`"),
        ("%0 = CONS i32 ()", "line 1, column 6: expected an op, got `CONS`"),
        ("\n%1 = NEG i32 (%0)", "line 2, column 16: expected the label of an earlier line, got `0`"),
        ("%0 = NEG i32 ()", "line 1, column 15: expected NEG with 1 source(s), not 0, got `)`"),
        (
            "%0 = CONST i32 () value 1\n%0 = CONST i32 () value 2",
            "line 2, column 2: expected a label that no earlier line has, got `0`",
        ),
        (
            "%0 = DEFINE_VAR index () var N[4..=3]",
            "line 1, column 36: expected the largest value, not below the smallest, got `3`",
        ),
        ("%0 = SINK void () name \"a", "line 1, column 26: expected a closing quote, got the end of the line"),
        ("%0 = SINK void () name \"\\q\"", "line 1, column 26: expected one of n r t \\ \" ' u{hex}, got 'q'"),
        ("%0 = RANGE index () range 1 row", "line 1, column 19: expected RANGE with 1 source(s), not 0, got `)`"),
        ("%0 = IOTA i32 () shape [4 5]", "line 1, column 27: expected `,` or `]`, got `5`"),
        (
            "%0 = BUFFER i32 () buffer 4294967295 []",
            "line 1, column 27: expected a number below 2^31, got `4294967295`",
        ),
        ("%0 = CONST f32 () value 1.0 $", "line 1, column 29: expected a name, a number, a string or a sign, got '$'"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(&Graph::new(), text).map(|_| ()).map_err(|e| e.to_string()), Err(expected.into()), "{text}");
    }
    let words = "%0 = CONST i32 () 3";
    let error = parse(&Graph::new(), words).unwrap_err();
    assert!(error.expected.contains("value, var, shape") && error.column == 19, "{error}");
}

#[test]
fn nan_bits_and_wide_integers_survive() {
    let g = Graph::new();
    for (value, text) in [
        (Value::Float(f64::NAN), "nan"),
        (Value::Float(f64::from_bits(0x7ff8_0000_0000_0001)), "nan(9221120237041090561)"),
        (Value::Float(-0.0), "-0.0"),
        (Value::Float(f64::NEG_INFINITY), "-inf"),
        (Value::Int(i128::MIN), "-170141183460469231731687303715884105728"),
        (Value::Bool(true), "true"),
    ] {
        let node = g.node(Op::Const, DType::F64, &[], Arg::Value(value));
        assert_eq!(print(node), format!("%0 = CONST f64 () value {text}\n"));
        assert_eq!(parse(&g, &print(node)), Ok(node));
    }
}

#[test]
fn the_example_of_the_documentation_parses() {
    let page = include_str!("../../../../docs/text-form.md");
    let example = page.split("```").nth(1).unwrap_or_default();
    assert_eq!(parse(&Graph::new(), example).map(|root| root.op()), Ok(Op::Sink));
}

#[test]
fn the_verifier_takes_any_graph() {
    use crate::ir::spec::{Stage, verify};
    let (mut r, mut refused) = (Random(3), 0);
    for _ in 0..300 {
        let g = Graph::new();
        let nodes = r.graph(&g, 20).toposort();
        for stage in [Stage::Tensor, Stage::Kernel, Stage::Loops, Stage::Linear] {
            let Err(violations) = verify(stage, &nodes) else { continue };
            refused += 1;
            assert!(parse(&Graph::new(), &violations.to_string()).is_ok(), "{violations}");
        }
    }
    assert!(refused > 1000, "random nodes rarely fit: {refused}");
}
