//! The list of mutants, one on each line:
//!
//! ```text
//! # A comment.
//! mutant | model, as the test is called | how it fails
//! mutant | model | assert: a text that the message holds
//! unkillable | mutant | why no model can tell
//! ```
//!
//! One mutant may stand on several lines: each model that is named must kill it.

use std::fmt;

use super::verdict::{Kind, Verdict};

/// The whole list.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) killed: Vec<Entry>,
    pub(crate) unkillable: Vec<Unkillable>,
}

/// A mutant, and the model that kills it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) test: String,
    pub(crate) expected: Expected,
}

/// A mutant that no model can kill.
#[derive(Debug)]
pub(crate) struct Unkillable {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// How a model must fail.
#[derive(Debug)]
pub(crate) struct Expected {
    kind: Kind,
    /// What the message must hold; empty for any message.
    text: String,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_str() {
            "" => write!(f, "{}", self.kind),
            text => write!(f, "{}: {text}", self.kind),
        }
    }
}

impl Entry {
    /// Whether the mutant's name or its model contains `filter`.
    pub(crate) fn matches(&self, filter: &str) -> bool {
        self.name.contains(filter) || self.test.contains(filter)
    }

    /// Whether the model failed as it must.
    pub(crate) fn expects(&self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Failed { kind, message } => *kind == self.expected.kind && message.contains(&self.expected.text),
            _ => false,
        }
    }
}

impl List {
    /// Reads the list; an error begins with its line's number.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut list = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fields: Vec<&str> = line.splitn(3, '|').map(str::trim).collect();
            let [first, second, third] = fields[..] else {
                return Err(format!("{line_number}: three fields are wanted, `mutant | model | how it fails`"));
            };
            if fields.iter().any(|field| field.is_empty()) {
                return Err(format!("{line_number}: a field is empty"));
            }
            if first == "unkillable" {
                let (name, reason) = (second.to_owned(), third.to_owned());
                list.unkillable.push(Unkillable { line: line_number, name, reason });
            } else {
                let expected = parse_expected(third).map_err(|error| format!("{line_number}: {error}"))?;
                list.killed.push(Entry {
                    line: line_number,
                    name: first.to_owned(),
                    test: second.to_owned(),
                    expected,
                });
            }
        }
        match list.contradiction() {
            Some((line, name)) => Err(format!("{line}: `{name}` is listed as killed, too")),
            None => Ok(list),
        }
    }

    /// Every name, with its line.
    pub(crate) fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        let killed = self.killed.iter().map(|entry| (entry.line, entry.name.as_str()));
        killed.chain(self.unkillable.iter().map(|entry| (entry.line, entry.name.as_str())))
    }

    fn contradiction(&self) -> Option<(usize, &str)> {
        let both = self.unkillable.iter().find(|entry| self.killed.iter().any(|killed| killed.name == entry.name))?;
        Some((both.line, &both.name))
    }
}

fn parse_expected(field: &str) -> Result<Expected, String> {
    let (kind, text) = field.split_once(':').unwrap_or((field, ""));
    let kind = Kind::parse(kind.trim()).ok_or_else(|| {
        let known: Vec<String> = Kind::EXPECTED.iter().map(ToString::to_string).collect();
        format!("`{kind}` is no way to fail; known are {}", known.join(", "))
    })?;
    Ok(Expected { kind, text: text.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blanks_and_both_kinds_of_line_are_read() {
        let text = "# Parking.\n\nparker_token | park::parker_token | causality\n\
                    skip | idle::push | assert: lost | found\nunkillable | spin_hint | timing only\n";
        let list = List::parse(text).unwrap();
        let names: Vec<(usize, &str)> = list.names().collect();
        assert_eq!(names, [(3, "parker_token"), (4, "skip"), (5, "spin_hint")]);
        assert_eq!(list.killed[0].test, "park::parker_token");
        assert_eq!(list.killed[1].expected.to_string(), "assert: lost | found");
        assert_eq!(list.unkillable[0].reason, "timing only");
    }

    #[test]
    fn malformed_lines_are_errors_with_their_number() {
        let error = |text| List::parse(text).unwrap_err();
        assert!(error("# fine\na | b\n").starts_with("2: three fields are wanted"));
        assert!(error("a | | assert\n").starts_with("1: a field is empty"));
        assert!(error("a | b | explodes\n").starts_with("1: `explodes` is no way to fail; known are deadlock"));
        assert!(error("a | b | assert\nunkillable | a | no\n").starts_with("2: `a` is listed as killed, too"));
    }

    #[test]
    fn only_the_expected_failure_counts() {
        let list = List::parse("a | m | assert: polled twice\nb | m | deadlock\n").unwrap();
        let failed = |kind, message: &str| Verdict::Failed { kind, message: message.to_owned() };
        assert!(list.killed[0].expects(&failed(Kind::Assert, "the task was polled twice")));
        assert!(!list.killed[0].expects(&failed(Kind::Assert, "too few executions")));
        assert!(!list.killed[1].expects(&failed(Kind::Assert, "deadlock")));
        assert!(list.killed[1].expects(&failed(Kind::Deadlock, "deadlock; threads = []")));
        assert!(!list.killed[1].expects(&Verdict::Passed));
        assert!(!list.killed[1].expects(&Verdict::TimedOut));
    }

    #[test]
    fn a_filter_finds_names_and_models() {
        let list = List::parse("skip_recheck | driver::earlier | deadlock\n").unwrap();
        assert!(list.killed[0].matches("driver"));
        assert!(list.killed[0].matches("recheck"));
        assert!(!list.killed[0].matches("idle"));
    }
}
