//! A Rust file split into code and comments, light enough to write down and exact enough for the rules.
//!
//! Both halves keep the file's byte offsets: what is not theirs is blanked with spaces. In the code half the contents of
//! string and character literals are blanked too, so a rule never mistakes a word in a message for code.

use std::ops::Range;

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    path: String,
    text: String,
    code: String,
    comments: String,
    line_starts: Vec<usize>,
    test_regions: Vec<Range<usize>>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
            .collect();
        let mut source = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            comments,
            line_starts,
            test_regions: Vec::new(),
        };
        source.test_regions = source.find_test_regions();
        source
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The code, at the same offsets as in the file; everything else is spaces.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// How many lines the file has.
    pub(crate) fn line_count(&self) -> usize {
        self.text.lines().count()
    }

    /// The number, from 1, of the line that holds the offset.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The code of a line, numbered from 1.
    pub(crate) fn code_line(&self, line: usize) -> &str {
        self.code[self.line_range(line)].trim()
    }

    /// The comment on a line, numbered from 1, slashes included.
    pub(crate) fn comment_line(&self, line: usize) -> &str {
        self.comments[self.line_range(line)].trim()
    }

    /// Every line that has a comment.
    pub(crate) fn comment_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..=self.line_starts.len()).map(|line| (line, self.comment_line(line))).filter(|(_, text)| !text.is_empty())
    }

    /// The comments of the line itself and of the lines of comments and attributes right above it.
    pub(crate) fn comments_above(&self, line: usize) -> Vec<&str> {
        let mut found = vec![self.comment_line(line)];
        for above in (1..line).rev() {
            let code = self.code_line(above);
            let is_attribute = code.starts_with("#[") || code.starts_with("#![");
            if !(is_attribute || code.is_empty() && !self.comment_line(above).is_empty()) {
                break;
            }
            found.push(self.comment_line(above));
        }
        found
    }

    /// The module header: the `//!` lines, and the `//` lines before the first code, which the pages of a public module
    /// do not show.
    pub(crate) fn header(&self) -> String {
        let first = self.code.bytes().position(|byte| !byte.is_ascii_whitespace());
        let code = first.map_or(usize::MAX, |offset| self.line_of(offset));
        let is_part = |line, text: &str| text.starts_with("//!") || line < code && !text.starts_with("///");
        let lines = self.comment_lines().filter(|(line, text)| is_part(*line, text));
        lines.map(|(_, text)| text).collect::<Vec<_>>().join("\n")
    }

    /// Whether the offset lies in test code: a test file, or a module under `#[cfg(test)]`.
    pub(crate) fn is_test(&self, offset: usize) -> bool {
        let in_test_file = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        in_test_file || self.test_regions.iter().any(|region| region.contains(&offset))
    }

    /// The offset of the bracket that closes the one at `open`, or the end of the file.
    pub(crate) fn close_of(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (offset, byte) in self.code.bytes().enumerate().skip(open) {
            match byte {
                b'{' | b'(' | b'[' => depth += 1,
                b'}' | b')' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return offset;
                    }
                }
                _ => {}
            }
        }
        self.code.len()
    }

    /// The calls `name("literal", …)`, as the offset of the name and the literal; `None` where the argument is no literal.
    pub(crate) fn calls_with_literal(&self, name: &str) -> Vec<(usize, Option<&str>)> {
        let mut calls = Vec::new();
        for offset in words(&self.code, name) {
            let before = self.code[..offset].trim_end();
            let after_name = &self.code[offset + name.len()..];
            if !after_name.starts_with('(') || before.ends_with("fn") {
                continue;
            }
            let argument = offset + name.len() + 1;
            let gap = self.code[argument..].len() - self.code[argument..].trim_start().len();
            let argument = argument + gap;
            let literal = self.code[argument..].strip_prefix('"').and_then(|rest| {
                let length = rest.find('"')?;
                Some(&self.text[argument + 1..argument + 1 + length])
            });
            calls.push((offset, literal));
        }
        calls
    }

    fn line_range(&self, line: usize) -> Range<usize> {
        let start = self.line_starts[line - 1];
        start..self.line_starts.get(line).copied().unwrap_or(self.text.len())
    }

    fn find_test_regions(&self) -> Vec<Range<usize>> {
        let mut regions = Vec::new();
        for (start, _) in self.code.match_indices("#[cfg(") {
            let end = self.close_of(start + 1);
            let condition = &self.code[start..end];
            let rest = &self.code[end + 1..];
            let head = rest.split('{').next().unwrap_or(rest);
            let names_test = words(condition, "test").next().is_some() && !condition.contains("not(test)");
            if names_test && !head.contains(';') && words(head, "mod").next().is_some() {
                let open = end + 1 + head.len();
                regions.push(start..self.close_of(open));
            }
        }
        regions
    }
}

/// The offsets at which `word` stands in `text` with no letter, digit or underscore beside it.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(offset, _)| offset).filter(move |offset| {
        let before = text[..*offset].chars().next_back();
        let after = text[offset + word.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

/// Splits a file into its code and its comments.
fn split(text: &str) -> (String, String) {
    let bytes = text.as_bytes();
    let blank: Vec<u8> = bytes.iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect();
    let (mut code, mut comments) = (blank.clone(), blank);
    let mut at = 0;
    while at < bytes.len() {
        let end = token_end(bytes, at);
        match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'/' | b'*')) => comments[at..end].copy_from_slice(&bytes[at..end]),
            (b'"' | b'\'', _) if end - at > 1 => {
                code[at] = bytes[at];
                code[end - 1] = bytes[end - 1];
            }
            (b'r' | b'b' | b'c', _) if bytes[at..end].contains(&b'"') => {
                let open = at + bytes[at..end].iter().position(|b| *b == b'"').unwrap_or(0);
                let close = at + bytes[at..end].iter().rposition(|b| *b == b'"').unwrap_or(0);
                code[open] = b'"';
                code[close] = b'"';
            }
            _ => code[at..end].copy_from_slice(&bytes[at..end]),
        }
        at = end;
    }
    let whole = |half: Vec<u8>| String::from_utf8(half).expect("tokens are cut at character boundaries");
    (whole(code), whole(comments))
}

/// The end of the comment, literal, word or single character that begins at `at`.
fn token_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + block_comment_length(rest),
        [b'"', ..] => at + quoted_length(rest, b'"'),
        [b'\'', b'\\', ..] => at + quoted_length(rest, b'\''),
        [b'\'', first, ..] => {
            let width = character_width(*first);
            // A lifetime has no closing quote right after its first character.
            if rest.get(1 + width) == Some(&b'\'') { at + width + 2 } else { at + 1 }
        }
        [first, ..] if first.is_ascii_alphanumeric() || *first == b'_' => {
            let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || !b.is_ascii();
            let word = rest.iter().position(|b| !is_part(b)).unwrap_or(rest.len());
            let is_raw = matches!(&rest[..word], b"r" | b"br" | b"cr");
            at + if is_raw { raw_string_length(rest, word).unwrap_or(word) } else { word }
        }
        [first, ..] => at + character_width(*first).min(rest.len()),
        [] => at + 1,
    }
}

fn character_width(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

fn block_comment_length(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted_length(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of `r##"…"##`, whose prefix is `prefix` bytes long; `None` for a raw identifier or a plain word.
fn raw_string_length(rest: &[u8], prefix: usize) -> Option<usize> {
    let hashes = rest[prefix..].iter().take_while(|b| **b == b'#').count();
    let body = prefix + hashes + 1;
    if rest.get(body - 1) != Some(&b'"') {
        return None;
    }
    let closes = |at: usize| {
        rest[at] == b'"' && rest.len() > at + hashes && rest[at + 1..=at + hashes].iter().all(|b| *b == b'#')
    };
    let close = (body..rest.len()).find(|at| closes(*at));
    Some(close.map_or(rest.len(), |at| at + 1 + hashes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("src/sample.rs", text)
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        let text = "let a = \"// no \\\" x\"; // yes\nlet b = r#\"a \" b\"#; /* c /* d */ e */ let c = 'x';\n";
        let sample = source(text);
        assert_eq!(sample.code_line(1), "let a = \"          \";");
        assert_eq!(sample.comment_line(1), "// yes");
        assert_eq!(sample.comment_line(2), "/* c /* d */ e */");
        assert!(sample.code_line(2).ends_with("let c = ' ';"), "{}", sample.code_line(2));
        assert!(!sample.code().contains("a \" b"));
    }

    #[test]
    fn lifetimes_and_quotes_do_not_swallow_code() {
        let sample = source("fn f<'a>(x: &'a str) -> char { '\\'' } fn g() { 'é'; b'\"'; r#type }\n");
        assert!(sample.code().contains("fn g()"));
        assert!(sample.code().contains("r#type"));
        assert_eq!(sample.code().matches('"').count(), 0);
    }

    #[test]
    fn lines_are_numbered_from_one() {
        let sample = source("a\nb\n");
        assert_eq!((sample.line_of(0), sample.line_of(2), sample.line_count()), (1, 2, 2));
    }

    #[test]
    fn calls_are_found_across_lines_and_never_in_definitions() {
        let sample = source("fn ord(_l: u8) {}\nord(\n    \"one\",\n);\nrecord(\"two\");\nord(LABEL);\n");
        let labels: Vec<Option<&str>> = sample.calls_with_literal("ord").into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, [Some("one"), None]);
    }

    #[test]
    fn modules_under_cfg_test_are_test_code() {
        let sample = source("fn a() {}\n#[cfg(all(test, unix))]\nmod tests {\n fn b() {}\n}\nfn c() {}\n");
        let is_test = |needle: &str| sample.is_test(sample.text().find(needle).unwrap());
        assert!(!is_test("fn a"));
        assert!(is_test("fn b"));
        assert!(!is_test("fn c"));
        let native = source("#[cfg(not(test))]\nmod native { fn d() {} }\n#[cfg(test)]\nmod tests;\nfn e() {}\n");
        assert!(!native.is_test(native.text().find("fn d").unwrap()));
        assert!(!native.is_test(native.text().find("fn e").unwrap()));
    }

    #[test]
    fn a_header_ends_where_the_code_begins() {
        let sample = source("//! public\n\n// beside it\n\n/// f\nfn f() {} // late\n// later\n");
        assert_eq!(sample.header(), "//! public\n// beside it");
    }

    #[test]
    fn the_comments_above_reach_over_attributes_only() {
        let sample = source("// far\nlet x;\n/// near\n#[inline]\n// nearer\nunsafe fn f() {} // beside\n");
        assert_eq!(sample.comments_above(6), ["// beside", "// nearer", "", "/// near"]);
    }
}
