//! Figures as people read them.

/// With commas: `10,412`.
///
/// ```
/// assert_eq!(fusee_top::text::count(10_412), "10,412");
/// ```
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in nanoseconds, with two digits or more: `1.4 ms`, `312 ms`, `31 s`, `14 min`.
///
/// ```
/// assert_eq!(fusee_top::text::duration(1_440_000), "1.4 ms");
/// ```
pub fn duration(nanoseconds: u64) -> String {
    const UNITS: [(u64, &str); 7] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "min"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "µs"),
        (1, "ns"),
    ];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| nanoseconds >= *unit).unwrap_or((1, "ns"));
    let whole = nanoseconds / unit;
    if whole < 10 && unit > 1 {
        format!("{whole}.{} {name}", nanoseconds % unit * 10 / unit)
    } else {
        format!("{whole} {name}")
    }
}

/// A rate, of so many in a second: `81,200`, `0.5`.
pub fn rate(per_second: f64) -> String {
    if per_second > 0.0 && per_second < 9.95 { format!("{per_second:.1}") } else { count(per_second.round() as u64) }
}

/// A share of one: `97 %`.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A line of so many columns that shows shares of one, the latest at its right end.
///
/// ```
/// assert_eq!(fusee_top::text::bars([0.0, 0.5, 1.0].into_iter(), 4), " ▁▅█");
/// ```
pub fn bars(shares: impl DoubleEndedIterator<Item = f64>, columns: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |share: f64| BARS[((share.clamp(0.0, 1.0) * 7.0).round()) as usize];
    let latest: Vec<char> = shares.rev().take(columns).map(bar).collect();
    let blank = std::iter::repeat_n(' ', columns - latest.len());
    blank.chain(latest.into_iter().rev()).collect()
}

/// The end of a text, in so many columns: paths differ there.
///
/// ```
/// assert_eq!(fusee_top::text::end_of("crates/app/src/db.rs:8:5", 14), "…src/db.rs:8:5");
/// ```
pub fn end_of(text: &str, columns: usize) -> String {
    let length = text.chars().count();
    if length <= columns {
        return text.to_owned();
    }
    let kept = text.chars().skip(length - columns.saturating_sub(1));
    if columns == 0 { String::new() } else { std::iter::once('…').chain(kept).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (u64::MAX, "18,446,744,073,709,551,615")] {
            assert_eq!(count(number), text);
        }
        assert_eq!((rate(0.0).as_str(), rate(0.25).as_str(), rate(81_199.7).as_str()), ("0", "0.2", "81,200"));
    }

    #[test]
    fn durations_have_one_unit() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.0 µs"),
            (9_999_999, "9.9 ms"),
            (10_000_000, "10 ms"),
            (59_999_999_999, "59 s"),
            (60_000_000_000, "1.0 min"),
            (u64::MAX, "213503 d"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(duration(nanoseconds), text);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_at_the_left() {
        assert_eq!(end_of("äöü", 3), "äöü");
        assert_eq!(end_of("äöü", 2), "…ü");
        assert_eq!(end_of("äöü", 0), "");
        assert_eq!(bars([0.0, 1.0, 9.0].into_iter(), 2), "██");
    }
}
