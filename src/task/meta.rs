//! What is known of a task besides its future: its name, where it was spawned, and what is counted of it.
//!
//! They lie in a [`Label`] behind the task's cell, which only those tasks have that are named, or whose runtime has hooks: no
//! other task's allocation grows. A label is written once, before anybody else knows the task, and read through a reference to it; counts go on.
//!
//! Who makes it: the functions that spawn take down an [`Origin`] as they are entered, on the thread that calls them;
//! [`create_local`](super::create_local) turns it into a label, or forgets it.

use std::fmt;
use std::panic::Location;

use super::hooks::Stranding;
use super::id::Id;
use super::raw::Schedule;
use super::statistics::Statistics;
use crate::facade::StdArc;

/// What a hook is told about a task; see [`Builder::on_task_spawn`](crate::runtime::Builder::on_task_spawn).
///
/// ```
/// use fusee::runtime::{Builder, TaskMeta};
///
/// let describe = |task: &TaskMeta<'_>| match task.name() {
///     Some(name) => println!("{} is {name:?}, spawned at {}", task.id(), task.spawned_at()),
///     None => println!("{}, spawned at {}", task.id(), task.spawned_at()),
/// };
/// let runtime = Builder::new_multi_thread().worker_threads(1).on_task_spawn(describe).build()?;
/// runtime.spawn(async {});
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct TaskMeta<'a> {
    id: Id,
    label: &'a Label,
}

/// A task's name and place of birth.
pub(crate) struct Label {
    name: Option<StdArc<str>>,
    spawned_at: &'static Location<'static>,
    stranding: Option<StdArc<Stranding>>,
    statistics: Option<Box<Statistics>>,
}

/// What a spawning function knows of the task to come.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    name: Option<&'a str>,
    spawned_at: &'static Location<'static>,
}

impl<'a> TaskMeta<'a> {
    pub(super) fn new(id: Id, label: &'a Label) -> Self {
        Self { id, label }
    }

    pub(super) fn statistics(&self) -> Option<&'a Statistics> {
        self.label.statistics()
    }

    /// The task.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The name that [`task::Builder::name`](crate::task::Builder::name) gave it.
    pub fn name(&self) -> Option<&'a str> {
        self.label.name().map(|name| &**name)
    }

    /// The call that spawned it.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.label.spawned_at
    }
}

impl fmt::Debug for TaskMeta<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskMeta")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("spawned_at", &self.spawned_at())
            .finish()
    }
}

impl Label {
    pub(super) fn name(&self) -> Option<&StdArc<str>> {
        self.name.as_ref()
    }

    /// What is counted of the task, in a runtime that does.
    pub(super) fn statistics(&self) -> Option<&Statistics> {
        self.statistics.as_deref()
    }

    /// The task `id`, whose label this is, is stranded.
    pub(super) fn is_stranded(&self, id: Id) {
        if let Some(stranding) = &self.stranding {
            stranding.tell(&TaskMeta::new(id, self));
        }
    }
}

impl<'a> Origin<'a> {
    /// Of a task without a name, spawned by whoever calls the function that calls this one.
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self { name: None, spawned_at: Location::caller() }
    }

    /// With the name `name`, if there is one.
    pub(crate) fn named(self, name: Option<&'a str>) -> Self {
        Self { name, ..self }
    }

    /// Where the task is spawned.
    #[inline]
    pub(crate) fn place(self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// Whether the task has a label: it is named, or there are hooks to be told of it.
    #[inline]
    pub(super) fn is_kept<S: Schedule>(self, scheduler: &S) -> bool {
        self.name.is_some() || scheduler.hooks().is_some()
    }

    /// The label of a task of this scheduler, which may have hooks.
    pub(super) fn label<S: Schedule>(self, scheduler: &S) -> Label {
        let hooks = scheduler.hooks();
        Label {
            name: self.name.map(StdArc::from),
            spawned_at: self.spawned_at,
            stranding: hooks.and_then(|hooks| hooks.stranding.clone()),
            statistics: hooks.is_some_and(|hooks| hooks.statistics).then(|| Box::new(Statistics::new(S::IS_JOB))),
        }
    }
}
