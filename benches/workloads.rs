//! What is measured: each workload is written once, for every contender, and checks its own result.
//!
//! The thread that calls [`Racer::run`] is the one in `block_on`. A cost spans the work alone: the runtime runs before
//! and after it.

mod spawn;
mod switch;
mod timer;

use crate::args::Scale;
use crate::contenders::{Contender, Entrant};
use crate::usage::cpu_time;
use std::time::{Duration, Instant};

/// A workload; the modules say what question each answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    SpawnLocal,
    SpawnRemote,
    SpawnJoin,
    ChainedSpawn,
    YieldMany,
    PingPong,
    TimerCancel,
    TimeoutChurn,
    Lateness,
    ArticleJoin,
    ArticleSpawn,
}

/// The parameters of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Tasks, yields, pairs or timers: the unit of the workload.
    pub(crate) jobs: usize,
    /// How long each timer is set for.
    pub(crate) sleep: Duration,
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Wall time; for the workloads that sleep, only what is past the deadline.
    pub(crate) wall: Duration,
    /// CPU time of the whole process.
    pub(crate) cpu: Duration,
}

impl Workload {
    pub(crate) const ALL: [Self; 11] = [
        Self::SpawnLocal,
        Self::SpawnRemote,
        Self::SpawnJoin,
        Self::ChainedSpawn,
        Self::YieldMany,
        Self::PingPong,
        Self::TimerCancel,
        Self::TimeoutChurn,
        Self::Lateness,
        Self::ArticleJoin,
        Self::ArticleSpawn,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SpawnLocal => "spawn_local",
            Self::SpawnRemote => "spawn_remote",
            Self::SpawnJoin => "spawn_join",
            Self::ChainedSpawn => "chained_spawn",
            Self::YieldMany => "yield_many",
            Self::PingPong => "ping_pong",
            Self::TimerCancel => "timer_cancel",
            Self::TimeoutChurn => "timeout_churn",
            Self::Lateness => "lateness",
            Self::ArticleJoin => "article_join",
            Self::ArticleSpawn => "article_spawn",
        }
    }

    pub(crate) fn size(self, scale: Scale) -> Size {
        let article_sleep = if scale == Scale::Full { Duration::from_secs(1) } else { Duration::from_millis(20) };
        let (full, smoke, sleep) = match self {
            Self::SpawnLocal | Self::SpawnRemote | Self::ChainedSpawn => (200_000, 1_000, Duration::ZERO),
            Self::SpawnJoin => (100_000, 1_000, Duration::ZERO),
            Self::YieldMany => (400_000, 2_000, Duration::ZERO),
            Self::PingPong => (50_000, 500, Duration::ZERO),
            Self::TimerCancel | Self::TimeoutChurn => (500_000, 2_000, Duration::from_secs(30)),
            Self::Lateness => (300, 5, Duration::from_millis(1)),
            Self::ArticleJoin | Self::ArticleSpawn => (1_000_000, 1_000, article_sleep),
        };
        Size { jobs: if scale == Scale::Full { full } else { smoke }, sleep }
    }

    /// Whether a run waits for its deadlines, and so takes at least its `sleep`.
    pub(crate) fn sleeps_through(self) -> bool {
        matches!(self, Self::ArticleJoin | Self::ArticleSpawn)
    }

    /// Who runs it: the mutex loop is a baseline for timers, and has no second worker to spawn for.
    pub(crate) fn entrants(self) -> impl Iterator<Item = Entrant> {
        let timers = match self {
            Self::TimerCancel | Self::TimeoutChurn | Self::Lateness | Self::ArticleJoin | Self::ArticleSpawn => true,
            Self::SpawnLocal | Self::SpawnRemote | Self::SpawnJoin => false,
            Self::ChainedSpawn | Self::YieldMany | Self::PingPong => false,
        };
        Entrant::ALL.into_iter().filter(move |entrant| timers || *entrant != Entrant::MutexLoop)
    }
}

/// A started contender of any kind.
pub(crate) trait Racer {
    fn run(&self, workload: Workload, size: Size) -> Cost;
}

impl<C: Contender> Racer for C {
    fn run(&self, workload: Workload, size: Size) -> Cost {
        let mut median_lateness = None;
        let cost = timed(|| match workload {
            Workload::SpawnLocal => spawn::local(self, size),
            Workload::SpawnRemote => spawn::remote(self, size),
            Workload::SpawnJoin => spawn::join(self, size),
            Workload::ChainedSpawn => spawn::chained(self, size),
            Workload::YieldMany => switch::yield_many(self, size),
            Workload::PingPong => switch::ping_pong(self, size),
            Workload::TimerCancel => timer::cancel(self, size),
            Workload::TimeoutChurn => timer::timeout_churn(self, size),
            Workload::Lateness => median_lateness = Some(timer::median_lateness(self, size)),
            Workload::ArticleJoin => timer::article_join(self, size),
            Workload::ArticleSpawn => timer::article_spawn(self, size),
        });
        let past_deadline =
            workload.sleeps_through().then(|| cost.wall.checked_sub(size.sleep).expect("no sleep may end early"));
        Cost { wall: median_lateness.or(past_deadline).unwrap_or(cost.wall), ..cost }
    }
}

/// Starts a contender.
pub(crate) fn start(entrant: Entrant, workers: usize) -> Box<dyn Racer> {
    use crate::contenders::{Fusee, MutexLoop, Smol, Tokio};
    match entrant {
        Entrant::Fusee => Box::new(Fusee::start(workers)),
        Entrant::Tokio => Box::new(Tokio::start(workers)),
        Entrant::Smol => Box::new(Smol::start(workers)),
        Entrant::MutexLoop => Box::new(MutexLoop::start(workers)),
    }
}

fn timed(work: impl FnOnce()) -> Cost {
    let cpu = cpu_time();
    let start = Instant::now();
    work();
    let wall = start.elapsed();
    Cost { wall, cpu: cpu_time() - cpu }
}
