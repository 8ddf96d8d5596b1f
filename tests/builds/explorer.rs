//! Pages of the explorer: that builds with `TG_EXPLORE` write them, and that a browser shows what is on them.
//!
//! `TG_CHROMIUM` names the browser. `TG_BLESS=1` takes the picture in `docs` anew.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::browser::Browser;
use crate::{BUILD, CHECK, Crate, SOURCE, newest};

/// A page must be small enough to be kept and sent.
const MOST_BYTES: u64 = 5_000_000;

fn pages(one: &Crate) -> PathBuf {
    one.folder.join("pages")
}

#[test]
fn pages_are_written_where_code_is_generated_and_change_none() {
    let one = Crate::new("pages");
    let plain = one.compile(SOURCE, BUILD);
    let (started, kept) = (one.started(), one.kept());
    let explore = |emit| one.command(emit).arg("lib.rs").env("TG_EXPLORE", pages(&one)).output().expect("rustc");
    assert!(explore(CHECK).status.success());
    assert!(!pages(&one).exists(), "no code is generated, so there is nothing to show");
    let explored = explore(BUILD);
    assert_eq!(String::from_utf8_lossy(&explored.stderr), plain, "kernels are others because they are explored");
    assert_eq!(one.started(), started, "assembly is kept from the build before");
    assert!(one.kept() == kept);
    for (name, kernels) in [("scores", 1..9), ("twice", 1..2)] {
        let page = fs::read_to_string(pages(&one).join(format!("built/{name}.html"))).expect("a page");
        let data = data(&page);
        let shown = data["kernels"].as_array().expect("kernels");
        assert!(data["name"] == name && kernels.contains(&shown.len()), "{name}: {} kernels", shown.len());
        for kernel in shown {
            let text = |field: &str| kernel[field].as_str().expect("a text").to_string();
            assert!(text("source").contains(&text("symbol")));
            assert!(text("assembly").contains("\tret"), "no assembly of {}", text("name"));
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_an_error_that_names_it() {
    let one = Crate::new("no-pages");
    fs::write(one.folder.join("lib.rs"), SOURCE).expect("a source file");
    fs::write(pages(&one), "in the way").expect("a file");
    let output = one.command(BUILD).arg("lib.rs").env("TG_EXPLORE", pages(&one)).output().expect("rustc");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("TG_EXPLORE: ") && text.contains("scores.html"), "{text}");
}

/// The data in a page.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"id="data">"#).expect("data");
    serde_json::from_str(rest.split("</script>").next().expect("its end")).expect("JSON")
}

/// The page of the training step of the example.
fn training_step() -> PathBuf {
    let one = Crate::new("mnist");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mnist.rs");
    let mut rustc = one.command(BUILD);
    let fastrand = newest("fastrand");
    rustc.arg(example).arg("--extern").arg(format!("fastrand={}", fastrand.display())).env("TG_EXPLORE", pages(&one));
    let output = rustc.output().expect("rustc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    pages(&one).join("built/train_step.html")
}

#[test]
fn a_browser_shows_the_training_step() {
    let page = training_step();
    let bytes = page.metadata().expect("a page").len();
    assert!(bytes < MOST_BYTES, "{bytes} bytes");
    let data = data(&fs::read_to_string(&page).expect("a page"));
    let Some(mut browser) = Browser::named() else { return };
    browser.open(&page);
    assert!(browser.evaluate("document.title").as_str().expect("a title").contains("train_step"));

    search_finds_a_kernel(&mut browser, &data);
    a_click_shows_the_rule(&mut browser);
    a_click_shows_a_node(&mut browser);
    long_lists_are_drawn_in_part(&mut browser, &data);
    browser.go("memory");
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.bar').length"),
        data["values"].as_array().expect("values").len()
    );
    every_place_can_be_shown(&mut browser);
    assert_eq!(browser.complaints, [""; 0]);
    if env::var_os("TG_BLESS").is_some() {
        take_pictures(&mut browser, &page);
    }
}

fn search_finds_a_kernel(browser: &mut Browser, data: &Value) {
    let name = |kernel: &Value| kernel["name"].as_str().expect("a name").to_string();
    let softmax = data["kernels"].as_array().expect("kernels").iter().map(name).find(|name| name.contains("exp"));
    let softmax = softmax.expect("a softmax");
    browser.press("/");
    browser.write("exp_sum");
    assert!(browser.text("#found a[data-kind=kernel]").contains(&softmax));
    browser.press("Enter");
    assert!(browser.text("#head h1").contains(&softmax), "{}", browser.text("#head h1"));
    assert!(browser.text("#view .code").contains("for i0 in 0..128"), "the loops are not there");
    browser.press("/");
    browser.press("Escape");
    assert_eq!(browser.evaluate("document.getElementById('found').hidden"), true);
}

fn a_click_shows_the_rule(browser: &mut Browser) {
    browser.go("k1.unroll");
    browser.click("[role=tab]:last-child");
    browser.click("[data-step]:nth-child(4)");
    let rule = browser.text("#detail [data-rule]");
    assert!(rule.contains("::"), "no rule is named: {rule}");
    assert_eq!(rule, browser.text(".stepcard [data-rule]"));
    assert!(browser.text("#detail .rulecard").contains("tg-core/src/symbolic/"));
    assert!(browser.text("#detail h2").contains("4 of"), "{}", browser.text("#detail h2"));
    browser.press("j");
    assert!(browser.text("#detail h2").contains("5 of"), "{}", browser.text("#detail h2"));
}

fn a_click_shows_a_node(browser: &mut Browser) {
    browser.go("f.tensor/graph");
    browser.click(".box.k-Reduction");
    assert!(browser.text("#detail h2").contains("REDUCE_AXIS"), "{}", browser.text("#detail h2"));
    assert!(browser.text("#detail").contains("1 source"));
    browser.click("#detail .noderef");
    assert!(!browser.text("#detail h2").contains("REDUCE_AXIS"), "a source is no link");
}

fn long_lists_are_drawn_in_part(browser: &mut Browser, data: &Value) {
    let kernels = data["kernels"].as_array().expect("kernels");
    let length = |kernel: &Value| {
        kernel["stages"].as_array().and_then(|all| all.last()?["nodes"].as_array()).map_or(0, Vec::len)
    };
    let (at, longest) = kernels.iter().map(length).enumerate().max_by_key(|(_, length)| *length).expect("a kernel");
    assert!(longest > 1000, "the longest list has {longest} instructions");
    browser.go(&format!("k{}.linearize", at + 1));
    let rows = browser.evaluate("document.querySelectorAll('.row').length").as_u64().expect("a number");
    assert!((10..200).contains(&rows), "{rows} rows of {longest} are in the page");
    let before = browser.text(".row:last-child");
    browser.evaluate("document.querySelector('.rows').scrollTop = 5000; new Promise((done) => setTimeout(() => requestAnimationFrame(done)))");
    assert_ne!(browser.text(".row:last-child"), before, "scrolling shows the same rows");
}

fn every_place_can_be_shown(browser: &mut Browser) {
    let places =
        browser.evaluate("[...document.querySelectorAll('#places a')].map((a) => a.getAttribute('href').slice(1))");
    let places = places.as_array().expect("places").clone();
    assert!(places.len() > 100, "{} places", places.len());
    for place in places.iter().map(|place| place.as_str().expect("an address")) {
        browser.go(place);
        let tabs = browser.evaluate("document.querySelectorAll('[role=tab]').length").as_u64().expect("a number");
        assert!(!browser.text("#view").is_empty(), "{place} shows nothing");
        for tab in 1..=tabs {
            browser.evaluate(&format!("document.querySelector('[role=tab]:nth-child({tab})').click()"));
            assert!(!browser.text("#view").is_empty(), "{place} shows nothing in tab {tab}");
        }
    }
}

/// The pictures in the documentation.
fn take_pictures(browser: &mut Browser, page: &Path) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/explorer");
    fs::create_dir_all(&docs).expect("a folder");
    for (name, address) in [("graph", "f.schedule/graph"), ("rewrites", "k1.unroll/rewrites"), ("kernel", "k3")] {
        browser.open(page);
        browser.go(address);
        match name {
            "graph" => browser.click(".box.k-Reduction"),
            "rewrites" => browser.click("[data-step]:nth-child(14)"),
            _ => {}
        }
        fs::write(docs.join(format!("{name}.png")), browser.picture()).expect("a picture");
    }
}
