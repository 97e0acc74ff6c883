//! How a dump is printed: by the places where tasks are spawned, those with the most tasks first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{Dump, TaskDump, TaskState, Wait};

/// So many tasks of a place are told of one by one, unless all are asked for; or one of each kind, if there are more kinds.
const MOST: usize = 10;

/// A watched future that was woken and left for so long is told of.
const LEFT: Duration = Duration::from_secs(1);

impl Display for Dump {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(runtime) = &self.runtime {
            write!(f, "runtime {runtime:?}: ")?;
        }
        let has = if self.tasks.len() == 1 { "has" } else { "have" };
        write!(f, "{} {has} waited, {} others are alive", count(self.tasks.len(), "task"), self.others)?;
        let stranded = self.stranded().count();
        if stranded > 0 {
            write!(f, "; {stranded} can never run again")?;
        }
        let mut places: HashMap<_, Vec<&TaskDump>> = HashMap::new();
        for task in &self.tasks {
            // By its text: one place may have several addresses.
            let place = task.spawned_at().map(|place| (place.file(), place.line(), place.column()));
            places.entry(place).or_default().push(task);
        }
        let mut places: Vec<_> = places.into_iter().collect();
        places.sort_by(|(a, more), (b, fewer)| fewer.len().cmp(&more.len()).then(a.cmp(b)));
        for (place, tasks) in places {
            match place {
                Some((file, line, column)) => write!(f, "\n{file}:{line}:{column}: ")?,
                None => write!(f, "\nat other places: ")?,
            }
            write!(f, "{}", count(tasks.len(), "task"))?;
            if f.alternate() {
                tasks.iter().try_for_each(|task| write!(f, "\n  {task:#}"))?;
            } else {
                write_some(&tasks, f)?;
            }
        }
        for left in self.futurelocks(LEFT) {
            write!(f, "\nwoken and not polled, though its task was: the future watched at {}", left.made_at())?;
            if let Some(task) = left.task() {
                write!(f, ", of {task}")?;
            }
        }
        self.write_joins(f)
    }
}

/// Some of the tasks of one place: first those that are alone in what they do, which tell more than one of many.
fn write_some(tasks: &[&TaskDump], f: &mut Formatter<'_>) -> fmt::Result {
    let mut kinds: HashMap<_, Vec<&TaskDump>> = HashMap::new();
    for task in tasks {
        kinds.entry(kind_of(task)).or_default().push(task);
    }
    let mut kinds: Vec<_> = kinds.into_values().collect();
    // Of two that are as rare, that which has waited longer.
    kinds.sort_by_key(|kind| (kind.len(), Reverse(kind[0].polled())));
    let most = (MOST / kinds.len().max(1)).max(1);
    for kind in &kinds {
        kind.iter().take(most).try_for_each(|task| write!(f, "\n  {task}"))?;
        if kind.len() > most {
            let like = if kinds.len() > 1 { " like this" } else { "" };
            write!(f, "\n  and {} more{like}", kind.len() - most)?;
        }
    }
    Ok(())
}

/// The same for tasks of a place that are in the same state, and wait for the same kinds of things.
fn kind_of(task: &TaskDump) -> (TaskState, bool, u8) {
    let waits = task.waits().iter().map(|wait| match wait {
        Wait::Timer(_) => 1,
        #[cfg(feature = "io")]
        Wait::Source(..) => 2,
        Wait::Task(_) => 4,
        Wait::BlockingJob(_) => 8,
    });
    (task.state(), task.is_stranded(), waits.fold(0, |kinds, kind| kinds | kind))
}

/// Without the place where it was spawned; with `#` all that it waits for, else ten of that.
impl Display for TaskDump {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id())?;
        if let Some(name) = self.name() {
            write!(f, " {name:?}")?;
        }
        let state = if self.is_stranded() { "STRANDED" } else { self.state().name() };
        if self.local_set().is_some() {
            write!(f, " local")?;
        }
        write!(f, " {state}, last polled {:?} ago", self.polled())?;
        if let Some(wakers) = self.wakers() {
            write!(f, ", {}", count(wakers, "waker"))?;
        }
        let told = if f.alternate() { usize::MAX } else { MOST };
        for (index, wait) in self.waits().iter().take(told).enumerate() {
            write!(f, "{} {wait}", if index == 0 { ":" } else { "," })?;
        }
        if self.waits().len() > told {
            write!(f, ", and {} more", self.waits().len() - told)?;
        }
        self.statistics().map_or(Ok(()), |statistics| write!(f, "; {statistics}"))
    }
}

impl Display for Wait {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timer(left) => write!(f, "timer in {left:.3?}"),
            #[cfg(feature = "io")]
            Self::Source(number, interest) => write!(f, "source {number} {interest:?}"),
            Self::Task(task) => write!(f, "task {task}"),
            Self::BlockingJob(job) => write!(f, "blocking job {job}"),
        }
    }
}

impl TaskState {
    fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Complete => "complete",
        }
    }
}

pub(super) fn count(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}
