//! The header of a safetensors file: JSON that says of each tensor its type, its sizes and its place in the data.
//!
//! All it claims is checked against the file before anything is made of it. Keys that stand twice are errors, as the format
//! says: of two rows for one tensor, another reader might take the other one.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use serde_core::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use tg_core::dtype::DType;

use super::{FORMAT, METADATA, NAMES};
use crate::error::{Error, Result};
use crate::shape::element_count;

/// Type, sizes and place of one tensor.
#[derive(Debug)]
pub(super) struct Entry {
    pub dtype: DType,
    pub dims: Vec<usize>,
    /// Within the file.
    pub place: Range<usize>,
}

/// The entries of the header `text`, which cover the data, at `data` of the file, without gaps.
pub(super) fn entries(text: &[u8], data: Range<usize>) -> Result<BTreeMap<String, Entry>> {
    let malformed = |e| Error::format(FORMAT, format!("its header is not a JSON object of objects: {e}"));
    let Object(mut rows): Object<Object<Value>> = serde_json::from_slice(text).map_err(malformed)?;
    if let Some(Object(metadata)) = rows.remove(METADATA) {
        check_metadata(&metadata)?;
    }
    let named = |(name, Object(row)): (String, Object<Value>)| match entry(&row, &data) {
        Ok(entry) => Ok((name, entry)),
        Err(why) => Err(Error::format(FORMAT, format!("tensor `{name}`: {why}"))),
    };
    let entries = rows.into_iter().map(named).collect::<Result<_>>()?;
    check_places(&entries, data)?;
    Ok(entries)
}

fn entry(row: &BTreeMap<String, Value>, data: &Range<usize>) -> std::result::Result<Entry, String> {
    let numbers = |key: &str| -> Option<Vec<usize>> {
        let list = row.get(key)?.as_array()?;
        list.iter().map(|n| n.as_u64().and_then(|n| usize::try_from(n).ok())).collect()
    };
    let name = row.get("dtype").and_then(Value::as_str).ok_or("no `dtype` that is a text")?;
    let known = NAMES.iter().find(|(_, n)| *n == name);
    let dtype = known.map(|(scalar, _)| DType::scalar(*scalar)).ok_or(format!("its dtype `{name}` is unknown"))?;
    let dims = numbers("shape").ok_or("no `shape` of whole numbers")?;
    let offsets = numbers("data_offsets").ok_or("no `data_offsets` of whole numbers")?;
    let [from, to] = offsets[..] else {
        return Err(format!("its `data_offsets` are {} numbers, not 2", offsets.len()));
    };
    if from > to || to > data.len() {
        return Err(format!("bytes {from} to {to} are not among the {} of the data", data.len()));
    }
    if element_count(&dims).and_then(|n| n.checked_mul(dtype.bytes())) != Some(to - from) {
        return Err(format!("the shape {dims:?} of {dtype} does not take {} bytes", to - from));
    }
    Ok(Entry { dtype, dims, place: data.start + from..data.start + to })
}

fn check_metadata(metadata: &BTreeMap<String, Value>) -> Result<()> {
    match metadata.iter().find(|(_, value)| !value.is_string()) {
        Some((key, _)) => Err(Error::format(FORMAT, format!("`{METADATA}`: `{key}` is no text"))),
        None => Ok(()),
    }
}

/// One tensor after the other, in whatever order the header has them.
fn check_places(entries: &BTreeMap<String, Entry>, data: Range<usize>) -> Result<()> {
    let mut places: Vec<(&Range<usize>, &str)> = entries.iter().map(|(name, e)| (&e.place, name.as_str())).collect();
    places.sort_by_key(|(place, _)| (place.start, place.end));
    let mut covered = data.start;
    for (place, name) in places {
        if place.start != covered {
            let (start, end) = (place.start - data.start, covered - data.start);
            let reason = format!("tensor `{name}` begins at byte {start} of the data, those before it end at {end}");
            return Err(Error::format(FORMAT, reason));
        }
        covered = place.end;
    }
    match data.end - covered {
        0 => Ok(()),
        rest => Err(Error::format(FORMAT, format!("{rest} bytes belong to no tensor"))),
    }
}

/// A JSON object whose keys all differ.
struct Object<T>(BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(Rows(PhantomData))
    }
}

struct Rows<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Object<T>, A::Error> {
        let mut rows = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if rows.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            rows.insert(key, map.next_value()?);
        }
        Ok(Object(rows))
    }
}
