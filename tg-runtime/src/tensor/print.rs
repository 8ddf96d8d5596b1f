//! `Display` and `Debug`: nested brackets with aligned columns, in the layout of numpy.
//!
//! Over [`THRESHOLD`] elements, only the first and last [`EDGE`] along each axis are shown. Floats show at
//! most [`PRECISION`] fractional digits, and all are in scientific notation when their sizes differ much.

use std::fmt;

use super::Tensor;
use crate::element::Element;
use crate::shape::Shape;

const THRESHOLD: usize = 1000;
const EDGE: usize = 3;
const PRECISION: usize = 8;
const LINE: usize = 75;

/// Writes `elements` of a row-major array with sizes `dims`.
///
/// # Errors
/// Those of `f`.
pub fn print<T: Element>(f: &mut fmt::Formatter<'_>, elements: &[T], dims: &[usize]) -> fmt::Result {
    match elements {
        [value] if dims.is_empty() => f.write_str(&scalar_text(*value)),
        [] => f.write_str("[]"),
        elements => Layout::new(elements, dims).write(f, 0, 0, 1),
    }
}

impl<T: Element, S: Shape> fmt::Display for Tensor<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, self.as_slice(), self.dims().as_ref())
    }
}

impl<T: Element, S: Shape> fmt::Debug for Tensor<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor<{}", T::DTYPE)?;
        for size in self.dims().as_ref() {
            write!(f, ", {size}")?;
        }
        let gap = if S::RANK > 1 { '\n' } else { ' ' };
        write!(f, ">{gap}{self}")
    }
}

/// The shown elements of an array, and the width of their columns.
struct Layout<'a, T> {
    elements: &'a [T],
    dims: &'a [usize],
    elide: bool,
    style: Style,
}

/// How every element of one array is written.
#[derive(Default)]
struct Style {
    scientific: bool,
    /// Characters before the point, the sign included; all of a text without a point.
    whole: usize,
    /// Characters after the point.
    fraction: usize,
}

impl<'a, T: Element> Layout<'a, T> {
    fn new(elements: &'a [T], dims: &'a [usize]) -> Self {
        let elide = elements.len() > THRESHOLD;
        let mut layout = Layout { elements, dims, elide, style: Style::default() };
        let mut shown = Vec::new();
        layout.collect(0, 0, &mut shown);
        layout.style = Style::of(&shown);
        layout
    }

    /// The positions along `axis` that are shown; `None` stands for those left out.
    fn positions(&self, axis: usize) -> impl Iterator<Item = Option<usize>> + use<T> {
        let size = self.dims[axis];
        let cut = self.elide && size > 2 * EDGE;
        let (head, tail) = if cut { (EDGE, size - EDGE) } else { (size, size) };
        (0..head).map(Some).chain(cut.then_some(None)).chain((tail..size).map(Some))
    }

    fn collect(&self, axis: usize, offset: usize, shown: &mut Vec<T>) {
        if axis == self.dims.len() {
            return shown.push(self.elements[offset]);
        }
        for at in self.positions(axis).flatten() {
            self.collect(axis + 1, offset * self.dims[axis] + at, shown);
        }
    }

    /// Writes the part at `offset` along `axis`; `closing` brackets follow on its last line.
    fn write(&self, f: &mut fmt::Formatter<'_>, axis: usize, offset: usize, closing: usize) -> fmt::Result {
        f.write_str("[")?;
        if axis + 1 == self.dims.len() {
            self.write_row(f, axis, offset, closing)?;
        } else {
            let gap = "\n".repeat(self.dims.len() - 1 - axis) + &" ".repeat(axis + 1);
            for (i, at) in self.positions(axis).enumerate() {
                f.write_str(if i > 0 { &gap } else { "" })?;
                match at {
                    Some(at) => self.write(f, axis + 1, offset * self.dims[axis] + at, closing + 1)?,
                    None => f.write_str("...")?,
                }
            }
        }
        f.write_str("]")
    }

    fn write_row(&self, f: &mut fmt::Formatter<'_>, axis: usize, offset: usize, closing: usize) -> fmt::Result {
        let indent = axis + 1;
        let (mut column, mut row) = (indent, String::new());
        for (i, at) in self.positions(axis).enumerate() {
            let text = at.map_or("...".to_owned(), |at| self.style.text(self.elements[offset * self.dims[axis] + at]));
            if i > 0 && column + 1 + text.len() + closing > LINE {
                write!(f, "{}\n{}", row.trim_end(), " ".repeat(indent))?;
                row.clear();
                column = indent;
            } else if i > 0 {
                row.push(' ');
                column += 1;
            }
            row += &text;
            column += text.len();
        }
        f.write_str(&row)
    }
}

impl Style {
    fn of<T: Element>(shown: &[T]) -> Style {
        let sizes = || shown.iter().filter_map(|x| x.as_float()).map(f64::abs).filter(|x| x.is_finite() && *x > 0.0);
        let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
        let scientific = most >= largest_plain::<T>() || least < 1e-4 || (most > 0.0 && most / least > 1000.0);
        let mut style = Style { scientific, ..Style::default() };
        for &element in shown {
            let (whole, fraction, _) = style.parts(element);
            style.whole = style.whole.max(whole.len());
            style.fraction = style.fraction.max(fraction.len());
        }
        // A row may hold `nan` or `inf`, wider than everything before the point.
        let special = shown.iter().filter(|x| x.as_float().is_some_and(|x| !x.is_finite()));
        let widest = special.map(|x| format!("{x}").len()).max().unwrap_or(0);
        let after = style.after_point(shown.iter().any(|x| x.as_float().is_some()));
        style.whole = style.whole.max(widest.saturating_sub(after));
        style
    }

    /// Characters from the point to the end of a number.
    fn after_point(&self, float: bool) -> usize {
        let exponent = if self.scientific { "e+00".len() } else { 0 };
        if float { 1 + self.fraction + exponent } else { 0 }
    }

    /// The text before the point, after it, and of the exponent; a special value is all before the point.
    fn parts<T: Element>(&self, element: T) -> (String, String, String) {
        match element.as_float() {
            None => return (integer_text(element), String::new(), String::new()),
            Some(x) if !x.is_finite() => return Default::default(),
            Some(_) => {}
        }
        let text = if self.scientific { element.scientific() } else { element.to_string() };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, ""));
        let (whole, fraction) = rounded(mantissa);
        (whole, fraction, exponent.to_owned())
    }

    fn text<T: Element>(&self, element: T) -> String {
        let float = element.as_float();
        let (whole, fraction, exponent) = self.parts(element);
        let Some(value) = float else { return format!("{whole:>0$}", self.whole) };
        if !value.is_finite() {
            let text = if value.is_nan() { "nan".to_owned() } else { format!("{value}") };
            return format!("{text:>0$}", self.whole + self.after_point(true));
        }
        if self.scientific {
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let sign = if exponent < 0 { '-' } else { '+' };
            // The digits that fill up the column are those of the exact value, not zeros.
            let exact = format!("{value:.0$e}", self.fraction);
            let mantissa = exact.split_once('e').map_or(exact.as_str(), |(mantissa, _)| mantissa);
            let point = if self.fraction == 0 { "." } else { "" };
            let width = self.whole + (1 - point.len()) + self.fraction;
            return format!("{mantissa:>width$}{point}e{sign}{:02}", exponent.abs());
        }
        format!("{whole:>0$}.{fraction:<1$}", self.whole, self.fraction)
    }
}

/// A decimal text with at most [`PRECISION`] fractional digits and no trailing zeros, split at the point.
fn rounded(text: &str) -> (String, String) {
    let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    let text = if digits > PRECISION { format!("{value:.0$}", PRECISION) } else { text.to_owned() };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    (whole.to_owned(), fraction.trim_end_matches('0').to_owned())
}

/// The text of an element that is no float.
fn integer_text<T: Element>(element: T) -> String {
    match element.to_string().as_str() {
        "true" => " True".to_owned(),
        "false" => "False".to_owned(),
        number => number.to_owned(),
    }
}

/// The text of a tensor without dimensions: a float always has a point or an exponent.
fn scalar_text<T: Element>(value: T) -> String {
    match value.as_float() {
        Some(x) if x.is_nan() => "nan".to_owned(),
        Some(_) => format!("{value:?}"),
        None => integer_text(value).trim_start().to_owned(),
    }
}

/// From this size on, the digits before the point are more than the type holds, or too many to read.
fn largest_plain<T: Element>() -> f64 {
    match size_of::<T>() {
        2 => 1e3,
        4 => 1e6,
        _ => 1e8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Const, Dyn};

    fn check(tensor: impl fmt::Display, expected: &str) {
        assert_eq!(tensor.to_string(), expected);
    }

    // Expectations are what numpy 2 prints for the same arrays.
    #[test]
    fn columns_are_aligned() {
        check(Tensor::from([[1.0f32, 2.5], [-3.25, 10.0]]), "[[ 1.    2.5 ]\n [-3.25 10.  ]]");
        check(Tensor::from([1i32, -20, 300]), "[  1 -20 300]");
        check(Tensor::from([true, false]), "[ True False]");
        check(Tensor::from([0.1f32, 0.33333334]), "[0.1        0.33333334]");
        check(Tensor::from([1.0f64 / 3.0]), "[0.33333333]");
        check(Tensor::from([[[1u8, 2]], [[3, 4]]]), "[[[1 2]]\n\n [[3 4]]]");
    }

    #[test]
    fn scientific_when_sizes_differ() {
        check(Tensor::from([1e-5f32, 1.0]), "[1.e-05 1.e+00]");
        check(Tensor::from([1.5e-5f64, 1.0, -20.0]), "[ 1.5e-05  1.0e+00 -2.0e+01]");
        check(Tensor::from([9.415416e-5_f32, 1.6074306e-4]), "[9.4154158e-05 1.6074306e-04]");
        check(Tensor::from([4836547.5f32, -10482250.0]), "[ 4.8365475e+06 -1.0482250e+07]");
    }

    #[test]
    fn special_values() {
        check(Tensor::from([f32::NAN, f32::INFINITY, 1.0]), "[nan inf  1.]");
        check(Tensor::from([f32::NEG_INFINITY, 1.5]), "[-inf  1.5]");
        check(Tensor::<f32, _>::zeros_in((Dyn(0),)).unwrap(), "[]");
        check(Tensor::from(2.0f32), "2.0");
        check(Tensor::from(f32::NAN), "nan");
        check(Tensor::from(true), "True");
        check(Tensor::from([[true]]), "[[ True]]");
    }

    #[test]
    fn long_axes_are_elided_and_long_rows_wrapped() {
        let long = Tensor::<i32, (Const<2000>,)>::from_vec((0..2000).collect()).unwrap();
        check(&long, "[   0    1    2 ... 1997 1998 1999]");
        let row = Tensor::<i32, (Const<30>,)>::from_vec((0..30).collect()).unwrap();
        let first = (0..24).map(|i| format!("{i:>2}")).collect::<Vec<_>>().join(" ");
        check(&row, &format!("[{first}\n 24 25 26 27 28 29]"));
        let square = Tensor::<u8, (Const<40>, Const<40>)>::zeros();
        let line = "[0 0 0 ... 0 0 0]";
        let rows = [line, line, line, "...", line, line, line].join("\n ");
        check(&square, &format!("[{rows}]"));
    }

    #[test]
    fn debug_tells_the_type() {
        assert_eq!(format!("{:?}", Tensor::from([1u8, 2])), "Tensor<u8, 2> [1 2]");
        assert_eq!(format!("{:?}", Tensor::from(1.5f32)), "Tensor<f32> 1.5");
    }
}
