//! Labels: each ordering, fence and structural mutant stands in the code's comments, in its module's header and in a
//! model, and no comment names a label that is gone.

use std::collections::BTreeSet;

use super::source::words;
use super::{Source, Tree, Violation};

/// The hooks of the facade that take a label.
const ORDERING_HOOKS: &[&str] = &["ord", "fence_seq_cst"];
const MUTANT_HOOK: &str = "mutant";

/// The file that defines the hooks, whose own docs speak of labels in general.
const FACADE: &str = "src/facade.rs";

const MODELS: &str = "loom-tests/src/";
/// Which mutant which model must notice.
const MUTANTS: &str = "loom-tests/mutants.txt";
const COMMENT: &str = "// ORDERING(";
const RULE: &str = "labels";

/// A label in the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabelUse {
    pub(crate) path: String,
    pub(crate) line: usize,
    /// The hook that takes it: `ord`, `fence_seq_cst` or `mutant`.
    pub(crate) hook: &'static str,
    pub(crate) label: String,
}

/// Every label that the sources in `folder` hand to a hook.
pub(crate) fn label_uses(tree: &Tree, folder: &str) -> Vec<LabelUse> {
    tree.sources(folder).filter(|source| source.path() != FACADE).flat_map(uses_in).collect()
}

fn hooks() -> impl Iterator<Item = &'static str> {
    ORDERING_HOOKS.iter().copied().chain([MUTANT_HOOK])
}

fn uses_in(source: &Source) -> Vec<LabelUse> {
    let mut uses = Vec::new();
    for hook in hooks() {
        for (offset, literal) in source.calls_with_literal(hook) {
            let Some(label) = literal else { continue };
            let (path, line) = (source.path().to_owned(), source.line_of(offset));
            uses.push(LabelUse { path, line, hook, label: label.to_owned() });
        }
    }
    uses
}

/// The labels of the `// ORDERING(one, two):` comments.
fn commented(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, comment) in source.comment_lines() {
        let Some((labels, _)) = comment.strip_prefix(COMMENT).and_then(|rest| rest.split_once("):")) else { continue };
        found.extend(labels.split(',').map(|label| (line, label.trim().to_owned())));
    }
    found
}

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let models: Vec<&Source> =
        tree.sources(MODELS).filter(|source| !source.path().starts_with("loom-tests/src/facade")).collect();
    let list = tree.text(MUTANTS).unwrap_or_default();
    let is_modelled = |label: &str| {
        models.iter().map(|model| model.text()).chain([list]).any(|text| words(text, label).next().is_some())
    };
    let used: BTreeSet<String> = label_uses(tree, "src/").into_iter().map(|used| used.label).collect();
    let sources = tree.sources("src/").filter(|source| source.path() != FACADE);
    sources.flat_map(|source| check_source(tree, source, &used, &is_modelled)).collect()
}

/// Checks one file; `used` are the labels of all of `src/`, for a protocol may span files.
fn check_source(
    tree: &Tree,
    source: &Source,
    used: &BTreeSet<String>,
    is_modelled: &dyn Fn(&str) -> bool,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut report =
        |line, message| violations.push(Violation { path: source.path().to_owned(), line, rule: RULE, message });
    let comments = commented(source);
    let header = headers(tree, source);
    let uses = uses_in(source);
    let mut seen = BTreeSet::new();
    for LabelUse { line, hook, label, .. } in &uses {
        let is_ordering = *hook != MUTANT_HOOK;
        if is_ordering && !comments.iter().any(|(_, commented)| commented == label) {
            report(*line, format!("{hook}(\"{label}\") has no `{COMMENT}{label}): …` comment in this file"));
        }
        if !seen.insert(label) {
            continue;
        }
        if words(&header, label).next().is_none() {
            report(*line, format!("{hook}(\"{label}\") is not in its module's header, nor in its folder's"));
        }
        if !is_modelled(label) {
            report(*line, format!("{hook}(\"{label}\") is named by no model in {MODELS}, nor in {MUTANTS}"));
        }
    }
    for (line, label) in comments {
        if !used.contains(&label) {
            report(line, format!("no code in src/ uses the label `{label}` of this comment"));
        }
    }
    for hook in hooks() {
        for (offset, literal) in source.calls_with_literal(hook) {
            if literal.is_none() {
                report(source.line_of(offset), format!("{hook}(…) takes its label as a literal"));
            }
        }
    }
    violations
}

/// The file's own header, with that of its folder's module and README.
fn headers(tree: &Tree, source: &Source) -> String {
    let folder = source.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let module = format!("{folder}/mod.rs");
    let of_folder = tree.sources(&module).map(Source::header).collect::<Vec<_>>().join("\n");
    let readme = tree.text(&format!("{folder}/README.md")).unwrap_or_default();
    format!("{}\n{of_folder}\n{readme}", source.header())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
//! - *Seen* (`flag_set`): pairs with the reader. Mutant: `skip_flag`.

fn set(flag: &AtomicBool) {
    if mutant(\"skip_flag\") {
        return;
    }
    // ORDERING(flag_set): release, pairs with `get`.
    flag.store(true, ord(\"flag_set\", Ordering::Release));
}
";
    const MODEL: &str = "//! Models `flag_set` and `skip_flag`.\n";

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(|v| format!("{}: {}", v.line, v.message)).collect()
    }

    #[test]
    fn a_paired_label_is_fine() {
        assert_eq!(messages(&[("src/flag.rs", GOOD), ("loom-tests/src/flag.rs", MODEL)]), [""; 0]);
    }

    #[test]
    fn a_label_without_its_comment_is_reported_at_its_use() {
        let text = GOOD.replace("// ORDERING(flag_set): release", "// release");
        let found = messages(&[("src/flag.rs", &text), ("loom-tests/src/flag.rs", MODEL)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("8: ord(\"flag_set\") has no `// ORDERING(flag_set)"), "{found:?}");
    }

    #[test]
    fn labels_missing_from_the_header_are_reported() {
        let (_, headless) = GOOD.split_once('\n').unwrap();
        let found = messages(&[("src/flag.rs", headless), ("loom-tests/src/flag.rs", MODEL)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|m| m.contains("is not in its module's header")), "{found:?}");
    }

    #[test]
    fn the_folders_header_or_readme_serves_too() {
        let (header, headless) = GOOD.split_once('\n').unwrap();
        for beside in ["src/flag/mod.rs", "src/flag/README.md"] {
            let files = [("src/flag/set.rs", headless), (beside, header), ("loom-tests/src/flag.rs", MODEL)];
            assert_eq!(messages(&files), [""; 0], "{beside}");
        }
    }

    #[test]
    fn a_label_that_no_model_names_is_reported() {
        let found = messages(&[("src/flag.rs", GOOD), ("loom-tests/src/flag.rs", "// flag_set_up, no_skip_flag\n")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|m| m.contains("is named by no model")), "{found:?}");
    }

    #[test]
    fn a_comment_whose_label_is_gone_is_reported() {
        let text = format!("{GOOD}// ORDERING(flag_clear, flag_set): relaxed.\n");
        let found = messages(&[("src/flag.rs", &text), ("loom-tests/src/flag.rs", MODEL)]);
        assert_eq!(found, ["10: no code in src/ uses the label `flag_clear` of this comment"]);
        let reader = "fn get() {\n    // ORDERING(flag_set): the reader's side.\n}\n";
        let files = [("src/flag.rs", GOOD), ("src/reader.rs", reader), ("loom-tests/src/flag.rs", MODEL)];
        assert_eq!(messages(&files), [""; 0]);
    }

    #[test]
    fn a_label_that_is_no_literal_is_reported() {
        let found = messages(&[("src/flag.rs", "fn f() { fence_seq_cst(LABEL); }\n")]);
        assert_eq!(found, ["1: fence_seq_cst(…) takes its label as a literal"]);
    }
}
