//! Times one case on a device, and writes what was computed for others to check: `table` drives this beside PyTorch.
//!
//! `kernels --list` prints the names of the cases, `kernels CASE --device cuda --folder FOLDER` one JSON object: the
//! time, what the inputs were made of, and files in FOLDER with the results or a sample of their rows. It checks nothing
//! itself: float64 on a GPU is PyTorch's.

mod cases;
#[path = "../../src/inputs/formula.rs"]
mod formula;
mod functions;
mod run;
mod time;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use tg::Device;

use cases::CASES;
use run::Run;

const USAGE: &str = "expected `--list`, or `CASE --device cuda --folder FOLDER`, where the device may be cpu";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("kernels: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    match arguments {
        ["--list"] => Ok(CASES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("\n")),
        [name, "--device", device, "--folder", folder] => {
            let (name, case) = CASES.iter().find(|(other, _)| other == name).ok_or_else(|| unknown(name))?;
            let mut run = Run::new(self::device(device)?, Path::new(folder));
            case(&mut run)?;
            Ok(run.report(name))
        }
        _ => Err(format!("{USAGE}; got `{}`", arguments.join(" ")).into()),
    }
}

fn unknown(name: &str) -> String {
    format!("there is no case `{name}`; --list names all")
}

fn device(name: &str) -> Result<Device, Box<dyn Error>> {
    match name {
        "cpu" if cfg!(feature = "cuda") => {
            Err("with the feature `cuda` the cases have the sizes of a GPU; build without it for the processor".into())
        }
        "cpu" => Ok(Device::Cpu),
        "cuda" => Ok(Device::cuda(0)?),
        other => Err(format!("expected the device cpu or cuda, got `{other}`").into()),
    }
}
