//! Which job runs when.
//!
//! The jobs that wait for none that is to come run, so many at a time; one that ends makes others ready. Nothing here knows what a run of a job is: a [`Launch`] does, so
//! that tests put in what takes virtual time.

use std::future::Future;
use std::sync::Arc;

use fusee::task::JoinSet;
use fusee::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::plan::{Job, Plan};

/// How long a job waits before its first retry; twice as long before each after that.
const PAUSE: Duration = Duration::from_secs(1);

/// What runs jobs.
pub trait Launch: Send + Sync + 'static {
    /// Runs `job` once. When `stop` says so it ends early.
    fn launch(&self, job: &Job, stop: &Stop) -> impl Future<Output = Ended> + Send;
}

/// How jobs are told to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// No more are begun, and those that run are asked to end.
    pub politely: CancellationToken,
    /// Those that run are killed.
    pub at_once: CancellationToken,
}

/// How a run of a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With exit code 0.
    Succeeded,
    /// And with what.
    Failed(String),
    /// It took longer than its limit.
    TimedOut,
    /// A program that is not there, say; there is no use in trying again.
    CannotStart(String),
    /// Because it was told to.
    Stopped,
    /// It was not run, for another one did not succeed, or everything was told to stop.
    Skipped,
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How its last run ended.
    pub ended: Ended,
    /// How often it ran.
    pub runs: u32,
    /// With the pauses between the runs.
    pub took: Duration,
}

/// How jobs are run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// So many at a time.
    pub at_a_time: usize,
    /// Begin others after one has failed.
    pub keep_going: bool,
}

/// Runs the jobs of `plan`. What became of each, in the plan's order.
pub async fn run<L: Launch>(plan: &Plan, settings: Settings, launcher: Arc<L>, stop: &Stop) -> Vec<Report> {
    let mut reports: Vec<Option<Report>> = vec![None; plan.jobs.len()];
    let mut begun = vec![false; plan.jobs.len()];
    let mut running = JoinSet::new();
    let mut goes_on = true;
    loop {
        while goes_on && !stop.politely.is_cancelled() && running.len() < settings.at_a_time {
            let Some(place) = next(plan, &begun, &reports) else { break };
            begun[place] = true;
            let (launcher, job, stop) = (launcher.clone(), plan.jobs[place].clone(), stop.clone());
            running.spawn(async move { (place, with_retries(&*launcher, &job, &stop).await) });
        }
        let Some(joined) = running.join_next().await else { break };
        let (place, report) = joined.expect("neither panics nor is aborted");
        goes_on &= settings.keep_going || report.ended == Ended::Succeeded;
        reports[place] = Some(report);
    }
    let skipped = Report { ended: Ended::Skipped, runs: 0, took: Duration::ZERO };
    reports.into_iter().map(|report| report.unwrap_or_else(|| skipped.clone())).collect()
}

/// The first job that was not begun and waits for none.
fn next(plan: &Plan, begun: &[bool], reports: &[Option<Report>]) -> Option<usize> {
    let succeeded = |before: &usize| matches!(&reports[*before], Some(Report { ended: Ended::Succeeded, .. }));
    (0..plan.jobs.len()).find(|&place| !begun[place] && plan.jobs[place].after.iter().all(succeeded))
}

async fn with_retries(launcher: &impl Launch, job: &Job, stop: &Stop) -> Report {
    let began = Instant::now();
    let mut pause = PAUSE;
    let mut runs = 0;
    loop {
        let ended = launcher.launch(job, stop).await;
        runs += 1;
        let again = matches!(ended, Ended::Failed(_) | Ended::TimedOut) && runs <= job.retries;
        if !again || stop.politely.run_until_cancelled(sleep(pause)).await.is_none() {
            return Report { ended, runs, took: began.elapsed() };
        }
        pause = pause.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;

    /// Jobs that take as many seconds as their program's name says, and fail as often as their first argument says.
    #[derive(Default)]
    struct Pretended {
        runs: Mutex<HashMap<String, u32>>,
    }

    impl Launch for Pretended {
        async fn launch(&self, job: &Job, stop: &Stop) -> Ended {
            let takes = sleep(Duration::from_secs(job.program.parse().unwrap()));
            let stopped = stop.politely.run_until_cancelled(takes).await.is_none();
            let mut runs = self.runs.lock().unwrap();
            let runs = runs.entry(job.name.clone()).or_default();
            *runs += 1;
            let fails = job.arguments.first().map_or(0, |count| count.parse().unwrap());
            match stopped {
                true => Ended::Stopped,
                false if *runs <= fails => Ended::Failed(format!("run {runs}")),
                false => Ended::Succeeded,
            }
        }
    }

    fn plan(text: &str) -> Plan {
        let entries = text.lines().map(|line| {
            let (name, rest) = line.trim().split_once(' ').unwrap();
            format!("[job.{name}]\n{}\n", rest.replace("; ", "\n"))
        });
        Plan::parse(&entries.collect::<String>()).unwrap()
    }

    const TWO: Settings = Settings { at_a_time: 2, keep_going: false };

    async fn took(plan: &Plan, settings: Settings) -> (u64, Vec<Ended>) {
        let began = Instant::now();
        let reports = run(plan, settings, Arc::new(Pretended::default()), &Stop::default()).await;
        (began.elapsed().as_secs(), reports.into_iter().map(|report| report.ended).collect())
    }

    #[fusee::test(start_paused = true)]
    async fn as_many_run_at_a_time_as_may_and_in_their_order() {
        let plan =
            plan("a run=['3']\nb run=['2']; after=['a']\nc run=['4']\nd run=['1']; after=['c', 'b']\ne run=['9']");
        // a and c, then b beside c and e behind c; d once both are done: 3 + 2, e from 4 to 13, d from 5 to 6.
        assert_eq!(took(&plan, TWO).await.0, 13);
        assert_eq!(took(&plan, Settings { at_a_time: 1, ..TWO }).await.0, 19);
    }

    #[fusee::test(start_paused = true)]
    async fn a_failure_begins_no_others_and_lets_the_rest_finish() {
        let plan = plan("a run=['1', '1']\nb run=['5']\nc run=['1']; after=['b']\nd run=['1']; after=['a']");
        let (seconds, ended) = took(&plan, TWO).await;
        assert_eq!(seconds, 5);
        assert_eq!(ended, [Ended::Failed("run 1".to_owned()), Ended::Succeeded, Ended::Skipped, Ended::Skipped]);
        let (seconds, ended) = took(&plan, Settings { keep_going: true, ..TWO }).await;
        assert_eq!(seconds, 6);
        assert_eq!(ended[2..], [Ended::Succeeded, Ended::Skipped]);
    }

    #[fusee::test(start_paused = true)]
    async fn a_job_that_fails_runs_again_after_longer_and_longer_pauses() {
        let plan = plan("a run=['1', '3']; retries=3");
        let reports = run(&plan, TWO, Arc::new(Pretended::default()), &Stop::default()).await;
        // Four runs of a second each, and pauses of 1, 2 and 4 seconds.
        let expected = Report { ended: Ended::Succeeded, runs: 4, took: Duration::from_secs(11) };
        assert_eq!(reports, [expected]);
    }

    #[fusee::test(start_paused = true)]
    async fn told_to_stop_it_begins_no_more() {
        let plan = plan("a run=['10']\nb run=['1', '9']; retries=9\nc run=['1']; after=['a']");
        let stop = Stop::default();
        let teller = fusee::spawn({
            let stop = stop.clone();
            async move {
                sleep(Duration::from_millis(1500)).await;
                stop.politely.cancel();
            }
        });
        let reports = run(&plan, TWO, Arc::new(Pretended::default()), &stop).await;
        let ended: Vec<_> = reports.iter().map(|report| report.ended.clone()).collect();
        // b waits to run again, which it does not.
        assert_eq!(ended, [Ended::Stopped, Ended::Failed("run 1".to_owned()), Ended::Skipped]);
        assert_eq!(reports[0].took, Duration::from_millis(1500));
        teller.await.unwrap();
    }
}
