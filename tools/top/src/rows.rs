//! The rows of the table of places, filtered and sorted.

use std::cmp::Ordering;
use std::str::FromStr;

use crate::model::Model;
use crate::protocol::Place;
use crate::untrusted::Untrusted;

/// What the row of the tasks is called whose place the runtime had no room for.
pub const OTHERS: &str = "at other places";

/// What the places are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// File, line and column.
    Place,
    /// Tasks that are alive.
    Alive,
    /// Polls in a second.
    Polls,
    /// The time that polls take.
    Busy,
    /// The longest poll.
    Longest,
    /// The task that has waited the longest.
    Idle,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceRow {
    /// Where the tasks are spawned.
    pub place: Untrusted,
    /// What the console says of them.
    pub tasks: Place,
    /// Polls in a second, the share of one worker's time that they take, and the longest in nanoseconds; none without a recorder.
    pub recent: Option<(f64, f64, u64)>,
}

impl SortKey {
    /// All, in the order of the columns.
    pub const ALL: [Self; 6] = [Self::Place, Self::Alive, Self::Polls, Self::Busy, Self::Longest, Self::Idle];

    /// As the command line calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Alive => "alive",
            Self::Polls => "polls",
            Self::Busy => "busy",
            Self::Longest => "longest",
            Self::Idle => "idle",
        }
    }

    /// The key so many columns to the right, from the first on again behind the last.
    #[must_use]
    pub fn moved(self, columns: isize) -> Self {
        let at = Self::ALL.iter().position(|key| *key == self).unwrap_or_default() as isize;
        Self::ALL[(at + columns).rem_euclid(Self::ALL.len() as isize) as usize]
    }
}

impl FromStr for SortKey {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|key| key.name() == name);
        found.ok_or_else(|| format!("{name:?} is none of the columns {}", names()))
    }
}

/// The rows that the model's filter leaves, in its order.
pub fn places(model: &Model) -> Vec<PlaceRow> {
    let Some(stats) = &model.stats else { return Vec::new() };
    let filter = model.filter.to_lowercase();
    let mut rows: Vec<_> = stats.places.iter().map(|place| row(model, place)).collect();
    rows.retain(|row| row.place.to_string().to_lowercase().contains(&filter));
    rows.sort_by(|a, b| {
        let by_key = compare(model.sort, a, b);
        let by_key = if model.is_reversed { by_key.reverse() } else { by_key };
        by_key.then_with(|| a.place.cmp(&b.place))
    });
    rows
}

fn row(model: &Model, place: &Place) -> PlaceRow {
    let recent = place
        .recent
        .zip(model.window_seconds())
        .map(|(polls, seconds)| (polls.polls as f64 / seconds, polls.busy_ns as f64 / 1e9 / seconds, polls.longest_ns));
    PlaceRow { place: place.place.clone().unwrap_or_else(|| OTHERS.into()), tasks: place.clone(), recent }
}

/// Figures from the highest down, places from A on.
fn compare(key: SortKey, a: &PlaceRow, b: &PlaceRow) -> Ordering {
    let by = |figure: fn(&(f64, f64, u64)) -> f64| {
        let of = |row: &PlaceRow| row.recent.as_ref().map_or(-1.0, figure);
        of(b).total_cmp(&of(a))
    };
    match key {
        SortKey::Place => a.place.cmp(&b.place),
        SortKey::Alive => b.tasks.alive.cmp(&a.tasks.alive),
        SortKey::Polls => by(|recent| recent.0),
        SortKey::Busy => by(|recent| recent.1),
        SortKey::Longest => by(|recent| recent.2 as f64),
        SortKey::Idle => b.tasks.oldest_idle_ms.cmp(&a.tasks.oldest_idle_ms),
    }
}
