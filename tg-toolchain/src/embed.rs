//! Makes a compiler's assembly fit for `core::arch::global_asm!`.
//!
//! All blocks of a crate end up in one assembly text, and one kernel may stand in it several times. So every name that
//! a block defines is spelled with [`PLACEHOLDER`], once, before the text is cached; embedding only replaces the
//! placeholder by a prefix that is unique in the final binary. What LLVM's assembler does not know, or what would
//! describe the whole file rather than the block, is left out. This is not an assembler: instructions pass unread.

use std::collections::HashSet;

use crate::error::Error;

/// The beginning of every kernel's symbol in C, replaced by the caller's own prefix when the assembly is embedded.
pub const PLACEHOLDER: &str = "tgk_";

/// Assembly in which every symbol it defines starts with [`PLACEHOLDER`] (after `.L`, for local labels).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembly {
    /// The normalized text: independent of where it is embedded, so equal text means equal code.
    pub text: String,
}

impl Assembly {
    /// The text for `global_asm!(…, options(raw, att_syntax))` on x86-64 and `options(raw)` elsewhere, with symbol
    /// `tgk_f` spelled `<prefix>f`. It starts and ends in `.text`.
    ///
    /// No prefix of one binary may be the beginning of another.
    ///
    /// # Errors
    /// [`Error::Prefix`] if `prefix` is not an identifier.
    pub fn embed(&self, prefix: &str) -> Result<String, Error> {
        let letters = prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !letters || prefix.bytes().next().is_none_or(|b| b.is_ascii_digit()) {
            return Err(Error::Prefix { prefix: prefix.into() });
        }
        Ok(format!("\t.text\n{}\t.text\n", self.text.replace(PLACEHOLDER, prefix)))
    }
}

/// Rewrites a compiler's output as described at [`Assembly`].
pub(crate) fn normalize(text: &str) -> String {
    let locals = local_symbols(text);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut in_note = false;
    for line in text.lines() {
        let line = line.trim_end();
        in_note = match section_switch(line) {
            Some(name) => name.starts_with(".note") || name.starts_with(".comment"),
            None => in_note,
        };
        if !in_note && is_wanted(line) {
            rename(line, &locals, &mut out);
            out.push('\n');
        }
    }
    out
}

/// The section a directive switches to.
fn section_switch(line: &str) -> Option<&str> {
    match split_word(line) {
        (directive @ (".text" | ".data" | ".bss"), _) => Some(directive),
        (".section" | ".pushsection", rest) => Some(rest.split(',').next()?.trim().trim_matches('"')),
        (".popsection" | ".previous", _) => Some(""),
        _ => None,
    }
}

/// Whether a line belongs into an embedded block.
fn is_wanted(line: &str) -> bool {
    let word = split_word(line).0;
    // `.arch` and `.cpu` would hold for every block that follows; comments are marked differently by each target.
    let unwanted = [".file", ".ident", ".addrsig", ".addrsig_sym", ".arch", ".cpu", ".att_syntax"];
    !word.is_empty() && !word.starts_with('#') && !word.starts_with("//") && !unwanted.contains(&word)
}

/// The first word of a line and what follows it.
fn split_word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    line.split_once(|c: char| c.is_ascii_whitespace()).map_or((line, ""), |(word, rest)| (word, rest.trim_start()))
}

/// Names that the text defines for itself only (static functions and tables), local labels excepted.
fn local_symbols(text: &str) -> HashSet<&str> {
    let (mut defined, mut exported) = (HashSet::new(), HashSet::new());
    for line in text.lines() {
        let (word, rest) = split_word(line);
        let operand = || rest.split(',').next().unwrap_or("").trim();
        match word {
            ".globl" | ".global" | ".weak" => exported.insert(operand()),
            ".set" | ".local" | ".lcomm" => defined.insert(operand()),
            _ => word.strip_suffix(':').is_some_and(|label| defined.insert(label)),
        };
    }
    defined.retain(|name| !exported.contains(name) && !name.starts_with(".L") && !name.starts_with(PLACEHOLDER));
    defined
}

/// Appends `line` to `out` with every name of its own spelled with the placeholder.
fn rename(line: &str, locals: &HashSet<&str>, out: &mut String) {
    let mut rest = line;
    let mut is_first = true;
    while !rest.is_empty() {
        let skipped = skip_to_name(rest);
        out.push_str(&rest[..skipped]);
        // `%` marks registers and, with `@`, the types of symbols: those names are the assembler's.
        let is_marked = rest[..skipped].ends_with(['%', '@']);
        rest = &rest[skipped..];
        let length = rest.bytes().position(|b| !is_name_byte(b)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        let is_instruction = is_first && !after.starts_with(':');
        match is_marked || is_instruction {
            true => out.push_str(name),
            false => push_name(name, locals, out),
        }
        is_first &= name.is_empty();
        rest = after;
    }
}

fn push_name(name: &str, locals: &HashSet<&str>, out: &mut String) {
    if let Some(label) = name.strip_prefix(".L") {
        out.extend([".L", PLACEHOLDER, label]);
    } else if locals.contains(name) {
        // No C identifier has a dot, so this cannot be the name of a kernel.
        out.extend([PLACEHOLDER, ".", name]);
    } else if let Some((section, symbol)) = own_section(name, locals) {
        out.extend([section, ".", PLACEHOLDER, ".", symbol]);
    } else {
        out.push_str(name);
    }
}

/// Splits `.rodata.table` into `.rodata` and the local symbol `table`, whose own section it is.
fn own_section<'a>(name: &'a str, locals: &HashSet<&str>) -> Option<(&'a str, &'a str)> {
    let dots = name.starts_with('.').then(|| name.match_indices('.').skip(1));
    dots?.map(|(dot, _)| (&name[..dot], &name[dot + 1..])).find(|(_, symbol)| locals.contains(symbol))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

/// Bytes before the next name outside quotes.
fn skip_to_name(text: &str) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if !quoted && is_name_byte(byte) => return i,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        assert_eq!(normalize(input), expected);
    }

    #[test]
    fn labels_and_statics_are_renamed_and_kernels_kept() {
        check(
            "\t.globl\ttgk_f\n\t.hidden\ttgk_f\n\t.type\ttgk_f, @function\ntgk_f:\n\tleaq\ttable.0(%rip), %rcx\n\
             \tmovslq\t(%rcx,%rax,4), %rax\n\tvaddps\t.LC1(%rip), %ymm0, %ymm0\n\tjmp\t.L3\n.L3:\n\tcall\thelper\n\
             \tcall\tmemcpy@PLT\n\t.size\ttgk_f, .-tgk_f\nhelper:\n\tret\ntable.0:\n\t.long\t.L3-.L9\n\t.set\t.LC4,.LC1+24\n",
            "\t.globl\ttgk_f\n\t.hidden\ttgk_f\n\t.type\ttgk_f, @function\ntgk_f:\n\tleaq\ttgk_.table.0(%rip), %rcx\n\
             \tmovslq\t(%rcx,%rax,4), %rax\n\tvaddps\t.Ltgk_C1(%rip), %ymm0, %ymm0\n\tjmp\t.Ltgk_3\n.Ltgk_3:\n\tcall\ttgk_.helper\n\
             \tcall\tmemcpy@PLT\n\t.size\ttgk_f, .-tgk_f\ntgk_.helper:\n\tret\ntgk_.table.0:\n\t.long\t.Ltgk_3-.Ltgk_9\n\t.set\t.Ltgk_C4,.Ltgk_C1+24\n",
        );
    }

    #[test]
    fn statics_named_like_registers_types_or_instructions_change_nothing_else() {
        check(
            "rax:\n\tmovl\trax(%rip), %rax\nfunction:\n\t.type\tfunction, @function\nret:\n\tret\n\tcall ret\n",
            "tgk_.rax:\n\tmovl\ttgk_.rax(%rip), %rax\ntgk_.function:\n\t.type\ttgk_.function, @function\ntgk_.ret:\n\tret\n\tcall tgk_.ret\n",
        );
    }

    #[test]
    fn exported_and_unknown_names_stay() {
        check("\t.globl other\nother:\n\tcall\texpf@PLT\n", "\t.globl other\nother:\n\tcall\texpf@PLT\n");
        check("\t.local tmp\n\t.comm tmp,64,32\n", "\t.local tgk_.tmp\n\t.comm tgk_.tmp,64,32\n");
        check("tgk_f.cold:\n\tud2\n", "tgk_f.cold:\n\tud2\n");
    }

    #[test]
    fn what_describes_the_whole_file_is_left_out() {
        check("\t.file\t\"<stdin>\"\n\t.text\n\t.ident\t\"GCC\"\n#APP\n\n// note\n\tnop\n", "\t.text\n\tnop\n");
        check("\t.section\t.note.GNU-stack,\"\",@progbits\n", "");
        check("\t.section\t\".note.GNU-stack\",\"\",@progbits\n\t.addrsig\n\t.addrsig_sym tgk_f\n", "");
        check("\t.section\t.note.gnu.property,\"a\"\n\t.align 3\n\t.word 4\n\t.text\n\tnop\n", "\t.text\n\tnop\n");
        check("\t.arch armv8-a\n\t.cpu generic\n\tadd\tx0, x0, :lo12:.LC0\n", "\tadd\tx0, x0, :lo12:.Ltgk_C0\n");
    }

    #[test]
    fn a_section_of_its_own_follows_its_symbol() {
        check(
            "\t.section\t.rodata.a.0,\"a\"\na.0:\n\t.section\t.rodata.cst32,\"aM\",@progbits,32\n",
            "\t.section\t.rodata.tgk_.a.0,\"a\"\ntgk_.a.0:\n\t.section\t.rodata.cst32,\"aM\",@progbits,32\n",
        );
    }

    #[test]
    fn quoted_text_is_not_code() {
        check(
            "x:\n\t.string\t\"x .L1 \\\" x\"\n\t.quad\tx\n",
            "tgk_.x:\n\t.string\t\"x .L1 \\\" x\"\n\t.quad\ttgk_.x\n",
        );
    }

    #[test]
    fn embedding_replaces_the_placeholder_and_ends_in_text() {
        let assembly = Assembly { text: normalize("\t.hidden tgk_f\ntgk_f:\n\tjmp .L1\ns:\n") };
        let text = assembly.embed("k7_").unwrap();
        assert_eq!(text, "\t.text\n\t.hidden k7_f\nk7_f:\n\tjmp .Lk7_1\nk7_.s:\n\t.text\n");
        for prefix in ["", "7k", "a-b", "a b", "é", "a\n"] {
            assert_eq!(assembly.embed(prefix), Err(Error::Prefix { prefix: prefix.into() }));
        }
    }
}
