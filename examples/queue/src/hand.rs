//! One job in a worker's hand: from its delivery to what redis is told of it.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::sync::Arc;

use redis::RedisResult;

use crate::attempt::{attempt, keep};
use crate::{Delivery, Handler, Job, Settings, Stop, Store};

/// Where a job is worked on.
pub(crate) struct Hand<H> {
    pub(crate) store: Arc<Store>,
    pub(crate) handler: Arc<H>,
    pub(crate) settings: Settings,
    /// The worker's name.
    pub(crate) worker: String,
    pub(crate) stop: Stop,
}

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    Retried,
    Dead,
    GivenBack,
    /// Another worker has it, or redis no longer knows it.
    Lost,
}

impl<H: Handler> Hand<H> {
    /// Does the job of `delivery`, and tells redis, if it is away as soon as it is back.
    pub(crate) async fn work(&self, delivery: &Delivery) -> RedisResult<Fate> {
        let now = &self.stop.everything;
        let Some(job) = self.store.begin(now, delivery, &self.worker).await? else { return Ok(Fate::Lost) };
        say(format_args!("job {}: {} begins, attempt {}", job.id, job.kind, job.attempt));
        let result = fusee::select! {
            biased;
            () = now.cancelled() => return self.give_back(delivery).await,
            result = attempt(self.handler.clone(), job.clone(), self.settings.limit) => result,
            () = keep(self.settings.lease, || self.store.renew(delivery, &self.worker)) => {
                say(format_args!("job {}: lost to another worker", job.id));
                return Ok(Fate::Lost);
            }
        };
        let fate = match result {
            Ok(()) => self.done(delivery).await?,
            Err(error) => self.failed(delivery, &job, &error).await?,
        };
        if fate == Fate::Lost {
            say(format_args!("job {}: another worker has it as well", job.id));
        }
        Ok(fate)
    }

    async fn done(&self, delivery: &Delivery) -> RedisResult<Fate> {
        if !self.store.done(&self.stop.everything, delivery, &self.worker).await? {
            return Ok(Fate::Lost);
        }
        say(format_args!("job {}: done", delivery.job));
        Ok(Fate::Done)
    }

    async fn failed(&self, delivery: &Delivery, job: &Job, error: &str) -> RedisResult<Fate> {
        let now = &self.stop.everything;
        match self.settings.retries.pause(job.id, job.attempt) {
            Some(pause) => {
                if !self.store.retry(now, delivery, &self.worker, error, pause).await? {
                    return Ok(Fate::Lost);
                }
                say(format_args!("job {}: failed, again in {:.1} s: {error}", job.id, pause.as_secs_f64()));
                Ok(Fate::Retried)
            }
            None => {
                if !self.store.bury(now, delivery, &self.worker, error).await? {
                    return Ok(Fate::Lost);
                }
                say(format_args!("job {}: dead after attempt {}: {error}", job.id, job.attempt));
                Ok(Fate::Dead)
            }
        }
    }

    async fn give_back(&self, delivery: &Delivery) -> RedisResult<Fate> {
        if !self.store.give_back(delivery, &self.worker).await? {
            return Ok(Fate::Lost);
        }
        say(format_args!("job {}: given back", delivery.job));
        Ok(Fate::GivenBack)
    }
}

/// Prints a line, whether somebody reads it or not.
fn say(line: Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
