//! safetensors: named tensors in one file, as the model hubs exchange them.
//!
//! Eight bytes with the length of a JSON header, the header, then the data, which the header's offsets cover
//! without gaps. Format: <https://huggingface.co/docs/safetensors>. Metadata are checked, and neither kept nor written.

mod header;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use serde_json::Value;
use tg_core::dtype::{DType, Scalar};

use crate::element::Element;
use crate::error::{Error, Result};
use crate::file::{self, Header};
use crate::shape::Shape;
use crate::tensor::{Tensor, TensorView, check_bytes};

use self::header::Entry;

const FORMAT: &str = "safetensors";

/// The key of the header that names no tensor.
const METADATA: &str = "__metadata__";

/// The format's names of the element types it shares with the compiler.
const NAMES: &[(Scalar, &str)] = &[
    (Scalar::Bool, "BOOL"),
    (Scalar::U8, "U8"),
    (Scalar::U16, "U16"),
    (Scalar::U32, "U32"),
    (Scalar::U64, "U64"),
    (Scalar::I8, "I8"),
    (Scalar::I16, "I16"),
    (Scalar::I32, "I32"),
    (Scalar::I64, "I64"),
    (Scalar::F8E4M3, "F8_E4M3"),
    (Scalar::F8E5M2, "F8_E5M2"),
    (Scalar::F16, "F16"),
    (Scalar::BF16, "BF16"),
    (Scalar::F32, "F32"),
    (Scalar::F64, "F64"),
];

/// The tensors of a safetensors file, in memory.
#[derive(Debug)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: BTreeMap<String, Entry>,
}

impl Archive {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`] with the path, and in it [`Error::Io`], or [`Error::Format`] for malformed files.
    pub fn read(path: impl AsRef<Path>) -> Result<Archive> {
        file::read(path.as_ref(), Archive::parse)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`Error::Format`] for malformed or truncated data.
    pub fn parse(bytes: Vec<u8>) -> Result<Archive> {
        let mut header = Header { format: FORMAT, rest: &bytes };
        let length = header.take(8, "the header length")?;
        let length = length.iter().rev().fold(0u64, |n, &byte| n << 8 | byte as u64);
        let text = header.take(usize::try_from(length).unwrap_or(usize::MAX), "the header")?;
        let start = bytes.len() - header.rest.len();
        let entries = header::entries(text, start..bytes.len())?;
        Ok(Archive { bytes, entries })
    }

    /// The names of the tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The tensor `name`, its types erased.
    pub fn view(&self, name: &str) -> Option<TensorView<'_>> {
        let entry = self.entries.get(name)?;
        Some(TensorView::new(entry.dtype, &entry.dims, &self.bytes[entry.place.clone()]))
    }

    /// A copy of the tensor `name`.
    ///
    /// # Errors
    /// [`Error::Format`] if there is none of this name, [`Error::DType`] or [`Error::Shape`] if it is of another
    /// type or shape.
    pub fn tensor<T: Element, S: Shape>(&self, name: &str) -> Result<Tensor<T, S>> {
        let Some(view) = self.view(name) else {
            let names = self.names().collect::<Vec<_>>().join(", ");
            return Err(Error::format(FORMAT, format!("it has no tensor `{name}`, only: {names}")));
        };
        if view.dtype() != T::DTYPE {
            return Err(Error::DType { expected: T::DTYPE, got: format!("{} in tensor `{name}`", view.dtype()) });
        }
        Tensor::from_le(view.dims(), view.bytes())
    }
}

/// The bytes of a file with named tensors.
///
/// # Errors
/// [`Error::Format`] if two tensors have the same name or one is called `__metadata__`.
pub fn to_bytes(tensors: &[(&str, TensorView<'_>)]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    encode(&mut bytes, &|f| tensors.iter().for_each(|(name, view)| f(name, *view)))?;
    Ok(bytes)
}

/// Calls its argument with the name and the contents of each tensor, in any order, the same at every call.
pub(crate) type Visit<'a> = dyn Fn(&mut dyn FnMut(&str, TensorView<'_>)) + 'a;

/// Writes named tensors to a file, replacing an older one at once.
///
/// # Errors
/// [`Error::File`] if it cannot be written, if two tensors have the same name or one is called `__metadata__`.
pub fn write(path: impl AsRef<Path>, tensors: &[(&str, TensorView<'_>)]) -> Result<()> {
    write_visited(path.as_ref(), &|f| tensors.iter().for_each(|(name, view)| f(name, *view)))
}

pub(crate) fn write_visited(path: &Path, visit: &Visit<'_>) -> Result<()> {
    file::replace(path, |writer| encode(writer, visit))
}

/// Wide elements first, so that every tensor is aligned to its elements in the file.
fn in_order(visit: &Visit<'_>, mut f: impl FnMut(&str, TensorView<'_>)) {
    for width in [8, 4, 2, 1] {
        visit(&mut |name, view| {
            if view.dtype().bytes() == width {
                f(name, view);
            }
        });
    }
}

fn encode(writer: &mut dyn Write, visit: &Visit<'_>) -> Result<()> {
    let header = header(visit)?;
    writer.write_all(&(header.len() as u64).to_le_bytes())?;
    writer.write_all(header.as_bytes())?;
    let mut outcome = Ok(());
    in_order(visit, |_, view| {
        if outcome.is_ok() {
            outcome = writer.write_all(view.bytes());
        }
    });
    Ok(outcome?)
}

/// The JSON header, padded with spaces so that the data begin at a multiple of 8.
fn header(visit: &Visit<'_>) -> Result<String> {
    let (mut offset, mut rows, mut seen, mut twice) = (0, Vec::new(), BTreeSet::from([METADATA.to_owned()]), None);
    in_order(visit, |name, view| {
        if !seen.insert(name.to_owned()) {
            twice = Some(name.to_owned());
        }
        let end = offset + view.bytes().len();
        let dtype = NAMES.iter().find(|(s, _)| *s == view.dtype().scalar).map_or("", |(_, name)| name);
        let key = Value::from(name);
        let dims = view.dims();
        rows.push(format!("{key}:{{\"dtype\":\"{dtype}\",\"shape\":{dims:?},\"data_offsets\":[{offset},{end}]}}"));
        offset = end;
    });
    if let Some(name) = twice {
        return Err(Error::format(FORMAT, format!("the name `{name}` is taken")));
    }
    let text = format!("{{{}}}", rows.join(","));
    let padded = text.len().next_multiple_of(8);
    Ok(format!("{text:padded$}"))
}

/// Whether `view` can become a tensor of this type and shape; the reason if not.
pub(crate) fn difference(name: &str, dtype: DType, dims: &[usize], view: &TensorView<'_>) -> Option<String> {
    let text = crate::error::dims_text;
    if view.dtype() != dtype || view.dims() != dims {
        let (expected, got) = (text(dims), text(view.dims()));
        return Some(format!("`{name}`: expected {dtype} {expected}, got {} {got}", view.dtype()));
    }
    check_bytes(dtype, dims, view.bytes()).err().map(|e| format!("`{name}`: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tests::Folder;
    use crate::shape::{Const, Dyn};

    fn sample() -> Vec<u8> {
        let (a, b) = (Tensor::from([true, false, true]), Tensor::from([[1.5f32, 2.5]]));
        a.with_view(|a| b.with_view(|b| to_bytes(&[("flags \"x\"", a), ("w", b)]))).unwrap()
    }

    /// The bytes of a file with this header and `data` zero bytes.
    fn file(header: &str, data: usize) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
    }

    fn failure(bytes: Vec<u8>) -> String {
        Archive::parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = Folder::new("safetensors");
        let path = folder.0.join("a.safetensors");
        let (a, b) = (Tensor::from([1u8, 2, 3]), Tensor::from([[1.5f64, 2.5]]));
        a.with_view(|a| b.with_view(|b| write(&path, &[("a", a), ("b", b)]))).unwrap();
        let archive = Archive::read(&path).unwrap();
        assert_eq!(archive.names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(archive.tensor::<u8, (Dyn,)>("a").unwrap().as_slice(), a.as_slice());
        assert_eq!(archive.tensor::<f64, (Const<1>, Const<2>)>("b").unwrap(), b);
        assert_eq!(archive.entries["b"].place.start % 8, 0);
    }

    #[test]
    fn wrong_names_types_and_shapes_are_errors() {
        let archive = Archive::parse(sample()).unwrap();
        let text = |r: Result<Tensor<f32, (Dyn, Const<2>)>>| r.unwrap_err().to_string();
        assert!(text(archive.tensor("v")).contains("it has no tensor `v`, only: flags \"x\", w"));
        assert!(text(archive.tensor("flags \"x\"")).contains("expected elements of type f32, got bool"));
        assert!(matches!(archive.tensor::<f32, (Dyn,)>("w"), Err(Error::Shape { .. })));
        let a = Tensor::from([1u8]);
        for names in [["a", "a"], [METADATA, "a"]] {
            let outcome = a.with_view(|v| to_bytes(&names.map(|name| (name, v))));
            assert!(outcome.unwrap_err().to_string().contains("is taken"));
        }
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = sample();
        for length in 0..bytes.len() {
            assert!(matches!(Archive::parse(bytes[..length].to_vec()), Err(Error::Format { .. })), "{length}");
        }
        assert!(failure([&bytes[..], &[0]].concat()).contains("1 bytes belong to no tensor"));
    }

    #[test]
    fn tensors_without_elements_have_any_other_sizes() {
        let empty = Tensor::<f32, _>::zeros_in((Dyn(usize::MAX), Dyn(2), Dyn(0))).unwrap();
        let bytes = empty.with_view(|e| to_bytes(&[("e", e), ("f", e)])).unwrap();
        let archive = Archive::parse(bytes).unwrap();
        assert_eq!(archive.tensor::<f32, (Dyn, Dyn, Dyn)>("f").unwrap(), empty);
    }

    #[test]
    fn a_byte_that_is_no_bool_is_an_error() {
        let mut bytes = sample();
        *bytes.last_mut().unwrap() = 2;
        let archive = Archive::parse(bytes).unwrap();
        assert!(matches!(archive.tensor::<bool, (Dyn,)>("flags \"x\""), Err(Error::Format { .. })));
    }

    #[test]
    fn headers_are_checked() {
        let one = |dtype: &str, shape: &str, from: u64, to: u64| {
            format!("\"{from}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{from},{to}]}}")
        };
        let object = |rows: &[String]| format!("{{{}}}", rows.join(","));
        let row = |text: &str| format!("{{\"a\":{{{text}}}}}");
        let cases = [
            ("[1]".to_owned(), 0, "not a JSON object of objects"),
            ("{\"a\":1}".to_owned(), 0, "not a JSON object of objects"),
            (row("\"shape\":[1],\"data_offsets\":[0,4]"), 4, "tensor `a`: no `dtype`"),
            (object(&[one("F33", "[1]", 0, 4)]), 4, "tensor `0`: its dtype `F33` is unknown"),
            (object(&[one("F32", "[-1]", 0, 4)]), 4, "no `shape`"),
            (object(&[one("F32", "[1.0]", 0, 4)]), 4, "no `shape`"),
            (object(&[one("F32", "[2]", 0, 4)]), 4, "[2] of f32 does not take 4 bytes"),
            (object(&[one("F32", "[1]", 4, 0)]), 4, "bytes 4 to 0 are not among the 4"),
            (object(&[one("F32", "[1]", 0, 4)]), 3, "bytes 0 to 4 are not among the 3"),
            (object(&[one("F32", "[4611686018427387904, 2]", 0, 8)]), 8, "does not take 8 bytes"),
            (object(&[one("U8", "[18446744073709551615]", 0, u64::MAX)]), 8, "are not among the 8"),
            (
                object(&[one("F32", "[1]", 4, 8)]),
                8,
                "tensor `4` begins at byte 4 of the data, those before it end at 0",
            ),
            (
                object(&[one("U8", "[4]", 0, 4), one("U8", "[4]", 2, 6)]),
                6,
                "begins at byte 2 of the data, those before it end at 4",
            ),
            (object(&[one("U8", "[4]", 0, 4), one("U8", "[4]", 0, 4)]), 4, "the key `0` stands twice"),
            (
                row("\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[0,0]"),
                0,
                "the key `dtype` stands twice",
            ),
            (row("\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0,0]"), 0, "`data_offsets` are 3 numbers"),
            ("{\"__metadata__\":{\"a\":1}}".to_owned(), 0, "`__metadata__`: `a` is no text"),
            ("[".repeat(1 << 16), 0, "not a JSON object"),
            ("{\"\\ud800\":{}}".to_owned(), 0, "not a JSON object"),
        ];
        for (header, data, expected) in cases {
            let text = failure(file(&header, data));
            assert!(text.contains(expected), "{text}");
        }
        assert!(failure(vec![255; 8]).contains("it ends in the header"));
        assert!(failure([&4u64.to_le_bytes()[..], b"{\"\xff\""].concat()).contains("not a JSON object"));
        assert!(Archive::parse(file("{\"__metadata__\":{\"a\":\"b\"}}", 0)).unwrap().names().next().is_none());
    }
}
