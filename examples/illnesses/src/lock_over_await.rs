//! A lock that one task holds while it waits for something slow: all others wait for it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use fusee::insight::{Dump, TaskState, Wait};
use fusee::runtime::Builder;
use fusee::sync::Mutex;
use fusee::time::sleep;

use crate::dump_once;

async fn store(database: Arc<Mutex<u64>>) {
    let mut rows = database.lock().await;
    // The lock is held meanwhile.
    sleep(Duration::from_secs(2)).await;
    *rows += 1;
}

pub(crate) fn diagnose() -> io::Result<String> {
    let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
    let database = Arc::new(Mutex::new(0));
    let requests: Vec<_> = (0..6).map(|_| runtime.spawn(store(database.clone()))).collect();
    let all_wait = |dump: &Dump| {
        let waiting = dump.tasks().iter().filter(|task| task.state() == TaskState::Waiting).count();
        let sleep = dump.tasks().iter().filter(|task| matches!(task.waits(), [Wait::Timer(_)])).count();
        (waiting, sleep) == (6, 1)
    };
    let dump = runtime.block_on(dump_once(all_wait));
    // Where they wait, to the line.
    let traces = runtime.handle().wait_traces(6, Duration::from_secs(60));
    let traces: Vec<_> = traces.iter().map(|trace| format!("\n\n{trace}")).collect();
    requests.into_iter().for_each(|request| request.abort());
    Ok(dump.to_string() + &traces.concat())
}
