//! How many requests are made, and when: a rate overall, so many at a time for each host, and none to a host that wants to
//! be left alone.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use fusee::sync::{self, OwnedSemaphorePermit, Semaphore};
use fusee::time::{Duration, Instant, Interval, MissedTickBehavior, interval, sleep_until};
use url::Url;

/// Who may make a request now.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
///
/// use checker::politeness::Politeness;
/// use fusee::runtime::Builder;
/// use fusee::time::Instant;
///
/// let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
/// runtime.block_on(async {
///     let politeness = Politeness::new(Some(Duration::from_millis(250)), NonZeroU32::MIN);
///     let start = Instant::now();
///     for _ in 0..5 {
///         let _turn = politeness.turn("site.test").await;
///     }
///     assert_eq!(start.elapsed(), Duration::from_secs(1));
/// });
/// ```
#[derive(Debug)]
pub struct Politeness {
    /// Ticks once for each request. Its lock is a queue.
    pace: Option<sync::Mutex<Interval>>,
    per_host: NonZeroU32,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    slots: Arc<Semaphore>,
    quiet_until: Mutex<Option<Instant>>,
}

/// The right to make one request. The host's place is taken until this is dropped.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Politeness {
    /// Requests are `period` apart, if there is one, and each host has at most `per_host` at a time.
    ///
    /// # Panics
    /// With a period, outside a runtime; and if it is zero.
    pub fn new(period: Option<Duration>, per_host: NonZeroU32) -> Self {
        let pace = period.map(|period| {
            let mut pace = interval(period);
            // Time that nobody used is not made up for by a burst.
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            sync::Mutex::new(pace)
        });
        Self { pace, per_host, hosts: Mutex::default() }
    }

    /// Waits for a turn at `host`: first for a place, then for the host's silence to end, then for the rate.
    ///
    /// # Cancel safety
    /// Dropped, it has lost its place in the queues.
    pub async fn turn(&self, host: &str) -> Turn {
        let host = self.host(host);
        let place = host.slots.clone().acquire_owned().await.expect("nobody closes it");
        loop {
            // It may be prolonged meanwhile.
            while let Some(until) = host.quiet_until() {
                sleep_until(until).await;
            }
            if let Some(pace) = &self.pace {
                pace.lock().await.tick().await;
            }
            if host.quiet_until().is_none() {
                return Turn(place);
            }
        }
    }

    /// Leaves `host` alone for so long, from now on.
    pub fn hush(&self, host: &str, pause: Duration) {
        let host = self.host(host);
        let until = Some(Instant::now() + pause);
        let mut quiet = host.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet = (*quiet).max(until);
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(name) {
            return host.clone();
        }
        let slots = Arc::new(Semaphore::new(self.per_host.get() as usize));
        let host = Arc::new(Host { slots, quiet_until: Mutex::new(None) });
        hosts.insert(name.to_owned(), host.clone());
        host
    }
}

impl Host {
    /// Until when it wants to be left alone, if that is not past.
    fn quiet_until(&self) -> Option<Instant> {
        let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| *until > Instant::now())
    }
}

/// The host of an address, and its port if that is not the scheme's.
pub fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
