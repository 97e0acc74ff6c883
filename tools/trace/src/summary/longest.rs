//! What is longest, one of each place: a place that has many of them leaves room for the others.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// The first of the longest of each place, with how many there are of that place; those that took longest come first.
pub(super) fn longest_by_place<'a, T>(all: impl Iterator<Item = (&'a str, Duration, T)>) -> Vec<(usize, T)> {
    let mut places = BTreeMap::<&str, (usize, Duration, T)>::new();
    for (place, took, of) in all {
        match places.get_mut(place) {
            None => drop(places.insert(place, (1, took, of))),
            Some(known) => {
                known.0 += 1;
                if took > known.1 {
                    (known.1, known.2) = (took, of);
                }
            }
        }
    }
    let mut longest: Vec<_> = places.into_values().collect();
    longest.sort_by_key(|(_, took, _)| Reverse(*took));
    longest.into_iter().map(|(count, _, of)| (count, of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_of_once_by_its_longest() {
        let nanos = Duration::from_nanos;
        let hot = (0..100).map(|took| ("hot", nanos(1_000 + took), took));
        let all = hot.chain([("cold", nanos(7), 7), ("slow", nanos(5_000), 0), ("slow", nanos(5_000), 1)]);
        assert_eq!(longest_by_place(all), [(2, 0), (100, 99), (1, 7)]);
        assert!(longest_by_place(std::iter::empty::<(&str, Duration, ())>()).is_empty());
    }
}
