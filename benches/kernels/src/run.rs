//! One case at work: makes inputs, times calls, and keeps what is told about both.

use std::path::Path;

use tg::{Device, Element, Error, Float, Result, StaticShape, Tensor};

use crate::formula;
use crate::time;

/// Elements of a result that is written as a whole; of a larger one, rows of about as many.
const WHOLE: usize = 1 << 24;

/// Numbers in offset - scale..offset + scale.
#[derive(Clone, Copy)]
pub struct Uniform {
    pub seed: u32,
    pub scale: f32,
    pub offset: f32,
}

/// A case on a device.
pub struct Run<'a> {
    device: Device,
    folder: &'a Path,
    microseconds: f64,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl<'a> Run<'a> {
    /// Results are written to files in `folder`.
    pub fn new(device: Device, folder: &'a Path) -> Run<'a> {
        Run { device, folder, microseconds: 0.0, inputs: vec![], outputs: vec![] }
    }

    /// A tensor of `values` on the device.
    pub fn uniform<T: Float, S: StaticShape>(&mut self, values: Uniform) -> Result<Tensor<T, S>> {
        let Uniform { seed, scale, offset } = values;
        let elements = formula::uniform(length::<S>(), seed, scale).into_iter();
        let tensor = Tensor::from_vec(elements.map(|value| T::from_f64((value + offset).into())).collect())?;
        self.describe(&tensor, &format!(r#""seed":{seed},"scale":{scale},"offset":{offset}"#));
        tensor.into_device(&self.device)
    }

    /// A tensor of whole numbers below `limit` on the device.
    pub fn below<S: StaticShape>(&mut self, seed: u32, limit: u32) -> Result<Tensor<u8, S>> {
        let elements = formula::labels(length::<S>(), seed, limit);
        let tensor = Tensor::from_vec(elements.into_iter().map(|value| value as u8).collect())?;
        self.describe(&tensor, &format!(r#""seed":{seed},"below":{limit}"#));
        tensor.into_device(&self.device)
    }

    fn describe<T: Element, S: StaticShape>(&mut self, tensor: &Tensor<T, S>, made_of: &str) {
        self.inputs.push(format!(r#"{{{},{made_of}}}"#, kind(tensor)));
    }

    /// Writes what the first call of `call` computes, and times calls.
    pub fn timed<T: Element, S: StaticShape>(
        &mut self,
        mut call: impl FnMut(&mut Tensor<T, S>) -> Result<()>,
    ) -> Result<()> {
        let mut result = Tensor::zeros().into_device(&self.device)?;
        call(&mut result)?;
        self.output(&result)?;
        self.time(|| call(&mut result))
    }

    /// Times calls.
    pub fn time(&mut self, call: impl FnMut() -> Result<()>) -> Result<()> {
        self.microseconds = time::microseconds(&self.device, call)?;
        Ok(())
    }

    /// Writes a result, or every so many rows of it. The number is odd, so that they fall on all places of a tile.
    pub fn output<T: Element, S: StaticShape>(&mut self, tensor: &Tensor<T, S>) -> Result<()> {
        let step = (tensor.len() / (WHOLE + 1)) | 1;
        let file = self.folder.join(format!("{}.bin", self.outputs.len()));
        let tensor = tensor.to(&Device::Cpu)?;
        let rows = tensor.dims().as_ref().first().copied().unwrap_or(1);
        let bytes: Vec<u8> = tensor.with_view(|view| {
            let size = view.bytes().len() / rows;
            view.bytes().chunks(size).step_by(step).flatten().copied().collect()
        });
        std::fs::write(&file, bytes)
            .map_err(|error| Error::File { path: file.clone(), source: Box::new(error.into()) })?;
        self.outputs.push(format!(r#"{{{},"step":{step},"file":"{}"}}"#, kind(&tensor), file.display()));
        Ok(())
    }

    /// All that is known, as one JSON object.
    pub fn report(&self, case: &str) -> String {
        let (us, inputs, outputs) = (self.microseconds, self.inputs.join(","), self.outputs.join(","));
        format!(r#"{{"case":"{case}","us":{us},"inputs":[{inputs}],"outputs":[{outputs}]}}"#)
    }
}

fn length<S: StaticShape>() -> usize {
    S::KNOWN.iter().flatten().product()
}

/// Shape and element type, as members of a JSON object.
fn kind<T: Element, S: StaticShape>(tensor: &Tensor<T, S>) -> String {
    format!(r#""shape":{:?},"dtype":"{}""#, tensor.dims().as_ref(), T::DTYPE)
}
