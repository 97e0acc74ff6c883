//! Memory orderings: each one that is written down says why it is enough.
//!
//! A *statement* that names an ordering carries a label (`ord("label", …)`), or stands under a comment that does
//! (`ORDERING(label)`), or, when relaxed, under one that says "counter only". What a mutant does instead needs no
//! argument. Tests are exempt: their atomics are mere tallies.

use std::ops::Range;

use super::paths::{NamedPath, named_paths};
use super::source::words;
use super::{Source, Tree, Violation};

const ORDERINGS: &[&str] = &["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// The files that hand orderings on.
const FACADE: &str = "src/facade.rs";

/// How many lines of code may lie between a comment and the statement that it speaks of.
const REACH: usize = 3;

const RULE: &str = "orderings";

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.sources("src/").filter(|source| source.path() != FACADE).flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<Violation> {
    let mutants = mutant_blocks(source);
    let mut violations = Vec::new();
    for (offset, ordering) in named_orderings(source) {
        let statement = statement_around(source.code(), offset);
        let excused = source.is_test(offset)
            || mutants.iter().any(|block| block.contains(&offset))
            || words(&source.code()[statement.clone()], "ord").next().is_some()
            || is_argued(source, &statement, offset, ordering);
        if !excused {
            let way_out = if ordering == "Relaxed" { " or a comment \"counter only\"" } else { "" };
            let message = format!("`{ordering}` wants an `ORDERING(label)` comment{way_out}");
            violations.push(Violation {
                path: source.path().to_owned(),
                line: source.line_of(offset),
                rule: RULE,
                message,
            });
        }
    }
    violations
}

/// `Ordering::Relaxed`, and a plain `Relaxed` where it is imported.
fn named_orderings(source: &Source) -> Vec<(usize, &'static str)> {
    let (imports, mentions): (Vec<_>, Vec<_>) = named_paths(source)
        .into_iter()
        .filter_map(|path| ordering_of(&path).map(|name| (path.imported, path.offset, name)))
        .partition(|(imported, ..)| *imported);
    let mut found: Vec<(usize, &str)> = mentions.iter().map(|(_, offset, name)| (*offset, *name)).collect();
    for (_, _, name) in &imports {
        let is_import = |offset: usize| imports.iter().any(|(_, import, _)| *import == offset);
        let plain = words(source.code(), name)
            .filter(|offset| !is_import(*offset) && !source.code()[..*offset].trim_end().ends_with("::"));
        found.extend(plain.map(|offset| (offset, *name)));
    }
    found
}

/// The ordering that a path ends in.
fn ordering_of(path: &NamedPath) -> Option<&'static str> {
    let [.., owner, name] = path.segments.as_slice() else { return None };
    ORDERINGS.iter().copied().find(|ordering| owner == "Ordering" && name == ordering)
}

/// The bounds of the statement, arm or argument list around an offset: from one `;` or brace to the next.
fn statement_around(code: &str, offset: usize) -> Range<usize> {
    let ends = [';', '{', '}'];
    let start = code[..offset].rfind(ends).map_or(0, |at| at + 1);
    let end = code[offset..].find(ends).map_or(code.len(), |at| offset + at);
    let indent = code[start..end].len() - code[start..end].trim_start().len();
    start + indent..end
}

fn is_argued(source: &Source, statement: &Range<usize>, offset: usize, ordering: &str) -> bool {
    let argues = |comment: &str| {
        comment.contains("ORDERING(") || (ordering == "Relaxed" && comment.to_lowercase().contains("counter only"))
    };
    let (first, last) = (source.line_of(statement.start), source.line_of(statement.end.min(source.text().len())));
    if (first..=last.max(source.line_of(offset))).any(|line| argues(source.comment_line(line))) {
        return true;
    }
    let mut code_lines = 0;
    for line in (1..first).rev() {
        if argues(source.comment_line(line)) {
            return true;
        }
        code_lines += usize::from(!source.code_line(line).is_empty());
        if code_lines > REACH || words(source.code_line(line), "fn").next().is_some() {
            return false;
        }
    }
    false
}

/// `mutant("…") … { … }` behind an `if`: what it guards in the condition and the block, where the protocol is broken on purpose.
fn mutant_blocks(source: &Source) -> Vec<Range<usize>> {
    let code = source.code();
    let mut blocks = Vec::new();
    for (offset, _) in source.calls_with_literal("mutant") {
        let condition = statement_around(code, offset);
        let is_chosen = words(&code[condition.start..offset], "if").next().is_some();
        let is_negated = code[..offset].ends_with('!');
        if is_chosen && !is_negated && code[condition.end..].starts_with('{') {
            blocks.push(offset..source.close_of(condition.end));
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("src/sample.rs", text)])).iter().map(|v| v.line).collect()
    }

    #[test]
    fn a_bare_ordering_is_reported_where_it_stands() {
        assert_eq!(lines("fn f() {\n    x.load(Ordering::Relaxed);\n    y.load(Ordering::Acquire);\n}\n"), [2, 3]);
    }

    #[test]
    fn an_imported_ordering_is_reported_too() {
        assert_eq!(lines("use a::Ordering::{Acquire, Relaxed};\nfn f() {\n    x.load(Relaxed);\n}\n"), [3]);
        assert_eq!(lines("fn f() {\n    Transition::Release;\n    Release;\n}\n"), [0; 0]);
    }

    #[test]
    fn counters_say_so() {
        assert_eq!(lines("fn f() {\n    // Counter only.\n    x.fetch_add(1, Ordering::Relaxed);\n}\n"), [0; 0]);
        assert_eq!(lines("fn f() {\n    x.load(Ordering::Relaxed); // counter only\n}\n"), [0; 0]);
        assert_eq!(lines("fn f() {\n    // Counter only.\n    x.load(Ordering::Acquire);\n}\n"), [3]);
    }

    #[test]
    fn a_labelled_statement_may_name_a_second_ordering() {
        let text = "fn f() {\n    x.compare_exchange(A, B, ord(\"l\", Ordering::AcqRel), Ordering::Relaxed);\n}\n";
        assert_eq!(lines(text), [0; 0]);
    }

    #[test]
    fn a_label_above_reaches_a_few_lines_and_never_past_a_function() {
        let near = "fn f() {\n    // ORDERING(l): relaxed,\n    // because.\n    let a =\n        x.load(Ordering::Relaxed);\n}\n";
        assert_eq!(lines(near), [0; 0]);
        let far = "// ORDERING(l): relaxed.\nfn f() {\n    x.load(Ordering::Relaxed);\n}\n";
        assert_eq!(lines(far), [3]);
        let long = "fn f() {\n    // ORDERING(l): no.\n    a();\n    b();\n    c();\n    d();\n    x.load(Ordering::Relaxed);\n}\n";
        assert_eq!(lines(long), [7]);
    }

    #[test]
    fn what_a_mutant_does_needs_no_argument() {
        let text = "fn f() {\n    if mutant(\"m\") {\n        x.store(1, Ordering::Relaxed);\n    }\n}\n";
        assert_eq!(lines(text), [0; 0]);
        let conditional = text
            .replace("if mutant", "if full && mutant")
            .replace(") {\n     ", ") && x.load(Ordering::Acquire) {\n     ");
        assert_eq!(lines(&conditional), [0; 0]);
        let kept = text.replace("mutant", "!mutant");
        assert_eq!(lines(&kept), [3]);
    }

    #[test]
    fn tests_are_exempt() {
        assert_eq!(lines("#[cfg(test)]\nmod tests {\n    fn f() { x.load(Ordering::Relaxed); }\n}\n"), [0; 0]);
    }
}
