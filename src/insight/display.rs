//! How a dump is printed: by the places where tasks are spawned, those with the most tasks first.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use super::{Dump, TaskDump, TaskState, Wait};

/// So many tasks of a place are told of one by one, unless all are asked for.
const MOST: usize = 10;

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
            let told = if f.alternate() { tasks.len() } else { MOST };
            for task in tasks.iter().take(told) {
                write!(f, "\n  {task}")?;
            }
            if tasks.len() > told {
                write!(f, "\n  and {} more", tasks.len() - told)?;
            }
        }
        self.write_joins(f)
    }
}

/// Without the place where it was spawned.
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
        if let Some(statistics) = self.statistics() {
            write!(f, ", {statistics}")?;
        }
        for (index, wait) in self.waits().iter().enumerate() {
            write!(f, "{} {wait}", if index == 0 { ":" } else { "," })?;
        }
        Ok(())
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
