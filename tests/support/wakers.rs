//! Hand-made wakers: ones that count, that panic, that run what they are told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};

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

/// What a [`hooked`] waker calls.
struct Hooks<C, D> {
    on_clone: C,
    on_drop: D,
}

impl<C: Fn() + Send + Sync + 'static, D: Fn() + Send + Sync + 'static> Hooks<C, D> {
    const VTABLE: &'static RawWakerVTable = &RawWakerVTable::new(Self::clone, Self::release, |_| (), Self::release);

    /// # Safety
    /// `data` is that of a live waker of this vtable.
    unsafe fn clone(data: *const ()) -> RawWaker {
        // SAFETY: the data is a counted `Self`, alive while its waker is.
        let hooks = unsafe { &*data.cast::<Self>() };
        (hooks.on_clone)();
        // SAFETY: as above; the clone's count.
        unsafe { Arc::increment_strong_count(data.cast::<Self>()) };
        RawWaker::new(data, Self::VTABLE)
    }

    /// # Safety
    /// As `clone`; it is not used again.
    unsafe fn release(data: *const ()) {
        // SAFETY: the waker's count is taken over.
        let hooks = unsafe { Arc::from_raw(data.cast::<Self>()) };
        (hooks.on_drop)();
    }
}

/// A waker that does nothing when it is woken, but calls a function whenever it is cloned and one whenever a clone or itself is dropped.
pub(crate) fn hooked(on_clone: impl Fn() + Send + Sync + 'static, on_drop: impl Fn() + Send + Sync + 'static) -> Waker {
    fn waker<C: Fn() + Send + Sync + 'static, D: Fn() + Send + Sync + 'static>(hooks: Hooks<C, D>) -> Waker {
        // SAFETY: the table's functions take a counted `Hooks` of this type, which may be used on any thread.
        unsafe { Waker::new(Arc::into_raw(Arc::new(hooks)).cast(), Hooks::<C, D>::VTABLE) }
    }
    waker(Hooks { on_clone, on_drop })
}
