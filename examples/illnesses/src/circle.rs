//! Two tasks that wait for each other's end: as they are told to stop, each lets the other one go first.

use std::io;

use fusee::insight::{Dump, TaskState};
use fusee::runtime::Builder;
use fusee::sync::oneshot;
use fusee::task::{self, JoinHandle};

use crate::dump_once;

/// Ends after the task that it is told of.
async fn last(other: oneshot::Receiver<JoinHandle<()>>) {
    if let Ok(other) = other.await {
        let _ = other.await;
    }
}

pub(crate) fn diagnose() -> io::Result<String> {
    let runtime = Builder::new_multi_thread().worker_threads(2).task_statistics(true).build()?;
    let dump = runtime.block_on(async {
        let (tell_reader, told) = oneshot::channel();
        let reader = task::Builder::new().name("reader").spawn(last(told))?;
        let (tell_writer, told) = oneshot::channel();
        let writer = task::Builder::new().name("writer").spawn(last(told))?;
        let ends = [reader.abort_handle(), writer.abort_handle()];
        let all_wait = |dump: &Dump| dump.tasks().iter().filter(|task| task.state() == TaskState::Waiting).count() == 2;
        dump_once(all_wait).await;
        let _ = (tell_reader.send(writer), tell_writer.send(reader));
        let dump = dump_once(|dump| all_wait(dump) && !dump.circles().is_empty()).await;
        // They would never end.
        ends.iter().for_each(|end| end.abort());
        io::Result::Ok(dump)
    })?;
    Ok(dump.to_string())
}
