//! The corpus without the attributes: each function an ordinary one, whose body is an `async` block.

use std::ops::Range;

/// A corpus rewritten, and where its parts come from.
pub(crate) struct Rewritten {
    pub(crate) text: String,
    /// Ranges of the text, in order, each with the offset in the corpus that it begins at.
    copies: Vec<(Range<usize>, usize)>,
}

impl Rewritten {
    pub(crate) fn of(corpus: &str) -> Self {
        let mut rewritten = Self { text: String::new(), copies: Vec::new() };
        // Of the function that is being rewritten: its attribute, how far in it stands, and whether its body has begun.
        let mut attribute: Option<(&str, usize)> = None;
        let mut in_body = false;
        let mut offset = 0;
        for line in corpus.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            match attribute {
                None if line.trim_start().starts_with("#[") && line.contains("fusee::") => {
                    attribute = Some((line.trim(), indent));
                }
                Some((_, indent)) if in_body && line[indent..].starts_with('}') => {
                    rewritten.write("});");
                    rewritten.copy(line, offset);
                    (attribute, in_body) = (None, false);
                }
                Some((given, _)) if !in_body && line.contains("async ") => {
                    in_body = rewritten.head(given, line, offset, indent);
                    attribute = attribute.filter(|_| in_body);
                }
                _ => rewritten.copy(line, offset),
            }
            offset += line.len();
        }
        assert!(attribute.is_none(), "a function without an end");
        rewritten
    }

    /// Rewrites the line of a function's name; true if its body goes on.
    fn head(&mut self, attribute: &str, line: &str, offset: usize, indent: usize) -> bool {
        if attribute.contains("fusee::test") {
            self.write(&format!("{:indent$}#[test]\n", ""));
        }
        let keyword = line.find("async ").expect("an async function");
        let line = line.trim_end_matches('\n');
        let open = line.find(" {").expect("a body") + 2;
        let rest = keyword + "async ".len();
        self.copy(&line[..keyword], offset);
        self.copy(&line[rest..open], offset + rest);
        self.write("return ::fusee::runtime::block_on(async {");
        let goes_on = open == line.len();
        if !goes_on {
            self.copy(&line[open..line.len() - 1], offset + open);
            self.write("});");
            self.copy("}", offset + line.len() - 1);
        }
        self.copy("\n", offset + line.len());
        goes_on
    }

    fn copy(&mut self, part: &str, offset: usize) {
        self.copies.push((self.text.len()..self.text.len() + part.len(), offset));
        self.text.push_str(part);
    }

    fn write(&mut self, part: &str) {
        self.text.push_str(part);
    }

    /// Where in the corpus a byte of the text comes from, if from there.
    pub(crate) fn origin(&self, byte: usize) -> Option<usize> {
        let (range, offset) = self.copies.iter().find(|(range, _)| range.contains(&byte))?;
        Some(offset + byte - range.start)
    }
}
