//! Why kernels cannot be compiled at run time. Whoever asks has another way to compute the same, and can say this once.

use std::fmt;

use tg_toolchain::Error;

use crate::loader::LoadError;

/// What stands in the way of code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JitError {
    /// This processor has no instruction set that C is compiled for, or `TG_CPU` forbids all of them.
    Processor,
    /// The environment holds something it cannot mean.
    Config {
        /// Which variable, and what it may hold.
        reason: String,
    },
    /// There is no C compiler, or it does not take the text.
    Compiler(Error),
    /// What the C compiler made cannot be loaded.
    Load(LoadError),
}

impl fmt::Display for JitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JitError::Processor => write!(
                f,
                "kernels are not compiled at run time: expected a processor with x86-64-v2 or Advanced SIMD, and a TG_CPU \
                 that allows one of v2, v3, v4 and neon"
            ),
            JitError::Config { reason } => write!(f, "kernels are not compiled at run time: {reason}"),
            // The advice of the toolchain is for builds.
            JitError::Compiler(Error::UnsupportedTarget { target }) => {
                write!(f, "kernels are compiled at run time on Linux on x86-64 and aarch64, not for `{target}`")
            }
            JitError::Compiler(Error::NoCompiler { tried, .. }) => write!(
                f,
                "kernels are not compiled at run time, for there is no C compiler: {}; install gcc or clang, or name one in \
                 CC",
                tried.join("; ")
            ),
            JitError::Compiler(error) => write!(f, "{error}"),
            JitError::Load(error) => write!(f, "a kernel cannot be loaded: {error}"),
        }
    }
}

impl std::error::Error for JitError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_for_the_one_who_runs_the_program() {
        let tried = vec!["`cc` is not installed".to_owned()];
        let missing = JitError::Compiler(Error::NoCompiler { target: "t".into(), tried }).to_string();
        assert!(missing.contains("`cc` is not installed") && missing.contains("CC"), "{missing}");
        let target =
            JitError::Compiler(Error::UnsupportedTarget { target: "wasm32-unknown-unknown".into() }).to_string();
        for text in [missing, target, JitError::Processor.to_string()] {
            assert!(text.contains("at run time") && !text.contains("TG_CPU=rust"), "{text}");
        }
    }
}
