//! Hand-made wakers: ones that count, that panic, that run what they are told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use super::quiet_panic;

/// Counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

/// A waker that counts, and its count.
pub(crate) fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), count.into())
}

impl Count {
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Call<F>(Mutex<Option<F>>);

impl<F: FnOnce() + Send + 'static> Wake for Call<F> {
    fn wake(self: Arc<Self>) {
        let f = self.0.lock().unwrap().take();
        if let Some(f) = f {
            f();
        }
    }
}

/// A waker that calls `f`, the first time that it is woken.
pub(crate) fn calling(f: impl FnOnce() + Send + 'static) -> Waker {
    Arc::new(Call(Mutex::new(Some(f)))).into()
}

struct PanicsInDrop;

impl Wake for PanicsInDrop {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        quiet_panic("a waker's drop");
    }
}

/// A waker that panics when the last clone is dropped.
pub(crate) fn panics_in_drop() -> Waker {
    Arc::new(PanicsInDrop).into()
}
