//! A connection to redis that is made anew when it breaks.
//!
//! The crate `redis` speaks the protocol over any stream with tokio's traits, and answers a driver to be spawned. Its own limits of time belong to the runtimes that it knows, so they are
//! turned off, and `fusee::time` has them.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use backon::{ExponentialBuilder, Retryable};
use fusee::net::{TcpStream, UnixStream};
use fusee::sync::Mutex;
use fusee::time::{Duration, sleep, timeout};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult, RetryMethod};
use tokio_util::sync::CancellationToken;

/// How long it may take to connect, and how long an answer may take besides what its command waits for.
const PATIENCE: Duration = Duration::from_secs(3);

/// A connection that is made when it is needed, and anew after it broke.
pub struct Link {
    to: ConnectionInfo,
    connection: Mutex<Option<MultiplexedConnection>>,
    /// Whether it was said that redis is away.
    away: AtomicBool,
}

impl Link {
    /// A link to the redis at `to`. It is not connected yet.
    pub fn new(to: ConnectionInfo) -> Self {
        Self { to, connection: Mutex::new(None), away: AtomicBool::new(false) }
    }

    /// Where that redis is.
    pub fn address(&self) -> &ConnectionAddr {
        self.to.addr()
    }

    /// Asks by `ask`, which gets a connection, and waits for the answer, for `waits` longer than an answer usually takes. After an error of the connection the next call makes another.
    ///
    /// # Errors
    /// Redis's, and those of the connection. Nobody knows then whether redis has got the question.
    pub async fn ask<T, F>(&self, waits: Duration, ask: impl FnOnce(MultiplexedConnection) -> F) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let answer = async { ask(self.connection().await?).await };
        let answer = timeout(2 * PATIENCE + waits, answer).await.unwrap_or_else(|_| Err(late("no answer")));
        if answer.as_ref().is_err_and(passes) {
            *self.connection.lock().await = None;
        }
        answer
    }

    /// As [`ask`](Self::ask), again and again until redis answers, with pauses that grow, or until `stop`. Says on standard error when redis is away, and when it is back.
    ///
    /// # Errors
    /// Those that do not pass, and after `stop` all.
    pub async fn insist<T, F>(
        &self,
        stop: &CancellationToken,
        waits: Duration,
        ask: impl Fn(MultiplexedConnection) -> F,
    ) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let answer = (|| self.ask(waits, &ask)).retry(pauses()).sleep({
            let stop = stop.clone();
            move |pause| {
                let stop = stop.clone();
                async move { stop.run_until_cancelled(sleep(pause)).await }
            }
        });
        let answer = answer.when(|error| passes(error) && !stop.is_cancelled()).notify(|error, _| self.say_away(error));
        let answer = answer.await;
        if answer.as_ref().err().is_none_or(|error| !passes(error)) {
            self.say_back();
        }
        answer
    }

    fn say_away(&self, error: &RedisError) {
        if !self.away.swap(true, Ordering::Relaxed) {
            eprintln!("queue: redis at {} is away, and is tried again: {error}", self.address());
        }
    }

    fn say_back(&self) {
        if self.away.swap(false, Ordering::Relaxed) {
            eprintln!("queue: redis at {} is back", self.address());
        }
    }

    /// The connection; a new one where there is none.
    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        // Held while it connects: others wait for the same connection.
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let made = timeout(PATIENCE, self.connect()).await.unwrap_or_else(|_| Err(late("cannot connect")))?;
        Ok(connection.insert(made).clone())
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        match self.to.addr() {
            ConnectionAddr::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                self.greet(stream).await
            }
            ConnectionAddr::Unix(path) => self.greet(UnixStream::connect(path).await?).await,
            _ => Err((ErrorKind::InvalidClientConfig, "TLS is not built in").into()),
        }
    }

    async fn greet<S>(&self, stream: S) -> RedisResult<MultiplexedConnection>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let greeted = MultiplexedConnection::new_with_config(self.to.redis_settings(), stream, config).await;
        let (connection, driver) = greeted?;
        // It ends when the connection breaks, and when the last clone of it is dropped.
        fusee::spawn(driver);
        Ok(connection)
    }
}

/// Whether the same question may get an answer later: the connection broke, or redis is just starting.
fn passes(error: &RedisError) -> bool {
    !matches!(error.retry_method(), RetryMethod::NoRetry) && error.kind() != ErrorKind::AuthenticationFailed
}

fn late(what: &'static str) -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, what).into()
}

/// From a tenth of a second to two seconds, without end.
fn pauses() -> ExponentialBuilder {
    let pauses = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100));
    pauses.with_max_delay(Duration::from_secs(2)).without_max_times()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Lock;

    use fusee::time::Instant;
    use redis::IntoConnectionInfo;

    use super::*;

    /// A link to where nobody is.
    fn nowhere() -> Link {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Link::new(format!("redis://{}", listener.local_addr().unwrap()).into_connection_info().unwrap())
    }

    #[fusee::test]
    async fn one_question_to_a_redis_that_is_away_is_an_error() {
        let error = nowhere().ask(Duration::ZERO, async |_| Ok(())).await.unwrap_err();
        assert!(error.is_connection_refusal() && passes(&error), "{error:?}");
    }

    #[fusee::test(start_paused = true)]
    async fn who_insists_asks_again_with_pauses_that_grow_until_it_is_told_to_stop() {
        let (stop, start) = (CancellationToken::new(), Instant::now());
        let link = nowhere();
        let told = stop.clone();
        fusee::spawn(async move {
            sleep(Duration::from_secs(60)).await;
            told.cancel();
        });
        assert!(link.insist(&stop, Duration::ZERO, async |_| Ok(())).await.is_err());
        assert_eq!(start.elapsed(), Duration::from_secs(60));
        assert!(link.away.load(Ordering::Relaxed));
    }

    #[fusee::test(start_paused = true)]
    async fn the_pauses_between_questions_end_at_two_seconds() {
        let (start, at) = (Instant::now(), Lock::new(Vec::new()));
        let ask = || async {
            let mut at = at.lock().unwrap();
            at.push(start.elapsed().as_millis());
            if at.len() < 8 { Err(late("away")) } else { Ok(()) }
        };
        ask.retry(pauses()).sleep(sleep).when(passes).await.unwrap();
        assert_eq!(*at.lock().unwrap(), [0, 100, 300, 700, 1500, 3100, 5100, 7100]);
    }

    #[fusee::test(start_paused = true)]
    async fn a_redis_that_accepts_and_says_nothing_is_given_up() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = format!("redis://{}", silent.local_addr().unwrap());
        let link = Link::new(to.into_connection_info().unwrap());
        let start = Instant::now();
        let error = link.ask(Duration::ZERO, async |_| Ok(())).await.unwrap_err();
        assert!(error.is_timeout() && passes(&error), "{error:?}");
        assert_eq!(start.elapsed(), PATIENCE);
    }
}
