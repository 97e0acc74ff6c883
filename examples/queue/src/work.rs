//! What a worker does: it takes jobs, as many at a time as it may, until it is to stop.

use std::sync::Arc;

use fusee::task::{AbortOnDropHandle, JoinError, JoinMap};
use fusee::time::{Duration, timeout};
use redis::RedisResult;
use tokio_util::sync::CancellationToken;

use crate::attempt::every;
use crate::hand::{Fate, Hand};
use crate::{Delivery, Handler, Retries, Store};

/// How often it is looked for jobs whose pause is over: so late is a retry.
const RIPEN: Duration = Duration::from_millis(250);

/// Jobs that are not finished within the grace have this long to be given back.
const GIVING_BACK: Duration = Duration::from_secs(3);

/// So many leases after it was heard of last a worker is forgotten.
const FORGOTTEN: u32 = 20;

/// The jobs in hand, by their entries in the stream.
type InHand = JoinMap<String, RedisResult<Fate>>;

/// What may be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many jobs at a time.
    pub concurrency: usize,
    /// How long a job may take.
    pub limit: Duration,
    /// How long after a worker was heard of last others take over its jobs.
    pub lease: Duration,
    /// What happens to a job that failed.
    pub retries: Retries,
    /// How long jobs in hand may go on after the end was asked for.
    pub grace: Duration,
}

/// Ends a worker: first gently, then at once.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// No new jobs.
    pub taking: CancellationToken,
    /// No jobs at all: those in hand are given back.
    pub everything: CancellationToken,
}

/// How many jobs of a worker became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Done.
    pub done: u64,
    /// Failed, and to be tried again.
    pub retried: u64,
    /// Failed too often.
    pub dead: u64,
    /// Given back at the end.
    pub given_back: u64,
    /// Taken over by others, as far as it knows.
    pub lost: u64,
}

impl Tally {
    /// Counts a job that has ended.
    fn count(&mut self, ended: Result<RedisResult<Fate>, JoinError>) -> RedisResult<()> {
        match ended {
            Ok(fate) => {
                *match fate? {
                    Fate::Done => &mut self.done,
                    Fate::Retried => &mut self.retried,
                    Fate::Dead => &mut self.dead,
                    Fate::GivenBack => &mut self.given_back,
                    Fate::Lost => &mut self.lost,
                } += 1;
            }
            // It was aborted at the end: its lease runs out.
            Err(_) => self.lost += 1,
        }
        Ok(())
    }
}

/// Takes jobs from `store` and lets `handler` do them, until `stop` says otherwise; then waits for those in hand, for as long as the settings and `stop` grant. While redis is away it waits.
///
/// # Errors
/// Redis's that do not pass, as when it wants a password.
pub async fn work<H: Handler>(
    store: Arc<Store>,
    handler: Arc<H>,
    settings: Settings,
    stop: Stop,
) -> RedisResult<Tally> {
    let (mut tally, mut jobs) = (Tally::default(), InHand::new());
    let worker = match store.new_worker(&stop.taking).await {
        // It was told to stop before it had found redis.
        Err(_) if stop.taking.is_cancelled() => return Ok(tally),
        worker => worker?,
    };
    let _kept = AbortOnDropHandle::new(fusee::spawn(keep_house(store.clone(), settings.lease)));
    let hand = Arc::new(Hand { store, handler, settings, worker, stop });
    let taken = take(&hand, &mut jobs, &mut tally).await;
    finish(&hand, &mut jobs, &mut tally).await?;
    // If redis is away others will forget it.
    let _ = hand.store.leave(&hand.worker).await;
    taken.map(|()| tally)
}

/// Takes jobs until it is to stop.
async fn take<H: Handler>(hand: &Arc<Hand<H>>, jobs: &mut InHand, tally: &mut Tally) -> RedisResult<()> {
    let (taking, settings) = (&hand.stop.taking, &hand.settings);
    // At once for the first time: others may have been killed before this one came.
    let mut take_over = fusee::time::interval(settings.lease / 2);
    while !taking.is_cancelled() {
        while let Some((_, ended)) = jobs.try_join_next() {
            tally.count(ended)?;
        }
        let free = settings.concurrency - jobs.len();
        if free == 0 {
            fusee::select! {
                biased;
                () = taking.cancelled() => {}
                Some((_, ended)) = jobs.join_next() => tally.count(ended)?,
            }
            continue;
        }
        let is_time = fusee::select! {
            biased;
            _ = take_over.tick() => true,
            () = std::future::ready(()) => false,
        };
        // Not cancelled by `taking`: redis may have handed out a job whose delivery is on its way. It takes a second at most, unless redis is away.
        match hand.store.next(taking, &hand.worker, free, is_time.then_some(settings.lease)).await {
            Ok(deliveries) => deliveries.into_iter().for_each(|delivery| begin(hand, jobs, delivery)),
            Err(_) if taking.is_cancelled() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn begin<H: Handler>(hand: &Arc<Hand<H>>, jobs: &mut InHand, delivery: Delivery) {
    // Redis may have been away for longer than a lease: then this worker takes over from itself.
    if jobs.contains_key(&delivery.entry) {
        return;
    }
    let hand = hand.clone();
    jobs.spawn(delivery.entry.clone(), async move { hand.work(&delivery).await });
}

/// Waits for the jobs in hand, and has those given back that are not finished in time.
async fn finish<H: Handler>(hand: &Hand<H>, jobs: &mut InHand, tally: &mut Tally) -> RedisResult<()> {
    let now = &hand.stop.everything;
    if !matches!(timeout(hand.settings.grace, now.run_until_cancelled(join(jobs, tally))).await, Ok(Some(_))) {
        now.cancel();
        if timeout(GIVING_BACK, join(jobs, tally)).await.is_err() {
            jobs.abort_all();
        }
    }
    join(jobs, tally).await
}

/// Counts jobs as they end, until all have. The first error of redis ends it.
async fn join(jobs: &mut InHand, tally: &mut Tally) -> RedisResult<()> {
    while let Some((_, ended)) = jobs.join_next().await {
        tally.count(ended)?;
    }
    Ok(())
}

/// What some worker must do now and then. What fails is done the next time, or by another.
async fn keep_house(store: Arc<Store>, lease: Duration) {
    let (mut ripening, mut sweeping) = (every(RIPEN), every(lease));
    loop {
        fusee::select! {
            _ = ripening.tick() => drop(store.ripen().await),
            _ = sweeping.tick() => drop(store.sweep(lease * FORGOTTEN).await),
        }
    }
}
