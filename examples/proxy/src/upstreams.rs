//! Whom a connection goes to.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fusee::time::{Duration, Instant, timeout};

/// How long an upstream that could not be connected to is asked only after all others.
const SHUNNED: Duration = Duration::from_secs(5);

/// Who is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Each in its turn.
    RoundRobin,
    /// Who has the fewest connections open; each in its turn where several have.
    LeastConnections,
}

/// One of those that connections go to, and what has gone there. The figures are counters only: they order nothing.
#[derive(Debug)]
pub struct Upstream {
    /// `HOST:PORT`; a name is looked up for each connection.
    pub address: Arc<str>,
    /// How many connections it has got.
    pub connections: AtomicU64,
    /// Bytes from clients to it.
    pub there: AtomicU64,
    /// Bytes from it to clients.
    pub back: AtomicU64,
    open: AtomicUsize,
    shunned_until: Mutex<Option<Instant>>,
}

impl Upstream {
    fn new(address: &str) -> Self {
        Self {
            address: address.into(),
            connections: AtomicU64::new(0),
            there: AtomicU64::new(0),
            back: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            shunned_until: Mutex::new(None),
        }
    }

    /// How many connections it has, those counted that are being made.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn is_shunned(&self) -> bool {
        let until = *self.shunned_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until > Instant::now())
    }

    /// Sets until when it is shunned; answers whether that is news: that it was well before and is down now, or the other way round.
    fn shun(&self, until: Option<Instant>) -> bool {
        let mut shunned_until = self.shunned_until.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *shunned_until, until).is_some() != until.is_some()
    }
}

/// A place among an upstream's open connections, given up when it is dropped.
#[derive(Debug)]
pub struct Held(Arc<Upstream>);

impl Held {
    fn new(upstream: &Arc<Upstream>) -> Self {
        upstream.open.fetch_add(1, Ordering::Relaxed);
        Self(upstream.clone())
    }

    /// Whose place it is.
    pub fn upstream(&self) -> &Upstream {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All that connections may go to.
#[derive(Debug)]
pub struct Upstreams {
    all: Vec<Arc<Upstream>>,
    policy: Policy,
    turn: AtomicUsize,
}

impl Upstreams {
    /// Upstreams at `addresses`, in the order of their turns.
    pub fn new<'a>(addresses: impl IntoIterator<Item = &'a str>, policy: Policy) -> Self {
        let all = addresses.into_iter().map(|address| Arc::new(Upstream::new(address))).collect();
        Self { all, policy, turn: AtomicUsize::new(0) }
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<Upstream>] {
        &self.all
    }

    /// All of them in the order in which the next connection asks them: by the policy, and those that are shunned last.
    fn in_order(&self) -> Vec<&Arc<Upstream>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len().max(1);
        let mut order: Vec<_> = self.all[turn..].iter().chain(&self.all[..turn]).collect();
        // Stable: the turns decide among equals.
        order.sort_by_key(|upstream| {
            let open = if self.policy == Policy::LeastConnections { upstream.open() } else { 0 };
            (upstream.is_shunned(), open)
        });
        order
    }

    /// Connects to the first that can be had within `limit`, by `connect`. None can: nothing.
    ///
    /// Says on standard error who is down, and who is up again.
    pub async fn connect<S, F>(&self, limit: Duration, connect: impl Fn(Arc<str>) -> F) -> Option<(Held, S)>
    where
        F: Future<Output = io::Result<S>>,
    {
        for upstream in self.in_order() {
            // Taken before it is connected, so that connections that are made at the same time do not all choose the same.
            let held = Held::new(upstream);
            // A limit that has passed is an error of the kind `TimedOut`.
            let connected = match timeout(limit, connect(upstream.address.clone())).await {
                Ok(connected) => connected,
                Err(elapsed) => Err(elapsed.into()),
            };
            match connected {
                Ok(stream) => {
                    if upstream.shun(None) {
                        eprintln!("proxy: {} is up again", upstream.address);
                    }
                    upstream.connections.fetch_add(1, Ordering::Relaxed);
                    return Some((held, stream));
                }
                Err(error) => {
                    if upstream.shun(Some(Instant::now() + SHUNNED)) {
                        eprintln!("proxy: {} is down: {error}", upstream.address);
                    }
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::future::pending;

    use fusee::time::sleep;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(3);

    fn three(policy: Policy) -> Upstreams {
        Upstreams::new(["a:1", "b:1", "c:1"], policy)
    }

    /// Connects, where `down` refuse; answers to whom.
    async fn connect(upstreams: &Upstreams, down: &[&str]) -> Option<Held> {
        let down: HashSet<&str> = down.iter().copied().collect();
        let refuse = |address: Arc<str>| {
            let refused = down.contains(&*address);
            async move { if refused { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(()) } }
        };
        upstreams.connect(LIMIT, refuse).await.map(|(held, ())| held)
    }

    fn name(held: &Option<Held>) -> &str {
        held.as_ref().map_or("none", |held| &held.upstream().address)
    }

    #[fusee::test(start_paused = true)]
    async fn round_robin_takes_each_in_its_turn() {
        let upstreams = three(Policy::RoundRobin);
        for expected in ["a:1", "b:1", "c:1", "a:1", "b:1"] {
            assert_eq!(name(&connect(&upstreams, &[]).await), expected);
        }
    }

    #[fusee::test(start_paused = true)]
    async fn least_connections_takes_who_has_the_fewest() {
        let upstreams = three(Policy::LeastConnections);
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(connect(&upstreams, &[]).await);
        }
        assert!(upstreams.all().iter().all(|upstream| upstream.open() == 2));
        // Both of b's end: the next two go there, wherever the turn is.
        held.retain(|held| name(held) != "b:1");
        let (one, two) = (connect(&upstreams, &[]).await, connect(&upstreams, &[]).await);
        assert_eq!((name(&one), name(&two)), ("b:1", "b:1"));
    }

    #[fusee::test(start_paused = true)]
    async fn connections_that_are_being_made_count() {
        let upstreams = Arc::new(three(Policy::LeastConnections));
        for _ in 0..3 {
            let upstreams = upstreams.clone();
            fusee::spawn(async move { upstreams.connect(LIMIT, |_| pending::<io::Result<()>>()).await.is_some() });
        }
        sleep(Duration::from_secs(1)).await;
        assert!(upstreams.all().iter().all(|upstream| upstream.open() == 1));
    }

    #[fusee::test(start_paused = true)]
    async fn who_is_down_is_asked_last_for_five_seconds() {
        let (upstreams, asked) = (three(Policy::RoundRobin), Mutex::new(String::new()));
        let connect = |address: Arc<str>| {
            asked.lock().unwrap().push_str(&address[..1]);
            async move { if &*address == "a:1" { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(()) } }
        };
        for expected in ["ab", "b", "c", "b", "b", "c"] {
            assert!(upstreams.connect(LIMIT, connect).await.is_some());
            assert_eq!(std::mem::take(&mut *asked.lock().unwrap()), expected);
        }
        sleep(SHUNNED).await;
        assert!(upstreams.connect(LIMIT, connect).await.is_some());
        assert_eq!(*asked.lock().unwrap(), "ab");
    }

    #[fusee::test(start_paused = true)]
    async fn who_is_shunned_is_asked_if_nobody_else_is_there() {
        let upstreams = three(Policy::RoundRobin);
        assert_eq!(name(&connect(&upstreams, &["a:1", "b:1", "c:1"]).await), "none");
        assert_eq!(name(&connect(&upstreams, &["a:1", "b:1"]).await), "c:1");
        assert!(upstreams.all().iter().all(|upstream| upstream.open() == 0));
    }

    #[fusee::test(start_paused = true)]
    async fn who_does_not_answer_within_the_limit_is_passed_over() {
        let upstreams = three(Policy::RoundRobin);
        let start = Instant::now();
        let silent = |address: Arc<str>| async move { if &*address == "c:1" { Ok(()) } else { pending().await } };
        let (held, ()) = upstreams.connect(LIMIT, silent).await.unwrap();
        assert_eq!((&*held.upstream().address, start.elapsed()), ("c:1", 2 * LIMIT));
    }
}
