//! What is made of events that are missing, that are spread, and of ids that are another's.

#[path = "support/read.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod read;
#[path = "support/words.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod words;

use read::{Exported, exported};
use words::{END, PARK, POLL, SPAWN, UNPARK, WAKE, recording, stamp, word, worker};

fn spans(exported: &Exported, track: &str) -> Vec<(&'static str, u64, u64)> {
    let names = ["src/a.rs:4", "src/b.rs:5", "park", "hook", "begun before", "block_on", "fire", "blocking job"];
    let known = |name: &str| names.into_iter().find(|known| *known == name).unwrap();
    exported.tracks[track].iter().map(|slice| (known(&slice.name), slice.begins, slice.ends)).collect()
}

fn states(exported: &Exported, task: usize) -> Vec<(&str, u64, u64)> {
    exported.tasks[task].iter().map(|(name, begins, ends)| (name.as_str(), *begins, *ends)).collect()
}

#[test]
fn an_id_is_another_tasks_after_an_end() {
    let once = |at, place| {
        [word(SPAWN, place, 1), stamp(at), word(POLL, place, 1), stamp(at + 10), word(END, 0, 1), stamp(at + 20)]
    };
    let exported = exported(&recording(1_000, &[worker(0, [once(100, 1), once(200, 2)].concat())]));
    assert_eq!(states(&exported, 0), [("queued", 100, 110), ("running", 110, 120)]);
    assert_eq!(states(&exported, 1), [("queued", 200, 210), ("running", 210, 220)]);
    let expected = [("begun before", 100, 110), ("src/a.rs:4", 110, 210), ("src/b.rs:5", 210, 1_000)];
    assert_eq!(spans(&exported, "worker 0"), expected);
}

#[test]
fn a_poll_after_an_end_is_of_another_task_though_its_spawn_is_lost() {
    let words = [word(POLL, 1, 1), stamp(100), word(END, 0, 1), stamp(110), word(POLL, 2, 1), stamp(120)];
    let exported = exported(&recording(130, &[worker(0, words)]));
    assert_eq!(spans(&exported, "worker 0"), [("src/a.rs:4", 100, 120), ("src/b.rs:5", 120, 130)]);
    assert_eq!(exported.tasks.len(), 2);
}

#[test]
fn what_is_begun_before_is_a_slice_and_so_is_what_goes_on() {
    let words = [word(WAKE, 1, 1), stamp(100), word(POLL, 1, 1), stamp(150)];
    let exported = exported(&recording(900, &[worker(0, words)]));
    assert_eq!(spans(&exported, "worker 0"), [("begun before", 100, 150), ("src/a.rs:4", 150, 900)]);
    assert!(!exported.tracks["worker 0"][1].is_finished);
    assert_eq!(exported.arrows, [(("worker 0".to_owned(), 0), ("worker 0".to_owned(), 1))]);
    assert_eq!(states(&exported, 0), [("queued", 100, 150), ("running", 150, 900)]);
}

#[test]
fn an_arrow_leads_from_one_thread_to_another_and_a_task_waits_until_then() {
    let first = [word(POLL, 1, 1), stamp(100), word(PARK, 0, 0), stamp(130)];
    let second = [word(POLL, 2, 2), stamp(200), word(WAKE, 1, 1), stamp(210), word(PARK, 0, 0), stamp(220)];
    let third = [word(UNPARK, 0, 0), stamp(240), word(POLL, 1, 1), word(END, 0, 1), stamp(250)];
    let exported = exported(&recording(300, &[worker(0, [&first[..], &third].concat()), worker(1, second)]));
    assert_eq!(exported.arrows, [(("worker 1".to_owned(), 0), ("worker 0".to_owned(), 2))]);
    let expected = [("running", 100, 130), ("waiting", 130, 210), ("queued", 210, 245), ("running", 245, 250)];
    assert_eq!(states(&exported, 0), expected);
    assert!(!exported.tracks["worker 0"][2].is_exact);
}

#[test]
fn times_that_are_spread_do_not_make_two_tasks_of_one() {
    // By its time the spawn, which is spread, comes after the poll and the end.
    let spawner = [word(POLL, 2, 2), stamp(100), word(WAKE, 2, 2), word(SPAWN, 1, 1), word(PARK, 0, 0), stamp(400)];
    let other = [word(POLL, 1, 1), stamp(200), word(END, 0, 1), stamp(210), word(PARK, 0, 0), stamp(220)];
    let exported = exported(&recording(500, &[worker(0, spawner), worker(1, other)]));
    assert_eq!(spans(&exported, "worker 1"), [("src/a.rs:4", 200, 220), ("park", 220, 500)]);
    let of_it: Vec<_> = exported.tasks.iter().filter(|states| states.iter().any(|state| state.1 == 200)).collect();
    assert_eq!(of_it, [&[("running".to_owned(), 200, 210)]]);
    assert_eq!(exported.arrows, [(("worker 0".to_owned(), 0), ("worker 1".to_owned(), 0))]);
}

#[test]
fn a_wake_is_of_no_poll_that_may_have_been_overwritten() {
    let waker = [word(POLL, 2, 2), stamp(100), word(WAKE, 1, 1), stamp(110), word(PARK, 0, 0), stamp(120)];
    let full = [word(POLL, 1, 1), stamp(5_000), word(PARK, 0, 0), stamp(5_010)];
    let lost = |lost| recording(6_000, &[worker(0, waker), (0, 1, lost, full.to_vec())]);
    assert_eq!(exported(&lost(0)).arrows.len(), 1);
    assert_eq!(exported(&lost(1)).arrows, []);
    let queued = |exported: &Exported| exported.tasks.iter().flatten().any(|(name, ..)| name == "queued");
    assert!(queued(&exported(&lost(0))) && !queued(&exported(&lost(1))));
}

#[test]
fn a_wake_up_in_vain_is_followed_by_a_park_and_nothing_between() {
    let rest = [word(UNPARK, 0, 0), stamp(100), word(PARK, 0, 0), stamp(110)];
    let works = [word(UNPARK, 0, 0), stamp(120), word(POLL, 1, 1), stamp(130), word(PARK, 0, 0), stamp(140)];
    let recording = recording(200, &[worker(0, [&rest[..], &works].concat())]);
    let marks = exported(&recording).marks;
    assert_eq!(marks, [("worker 0".to_owned(), "woken in vain".to_owned(), 100)]);
    let summary = fusee_trace::Timeline::new(&recording).summary(3).to_string();
    assert!(summary.contains("worker 0         2        1  50.0 %"), "{summary}");
}

#[test]
fn a_hook_is_no_part_of_the_poll_before_and_of_a_pause_nothing_is_known() {
    let words = [word(POLL, 1, 1), stamp(100), word(PARK, 1, 0), stamp(110), word(POLL, 2, 2), stamp(300)];
    let paused = [word(PARK, 2, 0), stamp(320), word(POLL, 1, 1), stamp(900)];
    let exported = exported(&recording(1_000, &[worker(0, [&words[..], &paused].concat())]));
    let expected = [("src/a.rs:4", 100, 110), ("hook", 110, 300), ("src/b.rs:5", 300, 320), ("src/a.rs:4", 900, 1_000)];
    assert_eq!(spans(&exported, "worker 0"), expected);
}

#[test]
fn block_on_and_the_driver_end_with_what_they_did_last() {
    const FIRE: u64 = 8;
    const ROOT: u64 = 13;
    let driver = vec![word(FIRE, 0, 1), stamp(100), word(WAKE, 1, 1), stamp(110), word(FIRE, 0, 1), stamp(900)];
    let blocked = vec![word(ROOT, 0, 0), stamp(100), word(ROOT, 0, 0), stamp(800), word(SPAWN, 1, 1), stamp(820)];
    let exported = exported(&recording(1_000, &[(1, 0, 0, driver), (3, 0, 0, blocked)]));
    assert_eq!(spans(&exported, "timer driver"), [("fire", 100, 111), ("fire", 900, 901)]);
    assert_eq!(spans(&exported, "block_on 0"), [("block_on", 100, 101), ("block_on", 800, 821)]);
}
