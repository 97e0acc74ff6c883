//! Markdown that points at what is there: relative links and their headings, and the files that prose names.

use super::{Tree, Violation};

/// Folders whose name at the head of a word makes it a path.
const FOLDERS: &[&str] =
    &["src/", "loom-tests/", "shuttle-tests/", "macros/", "tests/", "benches/", "examples/", "xtask/"];

/// Sites whose names look like files.
const SITES: &[&str] = &["docs.rs"];

/// Tells of files that are gone.
const HISTORY: &str = "CHANGELOG.md";

const RULE: &str = "links";

pub(super) fn check_links(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.markdown() {
        for (line, target) in link_targets(text) {
            if let Some(message) = broken(tree, path, target) {
                violations.push(Violation { path: path.to_owned(), line, rule: RULE, message });
            }
        }
    }
    violations
}

/// Why a relative link leads nowhere.
fn broken(tree: &Tree, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let resolved = if file.is_empty() { Some(from.to_owned()) } else { resolve(from, file) };
    let Some(resolved) = resolved.filter(|path| tree.exists(path)) else {
        return Some(format!("the link `{target}` leads to no file"));
    };
    let heading = heading.filter(|_| resolved.ends_with(".md"))?;
    let text = tree.text(&resolved)?;
    let is_there = prose_lines(text).any(|(_, line)| line.starts_with('#') && anchor(line) == heading);
    if is_there { None } else { Some(format!("the link `{target}` leads to no heading of {resolved}")) }
}

/// A path relative to the folder of `from`, relative to the root; `None` when it leaves the tree.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The anchor that a heading gets: small letters, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The lines outside fenced code, numbered from 1.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        (!fenced && !is_fence).then_some((index + 1, line))
    })
}

/// The targets of `[…](target)` and `[…]: target`.
fn link_targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose_lines(text) {
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split([')', ' ']).next().unwrap_or_default();
            let in_code = line[..at].matches('`').count() % 2 == 1;
            if !in_code {
                found.push((number, target.trim_matches(['<', '>'])));
            }
        }
        if let Some((_, target)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            found.push((number, target.split_whitespace().next().unwrap_or_default()));
        }
    }
    found
}

pub(super) fn check_named_paths(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.markdown().filter(|(path, _)| *path != HISTORY) {
        for (index, line) in text.lines().enumerate() {
            for name in named_files(line).into_iter().filter(|name| !is_there(tree, path, name)) {
                let message = format!("`{name}` is no file of the project");
                violations.push(Violation { path: path.to_owned(), line: index + 1, rule: RULE, message });
            }
        }
    }
    violations
}

/// The words of a line that name a file or folder: `wheel.rs`, `src/time/`, `time/{shard,driver}.rs` twice. One whose beginning is cut off, as in `…/wheel.rs`, names none.
fn named_files(line: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || "_-./{},:…".contains(c);
    let mut found = Vec::new();
    for word in line.split(|c| !is_part(c)).filter(|word| !word.starts_with('…')) {
        let words =
            if word.contains('{') { braces_expanded(word) } else { word.split(',').map(str::to_owned).collect() };
        for word in words {
            let word = word.split(':').next().unwrap_or_default().trim_end_matches(['.', ',']);
            let is_source =
                word.strip_suffix(".rs").is_some_and(|stem| !stem.is_empty() && !stem.ends_with(['/', '.']));
            let is_below = FOLDERS.iter().any(|folder| word.starts_with(folder));
            if (is_source || is_below) && !SITES.contains(&word) {
                found.push(word.to_owned());
            }
        }
    }
    found
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`; nothing where the braces do not match.
fn braces_expanded(word: &str) -> Vec<String> {
    let parts = word.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?)));
    let Some((head, (choices, tail))) = parts else { return Vec::new() };
    choices.split(',').map(|choice| format!("{head}{}{tail}", choice.trim())).collect()
}

/// Whether a name leads to a file: from the root, from `src/`, from the document, or, for a bare name, anywhere.
fn is_there(tree: &Tree, document: &str, name: &str) -> bool {
    let beside = resolve(document, name).is_some_and(|path| tree.exists(&path));
    let bare = !name.contains('/') && tree.paths().any(|path| path.rsplit('/').next() == Some(name));
    beside || bare || tree.exists(name) || tree.exists(&format!("src/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("docs/NOTES.md", text),
            ("README.md", "# The `idle` protocol: why?\n"),
            ("src/time/wheel.rs", ""),
            ("src/time/driver.rs", ""),
        ]);
        let found = check_links(&tree).into_iter().chain(check_named_paths(&tree));
        found.map(|v| format!("{}: {}", v.line, v.message)).collect()
    }

    #[test]
    fn a_link_to_no_file_is_reported() {
        assert_eq!(messages("\n[a](../GONE.md)\n"), ["2: the link `../GONE.md` leads to no file"]);
        assert_eq!(messages("[a]: ../GONE.md\n"), ["1: the link `../GONE.md` leads to no file"]);
        assert_eq!(messages("[a](../../README.md)\n"), ["1: the link `../../README.md` leads to no file"]);
    }

    #[test]
    fn a_link_to_a_heading_that_is_gone_is_reported() {
        let found = messages("[a](../README.md#the-queue)\n[b](#here)\n");
        assert_eq!(found[0], "1: the link `../README.md#the-queue` leads to no heading of README.md");
        assert_eq!(found[1], "2: the link `#here` leads to no heading of docs/NOTES.md");
    }

    #[test]
    fn good_links_and_code_are_fine() {
        let text = "# Here\n[a](../README.md#the-idle-protocol-why) [b](https://e.org/x) [c](../src/time) [d](#here)\n\
                    ```\n[e](gone.md)\n```\n`[f](gone.md)`\n";
        assert_eq!(messages(text), [""; 0]);
    }

    #[test]
    fn a_named_file_that_is_gone_is_reported() {
        assert_eq!(messages("See `src/time/slot.rs`.\n"), ["1: `src/time/slot.rs` is no file of the project"]);
        assert_eq!(messages("In slot.rs, wheel.rs.\n"), ["1: `slot.rs` is no file of the project"]);
        assert_eq!(messages("`time/{driver,shard}.rs`\n"), ["1: `time/shard.rs` is no file of the project"]);
        assert_eq!(messages("the folder src/queue/\n"), ["1: `src/queue/` is no file of the project"]);
    }

    #[test]
    fn named_files_that_are_there_are_fine() {
        assert_eq!(
            messages("`src/time/wheel.rs:12`, time/wheel.rs, wheel.rs: `src/time/` (driver.rs). docs.rs …/gone.rs\n"),
            [""; 0]
        );
    }
}
