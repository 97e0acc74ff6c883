//! The queue's commands. Each that takes several steps is a script in `scripts/`, so that a client that dies in the middle leaves nothing half-done.

use fusee::time::Duration;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use redis::{ConnectionInfo, FromRedisValue, RedisResult, Script, ToRedisArgs, cmd};
use tokio_util::sync::CancellationToken;

use crate::{Delivery, Job, Link};

/// How long a worker waits for a job in one command, and so for how long at most it does not hear that it is to stop.
const BLOCK: Duration = Duration::from_secs(1);

const NO_WAIT: Duration = Duration::ZERO;

/// The arguments of a script that takes none.
const NOTHING: &[&str] = &[];

/// A script, behind what all begin with.
macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(include_str!("scripts/base.lua"), include_str!(concat!("scripts/", $name, ".lua"))))
    };
}

/// How many jobs are where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Jobs that wait for a worker.
    pub waiting: u64,
    /// Jobs that a worker has.
    pub in_hand: u64,
    /// Jobs that failed, and wait for their next attempt.
    pub delayed: u64,
    /// Jobs that failed too often.
    pub dead: u64,
    /// Jobs that were done, since the queue began.
    pub done: u64,
    /// Workers, those counted that were killed and not yet forgotten.
    pub workers: u64,
}

/// A job that failed too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// The job, and how often it was tried.
    pub job: Job,
    /// Why it failed at last.
    pub error: String,
}

/// A queue.
pub struct Store {
    /// For commands that are answered at once.
    link: Link,
    /// For the command that waits for jobs: all that comes behind it on its connection waits, too.
    waiting: Link,
    /// What the names of its keys begin with.
    base: String,
}

impl Store {
    /// The queue `name` in the redis at `to`. It is not connected yet.
    pub fn new(to: &ConnectionInfo, name: &str) -> Self {
        Self { link: Link::new(to.clone()), waiting: Link::new(to.clone()), base: format!("queue:{{{name}}}") }
    }

    /// The connection for commands that are answered at once.
    pub fn link(&self) -> &Link {
        &self.link
    }

    fn stream(&self) -> String {
        format!("{}:stream", self.base)
    }

    /// Adds a job; answers its number. It is asked once: after an error of the connection the job may be in the queue all the same.
    ///
    /// # Errors
    /// Redis's, and those of the connection.
    pub async fn push(&self, kind: &str, argument: &str) -> RedisResult<u64> {
        self.ask(script!("push"), (kind, argument)).await
    }

    /// How many jobs are where.
    ///
    /// # Errors
    /// As [`push`](Self::push)'s.
    pub async fn status(&self) -> RedisResult<Status> {
        let asked = self.ask(script!("status"), NOTHING).await;
        let (waiting, in_hand, delayed, dead, done, workers) = asked?;
        Ok(Status { waiting, in_hand, delayed, dead, done, workers })
    }

    /// The jobs that failed too often, the last first; a hundred at most.
    ///
    /// # Errors
    /// As [`push`](Self::push)'s.
    pub async fn dead(&self) -> RedisResult<Vec<Dead>> {
        let asked = self.ask(script!("list_dead"), NOTHING).await;
        let rows: Vec<(u64, String, String, u32, String)> = asked?;
        let dead = |(id, kind, argument, attempt, error)| Dead { job: Job { id, attempt, kind, argument }, error };
        Ok(rows.into_iter().map(dead).collect())
    }

    /// Lets the jobs that failed too often be tried again, a thousand at most; answers how many.
    ///
    /// # Errors
    /// As [`push`](Self::push)'s.
    pub async fn revive(&self) -> RedisResult<u64> {
        self.ask(script!("revive"), NOTHING).await
    }

    /// Moves the jobs whose pause is over to those that wait.
    pub(crate) async fn ripen(&self) -> RedisResult<u64> {
        self.ask(script!("ripen"), NOTHING).await
    }

    /// Forgets the workers that have not been heard of for `silent` and have nothing in hand.
    pub(crate) async fn sweep(&self, silent: Duration) -> RedisResult<u64> {
        self.ask(script!("sweep"), millis(silent)).await
    }

    /// A name that no other worker has.
    pub(crate) async fn new_worker(&self, stop: &CancellationToken) -> RedisResult<String> {
        let key = format!("{}:workers", self.base);
        let ask = |mut connection: MultiplexedConnection| {
            let command = cmd("INCR").arg(&key).to_owned();
            async move { command.query_async::<u64>(&mut connection).await }
        };
        self.link.insist(stop, NO_WAIT, ask).await.map(|number| format!("worker-{number}"))
    }

    /// Forgets `worker`, unless it has something in hand.
    pub(crate) async fn leave(&self, worker: &str) -> RedisResult<u64> {
        self.ask(script!("leave"), worker).await
    }

    /// Up to `count` jobs for `worker`: with `lease` those whose worker has not been heard of for so long, else new ones, for which it waits up to a second.
    pub(crate) async fn next(
        &self,
        stop: &CancellationToken,
        worker: &str,
        count: usize,
        lease: Option<Duration>,
    ) -> RedisResult<Vec<Delivery>> {
        let ask = |connection| async move {
            let asked = match lease {
                Some(lease) => self.take_over(connection, worker, count, lease).await,
                None => self.read(connection, worker, count).await,
            };
            match asked {
                // The stream is new, or redis has come back without it.
                Err(error) if error.code() == Some("NOGROUP") => Ok(None),
                asked => asked.map(Some),
            }
        };
        loop {
            if let Some(deliveries) = self.waiting.insist(stop, BLOCK, ask).await? {
                return Ok(deliveries);
            }
            self.found_group(stop).await?;
        }
    }

    async fn read(
        &self,
        mut connection: MultiplexedConnection,
        worker: &str,
        count: usize,
    ) -> RedisResult<Vec<Delivery>> {
        let mut command = cmd("XREADGROUP");
        command.arg("GROUP").arg("workers").arg(worker).arg("COUNT").arg(count).arg("BLOCK").arg(millis(BLOCK));
        command.arg("STREAMS").arg(self.stream()).arg(">");
        let reply: Option<StreamReadReply> = command.query_async(&mut connection).await?;
        let entries = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids);
        Ok(entries.filter_map(delivery).collect())
    }

    async fn take_over(
        &self,
        mut connection: MultiplexedConnection,
        worker: &str,
        count: usize,
        lease: Duration,
    ) -> RedisResult<Vec<Delivery>> {
        // Redis looks at ten times as many entries as are wanted, and says where to go on: before those of a worker that is gone there may be more of such as live.
        let mut from = "0-0".to_owned();
        loop {
            let mut command = cmd("XAUTOCLAIM");
            command.arg(self.stream()).arg("workers").arg(worker).arg(millis(lease)).arg(&from);
            command.arg("COUNT").arg(count);
            let reply: StreamAutoClaimReply = command.query_async(&mut connection).await?;
            from = reply.next_stream_id;
            let claimed: Vec<_> = reply.claimed.into_iter().filter_map(delivery).collect();
            if !claimed.is_empty() || from == "0-0" {
                return Ok(claimed);
            }
        }
    }

    /// Makes the stream and its group of workers, where they are not there.
    async fn found_group(&self, stop: &CancellationToken) -> RedisResult<()> {
        let ask = |mut connection: MultiplexedConnection| {
            let mut command = cmd("XGROUP");
            command.arg("CREATE").arg(self.stream()).arg("workers").arg("0").arg("MKSTREAM");
            async move {
                match command.query_async::<()>(&mut connection).await {
                    // Another worker was faster.
                    Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
                    made => made,
                }
            }
        };
        self.link.insist(stop, NO_WAIT, ask).await
    }

    /// Counts an attempt at the job of `delivery`, and answers it; nothing if another worker has it, or it is gone.
    pub(crate) async fn begin(
        &self,
        stop: &CancellationToken,
        delivery: &Delivery,
        worker: &str,
    ) -> RedisResult<Option<Job>> {
        let begun: Option<(u32, String, String)> =
            self.insist(stop, script!("begin"), (&delivery.entry, worker, delivery.job)).await?;
        Ok(begun.map(|(attempt, kind, argument)| Job { id: delivery.job, attempt, kind, argument }))
    }

    /// Says that `worker` is at it; false if another has it. It is asked once.
    pub(crate) async fn renew(&self, delivery: &Delivery, worker: &str) -> RedisResult<bool> {
        let arguments = (&delivery.entry, worker);
        self.ask(script!("renew"), arguments).await
    }

    /// The job is done; false if another has it.
    pub(crate) async fn done(&self, stop: &CancellationToken, delivery: &Delivery, worker: &str) -> RedisResult<bool> {
        self.insist(stop, script!("done"), (&delivery.entry, worker, delivery.job)).await
    }

    /// The job is to be tried again after `pause`; false if another has it.
    pub(crate) async fn retry(
        &self,
        stop: &CancellationToken,
        delivery: &Delivery,
        worker: &str,
        error: &str,
        pause: Duration,
    ) -> RedisResult<bool> {
        let arguments = (&delivery.entry, worker, delivery.job, error, millis(pause));
        self.insist(stop, script!("retry"), arguments).await
    }

    /// The job has failed too often; false if another has it.
    pub(crate) async fn bury(
        &self,
        stop: &CancellationToken,
        delivery: &Delivery,
        worker: &str,
        error: &str,
    ) -> RedisResult<bool> {
        self.insist(stop, script!("bury"), (&delivery.entry, worker, delivery.job, error)).await
    }

    /// The job has not been done, and any worker may have it at once; false if another has it. It is asked once.
    pub(crate) async fn give_back(&self, delivery: &Delivery, worker: &str) -> RedisResult<bool> {
        let arguments = (&delivery.entry, worker, delivery.job);
        self.ask(script!("give_back"), arguments).await
    }

    async fn ask<T: FromRedisValue>(&self, script: Script, arguments: impl ToRedisArgs) -> RedisResult<T> {
        self.link.ask(NO_WAIT, |connection| self.run(connection, script, arguments)).await
    }

    async fn insist<T: FromRedisValue>(
        &self,
        stop: &CancellationToken,
        script: Script,
        arguments: impl ToRedisArgs + Copy,
    ) -> RedisResult<T> {
        self.link.insist(stop, NO_WAIT, |connection| self.run(connection, script.clone(), arguments)).await
    }

    async fn run<T: FromRedisValue>(
        &self,
        mut connection: MultiplexedConnection,
        script: Script,
        arguments: impl ToRedisArgs,
    ) -> RedisResult<T> {
        script.key(&self.base).arg(arguments).invoke_async(&mut connection).await
    }
}

/// What an entry of the stream says; nothing for one that nobody here has written.
fn delivery(entry: StreamId) -> Option<Delivery> {
    Some(Delivery { job: entry.get("job")?, entry: entry.id })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
