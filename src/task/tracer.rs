//! Where tasks wait: a poll with a waker of which each clone is a stack to remember.
//!
//! What a future waits for has a clone of its task's waker, and makes it in its own poll, which the polls of all futures around it have called: the stack at that moment is
//! what an `async` function's would be. So a task that waits is woken, and polled once with a waker that is equal to none that anybody keeps: each leaf clones it anew.
//!
//! Who calls it: who asks (`insight/wait_traces.rs`), on any thread; the poll that is traced (`cell.rs`), and in it the waker (`waker.rs`).
//! A plain lock, under which no code of the user's runs.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use super::id::Id;
use crate::facade::{Condvar, Monitor, RawInstant, StdArc, thread_local_const};

thread_local_const! {
    /// The innermost of the traced polls that this thread is in.
    static TRACED: RefCell<Option<Box<Traced>>> = RefCell::new(None)
}

/// So often it is looked for tasks that have ended unpolled.
const LOOK: Duration = Duration::from_millis(10);

/// The stacks at which a task's wakers were cloned in one poll.
pub(crate) type Stacks = Vec<Backtrace>;

/// What is asked of some tasks.
#[derive(Default)]
pub(crate) struct Tracer {
    /// Those that were asked, and what they have answered.
    asked: Monitor<HashMap<Id, Option<Stacks>>>,
    answered: Condvar,
}

/// A poll that is traced.
struct Traced {
    /// Nobody may ask any more.
    tracer: Option<StdArc<Tracer>>,
    task: Id,
    found: Stacks,
    outer: Option<Box<Self>>,
}

impl Tracer {
    /// `task` will be traced; before it is known to others that it is to be.
    pub(crate) fn ask(&self, task: Id) {
        self.asked.lock().insert(task, None);
    }

    /// It will not be.
    pub(crate) fn withdraw(&self, task: Id) {
        self.asked.lock().remove(&task);
    }

    /// Waits until all are answered but those that are gone, or until `deadline`. False if it was that. Who ends unpolled says nothing: that is looked for now and then.
    pub(crate) fn wait(&self, deadline: RawInstant, is_gone: impl Fn(Id) -> bool) -> bool {
        let mut asked = self.asked.lock();
        loop {
            asked.retain(|task, answer| answer.is_some() || !is_gone(*task));
            if asked.values().all(Option::is_some) {
                return true;
            }
            let now = RawInstant::now();
            if now >= deadline {
                return false;
            }
            self.answered.wait_until(&mut asked, deadline.min(now + LOOK));
        }
    }

    /// What is found so far.
    pub(crate) fn take(&self) -> HashMap<Id, Stacks> {
        let asked = std::mem::take(&mut *self.asked.lock());
        asked.into_iter().filter_map(|(task, answer)| Some((task, answer?))).collect()
    }

    /// A traced poll of `task` has ended.
    fn answers(&self, task: Id, found: Stacks) {
        // Who is not asked, or no more, was asked by a tracer before.
        if let Some(answer) = self.asked.lock().get_mut(&task) {
            *answer = Some(found);
        }
        self.answered.notify_all();
    }
}

/// The poll of `task` that this thread is about to make is traced.
pub(super) fn begin(tracer: Option<StdArc<Tracer>>, task: Id) {
    // Where thread-locals are gone nothing is found.
    let _ = TRACED.try_with(|traced| {
        let outer = traced.take();
        traced.replace(Some(Box::new(Traced { tracer, task, found: Stacks::new(), outer })));
    });
}

/// It has ended.
pub(super) fn end() {
    let _ = TRACED.try_with(|traced| {
        let Some(ended) = traced.take() else { return };
        let Traced { tracer, task, found, outer } = *ended;
        traced.replace(outer);
        if let Some(tracer) = tracer {
            tracer.answers(task, found);
        }
    });
}

/// A traced poll's waker is cloned here.
pub(super) fn note_clone() {
    // Who clones on another thread is not in the poll.
    let _ = TRACED.try_with(|traced| {
        if let Ok(mut traced) = traced.try_borrow_mut()
            && let Some(traced) = &mut *traced
            && traced.tracer.is_some()
        {
            traced.found.push(Backtrace::force_capture());
        }
    });
}
