//! What does not land: notes to self, debugging, ignored tests, and tests that wait on the real clock and hope.

use super::paths::named_paths;
use super::source::words;
use super::{Source, Tree, Violation};

/// Words of code.
const CODE: &[&str] = &["todo!", "unimplemented!", "dbg!", "#[ignore"];

/// Words of comments, and of Markdown.
const COMMENTS: &[&str] = &["TODO", "FIXME", "XXX", "HACK", "PLACEHOLDER"];

/// Where a test might sleep.
const TESTED: &[&str] = &["src/", "tests/", "loom-tests/", "shuttle-tests/"];

/// The comment, on the line or right above it, that allows a real sleep; a reason follows.
const EXCUSE: &str = "tidy: real time, because ";

pub(super) fn check_words(tree: &Tree) -> Vec<Violation> {
    let in_pages = tree.markdown().flat_map(|(path, text)| leftovers_of_page(path, text));
    tree.sources("").flat_map(leftover_words).chain(in_pages).collect()
}

fn leftover(path: &str, line: usize, word: &str) -> Violation {
    Violation { path: path.to_owned(), line, rule: "leftovers", message: format!("`{word}` does not land") }
}

fn leftovers_of_page(path: &str, text: &str) -> Vec<Violation> {
    let found = |line: &str| COMMENTS.iter().filter(|word| words(line, word).next().is_some()).collect::<Vec<_>>();
    let lines = text.lines().enumerate();
    lines.flat_map(|(at, line)| found(line).into_iter().map(move |word| leftover(path, at + 1, word))).collect()
}

fn leftover_words(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut report = |line, word: &str| violations.push(leftover(source.path(), line, word));
    for line in 1..=source.line_count() {
        let code = source.code_line(line);
        for word in CODE.iter().filter(|word| stands_alone(code, word)) {
            report(line, word);
        }
        let comment = source.comment_line(line);
        for word in COMMENTS.iter().filter(|word| words(comment, word).next().is_some()) {
            report(line, word);
        }
    }
    violations
}

/// Whether `word`, which may end in a mark, stands in the code and is no part of a longer name.
fn stands_alone(code: &str, word: &str) -> bool {
    code.match_indices(word)
        .any(|(at, _)| !code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

pub(super) fn check_real_time(tree: &Tree) -> Vec<Violation> {
    let tested = |source: &&Source| TESTED.iter().any(|folder| source.path().starts_with(folder));
    tree.sources("").filter(tested).flat_map(real_sleeps).collect()
}

fn real_sleeps(source: &Source) -> Vec<Violation> {
    let is_sleep = |path: &[String]| matches!(path, [.., module, name] if module == "thread" && name == "sleep");
    let is_excused = |line| {
        let mut comments = source.comments_above(line).into_iter();
        comments.any(|comment| comment.split_once(EXCUSE).is_some_and(|(_, reason)| !reason.trim().is_empty()))
    };
    named_paths(source)
        .iter()
        .filter(|path| is_sleep(&path.segments))
        .map(|path| source.line_of(path.offset))
        .filter(|line| !is_excused(*line))
        .map(|line| Violation {
            path: source.path().to_owned(),
            line,
            rule: "real time",
            message: format!("a test waits for an event or on the virtual clock; or say `// {EXCUSE}…`"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word_lines(text: &str) -> Vec<usize> {
        check_words(&Tree::of(&[("tests/a.rs", text)])).iter().map(|v| v.line).collect()
    }

    fn sleep_lines(path: &str, text: &str) -> Vec<usize> {
        check_real_time(&Tree::of(&[(path, text)])).iter().map(|v| v.line).collect()
    }

    #[test]
    fn each_leftover_is_reported() {
        for word in CODE {
            assert_eq!(word_lines(&format!("\nfn f() {{ {word}() }}\n")), [2], "{word}");
        }
        for word in COMMENTS {
            assert_eq!(word_lines(&format!("\n// {word}: later\n")), [2], "{word}");
        }
    }

    #[test]
    fn a_page_has_no_leftovers_either() {
        for word in COMMENTS {
            let found = check_words(&Tree::of(&[("docs/a.md", &format!("# A\n\nIt takes {word} ms.\n"))]));
            assert_eq!(found, [leftover("docs/a.md", 3, word)]);
        }
        assert_eq!(check_words(&Tree::of(&[("docs/a.md", "A placeholder, and `TODOS`.\n")])), []);
    }

    #[test]
    fn messages_and_longer_names_are_no_leftovers() {
        assert_eq!(word_lines("fn f() { print(\"todo!() FIXME\"); my_dbg!(1); let hack = 1; }\n"), [0; 0]);
    }

    #[test]
    fn a_sleep_in_a_test_wants_a_reason() {
        let bare = "fn f() {\n    std::thread::sleep(SECOND);\n}\n";
        assert_eq!(sleep_lines("tests/a.rs", bare), [2]);
        assert_eq!(sleep_lines("loom-tests/src/a.rs", "use std::thread::{sleep, spawn};\n"), [1]);
        assert_eq!(sleep_lines("examples/a.rs", bare), [0; 0]);
        let empty = "fn f() {\n    // tidy: real time, because \n    thread::sleep(SECOND);\n}\n";
        assert_eq!(sleep_lines("src/a.rs", empty), [3]);
        let excused =
            "fn f() {\n    // tidy: real time, because the kernel's clock is tested.\n    thread::sleep(SECOND);\n}\n";
        assert_eq!(sleep_lines("src/a.rs", excused), [0; 0]);
    }
}
