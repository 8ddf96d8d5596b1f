//! One kernel-stage operation at one point of its loops: what [`super::kernel`] and [`super::linear`]
//! have in common.

use crate::dim::Var;
use crate::interpret::Error;
use crate::interpret::bits::bitcast;
use crate::interpret::memory::{Memory, Place};
use crate::ir::{Arg, Op, Uop, Value, eval};

/// What a node of a kernel stands for at one point.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// Lanes of a value; one for scalars, none for operations without a value.
    Lanes(Vec<Value>),
    /// An address.
    Place(Place),
}

impl Cell {
    pub fn int(value: i64) -> Cell {
        Cell::Lanes(vec![Value::from(value)])
    }

    pub fn lanes(&self, user: Uop) -> Result<&[Value], Error> {
        match self {
            Cell::Lanes(lanes) => Ok(lanes),
            Cell::Place(_) => Err(Error::at(user, "uses an address as a value")),
        }
    }

    pub fn place(&self, user: Uop) -> Result<&Place, Error> {
        match self {
            Cell::Place(place) => Ok(place),
            Cell::Lanes(_) => Err(Error::at(user, "uses a value as an address")),
        }
    }

    /// The single integer it is, such as the size of a loop.
    pub fn size(&self, user: Uop) -> Result<i64, Error> {
        let size = self.lanes(user)?.first().and_then(|v| i64::try_from(v.as_int()?).ok());
        size.ok_or_else(|| Error::at(user, "its size is not an integer"))
    }
}

/// The value of `node` from those of its sources.
pub(super) fn compute(
    node: Uop,
    src: &[&Cell],
    memory: &mut Memory,
    vars: &dyn Fn(&Var) -> i64,
) -> Result<Cell, Error> {
    let missing = || Error::at(node, "has too few sources");
    let first = src.first().copied().ok_or_else(missing);
    match (node.op(), node.arg()) {
        (Op::Const, Arg::Value(v)) => Ok(Cell::Lanes(vec![*v; node.dtype().lanes.max(1) as usize])),
        (Op::DefineVar, Arg::Var(var)) => Ok(Cell::int(vars(var))),
        (Op::DefineGlobal | Op::DefineLocal, _) => {
            Ok(Cell::Place(Place { block: memory.block(node)?, at: vec![0], valid: vec![true], current: false }))
        }
        (Op::After, _) => Ok(Cell::Place(Place { current: true, ..first?.place(node)?.clone() })),
        (Op::Index, _) => index(node, first?, src.get(1).ok_or_else(missing)?, src.get(2).copied()),
        (Op::Load, _) => load(node, first?, src.get(1).copied(), memory),
        (Op::Store, _) => store(node, first?, src.get(1).ok_or_else(missing)?, memory),
        (Op::Vectorize, _) => {
            let lanes: Result<Vec<&[Value]>, Error> = src.iter().map(|s| s.lanes(node)).collect();
            Ok(Cell::Lanes(lanes?.concat()))
        }
        (Op::Gep, Arg::Slot(lane)) => {
            let value = first?.lanes(node)?.get(*lane as usize).copied();
            value.map(|v| Cell::Lanes(vec![v])).ok_or_else(|| Error::at(node, "its vector has fewer lanes"))
        }
        (op, _) if op.is_alu() => elementwise(node, src),
        _ => Err(Error::at(node, "is not an op that computes inside a kernel")),
    }
}

fn index(node: Uop, base: &Cell, at: &Cell, valid: Option<&Cell>) -> Result<Cell, Error> {
    let base = base.place(node)?;
    let start = base.at.first().copied().unwrap_or(0);
    let number = |v: &Value| {
        v.as_int().map(|i| start.saturating_add(i)).ok_or_else(|| Error::at(node, "its index is not an integer"))
    };
    let valid = valid.map_or(Ok(vec![true]), |v| Ok(v.lanes(node)?.iter().map(|b| b.is_true()).collect()))?;
    let at = at.lanes(node)?.iter().map(number).collect::<Result<_, _>>()?;
    Ok(Cell::Place(Place { at, valid, ..base.clone() }))
}

fn load(node: Uop, place: &Cell, otherwise: Option<&Cell>, memory: &Memory) -> Result<Cell, Error> {
    let place = place.place(node)?;
    let otherwise = otherwise.map(|c| c.lanes(node)).transpose()?;
    let lane = |l: usize| match place.is_valid(l) {
        true => memory.read(node.src(0), place, l),
        false => {
            let value = otherwise.and_then(|lanes| lanes.get(if lanes.len() == 1 { 0 } else { l }));
            value.copied().ok_or_else(|| Error::at(node, "has no value for where access is not allowed"))
        }
    };
    (0..node.dtype().lanes as usize).map(lane).collect::<Result<_, _>>().map(Cell::Lanes)
}

fn store(node: Uop, place: &Cell, value: &Cell, memory: &mut Memory) -> Result<Cell, Error> {
    let place = place.place(node)?;
    for (lane, value) in value.lanes(node)?.iter().enumerate().filter(|(l, _)| place.is_valid(*l)) {
        memory.write(node.src(0), place, lane, *value)?;
    }
    Ok(Cell::Lanes(vec![]))
}

/// Lane by lane; a source of one lane stands for all.
fn elementwise(node: Uop, src: &[&Cell]) -> Result<Cell, Error> {
    let sources = src.iter().map(|s| s.lanes(node)).collect::<Result<Vec<_>, _>>()?;
    let no_value = |args: &[Value]| Error::at(node, format!("has no value for operands {args:?}"));
    let lane = |l: usize| {
        let pick = |lanes: &&[Value]| lanes.get(if lanes.len() == 1 { 0 } else { l }).copied();
        let args: Option<Vec<Value>> = sources.iter().map(pick).collect();
        let args = args.ok_or_else(|| Error::at(node, format!("a source has no lane {l}")))?;
        let value = match node.op() {
            Op::Bitcast => args.first().and_then(|v| bitcast(*v, node.src(0).dtype(), node.dtype())),
            op => eval(op, node.dtype(), &args),
        };
        value.ok_or_else(|| no_value(&args))
    };
    (0..node.dtype().lanes as usize).map(lane).collect::<Result<_, _>>().map(Cell::Lanes)
}
