//! A section as text: a title, and a table of at most 80 columns. What does not fit is cut at its beginning: of a path the end tells most.

use std::fmt;
use std::time::Duration;

use tabled::builder::Builder;
use tabled::grid::util::string::{get_char_width, get_string_width};
use tabled::settings::object::{Columns, Rows};
use tabled::settings::{Alignment, Modify, Padding, Style};

const WIDTH: usize = 80;

/// Between two columns, and before the first.
const GAP: usize = 2;

/// A column that is cut keeps so much at least.
const LEAST: usize = 12;

#[derive(Clone, Copy)]
pub(super) struct Column {
    head: &'static str,
    is_right: bool,
    is_cut: bool,
}

impl Column {
    pub(super) fn left(head: &'static str) -> Self {
        Self { head, is_right: false, is_cut: false }
    }

    pub(super) fn right(head: &'static str) -> Self {
        Self { head, is_right: true, is_cut: false }
    }

    /// The one that gives way to the others.
    pub(super) fn cut(head: &'static str) -> Self {
        Self { head, is_right: false, is_cut: true }
    }
}

pub(super) struct Table<const N: usize> {
    title: String,
    columns: [Column; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(title: &str, columns: [Column; N]) -> Self {
        Self { title: title.to_owned(), columns, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, row: [String; N]) {
        self.rows.push(row);
    }

    /// What is left for the column that is cut.
    fn room(&self) -> usize {
        let width = |index: usize| {
            let cells = self.rows.iter().map(|row| get_string_width(&row[index]));
            cells.chain([self.columns[index].head.len()]).max().unwrap_or_default() + GAP
        };
        let others: usize = (0..N).filter(|&index| !self.columns[index].is_cut).map(width).sum();
        WIDTH.saturating_sub(others + GAP).max(LEAST)
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return writeln!(f, "{}: none", self.title);
        }
        let room = self.room();
        let mut builder = Builder::default();
        builder.push_record(self.columns.map(|column| column.head));
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns);
            builder.push_record(cells.map(|(cell, column)| if column.is_cut { cut(cell, room) } else { shown(cell) }));
        }
        let mut table = builder.build();
        table.with(Style::empty()).with(Padding::new(GAP, 0, 0, 0));
        for index in (0..N).filter(|&index| self.columns[index].is_right) {
            table.with(Modify::new(Columns::one(index)).with(Alignment::right()));
        }
        table.with(Modify::new(Rows::first()).with(Padding::new(GAP, 0, 0, 0)));
        writeln!(f, "{}", self.title)?;
        table.to_string().lines().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}

/// A name may hold what a terminal obeys, or does not show.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|letter| if is_obeyed(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Characters that move the cursor, turn the direction of what follows, or cannot be seen.
fn is_obeyed(letter: char) -> bool {
    let is_format = matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    letter.is_control() || is_format
}

/// Its end, in so many columns of a terminal.
fn cut(text: &str, room: usize) -> String {
    let text = shown(text);
    if get_string_width(&text) <= room {
        return text;
    }
    let mut width = 0;
    let fits = |letter: &char| {
        width += get_char_width(*letter);
        width < room
    };
    let kept: usize = text.chars().rev().take_while(fits).map(char::len_utf8).sum();
    let mut rest = &text[text.len() - kept..];
    // Some letters are wider together.
    while get_string_width(rest) >= room {
        let mut letters = rest.chars();
        letters.next();
        rest = letters.as_str();
    }
    // Whole names of folders, if there is one.
    format!("…{}", rest.find('/').map_or(rest, |slash| &rest[slash..]))
}

/// Three digits, or a few more.
pub(super) fn took(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    match nanos {
        ..1e3 => format!("{nanos} ns"),
        ..1e6 => three(nanos / 1e3, "µs"),
        ..1e9 => three(nanos / 1e6, "ms"),
        _ => three(nanos / 1e9, "s"),
    }
}

fn three(value: f64, unit: &str) -> String {
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$} {unit}")
}

/// Seconds since the start of the runtime.
pub(super) fn moment(time: Duration) -> String {
    format!("{:.6}", time.as_secs_f64())
}

pub(super) fn percent(part: Duration, whole: Duration) -> String {
    if whole.is_zero() {
        return "-".to_owned();
    }
    format!("{:.1} %", part.as_secs_f64() / whole.as_secs_f64() * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits() {
        let told = [0, 999, 1_000, 9_994, 12_345, 99_960, 1_234_567, 99_999_999, 60_000_000_000];
        let words = ["0 ns", "999 ns", "1.00 µs", "9.99 µs", "12.3 µs", "100 µs", "1.23 ms", "100 ms", "60.0 s"];
        assert_eq!(told.map(|nanos| took(Duration::from_nanos(nanos))), words);
    }

    #[test]
    fn what_is_too_long_loses_its_beginning_and_nothing_is_wider_than_a_terminal() {
        let mut table = Table::new("Title", [Column::cut("task"), Column::right("n")]);
        table.row(["abc/".repeat(60) + "main.rs:7\u{1b}", "12".to_owned()]);
        table.row(["a".repeat(90), "12".to_owned()]);
        table.row(["大".repeat(60_000), "12".to_owned()]);
        table.row(["\u{2764}\u{fe0f}".repeat(60), "12".to_owned()]);
        let text = table.to_string();
        assert!(text.lines().all(|line| get_string_width(line) <= WIDTH), "{text}");
        assert!(text.contains("  …/abc/") && text.contains("/abc/main.rs:7\u{fffd}  "), "{text}");
        assert!(text.contains(&format!("  …{}  ", "a".repeat(73))), "{text}");
        assert!(text.contains(&format!("  …{}   ", "大".repeat(36))), "{text}");
    }

    #[test]
    fn a_table_without_rows_says_so() {
        assert_eq!(Table::new("Steals", [Column::left("by")]).to_string(), "Steals: none\n");
    }
}
