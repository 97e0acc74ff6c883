//! Files stay short enough to be read whole: past [`LIMIT`] lines one wants splitting by noun.

use super::{Tree, Violation};

const LIMIT: usize = 400;

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.sources("")
        .filter(|source| source.line_count() > LIMIT)
        .map(|source| Violation {
            path: source.path().to_owned(),
            line: LIMIT + 1,
            rule: "sizes",
            message: format!("{} lines; past {LIMIT} a file wants splitting by noun", source.line_count()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_last_length_allowed() {
        let (short, long) = ("\n".repeat(LIMIT), "\n".repeat(LIMIT + 1));
        let found = check(&Tree::of(&[("src/short.rs", &short), ("src/long.rs", &long), ("notes.md", &long)]));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["src/long.rs:401: [sizes] 401 lines; past 400 a file wants splitting by noun"]);
    }
}
