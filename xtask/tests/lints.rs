//! What rustc and clippy say of a function under `#[fusee::main]` or `#[fusee::test]`: what they say of the same function written by hand.
//!
//! A corpus, `lints/bodies.rs` and `lints/functions.rs`, is compiled as it stands and rewritten by hand, without the attributes, with every
//! lint on. Diagnostics of the second are told by their places in the first; what is said there of the call of `block_on`, which nobody writes
//! under an attribute, is left out.

#[path = "lints/by_hand.rs"]
mod by_hand;
#[path = "lints/diagnostics.rs"]
mod diagnostics;
mod generated;

use std::collections::BTreeSet;
use std::process::Command;

use by_hand::Rewritten;
use diagnostics::diagnostics_of;
use generated::Package;

const CORPUS: &str = concat!(include_str!("lints/bodies.rs"), "\n", include_str!("lints/functions.rs"));

/// `rstest` hands the functions on to other macros.
const DEPENDENCIES: &str = "\
fusee = { path = '{fusee}', features = ['test-util', 'tokio-sync'] }
rstest = { version = '0.26', default-features = false }";

/// Clippy's groups, which hold all of its lints.
const CLIPPY: [&str; 5] =
    ["clippy::all", "clippy::pedantic", "clippy::restriction", "clippy::nursery", "clippy::cargo"];

/// The lints of the compiler that are off by default.
fn rustc_lints() -> Vec<String> {
    let output = Command::new("rustc").args(["-W", "help"]).output().expect("rustc is there");
    let text = String::from_utf8(output.stdout).expect("the list is text");
    let lint = |line: &str| match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        [name, "allow", ..] => Some((*name).to_owned()),
        _ => None,
    };
    text.lines().filter_map(lint).collect()
}

#[test]
fn lints_say_of_a_body_what_they_say_of_it_by_hand() {
    // Longer than clippy allows.
    let corpus = format!("{CORPUS}\n#[fusee::main]\nasync fn long() {{\n{}}}\n", "    println!();\n".repeat(101));
    let rewritten = Rewritten::of(&corpus);
    let files = [
        ("src/main.rs", "fn main() {}\n"),
        ("tests/attributes.rs", corpus.as_str()),
        ("tests/by_hand.rs", rewritten.text.as_str()),
    ];
    let package = Package::new("lints", DEPENDENCIES, &files);

    let mut arguments: Vec<String> =
        "clippy --no-deps --tests --message-format json -- -A unknown_lints".split(' ').map(str::to_owned).collect();
    let lints = rustc_lints();
    assert!(lints.len() > 40, "few lints: {lints:?}");
    for lint in CLIPPY.into_iter().chain(lints.iter().map(String::as_str)) {
        arguments.extend(["-W".to_owned(), lint.to_owned()]);
    }
    let output = package.cargo(&arguments.iter().map(String::as_str).collect::<Vec<_>>());

    let by_attribute = diagnostics_of(&output, "attributes", &corpus, Some);
    let by_hand = diagnostics_of(&output, "by_hand", &corpus, |offset| rewritten.origin(offset));
    assert!(by_hand.len() > 150, "few diagnostics: {by_hand:#?}");
    for lint in [
        "clippy::implicit_return",
        "clippy::needless_return",
        "clippy::too_many_lines",
        "unused_variables",
        "unreachable_code",
    ] {
        assert!(
            by_hand.iter().any(|diagnostic| diagnostic.starts_with(&format!("lint {lint}\n"))),
            "nothing of {lint}"
        );
    }
    let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| -> String {
        these.difference(those).map(|diagnostic| format!("\n{diagnostic}\n")).collect()
    };
    let (more, less) = (only(&by_attribute, &by_hand), only(&by_hand, &by_attribute));
    assert!(more.is_empty() && less.is_empty(), "only under the attribute:\n{more}\nonly by hand:\n{less}");
}
