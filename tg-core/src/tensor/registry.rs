//! The table of all tensor methods: what the languages that call them by name see.
//!
//! [`methods!`] makes a documented Rust function and its row from one text, so that the two cannot differ. The rows
//! hold no meaning of their own.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Graph, Uop};
use crate::tensor::argument::Argument;
use crate::tensor::error::{Error, show_shape};
use crate::tensor::{
    activation, arithmetic, attention, comparison, contraction, conversion, convolution, creation, function, indexing,
    joining, loss, movement, normalization, pooling, random, reduction, statistics, window,
};

/// A parameter of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name in the documentation.
    pub name: &'static str,
    /// What may be passed.
    pub expects: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
}

/// A tensor method, callable by name.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it computes.
    pub doc: &'static str,
    /// Whether it is a function, such as `arange(3)`, and not called on a tensor.
    pub free: bool,
    /// Its parameters; unless it is free, the first is the tensor it is called on.
    pub params: &'static [Param],
    /// Whether it gives a tensor, and not a fact about one, such as its shape.
    pub gives_tensor: bool,
    /// Calls it. Trailing optional arguments may be missing.
    pub call: for<'g> fn(&'g Graph, &[Argument<'g>]) -> Result<Argument<'g>, Error>,
}

/// Makes of each `fn` a public function whose errors name it, and `ROWS`, the rows of all of them.
///
/// `fn name[graph](…)` is a free function that makes its result in `graph`. `@wide fn` computes with f32 what is given in a
/// narrower float, and rounds the result: see [`precision`](crate::tensor::precision).
macro_rules! theme {
    ($($(#[doc = $doc:literal])* $(@$wide:ident)? fn $name:ident $([$graph:ident])? ($($arg:ident: $ty:ty),* $(,)?) -> $result:ty $body:block)*) => {
        /// The rows of this theme.
        pub(super) const ROWS: &[$crate::tensor::registry::Method] = &[$($crate::tensor::registry::theme!(
            @row [$($doc)*] $name [$($graph)?] [$($arg: $ty),*] $result
        )),*];
        $($crate::tensor::registry::theme!(@fn [$($wide)?] [$($doc)*] $name [$($graph)?] [$($arg: $ty),*] $result, $body);)*
    };
    (@fn [$($wide:ident)?] [$($doc:literal)*] $name:ident [$($graph:ident)?] [$($arg:ident: $ty:ty),*] $result:ty, $body:block) => {
        $(#[doc = $doc])*
        ///
        /// # Errors
        /// If the arguments do not fit.
        pub fn $name<'g>($($graph: &'g $crate::ir::Graph,)? $($arg: $ty),*) -> Result<$result, $crate::tensor::error::Error> {
            $crate::tensor::registry::theme!(@widen [$($wide)?] $name [$($arg),*]);
            let run = || -> Result<$result, $crate::tensor::error::Error> { $body };
            run().and_then($crate::tensor::registry::Fits::fits).map_err(|error| error.within(stringify!($name)))
        }
    };
    (@widen [] $name:ident [$($arg:ident),*]) => {};
    // What does not fit is said by the body, of the tensors as they were given.
    (@widen [wide] $name:ident [$($arg:ident),*]) => {
        use $crate::tensor::{argument::Parameter, precision};
        let mut tensors = vec![];
        $($arg.with_tensors(&mut |x| { tensors.push(x); x });)*
        if let Some(narrow) = precision::narrow_dtype(&tensors)
            && let Ok(result) = $name($($arg.with_tensors(&mut precision::widened)),*)
        {
            return Ok(precision::rounded(result, narrow));
        }
    };
    (@row [$($doc:literal)*] $name:ident [$($graph:ident)?] [$($arg:ident: $ty:ty),*] $result:ty) => {{
        use $crate::tensor::argument::{Argument, Call, Parameter};
        use $crate::tensor::registry::{Fits, Method, Param};
        const fn gives_tensor<'g>() -> bool where 'g: 'g {
            <$result as Fits>::IS_TENSOR
        }
        const FREE: bool = $crate::tensor::registry::theme!(@free $($graph)?);
        const fn params<'g>() -> &'static [Param] where 'g: 'g {
            const { &[$(Param {
                name: stringify!($arg),
                expects: <$ty as Parameter<'g>>::EXPECTS,
                optional: <$ty as Parameter<'g>>::OPTIONAL,
            }),*] }
        }
        fn call<'g>(
            graph: &'g $crate::ir::Graph,
            arguments: &[Argument<'g>],
        ) -> Result<Argument<'g>, $crate::tensor::error::Error> {
            let receivers = if FREE { 0 } else { 1 };
            let mut call = Call::new(stringify!($name), graph, receivers, params().len() - receivers, arguments)?;
            $(let $arg = call.next::<$ty>(stringify!($arg))?;)*
            $(let $graph = graph;)?
            $name($($graph,)? $($arg),*).map(Argument::from)
        }
        Method {
            name: stringify!($name),
            doc: concat!($($doc, "\n"),*),
            free: FREE,
            params: params(),
            gives_tensor: gives_tensor(),
            call,
        }
    }};
    (@free) => { false };
    (@free $graph:ident) => { true };
}
pub(super) use theme;

/// Results that can be stored.
pub(super) trait Fits: Sized {
    /// Whether they are tensors.
    const IS_TENSOR: bool = false;
    /// Itself, if it can be stored.
    fn fits(self) -> Result<Self, Error> {
        Ok(self)
    }
}

/// Most bytes of one tensor: what a 64-bit process can address.
const MAX_BYTES: i64 = 1 << 47;

/// Whether a tensor of this type is small enough for every value of its run-time dimensions.
pub fn is_addressable(dtype: DType, shape: &[Dim]) -> bool {
    let bytes = Dim::product(shape).and_then(|n| n.upper().checked_mul(dtype.bytes().max(1) as i64));
    bytes.is_some_and(|bytes| bytes <= MAX_BYTES)
}

impl Fits for Uop<'_> {
    const IS_TENSOR: bool = true;
    fn fits(self) -> Result<Self, Error> {
        let Some(shape) = self.try_shape() else {
            return Err(Error::new("the operands have shapes that do not fit together"));
        };
        match is_addressable(self.dtype(), shape) {
            true => Ok(self),
            false => {
                let text = format!("the result, {} {}, is larger than 2^47 bytes", self.dtype(), show_shape(shape));
                Err(Error::new(text).help("use smaller sizes, or bound the run-time dimensions more tightly"))
            }
        }
    }
}
impl Fits for i64 {}
impl Fits for Dim {}
impl Fits for Vec<Dim> {}
impl Fits for crate::dtype::DType {}

macro_rules! themes {
    ($($theme:ident)*) => {
        static THEMES: &[(&str, &[Method])] = &[$((stringify!($theme), $theme::ROWS)),*];
    };
}

themes! {
    arithmetic comparison conversion function activation movement joining reduction statistics
    contraction window convolution pooling normalization attention indexing creation random loss
}

/// The name of each theme, which is its module's, and its methods.
pub fn themes() -> impl Iterator<Item = (&'static str, &'static [Method])> {
    THEMES.iter().copied()
}

/// Every method, theme by theme.
pub fn methods() -> impl Iterator<Item = &'static Method> {
    themes().flat_map(|(_, methods)| methods)
}

/// The method called `name`.
pub fn find(name: &str) -> Option<&'static Method> {
    static BY_NAME: LazyLock<FxHashMap<&str, &Method>> =
        LazyLock::new(|| methods().map(|method| (method.name, method)).collect());
    BY_NAME.get(name).copied()
}

/// Names that other libraries use, and ours.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    ("view", "reshape"),
    ("mm", "matmul"),
    ("bmm", "matmul"),
    ("dot", "matmul"),
    ("size", "dim"),
    ("len", "numel"),
    ("ndim", "rank"),
    ("concat", "cat"),
    ("concatenate", "cat"),
    ("swapaxes", "transpose"),
    ("swap_dims", "transpose"),
    ("amax", "max"),
    ("amin", "min"),
    ("ln", "log"),
    ("powf", "pow"),
    ("powi", "pow"),
    ("power", "pow"),
    ("absolute", "abs"),
    ("reciprocal", "recip"),
    ("fmod", "rem"),
    ("remainder", "rem"),
    ("modulo", "rem"),
    ("divide", "div"),
    ("subtract", "sub"),
    ("multiply", "mul"),
    ("greater", "gt"),
    ("less", "lt"),
    ("equal", "eq"),
    ("not", "logical_not"),
    ("not_equal", "ne"),
    ("swish", "silu"),
    ("where", "where_"),
    ("select_where", "where_"),
    ("to", "cast"),
    ("astype", "cast"),
    ("to_dtype", "cast"),
    ("float", "cast"),
    ("int", "cast"),
    ("broadcast_to", "expand"),
    ("broadcast", "expand"),
    ("broadcast_as", "expand"),
    ("crop", "shrink"),
    ("layer_norm", "layernorm"),
    ("batch_norm", "batchnorm"),
    ("conv", "conv2d"),
    ("convolution", "conv2d"),
    ("maxpool2d", "max_pool2d"),
    ("max_pool", "max_pool2d"),
    ("avgpool2d", "avg_pool2d"),
    ("avg_pool", "avg_pool2d"),
    ("unfold", "windows"),
    ("scaled_dot_product_attention", "attention"),
    ("sdpa", "attention"),
    ("rms_norm", "rmsnorm"),
    ("mse_loss", "mse"),
    ("iota", "arange"),
    ("linspace", "arange"),
    ("fill", "full"),
    ("identity", "eye"),
    ("take", "index_select"),
    ("lookup", "embedding"),
    ("average", "mean"),
    ("ravel", "flatten"),
    ("expand_dims", "unsqueeze"),
    ("clip", "clamp"),
    ("rand", "uniform"),
    ("random", "uniform"),
    ("normal", "randn"),
];

/// The method that someone who wrote `name` most likely means, if any: what other libraries call by that name, or the
/// closest spelling.
pub fn suggest(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let foreign = FOREIGN.iter().find(|(other, _)| *other == lower).map(|(_, ours)| *ours);
    foreign.or_else(|| closest(&lower))
}

/// The method with the fewest edits from `name`: at most a third of its letters.
fn closest(name: &str) -> Option<&'static str> {
    let ranked = methods().map(|method| (edits(name, method.name), method.name));
    let (distance, best) = ranked.min()?;
    (distance <= (name.len().max(best.len()) / 3).max(1)).then_some(best)
}

/// Levenshtein distance with `_` ignored.
fn edits(a: &str, b: &str) -> usize {
    let letters = |text: &str| text.chars().filter(|c| *c != '_').collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + (x != y) as usize;
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
