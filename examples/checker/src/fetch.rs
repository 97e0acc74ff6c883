//! How an address is asked: in turn, with a time limit, again if that may help, and along its redirects.

use std::sync::{Mutex, MutexGuard, PoisonError};

use backon::{ExponentialBuilder, Retryable};
use fusee::time::{Duration, Instant, sleep, timeout};
use hyper::{Method, StatusCode};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::politeness::{Politeness, host_of};
use crate::transport::{Answer, Failure, Request, Transport, Want};

/// How hard an address is tried.
#[derive(Clone, Debug)]
pub struct Effort {
    /// How long one request may take, from the connect to the last byte that is wanted.
    pub timeout: Duration,
    /// How often a request is made again, after the first time.
    pub retries: usize,
    /// The pause before the first of those. Each is twice as long as the last, up to [`longest`](Self::longest).
    pub pause: Duration,
    /// The longest pause. A server that asks for a longer one is not asked again.
    pub longest: Duration,
    /// Whether up to as much again is added to each pause, at random, so that those who failed together do not come back
    /// together.
    pub jitter: bool,
    /// How many redirects are followed.
    pub redirects: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            retries: 3,
            pause: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            jitter: true,
            redirects: 10,
        }
    }
}

/// What was done for all addresses together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that were made again.
    pub retries: usize,
    /// How long each request took that was answered, without its wait for a turn.
    pub latencies: Vec<Duration>,
    /// Requests, answered or not.
    pub requests: usize,
}

/// Asks addresses.
#[derive(Debug)]
pub struct Fetcher<T> {
    transport: T,
    politeness: Politeness,
    effort: Effort,
    stop: CancellationToken,
    tally: Mutex<Tally>,
}

/// The answer at the end of the redirects.
#[derive(Debug)]
pub struct Fetched {
    /// Where that is.
    pub url: Url,
    /// The answer.
    pub answer: Answer,
}

/// An attempt that another one may better.
#[derive(Debug)]
enum Setback {
    Answer(Answer),
    Failure(Failure),
}

impl<T: Transport> Fetcher<T> {
    /// Asks by `transport`, until `stop` is cancelled: then requests that are under way end, and everything that would wait,
    /// for a turn or to try again, fails as [`Stopped`](Failure::Stopped).
    pub fn new(transport: T, politeness: Politeness, effort: Effort, stop: CancellationToken) -> Self {
        Self { transport, politeness, effort, stop, tally: Mutex::default() }
    }

    /// Whether somebody has said to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// What has been done so far.
    pub fn tally(&self) -> Tally {
        self.count().clone()
    }

    /// Asks `url`, and follows its redirects.
    ///
    /// # Errors
    /// There was no answer, or the redirects led nowhere. An answer of whatever status is none.
    pub async fn fetch(&self, url: &Url, want: Want) -> Result<Fetched, Failure> {
        let mut way = vec![url.clone()];
        loop {
            let url = way.last().expect("it begins with one").clone();
            let answer = self.ask(&url, want).await?;
            let Some(location) = answer.location() else { return Ok(Fetched { url, answer }) };
            let next = url.join(&location).ok().filter(|next| matches!(next.scheme(), "http" | "https"));
            let Some(mut next) = next.filter(|_| !location.is_empty()) else {
                return Err(Failure::BadRedirect(location));
            };
            next.set_fragment(None);
            if way.contains(&next) {
                return Err(Failure::RedirectLoop(next));
            }
            if way.len() > self.effort.redirects {
                return Err(Failure::TooManyRedirects(self.effort.redirects));
            }
            way.push(next);
        }
    }

    /// Asks for the head alone, if that is enough to know; else, or if the server makes a difference, by GET.
    async fn ask(&self, url: &Url, want: Want) -> Result<Answer, Failure> {
        if want == Want::Status {
            let answer = self.persist(Method::HEAD, url, want).await?;
            let is_in_doubt = answer.status.is_client_error() && answer.status != StatusCode::TOO_MANY_REQUESTS;
            if !is_in_doubt && answer.status != StatusCode::NOT_IMPLEMENTED {
                return Ok(answer);
            }
        }
        self.persist(Method::GET, url, want).await
    }

    /// Asks again, with pauses that grow, as long as that may help.
    async fn persist(&self, method: Method, url: &Url, want: Want) -> Result<Answer, Failure> {
        let Effort { pause, longest, retries, jitter, .. } = self.effort;
        let mut pauses =
            ExponentialBuilder::new().with_min_delay(pause).with_max_delay(longest).with_max_times(retries);
        if jitter {
            pauses = pauses.with_jitter();
        }
        let stop = self.stop.clone();
        let pausing = move |pause| {
            let stop = stop.clone();
            async move { stop.run_until_cancelled(sleep(pause)).await }
        };
        let attempts = || self.attempt(method.clone(), url, want);
        let outcome = attempts
            .retry(pauses)
            .sleep(pausing)
            .when(Setback::may_pass)
            // The wish itself is the politeness's to grant, for whoever asks that host.
            .adjust(|setback, pause| pause.filter(|_| setback.retry_after().is_none_or(|wish| wish <= longest)))
            .notify(|_, _| self.count().retries += 1)
            .await;
        match outcome {
            Ok(answer) | Err(Setback::Answer(answer)) => Ok(answer),
            Err(Setback::Failure(failure)) => Err(failure),
        }
    }

    /// One request, in its turn.
    async fn attempt(&self, method: Method, url: &Url, want: Want) -> Result<Answer, Setback> {
        let host = host_of(url);
        let turn = self.stop.run_until_cancelled(self.politeness.turn(&host)).await;
        let Some(_turn) = turn.filter(|_| !self.is_stopped()) else { return Err(Setback::Failure(Failure::Stopped)) };
        let limit = self.effort.timeout;
        let start = Instant::now();
        self.count().requests += 1;
        let sending = self.transport.send(Request { method, url: url.clone(), want });
        let answer = timeout(limit, sending).await.unwrap_or(Err(Failure::TimedOut(limit)));
        let answer = answer.map_err(Setback::Failure)?;
        self.count().latencies.push(start.elapsed());
        if !is_passing(answer.status) {
            return Ok(answer);
        }
        let setback = Setback::Answer(answer);
        if let Some(wish) = setback.retry_after() {
            self.politeness.hush(&host, wish.min(self.effort.longest));
        }
        Err(setback)
    }

    fn count(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Setback {
    /// Whether another attempt may go better. One that ran out of time would, as a rule, again.
    fn may_pass(&self) -> bool {
        match self {
            Self::Answer(_) => true,
            Self::Failure(failure) => matches!(failure, Failure::Connect(_) | Failure::BrokeOff(_)),
        }
    }

    /// How long the server wants to be left alone.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answer(answer) => answer.retry_after(),
            Self::Failure(_) => None,
        }
    }
}

/// Whether a status says that things may be better later.
fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}
