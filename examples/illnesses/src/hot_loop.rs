//! A task that looks again and again whether something has happened, and wakes itself to do so.

use std::io;
use std::time::{Duration, Instant};

use fusee::insight::Recorder;
use fusee::runtime::Builder;
use fusee::task::yield_now;
use fusee::time::sleep;

use crate::summary;

pub(crate) fn diagnose() -> io::Result<String> {
    let runtime = Builder::new_multi_thread().worker_threads(2).recorder(Recorder::new()).build()?;
    let deadline = Instant::now() + Duration::from_millis(300);
    let looks = runtime.spawn(async move {
        while Instant::now() < deadline {
            yield_now().await;
        }
    });
    let works = runtime.spawn(async move {
        while Instant::now() < deadline {
            sleep(Duration::from_millis(10)).await;
        }
    });
    runtime.block_on(async { looks.await.and(works.await) }).map_err(io::Error::other)?;
    summary(&runtime)
}
