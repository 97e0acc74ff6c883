//! The AWS SDK's time limits and clocks, on time that is virtual.

mod support;

use std::future::{pending, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::future::timeout::Timeout;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};
use aws_smithy_async::time::SharedTimeSource;
use fusee::time::Instant;
use fusee_traits::FuseeRuntime;
use fusee_traits::aws_smithy::VirtualTime;
use support::{on_both_flavours, on_paused_clocks};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_limit_passes_on_a_paused_clock() {
    on_paused_clocks(async || {
        let sleep = SharedAsyncSleep::new(FuseeRuntime::current());
        let start = Instant::now();
        assert_eq!(Timeout::new(ready(42), sleep.sleep(HOUR)).await.unwrap(), 42);
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(Timeout::new(pending::<()>(), sleep.sleep(HOUR)).await.is_err());
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn the_clock_goes_along_with_sleeps() {
    on_paused_clocks(async || {
        let runtime = FuseeRuntime::current();
        let begins = UNIX_EPOCH + 24 * HOUR;
        let clock = SharedTimeSource::new(VirtualTime::new(runtime.clone(), begins));
        runtime.sleep(HOUR).await;
        assert_eq!(clock.now(), begins + HOUR);
        // Outside of the runtime, too.
        let elsewhere = clock.clone();
        let told = fusee::task::spawn_blocking(move || std::thread::spawn(move || elsewhere.now()).join().unwrap());
        assert_eq!(told.await.unwrap(), begins + HOUR);
    });
}

#[test]
fn a_sleep_made_and_awaited_on_another_runtime_is_of_its_own() {
    on_both_flavours(|runtime| {
        let virtual_one =
            fusee::runtime::Builder::new_multi_thread().worker_threads(1).start_paused(true).build().unwrap();
        let sleeper = FuseeRuntime::new(virtual_one.handle().clone());
        let start = SystemTime::now();
        runtime.block_on(sleeper.sleep(24 * HOUR));
        assert!(start.elapsed().unwrap() < HOUR, "the day is that of the paused clock");
    });
}
