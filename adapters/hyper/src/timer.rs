//! The clock that hyper's timeouts go by.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// The timers of the runtime. Its clock is hyper's, too: in a test that pauses it, time limits of HTTP pass at once.
///
/// ```
/// use std::time::Duration;
///
/// use fusee_hyper::Timer;
/// use hyper::rt::Timer as _;
///
/// fusee::runtime::block_on(async {
///     let start = Timer.now();
///     Timer.sleep(Duration::from_millis(1)).await;
///     assert!(Timer.now() >= start + Duration::from_millis(1));
/// });
/// ```
///
/// # Panics
/// `sleep` and `sleep_until` do outside a runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

/// A sleep that is hyper's.
struct Sleep(fusee::time::Sleep);

impl hyper::rt::Timer for Timer {
    #[track_caller]
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(fusee::time::sleep(duration)))
    }

    #[track_caller]
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(fusee::time::sleep_until(deadline.into())))
    }

    fn now(&self) -> Instant {
        fusee::time::Instant::now().into()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(mut ours) => ours.0.reset(deadline.into()),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl hyper::rt::Sleep for Sleep {}
