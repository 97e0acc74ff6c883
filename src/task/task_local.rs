//! Values that a future carries along: set for those within it, on whatever thread it is polled.
//!
//! A value waits in its [`TaskLocalFuture`]. While that is polled, and while it is dropped, the value is in a thread-local, changed places
//! with what was there: so scopes nest. [`task_local!`](crate::task_local) declares that thread-local in the user's crate, past the
//! facade: no protocol of ours depends on it.
//!
//! Everything runs on the thread that polls. The thread-local is borrowed only within [`LocalKey::with`], which runs the user's code, and
//! for the moment in which the values change places, which runs none: no value is dropped there.
//! Checked by `tests/task_local.rs`. Deliberately not here: a runtime. Task-locals work under any executor.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::facade::thread;

/// Declares task-locals: statics, each a [`LocalKey`], whose value is set for a future by
/// [`scope`](crate::task::LocalKey::scope). Attributes and visibility are kept.
///
/// ```
/// fusee::task_local! {
///     /// Who asks.
///     pub static USER: String;
///
///     static DEPTH: u32;
/// }
///
/// async fn greeting() -> String {
///     USER.with(|user| format!("Hello, {user}"))
/// }
///
/// fusee::runtime::block_on(async {
///     let task = fusee::spawn(USER.scope("Ada".to_owned(), greeting()));
///     assert_eq!(task.await.unwrap(), "Hello, Ada");
///     assert_eq!(DEPTH.sync_scope(1, || DEPTH.get()), 1);
/// });
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty);* $(;)?) => {
        $(
            $(#[$attribute])*
            $visibility static $name: $crate::task::LocalKey<$type> = {
                ::std::thread_local! {
                    static STORAGE: ::std::cell::RefCell<::std::option::Option<$type>> =
                        const { ::std::cell::RefCell::new(::std::option::Option::None) };
                }
                $crate::task::LocalKey::__new(STORAGE)
            };
        )*
    };
}

/// The key to a task-local value, declared by [`task_local!`](crate::task_local).
///
/// A value belongs to the future that it was set for, and to what that awaits; a task spawned within does not inherit it.
///
/// ```
/// fusee::task_local! {
///     static DEPTH: u32;
/// }
///
/// fusee::runtime::block_on(DEPTH.scope(1, async {
///     assert_eq!(DEPTH.get(), 1);
///     DEPTH.scope(2, async { assert_eq!(DEPTH.get(), 2) }).await;
///     assert_eq!(DEPTH.get(), 1);
///     fusee::spawn(async { assert!(DEPTH.try_get().is_err()) }).await.unwrap();
/// }));
/// ```
pub struct LocalKey<T: 'static> {
    storage: thread::LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn __new(storage: thread::LocalKey<RefCell<Option<T>>>) -> Self {
        Self { storage }
    }

    /// Sets `value` for `future`: while it is polled, and while it is dropped. The value is dropped with the [`TaskLocalFuture`], after
    /// the future.
    ///
    /// # Panics
    /// Polling it panics inside [`with`](Self::with) of the same key, and where the thread ends and its thread-locals are gone.
    ///
    /// # Cancel safety
    /// As the future's.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture { key: self, value: Some(value), future: Some(future), pinned: PhantomPinned }
    }

    /// Sets `value` while `f` runs.
    ///
    /// # Panics
    /// Inside [`with`](Self::with) of the same key, and where the thread ends and its thread-locals are gone. A panic of `f` goes
    /// on, with the value before in its place.
    ///
    /// ```
    /// fusee::task_local! {
    ///     static DEPTH: u32;
    /// }
    ///
    /// assert_eq!(DEPTH.sync_scope(1, || DEPTH.get() + 1), 2);
    /// ```
    #[track_caller]
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        match Scope::enter(self, &mut value) {
            Ok(_scope) => f(),
            Err(refusal) => panic!("{refusal}"),
        }
    }

    /// Runs `f` with the value.
    ///
    /// # Panics
    /// Where it is not set; see [`try_with`](Self::try_with). A panic of `f` goes on.
    ///
    /// ```
    /// fusee::task_local! {
    ///     static USER: String;
    /// }
    ///
    /// fusee::runtime::block_on(USER.scope("Ada".to_owned(), async {
    ///     assert_eq!(USER.with(|user| user.len()), 3);
    /// }));
    /// ```
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(answer) => answer,
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs `f` with the value.
    ///
    /// # Errors
    /// [`AccessError`], where it is not set. Then `f` does not run.
    ///
    /// ```
    /// fusee::task_local! {
    ///     static USER: String;
    /// }
    ///
    /// assert!(USER.try_with(|user| user.len()).is_err());
    /// ```
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        // A thread that has lost its thread-locals is in no scope.
        let found = self.storage.try_with(|storage| storage.borrow().as_ref().map(f));
        found.ok().flatten().ok_or(AccessError(()))
    }

    /// Changes places with what the thread-local holds.
    fn swap(&'static self, value: &mut Option<T>) -> Result<(), Refusal> {
        let swap = |storage: &RefCell<Option<T>>| match storage.try_borrow_mut() {
            Ok(mut stored) => {
                mem::swap(&mut *stored, value);
                Ok(())
            }
            Err(_) => Err(Refusal::Borrowed),
        };
        self.storage.try_with(swap).unwrap_or(Err(Refusal::Destroyed))
    }
}

impl<T: Clone + 'static> LocalKey<T> {
    /// A clone of the value.
    ///
    /// # Panics
    /// Where it is not set; see [`try_get`](Self::try_get).
    #[track_caller]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// A clone of the value.
    ///
    /// # Errors
    /// [`AccessError`], where it is not set.
    pub fn try_get(&'static self) -> Result<T, AccessError> {
        self.try_with(T::clone)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// What is in force until it is dropped: a value in the thread-local, and in the value's place what was there before.
struct Scope<'a, T: 'static> {
    key: &'static LocalKey<T>,
    value: &'a mut Option<T>,
}

impl<'a, T: 'static> Scope<'a, T> {
    fn enter(key: &'static LocalKey<T>, value: &'a mut Option<T>) -> Result<Self, Refusal> {
        key.swap(value)?;
        Ok(Self { key, value })
    }
}

impl<T: 'static> Drop for Scope<'_, T> {
    fn drop(&mut self) {
        let left = self.key.swap(self.value);
        debug_assert!(
            left.is_ok(),
            "every borrow within the scope has ended, and the thread-local lives since before it"
        );
    }
}

/// Why a value cannot be set.
enum Refusal {
    Borrowed,
    Destroyed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Borrowed => "a task-local was to be set inside `with` of the same key, which lends its value out",
            Self::Destroyed => "a task-local was to be set on a thread that is ending: its thread-locals are gone",
        })
    }
}

/// The task-local is not set here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessError(());

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish_non_exhaustive()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task-local is not set here: read it within `scope` or `sync_scope` of its key")
    }
}

impl Error for AccessError {}

pin_project! {
    /// The future of [`LocalKey::scope`].
    ///
    /// # Panics
    /// Polling it again after it was ready panics.
    #[must_use = "futures do nothing unless awaited"]
    pub struct TaskLocalFuture<T: 'static, F> {
        key: &'static LocalKey<T>,
        value: Option<T>,
        // None once it was ready.
        #[pin]
        future: Option<F>,
        // Leaves it open to keep the value in place, too.
        #[pin]
        pinned: PhantomPinned,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if mem::needs_drop::<F>() && this.future.is_some() {
                // Where the value cannot be set the future is dropped without it, as a field.
                if let Ok(_scope) = Scope::enter(*this.key, this.value) {
                    this.future.set(None);
                }
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out: of a future that is ready, to have it back; of one that is not, so that what is left of it
    /// runs without. `None` if it was taken already.
    ///
    /// ```
    /// fusee::task_local! {
    ///     static NAMES: std::cell::RefCell<Vec<&'static str>>;
    /// }
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut scope = Box::pin(NAMES.scope(Default::default(), async {
    ///         NAMES.with(|names| names.borrow_mut().push("Ada"));
    ///     }));
    ///     scope.as_mut().await;
    ///     assert_eq!(scope.as_mut().take_value().unwrap().into_inner(), ["Ada"]);
    /// });
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("a TaskLocalFuture was polled after it was ready");
        };
        let _scope = match Scope::enter(*this.key, this.value) {
            Ok(scope) => scope,
            Err(refusal) => panic!("{refusal}"),
        };
        let answer = future.poll(context);
        if answer.is_ready() {
            this.future.set(None);
        }
        answer
    }
}

impl<T: fmt::Debug + 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").field("value", &self.value).finish_non_exhaustive()
    }
}
