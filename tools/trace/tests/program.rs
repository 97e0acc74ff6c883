//! A real program is recorded, exported and summed up, and what it did is found.

#[path = "support/read.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod read;
#[path = "../examples/record.rs"]
#[allow(dead_code, reason = "a program of its own")]
mod sample;

use fusee_trace::Timeline;
use read::exported;
use sample::{BLOCKED, record};

#[test]
fn what_a_program_did_is_found() {
    let recorded = record();
    let exported = exported(&recorded.recording);
    let place = |line: u32| format!("{}:{line}:", sample::FILE);

    let longest = exported.slices().filter(|slice| slice.task.is_some()).max_by_key(|slice| slice.ends - slice.begins);
    let longest = longest.unwrap();
    assert!(longest.place.as_ref().unwrap().starts_with(&place(recorded.blocked)), "{longest:?}");
    assert!((longest.ends - longest.begins) as u128 >= BLOCKED.as_nanos(), "{longest:?}");
    assert!(longest.is_exact && longest.is_finished, "{longest:?}");

    // The one that waits is polled for its spawn, and again for the send.
    let to_waiter: Vec<_> = exported.arrows.iter().filter(|(_, to)| exported.slice(to).name == "waiter").collect();
    let [spawned, woken] = to_waiter[..] else { panic!("{to_waiter:?}") };
    for (from, to) in [spawned, woken] {
        assert!(exported.slice(from).place.as_ref().unwrap().starts_with(&place(recorded.parent)), "{from:?}");
        assert!(exported.slice(to).place.as_ref().unwrap().starts_with(&place(recorded.waiter)), "{to:?}");
    }
    assert!(exported.slice(&woken.1).begins - exported.slice(&spawned.1).begins >= 4_000_000);

    for name in ["spawn", "cancelled", "panicked"] {
        assert!(exported.marks.iter().any(|(_, mark, _)| mark == name), "no {name}");
    }
    for name in ["park", "fire", "block_on", "blocking job"] {
        assert!(exported.slices().any(|slice| slice.name == name), "no {name}");
    }
    let waits = |states: &Vec<(String, u64, u64)>| states.iter().any(|(name, ..)| name == "waiting");
    assert!(exported.tasks.iter().any(waits));
}

#[test]
fn the_summary_of_a_program_says_what_it_did() {
    let recorded = record();
    let summary = Timeline::new(&recorded.recording).summary(4).to_string();
    let section = |title: &str| {
        let text = summary.split("\n\n").find(|section| section.starts_with(title));
        text.unwrap_or_else(|| panic!("no {title} in {summary}")).lines().skip(2).collect::<Vec<_>>()
    };
    assert!(section("Longest polls")[0].contains(&format!("record.rs:{} ", recorded.blocked)), "{summary}");
    assert!(section("Busiest places")[0].contains(&format!("record.rs:{} ", recorded.blocked)), "{summary}");
    let ends = section("Tasks that ended early: 1 panicked, 1 cancelled");
    for (row, how, line) in [(0, "panicked", recorded.panicking), (1, "cancelled", recorded.aborted)] {
        assert!(ends[row].contains(how) && ends[row].contains(&format!("record.rs:{line} ")), "{summary}");
    }
    assert!(summary.starts_with("fusee, runtime sample: taken 2"), "{summary}");
    assert!(summary.lines().all(|line| line.chars().count() <= 80), "{summary}");
}
