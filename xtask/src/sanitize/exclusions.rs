//! The list of tests that a sanitizer leaves out, one on each line:
//!
//! ```text
//! # A comment.
//! sanitizer | file of tests | test or * | reason
//! ```

use super::toolchain::Kind;

/// The tests that one sanitizer leaves out.
#[derive(Debug, Default)]
pub(super) struct Exclusions {
    entries: Vec<Exclusion>,
}

/// A test, or all of a file.
#[derive(Debug)]
pub(super) struct Exclusion {
    line: usize,
    pub(super) binary: String,
    /// `None` for all.
    pub(super) test: Option<String>,
    pub(super) reason: String,
}

impl Exclusions {
    /// Reads the lines of `kind`; an error begins with its line's number.
    pub(super) fn parse(text: &str, kind: Kind) -> Result<Self, String> {
        let mut entries = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let (number, line) = (index + 1, line.trim());
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fields: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
            let [sanitizer, binary, test, reason] = fields[..] else {
                return Err(format!("{number}: four fields are wanted, `sanitizer | file of tests | test | reason`"));
            };
            if fields.iter().any(|field| field.is_empty()) {
                return Err(format!("{number}: a field is empty"));
            }
            if !Kind::ALL.iter().any(|kind| kind.name() == sanitizer) {
                return Err(format!("{number}: `{sanitizer}` is no sanitizer"));
            }
            if sanitizer == kind.name() {
                let test = (test != "*").then(|| test.to_owned());
                let (binary, reason) = (binary.to_owned(), reason.to_owned());
                entries.push(Exclusion { line: number, binary, test, reason });
            }
        }
        Ok(Self { entries })
    }

    /// What is left out of `binary`.
    pub(super) fn of(&self, binary: &str) -> impl Iterator<Item = &Exclusion> {
        self.entries.iter().filter(move |entry| entry.binary == binary)
    }

    /// The lines that name no test of `tests`: pairs of a file of tests and a test.
    pub(super) fn stale(&self, tests: &[(String, Vec<String>)]) -> Vec<String> {
        let is_there = |entry: &&Exclusion| {
            let mut files = tests.iter().filter(|(binary, _)| *binary == entry.binary);
            files.any(|(_, names)| entry.test.as_ref().is_none_or(|test| names.contains(test)))
        };
        let stale = self.entries.iter().filter(|entry| !is_there(entry));
        stale
            .map(|entry| {
                let test = entry.test.as_deref().unwrap_or("*");
                format!("{}: there is no test `{test}` in `{}`", entry.line, entry.binary)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# reasons\naddress | jobs | * | a program\n\nthread | fork | it_forks | no fork\n";

    #[test]
    fn each_sanitizer_has_its_own_lines() {
        let list = Exclusions::parse(LIST, Kind::Thread).unwrap();
        assert_eq!(list.of("jobs").count(), 0);
        let fork: Vec<_> = list.of("fork").collect();
        assert_eq!((fork[0].test.as_deref(), fork[0].reason.as_str()), (Some("it_forks"), "no fork"));
    }

    #[test]
    fn a_line_without_a_reason_or_with_an_unknown_sanitizer_is_an_error() {
        let error = |text| Exclusions::parse(text, Kind::Address).unwrap_err();
        assert!(error("address | jobs | *").starts_with("1: four fields"));
        assert_eq!(error("\naddress | jobs | * | "), "2: a field is empty");
        assert_eq!(error("memory | jobs | * | a program"), "1: `memory` is no sanitizer");
    }

    #[test]
    fn a_test_that_is_gone_is_reported() {
        let list = Exclusions::parse(LIST, Kind::Thread).unwrap();
        let tests = |file: &str, test: &str| vec![(file.to_owned(), vec![test.to_owned()])];
        assert!(list.stale(&tests("fork", "it_forks")).is_empty());
        assert_eq!(list.stale(&tests("fork", "it_splits")), ["4: there is no test `it_forks` in `fork`"]);
        assert_eq!(list.stale(&tests("join", "it_forks")), ["4: there is no test `it_forks` in `fork`"]);
    }
}
