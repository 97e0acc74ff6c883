//! A future that waits and leaves its waker nowhere.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::task::Poll;

use fusee::runtime::Builder;

use crate::dump_once;

static IS_READY: AtomicBool = AtomicBool::new(false);

/// Looks, and asks nobody to be told.
async fn is_ready() {
    poll_fn(|_| if IS_READY.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }).await;
}

pub(crate) fn diagnose() -> io::Result<String> {
    let (tell, told) = channel();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .on_task_stranded(move |task| {
            drop(tell.send(format!("nobody can ever wake the task spawned at {}", task.spawned_at())));
        })
        .build()?;
    let waits = runtime.spawn(is_ready());
    let hook = told.recv().map_err(io::Error::other)?;
    let dump = runtime.block_on(dump_once(|dump| dump.stranded().next().is_some()));
    waits.abort();
    Ok(format!("{hook}\n\n{dump}"))
}
