//! The specs as data: texts that pass, and texts with the rules they break.

use super::*;
use crate::dtype::DType;
use crate::ir::text::{parse, parse_list};
use crate::ir::{Arg, Graph, Op};

fn check_text(stage: Stage, text: &str) -> Result<(), Violations> {
    let g = Graph::new();
    let list = parse_list(&g, text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let nodes = if stage == Stage::Linear { list } else { list[list.len() - 1..].to_vec() };
    verify(stage, &nodes)
}

/// The rules broken, by line.
fn broken(stage: Stage, text: &str) -> String {
    let list = check_text(stage, text).map_or_else(|v| v.broken, |()| vec![]);
    list.iter().map(|v| v.rule).collect::<Vec<_>>().join(" ")
}

/// Every row of `cases` is lines to put after `shared`, and the rules they break.
fn check_all(stage: Stage, shared: &str, cases: &[(&str, &str)]) {
    for (lines, expected) in cases {
        assert_eq!(broken(stage, &format!("{shared}{lines}")), *expected, "{stage}:\n{lines}");
    }
}

#[test]
fn an_add_of_ints_typed_float_is_rejected_with_the_tree() {
    let g = Graph::new();
    let (a, b) = (g.constant(DType::I32, 3), g.constant(DType::I32, 5));
    let sum = g.node(Op::Add, DType::F32, &[a, b], Arg::None);
    let error = verify(Stage::Tensor, &[sum * 2.0]).unwrap_err().to_string();
    assert_eq!(
        error,
        "\
# 1 violation(s) of the tensor spec
%0 = CONST i32 () value 3
%1 = CONST i32 () value 5
%2 = ADD f32 (%0, %1)
#  ^ same_dtype: sources and result have one dtype (sources: i32, i32; result: f32)
%3 = CONST f32 () value 2.0
%4 = MUL f32 (%2, %3)
"
    );
    assert!(parse(&Graph::new(), &error).is_ok(), "the report is itself in text form");
}

const TENSORS: &str = "\
%0 = BUFFER f32 () buffer 0 [2, 3]
%1 = BUFFER i32 () buffer 1 [3]
%2 = CONST f32 () value 1.0
%3 = CONST bool () value true
%4 = CONST i32 () value 1
";

#[test]
fn tensor_graphs() {
    let cases = [
        ("%9 = ADD f32 (%0, %2)", ""),
        ("%9 = WHERE f32 (%3, %0, %2)", ""),
        ("%9 = REDUCE_AXIS f32 (%0) reduce ADD [0, 1]", ""),
        ("%9 = ASSIGN f32 (%0, %0)\n%10 = SINK void (%9)", ""),
        ("%9 = VIEW f32 (%0) view [{shape [3] strides [1] offset 0}]", ""),
        ("%9 = ADD f32 (%0, %4)", "same_dtype"),
        ("%9 = CAST f32 (%1)\n%10 = ADD f32 (%0, %9)", "shapes_fit"),
        ("%9 = RESHAPE f32 (%0) shape [7]\n%10 = NEG f32 (%9)", "shapes_fit"),
        ("%9 = CMPLT f32 (%0, %2)", "comparison_dtype"),
        ("%9 = WHERE f32 (%2, %0, %4)", "where_dtype"),
        ("%9 = SQRT i32 (%1)", "float_only"),
        ("%9 = ROUND_TF32 f32 (%0)", ""),
        ("%9 = CUT_TF32 f32 (%0)", ""),
        ("%9 = ROUND_TF32 i32 (%1)", "f32_only"),
        ("%9 = CUT_TF32 i32 (%1)", "f32_only"),
        ("%9 = LDEXP i32 (%1, %1)", "f32_only"),
        ("%9 = IDIV f32 (%0, %2)", "int_only"),
        ("%9 = XOR f32 (%0, %2)", "bits_only"),
        ("%9 = ADD bool (%3, %3)", "number_only"),
        ("%9 = BITCAST f64 (%0)", "bitcast_width"),
        ("%9 = CONST i32 () value 1.5", "const_arg"),
        ("%9 = CONST u8 () value 256", "const_arg"),
        ("%9 = CONST i32 () slot 1", "const_arg"),
        ("%9 = IOTA f32 () shape [4]", "iota_arg"),
        ("%9 = IOTA i32 () shape [-4]", "iota_arg"),
        ("%9 = BUFFER i32 () buffer 3 [N[-1..=4]]", "buffer_arg"),
        ("%9 = DEFINE_VAR i32 () var N[0..=4]", "var_arg"),
        ("%9 = NEG f32 (%0) slot 1", "no_arg"),
        ("%9 = REDUCE_AXIS f32 (%0) reduce SUB [0]", "reduce_axis_arg"),
        ("%9 = REDUCE_AXIS f32 (%0) reduce ADD [1, 0]", "reduce_axis_arg"),
        ("%9 = REDUCE_AXIS f32 (%0) reduce ADD [2]", "shapes_fit"),
        ("%9 = REDUCE_AXIS i32 (%0) reduce ADD [1]", "reduce_dtype"),
        ("%9 = REDUCE_AXIS bool (%3) reduce ADD []", "reduce_bool"),
        ("%9 = FLIP i32 (%0) axes [0]", "movement_dtype"),
        ("%9 = FLIP f32 (%0) shape [0]", "axes_arg shapes_fit"),
        ("%9 = PAD f32 (%0) axes [0]", "pairs_arg shapes_fit"),
        ("%9 = EXPAND f32 (%0) shape [-2, 3]", "shape_arg shapes_fit"),
        ("%9 = VIEW f32 (%0) view [{shape [3] strides [] offset 0}]", "view_arg"),
        ("%9 = DETACH f64 (%0)", "marker_dtype"),
        ("%9 = ASSIGN f32 (%2, %0)", "assign_target assign_fits"),
        ("%9 = ASSIGN f32 (%0, %4)", "assign_fits"),
        ("%9 = CAST f32x4 (%0)", "tensor_dtype"),
        ("%9 = CAST f32* (%0)", "alu_values tensor_dtype"),
        ("%9 = SINK f32 (%0)", "sink_arg"),
        ("%9 = GEP f32 (%0) slot 0", "allowed_op"),
        ("%9 = BUFFER f32 () buffer 0 [9]\n%10 = SINK void (%0, %9)", "number_unique"),
        ("%9 = SQRT i32 (%1)\n%10 = ADD f32 (%9, %4)", "float_only same_dtype"),
    ];
    check_all(Stage::Tensor, TENSORS, &cases);
}

#[test]
fn kernels_have_views_and_no_markers() {
    let cases = [
        ("%9 = VIEW f32 (%0) view [{shape [3] strides [1] offset 0}]", ""),
        ("%9 = FLIP f32 (%0) axes [0]", "allowed_op"),
        ("%9 = CONTIGUOUS f32 (%0)", "allowed_op"),
    ];
    check_all(Stage::Kernel, TENSORS, &cases);
}

const LOOP_NEST: &str = "\
%0 = DEFINE_GLOBAL f32* () slot 0
%1 = DEFINE_GLOBAL f32* () slot 1
%2 = CONST index () value 4
%3 = RANGE index (%2) range 0 loop
%4 = RANGE index (%2) range 1 reduce
%5 = CONST f32 () value 0.0
%6 = CMPLT bool (%3, %2)
%7 = INDEX f32* (%0, %3)
%8 = INDEX f32* (%1, %4, %6)
";

#[test]
fn loop_nests() {
    let cases = [
        (
            "%9 = LOAD f32 (%8, %5)\n%10 = REDUCE f32 (%9, %4) op ADD\n\
             %11 = STORE void (%7, %10, %3)\n%12 = SINK void (%11)",
            "",
        ),
        (
            "%9 = LOAD f32x4 (%7)\n%10 = GEP f32 (%9) slot 3\n\
             %11 = VECTORIZE f32x2 (%10, %10)\n%12 = ADD f32x2 (%11, %10)",
            "",
        ),
        ("%9 = STORE void (%7, %5, %3)\n%10 = AFTER f32* (%0, %9)", ""),
        ("%9 = STORE void (%7, %5)\n%10 = SINK void (%9)", "sink_closed"),
        ("%9 = LOAD f32 (%7) prefetch", ""),
        ("%9 = LOAD f32 (%7) stream", "load_arg"),
        ("%9 = LOAD f32 (%8)", "load_otherwise"),
        ("%9 = LOAD i32 (%7)", "load_dtype"),
        ("%9 = LOAD f32 (%0)", "load_address"),
        ("%9 = LOAD f32 (%8, %2)", "load_otherwise_dtype"),
        ("%9 = INDEX f32* (%0, %5)", "index_number"),
        ("%9 = INDEX f32* (%5, %3)", "index_base"),
        ("%9 = INDEX f32* (%0, %3, %3)", "index_valid"),
        ("%9 = STORE void (%0, %5, %3)", "store_address"),
        ("%9 = STORE void (%7, %2, %3)", "store_dtype"),
        ("%9 = STORE void (%7, %5, %2)", "store_ranges"),
        ("%9 = STORE void (%7)", "arity"),
        ("%9 = REDUCE f32 (%5, %2) op ADD", "reduce_ranges"),
        ("%9 = STORE void (%7, %5, %3) slot 0", "store_arg"),
        ("%9 = REDUCE f64 (%5, %4) op ADD", "reduce_dtype"),
        ("%9 = REDUCE f32 (%5, %4) op SUB", "reduce_arg"),
        ("%9 = REDUCE bool (%6, %4) op ADD", "reduce_bool"),
        ("%9 = AFTER f32* (%0, %5)", "after_stores"),
        ("%9 = AFTER f32 (%5)", "after_pointer"),
        ("%9 = VECTORIZE f32x4 (%5, %5)", "vectorize_lanes"),
        ("%9 = VECTORIZE f32x2 (%5, %2)", "vectorize_dtype"),
        ("%9 = GEP f32 (%5) slot 1", "lane_arg"),
        ("%9 = GEP i32 (%5) slot 0", "gep_dtype"),
        ("%9 = RANGE i32 (%2) range 9 loop", "range_dtype"),
        ("%9 = RANGE index (%2) range 0 reduce\n%10 = ADD index (%3, %9)", "number_unique"),
        ("%9 = SINK void (%5)", "sink_stores"),
        ("%9 = DEFINE_LOCAL f32* () local 0 4", "local_pointer"),
        ("%9 = DEFINE_LOCAL f32@local* () local 0 0", "local_arg"),
        ("%9 = DEFINE_GLOBAL f32 () slot 2", "global_pointer"),
        ("%9 = FLIP f32 (%5) axes []", "allowed_op"),
        ("%9 = RANGE index (%2) slot 3", "range_arg"),
        ("%9 = DEFINE_GLOBAL f32* () local 2 2", "slot_arg"),
        ("%9 = ADD f32x4 (%5, %5)", ""),
        ("%9 = VECTORIZE f32x2 (%5, %5)\n%10 = NEG f32 (%9)", "alu_lanes"),
        ("%9 = ADD f32* (%0, %0)", "alu_values"),
    ];
    check_all(Stage::Loops, LOOP_NEST, &cases);
}

const THREADS: &str = "\
%0 = DEFINE_LOCAL bf16@local* () local 0 64
%1 = CONST index () value 32
%2 = SPECIAL index (%1) special thread
%3 = INDEX bf16@local* (%0, %2)
%4 = CONST f32 () value 0.0
%5 = CONST bf16 () value 0.0
%6 = VECTORIZE f32x4 (%4, %4, %4, %4)
%7 = VECTORIZE bf16x4 (%5, %5, %5, %5)
%8 = VECTORIZE bf16x8 (%7, %7)
%9 = CONST i64 () value 32
%20 = DEFINE_LOCAL f32@local* () local 1 64
%21 = INDEX f32@local* (%20, %2)
";

#[test]
fn threads_of_a_gpu() {
    let cases = [
        ("%10 = SPECIAL index (%1) special block", ""),
        ("%10 = SHUFFLE f32x4 (%6) slot 31", ""),
        ("%10 = LOAD_MATRIX bf16x8 (%3) matrices 4 true", ""),
        ("%10 = WMMA f32x4 (%8, %7, %6) fragment bf16", ""),
        ("%10 = STORE void (%3, %5) ahead 2", ""),
        ("%10 = SPECIAL i64 (%1) special thread", "special_arg"),
        ("%10 = SPECIAL index (%1) slot 0", "special_arg"),
        ("%10 = SPECIAL index (%9) special block", "special_size"),
        ("%10 = SHUFFLE f32 (%4) slot 32", "shuffle_arg"),
        ("%10 = SHUFFLE f32 (%4) slot 0", "shuffle_arg"),
        ("%10 = SHUFFLE f32 (%6) slot 1", "shuffle_dtype"),
        ("%10 = SHUFFLE bf16@local* (%3) slot 1", "shuffle_dtype"),
        ("%10 = WMMA f32x4 (%8, %7, %6)", "wmma_arg wmma_dtype"),
        ("%10 = WMMA f32x4 (%8, %7, %6) fragment f16", "wmma_dtype"),
        ("%10 = WMMA f32x4 (%8, %7, %4) fragment bf16", "wmma_dtype"),
        ("%10 = LOAD_MATRIX bf16x6 (%3) matrices 3 false", "matrices_arg"),
        ("%10 = LOAD_MATRIX bf16x4 (%3) matrices 4 false", "load_matrix_dtype"),
        ("%10 = LOAD_MATRIX bf16x2 (%0) matrices 1 false", "load_matrix_dtype"),
        ("%10 = LOAD_MATRIX f32x4 (%21) matrices 4 false", ""),
        ("%10 = LOAD_MATRIX f32x8 (%21) matrices 4 false", "load_matrix_dtype"),
        ("%10 = LOAD_MATRIX f32x4 (%21) matrices 4 true", "load_matrix_dtype"),
        ("%10 = STORE void (%3, %5) ahead 1", "store_arg"),
        ("%10 = BARRIER void ()", "allowed_op"),
    ];
    check_all(Stage::Loops, THREADS, &cases);
}

/// Factors of a product of four warps, and what does not fit one.
const FACTORS: &str = "\
%0 = DEFINE_LOCAL bf16@local* () swizzled 0 32768
%1 = CONST index () value 0
%2 = INDEX bf16@local* (%0, %1)
%3 = CONST f32x128 () value 0.0
%4 = CONST bool () value true
%5 = INDEX bf16@local* (%0, %1, %4)
%6 = DEFINE_LOCAL bf16@local* () local 1 32768
%7 = INDEX bf16@local* (%6, %1)
%8 = DEFINE_LOCAL f32@local* () swizzled 2 4096
%9 = INDEX f32@local* (%8, %1)
%10 = CONST f32x64 () value 0.0
";

#[test]
fn products_of_four_warps() {
    let cases = [
        ("%20 = WGMMA f32x128 (%2, %2, %3) group bf16 256 along across 8192", ""),
        ("%20 = WGMMA f32x64 (%9, %9, %10) group tf32 128 along along", ""),
        ("%20 = WGMMA f32x128 (%2, %2, %3)", "wgmma_arg wgmma_factors wgmma_dtype"),
        ("%20 = WGMMA f32x128 (%2, %2, %3) group bf16 256 along across 8200", "wgmma_arg"),
        ("%20 = WGMMA f32x64 (%9, %9, %10) group tf32 128 along across 8192", "wgmma_arg"),
        ("%20 = WGMMA f32x128 (%2, %2, %3) group f16 256 along along", "wgmma_factors"),
        ("%20 = WGMMA f32x128 (%2, %5, %3) group bf16 256 along along", "wgmma_factors"),
        ("%20 = WGMMA f32x128 (%7, %2, %3) group bf16 256 along along", "wgmma_factors"),
        ("%20 = WGMMA f32x128 (%2, %2, %3) group bf16 128 along along", "wgmma_dtype"),
        ("%20 = WGMMA f32x128 (%2, %2, %10) group bf16 256 along along", "wgmma_dtype"),
        ("%20 = SETTLE void () slot 1", "allowed_op"),
    ];
    check_all(Stage::Loops, FACTORS, &cases);
}

#[test]
fn barriers_and_groups_of_copies() {
    let cases = [
        ("%10 = BARRIER void ()\n%11 = COMMIT void ()\n%12 = WAIT void () slot 1", ""),
        ("%10 = BARRIER void () slot 0", "no_arg"),
        ("%10 = COMMIT void () slot 0", "no_arg"),
        ("%10 = WAIT void ()", "slot_arg"),
        ("%10 = SETTLE void () slot 1", ""),
        ("%10 = SETTLE void ()", "slot_arg"),
    ];
    check_all(Stage::Linear, THREADS, &cases);
    let g = Graph::new();
    let [barrier, commit] = [Op::Barrier, Op::Commit].map(|op| g.node(op, DType::VOID, &[], Arg::None));
    assert_eq!(verify(Stage::Linear, &[barrier, commit, barrier, commit]), Ok(()), "they may be listed again");
}

const INSTRUCTIONS: &str = "\
%0 = DEFINE_GLOBAL f32* () slot 0
%1 = CONST index () value 4
%2 = CONST f32 () value 0.0
";

#[test]
fn instruction_lists() {
    const LOOP: &str = "%3 = RANGE index (%1) range 0 reduce\n";
    const ACC: &str = "%9 = DEFINE_ACC f32 (%2) slot 0\n%3 = RANGE index (%1) range 0 reduce\n";
    let cases: Vec<(String, &str)> = vec![
        (format!("{LOOP}%4 = ENDRANGE void (%3)"), ""),
        (format!("{LOOP}%4 = INDEX f32* (%0, %3)\n%5 = STORE void (%4, %2)\n%6 = ENDRANGE void (%3)"), ""),
        (LOOP.into(), "loop_ends"),
        (format!("{LOOP}%4 = ENDRANGE void (%3)\n%5 = INDEX f32* (%0, %3)"), "in_scope"),
        (format!("{LOOP}%4 = MUL index (%3, %3)\n%5 = ENDRANGE void (%3)\n%6 = INDEX f32* (%0, %4)"), "in_scope"),
        (
            format!("{LOOP}%4 = RANGE index (%1) range 1 loop\n%5 = ENDRANGE void (%3)\n%6 = ENDRANGE void (%4)"),
            "loops_nest",
        ),
        (format!("{LOOP}%4 = ENDRANGE void (%3)\n%5 = ENDRANGE void (%3)"), "listed_once loops_nest"),
        (
            format!("{LOOP}%4 = DEFINE_ACC f32 (%2, %3) slot 0\n%5 = UPDATE_ACC f32 (%4, %2)\n%6 = ENDRANGE void (%3)"),
            "accumulator_first",
        ),
        (format!("{LOOP}%4 = INDEX f32* (%0, %3)\n%5 = PREFETCH void (%4) slot 1\n%6 = ENDRANGE void (%3)"), ""),
        (format!("{LOOP}%4 = INDEX f32* (%0, %3)\n%5 = PREFETCH void (%4)\n%6 = ENDRANGE void (%3)"), "prefetch_arg"),
        (format!("{LOOP}%4 = UPDATE_ACC f32 (%2, %2)\n%6 = ENDRANGE void (%3)"), "update_target"),
        (format!("{LOOP}%4 = DEFINE_ACC f32 (%1) slot 0\n%6 = ENDRANGE void (%3)"), "accumulator_dtype"),
        ("%3 = DEFINE_ACC f32 (%2, %1) slot 0".into(), "accumulator_ranges"),
        (format!("{ACC}%4 = UPDATE_ACC f32 (%9, %2)\n%6 = ENDRANGE void (%3)"), ""),
        (format!("{ACC}%4 = UPDATE_ACC f32 (%9, %1)\n%6 = ENDRANGE void (%3)"), "update_dtype"),
        (format!("{ACC}%4 = UPDATE_ACC f32 (%9, %2, %1)\n%6 = ENDRANGE void (%3)"), "update_condition"),
        (format!("{ACC}%4 = UPDATE_ACC f64 (%9, %2)\n%6 = ENDRANGE void (%3)"), "update_result"),
        ("%3 = ENDRANGE void (%1)".into(), "endrange_range loops_nest"),
        ("%3 = REDUCE f32 (%2, %1) op ADD".into(), "allowed_op"),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(text, rules)| (text.as_str(), *rules)).collect();
    check_all(Stage::Linear, INSTRUCTIONS, &cases);
}

#[test]
fn instructions_come_after_their_sources() {
    let g = Graph::new();
    let (zero, size) = (g.constant(DType::F32, 0.0), g.index(4));
    let range = g.range(size, crate::ir::Axis::Reduce);
    let acc = g.node(Op::DefineAcc, DType::F32, &[zero, range], Arg::Slot(0));
    let update = g.node(Op::UpdateAcc, DType::F32, &[acc, acc + 1.0], Arg::None);
    let end = g.node(Op::Endrange, DType::VOID, &[range], Arg::None);
    let one = g.constant(DType::F32, 1.0);
    assert_eq!(verify(Stage::Linear, &[zero, one, size, acc, range, acc + 1.0, update, end]), Ok(()));
    let error = verify(Stage::Linear, &[size, acc, range, one, update, acc + 1.0, end]).unwrap_err();
    let rules: Vec<_> = error.broken.iter().map(|v| (v.line, v.rule)).collect();
    assert_eq!(rules, [(1, "defined_before_use"), (4, "defined_before_use")]);
    assert!(error.to_string().contains("%4 = UPDATE_ACC f32 (%1, %?)\n#  ^ defined_before_use: source 1"), "{error}");
}

#[test]
fn a_wrong_number_of_sources_is_one_violation() {
    let g = Graph::new();
    let x = g.constant(DType::F32, 1.0);
    let lonely = g.node(Op::Add, DType::F32, &[x], Arg::None);
    let error = verify(Stage::Tensor, &[lonely]).unwrap_err();
    assert_eq!(error.broken.len(), 1);
    assert_eq!(error.broken[0].message, "takes 2 source(s), not 1");
}

#[test]
fn every_rule_has_a_case() {
    let cases = include_str!("tests.rs");
    let tables = [Stage::Tensor, Stage::Loops, Stage::Linear].into_iter().flat_map(rules::of);
    let untested =
        |rule: &&Rule| !cases.contains(&format!("\"{}", rule.name)) && !cases.contains(&format!(" {}\"", rule.name));
    let missing: Vec<&str> = tables.flat_map(|table| table.iter()).filter(untested).map(|rule| rule.name).collect();
    assert_eq!(missing, [""; 0]);
}
