//! The tables: which ops a stage has, how many sources they take, and what must hold between a node and
//! its sources.

use super::{Rule, Stage};
use crate::dtype::{DType, Scalar, Space};
use crate::ir::{Arg, Arrangement, Class, Group, Op, Uop, cast};

/// Whether `op` may stand at `stage`.
pub(super) fn is_allowed(stage: Stage, op: Op) -> bool {
    use Op::*;
    let shared = op.is_alu() || matches!(op, Const | DefineVar | Sink);
    let body = matches!(
        op,
        DefineGlobal
            | DefineLocal
            | Index
            | Load
            | Store
            | After
            | Vectorize
            | Gep
            | Range
            | Special
            | Shuffle
            | Wmma
            | Wgmma
            | LoadMatrix
    );
    shared
        || match stage {
            Stage::Tensor => {
                matches!(op.class(), Class::Movement | Class::Marker) || matches!(op, Buffer | Iota | ReduceAxis)
            }
            Stage::Kernel => matches!(op, Buffer | Iota | ReduceAxis | View | Assign),
            Stage::Loops => body || op == Reduce,
            Stage::Linear => {
                body || matches!(op, Endrange | DefineAcc | UpdateAcc | Prefetch | Barrier | Commit | Wait | Settle)
            }
        }
}

/// Smallest and largest number of sources.
pub(super) fn arity(op: Op) -> (usize, usize) {
    match (op.arity(), op) {
        (Some(n), _) => (n, n),
        (None, Op::Index) => (2, 3),
        (None, Op::Load) => (1, 2),
        (None, Op::UpdateAcc) => (2, 3),
        (None, Op::Store | Op::Reduce) => (2, usize::MAX),
        (None, Op::Sink) => (0, usize::MAX),
        (None, _) => (1, usize::MAX),
    }
}

/// The tables that apply at `stage`.
pub(super) fn of(stage: Stage) -> &'static [&'static [Rule]] {
    match stage {
        Stage::Tensor | Stage::Kernel => &[ARGUMENTS, ELEMENTWISE, TENSOR],
        Stage::Loops => &[ARGUMENTS, ELEMENTWISE, KERNEL, LOOPS],
        Stage::Linear => &[ARGUMENTS, ELEMENTWISE, KERNEL, LINEAR],
    }
}

macro_rules! rules {
    ($($name:ident [$($about:tt)*] $holds:expr => $message:literal;)*) => {
        &[$(Rule { name: stringify!($name), about: rules!(@about $($about)*), holds: $holds, message: $message }),*]
    };
    (@about alu) => { Op::is_alu };
    (@about any) => { |_| true };
    (@about comparison) => { Op::is_comparison };
    (@about movement) => { |op| op.class() == Class::Movement };
    (@about $($op:ident)*) => { |op| matches!(op, $(Op::$op)|*) };
}

/// Which argument an op carries, and what it may say.
const ARGUMENTS: &[Rule] = rules! {
    const_arg [Const]
        |n| matches!(n.arg(), Arg::Value(v) if cast(*v, n.dtype()) == *v) => "its argument is a value of its dtype";
    var_arg [DefineVar]
        |n| matches!(n.arg(), Arg::Var(v) if v.min <= v.max) && n.dtype() == DType::INDEX =>
        "it is an index with bounds";
    buffer_arg [Buffer]
        |n| matches!(n.arg(), Arg::Buffer(_, shape) if is_sizes(shape)) =>
        "its argument is a number and a shape of sizes >= 0";
    iota_arg [Iota]
        |n| matches!(n.arg(), Arg::Shape(s) if s.len() == 1 && is_sizes(s)) && n.dtype().is_int() =>
        "it has one axis, of integers";
    shape_arg [Reshape Expand]
        |n| matches!(n.arg(), Arg::Shape(shape) if is_sizes(shape)) => "its argument is a shape of sizes >= 0";
    axes_arg [Permute Flip]
        |n| matches!(n.arg(), Arg::Axes(_)) => "its argument is a list of axes";
    pairs_arg [Pad Shrink]
        |n| matches!(n.arg(), Arg::Pairs(_)) => "its argument is a pair for each axis";
    view_arg [View]
        |n| matches!(n.arg(), Arg::View(t) if t.views.iter().all(is_view) && !t.views.is_empty()) =>
        "its argument is at least one view, with as many strides and mask ranges as axes";
    reduce_axis_arg [ReduceAxis]
        |n| matches!(n.arg(), Arg::Reduce(op, axes) if op.is_reducing() && axes.is_sorted_by(|a, b| a < b)) =>
        "it combines with ADD, MUL or MAX, over axes each named once, in order";
    reduce_arg [Reduce]
        |n| matches!(n.arg(), Arg::Op(op) if op.is_reducing()) => "it combines with ADD, MUL or MAX";
    slot_arg [DefineGlobal DefineAcc Wait Settle]
        |n| matches!(n.arg(), Arg::Slot(_)) => "its argument is a slot";
    special_arg [Special]
        |n| matches!(n.arg(), Arg::Special(_)) && n.dtype() == DType::INDEX =>
        "its argument says whose number it is, and it is an `index`";
    shuffle_arg [Shuffle]
        |n| matches!(n.arg(), Arg::Slot(1..32)) => "its argument is some of the five bits of a number in a warp";
    wmma_arg [Wmma]
        |n| matches!(n.arg(), Arg::Fragment(_)) => "its argument is a shape of fragments";
    wgmma_arg [Wgmma]
        |n| matches!(n.arg(), Arg::Group(group) if group.is_possible()) => "its argument is a shape that matrix units have";
    local_arg [DefineLocal]
        |n| matches!(n.arg(), Arg::Local(_, len, _) if *len > 0) => "its argument is a number and a length > 0";
    lane_arg [Gep]
        |n| matches!(n.arg(), Arg::Slot(lane) if *lane < n.src(0).dtype().lanes as u32) =>
        "its argument is a lane of its source";
    range_arg [Range]
        |n| matches!(n.arg(), Arg::Range(..)) => "its argument is a number and an axis kind";
    store_arg [Store]
        |n| matches!(n.arg(), Arg::None | Arg::Stream | Arg::Prefetch | Arg::Ahead(2..)) =>
        "it says nothing, to go past the caches, that what comes next is asked for, or to run ahead by some iterations";
    load_arg [Load]
        |n| matches!(n.arg(), Arg::None | Arg::Prefetch) => "it says nothing, or that what comes next is asked for";
    prefetch_arg [Prefetch]
        |n| matches!(n.arg(), Arg::Slot(1 | 2)) => "its argument is a level of caches, the first or the second";
    matrices_arg [LoadMatrix]
        |n| matches!(n.arg(), Arg::Matrices(1 | 2 | 4, _)) => "it loads one, two or four matrices";
    sink_arg [Sink]
        |n| matches!(n.arg(), Arg::None | Arg::Name(_)) && n.dtype() == DType::VOID =>
        "it is void, with a name or nothing";
    no_arg [Cast Bitcast Neg Recip Sqrt Exp2 Log2 Sin Tanh Erf Trunc RoundTf32 CutTf32 Fract Add Sub Mul Fdiv Idiv Mod Max Pow Ldexp
            Cmplt Cmpne Cmpeq And Or Xor Shl Shr Where Mulacc Assign Contiguous ContiguousBackward Detach Index After Vectorize
            Endrange UpdateAcc Barrier Commit]
        |n| *n.arg() == Arg::None => "it has no argument";
};

/// The types of elementwise operations.
const ELEMENTWISE: &[Rule] = rules! {
    alu_values [alu]
        |n| is_value(n.dtype()) && n.srcs().all(|s| is_value(s.dtype())) =>
        "it computes with values, not with pointers or nothing";
    alu_lanes [alu]
        |n| n.srcs().all(|s| s.dtype().lanes == n.dtype().lanes || s.dtype().lanes == 1) =>
        "its sources have as many lanes as the result, or one";
    same_dtype [Neg Recip Sqrt Exp2 Log2 Sin Tanh Erf Trunc RoundTf32 CutTf32 Fract Add Sub Mul Fdiv Idiv Mod Max Pow Ldexp And Or
                Xor Shl Shr Mulacc]
        |n| n.srcs().all(|s| s.dtype().scalar == n.dtype().scalar) => "sources and result have one dtype";
    comparison_dtype [comparison]
        |n| n.dtype().is_bool() && n.src(0).dtype().scalar == n.src(1).dtype().scalar =>
        "it compares values of one dtype and is a bool";
    where_dtype [Where]
        |n| n.src(0).dtype().is_bool() && [1, 2].iter().all(|&i| n.src(i).dtype().scalar == n.dtype().scalar) =>
        "it chooses by a bool between values of its dtype";
    bitcast_width [Bitcast]
        |n| n.src(0).dtype().scalar.bits() == n.dtype().scalar.bits() && n.src(0).dtype().lanes == n.dtype().lanes =>
        "both types have the same number of bits";
    float_only [Recip Sqrt Exp2 Log2 Sin Tanh Erf Trunc Fdiv]
        |n| n.dtype().is_float() => "it is defined on floats";
    f32_only [RoundTf32 CutTf32 Fract Ldexp]
        |n| n.dtype().scalar == Scalar::F32 => "it is defined on f32";
    int_only [Idiv Shl Shr]
        |n| n.dtype().is_int() => "it is defined on integers";
    bits_only [And Or Xor]
        |n| n.dtype().is_int() || n.dtype().is_bool() => "it is defined on integers and bool";
    number_only [Add Sub Neg Mod Pow]
        |n| !n.dtype().is_bool() => "it is defined on numbers; bool has AND, OR and XOR";
};

/// Tensors: shapes, movements, reductions, markers.
const TENSOR: &[Rule] = rules! {
    shapes_fit [any]
        |n| n.try_shape().is_some() || n.srcs().any(|s| s.try_shape().is_none()) =>
        "its sources' shapes fit each other and its argument (a source of shape () fits all)";
    tensor_dtype [any]
        |n| n.dtype() == DType::VOID && n.op() == Op::Sink || is_value(n.dtype()) && n.dtype().lanes == 1 =>
        "elements of tensors are scalars";
    movement_dtype [movement]
        |n| n.dtype() == n.src(0).dtype() => "moving keeps the dtype";
    reduce_dtype [ReduceAxis]
        |n| n.dtype() == n.src(0).dtype() => "reducing keeps the dtype";
    reduce_bool [ReduceAxis]
        |n| !n.dtype().is_bool() || matches!(n.arg(), Arg::Reduce(Op::Max | Op::Mul, _)) =>
        "bool reduces with MAX (any) or MUL (all)";
    marker_dtype [Contiguous ContiguousBackward Detach]
        |n| n.dtype() == n.src(0).dtype() => "a marker keeps the dtype";
    assign_target [Assign]
        |n| n.src(0).op() == Op::Buffer => "it assigns to a BUFFER";
    assign_fits [Assign]
        |n| n.src(0).dtype() == n.src(1).dtype() && n.dtype() == n.src(0).dtype() && assign_shapes(n) =>
        "buffer, value and result have one dtype and shape";
};

/// Memory and vectors, in loop nests and instruction lists.
const KERNEL: &[Rule] = rules! {
    global_pointer [DefineGlobal]
        |n| matches!(n.dtype().space, Some(Space::Global | Space::Constant)) && n.dtype().lanes == 1 =>
        "it is a pointer to scalars in global memory";
    local_pointer [DefineLocal]
        |n| n.dtype().space == Some(Space::Local) && n.dtype().lanes >= 1 => "it is a pointer into local memory";
    index_base [Index]
        |n| n.src(0).dtype().space.is_some() && n.dtype() == n.src(0).dtype() =>
        "it goes into a pointer and is one of the same type";
    index_number [Index]
        |n| is_value(n.src(1).dtype()) && n.src(1).dtype().is_index() => "the place is an `index`";
    index_valid [Index]
        |n| n.srcs().nth(2).is_none_or(|v| v.dtype().is_bool()) => "the condition is a bool";
    load_address [Load]
        |n| n.src(0).op() == Op::Index => "it reads through an INDEX";
    load_dtype [Load]
        |n| is_value(n.dtype()) && same_scalar(n, n.src(0)) => "it reads what the pointer points to";
    load_otherwise [Load]
        |n| n.src(0).op() != Op::Index || n.src(0).arity() != 3 || n.arity() == 2 =>
        "where the INDEX has a condition, there is a value for when it does not hold";
    load_otherwise_dtype [Load]
        |n| n.srcs().nth(1).is_none_or(|o| o.dtype().scalar == n.dtype().scalar && lanes_fit(o, n)) =>
        "the value for where access is not allowed has its dtype";
    load_matrix_dtype [LoadMatrix]
        |n| n.src(0).op() == Op::Index && same_scalar(n, n.src(0)) && is_held(n) =>
        "it reads two elements of 16 bits, or one of 32 bits in a row, of each matrix through an INDEX";
    store_address [Store]
        |n| n.src(0).op() == Op::Index => "it writes through an INDEX";
    store_dtype [Store]
        |n| is_value(n.src(1).dtype()) && same_scalar(n.src(1), n.src(0)) && n.dtype() == DType::VOID =>
        "it writes what the pointer points to and is void itself";
    store_ranges [Store]
        |n| n.srcs().skip(2).all(|r| r.op() == Op::Range) => "all after the value are RANGEs";
    after_pointer [After]
        |n| n.src(0).dtype().space.is_some() && n.dtype() == n.src(0).dtype() => "it is the pointer it is given";
    after_stores [After]
        |n| n.srcs().skip(1).all(|s| s.op() == Op::Store) => "it comes after STOREs";
    vectorize_lanes [Vectorize]
        |n| n.srcs().map(|s| s.dtype().lanes as u64).sum::<u64>() == n.dtype().lanes as u64 && is_value(n.dtype()) =>
        "its lanes are those of its sources together";
    vectorize_dtype [Vectorize]
        |n| n.srcs().all(|s| s.dtype().scalar == n.dtype().scalar && is_value(s.dtype())) =>
        "its sources have its element type";
    gep_dtype [Gep]
        |n| is_value(n.src(0).dtype()) && n.dtype() == n.src(0).dtype().element() => "it is one element of a vector";
    special_size [Special]
        |n| n.src(0).dtype() == DType::INDEX => "how many there are is an `index` scalar";
    shuffle_dtype [Shuffle]
        |n| n.dtype() == n.src(0).dtype() && is_value(n.dtype()) => "it is a value like its source";
    wmma_dtype [Wmma]
        |n| matches!(n.arg(), Arg::Fragment(f) if f.dtypes() == [n.src(0).dtype(), n.src(1).dtype(), n.dtype()])
            && n.dtype() == n.src(2).dtype() => "its sources and result are the fragments of its shape";
    wgmma_factors [Wgmma]
        |n| matches!(n.arg(), Arg::Group(group) if n.srcs().take(2).all(|s| is_factor(s, *group))) =>
        "its factors are at INDEXes without conditions into swizzled scratch memory of its type";
    wgmma_dtype [Wgmma]
        |n| matches!(n.arg(), Arg::Group(group) if group.held() == n.dtype()) && n.dtype() == n.src(2).dtype() =>
        "it is what a thread holds of the result, as is what it is added to";
    range_dtype [Range]
        |n| n.dtype() == DType::INDEX && n.src(0).dtype() == DType::INDEX => "counter and size are `index` scalars";
};

/// What only loop nests have.
const LOOPS: &[Rule] = rules! {
    reduce_ranges [Reduce]
        |n| n.srcs().skip(1).all(|r| r.op() == Op::Range) => "all after the value are RANGEs";
    reduce_dtype [Reduce]
        |n| n.dtype() == n.src(0).dtype() && is_value(n.dtype()) => "reducing keeps the dtype";
    reduce_bool [Reduce]
        |n| !n.dtype().is_bool() || matches!(n.arg(), Arg::Op(Op::Max | Op::Mul)) =>
        "bool reduces with MAX (any) or MUL (all)";
    sink_stores [Sink]
        |n| n.srcs().all(|s| s.op() == Op::Store) => "a kernel is a SINK of STOREs";
    sink_closed [Sink]
        |n| n.range_ids().is_empty() => "every range is closed by a STORE or REDUCE";
};

/// What only instruction lists have.
const LINEAR: &[Rule] = rules! {
    endrange_range [Endrange]
        |n| n.src(0).op() == Op::Range && n.dtype() == DType::VOID => "it ends a RANGE and is void";
    accumulator_dtype [DefineAcc]
        |n| is_value(n.dtype()) && same_scalar(n, n.src(0)) && lanes_fit(n.src(0), n) =>
        "it starts as a value of its dtype";
    accumulator_ranges [DefineAcc]
        |n| n.srcs().skip(1).all(|r| r.op() == Op::Range) => "all after the value are RANGEs";
    update_target [UpdateAcc]
        |n| n.src(0).op() == Op::DefineAcc => "it updates a DEFINE_ACC";
    update_dtype [UpdateAcc]
        |n| same_scalar(n.src(1), n.src(0)) && lanes_fit(n.src(1), n.src(0)) => "the new value has the register's dtype";
    update_condition [UpdateAcc]
        |n| n.srcs().nth(2).is_none_or(|holds| holds.dtype() == DType::BOOL) => "the condition is one bool";
    update_result [UpdateAcc]
        |n| [n.src(0).dtype(), DType::VOID].contains(&n.dtype()) => "it has the register's dtype, or is void";
};

fn is_value(dtype: DType) -> bool {
    dtype.space.is_none() && dtype.lanes > 0
}

fn same_scalar(a: Uop, b: Uop) -> bool {
    a.dtype().scalar == b.dtype().scalar
}

/// Whether a LOAD_MATRIX has the lanes that a thread holds: 4 bytes of each matrix. Only matrices of 16 bits are loaded by
/// columns.
fn is_held(n: Uop) -> bool {
    let Arg::Matrices(count, by_columns) = *n.arg() else { return false };
    let bits = n.dtype().scalar.bits();
    (bits == 16 || bits == 32 && !by_columns) && n.dtype().lanes as u32 == count * 32 / bits
}

/// Whether `index` is where a factor of `group` can be.
fn is_factor(index: Uop, group: Group) -> bool {
    let mut pointer = index;
    while matches!(pointer.op(), Op::Index | Op::After) {
        pointer = pointer.src(0);
    }
    let is_swizzled = matches!(pointer.arg(), Arg::Local(.., Arrangement::Swizzled));
    index.op() == Op::Index && index.arity() == 2 && is_swizzled && index.dtype().pointee() == group.fragment.factor()
}

fn lanes_fit(source: Uop, user: Uop) -> bool {
    source.dtype().lanes == user.dtype().lanes || source.dtype().lanes == 1
}

fn is_sizes(shape: &[crate::dim::Dim]) -> bool {
    shape.iter().all(|d| d.lower() >= 0)
}

fn is_view(view: &crate::view::View) -> bool {
    let rank = view.shape.len();
    is_sizes(&view.shape) && view.strides.len() == rank && view.mask.as_ref().is_none_or(|mask| mask.len() == rank)
}

/// A value of shape `()` stands for every element.
fn assign_shapes(assign: Uop) -> bool {
    assign.src(1).shape().is_empty() || assign.src(0).shape() == assign.src(1).shape()
}
