//! Methods called by name: what comes out and what errors say. Values are the business of the golden tables.

use crate::dim::{Dim, Var};
use crate::dtype::DType;
use crate::ir::Graph;
use crate::tensor::{Argument, find, methods, show_shape, suggest};

/// A small reader of calls, so that cases are text: `f32[3,4].sum 1 true 0.5 [1,2]`.
fn call(text: &str) -> String {
    let graph = Graph::new();
    let mut words = text.split(' ');
    let head = words.next().unwrap_or_default();
    let (name, receiver) = match head.rsplit_once('.') {
        Some((tensor, name)) => (name, Some(argument(&graph, tensor))),
        None => (head, None),
    };
    let arguments: Vec<_> = receiver.into_iter().chain(words.map(|word| argument(&graph, word))).collect();
    let method = find(name).unwrap_or_else(|| panic!("there is no method `{name}`"));
    match (method.call)(&graph, &arguments) {
        Ok(Argument::Tensor(x)) => format!("{}{}", x.dtype(), show_shape(x.shape())),
        Ok(other) => other.describe(),
        Err(error) => error.to_string(),
    }
}

fn size(text: &str) -> Dim {
    let var = |name: &str| Dim::from(Var::new(name, 1, 1000));
    text.split('*').map(|f| f.parse::<i64>().map_or_else(|_| var(f), Dim::from)).fold(Dim::ONE, |a, b| &a * &b)
}

fn argument<'g>(graph: &'g Graph, word: &str) -> Argument<'g> {
    if let Some((dtype, rest)) = word.split_once('[').filter(|(dtype, _)| !dtype.is_empty()) {
        let sizes = rest.trim_end_matches(']').split(',').filter(|s| !s.is_empty()).map(size).collect();
        return Argument::Tensor(graph.buffer(dtype.parse().unwrap(), sizes));
    }
    if let Some(items) = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')) {
        return Argument::List(split(items).into_iter().map(|item| argument(graph, item)).collect());
    }
    let dtype = || word.parse::<DType>().map(Argument::DType);
    let number = || word.parse::<i64>().map(Argument::Int).or_else(|_| word.parse().map(Argument::Float));
    let truth = || word.parse::<bool>().map(Argument::Bool);
    truth().or_else(|_| number()).or_else(|_| dtype()).unwrap_or_else(|_| match word {
        "_" => Argument::None,
        _ => Argument::Dim(size(word)),
    })
}

/// The items of a list, which may be lists.
fn split(items: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0, 0);
    for (at, c) in items.char_indices() {
        depth += (c == '[') as i32 - (c == ']') as i32;
        if c == ',' && depth == 0 {
            parts.push(&items[begin..at]);
            begin = at + 1;
        }
    }
    parts.push(&items[begin..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[track_caller]
fn check(cases: &str) {
    for line in cases.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (text, expected) = line.split_once(" => ").unwrap_or((line, ""));
        assert_eq!(call(text), expected.replace("\\n", "\n"), "{text}");
    }
}

#[test]
fn results_have_the_right_shape_and_dtype() {
    check(
        "f32[3,4].sum => f32()
        f32[3,4].sum [0,-1] => f32()
        f32[3,4].sum_keep 0 => f32(1, 4)
        f32[0,4].sum 0 => f32(4,)
        f32[3,4].argmax => i64()
        f32[3,4].var_with 1 0 => f32(3,)
        f32[32,784].matmul f32[784,10] => f32(32, 10)
        f32[32,784].matmul f32[784] => f32(32,)
        f32[7].matmul f32[2,7,3] => f32(2, 3)
        f32[2,1,3,4].matmul f32[5,4,6] => f32(2, 5, 3, 6)
        f32[65536,65536].matmul f32[65536,65536] => f32(65536, 65536)
        f32[3,4].add f32[4] => f32(3, 4)
        f32[3,4].add 1 => f32(3, 4)
        f32[3,4].reshape [2,-1] => f32(2, 6)
        f32[3].expand [2,-1] => f32(2, 3)
        f32[5].slice [[1,-1,1]] => f32(3,)
        f32[5].slice [[_,_,2]] => f32(3,)
        f32[3,4].select 0 -1 => f32(4,)
        f32[3,4].narrow 1 1 2 => f32(3, 2)
        f32[3].unsqueeze 1 => f32(3, 1)
        f32[3,4,5].flatten_from 1 => f32(3, 20)
        f32[3].pad_with [[1,1]] 0.5 => f32(5,)
        cat [f32[2,3],f32[4,3]] => f32(6, 3)
        stack [f32[2],f32[2]] -1 => f32(2, 2)
        f32[10,4].embedding i32[2,3] => f32(2, 3, 4)
        f32[3,4].index_select 0 i64[7] => f32(7, 4)
        u8[5].one_hot 10 => i64(5, 10)
        f32[4,5].cross_entropy u8[4] => f32()
        f32[2,3,9,8].windows [3,2] => f32(2, 3, 7, 7, 3, 2)
        f32[9].windows [3] 2 2 => f32(3, 3)
        f32[2,3,9,8].conv2d f32[4,3,3,3] => f32(2, 4, 7, 6)
        f32[2,3,9,8].conv2d f32[4,3,3,3] f32[4] 2 1 => f32(2, 4, 5, 4)
        f32[2,3,9,8].conv2d f32[3,1,3,3] _ [1,2] [2,1] 2 3 => f32(2, 3, 9, 3)
        f32[2,4,9].conv1d f32[6,2,3] _ 1 0 1 2 => f32(2, 6, 7)
        u8[8,8].max_pool2d 2 => u8(4, 4)
        f32[2,3,9,8].avg_pool2d 3 2 1 => f32(2, 3, 5, 4)
        f32[2,3,4,4].batchnorm f32[3] f32[3] => f32(2, 3, 4, 4)
        f32[5,3].batchnorm_with f32[3] f32[3] => f32(5, 3)
        f32[2,4,8].attention f32[2,5,8] f32[2,5,3] bool[4,5] => f32(2, 4, 3)
        f32[4,8].causal_attention f32[4,8] f32[4,8] => f32(4, 8)
        f32[3].lt 0.5 => bool(3,)
        f32[3].logical_not => bool(3,)
        bool[3].where_ 1 f32[2,3] => f32(2, 3)
        bool[3].where_ 1.0 0 => f32(3,)
        arange 5 => i64(5,)
        arange 0 10 3 => i64(4,)
        arange 10 0 -3 => i64(4,)
        arange 0.5 2.0 0.2 => f32(8,)
        full [2,3] 1 => i64(2, 3)
        full [2,3] 1 f16 => f16(2, 3)
        random_bits [2,3] 7 => u32(2, 3)
        uniform [2,3] -1 1 u64[] bf16 => bf16(2, 3)
        randn [] i32[] => f32()
        f16[2,3].dropout 0.5 7 => f16(2, 3)
        f32[3,4].shape => [3, 4]
        f32[3,4].dim -1 => 4
        f32[3,4].numel => 12
        f32[3,4].rank => 2
        f32[3,4].dtype => the dtype f32",
    );
}

#[test]
fn sizes_known_only_at_run_time_work_where_the_arithmetic_allows() {
    check(
        "f32[N,4].add f32[N,1] => f32(N, 4)
        f32[N,4].mul N => f32(N, 4)
        f32[N,4].reshape [-1] => f32(N*4,)
        f32[N*784].reshape [-1,784] => f32(N, 784)
        f32[N,784].matmul f32[784,10] => f32(N, 10)
        f32[784,N].matmul f32[N,10] => f32(784, 10)
        f32[N,5].mean => f32()
        f32[N,5].var 0 => f32(5,)
        f32[N,5].argmax 0 => i64(5,)
        f32[N,5].cumsum 0 => f32(N, 5)
        f32[N,5].cross_entropy u8[N] => f32()
        f32[N,5].tril => f32(N, 5)
        f32[N].pad [[N,2]] => f32(N*2+2,)
        f32[N].slice [[0,1,1]] => f32(1,)
        f32[N].slice [[_,_,2]] => slice: axis 0 has size N, not a multiple of step 2
        f32[N].slice [[0,2,1]] => slice: 0..2 is not within axis 0, which has size N
        f32[N,4].reshape [-1,8] => reshape: shape (N, 4) into (-1, 8): N*4 elements do not divide by 8
        f32[N,4].add f32[M,4] => add: shapes (N, 4) and (M, 4) do not broadcast: axis -2 has sizes N and M\\nhelp: sizes known only at run time must be the same expression, or one of them 1
        f32[N,3,9,9].conv2d f32[4,3,3,3] _ 2 1 => f32(N, 4, 5, 5)
        f32[1,3,N*4,9].conv2d f32[4,3,3,3] _ 2 1 => f32(1, 4, N*2, 5)
        f32[1,3,N,9].conv2d f32[4,3,3,3] _ 1 1 => f32(1, 4, N, 9)
        f32[1,3,N,9].conv2d f32[4,3,3,3] _ 2 1 => conv2d: axis -2 has size N+2: how many windows with stride 2 fit is not a polynomial\\nhelp: make the size a multiple of the stride, such as 2*N, or known
        f32[N,2,4].attention f32[N,M,4] f32[N,M,4] => f32(N, 2, 4)
        f32[N,3].batchnorm => f32(N, 3)
        arange N => i64(N,)
        eye N => f32(N, N)
        full [N,3] true => bool(N, 3)
        randn [N,3] 1 f64 => f64(N, 3)
        f32[N,4].dim 0 => the size N
        f32[N,4].numel => the size N*4",
    );
}

#[test]
fn arguments_are_checked_with_the_name_of_the_method_called() {
    check(
        "f32[32,10].softmax 3 => softmax: axis must be in -2..2 for shape (32, 10), got 3
        f32[].sum 0 => sum: a tensor of shape () has no axes, got axis 0
        f32[3,4].sum [0,0] => sum: axis 0 is given twice
        f32[3].relu 3 => relu: takes 0 arguments, got 1
        cat [f32[2]] 0 1 => cat: takes 2 arguments, got 3
        f32[3].softmax => softmax: argument `axis` is missing: an integer
        f32[3].softmax 0.5 => softmax: argument `axis` must be an integer, got 0.5
        f32[3].softmax f32[3] => softmax: argument `axis` must be an integer, got a tensor f32 (3,)
        cat f32[3] => cat: argument `tensors` must be a list of tensors, got a tensor f32 (3,)
        cat [] => cat: needs at least one tensor, got an empty list
        add 1 2 => add: one of the operands must be a tensor, got two numbers
        f32[3].clamp 1.0 -1.0 => clamp: min is 1.0, which is above max, -1.0
        f32[3].bitcast u8 => bitcast: f32 has 32 bits, u8 has 8\\nhelp: to convert the values, use `.cast::<u8>()`
        f64[3].round_tf32 => round_tf32: needs a tensor of f32 or narrower floats, got f64\\nhelp: convert it first: `.cast::<f32>()`
        i32[2,3].matmul_tf32 i32[3,2] => matmul_tf32: needs a tensor of floats, got i32\\nhelp: convert it first: `.cast::<f32>()`
        arange 0 10 0 => arange: steps of 0 from 0 do not reach 10
        f32[4].tril => tril: needs at least two axes, got shape (4,)
        f32[10].embedding i32[2] => embedding: needs a matrix of rows, got shape (10,)
        f32[0,4].max 0 => max: axis 0 of shape (0, 4) is empty
        randn [3] -1 => randn: the seed must be an integer from 0 on, or a scalar of integers, got -1
        randn [3] f32[] => randn: the seed must be an integer from 0 on, or a scalar of integers, got f32 ()
        randn [3] u64[2] => randn: the seed must be an integer from 0 on, or a scalar of integers, got u64 (2,)
        randn [3] 1 i32 => randn: random numbers are floats, not i32\\nhelp: convert them: `.cast::<i32>()`, or take `random_bits`
        uniform [3] 1.0 0.0 1 => uniform: low and high must be finite and in order, got 1.0 and 0.0
        f32[3].dropout 1.5 1 => dropout: p must be a probability, from 0 to 1, got 1.5",
    );
}

#[test]
fn dtypes_that_do_not_fit_say_what_to_convert() {
    check(
        "f32[3,4].add i32[4] => add: operands have dtypes f32 and i32\\nhelp: convert the right operand with `.cast::<f32>()`
        u64[3].add i64[3] => add: operands have dtypes u64 and i64\\nhelp: convert both operands with `.cast::<f64>()`
        i32[3,4].add 0.5 => add: 0.5 is a float, the tensor is i32\\nhelp: convert the tensor: `.cast::<f32>()`
        u8[3].add 300 => add: 300 does not fit u8\\nhelp: convert the tensor to a wider dtype first
        bool[3].add 1 => add: 1 is an integer, the tensor is bool\\nhelp: convert the tensor: `.cast::<i32>()`
        bool[3].add bool[3] => add: needs a tensor of numbers, got bool\\nhelp: convert it first: `.cast::<i32>()`
        i32[3].mean => mean: needs a tensor of floats, got i32\\nhelp: convert it first: `.cast::<f32>()`
        f32[3].bit_and 1 => bit_and: needs a tensor of integers or bool, got f32
        i32[3].pow -1 => pow: the integer tensor i32 has no power -1\\nhelp: convert it first: `.cast::<f32>()`
        i32[3].div 0 => div: the i32 tensor is divided by the integer 0
        f32[3].where_ 1.0 -0.5 => where_: the condition must be a tensor of bool, got f32\\nhelp: compare it: `.ne(0)`
        cat [f32[2,3],f64[4,3]] => cat: dtypes f32 and f64 differ\\nhelp: convert with `.cast::<f32>()`
        f32[4,5].cross_entropy f32[4] => cross_entropy: positions and classes are integers, got f32\\nhelp: `.cast::<i64>()` them
        f32[3,4].matmul f64[4,5] => matmul: (3, 4) x (4, 5): dtypes differ, f32 and f64\\nhelp: convert one of them, such as with `.cast::<f32>()`",
    );
}

#[test]
fn shapes_that_do_not_fit_show_the_arithmetic_and_the_repair() {
    check(
        "f32[32,784].matmul f32[128,10] => matmul: (32, 784) x (128, 10): inner dimensions differ, 784 and 128\\nhelp: the right operand needs the shape (…, 784, n)
        f32[32,784].matmul f32[10,784] => matmul: (32, 784) x (10, 784): inner dimensions differ, 784 and 10\\nhelp: a transposed right operand fits: did you mean `.t()` on it?
        f32[784,32].matmul f32[784,10] => matmul: (784, 32) x (784, 10): inner dimensions differ, 32 and 784\\nhelp: a transposed left operand fits: did you mean `.t()` on it?
        f32[32,784].matmul f32[100] => matmul: (32, 784) x (100,): inner dimensions differ, 784 and 100\\nhelp: the right operand needs the shape (784,) or (…, 784, n)
        f32[2,3,4].matmul f32[3,4,5] => matmul: (2, 3, 4) x (3, 4, 5): batch shapes (2,) and (3,) do not broadcast: axis -1 has sizes 2 and 3\\nhelp: batch sizes must be equal, or one of them 1
        f32[3].matmul f32[] => matmul: (3,) x (): a scalar has no axis to sum over\\nhelp: multiply with `*`
        f32[3,4].add f32[3] => add: shapes (3, 4) and (3,) do not broadcast: axis -1 has sizes 4 and 3\\nhelp: shapes are aligned at their last axes; `.reshape([3, 1])` on the operand of shape (3,) lines up its axes with the first ones
        f32[3,4].add f32[5,4] => add: shapes (3, 4) and (5, 4) do not broadcast: axis -2 has sizes 3 and 5\\nhelp: sizes must be equal, or one of them 1, from the last axis on
        f32[3,4].reshape [5,2] => reshape: shape (3, 4) into (5, 2): 12 elements do not fill 10\\nhelp: one size may be -1
        f32[3,4].reshape [5,-1] => reshape: shape (3, 4) into (5, -1): 12 elements do not divide by 5
        f32[3,4].reshape [-1,-1] => reshape: shape (3, 4) into (-1, -1): more than one size is -1
        f32[3,4].reshape [-2,6] => reshape: shape (3, 4) into (-2, 6): axis 0 has size -2, which may be negative
        f32[3,4].permute [0,0] => permute: [0, 0] does not name each axis of shape (3, 4) once
        f32[3,4,5].t => t: needs a matrix, got shape (3, 4, 5)\\nhelp: use `.transpose(-2, -1)` for the last two axes
        f32[3,4].expand [4,3] => expand: shape (3, 4) does not expand to (4, 3)\\nhelp: only axes of size 1 repeat, and new axes come first; `.unsqueeze` makes an axis of size 1
        f32[3].pad [[1,2],[3,4]] => pad: shape (3,) has 1 axis, got entries for 2
        f32[3].pad [[-1,2]] => pad: axis 0 is padded by (-1, 2), which may be negative\\nhelp: `.shrink` takes elements away
        f32[3].shrink [[1,4]] => shrink: 1..4 is not within axis 0, which has size 3
        f32[5].slice [[0,5,0]] => slice: step must be at least 1, got 0\\nhelp: `.flip` reverses an axis
        f32[3,4].select 0 3 => select: index 3 is not within axis 0, which has size 3
        f32[3,4].squeeze 0 => squeeze: axis 0 of shape (3, 4) has size 3, not 1
        cat [f32[2,3],f32[4,3]] 1 => cat: shapes (2, 3) and (4, 3) along axis 1: axis 0 has sizes 2 and 4\\nhelp: only the axis along which they are joined may differ
        stack [f32[2],f32[3]] => stack: shapes (2,) and (3,) differ\\nhelp: `cat` joins along an existing axis
        f32[3,4].gather 1 i64[4,2] => gather: index shape (4, 2) does not fit shape (3, 4) along axis 1\\nhelp: it has as many axes, no other one larger; or use `.index_select`
        f32[4,5].cross_entropy i64[5] => cross_entropy: scores (4, 5) need classes (4,), got (5,)\\nhelp: classes are integers, one for each row of scores
        f32[4].mse f32[4,1] => mse: shapes (4,) and (4, 1) differ\\nhelp: `.reshape` or `.expand` one of them",
    );
}

#[test]
fn windows_that_do_not_fit_say_why() {
    check(
        "f32[8].windows [3,3] => windows: windows over 2 axes of a tensor that has 1
        f32[8].windows [0] => windows: the size of a window must be at least 1, got 0
        f32[8].windows [3] 0 => windows: stride must be in 1..=2147483648, got 0
        f32[8].windows [9] => windows: a window of 9 does not fit axis -1, which has size 8
        f32[8].windows [3] 1 4 => windows: a window of 3, which spans 9, does not fit axis -1, which has size 8
        f32[8,8].windows [3,3] [1,1,1] => windows: stride must be 1 or 2 integers, got 3
        f32[3,8,8].conv2d f32[4,3,3,3] => conv2d: x must have 4 axes, (n, channels, height, width), got shape (3, 8, 8)\\nhelp: `.unsqueeze(axis)` adds an axis of size 1
        f32[1,3,8,8].conv2d f32[4,3,3] => conv2d: the weights must have 4 axes, (out, channels, kh, kw), got shape (4, 3, 3)\\nhelp: `.unsqueeze(axis)` adds an axis of size 1
        f32[1,3,8,8].conv2d f32[4,5,3,3] => conv2d: x (1, 3, 8, 8), weights (4, 5, 3, 3): x has 3 channels, the weights 5\\nhelp: weights are (out, channels / groups, taps…)
        f32[1,4,8,8].conv2d f32[4,4,3,3] _ 1 0 1 2 => conv2d: x (1, 4, 8, 8), weights (4, 4, 3, 3): x has 2 channels in each of 2 groups, the weights 4\\nhelp: weights are (out, channels / groups, taps…)
        f32[1,4,8,8].conv2d f32[4,4,3,3] _ 1 0 1 3 => conv2d: 4 channels of x and 4 of the result do not divide into 3 groups
        f32[1,4,8,8].conv2d f32[4,4,3,3] _ 1 0 1 0 => conv2d: 4 channels of x and 4 of the result do not divide into 0 groups
        f32[1,3,4,8].conv2d f32[4,3,7,7] _ 1 1 => conv2d: a window of 7 does not fit axis -2, which has size 6
        f32[1,3,8,8].conv2d f32[4,3,3,3] f32[3] => conv2d: one number for each channel is f32 (4,), got f32 (3,)
        f32[1,3,8,8].conv2d f32[4,3,3,3] 2 => conv2d: argument `bias` must be a tensor, got 2
        f32[1,3,8,8].conv2d f64[4,3,3,3] => conv2d: x is f32, the weights are f64\\nhelp: convert one of them, such as with `.cast::<f32>()`
        f32[1,3,8,8].conv2d f32[4,3,3,3] _ 1 -1 => conv2d: padding must be in 0..2^31, got -1
        f32[8].max_pool2d 2 => max_pool2d: needs at least two axes, got shape (8,)
        f32[8,8].max_pool2d 2 2 2 => max_pool2d: padding 2 is more than half of the size 2 of a window
        f32[4].batchnorm => batchnorm: needs an axis 1 of channels, got shape (4,)
        f32[4,3].batchnorm f32[4] => batchnorm: one number for each channel is f32 (3,), got f32 (4,)
        f32[4,8].attention f32[5,7] f32[5,3] => attention: queries, keys and values (4, 8), (5, 7), (5, 3): queries have 8 elements, keys 7
        f32[4,8].attention f32[5,8] f32[6,3] => attention: queries, keys and values (4, 8), (5, 8), (6, 3): there are 5 keys and 6 values
        f32[8].attention f32[8] f32[8] => attention: queries, keys and values (8,), (8,), (8,): each needs two axes or more, (…, n, d)
        f32[4,8].attention f32[5,8] f32[5,3] bool[3,5] => attention: the mask must be bool or f32 and broadcast to (4, 5), got bool (3, 5)",
    );
}

#[test]
fn sizes_that_overflow_are_errors() {
    let help = "\\nhelp: use smaller sizes, or bound the run-time dimensions more tightly";
    check(&format!(
        "zeros [10000000000,20000] => zeros: the result, f32 (10000000000, 20000), is larger than 2^47 bytes{help}
        zeros [9000000000000000000,2] => zeros: shape (9000000000000000000, 2) has more than 2^63 elements
        f32[65536,1,65536].add f32[1,65536,1] => add: the result, f32 (65536, 65536, 65536), is larger than 2^47 bytes{help}
        f32[9,1].expand [9,9000000000000000000] => expand: shape (9, 9000000000000000000) has more than 2^63 elements
        f32[3].pad [[9223372036854775807,1]] => pad: the result, f32 (9223372036854775807,), is larger than 2^47 bytes{help}"
    ));
}

#[test]
fn names_are_unique_documented_and_suggested() {
    let mut names: Vec<&str> = methods().map(|method| method.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    assert!(names.len() > 110, "{}", names.len());
    for method in methods() {
        assert!(method.doc.trim().ends_with('.'), "{}: {}", method.name, method.doc);
        assert!(method.free || method.params[0].name == "x" || method.params[0].name == "cond", "{}", method.name);
    }
    let suggested = ["view", "mm", "size", "concat", "sofmax", "log_sofmax", "crossentropy", "transpos", "qwertyuiop"];
    let expected = ["reshape", "matmul", "dim", "cat", "softmax", "log_softmax", "cross_entropy", "transpose"];
    assert_eq!(suggested.map(suggest)[..8], expected.map(Some));
    assert_eq!(suggest("qwertyuiop"), None);
    assert!(super::registry::FOREIGN.iter().all(|(other, ours)| find(other).is_none() && find(ours).is_some()));
}

/// The ops of the unary spine of `text`'s result, outermost first, following first sources.
fn spine(text: &str) -> String {
    let graph = Graph::new();
    let (name, operands) = text.split_once(' ').unwrap_or((text, ""));
    let arguments: Vec<_> = operands.split(' ').map(|word| argument(&graph, word)).collect();
    let Some(Ok(Argument::Tensor(x))) = find(name).map(|method| (method.call)(&graph, &arguments)) else {
        return String::new();
    };
    let chain = std::iter::successors(Some(x), |x| x.srcs().next());
    chain.map(|x| x.op().name()).collect::<Vec<_>>().join(" ")
}

#[test]
fn compositions_are_those_the_compiler_knows() {
    let cases = [
        ("matmul f32[3,4] f32[4,5]", "RESHAPE REDUCE_AXIS MUL EXPAND RESHAPE BUFFER"),
        ("relu f32[3]", "MAX BUFFER"),
        ("sum f32[3] 0", "RESHAPE REDUCE_AXIS BUFFER"),
        ("exp f32[3]", "EXP2 MUL BUFFER"),
        ("div f32[3] 4", "MUL BUFFER"),
        ("div f32[3] f32[3]", "MUL BUFFER"),
        ("softmax f32[3,4] -1", "MUL EXP2 MUL SUB BUFFER"),
        ("embedding f32[9,4] u8[2]", "RESHAPE REDUCE_AXIS WHERE CMPEQ EXPAND RESHAPE IOTA"),
    ];
    for (text, expected) in cases {
        assert_eq!(spine(text), expected, "{text}");
    }
}
