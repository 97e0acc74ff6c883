//! Whatever a recording holds, slices follow each other and arrows lead from one to another; and nothing is left out.

#[path = "support/read.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod read;
#[path = "support/words.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod words;

use fusee::insight::recording::EventKind;
use fusee_trace::Timeline;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;
use words::{Texts, Words, recording_of, stamp, word};

/// Times that `f64` tells apart as microseconds.
const LATEST: u64 = 1 << 50;

fn any_word() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => (0..10_000u64).prop_map(stamp),
        1 => (0..LATEST).prop_map(stamp),
        // Of few tasks and places, so that they meet.
        12 => (2..16u64, 0..4u64, 0..5u64).prop_map(|(kind, number, task)| word(kind, number, task)),
        // Anything but a time, of which there are enough.
        1 => any::<u64>().prop_filter("no time", |word| ![1, 12].contains(&(word & 15))),
    ]
}

fn any_track() -> impl Strategy<Value = Words> {
    let head = (0..LATEST, any::<bool>());
    let words = prop::collection::vec(any_word(), 0..60);
    ((0..4u64), 0..3u64, 0..2u64, head, words).prop_map(|(kind, number, lost, (first, is_late), mut words)| {
        words.insert(words.len().min(1), stamp(if is_late { first } else { 0 }));
        (kind, number, lost, words)
    })
}

/// Of whatever characters there are.
fn any_text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof![any::<char>(), prop::char::range('\0', '~')], 0..20).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_are_slices_in_order(
        taken in 0..LATEST,
        mut tracks in prop::collection::vec(any_track(), 0..4),
        runtime in prop::option::of(any_text()),
        (first, second, name) in (any_text(), any_text(), any_text()),
    ) {
        // Tracks are told apart by their names.
        tracks.iter_mut().zip(0..).for_each(|(track, number)| (track.0, track.1) = (number % 4, number));
        let texts = Texts { runtime: runtime.as_deref(), files: [&first, &second], name: &name };
        let recording = recording_of(&texts, taken, &tracks);
        let exported = read::exported(&recording);
        let opens = |kind| {
            matches!(
                kind,
                EventKind::Poll(_)
                    | EventKind::Root
                    | EventKind::Park
                    | EventKind::Hook
                    | EventKind::Fire { .. }
                    | EventKind::BlockingBegin(_)
            )
        };
        let events = recording.tracks().iter().flat_map(|track| track.events());
        let begun = events.filter(|event| opens(event.kind())).count();
        prop_assert_eq!(exported.slices().filter(|slice| slice.name != "begun before").count(), begun);
        let summary = Timeline::new(&recording).summary(5).to_string();
        // The first one has the runtime's name.
        prop_assert!(summary.lines().skip(1).all(|line| line.width() <= 80), "{}", summary);
        prop_assert!(!summary.chars().any(|letter| letter != '\n' && letter.is_control()), "{:?}", summary);
    }
}
