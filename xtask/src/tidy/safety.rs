//! Unsafe declarations say what they promise or ask for. Unsafe blocks are clippy's to check.

use super::{Source, Tree, Violation};

const RULE: &str = "safety";

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.sources("").flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for line in 1..=source.line_count() {
        let Some(declaration) = declared(source.code_line(line)) else { continue };
        let comments = source.comments_above(line);
        let has_note = comments.iter().any(|comment| comment.contains("SAFETY:"));
        let has_section = comments.iter().any(|comment| comment.starts_with("///") && comment.contains("# Safety"));
        let wanted = match declaration {
            Declaration::Impl if has_note => continue,
            Declaration::Impl => "`unsafe impl` wants a `// SAFETY:` comment above it",
            // What a method asks of its callers stands at the trait that declares it.
            Declaration::Fn if has_section || implements_trait(source, line) => continue,
            Declaration::Fn => "`unsafe fn` wants a `# Safety` section in its docs",
            Declaration::Trait if has_section => continue,
            Declaration::Trait => "`unsafe trait` wants a `# Safety` section in its docs",
        };
        let message = wanted.to_owned();
        violations.push(Violation { path: source.path().to_owned(), line, rule: RULE, message });
    }
    violations
}

#[derive(Clone, Copy, Debug)]
enum Declaration {
    Impl,
    Fn,
    Trait,
}

/// What a line declares unsafe. A function pointer's type declares nothing.
fn declared(code: &str) -> Option<Declaration> {
    let words: Vec<&str> = code.split_whitespace().collect();
    let after = words.iter().position(|word| *word == "unsafe")? + 1;
    match words.get(after)? {
        word if *word == "impl" || word.starts_with("impl<") => Some(Declaration::Impl),
        &"trait" => Some(Declaration::Trait),
        &"fn" => Some(Declaration::Fn),
        &"extern" if words.get(after + 1..).is_some_and(|rest| rest.contains(&"fn")) => Some(Declaration::Fn),
        _ => None,
    }
}

/// Whether the line stands in an `impl … for …` block.
fn implements_trait(source: &Source, line: usize) -> bool {
    (1..line).rev().map(|above| (above, source.code_line(above))).any(|(above, code)| {
        let is_impl = code.starts_with("impl") || code.starts_with("unsafe impl");
        let open = source.code().match_indices('{').find(|(at, _)| source.line_of(*at) >= above);
        let closes_below = open.is_some_and(|(at, _)| source.line_of(source.close_of(at)) >= line);
        is_impl && code.contains(" for ") && closes_below
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("src/a.rs", text)])).iter().map(|v| v.line).collect()
    }

    #[test]
    fn a_silent_unsafe_declaration_is_reported() {
        assert_eq!(lines("unsafe impl Send for A {}\nunsafe impl<T> Sync for B<T> {}\n"), [1, 2]);
        assert_eq!(lines("/// Docs.\npub(crate) unsafe fn f() {}\n"), [2]);
        assert_eq!(lines("pub const unsafe fn f() {}\nunsafe extern \"C\" fn g() {}\n"), [1, 2]);
        assert_eq!(lines("/// Docs.\nunsafe trait T {}\n"), [2]);
    }

    #[test]
    fn notes_and_sections_are_found_above_attributes() {
        assert_eq!(lines("// SAFETY: it owns its value.\n#[cfg(unix)]\nunsafe impl Send for A {}\n"), [0; 0]);
        assert_eq!(lines("/// Docs.\n///\n/// # Safety\n/// `p` is live.\n#[inline]\nunsafe fn f(p: P) {}\n"), [0; 0]);
    }

    #[test]
    fn the_section_of_a_traits_method_stands_at_the_trait() {
        let methods =
            "// SAFETY: forwards.\nunsafe impl GlobalAlloc for A {\n    unsafe fn f() {}\n    unsafe fn g() {}\n}\n";
        assert_eq!(lines(methods), [0; 0]);
        assert_eq!(lines("trait T {\n    unsafe fn f();\n}\nimpl A {\n    unsafe fn f() {}\n}\n"), [2, 5]);
        assert_eq!(lines("impl B for A {}\n// SAFETY: no.\nunsafe fn f() {}\n"), [3]);
    }

    #[test]
    fn pointer_types_and_blocks_declare_nothing() {
        assert_eq!(lines("struct V { poll: unsafe fn(*const ()) }\nfn g() { unsafe { h() } }\n"), [0; 0]);
    }
}
