//! The golden tables themselves: they are well formed, cover every theme and agree with the generated source.
//!
//! Not a test of tg's results; the crates that evaluate the cases are.

#[path = "golden/mod.rs"]
mod golden;

use golden::THEMES;

const ISSUE_MINIMUM: usize = 150;
/// Elements of an array, at most.
const LARGEST: usize = 60;
/// The same where a convolution is to be worth fewer multiplications.
const WORTH_WINOGRAD: usize = 180;

#[test]
fn every_table_is_well_formed_and_large_enough() {
    let counts: Vec<usize> = THEMES.iter().map(|(theme, _)| golden::cases(theme).unwrap().len()).collect();
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
    assert!(counts.iter().sum::<usize>() >= ISSUE_MINIMUM, "{counts:?}");
}

#[test]
fn arrays_are_small_and_finite_outside_the_edge_theme() {
    for (theme, text) in THEMES {
        let special = text.lines().any(|line| line.split(' ').any(|word| word.trim_start_matches('-') == "inf"));
        assert!(*theme == "edge" || !special, "{theme} has an infinity");
        for case in golden::cases(theme).unwrap() {
            let largest = case.inputs.iter().map(|(_, value)| value.data.len()).chain([case.out.data.len()]).max();
            let most = if case.name.starts_with("winograd") { WORTH_WINOGRAD } else { LARGEST };
            assert!(largest <= Some(most), "{theme} {}: {largest:?} elements", case.name);
        }
    }
}

/// The source written with the tables has the functions and the test of each case, with the case's own code.
#[test]
fn generated_source_matches_the_tables() {
    for (theme, _) in THEMES {
        let path = format!("{}/tests/golden/aot/{theme}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(&path).unwrap();
        for case in golden::cases(theme).unwrap() {
            let (_, body) = source.split_once(&format!("pub fn {}(", case.name)).expect(&case.name);
            assert!(body.split("pub fn ").next().unwrap().contains(&case.code), "{theme} {}", case.name);
            let gradient = source.contains(&format!("pub fn {}_grad(", case.name));
            assert_eq!(gradient, case.cotangent.is_some(), "{theme} {}", case.name);
            assert!(source.contains(&format!("case!({}(", case.name)), "{theme} {}", case.name);
        }
    }
}
