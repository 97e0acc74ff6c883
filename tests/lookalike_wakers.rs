//! Wakers that look like that of the task which is polled, or like none, and are somebody else's: their timers fire while that poll goes on.
//!
//! A worker tells nobody of a timer that the task which it polls waits for itself, until the poll ends. It must not take another's for such a timer:
//! whoever waits for it may do so in that very poll.

mod support;

use std::future::poll_fn;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::Duration;

use fusee::time::sleep;
use support::wakers::calling;
use support::{current_thread, poll_once, until, watchdog, workers};

/// How often a look-alike was woken. Its data is not its own, so that it cannot know more.
static WOKEN: AtomicUsize = AtomicUsize::new(0);

static VTABLE: RawWakerVTable =
    RawWakerVTable::new(|data| RawWaker::new(data, &VTABLE), |_| count(), |_| count(), |_| ());

fn count() {
    WOKEN.fetch_add(1, Ordering::SeqCst);
}

/// A waker with this data, and a table of its own.
fn look_alike(data: *const ()) -> Waker {
    // SAFETY: the table's functions do not look at the data.
    unsafe { Waker::new(data, &VTABLE) }
}

/// Polls a sleep with `waker`, and blocks until that is woken.
fn block_until_woken(waker: &Waker) {
    let before = WOKEN.load(Ordering::SeqCst);
    let mut pause = sleep(Duration::from_millis(1));
    assert!(poll_once(&mut pause, waker).is_pending());
    until("the timer has fired", || WOKEN.load(Ordering::SeqCst) > before);
    assert!(poll_once(&mut pause, Waker::noop()).is_ready());
}

/// Wakers that are not `polled`, each alike in another way.
fn look_alikes(polled: &Waker) -> [Waker; 3] {
    [look_alike(polled.data()), look_alike(ptr::null()), look_alike(ptr::without_provenance(1))]
}

/// In a poll, with the worker on the thread.
async fn in_a_poll() {
    poll_fn(|context| {
        look_alikes(context.waker()).iter().for_each(block_until_woken);
        Poll::Ready(())
    })
    .await;
}

/// As timers fire: in a waker that is not the runtime's, on the worker's thread. What the driver fires, because the worker was late, is no such case.
async fn as_timers_fire() {
    let mut fired_here = false;
    while !fired_here {
        let (tell, told) = channel();
        let pause = poll_fn(|context| {
            let (polled, tell, here) = (context.waker().clone(), tell.clone(), thread::current().id());
            let waker = calling(move || {
                let is_here = thread::current().id() == here;
                if is_here {
                    look_alikes(&polled).iter().for_each(block_until_woken);
                }
                tell.send(is_here).unwrap();
            });
            let mut pause = sleep(Duration::from_millis(1));
            assert!(poll_once(&mut pause, &waker).is_pending());
            Poll::Ready(pause)
        })
        .await;
        fired_here = loop {
            sleep(Duration::from_millis(1)).await;
            if let Ok(is_here) = told.try_recv() {
                break is_here;
            }
        };
        drop(pause);
    }
}

#[test]
fn a_timer_of_a_waker_that_looks_like_another_is_told_to_the_driver() {
    watchdog(|| {
        let runtime = current_thread();
        runtime.block_on(in_a_poll());
        runtime.block_on(as_timers_fire());
        for runtime in [runtime, workers(1), workers(2)] {
            runtime.block_on(runtime.spawn(in_a_poll())).unwrap();
            runtime.block_on(runtime.spawn(as_timers_fire())).unwrap();
        }
    });
}
