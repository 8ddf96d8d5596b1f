//! The catalogue of error texts: each says what is wrong with what came, and what would be right.
//!
//! Errors of tensor methods are worded by tg-core, where their rules are. What rustc reports by itself on the expanded
//! items (unknown attributes, two items of one name) is not repeated here.

use quote::ToTokens;
use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::ir::Uop;
use tg_core::tensor::{Error, show_shape};

use crate::diagnostic::Message;

/// A text with advice.
fn with(text: impl Into<String>, help: impl Into<String>) -> Message {
    Message::new(text).help(help)
}

fn did_you_mean(close: Option<String>) -> Option<String> {
    close.map(|close| format!("did you mean `{close}`?"))
}

fn source(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(" . ", ".").replace(" (", "(").replace(" :: ", "::")
}

/// `1 argument`, `2 arguments`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `Tensor<f32, N, 784>` from a dtype and texts of sizes.
pub fn tensor_type_text(dtype: DType, dims: &[String]) -> String {
    let parts: Vec<String> = std::iter::once(dtype.to_string()).chain(dims.iter().cloned()).collect();
    format!("Tensor<{}>", parts.join(", "))
}

/// `Tensor<f32, N, 784>`.
pub fn tensor_type(dtype: DType, shape: &[Dim]) -> String {
    tensor_type_text(dtype, &shape.iter().map(Dim::to_string).collect::<Vec<_>>())
}

macro_rules! messages {
    ($($name:ident($($arg:ident: $ty:ty),*) $body:expr;)*) => {
        $(pub fn $name($($arg: $ty),*) -> Message { $body })*
    };
}

mod mismatch;
pub use mismatch::*;

// Items and signatures.
messages! {
    unsupported_item() with(
        "a tensor function block holds only `struct`, `impl`, `fn` and `const` items",
        "move this item out of the block",
    );
    trait_impl() with("traits cannot be implemented inside a tensor function block", "move this `impl` out of the block");
    qualifier(word: &str) with(format!("a tensor function cannot be `{word}`"), format!("leave `{word}` out"));
    type_parameter(name: &proc_macro2::Ident) with(
        format!("`{name}` is neither a run-time dimension nor a constant"),
        format!("write `{name}: Dim`, `{name}: Dim<MIN, MAX>` or `const {name}: usize`"),
    );
    parameter_attribute() with(
        "this attribute has no meaning for a parameter",
        "leave it out; what most likely holds the same at each call is marked `#[constant]`, without arguments",
    );
    constant_in_place() with(
        "a parameter that is changed in place is not constant between calls",
        "take it by `&`, or leave `#[constant]` out",
    );
    constant_number() with(
        "`#[constant]` is for tensors, of which copies are kept between calls",
        "leave it out: there is nothing to keep of this parameter",
    );
    receiver_outside() with("`self` outside of an `impl`", "move the function into `impl YourStruct { … }`");
    self_outside() with("`Self` is known only inside of an `impl`", "write the name of the struct");
    impl_target() with("an `impl` here must be for a struct of the block", "declare the struct in the same block");
    field_type() with(
        "a field must be a tensor, or a struct, tuple or array of tensors",
        "a number is a tensor without dimensions: `Tensor<f32>`",
    );
    recursive_struct(name: &str) with(
        format!("struct `{name}` contains itself"),
        "put an array of another struct into it: `layers: [Layer; 3]`",
    );
    unsupported_type(ty: &syn::Type) with(
        format!("`{}` is not a type of tensor functions", source(ty)),
        "use `Tensor<f32, 32, 784>`, a scalar such as `f32`, a struct of the block, a tuple or an array",
    );
    unknown_type(name: &str, close: Option<String>) with(
        format!("no type `{name}` in this block"),
        "structs of tensors must be declared in the same block as the functions that use them",
    ).maybe_help(did_you_mean(close));
    unknown_dtype(name: &str, close: Option<String>) with(
        format!("`{name}` is not an element type"),
        format!("element types are {}", crate::types::dtypes().collect::<Vec<_>>().join(", ")),
    ).maybe_help(did_you_mean(close));
    tensor_without_dtype() with("a tensor type needs its element type", "write `Tensor<f32>` or `Tensor<f32, 32, 784>`");
    not_a_size(argument: &syn::GenericArgument) with(
        format!("`{}` is not a size", source(argument)),
        "a size is a number, a constant, a dimension such as `N`, or an expression in braces: `Tensor<f32, 32, { N * 2 }>`",
    );
    rank_limit(rank: usize) with(
        format!("a tensor type has at most {} dimensions, this one has {rank}", crate::types::MAX_RANK),
        "merge dimensions that are worked on together into one: `{ H * W }`",
    );
    struct_arguments(name: &str, wanted: &std::ops::RangeInclusive<usize>, got: usize) Message::new(format!(
        "`{name}` takes {}{}, got {got}",
        if wanted.start() < wanted.end() { format!("{} to ", wanted.start()) } else { String::new() },
        counted(*wanted.end(), "constant argument"),
    ));
    size_below_one(size: &Dim) with(
        match size.known() {
            Some(size) => format!("a dimension must be at least 1, this one is {size}"),
            None => format!("a dimension must be at least 1, {size} can be {}", size.lower()),
        },
        "there are no tensors without elements; a single number is a tensor without dimensions: `Tensor<f32>`",
    );
    huge_type(dtype: DType, shape: &[Dim]) with(
        format!("`{}` is larger than 2^47 bytes", tensor_type(dtype, shape)),
        "use smaller sizes, or bound the run-time dimensions more tightly",
    );
    dim_bound_count() with("a dimension has at most two bounds", "write `N: Dim<MAX>` or `N: Dim<MIN, MAX>`");
    dim_bounds(min: i64, max: i64, most: i64) with(
        format!("the bounds of a dimension must satisfy 1 <= MIN <= MAX <= {most}, got MIN = {min}, MAX = {max}"),
        match min > max {
            true => format!("write the smaller one first: `Dim<{max}, {min}>`"),
            false => "write `N: Dim<MAX>` or `N: Dim<MIN, MAX>`".into(),
        },
    );
    template_output(ty: &str) with(
        format!("a compiled function cannot return {ty}"),
        "return tensors, scalars, or structs, tuples and arrays of these",
    );
    unused_dim(name: &str) with(
        format!("no parameter has `{name}` as one of its sizes, so a call could not tell its value"),
        format!("give a parameter the type `Tensor<…, {name}, …>`, or make it `const {name}: usize`"),
    );
    dim_limit(most: usize) with(
        format!("a tensor function has at most {most} run-time dimensions"),
        "declare those that never change `const N: usize`",
    );
    struct_dim(name: &str) with(
        "a struct has no run-time dimensions: its tensors have sizes known at compile time",
        format!("declare it `const {name}: usize`"),
    );
    untyped_parameter() with("a parameter needs a type", "write `|x: Tensor<f32, 32, 784>| …`");
    attribute_arguments() with("`#[tg::aot]` takes no arguments", "write `#[tg::aot]`");
    attribute_target() with("`#[tg::aot]` compiles one `fn`", "put structs and several functions into `tensor_fn! { … }`");
    parameter_pattern() with("a parameter of a compiled function must be a name", "take it apart with `let` in the body");
}

// Names.
messages! {
    undefined(name: &str, close: Option<String>) with(
        format!("no variable, constant or function `{name}` in this block"),
        "nothing from outside of the block is seen: name it with `let` before, or pass it as a parameter",
    ).maybe_help(did_you_mean(close));
    undefined_path(owner: &str, name: &str, close: Option<String>)
        Message::new(format!("no function or constant `{name}` in `{owner}`")).maybe_help(did_you_mean(close));
    unknown_function(name: &str, close: Option<String>) with(
        format!("no function `{name}` in this block"),
        "a block sees only its own functions and the tensor functions, such as `arange` or `cat`",
    ).maybe_help(did_you_mean(close));
    unknown_method(name: &str, of: &str, close: Option<String>)
        Message::new(format!("no method `{name}` on {of}")).maybe_help(did_you_mean(close));
    field_called(name: &str, of: &str) with(
        format!("`{name}` is a field of `{of}`, not a method"),
        format!("call a method of it, such as `.{name}.forward(x)` of a layer"),
    );
    not_a_method(name: &str) with(format!("`{name}` does not take `self`"), format!("call it as `{name}(…)`"));
    no_field(name: &str, of: &str, close: Option<String>)
        Message::new(format!("no field `{name}` in {of}")).maybe_help(did_you_mean(close));
    missing_field(field: &str, of: &str) with(
        format!("field `{field}` of `{of}` is missing"),
        format!("add `{field}: …`, or take the other fields from a `{of}`: `..other`"),
    );
    cannot_infer(name: &str) with(
        format!("the value of `{name}` does not follow from the arguments"),
        format!("give it in angle brackets, `function::<3>(…)`, or use `{name}` as a size of a parameter"),
    );
}

// Syntax that the language does not have.
messages! {
    conditional_let(what: &str) with(format!("{what} is not part of tensor functions"), "use `match`, or `let` alone");
    unsupported_statement() with("only `const` items can stand inside of a function", "move this item out of the function, into the block");
    unsupported_macro(path: &syn::Path) with(
        format!("`{}!` is not part of tensor functions", source(path)),
        "only `vec!` and `assert!` are; code runs while the crate compiles, there is nothing to print to",
    );
    unsupported_pattern() with("this pattern is not supported", "use a name, `_`, a tuple or a struct pattern");
    unsupported_literal() with("this literal is not supported", "use an integer, a float or a truth value");
    uninitialized() with("a variable needs a value where it is declared", "write `let x = …;`");
    empty_assertion() with("`assert!` needs a condition", "write `assert!(condition, \"what must hold\")`");
    assertion(condition: &syn::Expr, text: Option<String>) Message::new(
        text.unwrap_or_else(|| format!("assertion failed: {}", source(condition)))
    );
    large_literal() Message::new("this number does not fit into 64 bits");
}

/// What to write in place of an expression that is not part of the language.
pub fn unsupported_expression(expr: &syn::Expr) -> Message {
    use syn::Expr;
    let constant = "use `for` over a constant range or array, which is unrolled";
    let (what, help) = match expr {
        Expr::While(_) => ("`while`", constant),
        Expr::Loop(_) => ("`loop`", constant),
        Expr::Try(_) => ("`?`", "leave it out: nothing inside a tensor function can fail at run time"),
        Expr::Async(_) | Expr::Await(_) => ("async code", "await outside of the tensor function"),
        Expr::Unsafe(_) => ("`unsafe`", "leave it out: it is never needed"),
        Expr::Let(_) => ("`let` in a condition", "compare with `==`, or use `match`"),
        Expr::Break(_) | Expr::Continue(_) | Expr::Block(_) => ("labels and values of loops", "use plain `break`"),
        _ => ("this expression", "the body is a subset of Rust that is evaluated while the crate compiles"),
    };
    with(format!("{what} is not part of tensor functions"), help)
}

/// Something that is no item, and what items are.
pub fn misplaced_expression(at: proc_macro2::Span) -> syn::Error {
    let text = "expected `struct`, `impl`, `fn` or `const`";
    let help = "an expression can be compiled in place as a closure: `tensor_fn!(|x: Tensor<f32, 32, 784>| x.relu())`";
    syn::Error::new(at, with(text, help))
}

// Operators and numbers.
messages! {
    operands(op: &str, a: &str, b: &str) with(
        format!("`{op}` between {a} and {b}"),
        match (a.contains("integer"), b.contains("float"), a.contains("float"), b.contains("integer")) {
            (true, true, ..) | (.., true, true) => "integers and floats do not mix: write `2.0`, or convert with `as f64`",
            _ => "both sides must be numbers, tensors, or structs of the same kind",
        },
    );
    operand(op: &str, value: &str) Message::new(format!("`{op}` on {value}"));
    integer_arithmetic(a: i64, op: &str, b: i64) Message::new(format!(
        "`{a} {op} {b}` {}", if b == 0 { "divides by zero" } else { "does not fit into 64 bits" }
    ));
    undecided(a: &Dim, op: &str, b: &Dim) with(
        format!("whether {a} {op} {b} holds is known only at run time"),
        "decide on constants, or bound the dimension so that one answer holds: `N: Dim<1, 64>`",
    );
    inexact_division(a: &Dim, b: &Dim) with(
        format!("{a} / {b} is not a whole number for every value of the dimensions"),
        "make the dimension a multiple by construction, such as `Tensor<f32, { N * 2 }>`",
    );
    cast_target(name: &str) Message::new(format!("`as {name}` is not supported"));
    cast_tensor(name: &str) with("`as` converts numbers, not tensors", format!("use `.cast::<{name}>()`"));
    expected_integer(got: &str) Message::new(format!("expected an integer known at compile time, got {got}"));
    expected_size(got: &str) with(
        format!("expected a size, got {got}"),
        "a size is known at compile time, such as a `const`, or made of run-time dimensions, such as `x.dim(0)`",
    );
}

// Control.
messages! {
    tensor_condition(x: Uop) with(
        format!("code cannot branch on `{}`: its value is known only at run time", tensor_type(x.dtype(), x.shape())),
        "choose element by element: `condition.where_(a, b)`; for a switch, use a constant: `const TRAIN: bool`",
    );
    jump_outside(word: &str) with(
        format!("`{word}` outside of a loop"),
        "a closure or function cannot leave the loop around its call: give back a value that the loop decides by",
    );
    nesting_limit(most: usize) with(
        format!("expressions are nested deeper than {most}, calls included"),
        "name parts of it with `let`",
    );
    condition(got: &str) Message::new(format!("a condition must be `true` or `false`, got {got}"));
    lazy_operand(is_and: bool, got: &str) with(
        format!("`{}` needs truth values known at compile time, got {got}", if is_and { "&&" } else { "||" }),
        format!("tensors are combined with `{0}`: `(a < b) {0} (c < d)`", if is_and { "&" } else { "|" }),
    );
    no_arm(got: &str) with(format!("no arm matches {got}"), "add `_ => …`");
    match_literal(got: &str) Message::new(format!("this pattern cannot match {got}"));
    pattern_mismatch(wanted: usize, got: &str) Message::new(format!(
        "the pattern has {}, the value is {got}", counted(wanted, "part")
    ));
    runtime_range(start: &str, stop: &str) with(
        format!("a loop from {start} to {stop} has no length at compile time"),
        "loops are unrolled; work on the whole axis at once, or make the bound a `const`",
    );
    not_iterable(got: &str) with(
        format!("cannot loop over {got}"),
        "loop over a range such as `0..3`, or an array; a tensor is worked on as a whole",
    );
    iteration_limit(most: usize) with(
        format!("more than {most} iterations, calls or elements in one function"),
        "everything is unrolled while the crate compiles; work on whole tensors instead",
    );
    recursion(cycle: &[String]) with(
        format!("functions cannot call themselves: {}", cycle.join(" → ")),
        "calls are inlined; use a `for` loop over a constant range",
    );
    depth_limit(most: usize) Message::new(format!("calls are nested deeper than {most}"));
}

// Assignment.
messages! {
    immutable(name: &str) with(
        format!("`{name}` cannot be assigned to"),
        format!("declare it `let mut {name}`, or as a parameter `{name}: &mut …`"),
    );
    not_assignable() with("this cannot be assigned to", "assign to a variable, a field or an array element");
    tensor_element_assignment() with(
        "elements of a tensor cannot be assigned to",
        "make the whole tensor: with `where_`, `cat`, or `pad`",
    );
    changed_type(old: &str, new: &str) with(
        format!("expected {old}, got {new}"),
        "what is changed in place keeps its element type and shape",
    );
    needs_mut(argument: &syn::Expr, function: &str) with(
        format!("`{function}` changes this argument in place"),
        format!("pass `&mut {}`", source(argument)),
    );
    borrowed_twice(name: &str) with(format!("`{name}` is changed in place twice in one call"), "pass two variables");
}

// Calls.
messages! {
    argument_count(name: &str, wanted: usize, got: usize) Message::new(format!(
        "`{name}` takes {}, got {got}", counted(wanted, "argument")
    ));
    generic_count(name: &str, wanted: usize, got: usize) Message::new(format!(
        "`{name}` takes {}, got {got}", counted(wanted, "generic argument")
    ));
    unexpected_generic(name: &str) with(
        format!("`{name}` takes no such argument in angle brackets"),
        "only an element type can stand there, such as in `cast::<f32>()`",
    );
    not_callable(got: &str) Message::new(format!("cannot call {got}"));
    not_an_argument(name: &str, got: &str) Message::new(format!("`{name}` cannot take {got} as an argument"));
    const_from_dim(name: &str, dim: &Dim) with(
        format!("`const {name}` must be known at compile time, here it is the run-time dimension {dim}"),
        format!("declare `{name}: Dim` in the function that is called"),
    );
    dim_out_of_bounds(name: &str, size: &Dim, min: i64, max: i64) with(
        match size.known() {
            Some(size) => format!("dimension `{name}` must be in {min}..={max}, got {size}"),
            None => format!("dimension `{name}` must be in {min}..={max}, got {size} in {}..={}", size.lower(), size.upper()),
        },
        format!("declare other bounds in the function that is called: `{name}: Dim<MIN, MAX>`"),
    );
    operator(symbol: &str, error: &Error) {
        let text = error.message.split_once(": ").map_or(&*error.message, |(_, rest)| rest);
        Message::new(format!("`{symbol}`: {text}")).maybe_help(error.help.clone())
    };
    method(error: &Error) Message::new(error.message.clone()).maybe_help(error.help.clone());
    grad_arguments(got: usize) with(
        format!("`grad` takes 1 argument, got {got}"),
        "`loss.grad(x)` is the gradient by `x`; for several, pass a struct, tuple or array of tensors",
    );
    grad_of(got: &str) with(
        format!("there is no gradient by {got}"),
        "take it by a tensor, or a struct, tuple or array of tensors",
    );
    no_gradient(wrt: &syn::Expr, path: &str, x: Uop) match x.dtype().is_float() {
        true => with(
            format!("the loss does not depend on `{}{path}`", source(wrt)),
            "comparisons, casts to integers and `.detach()` pass no gradient on",
        ),
        false => with(
            format!("there is no gradient by `{}{path}`, which is `{}`", source(wrt), tensor_type(x.dtype(), x.shape())),
            "gradients are by tensors of floats; a field that is not learned is marked `#[buffer]`",
        ),
    };
    zip_lengths(a: usize, b: usize) Message::new(format!("`zip` of sequences of different lengths, {a} and {b}"));
    empty_sum() Message::new("the sum of no elements");
}

// Indexing.
messages! {
    not_indexable(got: &str) Message::new(format!("cannot index {got}"));
    array_index(at: i64, length: usize) Message::new(format!("index {at} is not within an array of {length} elements"))
        .maybe_help(length.checked_sub(1).map(|last| format!("the last element has the index {last}")));
    array_range(length: usize) Message::new(format!("the range is not within an array of {length} elements"));
    array_position(got: &str) with(
        format!("an array is indexed by an integer known at compile time or a range, got {got}"),
        "to index by a tensor, `stack` the array first",
    );
    tensor_position(got: &str) with(
        format!("a tensor is indexed by positions, ranges or tensors of positions, got {got}"),
        "one entry for each of the first axes: `x[0]`, `x[1..3]`, `x[(.., 0)]`",
    );
    too_many_indices(x: Uop, got: usize) Message::new(if x.shape().is_empty() {
        "a tensor of shape () is a single number and has no axes to index".into()
    } else { format!(
        "{} for shape {}, which has {}", counted(got, "index entry").replace("entrys", "entries"),
        show_shape(x.shape()), counted(x.shape().len(), "axis").replace("axiss", "axes")
    )});
}
