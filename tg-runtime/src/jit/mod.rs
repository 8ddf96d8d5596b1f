//! Kernels as C text, compiled for this processor and loaded while the program runs.
//!
//! A text becomes an object by tg-toolchain, which keeps it on the disk by the hash of everything it depends on, and code by
//! the [`loader`](crate::loader). Code is kept in memory by the hash of its text, up to a bound; the same text is compiled
//! once, however many threads ask for it at the same time. What the texts mean, and with what kernels are called, is not
//! known here.

mod error;

use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};

use tg_core::target;
pub use tg_toolchain::Key;
use tg_toolchain::{Job, Toolchain, host_triple};

pub use error::JitError;

use crate::config::Config;
use crate::isa::Isa;
use crate::loader::{Code, imports};
use crate::recent::{Recent, Slot};

/// Bytes of code that are kept in memory though nobody uses them: some thousand kernels.
const MEMORY_LIMIT: usize = 32 << 20;

/// Instruction sets that C is compiled for, and what they are called there.
const LEVELS: &[(Isa, target::Isa)] = &[
    (Isa::X86V2, target::Isa::X86V2),
    (Isa::X86V3, target::Isa::X86V3),
    (Isa::X86V4, target::Isa::X86V4),
    (Isa::Neon, target::Isa::Neon),
];

/// How one came by some code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Kept,
    Made,
}

/// Makes code of C texts.
#[derive(Debug)]
pub struct Compiler {
    toolchain: Toolchain,
    isa: target::Isa,
    recent: Mutex<Recent<Key, Code>>,
}

impl Compiler {
    /// The compiler for the best instruction set that this processor has and `config` allows, with the cache it names.
    ///
    /// # Errors
    /// [`JitError::Processor`], and [`JitError::Compiler`] if there is no C compiler: kernels cannot be compiled.
    pub fn new(config: &Config) -> Result<Compiler, JitError> {
        let levels: Vec<Isa> = LEVELS.iter().map(|(level, _)| *level).collect();
        let best = Isa::best(&levels, config.cpu).ok_or(JitError::Processor)?;
        let toolchain = Toolchain::new(&host_triple(), config.cache.clone()).map_err(JitError::Compiler)?;
        Ok(Compiler { toolchain, isa: LEVELS[best].1, recent: Mutex::default() })
    }

    /// The one of this process, found at the first call.
    ///
    /// # Errors
    /// As [`Compiler::new`], and [`JitError::Config`]; the same at every call.
    pub fn of_process() -> Result<&'static Compiler, &'static JitError> {
        static COMPILER: OnceLock<Result<Compiler, JitError>> = OnceLock::new();
        let find = || {
            let config = Config::of_process().map_err(|error| JitError::Config { reason: error.to_string() })?;
            Compiler::new(config)
        };
        COMPILER.get_or_init(find).as_ref()
    }

    /// What texts are to be rendered for.
    pub fn isa(&self) -> target::Isa {
        self.isa
    }

    /// What was kept under `key`, on the disk.
    pub fn kept(&self, key: Key) -> Option<Vec<u8>> {
        self.toolchain.cache()?.get(key)
    }

    /// Keeps `bytes` under `key`, on the disk, for other processes.
    pub fn keep(&self, key: Key, bytes: &[u8]) {
        if let Some(cache) = self.toolchain.cache() {
            cache.put(key, bytes);
        }
    }

    /// How often a C compiler was started.
    pub fn started(&self) -> usize {
        self.toolchain.counts().started
    }

    /// The code of `source`, a complete C text: from memory, from the disk, or from the C compiler, which is then waited for.
    /// It stays while somebody has it.
    ///
    /// # Errors
    /// [`JitError::Compiler`] with the compiler's words; [`JitError::Load`] for what cannot be loaded. A later call tries
    /// again.
    pub fn code(&self, source: &str) -> Result<Arc<Code>, JitError> {
        let slot = self.recent().slot(&Key::of(["code", source]));
        let filled = self.filled(&slot, source);
        if !matches!(filled, Ok((_, Origin::Kept))) {
            self.recent().trim(MEMORY_LIMIT, Code::bytes);
        }
        filled.map(|(code, _)| code)
    }

    /// The assembly that `source` is compiled to, to be looked at.
    ///
    /// # Errors
    /// [`JitError::Compiler`] with the compiler's words.
    pub fn assembly(&self, source: &str) -> Result<String, JitError> {
        let job = Job { source: source.into(), isa: self.isa };
        let texts = self.toolchain.assemble_all(&[job]).map_err(JitError::Compiler)?;
        Ok(texts.into_iter().map(|assembly| assembly.text).collect())
    }

    /// What `slot` holds. Whoever comes second while it is being compiled waits here, and not those with other texts.
    fn filled(&self, slot: &Slot<Code>, source: &str) -> Result<(Arc<Code>, Origin), JitError> {
        let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = &*held {
            return Ok((code.clone(), Origin::Kept));
        }
        let code = Arc::new(self.compile(source)?);
        *held = Some(code.clone());
        Ok((code, Origin::Made))
    }

    fn compile(&self, source: &str) -> Result<Code, JitError> {
        let job = Job { source: source.into(), isa: self.isa };
        let objects = self.toolchain.object_all(&[job]).map_err(JitError::Compiler)?;
        self.say_why_nothing_is_kept();
        let object = objects.first().map_or(&[][..], Vec::as_slice);
        Code::load(object, &imports()).map_err(JitError::Load)
    }

    /// Once in a process: nothing fails, but each run compiles what others have compiled.
    fn say_why_nothing_is_kept(&self) {
        static SAID: Once = Once::new();
        if let Some(reason) = self.toolchain.cache_failure() {
            SAID.call_once(|| {
                eprintln!("tg: kernels are compiled in each run anew, for they cannot be kept in {reason}; TG_CACHE names another folder, or is `off`");
            });
        }
    }

    fn recent(&self) -> MutexGuard<'_, Recent<Key, Code>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
