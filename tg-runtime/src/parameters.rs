//! Structs of tensors: their parameters by name, for saving, loading and counting.
//!
//! Generated code implements [`Parameters`] for the structs of a tensor function; names are the paths of the
//! fields, such as `encoder.layers.0.w`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::device::Device;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::safetensors::{Archive, difference, write_visited};
use crate::shape::Shape;
use crate::tensor::{Tensor, TensorView, TensorViewMut};

/// Something that consists of named tensors.
pub trait Parameters {
    /// Calls `f` with each tensor and its name, which begins with `prefix`.
    fn visit(&self, prefix: &str, f: &mut dyn FnMut(&str, TensorView<'_>));

    /// Calls `f` with each tensor and its name, which begins with `prefix`, for replacing its elements.
    fn visit_mut(&mut self, prefix: &str, f: &mut dyn FnMut(&str, TensorViewMut<'_>));

    /// Number of elements of all tensors together.
    fn parameter_count(&self) -> usize {
        let mut count = 0;
        self.visit("", &mut |_, view| count += view.bytes().len() / view.dtype().bytes());
        count
    }

    /// Moves all tensors to `device`.
    ///
    /// # Errors
    /// As [`Tensor::to`]; some tensors may have moved then.
    fn move_to(&mut self, device: &Device) -> Result<()> {
        let mut outcome = Ok(());
        self.visit_mut("", &mut |_, mut tensor| {
            if outcome.is_ok() {
                outcome = tensor.move_to(device);
            }
        });
        outcome
    }

    /// Writes all tensors to a safetensors file. An older file is replaced at once, and stays whole if this fails.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    fn save(&self, path: impl AsRef<Path>) -> Result<()>
    where
        Self: Sized,
    {
        write_visited(path.as_ref(), &|f| self.visit("", f))
    }

    /// Takes all tensors over from a safetensors file.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, is malformed, or if its names, types and shapes are not exactly
    /// those of `self`; all differences are listed, and nothing has changed.
    fn load(&mut self, path: impl AsRef<Path>) -> Result<()>
    where
        Self: Sized,
    {
        let path = path.as_ref();
        let archive = Archive::read(path)?;
        take_over(self, &archive).map_err(|e| e.in_file(path))
    }
}

fn take_over(target: &mut dyn Parameters, archive: &Archive) -> Result<()> {
    let differences = differences(target, archive);
    if !differences.is_empty() {
        return Err(Error::Parameters { differences });
    }
    let mut outcome = Ok(());
    target.visit_mut("", &mut |name, mut tensor| {
        if let (Some(view), Ok(())) = (archive.view(name), &outcome) {
            outcome = tensor.copy_from_bytes(view.bytes());
        }
    });
    outcome
}

/// One line for each tensor that is missing in `archive`, of another type or shape, or too many.
fn differences(target: &dyn Parameters, archive: &Archive) -> Vec<String> {
    let mut extra: BTreeSet<&str> = archive.names().collect();
    let mut lines = Vec::new();
    target.visit("", &mut |name, own| {
        extra.remove(name);
        lines.extend(match archive.view(name) {
            Some(view) => difference(name, own.dtype(), own.dims(), &view),
            None => Some(format!("`{name}`: missing in the file")),
        });
    });
    lines.extend(extra.into_iter().map(|name| format!("`{name}`: in the file, but no such parameter")));
    lines
}

/// The name of field `name` in `prefix`.
#[doc(hidden)]
pub fn field_name(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

impl<T: Element, S: Shape> Parameters for Tensor<T, S> {
    fn visit(&self, prefix: &str, f: &mut dyn FnMut(&str, TensorView<'_>)) {
        self.with_view(|view| f(prefix, view));
    }

    fn visit_mut(&mut self, prefix: &str, f: &mut dyn FnMut(&str, TensorViewMut<'_>)) {
        self.with_view_mut(|view| f(prefix, view));
    }
}

impl<P: Parameters> Parameters for [P] {
    fn visit(&self, prefix: &str, f: &mut dyn FnMut(&str, TensorView<'_>)) {
        for (i, part) in self.iter().enumerate() {
            part.visit(&field_name(prefix, &i.to_string()), f);
        }
    }

    fn visit_mut(&mut self, prefix: &str, f: &mut dyn FnMut(&str, TensorViewMut<'_>)) {
        for (i, part) in self.iter_mut().enumerate() {
            part.visit_mut(&field_name(prefix, &i.to_string()), f);
        }
    }
}

impl<P: Parameters, const N: usize> Parameters for [P; N] {
    fn visit(&self, prefix: &str, f: &mut dyn FnMut(&str, TensorView<'_>)) {
        self.as_slice().visit(prefix, f);
    }

    fn visit_mut(&mut self, prefix: &str, f: &mut dyn FnMut(&str, TensorViewMut<'_>)) {
        self.as_mut_slice().visit_mut(prefix, f);
    }
}

impl<P: Parameters> Parameters for Vec<P> {
    fn visit(&self, prefix: &str, f: &mut dyn FnMut(&str, TensorView<'_>)) {
        self.as_slice().visit(prefix, f);
    }

    fn visit_mut(&mut self, prefix: &str, f: &mut dyn FnMut(&str, TensorViewMut<'_>)) {
        self.as_mut_slice().visit_mut(prefix, f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tests::Folder;
    use crate::shape::Const;

    #[derive(Clone, Debug, PartialEq)]
    struct Net {
        w: Tensor<f32, (Const<2>, Const<3>)>,
        layers: [Tensor<u8, (Const<2>,)>; 2],
    }

    impl Parameters for Net {
        fn visit(&self, prefix: &str, f: &mut dyn FnMut(&str, TensorView<'_>)) {
            self.layers.visit(&field_name(prefix, "layers"), f);
            self.w.visit(&field_name(prefix, "w"), f);
        }

        fn visit_mut(&mut self, prefix: &str, f: &mut dyn FnMut(&str, TensorViewMut<'_>)) {
            self.layers.visit_mut(&field_name(prefix, "layers"), f);
            self.w.visit_mut(&field_name(prefix, "w"), f);
        }
    }

    fn net(seed: u64) -> Net {
        let byte = seed as u8;
        Net { w: Tensor::randn(seed), layers: [[byte, 2].into(), [3, byte].into()] }
    }

    #[test]
    fn saved_parameters_are_loaded() {
        let folder = Folder::new("parameters");
        let path = folder.0.join("net.safetensors");
        let (saved, mut loaded) = (net(1), net(2));
        assert_eq!(saved.parameter_count(), 10);
        net(3).save(&path).unwrap();
        saved.save(&path).unwrap();
        loaded.load(&path).unwrap();
        assert_eq!(saved, loaded);
        let names: Vec<String> = Archive::read(&path).unwrap().names().map(str::to_owned).collect();
        assert_eq!(names, ["layers.0", "layers.1", "w"]);
    }

    #[test]
    fn files_of_other_parameters_change_nothing_and_list_all_differences() {
        let folder = Folder::new("differences");
        let path = folder.0.join("net.safetensors");
        let other: (Tensor<f32, _>, Tensor<u8, _>) = (Tensor::from([[1.0f32, 2.0]]), Tensor::from([1u8, 2]));
        other.0.with_view(|w| other.1.with_view(|x| crate::safetensors::write(&path, &[("w", w), ("x", x)]))).unwrap();
        let mut target = net(1);
        let text = target.load(&path).unwrap_err().to_string();
        for line in [
            "net.safetensors: ",
            "`w`: expected f32 (2, 3), got f32 (1, 2)",
            "`layers.0`: missing in the file",
            "`x`: in the file, but no such parameter",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert_eq!(target, net(1));
        assert!(target.load(folder.0.join("none")).is_err());
    }
}
