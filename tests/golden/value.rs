//! Typed arrays of the golden tables and how two of them are compared.
//!
//! Not a tensor library: a shape, the elements in row-major order, and one comparison whose message names the
//! worst element. Written in plain std so that the tables judge the project without using any of it.

use std::fmt;

/// How far a computed value may be from the expected one: `|got - expected| <= atol + rtol * |expected|`.
///
/// Both zero means bit for bit, so that `-0.0` differs from `0.0`; a NaN equals every NaN in any case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Relative to the expected value.
    pub rtol: f64,
    /// Absolute.
    pub atol: f64,
}

impl Tolerance {
    /// For results, where a case does not state its own.
    pub const FORWARD: Tolerance = Tolerance { rtol: 1e-5, atol: 1e-6 };
    /// For gradients, where a case does not state its own.
    pub const GRADIENT: Tolerance = Tolerance { rtol: 1e-4, atol: 1e-5 };

    fn is_exact(self) -> bool {
        self.rtol == 0.0 && self.atol == 0.0
    }
}

/// A type of elements that the tables hold.
pub trait Element: Copy + fmt::Display + 'static {
    /// Its name in the tables and in source code.
    const NAME: &'static str;
    /// The element spelled `word`.
    fn read(word: &str) -> Option<Self>;
    /// Whether `self` is near enough to `expected`.
    fn is_close(self, expected: Self, tolerance: Tolerance) -> bool;
    /// The distance to `expected`; infinite where only one of them is a number.
    fn distance(self, expected: Self) -> f64;
    /// An array of such elements.
    fn wrap(elements: Vec<Self>) -> Data;
    /// The elements of `data`, if they are of this type.
    fn unwrap(data: &Data) -> Option<&[Self]>;
}

macro_rules! elements {
    ($($variant:ident $type:ident $kind:ident;)*) => {
        /// Elements in row-major order.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Data { $(#[doc = concat!("Elements of type `", stringify!($type), "`.")] $variant(Vec<$type>),)* }

        impl Data {
            /// Reads elements of the type called `dtype`.
            fn read(dtype: &str, words: &[&str]) -> Result<Data, String> {
                match dtype {
                    $(stringify!($type) => read_all::<$type>(words).map(Data::$variant),)*
                    other => Err(format!("unknown dtype `{other}`; known are {}", [$(stringify!($type)),*].join(" "))),
                }
            }

            /// Number of elements.
            pub fn len(&self) -> usize { match self { $(Data::$variant(elements) => elements.len(),)* } }

            /// The name of the element type.
            pub fn dtype(&self) -> &'static str { match self { $(Data::$variant(_) => stringify!($type),)* } }

            fn compare(&self, expected: &Data, shape: &[usize], tolerance: Tolerance) -> Result<(), String> {
                match (self, expected) {
                    $((Data::$variant(got), Data::$variant(want)) => compare(got, want, shape, tolerance),)*
                    _ => Err(format!("elements are {}, expected {}", self.dtype(), expected.dtype())),
                }
            }
        }

        $(impl Element for $type {
            const NAME: &'static str = stringify!($type);
            elements!(@$kind $type);
            fn wrap(elements: Vec<$type>) -> Data { Data::$variant(elements) }
            fn unwrap(data: &Data) -> Option<&[$type]> {
                match data { Data::$variant(elements) => Some(elements), _ => None }
            }
        })*
    };
    (@float $type:ident) => {
        fn read(word: &str) -> Option<$type> {
            let value: $type = word.parse().ok()?;
            (value.is_finite() || matches!(word, "nan" | "inf" | "-inf")).then_some(value)
        }
        fn is_close(self, expected: $type, tolerance: Tolerance) -> bool {
            if self.is_nan() || expected.is_nan() {
                return self.is_nan() && expected.is_nan();
            }
            if tolerance.is_exact() || self.is_infinite() || expected.is_infinite() {
                return self.to_bits() == expected.to_bits();
            }
            self.distance(expected) <= tolerance.atol + tolerance.rtol * f64::from(expected).abs()
        }
        fn distance(self, expected: $type) -> f64 {
            let distance = (f64::from(self) - f64::from(expected)).abs();
            if distance.is_nan() { f64::INFINITY } else { distance }
        }
    };
    (@integer $type:ident) => {
        fn read(word: &str) -> Option<$type> { word.parse().ok() }
        fn is_close(self, expected: $type, _: Tolerance) -> bool { self == expected }
        fn distance(self, expected: $type) -> f64 { (self as f64 - expected as f64).abs() }
    };
    (@truth $type:ident) => {
        fn read(word: &str) -> Option<bool> {
            match word { "0" => Some(false), "1" => Some(true), _ => None }
        }
        fn is_close(self, expected: bool, _: Tolerance) -> bool { self == expected }
        fn distance(self, expected: bool) -> f64 { f64::from(self != expected) }
    };
}

elements! {
    Bool bool truth;
    U8 u8 integer;
    U16 u16 integer;
    U32 u32 integer;
    U64 u64 integer;
    I8 i8 integer;
    I16 i16 integer;
    I32 i32 integer;
    I64 i64 integer;
    F32 f32 float;
    F64 f64 float;
}

fn read_all<T: Element>(words: &[&str]) -> Result<Vec<T>, String> {
    let read = |word: &&str| T::read(word).ok_or_else(|| format!("`{word}` is not a value of type {}", T::NAME));
    words.iter().map(read).collect()
}

/// Compares element by element and describes the element that is furthest off.
fn compare<T: Element>(got: &[T], want: &[T], shape: &[usize], tolerance: Tolerance) -> Result<(), String> {
    let wrong: Vec<usize> = (0..want.len()).filter(|&i| !got[i].is_close(want[i], tolerance)).collect();
    let by_distance = |&a: &usize, &b: &usize| got[a].distance(want[a]).total_cmp(&got[b].distance(want[b]));
    let Some(worst) = wrong.iter().copied().max_by(by_distance) else { return Ok(()) };
    Err(format!(
        "{} of {} elements differ; furthest off is {:?}: got {}, expected {} (rtol {:e}, atol {:e})",
        wrong.len(),
        want.len(),
        coordinates(worst, shape),
        got[worst],
        want[worst],
        tolerance.rtol,
        tolerance.atol,
    ))
}

/// The coordinates of the element at row-major position `at`.
fn coordinates(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut coordinates = vec![0; shape.len()];
    for (coordinate, &size) in coordinates.iter_mut().zip(shape).rev() {
        (*coordinate, at) = (at % size, at / size);
    }
    coordinates
}

/// An array: its sizes and its elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// The elements in row-major order.
    pub data: Data,
}

impl Value {
    /// An array of `elements`; an error if their number is not the product of `shape`.
    pub fn new<T: Element>(shape: &[usize], elements: Vec<T>) -> Result<Value, String> {
        Value { shape: shape.to_vec(), data: T::wrap(elements) }.checked()
    }

    /// Reads `DTYPE [SIZE,...] ELEMENT ...`.
    pub fn read(text: &str) -> Result<Value, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [dtype, shape, elements @ ..] = &words[..] else {
            return Err(format!("expected `DTYPE [SIZE,...] ELEMENT ...`, found `{text}`"));
        };
        Value { shape: read_shape(shape)?, data: Data::read(dtype, elements)? }.checked()
    }

    /// The elements, if they are of type `T`.
    pub fn elements<T: Element>(&self) -> Result<&[T], String> {
        T::unwrap(&self.data).ok_or_else(|| format!("elements are {}, expected {}", self.data.dtype(), T::NAME))
    }

    /// `Ok` if this has the dtype and shape of `expected` and its elements up to `tolerance`.
    pub fn compare(&self, expected: &Value, tolerance: Tolerance) -> Result<(), String> {
        if self.shape != expected.shape {
            return Err(format!("shape is {:?}, expected {:?}", self.shape, expected.shape));
        }
        self.data.compare(&expected.data, &self.shape, tolerance)
    }

    fn checked(self) -> Result<Value, String> {
        let wanted = self.shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
        match wanted {
            Some(count) if count == self.data.len() => Ok(self),
            _ => Err(format!("shape {:?} does not hold {} elements", self.shape, self.data.len())),
        }
    }
}

/// Reads `[2,3]`, and `[]` for a scalar.
fn read_shape(text: &str) -> Result<Vec<usize>, String> {
    let wrong = || format!("`{text}` is not a shape such as [2,3]");
    let sizes = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or_else(wrong)?;
    if sizes.is_empty() {
        return Ok(Vec::new());
    }
    sizes.split(',').map(|size| size.parse().map_err(|_| wrong())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Tolerance = Tolerance { rtol: 0.0, atol: 0.0 };

    fn floats(elements: &[f32]) -> Value {
        Value::new(&[elements.len()], elements.to_vec()).unwrap()
    }

    fn differ(got: &[f32], want: &[f32], tolerance: Tolerance) -> bool {
        floats(got).compare(&floats(want), tolerance).is_err()
    }

    #[test]
    fn reads_every_type_and_special_floats() {
        let value = Value::read("f32 [2,2] nan -inf -0 1.5").unwrap();
        let elements = value.elements::<f32>().unwrap();
        assert!(elements[0].is_nan() && elements[1] == f32::NEG_INFINITY && elements[2].is_sign_negative());
        assert_eq!(Value::read("bool [3] 1 0 1"), Value::new(&[3], vec![true, false, true]));
        assert_eq!(Value::read("i64 [] -7"), Value::new(&[], vec![-7i64]));
        assert_eq!(Value::read("u8 [0]"), Value::new(&[0], Vec::<u8>::new()));
        assert_eq!(Value::read("f64 [1] 0.1"), Value::new(&[1], vec![0.1f64]));
    }

    #[test]
    fn rejects_malformed_arrays_with_the_reason() {
        for (text, reason) in [
            ("f32", "expected `DTYPE [SIZE,...] ELEMENT ...`"),
            ("f31 [1] 0", "unknown dtype `f31`"),
            ("f32 3 0 0 0", "not a shape"),
            ("f32 [2,] 0 0", "not a shape"),
            ("f32 [-1] 0", "not a shape"),
            ("f32 [3] 0 0", "does not hold 2 elements"),
            ("f32 [4294967296,4294967296] 0", "does not hold 1 elements"),
            ("f32 [1] one", "`one` is not a value of type f32"),
            ("f32 [1] 1e60", "`1e60` is not a value of type f32"),
            ("u8 [1] 256", "`256` is not a value of type u8"),
            ("i32 [1] 1.5", "`1.5` is not a value of type i32"),
            ("bool [1] 2", "`2` is not a value of type bool"),
        ] {
            let error = Value::read(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn tolerances_are_relative_plus_absolute() {
        let tolerance = Tolerance { rtol: 1e-2, atol: 0.1 };
        assert!(!differ(&[101.0], &[100.0], tolerance));
        assert!(differ(&[101.2], &[100.0], tolerance));
        assert!(!differ(&[0.05], &[0.0], tolerance));
    }

    #[test]
    fn special_values_equal_only_themselves() {
        assert!(!differ(&[f32::NAN, f32::INFINITY], &[f32::NAN, f32::INFINITY], EXACT));
        assert!(differ(&[1.0], &[f32::NAN], Tolerance::FORWARD));
        assert!(differ(&[f32::NAN], &[1.0], Tolerance::FORWARD));
        assert!(differ(&[f32::INFINITY], &[f32::NEG_INFINITY], Tolerance { rtol: 1.0, atol: 1.0 }));
        assert!(differ(&[f32::MAX], &[f32::INFINITY], Tolerance::FORWARD));
        assert!(differ(&[0.0], &[-0.0], EXACT));
        assert!(!differ(&[0.0], &[-0.0], Tolerance::FORWARD));
    }

    #[test]
    fn a_difference_names_the_worst_element() {
        let want = Value::new(&[2, 3], vec![0.0f32; 6]).unwrap();
        let got = Value::new(&[2, 3], vec![0.0f32, 0.5, 0.0, 0.0, 0.0, -2.0]).unwrap();
        let error = got.compare(&want, Tolerance::FORWARD).unwrap_err();
        assert!(error.starts_with("2 of 6 elements differ; furthest off is [1, 2]: got -2, expected 0"), "{error}");
        assert!(got.compare(&floats(&[0.0; 6]), EXACT).unwrap_err().contains("shape is [2, 3], expected [6]"));
        let whole = Value::new(&[2, 3], vec![0i32; 6]).unwrap();
        assert_eq!(whole.compare(&want, EXACT), Err("elements are i32, expected f32".to_string()));
    }
}
