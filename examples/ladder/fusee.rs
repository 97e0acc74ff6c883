//! Rung 9, `fusee`: the same jobs on this runtime.
//!
//! The single thread of `event_loop` becomes several workers, each with a queue of its own and an eye on the others';
//! the one map behind one lock becomes a timer wheel per worker, where filing a sleep and taking it out cost the same
//! however many there are, and a sleep that is dropped is gone at once. A driver thread sleeps until the earliest
//! deadline of all wheels, the role that `background_thread` discovered, and hands over everybody due in one go.
//!
//! Two rows at each size: the jobs as one join, polled by the thread in `block_on`; and each job as a task of its
//! own, spread over the workers. A million jobs are no special case of either.

use futures::future::join_all;

use crate::SECOND;
use crate::measure::{Row, Task};
use crate::sheet::Sheet;

/// One job: two lines, as anybody would write it.
async fn job(sheet: &'static Sheet, n: usize) {
    sheet.counted(n, fusee::time::sleep(SECOND)).await;
    sheet.print(n);
}

/// Runs the jobs as one join, and as tasks.
pub(crate) fn run(task: &Task) -> Result<Vec<Row>, String> {
    let jobs = task.jobs;
    let joined = task.measured("one join", SECOND, |sheet| {
        fusee::runtime::block_on(async { join_all((1..=jobs).map(|n| job(sheet, n))).await });
        Ok(())
    })?;
    let spawned = task.measured("tasks", SECOND, |sheet| {
        fusee::runtime::block_on(async {
            let handles: Vec<_> = (1..=jobs).map(|n| fusee::spawn(job(sheet, n))).collect();
            for handle in handles {
                handle.await.map_err(|error| format!("a job ended with {error}"))?;
            }
            Ok(())
        })
    })?;
    Ok(vec![joined, spawned])
}
