//! Run-time dimensions from the shapes of the arguments, and the check that all of them fit.
//!
//! No allocation while everything fits: this runs at every call.

use std::ops::Deref;

use super::{DimSpec, MAX_DIMS, ParamSpec, Poly, Program, Role};
use crate::element::Element;
use crate::error::{Error, Result, dims_text};
use crate::shape::{MAX_RANK, Shape};
use crate::tensor::Tensor;

/// The values of a tensor function's run-time dimensions, in the order of [`Program::dims`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DimValues {
    values: [i64; MAX_DIMS],
    count: usize,
}

impl DimValues {
    /// These values, in the order of the program's dimensions; `None` for more than [`MAX_DIMS`].
    pub fn of(values: &[i64]) -> Option<DimValues> {
        let mut dims = DimValues { values: [0; MAX_DIMS], count: values.len() };
        dims.values.get_mut(..values.len())?.copy_from_slice(values);
        Some(dims)
    }

    /// The values.
    pub fn as_slice(&self) -> &[i64] {
        &self.values[..self.count]
    }
}

/// The sizes of a tensor: a slice of at most [`MAX_RANK`].
#[derive(Clone, Copy, Debug)]
pub struct Dims {
    sizes: [usize; MAX_RANK],
    rank: usize,
}

impl Deref for Dims {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }
}

impl ParamSpec {
    /// The sizes for these values of the dimensions.
    pub fn dims(&self, values: &DimValues) -> Dims {
        let mut dims = Dims { sizes: [0; MAX_RANK], rank: self.shape.len().min(MAX_RANK) };
        for (size, poly) in dims.sizes.iter_mut().zip(self.shape) {
            *size = poly.eval(values.as_slice()).max(0) as usize;
        }
        dims
    }

    /// Whether `sizes` are [`ParamSpec::dims`].
    fn fits(&self, sizes: &[usize], values: &DimValues) -> bool {
        let size = |poly: &Poly| poly.eval(values.as_slice()).max(0) as usize;
        self.shape.len() == sizes.len() && self.shape.iter().zip(sizes).all(|(poly, got)| size(poly) == *got)
    }

    fn describe(&self, names: &[DimSpec]) -> String {
        format!("shape ({})", self.shape.iter().map(|p| p.describe(names)).collect::<Vec<_>>().join(", "))
    }
}

/// An argument: the name of its parameter, and its sizes.
pub type Argument<'a> = (&'a str, &'a [usize]);

impl Program {
    /// The run-time dimensions for these arguments, which come in the order of [`Program::params`]; parameters
    /// with the role [`Role::Output`] may be absent. A dimension is read wherever it alone is a size.
    ///
    /// # Errors
    /// [`Error::Argument`] for an argument that is missing, unknown or of another shape,
    /// [`Error::DimDisagrees`], [`Error::DimBounds`], [`Error::DimUnknown`].
    pub fn bind(&'static self, args: &[Argument<'_>]) -> Result<DimValues> {
        let values = self.solved(args)?;
        self.each_argument(args, |param, sizes| {
            if param.fits(sizes, &values) {
                return Ok(());
            }
            Err(self.misfit(param, self.evaluated(param, &param.dims(&values)), sizes))
        })?;
        Ok(values)
    }

    /// The run-time dimensions, each as the arguments agree on it.
    fn solved(&'static self, args: &[Argument<'_>]) -> Result<DimValues> {
        let mut values = DimValues { values: [0; MAX_DIMS], count: self.dims.len() };
        if values.count == 0 {
            return Ok(values);
        }
        let mut solved: [Option<(&'static str, i64)>; MAX_DIMS] = [None; MAX_DIMS];
        self.each_argument(args, |param, sizes| {
            if param.shape.len() != sizes.len() {
                return Err(self.misfit(param, param.describe(self.dims), sizes));
            }
            for (poly, &size) in param.shape.iter().zip(sizes) {
                if let Some(dim) = poly.variable() {
                    self.solve(dim, param.name, size, &mut solved[dim])?;
                }
            }
            Ok(())
        })?;
        for ((value, solved), dim) in values.values.iter_mut().zip(solved).zip(self.dims) {
            *value = solved.ok_or(Error::DimUnknown { function: self.name, dim: dim.name })?.1;
        }
        Ok(values)
    }

    /// A result's tensor, not yet written: parameter `param` for these dimensions.
    ///
    /// # Errors
    /// [`Error::Argument`] if the sizes are not those of `S`; [`Error::TooLarge`], [`Error::OutOfMemory`].
    ///
    /// # Safety
    /// Before anything reads the tensor, the caller lets [`Program::run`] write it.
    pub unsafe fn output<T: Element, S: Shape>(&'static self, param: usize, dims: &DimValues) -> Result<Tensor<T, S>> {
        // SAFETY: the caller promises that the program writes it before anything reads it.
        unsafe { Tensor::unwritten_in(self.output_shape(param, dims)?) }
    }

    /// The shape of parameter `param` for these dimensions.
    pub(super) fn output_shape<S: Shape>(&'static self, param: usize, dims: &DimValues) -> Result<S> {
        let spec = &self.params[param];
        let sizes = spec.dims(dims);
        S::from_dims(&sizes).map_err(|_| self.misfit(spec, format!("shape {}", S::describe()), &sizes))
    }

    fn each_argument(
        &'static self,
        args: &[Argument<'_>],
        mut f: impl FnMut(&'static ParamSpec, &[usize]) -> Result<()>,
    ) -> Result<()> {
        let mut args = args.iter().peekable();
        for param in self.params {
            match args.next_if(|(name, _)| is_same(name, param.name)) {
                Some((_, sizes)) => f(param, sizes)?,
                None if param.role == Role::Output => {}
                None => {
                    let got = args.peek().map_or("nothing".to_owned(), |(name, _)| format!("`{name}` in its place"));
                    return Err(self.argument(param.name, param.describe(self.dims), got));
                }
            }
        }
        match args.next() {
            None => Ok(()),
            Some((name, sizes)) => Err(self.argument(name, "no such argument".to_owned(), dims_text(sizes))),
        }
    }

    /// Takes `size` as the value of dimension `dim`, or compares it with the value found before.
    fn solve(
        &'static self,
        dim: usize,
        argument: &'static str,
        size: usize,
        known: &mut Option<(&'static str, i64)>,
    ) -> Result<()> {
        let (function, spec) = (self.name, &self.dims[dim]);
        let got = i64::try_from(size).unwrap_or(i64::MAX);
        match *known {
            Some((_, value)) if value == got => Ok(()),
            Some(first) => Err(Error::DimDisagrees { function, dim: spec.name, first, second: (argument, got) }),
            None if got < spec.min || got > spec.max => {
                let bounds = (spec.min, spec.max);
                Err(Error::DimBounds { function, dim: spec.name, argument, bounds, got })
            }
            None => {
                *known = Some((argument, got));
                Ok(())
            }
        }
    }

    fn evaluated(&'static self, param: &'static ParamSpec, sizes: &[usize]) -> String {
        let symbolic = param.describe(self.dims);
        let known = format!("shape {}", dims_text(sizes));
        if symbolic == known { known } else { format!("{symbolic}, here {}", dims_text(sizes)) }
    }

    fn misfit(&'static self, param: &'static ParamSpec, expected: String, sizes: &[usize]) -> Error {
        self.argument(param.name, expected, dims_text(sizes))
    }

    fn argument(&'static self, argument: &str, expected: String, got: String) -> Error {
        Error::Argument { function: self.name, argument: argument.to_owned(), expected, got }
    }
}

/// Whether two names are equal. Generated code often refers to the very text in the table.
fn is_same(name: &str, other: &str) -> bool {
    std::ptr::eq(name, other) || name == other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{ProgramState, Report};
    use crate::shape::{Const, Dyn};
    use tg_core::dtype::Scalar;

    const N: Poly = Poly { terms: &[(1, &[0])] };
    const fn fixed(terms: &'static [(i64, &'static [u32])]) -> Poly {
        Poly { terms }
    }

    const fn param(name: &'static str, shape: &'static [Poly], role: Role) -> ParamSpec {
        ParamSpec { name, dtype: Scalar::F32, shape, role }
    }

    static PROGRAM: Program = Program {
        name: "logits",
        dims: &[DimSpec { name: "N", min: 1, max: 100 }],
        params: &[
            param("x", &[N, fixed(&[(784, &[])])], Role::Input),
            param("y", &[N], Role::Input),
            param("z", &[fixed(&[(2, &[0]), (1, &[])])], Role::InPlace),
            param("out", &[N, fixed(&[(10, &[])])], Role::Output),
        ],
        workspace: &[],
        kernels: &[],
        isas: &[crate::isa::Isa::Baseline],
        report: Report { kernels: 0, flops: 0, bytes: 0, workspace_bytes: 0 },
        state: ProgramState::new(),
        fallback: None,
        #[cfg(feature = "cuda")]
        gpu: None,
    };

    fn bind(x: &[usize], y: &[usize], z: &[usize]) -> std::result::Result<DimValues, String> {
        PROGRAM.bind(&[("x", x), ("y", y), ("z", z)]).map_err(|e| e.to_string())
    }

    #[test]
    fn dimensions_are_found_where_they_stand_alone() {
        let dims = bind(&[3, 784], &[3], &[7]).unwrap();
        assert_eq!(dims.as_slice(), [3]);
        assert_eq!(*PROGRAM.params[3].dims(&dims), [3, 10]);
        let with_out = [("x", &[3, 784][..]), ("y", &[3]), ("z", &[7]), ("out", &[3, 10])];
        assert_eq!(PROGRAM.bind(&with_out).unwrap(), dims);
        // SAFETY: the tensor is only asked for its sizes.
        let out = unsafe { PROGRAM.output::<f32, (Dyn, Const<10>)>(3, &dims) }.unwrap();
        assert_eq!(out.dims(), [3, 10]);
    }

    #[test]
    fn misfits_name_function_argument_expectation_and_sizes() {
        let cases: [([&[usize]; 3], &str); 6] = [
            ([&[3, 783], &[3], &[7]], "`logits`: argument `x`: expected shape (N, 784), here (3, 784), got (3, 783)"),
            ([&[3], &[3], &[7]], "`logits`: argument `x`: expected shape (N, 784), got (3)"),
            ([&[3, 784], &[4], &[7]], "`logits`: dimension `N` is 3 in argument `x` but 4 in argument `y`"),
            ([&[0, 784], &[0], &[1]], "`logits`: argument `x`: dimension `N` must be in 1..=100, got 0"),
            ([&[101, 784], &[3], &[7]], "`logits`: argument `x`: dimension `N` must be in 1..=100, got 101"),
            ([&[3, 784], &[3], &[8]], "`logits`: argument `z`: expected shape (2*N+1), here (7), got (8)"),
        ];
        for ([x, y, z], expected) in cases {
            assert_eq!(bind(x, y, z).unwrap_err(), expected);
        }
    }

    #[test]
    fn wrong_argument_lists_are_errors() {
        let error = |args: &[Argument<'_>]| PROGRAM.bind(args).unwrap_err().to_string();
        assert_eq!(error(&[]), "`logits`: argument `x`: expected shape (N, 784), got nothing");
        let swapped = [("y", &[3][..]), ("x", &[3, 784]), ("z", &[7])];
        assert_eq!(error(&swapped), "`logits`: argument `x`: expected shape (N, 784), got `y` in its place");
        let extra = [("x", &[3, 784][..]), ("y", &[3]), ("z", &[7]), ("w", &[1])];
        assert_eq!(error(&extra), "`logits`: argument `w`: expected no such argument, got (1)");
    }
}
