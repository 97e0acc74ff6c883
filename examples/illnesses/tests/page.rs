//! What `docs/when-it-hangs.md` shows of each illness is what the tools tell of it, whatever the figures are today.

use std::collections::HashSet;

use regex::Regex;

/// A line without its figures, and with no more than the names of files.
fn shape(line: &str) -> String {
    let steps = [
        (r"[^\s(]*/(\w+\.rs)", "$1"),
        (r"0x[0-9a-f]+", "#"),
        // What follows a colon is the number of a line, and stays.
        (r"(^|[^:.\d\w])\d[\d.,]*(\s?(?:ns|us|µs|ms|s|%))?(\s|$|[,:;)])", "$1#$3"),
        (r"(^|[^:.\d\w])\d[\d.,]*(\s?(?:ns|us|µs|ms|s|%))?(\s|$|[,:;)])", "$1#$3"),
        (r"[~+>]", ""),
    ];
    let shape = steps.into_iter().fold(line.to_owned(), |text, (pattern, by)| {
        Regex::new(pattern).expect("a pattern of this test's").replace_all(&text, by).into_owned()
    });
    shape.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the page shows of `name`.
fn shown<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let command = format!("`cargo run --release -p illnesses -- {name}`");
    let (_, rest) = page.split_once(&command).unwrap_or_else(|| panic!("the page has no {name}"));
    let (_, block) = rest.split_once("```text\n").expect("a block follows the command");
    let (block, _) = block.split_once("```").expect("the block ends");
    block.lines().filter(|line| !line.trim().is_empty()).collect()
}

const PAGE: &str = include_str!("../../../docs/when-it-hangs.md");

#[test]
fn the_page_has_the_program_in_which_everything_is_turned_on() {
    let block = format!("```rs\n{}```\n", include_str!("../src/bin/all-on.rs"));
    assert!(PAGE.contains(&block), "examples/illnesses/src/bin/all-on.rs is another by now");
}

#[test]
fn the_page_shows_what_the_tools_tell() {
    for (name, diagnose) in illnesses::ALL {
        let told = diagnose().unwrap();
        let shapes: HashSet<_> = told.lines().map(shape).collect();
        for line in shown(PAGE, name) {
            assert!(shapes.contains(&shape(line)), "{name}: no line like\n{}\nin\n{told}\n{shapes:#?}", shape(line));
        }
    }
}

#[test]
fn a_shape_keeps_places_and_loses_figures() {
    let of_table = shape("  ~ examples/x/src/herd.rs:46     50  51316  2.33 ms  51.8 %  16.9 us");
    assert_eq!(of_table, "herd.rs:46 # # # # #");
    let of_dump = shape("0x1f waiting, last polled 10ms ago, 1 waker: timer in 1.990s");
    assert_eq!(of_dump, "# waiting, last polled # ago, # waker: timer in #");
}
