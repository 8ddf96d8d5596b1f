//! The rendered kernels of a function: what of a program depends on the instruction sets, and takes most of the time.
//!
//! Prints and parses, so that it can be kept. The text is a list of fields, each with its length before it.

use super::{Launch, Origin, Pack, Variant};
use crate::ir::Fragment;
use crate::ir::text::{parse_dim, print_dim};
use crate::target::Isa;

/// What stands where a matrix would.
const NO_MATRIX: &str = "-";

/// The kernels of a function as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// For each kernel its variants, in the order of the instruction sets.
    pub variants: Vec<Vec<Variant>>,
    /// As [`super::Program::prelude`].
    pub prelude: Vec<String>,
}

impl Rendered {
    /// All of it as text.
    pub fn print(&self) -> String {
        let variants = self.variants.iter().flatten().flat_map(variant_fields);
        let fields = self.prelude.iter().cloned().chain(variants);
        fields.map(|field| as_field(&field)).collect()
    }

    /// What was printed for these instruction sets; `None` for any other text.
    pub fn parse(text: &str, isas: &[Isa]) -> Option<Rendered> {
        let mut rest = text;
        let mut prelude = vec![];
        for _ in isas {
            prelude.push(field(&mut rest)?.to_owned());
        }
        let mut variants = vec![];
        while !rest.is_empty() {
            variants.push(isas.iter().map(|isa| variant(&mut rest, *isa)).collect::<Option<_>>()?);
        }
        Some(Rendered { variants, prelude })
    }
}

fn variant_fields(variant: &Variant) -> Vec<String> {
    let (extent, tile) = (print_dim(&variant.extent), variant.tile.to_string());
    let (scratch, repeated) = (variant.scratch.to_string(), variant.repeated.to_string());
    let actions = variant.actions.to_string();
    let (launch, origin) = (launch_text(variant.launch.as_ref()), origin_text(&variant.origin));
    let packs = variant.packs.iter().map(pack_text).collect();
    vec![variant.source.clone(), extent, tile, scratch, repeated, packs, launch, actions, origin]
}

fn variant(rest: &mut &str, isa: Isa) -> Option<Variant> {
    let source = field(rest)?.to_owned();
    let (extent, tile) = (parse_dim(field(rest)?).ok()?, field(rest)?.parse().ok()?);
    Some(Variant {
        isa,
        source,
        extent,
        tile,
        scratch: field(rest)?.parse().ok()?,
        repeated: field(rest)?.parse().ok()?,
        packs: field(rest)?.lines().map(pack).collect::<Option<_>>()?,
        launch: launch(field(rest)?)?,
        actions: field(rest)?.parse().ok()?,
        origin: origin(field(rest)?)?,
    })
}

fn pack_text(Pack { name, of, bytes, key }: &Pack) -> String {
    format!("{name} {of} {bytes} {key}\n")
}

fn pack(line: &str) -> Option<Pack> {
    let words: Vec<&str> = line.split(' ').collect();
    let &[name, of, bytes, key] = &words[..] else { return None };
    Some(Pack { name: name.into(), of: of.parse().ok()?, bytes: bytes.parse().ok()?, key: key.parse().ok()? })
}

/// `threads matrix extent/size …`, with `-` for no matrix; nothing for processors.
fn launch_text(launch: Option<&Launch>) -> String {
    let Some(Launch { blocks, threads, matrix }) = launch else { return String::new() };
    let blocks = blocks.iter().map(|(extent, size)| format!(" {}/{size}", print_dim(extent)));
    format!("{threads} {}", matrix.map_or(NO_MATRIX, Fragment::name)) + &blocks.collect::<String>()
}

fn launch(text: &str) -> Option<Option<Launch>> {
    let mut words = text.split_terminator(' ');
    let Some(threads) = words.next() else { return Some(None) };
    let block = |word: &str| {
        let (extent, size) = word.rsplit_once('/')?;
        Some((parse_dim(extent).ok()?, size.parse().ok()?))
    };
    let (threads, matrix) = (threads.parse().ok()?, matrix(words.next()?)?);
    Some(Some(Launch { threads, matrix, blocks: words.map(block).collect::<Option<_>>()? }))
}

fn matrix(text: &str) -> Option<Option<Fragment>> {
    match text {
        NO_MATRIX => Some(None),
        name => Fragment::ALL.iter().find(|fragment| fragment.name() == name).map(|fragment| Some(*fragment)),
    }
}

fn origin_text(origin: &Origin) -> String {
    match origin {
        Origin::Heuristic => "heuristic".into(),
        Origin::Tuned => "tuned".into(),
        Origin::Inapplicable(why) => format!("inapplicable {why}"),
    }
}

fn origin(text: &str) -> Option<Origin> {
    match text {
        "heuristic" => Some(Origin::Heuristic),
        "tuned" => Some(Origin::Tuned),
        _ => text.strip_prefix("inapplicable ").map(|why| Origin::Inapplicable(why.into())),
    }
}

/// `text` as a field.
pub(super) fn as_field(text: &str) -> String {
    format!("{}\n{text}\n", text.len())
}

/// The first field of `rest`, which then begins with the next.
pub(super) fn field<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let (length, after) = rest.split_once('\n')?;
    let (field, after) = after.split_at_checked(length.parse().ok()?)?;
    *rest = after.strip_prefix('\n')?;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dim::{Dim, Var};

    fn rendered(isas: &[Isa]) -> Rendered {
        let size = Dim::from(Var::new("N", 1, 100));
        let variant = |(tile, isa): (i64, &Isa)| Variant {
            isa: *isa,
            source: "void f() {\n  3\n}\n".into(),
            extent: &(&size * &size) + &Dim::from(7),
            tile,
            scratch: 64,
            repeated: 5,
            packs: (1..tile as u32).map(|of| Pack { name: "g".into(), of, bytes: 192, key: 1 << 63 }).collect(),
            launch: (tile < 3).then(|| Launch {
                blocks: vec![(&size + &Dim::from(3), 4), (size.clone(), 1)],
                threads: 256,
                matrix: (tile == 1).then_some(Fragment::BF16),
            }),
            actions: "unroll(1,4) parallel(0)".parse().unwrap(),
            origin: if tile == 1 { Origin::Tuned } else { Origin::Inapplicable("no such loop".into()) },
        };
        let kernel = || (1..).zip(isas).map(variant).collect();
        Rendered { variants: vec![kernel(), kernel()], prelude: vec!["ä\n".into(); isas.len()] }
    }

    #[test]
    fn kernels_print_and_parse_and_nothing_else_does() {
        let isas = [Isa::Sm90a, Isa::Sm80, Isa::X86V3];
        let text = rendered(&isas).print();
        assert_eq!(Rendered::parse(&text, &isas), Some(rendered(&isas)));
        assert_eq!(Rendered::parse(&text, &isas[..1]), None);
        let cuts = (1..text.len()).filter_map(|at| text.get(..at));
        let parsed: Vec<_> = cuts.filter_map(|cut| Rendered::parse(cut, &isas)).collect();
        assert!(parsed.iter().all(|part| part.variants.len() < 2), "a text that is cut off is not whole");
    }
}
