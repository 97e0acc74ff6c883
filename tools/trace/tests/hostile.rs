//! Recordings that nobody would write: their texts come out of both formats as they went in, and no order of events breaks either.

#[path = "support/read.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod read;
#[path = "support/words.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod words;

use fusee::insight::recording::Recording;
use fusee_trace::Timeline;
use read::exported;
use serde_json::Value;
use words::{END, PARK, POLL, SPAWN, Texts, UNPARK, WAKE, recording, recording_of, stamp, word, worker};

const YIELD: u64 = 6;
const STEAL: u64 = 7;
const FIRE: u64 = 8;
const BLOCK: u64 = 11;
const ROOT: u64 = 13;
const NAME: u64 = 14;

/// Quotation marks, escapes, ends of lines and of scripts, NUL, a terminal's commands, text that turns, characters of all lengths.
const TEXTS: [&str; 6] = [
    r#"a "name" in 'quotes' with \ and \u0041 and \"#,
    "two\nlines\r\n\tand \u{0}\u{1b}[2J\u{7f}\u{85}\u{2028}",
    "</script><!-- ]}},{\"ph\":\"X\"",
    "\u{202e}txet \u{feff}\u{fffd}\u{10ffff}",
    "ä大🙂",
    "",
];

fn json(recording: &Recording) -> Value {
    let mut json = Vec::new();
    Timeline::new(recording).write_chrome(&mut json, true).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// A task is spawned, named, and polled.
fn life(place: u64, task: u64, at: u64) -> Vec<u64> {
    let named = word(NAME, 0, task);
    vec![
        word(SPAWN, place, task),
        stamp(at),
        named,
        word(POLL, place, task),
        stamp(at + 10),
        word(END, 0, task),
        stamp(at + 20),
    ]
}

#[test]
fn texts_come_out_as_they_went_in() {
    for text in TEXTS {
        let texts = Texts { runtime: Some(text), files: [text, "src/b.rs"], name: text };
        let unnamed = [word(SPAWN, 1, 2), stamp(200), word(POLL, 1, 2), stamp(210)];
        let recording = recording_of(&texts, 1_000, &[worker(0, [life(1, 1, 100), unnamed.to_vec()].concat())]);
        let exported = exported(&recording);
        let polls: Vec<_> = exported.slices().filter(|slice| slice.task.is_some()).collect();
        let names: Vec<_> = polls.iter().map(|poll| poll.name.as_str()).collect();
        let line = format!("{text}:4");
        assert_eq!(names, [if text.is_empty() { &line } else { text }, &line]);
        let place = format!("{text}:4:9");
        assert!(polls.iter().all(|poll| poll.place.as_ref() == Some(&place)), "{polls:?}");

        let (timeline, json) = (Timeline::new(&recording), json(&recording));
        let process = &json["traceEvents"][0];
        let title = format!("fusee, runtime {text}");
        assert_eq!((&process["name"], &process["args"]["name"]), (&"process_name".into(), &title.into()));
        let summary = timeline.summary(9).to_string();
        assert!(
            summary.chars().all(|letter| letter == '\n' || !letter.is_control() && letter != '\u{202e}'),
            "{summary:?}"
        );
        assert_eq!(summary.split_once('\n').unwrap().0.rsplit_once(": taken ").unwrap().1.matches(' ').count(), 5);
    }
}

#[test]
fn no_order_of_events_breaks_a_timeline() {
    let backwards = vec![word(POLL, 1, 1), stamp(900), word(PARK, 0, 0), stamp(300), word(UNPARK, 0, 0), stamp(0)];
    let ends_first =
        vec![word(END, 2, 1), stamp(1), word(END, 1, 1), stamp(2), word(SPAWN, 1, 1), word(SPAWN, 2, 1), stamp(3)];
    let wakes_at_once =
        vec![word(UNPARK, 0, 0), stamp(5), word(UNPARK, 0, 0), stamp(5), word(PARK, 0, 0), word(PARK, 0, 0), stamp(5)];
    let unknown = vec![word(NAME, 99, 1), word(POLL, 99, 1), stamp(7), word(NAME, 99, 2), word(WAKE, 0, 2), stamp(8)];
    let no_poll =
        vec![word(YIELD, 0, 1), stamp(1), word(WAKE, 1, 0), word(STEAL, 99, 1 << 43), word(FIRE, 9, 3), stamp(2)];
    let jobs =
        vec![word(BLOCK, 1, 4), stamp(3), word(BLOCK, 0, 4), word(BLOCK, 0, 5), stamp(4), word(BLOCK, 1, 4), stamp(6)];
    let roots = vec![word(ROOT, 0, 0), stamp(10), word(END, 0, 0), word(ROOT, 0, 0), word(PARK, 0, 0), stamp(11)];
    let all = [backwards, ends_first, wakes_at_once, unknown, no_poll, jobs, roots];
    // Each as that of each kind of thread, all of them at once, and one behind the other, either way round.
    let mut recordings: Vec<_> =
        all.iter().flat_map(|words| (0..4).map(|kind| recording(1, &[(kind, 0, 3, words.clone())]))).collect();
    let workers: Vec<_> = all.iter().zip(0..).map(|(words, number)| worker(number, words.clone())).collect();
    recordings.push(recording(0, &workers));
    recordings.push(recording(5, &[worker(0, all.concat())]));
    recordings.push(recording(5, &[worker(0, all.iter().rev().flatten().copied().collect::<Vec<_>>())]));
    for recording in recordings {
        // It checks that slices follow each other, and that both formats say the same.
        let exported = exported(&recording);
        let events: usize = recording.tracks().iter().map(|track| track.events().len()).sum();
        assert!(events > 0 && !(exported.tracks.is_empty() && exported.marks.is_empty()), "{recording:?}");
        let summary = Timeline::new(&recording).summary(9).to_string();
        assert!(summary.lines().skip(1).all(|line| line.chars().count() <= 80), "{summary}");
    }
}

#[test]
fn one_that_is_taken_at_the_end_of_time_is_written() {
    let recording = recording(u64::MAX, &[worker(0, [word(POLL, 1, 1), stamp((1 << 60) - 1)])]);
    let slices = json(&recording)["traceEvents"].as_array().unwrap().iter().filter(|entry| entry["ph"] == "X").count();
    let mut protobuf = Vec::new();
    Timeline::new(&recording).write_perfetto(&mut protobuf, true).unwrap();
    let [slice] = &read::perfetto(&protobuf).tracks["worker 0"][..] else { panic!("one slice") };
    assert_eq!((slices, slice.begins, slice.ends), (1, (1 << 60) - 1, u64::MAX));
}

#[test]
fn one_hot_place_hides_no_other_and_estimates_are_marked() {
    let polls = (0..100).flat_map(|number| [word(POLL, 1, 1), stamp(1_000 * number + 1)]);
    // The last two share the time until the worker parks.
    let others = [word(POLL, 2, 2), stamp(100_000), word(POLL, 2, 3), word(PARK, 0, 0), stamp(100_100)];
    let recording = recording(200_000, &[worker(0, polls.chain(others).collect::<Vec<_>>())]);
    let summary = Timeline::new(&recording).summary(3).to_string();
    let section = |title: &str| {
        let found = summary.split("\n\n").find(|section| section.starts_with(title)).unwrap();
        let rows = found.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        rows.collect::<Vec<_>>()
    };
    assert_eq!(
        section("Longest polls"),
        ["1.00 µs 100 src/a.rs:4 0x10 worker 0 0.000000", "~ 50 ns 2 src/b.rs:5 0x20 worker 0 0.000100"]
    );
    assert_eq!(
        section("Busiest places"),
        ["src/a.rs:4 1 100 100 µs 99.9 % 1.00 µs", "src/b.rs:5 2 2 ~ 100 ns 0.1 % ~ 50 ns"]
    );
}
