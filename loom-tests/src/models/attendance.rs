//! A model of `src/time/clock/attendance.rs`: paused time beside a worker that goes from hand to hand.

use std::time::Duration;

use crate::harness::{Model, spawn, witness};
use crate::runtime::Builder;
use crate::time::{Instant, sleep};

/// A thread in `block_on`, which drives nothing, waits for a timer while another drives the worker, or has given it back, or has yet to take it:
/// paused time moves for it.
///
/// Mutants: `attendance_by_role`.
#[test]
fn undriven_worker_paused() {
    let model = Model::new("undriven_worker_paused", 5_000).preemptions(2).branches(20_000);
    model.witnesses(&["before", "after"]).check(|| {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let handle = runtime.handle().clone();
        let sleeping = spawn(move || {
            handle.block_on(async {
                let start = Instant::now();
                sleep(Duration::from_nanos(7)).await;
                assert_eq!(start.elapsed(), Duration::from_nanos(7));
            });
        });
        let seen = runtime.block_on(async { Instant::now() });
        sleeping.join().unwrap();
        let end = runtime.block_on(async { Instant::now() });
        witness(if seen == end { "after" } else { "before" });
    });
}
