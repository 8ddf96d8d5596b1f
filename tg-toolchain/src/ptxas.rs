//! NVIDIA's assembler: PTX in, machine code for one kind of GPU out, with what it says about registers and memory.
//!
//! It is a single program that needs neither a GPU nor a driver. Builds do without it: a driver translates PTX itself,
//! only later. Results are kept in the same cache as those of the C compiler.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tg_core::target::Isa;

use crate::assemble::Scratch;
use crate::cache::{Cache, Key};
use crate::compiler::modified;
use crate::error::Error;
use crate::process::{Finished, Stopped, command_line, run};

/// The variable that names the program.
pub const PTXAS_VARIABLE: &str = "TG_PTXAS";

/// Longest time one run may take. Large unrolled kernels take seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// The assembler.
#[derive(Clone, Debug)]
pub struct Ptxas {
    program: PathBuf,
    /// Its version and when it was installed.
    identity: String,
}

/// A module in machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cubin {
    /// The ELF file, as drivers load it.
    pub bytes: Vec<u8>,
    /// What each of its kernels uses.
    pub usage: Vec<Usage>,
    /// What it says of instructions that will take longer than they must, as where asynchronous ones have to wait.
    pub losses: Vec<String>,
}

/// What a kernel uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Its symbol.
    pub kernel: String,
    /// Registers of each thread.
    pub registers: u32,
    /// Bytes of registers that each thread has to store elsewhere.
    pub spill_bytes: u32,
    /// Bytes of shared memory, without those that a launch adds.
    pub shared_bytes: u32,
}

impl Ptxas {
    /// The program that `TG_PTXAS` names, or `ptxas` of the search path.
    ///
    /// # Errors
    /// [`Error::NoPtxas`], which says how to get it.
    pub fn find() -> Result<Ptxas, Error> {
        let named = std::env::var_os(PTXAS_VARIABLE).map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = || std::env::split_paths(&path).map(|folder| folder.join("ptxas")).find(|p| p.is_file());
        let program = named.or_else(on_path);
        Ptxas::at(&program.ok_or_else(|| Error::NoPtxas { reason: "there is no `ptxas` on PATH".into() })?)
    }

    /// The program `program`.
    ///
    /// # Errors
    /// [`Error::NoPtxas`], if it does not say its version.
    pub fn at(program: &Path) -> Result<Ptxas, Error> {
        let absent = |why: String| Error::NoPtxas { reason: format!("`{} --version`: {why}", program.display()) };
        let argv = [program.as_os_str().to_owned(), "--version".into()];
        let finished = run(&argv, "", LIMIT).map_err(|stopped| absent(reason(stopped)))?;
        let version = String::from_utf8_lossy(&finished.stdout).into_owned();
        match finished.status.success() && version.contains("ptxas") {
            true => Ok(Ptxas { program: program.into(), identity: version + &modified(program) }),
            false => Err(absent("not NVIDIA's assembler".into())),
        }
    }

    /// The machine code of the module `source` for `isa`, from `cache` if it is there.
    ///
    /// # Errors
    /// [`Error::Ptxas`], with the program's words.
    pub fn assemble(&self, source: &str, isa: Isa, cache: Option<&Cache>) -> Result<Cubin, Error> {
        let key = Key::of(["ptxas", &self.identity, architecture(isa), source]);
        if let Some(cubin) = cache.and_then(|cache| unpack(&cache.get(key)?)) {
            return Ok(cubin);
        }
        let (log, bytes) = self.run(source, isa)?;
        if let Some(cache) = cache {
            cache.put(key, &pack(&log, &bytes));
        }
        Ok(cubin(&log, bytes))
    }

    fn run(&self, source: &str, isa: Isa) -> Result<(String, Vec<u8>), Error> {
        let start = |error: std::io::Error| Error::Ptxas {
            command: self.program.display().to_string(),
            output: error.to_string(),
        };
        let folder = Scratch::new().map_err(start)?;
        let (input, output) = (folder.0.join("kernel.ptx"), folder.0.join("kernel.cubin"));
        fs::write(&input, source).map_err(start)?;
        let options = ["-v", "-arch", architecture(isa), "-o"].map(OsString::from);
        let mut argv = vec![self.program.clone().into_os_string()];
        argv.extend(options.into_iter().chain([output.clone().into(), input.into()]));
        let log = log(run(&argv, "", LIMIT)).map_err(|output| Error::Ptxas { command: command_line(&argv), output })?;
        Ok((log, fs::read(&output).map_err(start)?))
    }
}

/// What a run has written; an error if it failed.
fn log(outcome: Result<Finished, Stopped>) -> Result<String, String> {
    let finished = outcome.map_err(reason)?;
    let log = [finished.stdout, finished.stderr].concat();
    let log = String::from_utf8_lossy(&log).into_owned();
    if finished.status.success() { Ok(log) } else { Err(format!("{}\n{log}", finished.status)) }
}

fn reason(stopped: Stopped) -> String {
    match stopped {
        Stopped::Io(error) => error.to_string(),
        Stopped::TimedOut => format!("it did not finish within {} s", LIMIT.as_secs()),
    }
}

fn architecture(isa: Isa) -> &'static str {
    if isa == Isa::Sm90a { "sm_90a" } else { "sm_80" }
}

/// Reads what `-v` says of each kernel.
fn usage(log: &str) -> Vec<Usage> {
    let mut all: Vec<Usage> = vec![];
    for line in log.lines() {
        if let Some(name) = line.split_once("Compiling entry function '").and_then(|(_, rest)| rest.split('\'').next())
        {
            all.push(Usage { kernel: name.into(), ..Usage::default() });
        } else if let Some(last) = all.last_mut() {
            last.spill_bytes += number_before(line, " bytes spill stores") + number_before(line, " bytes spill loads");
            last.registers += number_before(line, " registers");
            last.shared_bytes += number_before(line, " bytes smem");
        }
    }
    all
}

/// The number in front of `words`; 0 if they do not occur.
fn number_before(line: &str, words: &str) -> u32 {
    let number = line.split_once(words).and_then(|(before, _)| before.rsplit([' ', ',']).next()?.parse().ok());
    number.unwrap_or(0)
}

/// The length of the log, the log, the machine code.
fn pack(log: &str, bytes: &[u8]) -> Vec<u8> {
    [&(log.len() as u64).to_le_bytes(), log.as_bytes(), bytes].concat()
}

fn unpack(packed: &[u8]) -> Option<Cubin> {
    let (length, rest) = packed.split_first_chunk()?;
    let (log, bytes) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
    Some(cubin(std::str::from_utf8(log).ok()?, bytes.to_vec()))
}

fn cubin(log: &str, bytes: Vec<u8>) -> Cubin {
    let losses = log.lines().filter(|line| line.contains("Performance Loss")).map(str::to_owned).collect();
    Cubin { bytes, usage: usage(log), losses }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "ptxas info    : 0 bytes gmem\nptxas info    : Compiling entry function 'tgk_a' for 'sm_90a'\n\
        ptxas info    : Function properties for tgk_a\n    8 bytes stack frame, 12 bytes spill stores, 4 bytes spill loads\n\
        ptxas info    : Used 42 registers, used 1 barriers, 128 bytes smem\n\
        ptxas info    : Compiling entry function 'tgk_b' for 'sm_90a'\nptxas info    : Used 8 registers\n";
    const LOSS: &str =
        "ptxas info    : (C7514) Potential Performance Loss: wgmma.mma_async instructions are serialized";

    #[test]
    fn the_log_tells_what_each_kernel_uses() {
        let a = Usage { kernel: "tgk_a".into(), registers: 42, spill_bytes: 16, shared_bytes: 128 };
        let b = Usage { kernel: "tgk_b".into(), registers: 8, ..Usage::default() };
        assert_eq!(usage(LOG), [a, b]);
        let log = format!("{LOSS}\n{LOG}");
        let cubin = Cubin { bytes: b"code".to_vec(), usage: usage(LOG), losses: vec![LOSS.into()] };
        assert_eq!(unpack(&pack(&log, b"code")), Some(cubin));
        assert_eq!(super::cubin(LOG, vec![]).losses, [""; 0]);
        assert_eq!((unpack(b"short"), unpack(&pack(LOG, b"")[..20])), (None, None));
    }

    #[test]
    fn a_missing_assembler_is_an_error_that_says_how_to_get_it() {
        let text = Ptxas::at(Path::new("/nonexistent/ptxas")).unwrap_err().to_string();
        for part in ["/nonexistent/ptxas", "nvidia-cuda-nvcc", PTXAS_VARIABLE] {
            assert!(text.contains(part), "{text}");
        }
    }
}
