//! A task that waits for a lock which it has already: a future in its hands was given it, and is polled no more.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fusee::insight::watched;
use fusee::runtime::Builder;
use fusee::sync::{Mutex, oneshot};
use fusee::time::timeout;

use crate::dump_once;

/// So long a future is left before a dump tells of it.
const LEFT: Duration = Duration::from_secs(1);

/// Loses its patience, and not its place in the queue for the lock.
async fn count(rows: Arc<Mutex<u64>>, lost: oneshot::Sender<()>) {
    let mut first = pin!(watched(rows.lock()));
    if timeout(Duration::from_millis(10), first.as_mut()).await.is_err() {
        let _ = lost.send(());
        // The lock is given to `first`, which nobody polls meanwhile.
        *rows.lock().await += 1;
    }
}

pub(crate) fn diagnose() -> io::Result<String> {
    let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
    let rows = Arc::new(Mutex::new(0));
    let dump = runtime.block_on(async {
        let held = rows.lock().await;
        let (tell, told) = oneshot::channel();
        let counts = fusee::spawn(count(rows.clone(), tell));
        let _ = told.await;
        drop(held);
        let dump = dump_once(|dump| dump.futurelocks(LEFT).next().is_some()).await;
        counts.abort();
        dump
    });
    Ok(dump.to_string())
}
