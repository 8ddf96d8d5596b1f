//! IDX, the file format of the MNIST data sets, plain or gzipped.
//!
//! Two zero bytes, a type code, the rank, the sizes as big-endian `u32`, then the elements, big-endian.
//! Format: <http://yann.lecun.com/exdb/mnist/>.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::element::Element;
use crate::error::{Error, Result};
use crate::file;
use crate::shape::{Shape, element_count};
use crate::tensor::Tensor;

const FORMAT: &str = "IDX";
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// Code of each element type the format has, and its name here.
const CODES: &[(u8, &str)] = &[(0x08, "u8"), (0x09, "i8"), (0x0B, "i16"), (0x0C, "i32"), (0x0D, "f32"), (0x0E, "f64")];

impl<T: Element, S: Shape> Tensor<T, S> {
    /// Reads an IDX file, gzipped or not.
    ///
    /// # Errors
    /// [`Error::File`] with the path, and in it [`Error::Io`], [`Error::Format`] for malformed or truncated files,
    /// [`Error::DType`] or [`Error::Shape`] for data of another type or shape.
    pub fn read_idx(path: impl AsRef<Path>) -> Result<Self> {
        file::read(path.as_ref(), |bytes| Self::from_idx(&bytes))
    }

    /// Reads the bytes of an IDX file, gzipped or not.
    ///
    /// # Errors
    /// As [`Tensor::read_idx`], without the path.
    pub fn from_idx(bytes: &[u8]) -> Result<Self> {
        if bytes.starts_with(GZIP_MAGIC) { decode(MultiGzDecoder::new(bytes)) } else { decode(bytes) }
    }
}

fn decode<T: Element, S: Shape>(mut source: impl Read) -> Result<Tensor<T, S>> {
    let dims = header::<T>(&mut source)?;
    S::from_dims(&dims)?;
    let size = element_count(&dims).and_then(|n| n.checked_mul(size_of::<T>()));
    let size = size.ok_or_else(|| Error::TooLarge { dims: dims.clone(), dtype: T::DTYPE })?;
    // One byte more than there should be: it must be missing, and looking for it checks gzip's sum.
    let mut data = Vec::new();
    source.take((size as u64).saturating_add(1)).read_to_end(&mut data).map_err(malformed)?;
    if data.len() != size {
        let got = if data.len() > size { "more follow".to_owned() } else { format!("got {}", data.len()) };
        return Err(Error::format(FORMAT, format!("its elements take {size} bytes, {got}")));
    }
    if size_of::<T>() > 1 {
        data.chunks_exact_mut(size_of::<T>()).for_each(<[u8]>::reverse);
    }
    Tensor::from_le(&dims, &data)
}

/// Reads the sizes, after a check of the type.
fn header<T: Element>(source: &mut impl Read) -> Result<Vec<usize>> {
    let mut start = [0; 4];
    source.read_exact(&mut start).map_err(malformed)?;
    let [0, 0, code, rank] = start else {
        return Err(Error::format(FORMAT, "it does not begin with two zero bytes"));
    };
    let name = CODES.iter().find(|(c, _)| *c == code).map(|(_, name)| *name);
    let name = name.ok_or_else(|| Error::format(FORMAT, format!("unknown element type code {code:#04x}")))?;
    if name != T::DTYPE.scalar.name() {
        return Err(Error::DType { expected: T::DTYPE, got: name.to_owned() });
    }
    let mut sizes = vec![0; rank as usize * 4];
    source.read_exact(&mut sizes).map_err(malformed)?;
    Ok(sizes.chunks_exact(4).map(|c| c.iter().fold(0, |n, &byte| n << 8 | byte as usize)).collect())
}

/// Reading memory fails only where the data ends early or gzip's own format is violated.
fn malformed(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::format(FORMAT, "it ends too early"),
        _ => Error::format(FORMAT, format!("its gzip data are damaged: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Const, Dyn};
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    type Images = Tensor<u8, (Dyn, Const<2>, Const<3>)>;

    const IMAGE: &[u8] = &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60];

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn failure(bytes: &[u8]) -> String {
        Images::from_idx(bytes).unwrap_err().to_string()
    }

    #[test]
    fn plain_and_gzipped_files() {
        for bytes in [IMAGE.to_vec(), gzip(IMAGE)] {
            let images = Images::from_idx(&bytes).unwrap();
            assert_eq!((images.dims(), images.as_slice()), ([1, 2, 3], &IMAGE[16..]));
        }
        let shorts = [0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 2, 0xff, 0xfe];
        assert_eq!(Tensor::<i16, (Dyn,)>::from_idx(&shorts).unwrap().as_slice(), [258, -2]);
    }

    #[test]
    fn every_truncation_is_an_error() {
        for whole in [IMAGE.to_vec(), gzip(IMAGE)] {
            for length in 0..whole.len() {
                assert!(matches!(Images::from_idx(&whole[..length]), Err(Error::Format { .. })), "{length}");
            }
        }
    }

    #[test]
    fn headers_are_checked() {
        let with = |at: usize, byte: u8| {
            let mut bytes = IMAGE.to_vec();
            bytes[at] = byte;
            bytes
        };
        assert!(failure(&with(0, 1)).contains("two zero bytes"));
        assert!(failure(&with(2, 7)).contains("unknown element type code 0x07"));
        assert!(failure(&with(2, 13)).contains("expected elements of type u8, got f32"));
        assert!(failure(&with(11, 4)).contains("expected shape (_, 2, 3), got (1, 4, 3)"));
        assert!(failure(&with(7, 2)).contains("take 12 bytes, got 6"));
        assert!(failure(&with(4, 255)).contains("got 6"));
        assert!(failure(&[IMAGE, &[0]].concat()).contains("more follow"));
        let huge = [&[0, 0, 0x0E, 3][..], &[255; 12]].concat();
        assert!(matches!(Tensor::<f64, (Dyn, Dyn, Dyn)>::from_idx(&huge), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn damaged_gzip_is_an_error() {
        let mut bytes = gzip(IMAGE);
        let sum = bytes.len() - 8;
        bytes[sum] ^= 1;
        assert!(failure(&bytes).contains("gzip data are damaged"));
    }
}
