//! One attempt at a job: in a task of its own, so that a panic ends nothing else, and within its limit.

use std::sync::Arc;

use fusee::task::{AbortOnDropHandle, JoinError};
use fusee::time::{Duration, Interval, MissedTickBehavior, interval_at, timeout};
use redis::RedisResult;

use crate::{Handler, Job};

/// Does `job`. The error says why it failed.
///
/// # Cancel safety
/// Dropped, it aborts the job.
pub(crate) async fn attempt<H: Handler>(handler: Arc<H>, job: Job, limit: Duration) -> Result<(), String> {
    let task = AbortOnDropHandle::new(fusee::spawn(handler.run(job)));
    match timeout(limit, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(ended)) => Err(why(ended)),
        Err(_) => Err(format!("took longer than {limit:?}")),
    }
}

/// Why a task has ended that has no result: its panic's message, for who reads of it later.
fn why(ended: JoinError) -> String {
    match ended.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            format!("panicked: {}", text.unwrap_or("no message"))
        }
        Err(cancelled) => cancelled.to_string(),
    }
}

/// Renews a lease three times in its length; returns when it is lost. While `renew` fails nobody knows, and the job goes on.
pub(crate) async fn keep<F>(lease: Duration, mut renew: impl FnMut() -> F)
where
    F: Future<Output = RedisResult<bool>>,
{
    let mut ticks = every(lease / 3);
    loop {
        ticks.tick().await;
        if let Ok(false) = renew().await {
            return;
        }
    }
}

/// Ticks each `period`, for the first time after one.
pub(crate) fn every(period: Duration) -> Interval {
    let mut ticks = interval_at(fusee::time::Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::io;

    use fusee::time::{Instant, sleep};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);
    const LEASE: Duration = Duration::from_secs(9);

    /// Sleeps for as many seconds as the argument says, and then does what the kind says.
    struct Sleeper;

    impl Handler for Sleeper {
        async fn run(self: Arc<Self>, job: Job) -> Result<(), String> {
            sleep(Duration::from_secs(job.argument.parse().unwrap())).await;
            match job.kind.as_str() {
                "fail" => Err("as it was told to".to_owned()),
                "panic" => panic!("out of order"),
                _ => Ok(()),
            }
        }
    }

    async fn run(kind: &str, seconds: u64) -> (Result<(), String>, Duration) {
        let job = Job { id: 1, attempt: 1, kind: kind.to_owned(), argument: seconds.to_string() };
        let start = Instant::now();
        (attempt(Arc::new(Sleeper), job, LIMIT).await, start.elapsed())
    }

    #[fusee::test(start_paused = true)]
    async fn a_job_has_its_limit_and_no_longer() {
        assert_eq!(run("sleep", 29).await, (Ok(()), LIMIT - Duration::from_secs(1)));
        assert_eq!(run("sleep", 31).await, (Err("took longer than 30s".to_owned()), LIMIT));
    }

    #[fusee::test(start_paused = true)]
    async fn a_job_that_fails_or_panics_says_why() {
        assert_eq!(run("fail", 2).await, (Err("as it was told to".to_owned()), Duration::from_secs(2)));
        assert_eq!(run("panic", 2).await, (Err("panicked: out of order".to_owned()), Duration::from_secs(2)));
    }

    /// When the lease was renewed, in seconds, with these answers; it panics where there are no more.
    async fn renewals(answers: &[RedisResult<bool>]) -> Vec<u64> {
        let (start, mut at, mut answers) = (Instant::now(), Vec::new(), answers.iter());
        keep(LEASE, || {
            at.push(start.elapsed().as_secs());
            let answer = answers.next().expect("it has not been lost before").clone();
            async move { answer }
        })
        .await;
        at
    }

    #[fusee::test(start_paused = true)]
    async fn a_lease_is_renewed_three_times_in_its_length_until_it_is_lost() {
        assert_eq!(renewals(&[Ok(true), Ok(true), Ok(true), Ok(false)]).await, [3, 6, 9, 12]);
    }

    #[fusee::test(start_paused = true)]
    async fn a_lease_that_cannot_be_renewed_is_not_lost() {
        let away = || Err(io::Error::from(io::ErrorKind::ConnectionRefused).into());
        assert_eq!(renewals(&[away(), away(), away(), away(), Ok(true), Ok(false)]).await, [3, 6, 9, 12, 15, 18]);
    }

    #[fusee::test(start_paused = true)]
    async fn a_renewal_that_takes_long_is_followed_by_no_burst() {
        let start = Instant::now();
        let mut at = Vec::new();
        let kept = keep(LEASE, || {
            at.push(start.elapsed().as_secs());
            let slow = at.len() == 1;
            async move {
                if slow {
                    sleep(Duration::from_secs(20)).await;
                }
                Ok(true)
            }
        });
        assert!(timeout(LIMIT, kept).await.is_err());
        assert_eq!(at, [3, 23, 26, 29]);
    }

    #[fusee::test(start_paused = true)]
    async fn a_job_that_nobody_waits_for_is_aborted() {
        struct Tells(#[expect(dead_code, reason = "it is dropped")] fusee::sync::mpsc::Sender<()>);
        impl Handler for Tells {
            async fn run(self: Arc<Self>, _: Job) -> Result<(), String> {
                pending().await
            }
        }
        let (told, mut ended) = fusee::sync::mpsc::channel(1);
        let job = Job { id: 1, attempt: 1, kind: String::new(), argument: String::new() };
        assert!(timeout(LIMIT / 2, attempt(Arc::new(Tells(told)), job, LIMIT)).await.is_err());
        // The handler, and with it the sender, is dropped with the job's task.
        assert_eq!(timeout(LIMIT, ended.recv()).await, Ok(None));
    }
}
