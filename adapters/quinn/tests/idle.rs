//! How connections end by time, which is virtual here.

mod support;

use std::time::Duration;

use fusee::time::{Instant, pause, sleep};
use quinn::{ConnectionError, TransportConfig};
use support::{connect, on_both_flavours, pair};

const LIMIT: Duration = Duration::from_secs(30);

/// A connection that is idle for [`LIMIT`] is lost.
fn idle() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(LIMIT.try_into().unwrap()));
    transport
}

#[test]
fn an_idle_connection_is_lost_when_the_paused_clock_says_so() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            pause();
            let (server, client) = pair(idle());
            let (accepted, made) = connect(&server, &client).await;
            // Some of the limit has passed since the last message of the handshake.
            let start = Instant::now();
            assert_eq!(made.closed().await, ConnectionError::TimedOut);
            assert_eq!(accepted.closed().await, ConnectionError::TimedOut);
            let passed = start.elapsed();
            assert!(passed > LIMIT - Duration::from_secs(1) && passed < 2 * LIMIT, "{passed:?}");
        });
    });
}

#[test]
fn a_connection_kept_alive_lasts_an_hour_of_a_paused_clock() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            pause();
            let mut transport = idle();
            transport.keep_alive_interval(Some(LIMIT / 2));
            let (server, client) = pair(transport);
            let (accepted, made) = connect(&server, &client).await;
            sleep(Duration::from_secs(3600)).await;
            assert_eq!((accepted.close_reason(), made.close_reason()), (None, None));
        });
    });
}
