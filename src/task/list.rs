//! The list of live tasks: what shutdown drops.
//!
//! One list for each worker and one for foreign threads, each under a lock of its own, and one for each local set. A task is in one list from the first poll
//! that leaves it pending (a local one from its spawn) until it completes, and the list holds a reference. The links lie in the task's header: entering and leaving allocate nothing.
//!
//! # Invariants
//! - Links are touched under the lock, or by [`close`](TaskList::close) once it has detached the chain: from then on
//!   [`remove`](TaskList::remove) answers false without touching them.
//! - A closed list takes nobody in (structural: `list_insert_ignores_closed`).
//! - No user code runs under the lock.
//! - A walk's next task is in the list (structural: `list_walk_keeps_cursor`, `list_walk_outlives_close`): it holds no reference of its own.
//!
//! Checked by the models `task_shutdown_run`, `task_abort_shutdown`, `list_insert_vs_close`, `first_pending_vs_close`,
//! `walk_vs_complete`, `walk_vs_close`.
//!
//! Deliberately not here: what becomes of a task that is refused.

use super::raw::{Claim, RawTask};
use crate::facade::{Mutex, mutant};

/// A list of live tasks.
#[derive(Debug)]
pub(crate) struct TaskList {
    chain: Mutex<Chain>,
}

#[derive(Debug)]
struct Chain {
    head: Option<RawTask>,
    /// Where a walk goes on. It is in the list: who is taken out of it hands it on.
    cursor: Option<RawTask>,
    closed: bool,
}

/// A task's neighbours.
#[derive(Debug, Default)]
pub(super) struct Links {
    previous: Option<RawTask>,
    next: Option<RawTask>,
}

// SAFETY: the tasks that the pointers lead to are Send and Sync by the state word's rules, and the links are touched under the lock.
unsafe impl Send for TaskList {}
// SAFETY: as above.
unsafe impl Sync for TaskList {}

impl TaskList {
    pub(crate) fn new() -> Self {
        Self { chain: Mutex::new(Chain { head: None, cursor: None, closed: false }) }
    }

    /// Enters `task`, whose reference for the list is handed over on success. False when the list is closed.
    ///
    /// # Safety
    /// `task` is alive and in no list.
    pub(crate) unsafe fn insert(&self, task: RawTask) -> bool {
        let mut chain = self.chain.lock();
        if chain.closed && !mutant("list_insert_ignores_closed") {
            return false;
        }
        let head = chain.head.replace(task);
        // SAFETY: the lock is held and the task alive.
        unsafe { set_links(task, Links { previous: None, next: head }) };
        if let Some(head) = head {
            // SAFETY: the lock is held, and the list's reference keeps its tasks alive.
            unsafe { with_links(head, |links| links.previous = Some(task)) };
        }
        true
    }

    /// Takes `task` out. True when it was in: the list's reference is the caller's.
    ///
    /// # Safety
    /// `task` is alive, has entered this list, and was not taken out before.
    pub(crate) unsafe fn remove(&self, task: RawTask) -> bool {
        let mut chain = self.chain.lock();
        if chain.closed {
            return false;
        }
        // SAFETY: the lock is held and the task alive.
        let Links { previous, next } = unsafe { with_links(task, std::mem::take) };
        match previous {
            // SAFETY: the lock is held, and the list's reference keeps its tasks alive.
            Some(previous) => unsafe { with_links(previous, |links| links.next = next) },
            None => {
                debug_assert_eq!(chain.head, Some(task), "a task without a predecessor is the head");
                chain.head = next;
            }
        }
        if let Some(next) = next {
            // SAFETY: as above.
            unsafe { with_links(next, |links| links.previous = previous) };
        }
        if chain.cursor == Some(task) && !mutant("list_walk_keeps_cursor") {
            chain.cursor = next;
        }
        true
    }

    /// Refuses tasks from now on, and shuts down those that are in. The first call does; later ones find nothing.
    pub(crate) fn close(&self) {
        let mut chain = self.chain.lock();
        chain.closed = true;
        let mut next = chain.head.take();
        // The chain's tasks are not the list's any more.
        if !mutant("list_walk_outlives_close") {
            chain.cursor = None;
        }
        drop(chain);
        while let Some(task) = next {
            // SAFETY: the list is closed and the chain detached: its links are ours, and its references keep the tasks alive.
            next = unsafe { with_links(task, std::mem::take) }.next;
            // SAFETY: the list's reference is handed over.
            unsafe { task.shut_down(Claim::List) };
        }
    }

    /// Begins a walk through the tasks that are in the list now, from the youngest on. One at a time: it ends another that is under way.
    pub(crate) fn begin_walk(&self) {
        let mut chain = self.chain.lock();
        chain.cursor = chain.head;
    }

    /// Calls `f` with up to `count` tasks more of the walk that was begun last, under the lock: it runs no code of the user's, and does not allocate. False when that
    /// was all: a task that has left the list meanwhile, or has come, is not among them.
    pub(crate) fn walk(&self, count: usize, mut f: impl FnMut(RawTask)) -> bool {
        let mut chain = self.chain.lock();
        for _ in 0..count {
            let Some(task) = chain.cursor else { return false };
            f(task);
            // SAFETY: the lock is held, and the list's reference keeps its tasks alive.
            chain.cursor = unsafe { with_links(task, |links| links.next) };
        }
        chain.cursor.is_some()
    }

    /// Whether no task is in the list.
    pub(crate) fn is_empty(&self) -> bool {
        self.chain.lock().head.is_none()
    }
}

/// # Safety
/// `task` is alive and the caller may touch its links.
unsafe fn with_links<R>(task: RawTask, f: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: by the caller, the task is alive.
    let header = unsafe { task.header() };
    // SAFETY: by the caller, nobody else touches the links.
    header.links.with_mut(|links| f(unsafe { &mut *links }))
}

/// # Safety
/// As [`with_links`].
unsafe fn set_links(task: RawTask, new: Links) {
    // SAFETY: by the caller.
    unsafe { with_links(task, |links| *links = new) }
}
