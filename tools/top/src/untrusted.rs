//! Text of the process's: who names tasks, files and runtimes may put in it what a terminal obeys, or does not show.

use std::fmt::{self, Debug, Display, Formatter, Write};

use serde::Deserialize;

/// Text as the process has sent it. It cannot be printed as it came: `Display` shows what a terminal would obey as escapes, and `Debug` adds quotation marks.
///
/// ```
/// use fusee_top::untrusted::Untrusted;
///
/// let name = Untrusted::from("late\x1b[2J");
/// assert_eq!((format!("{name}"), format!("{name:?}")), (r"late\u{1b}[2J".to_owned(), r#""late\u{1b}[2J""#.to_owned()));
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

/// A line of it, to be printed.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(&'a str);

impl Untrusted {
    /// As it came: to be compared, or sent back, and never to be printed.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Its lines, if it is meant to have several.
    pub fn lines(&self) -> impl Iterator<Item = Plain<'_>> {
        self.0.split('\n').map(Plain)
    }
}

/// Characters that move the cursor, turn the direction of what follows, or cannot be seen.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match is_obeyed(letter) {
            true => write!(f, "{}", letter.escape_debug()),
            false => f.write_char(letter),
        })
    }
}

impl Display for Untrusted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&Plain(&self.0), f)
    }
}

impl Debug for Untrusted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // It escapes all that `is_obeyed` tells, and more.
        Debug::fmt(&self.0, f)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq<&str> for Untrusted {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed_as_it_came() {
        for letter in ('\0'..=char::MAX).filter(|letter| is_obeyed(*letter)) {
            let text = Untrusted(format!("a{letter}b"));
            for shown in [text.to_string(), format!("{text:?}")] {
                assert!(!shown.contains(letter) && shown.contains("a\\"), "{letter:?}: {shown}");
            }
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in ["src/a.rs:4:5", "C:\\src\\\"a\".rs", "Größe – 大きさ 🙂", "e\u{301}"] {
            assert_eq!(Untrusted::from(text).to_string(), text);
        }
    }

    #[test]
    fn lines_are_kept_apart_and_nothing_else() {
        let text = Untrusted::from("one\r\ntwo\u{85}\u{2028}three");
        let lines: Vec<_> = text.lines().map(|line| line.to_string()).collect();
        assert_eq!(lines, [r"one\r", r"two\u{85}\u{2028}three"]);
    }
}
