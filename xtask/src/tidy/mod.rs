//! `cargo xtask tidy`: the house rules that a machine can check.
//!
//! Each rule is a module with one function from a [`Tree`] to its [`Violation`]s, and a unit test that shows it fail on
//! a bad sample. Rules read text and a light lexing of it ([`Source`]), never a full parse: they are meant to catch the
//! slip of a careful author. What the compiler or clippy checks is deliberately not here.

mod facade;
mod labels;
mod layers;
mod leftovers;
mod links;
mod orderings;
mod paths;
mod safety;
mod sizes;
mod source;
mod tree;

use std::fmt;
use std::path::Path;

pub(crate) use labels::{LabelUse, label_uses};
pub(crate) use source::Source;
pub(crate) use tree::Tree;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    rule: &'static str,
    message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}", self.path, self.line, self.rule, self.message)
    }
}

type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: &[Rule] = &[
    labels::check,
    orderings::check,
    facade::check,
    layers::check,
    sizes::check,
    leftovers::check_words,
    leftovers::check_real_time,
    safety::check,
    links::check_links,
    links::check_named_paths,
];

/// Checks every rule; fails if one is broken.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let tree = Tree::read(root)?;
    let violations = check(&tree);
    for violation in &violations {
        println!("{violation}");
    }
    if violations.is_empty() {
        println!("tidy: {} files, nothing to report", tree.len());
        return Ok(());
    }
    let files = violations.chunk_by(|a, b| a.path == b.path).count();
    Err(format!("house rules are broken: {}, {}", counted(violations.len(), "place"), counted(files, "file")))
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations: Vec<Violation> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    violations.sort();
    violations.dedup();
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!((counted(1, "file"), counted(2, "place")), ("1 file".to_owned(), "2 places".to_owned()));
    }

    #[test]
    fn a_violation_reads_as_file_line_rule_message() {
        let tree = Tree::of(&[("src/lib.rs", "//! Docs.\n\nfn f() {\n    dbg!(1);\n}\n")]);
        let lines: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["src/lib.rs:4: [leftovers] `dbg!` does not land"]);
    }
}
