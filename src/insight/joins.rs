//! Who waits for whom, by the handles of tasks: a tree, and circles.
//!
//! A task has one handle, and at most one joiner: from each task one way leads on, to its joiner.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Display, Formatter};

use super::{Dump, Places, TaskDump, Wait};
use crate::task::Id;

/// So many lines of the tree are printed, unless all are asked for.
const MOST: usize = 40;

/// So far the tree's branches move to the right; what is deeper says how deep it is.
const DEEPEST: usize = 20;

/// Tells each joiner for which tasks it waits. `has_ended` says of one by its place whether it has come to its end since it was looked at: its joiner may have been seen after that.
pub(super) fn wait_for_tasks(tasks: &mut [TaskDump], places: &Places, has_ended: impl Fn(usize) -> bool) {
    for place in 0..tasks.len() {
        let joined = &tasks[place];
        let Some(joiner) = joined.joined_by().and_then(|joiner| places.find(joiner)) else { continue };
        let id = joined.id();
        let both = joined.statistics().zip(tasks[joiner].statistics());
        if !both.is_some_and(|(it, by)| it.may_be_joined_by(by)) {
            if let Some(statistics) = tasks[place].statistics_mut() {
                statistics.forget_joiner();
            }
        } else if !has_ended(place) {
            tasks[joiner].waits_for(Wait::Task(id));
        }
    }
}

/// The circles: each task in them waits for the next one, and the last for the first.
pub(super) fn circles(tasks: &[TaskDump]) -> Vec<Vec<Id>> {
    // Those alone are in one that are joined.
    let joined = tasks.iter().filter_map(|task| Some((task.id(), (task.joined_by()?, task.spawned_at()))));
    let joined: HashMap<_, _> = joined.collect();
    let (mut circles, mut seen) = (Vec::new(), HashSet::new());
    for task in tasks {
        let (mut way, mut at) = (Vec::new(), task.id());
        while seen.insert(at) {
            way.push(at);
            match joined.get(&at) {
                Some((joiner, _)) => at = *joiner,
                None => break,
            }
        }
        // Its end lies on this way, and not on an earlier one: it has come back.
        if joined.contains_key(&at)
            && let Some(start) = way.iter().position(|task| *task == at)
        {
            let mut circle = way.split_off(start);
            // The way leads from the joined to the joiner.
            circle.reverse();
            // It begins with the task that was spawned first in the source, and not with whichever was found first.
            let place = |task| joined[task].1.map(|place| (place.file(), place.line(), place.column()));
            let first = (0..circle.len()).min_by_key(|&at| (place(&circle[at]), circle[at])).unwrap_or_default();
            circle.rotate_left(first);
            circles.push(circle);
        }
    }
    circles
}

impl Dump {
    /// The joiners, each with the tasks that it waits for beneath, and circles of them.
    pub(super) fn write_joins(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let tasks: HashMap<_, _> = self.tasks.iter().map(|task| (task.id(), task)).collect();
        let is_joiner = |task: &TaskDump| joined(task).next().is_some();
        let is_joined = |task: &TaskDump| task.joined_by().is_some_and(|joiner| tasks.contains_key(&joiner));
        let circles = self.circles();
        let in_circles: HashSet<_> = circles.iter().flatten().copied().collect();
        // Depth first, without recursion: chains may be long. What hangs on a circle has its root in it.
        let hangs =
            |task: &TaskDump| in_circles.contains(&task.id()) && joined(task).any(|id| !in_circles.contains(&id));
        let roots = self.tasks.iter().filter(|task| is_joiner(task) && (!is_joined(task) || hangs(task)));
        let mut open: Vec<_> = roots.map(|task| (0, task.id())).collect();
        open.reverse();
        let (mut lines, most) = (0, if f.alternate() { usize::MAX } else { MOST });
        while let Some((depth, id)) = open.pop() {
            let Some(task) = tasks.get(&id) else { continue };
            if lines == most {
                write!(f, "\n  and more")?;
                break;
            }
            if lines == 0 {
                write!(f, "\nwho waits for whom:")?;
            }
            lines += 1;
            if depth <= DEEPEST {
                write!(f, "\n{:width$}{}", "", Named(task), width = 2 * (depth + 1))?;
            } else {
                write!(f, "\n{:width$}({depth} deep) {}", "", Named(task), width = 2 * (DEEPEST + 1))?;
            }
            open.extend(joined(task).filter(|id| !in_circles.contains(id)).map(|joined| (depth + 1, joined)));
        }
        for circle in circles {
            write!(f, "\nwait for each other in a circle:")?;
            for (index, task) in circle.iter().chain(circle.first()).enumerate() {
                let after = if index == 0 { "" } else { "  -> " };
                match tasks.get(task) {
                    Some(task) => write!(f, "\n  {after}{}", Named(task))?,
                    None => write!(f, "\n  {after}{task}")?,
                }
            }
        }
        Ok(())
    }
}

/// A task by its number, its name and its place.
struct Named<'a>(&'a TaskDump);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.id())?;
        if let Some(name) = self.0.name() {
            write!(f, " {name:?}")?;
        }
        self.0.spawned_at().map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

fn joined(task: &TaskDump) -> impl Iterator<Item = Id> {
    task.waits().iter().filter_map(|wait| match wait {
        Wait::Task(joined) => Some(*joined),
        _ => None,
    })
}
