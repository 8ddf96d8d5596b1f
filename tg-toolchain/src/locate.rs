//! Reads what a proc macro needs to know about the running compilation from rustc's own arguments.
//!
//! Which target, whether code is generated at all, and where results may be cached. A pure function of the arguments
//! (the file system is asked only for Cargo's own files), so it can be tested; it never decides anything itself.
//! Arguments behind `@file` are not seen: Cargo uses such files only when a command line is too long for the system.

use std::path::{Path, PathBuf};

/// Folder below Cargo's target directory that holds the cache.
const CACHE_FOLDER: &str = "tg-cache";

/// Files by which Cargo's target directory is known: the first is there only if Cargo itself made the folder.
const TAG_FILES: &[&str] = &["CACHEDIR.TAG", ".rustc_info.json"];

/// Outputs that need machine code or would show it.
const CODE_OUTPUTS: &[&str] = &["link", "obj", "asm", "llvm-ir", "llvm-bc"];

/// Programs that load proc macros and never generate code.
const ANALYZERS: &[&str] = &["rustdoc", "rust-analyzer"];

/// Unstable options that make rustc stop before code generation.
const NO_CODE_OPTIONS: &[&str] = &["no-codegen", "no-analysis", "parse-only", "unpretty"];

/// What rustc was asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// `--target`: a triple or the path of a target specification; `None` is the host.
    pub target: Option<String>,
    /// `--emit`: the kinds of output, without their paths; empty is rustc's default, `link`.
    pub emit: Vec<String>,
    /// `--out-dir`.
    pub out_dir: Option<PathBuf>,
    /// `-C metadata`: tells apart crates of one name; several are joined by `,`.
    pub metadata: Option<String>,
    /// `-C target-cpu`.
    pub target_cpu: Option<String>,
    /// `--crate-name`.
    pub crate_name: Option<String>,
    /// Whether the program or an option rules out code generation whatever is emitted.
    pub analysis_only: bool,
}

impl Invocation {
    /// Reads the arguments of a process, the program's own name first (as [`std::env::args`] gives them).
    pub fn parse(args: &[String]) -> Invocation {
        let mut invocation = Invocation::default();
        let Some((program, rest)) = args.split_first() else { return invocation };
        let stem = Path::new(program).file_stem().unwrap_or_default().to_string_lossy();
        invocation.analysis_only = ANALYZERS.iter().any(|name| stem.starts_with(name));
        let mut rest = rest.iter().map(String::as_str);
        while let Some(arg) = rest.next() {
            if let Some((option, value)) = split_option(arg, &mut rest) {
                invocation.take(option, value);
            }
        }
        invocation
    }

    fn take(&mut self, option: &str, value: &str) {
        match option {
            "--target" => self.target = Some(value.into()),
            "--emit" => self.emit.extend(value.split(',').map(|kind| before_equals(kind).into())),
            "--out-dir" => self.out_dir = Some(value.into()),
            "--crate-name" => self.crate_name = Some(value.into()),
            "-Z" => self.analysis_only |= NO_CODE_OPTIONS.contains(&before_equals(value)),
            "-C" | "--codegen" => self.take_codegen(value),
            _ => {}
        }
    }

    fn take_codegen(&mut self, setting: &str) {
        match setting.split_once('=') {
            Some(("metadata", value)) => {
                let before = self.metadata.take().map_or(String::new(), |before| before + ",");
                self.metadata = Some(before + value);
            }
            Some(("target-cpu", value)) => self.target_cpu = Some(value.into()),
            _ => {}
        }
    }

    /// Whether machine code is generated: not under `cargo check`, clippy, rustdoc or rust-analyzer.
    pub fn generates_code(&self) -> bool {
        let emits_code = |kind: &String| CODE_OUTPUTS.contains(&kind.as_str());
        !self.analysis_only && (self.emit.is_empty() || self.emit.iter().any(emits_code))
    }

    /// The target triple: `--target`, or the host's.
    pub fn target_triple(&self) -> String {
        let name = self.target.clone().unwrap_or_else(crate::host_triple);
        // A specification file is named after its target.
        let file = Path::new(&name).file_stem().filter(|_| name.ends_with(".json"));
        file.map_or(name.clone(), |stem| stem.to_string_lossy().into_owned())
    }

    /// Where compiled kernels may be cached: a folder in Cargo's target directory, if this runs under Cargo.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        self.cache_dir_where(|folder| TAG_FILES.iter().any(|file| folder.join(file).is_file()))
    }

    fn cache_dir_where(&self, is_tagged: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let above = self.out_dir.as_ref()?.ancestors();
        Some(above.into_iter().find(|folder| is_tagged(folder))?.join(CACHE_FOLDER))
    }
}

/// Splits `--name=value`, `--name value`, `-Cvalue` and `-C value`, taking the value from `rest` where it stands apart.
/// `None` for anything without a value that matters here.
fn split_option<'a>(arg: &'a str, rest: &mut impl Iterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
    if let Some((name, value)) = arg.split_once('=').filter(|_| arg.starts_with("--")) {
        return Some((name, value));
    }
    match arg {
        "--target" | "--emit" | "--out-dir" | "--crate-name" | "--codegen" | "-C" | "-Z" => Some((arg, rest.next()?)),
        _ if arg.starts_with("-C") || arg.starts_with("-Z") => Some(arg.split_at(2)),
        _ => None,
    }
}

fn before_equals(text: &str) -> &str {
    text.split('=').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Invocation {
        Invocation::parse(&line.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_command_of_cargo_build_is_read() {
        let invocation = parse(
            "/usr/bin/rustc --crate-name app --edition=2024 src/main.rs --error-format=json --crate-type bin \
             --emit=dep-info,link -C embed-bitcode=no -C debuginfo=2 -C metadata=9d2ffba0e7a5 -C extra-filename=-82 \
             --out-dir /w/target/debug/deps --target aarch64-unknown-linux-gnu -C target-cpu=native -L dependency=/w",
        );
        let expected = Invocation {
            target: Some("aarch64-unknown-linux-gnu".into()),
            emit: vec!["dep-info".into(), "link".into()],
            out_dir: Some("/w/target/debug/deps".into()),
            metadata: Some("9d2ffba0e7a5".into()),
            target_cpu: Some("native".into()),
            crate_name: Some("app".into()),
            analysis_only: false,
        };
        assert_eq!(invocation, expected);
        assert!(invocation.generates_code());
        assert_eq!(invocation.target_triple(), "aarch64-unknown-linux-gnu");
    }

    #[test]
    fn every_spelling_of_an_option_is_the_same() {
        let all = [
            "rustc --emit=link --target=t --out-dir=o --crate-name=c -Cmetadata=m -Ctarget-cpu=x",
            "rustc --emit link --target t --out-dir o --crate-name c -C metadata=m -C target-cpu=x",
            "rustc --emit link --target t --out-dir o --crate-name c --codegen metadata=m --codegen=target-cpu=x",
        ];
        for line in all {
            assert_eq!(parse(line), parse(all[0]), "{line}");
            assert_eq!(parse(line).metadata.as_deref(), Some("m"));
        }
        assert_eq!(parse("rustc -C metadata=a -Cmetadata=b").metadata.as_deref(), Some("a,b"));
    }

    #[test]
    fn only_a_build_generates_code() {
        let check = |line: &str, expected| assert_eq!(parse(line).generates_code(), expected, "{line}");
        check("rustc main.rs", true);
        check("rustc --emit=dep-info,metadata,link", true);
        check("rustc --emit dep-info --emit obj=/tmp/x.o", true);
        check("rustc --emit=asm", true);
        check("rustc --emit=dep-info,metadata", false);
        check("rustc --emit=metadata=/tmp/link", false);
        check("/bin/clippy-driver /bin/rustc --emit=dep-info,metadata", false);
        check("/bin/rustdoc --crate-name app src/lib.rs", false);
        check("/bin/rust-analyzer-proc-macro-srv", false);
        check("rustc --emit=link -Zunpretty=expanded", false);
        check("rustc --emit=link -Z no-codegen", false);
    }

    #[test]
    fn broken_command_lines_are_read_as_far_as_they_go() {
        assert_eq!(Invocation::parse(&[]), Invocation::default());
        for line in ["rustc --target", "rustc -C", "rustc -Z", "rustc -C metadata", "rustc --", "rustc -"] {
            assert_eq!(parse(line), Invocation::default(), "{line}");
        }
        assert_eq!(parse("rustc --emit=").emit, [""]);
    }

    #[test]
    fn a_target_specification_is_named_after_its_file() {
        assert_eq!(parse("rustc --target /x/my-os.json").target_triple(), "my-os");
        assert_eq!(parse("rustc").target_triple(), crate::host_triple());
    }

    #[test]
    fn the_cache_is_in_the_nearest_tagged_folder() {
        let tagged = |folder: &Path| folder == Path::new("/w/target") || folder == Path::new("/w");
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(parse(line).cache_dir_where(tagged), expected.map(PathBuf::from), "{line}");
        };
        check("rustc --out-dir /w/target/debug/deps", Some("/w/target/tg-cache"));
        check("rustc --out-dir /w/target/x86_64-unknown-linux-gnu/release/deps", Some("/w/target/tg-cache"));
        check("rustc --out-dir /elsewhere", None);
        check("rustc", None);
    }

    #[test]
    fn either_file_of_cargo_marks_a_target_directory() {
        let target = std::env::temp_dir().join(format!("tg-locate-test-{}", std::process::id()));
        let out_dir = target.join("debug").join("deps");
        let invocation = Invocation { out_dir: Some(out_dir.clone()), ..Invocation::default() };
        for file in TAG_FILES {
            std::fs::create_dir_all(&out_dir).unwrap();
            assert_ne!(invocation.cache_dir(), Some(target.join(CACHE_FOLDER)));
            std::fs::write(target.join(file), "").unwrap();
            assert_eq!(invocation.cache_dir(), Some(target.join(CACHE_FOLDER)), "{file}");
            std::fs::remove_dir_all(&target).unwrap();
        }
    }
}
