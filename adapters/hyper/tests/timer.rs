//! hyper's timers on the runtime's clock.

mod support;

use std::pin::Pin;
use std::time::Duration;

use fusee_hyper::Timer;
use futures::future::{Either, select};
use hyper::rt::{Sleep, Timer as _};
use support::on_every_paused_flavour;

#[test]
fn sleeps_end_on_the_paused_clock_to_the_nanosecond() {
    on_every_paused_flavour(async || {
        let start = Timer.now();
        Timer.sleep(Duration::from_secs(10)).await;
        assert_eq!(Timer.now() - start, Duration::from_secs(10));
        Timer.sleep_until(start + Duration::from_secs(25)).await;
        assert_eq!(Timer.now() - start, Duration::from_secs(25));
    });
}

#[test]
fn a_sleep_is_reset_where_it_is() {
    on_every_paused_flavour(async || {
        let start = Timer.now();
        let mut sleep = Timer.sleep(Duration::from_secs(10));
        let place = address(&sleep);
        Timer.reset(&mut sleep, start + Duration::from_secs(3));
        assert_eq!(address(&sleep), place, "no other has been made");
        (&mut sleep).await;
        assert_eq!(Timer.now() - start, Duration::from_secs(3));

        // After it has ended, and while it waits.
        Timer.reset(&mut sleep, start + Duration::from_secs(5));
        let Either::Right((_, mut sleep)) = select(sleep, Timer.sleep(Duration::from_secs(1))).await else {
            panic!("it has ended too early")
        };
        Timer.reset(&mut sleep, start + Duration::from_secs(9));
        sleep.await;
        assert_eq!(Timer.now() - start, Duration::from_secs(9));
    });
}

#[test]
fn a_sleep_that_is_not_ours_is_replaced() {
    struct Foreign;

    impl Future for Foreign {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
            std::task::Poll::Pending
        }
    }

    impl Sleep for Foreign {}

    on_every_paused_flavour(async || {
        let start = Timer.now();
        let mut sleep: Pin<Box<dyn Sleep>> = Box::pin(Foreign);
        Timer.reset(&mut sleep, start + Duration::from_secs(3));
        sleep.await;
        assert_eq!(Timer.now() - start, Duration::from_secs(3));
    });
}

fn address(sleep: &Pin<Box<dyn Sleep>>) -> *const () {
    std::ptr::from_ref(&**sleep).cast()
}
