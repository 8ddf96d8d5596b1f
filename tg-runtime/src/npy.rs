//! `.npy`, the file format of numpy arrays: versions 1 to 3, little-endian, in C order.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. Not read: pickled objects,
//! structured types, big-endian and Fortran-ordered data; the error says which.

use std::path::Path;

use tg_core::dtype::{DType, Scalar};

use crate::element::Element;
use crate::error::{Error, Result};
use crate::file::{self, Header};
use crate::shape::Shape;
use crate::tensor::{Tensor, TensorView, check_bytes};

const FORMAT: &str = "npy";
const MAGIC: &[u8] = b"\x93NUMPY";

/// The data starts at a multiple of this.
const ALIGNMENT: usize = 64;

impl<T: Element, S: Shape> Tensor<T, S> {
    /// Reads a `.npy` file.
    ///
    /// # Errors
    /// [`Error::File`] with the path, and in it [`Error::Io`], [`Error::Format`] for malformed or truncated files,
    /// [`Error::DType`] or [`Error::Shape`] for arrays of another type or shape.
    pub fn read_npy(path: impl AsRef<Path>) -> Result<Self> {
        read(path, Self::from_array)
    }

    /// Reads the bytes of a `.npy` file.
    ///
    /// # Errors
    /// As [`Tensor::read_npy`], without the path.
    pub fn from_npy(bytes: &[u8]) -> Result<Self> {
        Self::from_array(Array::parse(bytes)?.view())
    }

    fn from_array(array: TensorView<'_>) -> Result<Self> {
        if array.dtype() != T::DTYPE {
            return Err(Error::DType { expected: T::DTYPE, got: array.dtype().to_string() });
        }
        Self::from_le(array.dims(), array.bytes())
    }

    /// Writes a `.npy` file, replacing an older one at once.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be written, or for `bf16`, which the format does not have.
    pub fn write_npy(&self, path: impl AsRef<Path>) -> Result<()> {
        self.with_view(|view| write(path, view))
    }

    /// The bytes of a `.npy` file.
    ///
    /// # Errors
    /// [`Error::Format`] for `bf16`, which the format does not have.
    pub fn to_npy(&self) -> Result<Vec<u8>> {
        self.with_view(to_bytes)
    }
}

/// An array in the bytes of a `.npy` file, of the type and shape that the file says.
#[derive(Debug)]
pub struct Array<'a> {
    dtype: DType,
    dims: Vec<usize>,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`Error::Format`] for malformed or truncated files, and for what tensors do not have.
    pub fn parse(bytes: &'a [u8]) -> Result<Array<'a>> {
        let mut header = Header { format: FORMAT, rest: bytes };
        let text = header_text(&mut header)?;
        let Description { descr, fortran, dims } = Parser { rest: text }.description()?;
        if fortran {
            return Err(Error::format(FORMAT, "it is in Fortran order: save `numpy.ascontiguousarray(a)` instead"));
        }
        let (dtype, data) = (dtype_of(descr)?, header.rest);
        check_bytes(dtype, &dims, data)?;
        Ok(Array { dtype, dims, data })
    }

    /// The array.
    pub fn view(&self) -> TensorView<'_> {
        TensorView::new(self.dtype, &self.dims, self.data)
    }
}

/// What `make` makes of the array in a `.npy` file.
///
/// # Errors
/// [`Error::File`] with the path, and in it [`Error::Io`], those of [`Array::parse`], and what `make` fails with.
pub fn read<R>(path: impl AsRef<Path>, make: impl FnOnce(TensorView<'_>) -> Result<R>) -> Result<R> {
    file::read(path.as_ref(), |bytes| make(Array::parse(&bytes)?.view()))
}

/// Writes a `.npy` file, replacing an older one at once.
///
/// # Errors
/// [`Error::File`] if it cannot be written, and for what the format does not have, as [`to_bytes`].
pub fn write(path: impl AsRef<Path>, array: TensorView<'_>) -> Result<()> {
    let bytes = to_bytes(array).map_err(|e| e.in_file(path.as_ref()))?;
    file::replace(path.as_ref(), |w| Ok(w.write_all(&bytes)?))
}

/// The bytes of a `.npy` file.
///
/// # Errors
/// [`Error::Format`] for `bf16`, which the format does not have, and for thousands of dimensions.
pub fn to_bytes(array: TensorView<'_>) -> Result<Vec<u8>> {
    let (dtype, rank) = (array.dtype(), array.dims().len());
    let no_name = || Error::format(FORMAT, format!("the format has no {dtype}: use safetensors"));
    let descr = descr_of(dtype.scalar).ok_or_else(no_name)?;
    let dims: String = array.dims().iter().map(|d| format!("{d}, ")).collect();
    let shape = if rank == 1 { dims.trim_end() } else { dims.trim_end_matches(", ") };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    let before = MAGIC.len() + 4;
    let padded = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
    text += &" ".repeat(padded - 1 - text.len());
    text.push('\n');
    let too_long = |_| Error::format(FORMAT, format!("{rank} dimensions do not fit its header: use safetensors"));
    let length = u16::try_from(text.len()).map_err(too_long)?.to_le_bytes();
    Ok([MAGIC, &[1, 0], &length, text.as_bytes(), array.bytes()].concat())
}

/// The numpy name of an element type.
fn descr_of(scalar: Scalar) -> Option<&'static str> {
    Some(match scalar {
        Scalar::Bool => "|b1",
        Scalar::U8 => "|u1",
        Scalar::U16 => "<u2",
        Scalar::U32 => "<u4",
        Scalar::U64 => "<u8",
        Scalar::I8 => "|i1",
        Scalar::I16 => "<i2",
        Scalar::I32 => "<i4",
        Scalar::I64 => "<i8",
        Scalar::F16 => "<f2",
        Scalar::F32 => "<f4",
        Scalar::F64 => "<f8",
        Scalar::BF16 | Scalar::F8E4M3 | Scalar::F8E5M2 | Scalar::Index => return None,
    })
}

/// The element type of a numpy name. Its byte order is one sign, or none, which then is that of the machine, as is `=`.
fn dtype_of(descr: &str) -> Result<DType> {
    let plain = |scalar: &Scalar| Some(descr_of(*scalar)?.trim_start_matches(['<', '|']));
    let wanted = descr.strip_prefix(['<', '|', '=']).unwrap_or(descr);
    if let Some(scalar) = Scalar::ALL.iter().find(|scalar| plain(scalar) == Some(wanted)) {
        return Ok(DType::scalar(*scalar));
    }
    let hint = if descr.starts_with('>') { " (big-endian: save `a.astype(a.dtype.newbyteorder('<'))`)" } else { "" };
    Err(Error::format(FORMAT, format!("its elements are `{descr}`{hint}, a type that tensors do not have")))
}

fn header_text<'a>(header: &mut Header<'a>) -> Result<&'a str> {
    if header.take(MAGIC.len(), "the magic bytes")? != MAGIC {
        return Err(Error::format(FORMAT, "it does not begin with the bytes \\x93NUMPY"));
    }
    let length = match header.take(2, "the version")? {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        [major, minor] => return Err(Error::format(FORMAT, format!("unknown version {major}.{minor}"))),
        _ => unreachable!("`take(2)` gives two bytes"),
    };
    let length = header.take(length, "the header length")?;
    let length = length.iter().rev().fold(0, |n, &byte| n << 8 | byte as usize);
    let text = header.take(length, "the header")?;
    std::str::from_utf8(text).map_err(|_| Error::format(FORMAT, "the header is not text"))
}

/// What the header says of the array.
struct Description<'a> {
    descr: &'a str,
    fortran: bool,
    dims: Vec<usize>,
}

/// Reads the Python dictionary of the header; nothing but its three keys is allowed.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn description(mut self) -> Result<Description<'a>> {
        let (mut descr, mut fortran, mut dims) = (None, None, None);
        self.expect('{')?;
        while !self.accept('}') {
            let key = self.string()?;
            self.expect(':')?;
            let twice = match key {
                "descr" => descr.replace(self.string()?).is_some(),
                "fortran_order" => fortran.replace(self.boolean()?).is_some(),
                "shape" => dims.replace(self.tuple()?).is_some(),
                other => return Err(Error::format(FORMAT, format!("unknown key `{other}` in the header"))),
            };
            if twice {
                return Err(Error::format(FORMAT, format!("the key `{key}` stands twice in the header")));
            }
            if !self.accept(',') && !self.rest.starts_with('}') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
        if !self.rest.trim().is_empty() {
            return Err(self.unexpected("the end of the header"));
        }
        match (descr, fortran, dims) {
            (Some(descr), Some(fortran), Some(dims)) => Ok(Description { descr, fortran, dims }),
            _ => Err(Error::format(FORMAT, "the header lacks one of `descr`, `fortran_order`, `shape`")),
        }
    }

    fn unexpected(&self, expected: &str) -> Error {
        let got: String = self.rest.chars().take(20).collect();
        Error::format(FORMAT, format!("expected {expected} in the header, got `{got}`"))
    }

    fn accept(&mut self, c: char) -> bool {
        let rest = self.rest.trim_start();
        let after = rest.strip_prefix(c);
        self.rest = after.unwrap_or(rest).trim_start();
        after.is_some()
    }

    fn expect(&mut self, c: char) -> Result<()> {
        if self.accept(c) { Ok(()) } else { Err(self.unexpected(&format!("`{c}`"))) }
    }

    fn string(&mut self) -> Result<&'a str> {
        let quote = ['"', '\''].into_iter().find(|quote| self.accept(*quote));
        let quote = quote.ok_or_else(|| self.unexpected("a quoted name"))?;
        let (text, rest) = self.rest.split_once(quote).ok_or_else(|| self.unexpected("a quoted name"))?;
        self.rest = rest;
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool> {
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.unexpected("`True` or `False`"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>> {
        self.expect('(')?;
        let mut sizes = Vec::new();
        while !self.accept(')') {
            let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(digits);
            sizes.push(number.parse().map_err(|_| self.unexpected("a size"))?);
            self.rest = rest;
            // In Python `(3)` is a number.
            if !self.accept(',') && (!self.rest.starts_with(')') || sizes.len() == 1) {
                return Err(self.unexpected(if sizes.len() == 1 { "`,`" } else { "`,` or `)`" }));
            }
        }
        Ok(sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::bf16;
    use crate::shape::{Const, Dyn};

    type Matrix = Tensor<f32, (Dyn, Const<3>)>;

    /// The bytes of a file with this header and these data.
    fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
        let length = (header.len() as u32).to_le_bytes();
        let length = if version == 1 { &length[..2] } else { &length[..] };
        [MAGIC, &[version, 0], length, header.as_bytes(), data].concat()
    }

    fn failure(bytes: &[u8]) -> String {
        Matrix::from_npy(bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let m = Matrix::from_vec(vec![1., -2., 3.5, f32::INFINITY, 5., 6.]).unwrap();
        let bytes = m.to_npy().unwrap();
        assert_eq!(Matrix::from_npy(&bytes).unwrap(), m);
        assert_eq!((bytes.len() - 24) % 64, 0);
        let flags = Tensor::from([[true, false]]);
        assert_eq!(Tensor::from_npy(&flags.to_npy().unwrap()).unwrap_or(Tensor::from([[false; 2]])), flags);
        for n in [0usize, 5] {
            let v = Tensor::<i64, (Dyn,)>::zeros_in((Dyn(n),)).unwrap();
            assert_eq!(Tensor::from_npy(&v.to_npy().unwrap()).unwrap_or(v.clone()), v);
        }
        assert_eq!(Tensor::<f64>::from_npy(&Tensor::from(2.5f64).to_npy().unwrap()).unwrap().item(), 2.5);
        assert!(Tensor::from([bf16::ONE]).to_npy().unwrap_err().to_string().contains("safetensors"));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = Matrix::ones_in((Dyn(2), Const)).unwrap().to_npy().unwrap();
        for length in 0..bytes.len() {
            assert!(matches!(Matrix::from_npy(&bytes[..length]), Err(Error::Format { .. })), "{length}");
        }
        assert!(failure(&[&bytes[..], b"x"].concat()).contains("does not take 25 bytes"));
    }

    #[test]
    fn headers_are_checked() {
        let data = [0u8; 12];
        let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
        for version in 1..=3 {
            assert_eq!(Matrix::from_npy(&file(version, good, &data)).unwrap().dims(), [1, 3]);
        }
        let cases = [
            (good.replace("False", "True"), "Fortran order"),
            (good.replace("<f4", ">f4"), "big-endian"),
            (good.replace("<f4", "<i4"), "expected elements of type f32, got i32"),
            (good.replace("(1, 3)", "(3, 1)"), "expected shape (_, 3), got (3, 1)"),
            (good.replace("(1, 3)", "(3,)"), "expected shape (_, 3), got (3)"),
            (good.replace("(1, 3)", "(2, 3)"), "does not take 12 bytes"),
            (good.replace("(1, 3)", "(18446744073709551615, 3)"), "does not take 12 bytes"),
            (good.replace("(1, 3)", "(99999999999999999999, 3)"), "expected a size"),
            (good.replace("(1, 3)", "(-1, 3)"), "expected a size"),
            (good.replace("False", "Maybe"), "`True` or `False`"),
            (good.replace("descr", "dtype"), "unknown key `dtype`"),
            (good.replace("'<f4'", "'<f4', 'descr': '<f4'"), "the key `descr` stands twice"),
            (good.replace("'<f4'", "[('x', '<f4')]"), "expected a quoted name in the header, got `[('x'"),
            (good.replace("<f4", "<<f4"), "its elements are `<<f4`"),
            (good.replace("(1, 3)", "(3)"), "expected `,` in the header, got `)"),
            (good.replace("(1, 3)", "(1,, 3)"), "expected a size"),
            ("{'descr': '<f4'}".to_owned(), "lacks one of"),
            (String::new(), "expected `{`"),
            (good.to_owned() + "x", "the end of the header"),
        ];
        for (header, expected) in cases {
            let text = failure(&file(1, &header, &data));
            assert!(text.contains(expected), "{header}: {text}");
        }
        assert!(failure(&file(9, good, &data)).contains("unknown version 9.0"));
        let mut minor = file(1, good, &data);
        minor[MAGIC.len() + 1] = 1;
        assert!(failure(&minor).contains("unknown version 1.1"));
        assert!(failure(&file(1, "{'\u{e9}", &data)).contains("a quoted name"));
        assert!(failure(&[MAGIC, &[1, 0, 1, 0, 0xe9]].concat()).contains("not text"));
        assert!(failure(b"PK\x03\x04......").contains("NUMPY"));
        assert!(failure(&file(2, good, &data)[..20]).contains("it ends in the header"));
    }
}
