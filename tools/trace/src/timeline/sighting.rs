//! What tracks tell of a task, in its order.
//!
//! Each track is in order. Between two tracks the times decide, but of those that are spread (`Event::is_exact`) some are wrong by as much as two readings of the clock are apart. Then
//! it counts what can be: nothing comes before a task's spawn and nothing after its end, and a wake comes before the poll that needs it. Two events of different tracks that
//! stand in an order that cannot be change places, if their times allow it.

use std::time::Duration;

use fusee::insight::recording::{Outcome, Task};

use super::thread::Time;

/// An event passes so many others at most.
const FURTHEST: usize = 64;

/// What a track tells of a task.
#[derive(Clone, Copy)]
pub(super) struct Sighting {
    pub(super) seen: Seen,
    pub(super) task: Task,
    pub(super) time: Time,
    pub(super) thread: usize,
    /// That of the thread which it happens in; of a poll, its own.
    pub(super) slice: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// With this mark.
    Spawn(usize),
    Wake,
    Poll,
    End(usize, Outcome),
    /// The number of a name.
    Name(usize),
}

/// Task by task, those of each in order.
pub(super) fn in_order(mut all: Vec<Sighting>) -> Vec<Sighting> {
    all.sort_by_key(|sighting| (sighting.task.id(), sighting.time.at));
    for of_task in all.chunk_by_mut(|a, b| a.task.id() == b.task.id()) {
        adopt(of_task);
        move_up(of_task, |later, earlier, _| is_spawn(later) && !is_end(earlier) && !is_spawn(earlier));
        move_up(of_task, |later, earlier, _| is_end(earlier) && !is_end(later) && !is_spawn(later));
        move_up(of_task, |later, earlier, before| {
            let has_cause = before.is_some_and(|seen| seen == Seen::Wake || is_spawn(seen));
            later == Seen::Wake && earlier == Seen::Poll && !has_cause
        });
        // What has been passed was not before.
        let mut next = Duration::MAX;
        for sighting in of_task.iter_mut().rev() {
            sighting.time.at = sighting.time.at.min(next);
            next = sighting.time.at;
        }
    }
    all
}

fn is_end(seen: Seen) -> bool {
    matches!(seen, Seen::End(..))
}

fn is_spawn(seen: Seen) -> bool {
    matches!(seen, Seen::Spawn(_))
}

fn may_pass(later: &Sighting, earlier: &Sighting) -> bool {
    later.thread != earlier.thread && later.time.least <= earlier.time.most
}

/// A spawn that nothing follows passes a whole task before it that has no spawn.
fn adopt(of_task: &mut [Sighting]) {
    for spawn in 1..of_task.len() {
        let is_alone = of_task.get(spawn + 1).is_none_or(|next| is_spawn(next.seen));
        if !is_spawn(of_task[spawn].seen) || !is_alone {
            continue;
        }
        let mut first = spawn;
        while let Some(earlier) = first.checked_sub(1).map(|before| &of_task[before]) {
            let is_of_another = is_spawn(earlier.seen) || first < spawn && is_end(earlier.seen);
            if is_of_another || spawn - first == FURTHEST || !may_pass(&of_task[spawn], earlier) {
                break;
            }
            first -= 1;
        }
        if first == 0 || is_end(of_task[first - 1].seen) {
            of_task[first..=spawn].rotate_right(1);
        }
    }
}

/// Each passes those before it that it cannot come after; `is_wrong` is asked of it, of that one, and of the one before that.
fn move_up(of_task: &mut [Sighting], is_wrong: impl Fn(Seen, Seen, Option<Seen>) -> bool) {
    for start in 1..of_task.len() {
        for at in (start.saturating_sub(FURTHEST) + 1..=start).rev() {
            let (later, earlier) = (of_task[at], of_task[at - 1]);
            let before = at.checked_sub(2).map(|before| of_task[before].seen);
            if !may_pass(&later, &earlier) || !is_wrong(later.seen, earlier.seen, before) {
                break;
            }
            of_task.swap(at, at - 1);
        }
    }
}
