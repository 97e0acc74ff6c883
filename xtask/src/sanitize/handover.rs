//! Tells ThreadSanitizer of the hand-overs that it cannot see. It is linked into the instrumented programs, in front of the functions named
//! `__real_…`, by the linker's `--wrap`; see `shim.rs`, which compiles it.
//!
//! The standard library comes compiled, without instrumentation. Its generic and inline code is compiled with ours and is seen; what stays
//! unseen are the slow paths of its locks, condition variables, cells that are set once, and scoped threads. Each is
//! wrapped to say what it does: acquire or release a clock, under the address that the visible half uses. And ThreadSanitizer takes no
//! notice of fences: an acquire fence after a decrement, as `Arc` has it, is told as an acquire of what was decremented.
//!
//! Nothing is told that the code does not do: a hand-over of the library's own gets no help.

#![no_std]
#![feature(thread_local)]

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use core::time::Duration;

type Address = *const c_void;

/// `memory_order_acquire`, as the compiler passes it.
const ACQUIRE: i32 = 2;

unsafe extern "C" {
    fn __tsan_acquire(address: Address);
    fn __tsan_release(address: Address);
    fn __real___tsan_atomic64_fetch_sub(address: Address, value: u64, order: i32) -> u64;
    fn __real___tsan_atomic_thread_fence(order: i32);
}

unsafe extern "Rust" {
    #[link_name = concat!("__real_", env!("MUTEX_LOCK_CONTENDED"))]
    fn real_lock_contended(mutex: Address);
    #[link_name = concat!("__real_", env!("CONDVAR_WAIT"))]
    fn real_wait(condvar: Address, mutex: Address);
    #[link_name = concat!("__real_", env!("CONDVAR_WAIT_TIMEOUT"))]
    fn real_wait_timeout(condvar: Address, mutex: Address, timeout: Duration) -> bool;
    #[link_name = concat!("__real_", env!("ONCE_CALL"))]
    fn real_once_call(once: Address, ignore_poisoning: bool, body: &mut dyn FnMut(Address));
    #[link_name = concat!("__real_", env!("SCOPE_THREAD_ENDS"))]
    fn real_scope_thread_ends(scope: Address, panicked: bool);
}

/// What this thread has decremented last, with no acquire fence since.
#[thread_local]
static DECREMENTED: Cell<Address> = Cell::new(ptr::null());

fn acquire(address: Address) {
    // SAFETY: the address is a key and is not read.
    unsafe { __tsan_acquire(address) }
}

fn release(address: Address) {
    // SAFETY: the address is a key and is not read.
    unsafe { __tsan_release(address) }
}

/// The visible half: `unlock` is inline, and releases the mutex's word.
#[unsafe(export_name = concat!("__wrap_", env!("MUTEX_LOCK_CONTENDED")))]
fn lock_contended(mutex: Address) {
    // SAFETY: the caller's arguments, to the function that it called.
    unsafe { real_lock_contended(mutex) };
    acquire(mutex);
}

/// Unlocks and locks again, both unseen.
#[unsafe(export_name = concat!("__wrap_", env!("CONDVAR_WAIT")))]
fn wait(condvar: Address, mutex: Address) {
    release(mutex);
    // SAFETY: as above.
    unsafe { real_wait(condvar, mutex) };
    acquire(mutex);
}

#[unsafe(export_name = concat!("__wrap_", env!("CONDVAR_WAIT_TIMEOUT")))]
fn wait_timeout(condvar: Address, mutex: Address, timeout: Duration) -> bool {
    release(mutex);
    // SAFETY: as above.
    let notified = unsafe { real_wait_timeout(condvar, mutex, timeout) };
    acquire(mutex);
    notified
}

/// The visible half: who finds the cell set, inline, acquires the same word. It must find the release, which therefore comes first.
#[unsafe(export_name = concat!("__wrap_", env!("ONCE_CALL")))]
fn once_call(once: Address, ignore_poisoning: bool, body: &mut dyn FnMut(Address)) {
    let mut told = |state: Address| {
        body(state);
        release(once);
    };
    // SAFETY: as above; a closure stands for the caller's, and calls it.
    unsafe { real_once_call(once, ignore_poisoning, &mut told) };
    acquire(once);
}

/// The visible half: `thread::scope` acquires the count of threads, which is one of the first two words: their order is the compiler's.
#[unsafe(export_name = concat!("__wrap_", env!("SCOPE_THREAD_ENDS")))]
fn scope_thread_ends(scope: Address, panicked: bool) {
    release(scope);
    release(scope.wrapping_byte_add(size_of::<usize>()));
    // SAFETY: as above.
    unsafe { real_scope_thread_ends(scope, panicked) }
}

#[unsafe(export_name = "__wrap___tsan_atomic64_fetch_sub")]
extern "C" fn fetch_sub(address: Address, value: u64, order: i32) -> u64 {
    DECREMENTED.set(address);
    // SAFETY: as above.
    unsafe { __real___tsan_atomic64_fetch_sub(address, value, order) }
}

#[unsafe(export_name = "__wrap___tsan_atomic_thread_fence")]
extern "C" fn fence(order: i32) {
    // SAFETY: as above.
    unsafe { __real___tsan_atomic_thread_fence(order) };
    let decremented = DECREMENTED.replace(ptr::null());
    if order == ACQUIRE && !decremented.is_null() {
        acquire(decremented);
    }
}
