//! What is measured: each workload is written once, for every contender, and checks its own result.
//!
//! The thread that calls [`Racer::run`] is the one in `block_on`. A cost spans the work alone: the runtime runs before
//! and after it.

mod channel;
mod compute;
mod foreign;
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
    MpscUnbounded,
    MpscBounded,
    AsyncChannel,
    Request,
    FanIn,
    Pipeline,
    ForkJoin,
    Uneven,
    Hog,
    HogSpawns,
    Mixed,
    Foreign1,
    Foreign2,
    Foreign4,
    Foreign8,
    RootPingPong,
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
    /// Wall time; for the workloads that sleep, only what is past the deadline. `lateness` has its median here, and `hog_spawns` the time that
    /// the small tasks wait.
    pub(crate) wall: Duration,
    /// CPU time of the whole process.
    pub(crate) cpu: Duration,
}

impl Workload {
    /// The smallest pieces, one at a time, and the article's: what everything else is made of.
    pub(crate) const PIECES: [Self; 11] = [
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

    /// The shapes that programs give their tasks.
    pub(crate) const SHAPES: [Self; 16] = [
        Self::MpscUnbounded,
        Self::MpscBounded,
        Self::AsyncChannel,
        Self::Request,
        Self::FanIn,
        Self::Pipeline,
        Self::ForkJoin,
        Self::Uneven,
        Self::Hog,
        Self::HogSpawns,
        Self::Mixed,
        Self::Foreign1,
        Self::Foreign2,
        Self::Foreign4,
        Self::Foreign8,
        Self::RootPingPong,
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
            Self::MpscUnbounded => "mpsc_unbounded",
            Self::MpscBounded => "mpsc_bounded",
            Self::AsyncChannel => "async_channel",
            Self::Request => "request",
            Self::FanIn => "fan_in",
            Self::Pipeline => "pipeline",
            Self::ForkJoin => "fork_join",
            Self::Uneven => "uneven",
            Self::Hog => "hog",
            Self::HogSpawns => "hog_spawns",
            Self::Mixed => "mixed",
            Self::Foreign1 => "foreign_1",
            Self::Foreign2 => "foreign_2",
            Self::Foreign4 => "foreign_4",
            Self::Foreign8 => "foreign_8",
            Self::RootPingPong => "root_ping_pong",
        }
    }

    pub(crate) fn size(self, scale: Scale) -> Size {
        let article_sleep = if scale == Scale::Full { Duration::from_secs(1) } else { Duration::from_millis(20) };
        let (full, smoke, sleep) = match self {
            Self::SpawnLocal | Self::SpawnRemote | Self::ChainedSpawn => (200_000, 1_000, Duration::ZERO),
            Self::SpawnJoin | Self::Request => (100_000, 1_000, Duration::ZERO),
            Self::YieldMany => (400_000, 2_000, Duration::ZERO),
            Self::PingPong => (50_000, 500, Duration::ZERO),
            Self::TimerCancel | Self::TimeoutChurn => (500_000, 2_000, Duration::from_secs(30)),
            Self::Lateness => (300, 5, Duration::from_millis(1)),
            Self::ArticleJoin | Self::ArticleSpawn => (1_000_000, 1_000, article_sleep),
            Self::MpscUnbounded => (400_000, 2_000, Duration::ZERO),
            Self::MpscBounded | Self::AsyncChannel | Self::FanIn => (200_000, 2_000, Duration::ZERO),
            Self::Pipeline => (40_000, 200, Duration::ZERO),
            Self::ForkJoin => (1 << 16, 1 << 8, Duration::ZERO),
            Self::Uneven => (12_000, 50, Duration::ZERO),
            Self::Hog => (200_000, 5_000, Duration::from_millis(5)),
            Self::HogSpawns => (30, 2, Duration::from_millis(2)),
            Self::Mixed => (20_000, 400, Duration::from_millis(1)),
            Self::Foreign1 | Self::Foreign2 | Self::Foreign4 | Self::Foreign8 => (80_000, 800, Duration::ZERO),
            Self::RootPingPong => (10_000, 50, Duration::ZERO),
        };
        Size { jobs: if scale == Scale::Full { full } else { smoke }, sleep }
    }

    /// Whether a run waits for its deadlines, and so takes at least its `sleep`.
    pub(crate) fn sleeps_through(self) -> bool {
        matches!(self, Self::ArticleJoin | Self::ArticleSpawn)
    }

    /// Who runs it: the mutex loop is a baseline for timers, and has no second worker to spawn for.
    pub(crate) fn entrants(self) -> impl Iterator<Item = Entrant> {
        let timers = matches!(
            self,
            Self::TimerCancel | Self::TimeoutChurn | Self::Lateness | Self::ArticleJoin | Self::ArticleSpawn
        );
        Entrant::ALL.into_iter().filter(move |entrant| timers || *entrant != Entrant::MutexLoop)
    }
}

/// A started contender of any kind.
pub(crate) trait Racer {
    fn run(&self, workload: Workload, size: Size) -> Cost;
}

impl<C: Contender> Racer for C {
    fn run(&self, workload: Workload, size: Size) -> Cost {
        // What a workload measures itself, instead of the time that it takes.
        let mut own = None;
        let cost = timed(|| match workload {
            Workload::SpawnLocal => spawn::local(self, size),
            Workload::SpawnRemote => spawn::remote(self, size),
            Workload::SpawnJoin => spawn::join(self, size),
            Workload::ChainedSpawn => spawn::chained(self, size),
            Workload::YieldMany => switch::yield_many(self, size),
            Workload::PingPong => switch::ping_pong(self, size),
            Workload::TimerCancel => timer::cancel(self, size),
            Workload::TimeoutChurn => timer::timeout_churn(self, size),
            Workload::Lateness => own = Some(timer::median_lateness(self, size)),
            Workload::ArticleJoin => timer::article_join(self, size),
            Workload::ArticleSpawn => timer::article_spawn(self, size),
            Workload::MpscUnbounded => channel::mpsc_unbounded(self, size),
            Workload::MpscBounded => channel::mpsc_bounded(self, size),
            Workload::AsyncChannel => channel::async_channel(self, size),
            Workload::Request => channel::request(self, size),
            Workload::FanIn => channel::fan_in(self, size),
            Workload::Pipeline => channel::pipeline(self, size),
            Workload::ForkJoin => compute::fork_join(self, size),
            Workload::Uneven => compute::uneven(self, size),
            Workload::Hog => compute::hog(self, size),
            Workload::HogSpawns => own = Some(compute::hog_spawns(self, size)),
            Workload::Mixed => compute::mixed(self, size),
            Workload::Foreign1 => foreign::spawn_and_wake(self, size, 1),
            Workload::Foreign2 => foreign::spawn_and_wake(self, size, 2),
            Workload::Foreign4 => foreign::spawn_and_wake(self, size, 4),
            Workload::Foreign8 => foreign::spawn_and_wake(self, size, 8),
            Workload::RootPingPong => foreign::root_ping_pong(self, size),
        });
        let past_deadline =
            workload.sleeps_through().then(|| cost.wall.checked_sub(size.sleep).expect("no sleep may end early"));
        Cost { wall: own.or(past_deadline).unwrap_or(cost.wall), ..cost }
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
