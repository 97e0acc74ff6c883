//! The schedules are not empty: a protocol that is broken on purpose is found, by its scenario and in the way stated.
//!
//! `loom-tests/mutants.txt` lists all mutants. Here is one for most parts of the runtime, each of which is structural: shuttle knows no weak
//! memory, so that an ordering or a fence left out is for the models alone.

use std::process::Command;

/// A mutant, the scenario that must fail, and what its first panic says, this or that. None of those that corrupt memory, which may fail in any way,
/// nor of those that tell nobody of a task in a queue: in a whole runtime the watch does, before long.
const MUTANTS: &[(&str, &str, &str)] = &[
    ("parker_notify_lock", "waking::ping_pong", "deadlock!"),
    ("join_keeps_waker", "current_thread::hands_its_worker_on", "deadlock!"),
    ("join_ignores_complete", "spawning::storm", "deadlock!"),
    ("arrivals_skip_second_look", "spawning::join_set", "deadlock!"),
    ("idle_skip_recheck", "spawning::from_outside", "deadlock!"),
    ("watch_skip_recheck", "spawning::behind_stuck_polls", "deadlock!"),
    ("slot_skip_unpark", "current_thread::hands_its_worker_on", "deadlock!"),
    ("root_notify_before_flag", "current_thread::woken_from_outside", "deadlock!"),
    ("driver_skip_rescan", "timers::from_outside", "deadlock!"),
    ("timer_wakes_untold", "timers::behind_stuck_polls", "deadlock!"),
    ("timing_forgets", "timers::behind_stuck_polls", "deadlock!"),
    ("blocking_notify", "blocking::jobs", "deadlock!"),
    ("block_in_place_keeps", "blocking::in_place", "deadlock!"),
    ("local_recheck", "local::with_remote_wakes", "deadlock!"),
    ("scheduler_unpark_before_flag", "shutdown::beside_block_on", "deadlock!"),
    ("worker_exit_keeps_queue", "shutdown::dropped_at_any_moment", "every handle resolves|something has leaked"),
    ("poller_wakes_before_token", "sources::echo", "deadlock!"),
    ("io_skips_second_look", "sources::echo", "deadlock!"),
    ("io_clear_ignores_tick", "sources::echo", "deadlock!"),
    ("driver_moves_unlooked", "sources::paused", "time overtakes an exchange"),
    ("membership_ignores_refusal", "shutdown::dropped_at_any_moment", "every handle resolves"),
];

/// Those that take hundreds of schedules to be found: only where others run by the thousand, too.
const RARE: &[(&str, &str, &str)] = &[
    ("idle_hand_on", "spawning::behind_stuck_polls", "deadlock!"),
    ("timer_reset_ignores_fired", "timers::resets_and_moves", "a sleep is never early"),
    ("io_stirs_late", "sources::paused", "time overtakes an exchange"),
    ("awake_stirs_late", "timers::paused", "time stands still while a task runs"),
    ("scheduler_check_before_push", "shutdown::dropped_at_any_moment", "every handle resolves"),
];

/// How many schedules of each kind a scenario has at most, from the fixed seed; and where the mutant is rare.
const AT_MOST: [&str; 2] = ["2000", "10000"];

/// Says so for all scenarios.
const ITERATIONS: &str = "FUSEE_SHUTTLE_ITERATIONS";

#[test]
fn are_found() {
    let program = std::env::current_exe().expect("the test knows its program");
    let mut complaints = Vec::new();
    let rare = if std::env::var_os(ITERATIONS).is_some() { RARE } else { &[] };
    let [often, seldom] = AT_MOST;
    let all = MUTANTS.iter().map(|mutant| (mutant, often)).chain(rare.iter().map(|mutant| (mutant, seldom)));
    for ((mutant, scenario, expected), at_most) in all {
        let output = Command::new(&program)
            .args(["--exact", scenario, "--nocapture", "--test-threads", "1"])
            .env("FUSEE_MUTANT", mutant)
            .env(ITERATIONS, at_most)
            .env_remove("FUSEE_SHUTTLE_SEED")
            .env_remove("FUSEE_SHUTTLE_WORKERS")
            .env_remove("FUSEE_SHUTTLE_REPLAY")
            .env_remove("SHUTTLE_RANDOM_SEED")
            .output()
            .expect("the test's program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.split_once(" panicked at ").map_or("nothing", |(_, panic)| panic);
        let message = first.lines().take(3).collect::<Vec<_>>().join(" ");
        if output.status.success() || !expected.split('|').any(|text| message.contains(text)) {
            complaints.push(format!("{mutant} in {scenario}: {}, {message}", output.status));
        }
    }
    assert!(complaints.is_empty(), "not found as expected:\n{}", complaints.join("\n"));
}
