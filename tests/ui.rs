//! What the macros accept and what they say to mistakes: one case a file, one mistake a case, folders by theme.
//!
//! Texts are compared with the `.stderr` beside each case; `TRYBUILD=overwrite` writes them anew. Read them then:
//! each must point into the user's expression and say what to do.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    for theme in [
        "control", "dims", "dtype", "gradient", "layers", "lazy", "limits", "names", "rank", "shape", "syntax", "types",
    ] {
        cases.compile_fail(format!("tests/ui/{theme}/*.rs"));
    }
}

#[test]
fn the_language_compiles_and_runs() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}
