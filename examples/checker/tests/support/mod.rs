//! What the tests share.
#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]

pub mod fake;
pub mod program;
pub mod site;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use checker::crawl::{Limits, crawl};
use checker::fetch::{Effort, Fetcher};
use checker::politeness::Politeness;
use checker::report::Report;
use checker::transport::Transport;
use fusee::runtime::Builder;
use fusee::time::{Duration, timeout};
use fusee_hyper::MemoryConnector;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Longer than anything takes that does not hang.
pub const WATCHDOG: Duration = Duration::from_secs(120);

/// Runs `body` on a runtime whose clock stands still, and goes on when everybody waits.
pub fn on_virtual_time<T>(body: impl AsyncFnOnce() -> T) -> T {
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async { timeout(Duration::from_secs(24 * 3600), body()).await.expect("it hangs") })
}

/// Serves `router` in a task, over connections in memory.
pub fn served(router: Router) -> MemoryConnector {
    let (connector, listener) = fusee_hyper::memory(64 * 1024);
    fusee::spawn(fusee_hyper::serve(listener, router).into_future());
    connector
}

/// Retries without chance: pauses of 100, 200, 400 ms and so on, up to ten seconds.
pub fn effort() -> Effort {
    Effort {
        timeout: Duration::from_secs(5),
        retries: 3,
        pause: Duration::from_millis(100),
        longest: Duration::from_secs(10),
        jitter: false,
        redirects: 5,
    }
}

/// Anything goes.
pub fn limits() -> Limits {
    Limits { depth: None, concurrency: number(16), per_host: number(16), same_host: false, robots: false }
}

pub fn fetcher<T: Transport>(transport: T, period: Option<Duration>, per_host: u32) -> Arc<Fetcher<T>> {
    let politeness = Politeness::new(period, number(per_host));
    Arc::new(Fetcher::new(transport, politeness, effort(), CancellationToken::new()))
}

/// Crawls from one page.
pub async fn crawled<T: Transport>(fetcher: Arc<Fetcher<T>>, limits: Limits, start: &str) -> Report {
    crawl(fetcher, limits, vec![url(start)], |_| ()).await
}

pub fn number(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

pub fn url(text: &str) -> Url {
    text.parse().unwrap()
}
