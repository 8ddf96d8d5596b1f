//! The elements of a tensor that has been computed: of one of the element types, on one device.

use tg_core::dtype::{DType, Scalar};
use tg_runtime::element::{bf16, f16};
use tg_runtime::{Dyn, Element, Result, Tensor, TensorView};

use crate::device::Device;

/// Elements in a row.
type Row<T> = Tensor<T, (Dyn,)>;

macro_rules! elements {
    ($($scalar:ident $type:ty;)*) => {
        /// Elements of any type.
        #[derive(Clone, Debug)]
        pub enum Elements {
            $(#[doc = concat!("Of ", stringify!($type), ".")] $scalar(Row<$type>),)*
        }

        /// Runs `$body` with `$row` as what `$elements` holds.
        macro_rules! each {
            ($elements:expr, $row:ident => $body:expr) => {
                match $elements { $($crate::data::Elements::$scalar($row) => $body,)* }
            };
        }
        pub(crate) use each;

        impl Elements {
            /// Memory on `device` for `count` elements, not yet written.
            ///
            /// # Errors
            /// [`tg_runtime::Error::TooLarge`], [`tg_runtime::Error::OutOfMemory`], [`tg_runtime::Error::DeviceMemory`].
            ///
            /// # Safety
            /// Before anything reads them, the caller writes all elements, each with a value of its type.
            pub unsafe fn unwritten(dtype: DType, count: usize, device: Device) -> Result<Elements> {
                let (shape, device) = ((Dyn(count),), device.memory());
                match dtype.scalar {
                    // SAFETY: the caller's promise.
                    $(Scalar::$scalar => unsafe { Row::<$type>::unwritten_at(&device, shape) }.map(Elements::$scalar),)*
                    // Tensors of other types cannot be stored: `is_stored`.
                    other => unreachable!("tensors have no elements of {}", other.name()),
                }
            }

            /// A copy of `count` elements at `place`.
            ///
            /// # Errors
            /// [`tg_runtime::Error::OutOfMemory`].
            ///
            /// # Safety
            /// They are there, and of this type.
            pub unsafe fn read(dtype: DType, place: *const u8, count: usize) -> Result<Elements> {
                match dtype.scalar {
                    $(Scalar::$scalar => {
                        // SAFETY: the caller's promise.
                        let elements = unsafe { std::slice::from_raw_parts(place.cast::<$type>(), count) };
                        Row::<$type>::from_slice(elements).map(Elements::$scalar)
                    })*
                    other => unreachable!("tensors have no elements of {}", other.name()),
                }
            }

            /// Copies the elements to `place`.
            ///
            /// # Safety
            /// As many of this type can be written there.
            pub unsafe fn write(&self, place: *mut u8) {
                // SAFETY: the caller's promise.
                each!(self, row => unsafe { row.as_ptr().copy_to_nonoverlapping(place.cast(), row.len()) });
            }

            /// A copy of the elements of `view`.
            ///
            /// # Errors
            /// [`tg_runtime::Error::Format`] for a type that tensors do not hold, and for bytes that are no elements of it;
            /// [`tg_runtime::Error::OutOfMemory`].
            pub fn of_view(view: TensorView<'_>) -> Result<Elements> {
                let count = view.bytes().len() / view.dtype().bytes();
                match view.dtype().scalar {
                    $(Scalar::$scalar => Row::<$type>::from_le(&[count], view.bytes()).map(Elements::$scalar),)*
                    other => {
                        let reason = format!("it has elements of {}, which no tensor has in memory", other.name());
                        Err(tg_runtime::Error::Format { format: "tensor", reason })
                    }
                }
            }

            /// Whether tensors hold elements of this type.
            pub fn is_stored(dtype: DType) -> bool {
                matches!(dtype.scalar, $(Scalar::$scalar)|*)
            }
        }

        $(impl Typed for $type {
            fn of(elements: &Elements) -> Option<&[$type]> {
                if let Elements::$scalar(row) = elements { Some(row.as_slice()) } else { None }
            }

            fn into_elements(row: Row<$type>) -> Elements {
                Elements::$scalar(row)
            }
        })*
    };
}

elements! {
    F16 f16; BF16 bf16; F32 f32; F64 f64;
    I8 i8; I16 i16; I32 i32; I64 i64;
    U8 u8; U16 u16; U32 u32; U64 u64;
    Bool bool;
}

/// A type of elements of lazy tensors: every [`Element`].
pub trait Typed: Element {
    /// The elements, if they are of this type.
    #[doc(hidden)]
    fn of(elements: &Elements) -> Option<&[Self]>;

    /// Elements of this type as those of any.
    #[doc(hidden)]
    fn into_elements(row: Row<Self>) -> Elements;
}

impl Elements {
    /// The first element, in the memory of its device.
    pub fn address(&self) -> *const u8 {
        each!(self, row => row.address().cast())
    }

    /// The first element, in the memory of its device, for writing.
    pub fn address_mut(&mut self) -> *mut u8 {
        each!(self, row => row.address_mut().cast())
    }

    /// The elements in `dims`, where they can be read.
    ///
    /// # Errors
    /// [`tg_runtime::Error::Format`] if there are more or fewer.
    pub fn view<'a>(&'a self, dims: &'a [usize]) -> Result<TensorView<'a>> {
        each!(self, row => row.view_in(dims))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        each!(self, row => row.len())
    }
}

/// The elements of a tensor, where they are.
#[derive(Clone, Debug)]
pub struct Data {
    pub elements: Elements,
    pub device: Device,
}

impl Data {
    /// A copy on `device`.
    ///
    /// # Errors
    /// As [`Tensor::to`].
    pub fn to(&self, device: Device) -> Result<Data> {
        macro_rules! copied {
            ($($scalar:ident)*) => {
                match &self.elements { $(Elements::$scalar(row) => Elements::$scalar(row.to(&device.memory())?),)* }
            };
        }
        let elements = copied!(F16 BF16 F32 F64 I8 I16 I32 I64 U8 U16 U32 U64 Bool);
        Ok(Data { elements, device })
    }
}
