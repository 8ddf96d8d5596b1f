//! Rules, the `rules!` table, and sets of rules indexed by root op.

use std::ops::Add;

use super::pattern::{Found, MAX_HOLES, Pat};
use crate::ir::{Op, Uop};

/// What a rule says about itself, besides what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Why, or the identity in mathematics.
    Doc(&'static str),
    /// The right side may have more nodes than the left, for this reason.
    Grows(&'static str),
    /// Both sides may differ on floats, for this reason.
    Inexact(&'static str),
}

/// One row of a table.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The table.
    pub set: &'static str,
    /// The row.
    pub name: &'static str,
    /// The module that the table is in.
    pub module: &'static str,
    /// Both sides and the condition, as written.
    pub text: &'static str,
    /// The left side.
    pub left: Pat,
    /// What it says about itself.
    pub notes: &'static [Note],
    right: fn(&Found<'_>) -> Option<Replacement>,
}

/// The id of the node a rule made: what makes the right side a plain function type.
type Replacement = crate::ir::Id;

impl Rule {
    /// A rule of set, name, module and text; use the `rules!` table.
    pub fn new(
        [set, name, module, text]: [&'static str; 4],
        left: Pat,
        notes: &'static [Note],
        right: fn(&Found<'_>) -> Option<Replacement>,
    ) -> Rule {
        Rule { set, name, module, text, left, notes, right }
    }

    /// The replacement of `node`, if the rule applies.
    pub fn apply<'g>(&self, node: Uop<'g>) -> Option<Uop<'g>> {
        self.left.variants().iter().find_map(|left| self.apply_variant(left, node))
    }

    fn apply_variant<'g>(&self, left: &Pat, node: Uop<'g>) -> Option<Uop<'g>> {
        let mut found = Found::default();
        let right = left.matches(node, &mut found).then(|| (self.right)(&found))??;
        let right = node.graph().get(right);
        let fits = right != node && right.dtype() == node.dtype() && right.try_shape() == node.try_shape();
        fits.then_some(right)
    }
}

/// One way a rule can match, with what is known of the sources' ops for a cheap first test.
#[derive(Clone, Debug)]
struct Entry {
    rule: u16,
    left: Pat,
    sources: [Option<Op>; 2],
}

impl Entry {
    fn new(rule: usize, left: Pat) -> Entry {
        let mut sources = [None; 2];
        if let Pat::Node { src: Some(src), .. } = &left {
            for (slot, s) in sources.iter_mut().zip(src) {
                *slot = s.sole_op();
            }
        }
        Entry { rule: rule as u16, left, sources }
    }

    fn may_match(&self, sources: &[Option<Op>; 2]) -> bool {
        let fits = |i: usize| self.sources[i].is_none() || self.sources[i] == sources[i];
        fits(0) && fits(1)
    }
}

/// Rules in order of precedence, indexed by the op at their root.
#[derive(Clone, Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    by_op: Vec<Vec<Entry>>,
}

impl RuleSet {
    /// The set of `rules`; earlier ones take precedence.
    pub fn new(rules: Vec<Rule>) -> RuleSet {
        let mut by_op: Vec<Vec<Entry>> = vec![vec![]; Op::ALL.len()];
        for (i, rule) in rules.iter().enumerate() {
            for left in rule.left.variants() {
                for op in Op::ALL.iter().filter(|op| left.accepts(**op)) {
                    by_op[*op as usize].push(Entry::new(i, left.clone()));
                }
            }
        }
        RuleSet { rules, by_op }
    }

    /// The rules in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first rule that applies to `node` itself, and what it makes of it.
    pub fn apply<'g>(&self, node: Uop<'g>) -> Option<(&Rule, Uop<'g>)> {
        let entries = &self.by_op[node.op() as usize];
        if entries.is_empty() {
            return None;
        }
        let mut sources = [None; 2];
        for (slot, s) in sources.iter_mut().zip(node.srcs()) {
            *slot = Some(s.op());
        }
        entries.iter().filter(|e| e.may_match(&sources)).find_map(|entry| {
            let rule = &self.rules[entry.rule as usize];
            Some((rule, rule.apply_variant(&entry.left, node)?))
        })
    }
}

impl Add for RuleSet {
    type Output = RuleSet;
    fn add(self, other: RuleSet) -> RuleSet {
        RuleSet::new([self.rules, other.rules].concat())
    }
}

const _: () = assert!(MAX_HOLES <= u8::MAX as usize);

/// A table of rules: declares a function that returns the [`RuleSet`].
///
/// A row is `name [holes] left => right, if condition;`. Holes may say which dtypes they accept
/// (`[x: float, c]`); those that do not have the table's class (`pub fn division: index;`), or accept
/// every dtype. On the left, holes are patterns; on the right and in the condition they are the nodes
/// found. The right side may end in `?`: the rule then applies only where there is a result. Rows may
/// carry `#[grows = "why"]` and `#[inexact = "why"]`, see [`Note`].
#[macro_export]
macro_rules! rules {
    (@class any) => { $crate::rewrite::Class::Any };
    (@class index) => { $crate::rewrite::Class::Index };
    (@class int) => { $crate::rewrite::Class::Int };
    (@class integral) => { $crate::rewrite::Class::Integral };
    (@class float) => { $crate::rewrite::Class::Float };
    (@class number) => { $crate::rewrite::Class::Number };
    (@class bool) => { $crate::rewrite::Class::Bool };
    (@class $default:ident $class:ident) => { $crate::rules!(@class $class) };
    (@note doc) => { $crate::rewrite::Note::Doc };
    (@note grows) => { $crate::rewrite::Note::Grows };
    (@note inexact) => { $crate::rewrite::Note::Inexact };
    ($(#[$meta:meta])* $vis:vis fn $set:ident; $($rows:tt)*) => {
        $crate::rules! { $(#[$meta])* $vis fn $set: any; $($rows)* }
    };
    ($(#[$meta:meta])* $vis:vis fn $set:ident: $default:ident; $(
        $(#[$note:ident = $why:literal])*
        $name:ident [$($hole:ident $(: $class:ident)?),*] $left:expr => $right:expr $(, if $cond:expr)?;
    )*) => {
        $(#[$meta])*
        $vis fn $set() -> $crate::rewrite::RuleSet {
            $crate::rewrite::RuleSet::new(vec![$({
                #[allow(unused_variables, reason = "not every hole is used on both sides")]
                #[allow(clippy::eq_op, clippy::identity_op, clippy::erasing_op, clippy::modulo_one, reason = "data")]
                fn left() -> $crate::rewrite::Pat {
                    let mut free = 0u8..;
                    let mut hole = |class| $crate::rewrite::Hole { index: free.next().unwrap_or(0), class };
                    $(let $hole = hole($crate::rules!(@class $default $($class)?));)*
                    $crate::rewrite::Pat::from($left)
                }
                #[allow(unused_variables, reason = "not every hole is used on both sides")]
                fn right<'g>(found: &$crate::rewrite::Found<'g>) -> Option<$crate::ir::Id> {
                    let mut index = 0usize..;
                    $(let $hole = found.get(index.next()?)?;)*
                    $(let holds: bool = $cond; if !holds { return None; })?
                    let result: $crate::ir::Uop<'g> = $right;
                    Some(result.id())
                }
                const NOTES: &[$crate::rewrite::Note] = &[$($crate::rules!(@note $note)($why)),*];
                let text = concat!(stringify!($left => $right), $(" if ", stringify!($cond))?);
                let names = [stringify!($set), stringify!($name), module_path!(), text];
                $crate::rewrite::Rule::new(names, left(), NOTES, right)
            }),*])
        }
    };
}
