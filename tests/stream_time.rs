//! Streams and futures under time limits, by methods: errors where an item is late, pauses between items, and no timer or neighbour that starves.
#![cfg(feature = "test-util")]

mod support;

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::coop::consume_budget;
use fusee::task::yield_now;
use fusee::time::error::Elapsed;
use fusee::time::{FutureExt as _, Instant, StreamExt as _, advance, interval, interval_at, sleep};
use futures::channel::mpsc;
use futures::stream::{self, FusedStream as _, Stream, StreamExt as _};
use support::{current_thread, on_one_worker, watchdog, workers};

const MS: Duration = Duration::from_millis(1);

/// Runs `body` under a watchdog on a paused clock, of each flavour.
fn on_paused_clocks(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        body(Builder::new_current_thread().start_paused(true).build().unwrap());
        body(Builder::new_multi_thread().worker_threads(2).start_paused(true).build().unwrap());
    });
}

/// Items of which each comes so many milliseconds after the one before.
fn after(pauses: &'static [u32]) -> impl Stream<Item = u32> {
    stream::iter(pauses).then(|&pause| async move {
        if pause > 0 {
            sleep(pause * MS).await;
        }
        pause
    })
}

/// What a stream answers, each item with the milliseconds since the start.
async fn timed<S: Stream>(stream: S) -> Vec<(u128, S::Item)> {
    let start = Instant::now();
    stream.map(|item| (start.elapsed().as_millis(), item)).collect().await
}

/// As [`timed`], with `None` for an error.
async fn timed_results<T>(stream: impl Stream<Item = Result<T, Elapsed>>) -> Vec<(u128, Option<T>)> {
    timed(stream.map(Result::ok)).await
}

#[test]
fn an_item_that_is_late_is_preceded_by_one_error() {
    on_paused_clocks(|runtime| {
        let items = runtime.block_on(async { timed_results(after(&[0, 200, 0, 30, 1000]).timeout(100 * MS)).await });
        assert_eq!(
            items,
            [
                (0, Some(0)),
                (100, None),
                (200, Some(200)),
                (200, Some(0)),
                (230, Some(30)),
                (330, None),
                (1230, Some(1000)),
            ]
        );
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn an_item_that_is_late_is_preceded_by_an_error_for_each_tick() {
    on_paused_clocks(|runtime| {
        let items = runtime.block_on(async {
            let ticks = interval_at(Instant::now() + 100 * MS, 100 * MS);
            timed_results(after(&[0, 250, 10, 130]).timeout_repeating(ticks)).await
        });
        assert_eq!(
            items,
            [(0, Some(0)), (100, None), (200, None), (250, Some(250)), (260, Some(10)), (360, None), (390, Some(130)),]
        );
        // The first tick of an interval comes at once.
        let items =
            runtime.block_on(async { timed_results(after(&[150]).timeout_repeating(interval(100 * MS))).await });
        assert_eq!(items, [(0, None), (100, None), (150, Some(150))]);
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn the_first_item_has_the_time_since_the_limit_was_set() {
    on_paused_clocks(|runtime| {
        runtime.block_on(async {
            let mut items = pin!(after(&[50]).timeout(100 * MS));
            sleep(60 * MS).await;
            assert_eq!(timed_results(items.by_ref()).await, [(40, None), (50, Some(50))]);
            let mut items = pin!(after(&[50]).timeout(100 * MS));
            sleep(200 * MS).await;
            assert!(items.next().await.unwrap().is_err(), "at once");
            assert_eq!(items.next().await, Some(Ok(50)));
        });
    });
}

#[test]
fn zero_limits_what_is_not_there_and_never_limits_nothing() {
    on_paused_clocks(|runtime| {
        runtime.block_on(async {
            let items = timed_results(after(&[0, 0, 10]).timeout(Duration::ZERO)).await;
            assert_eq!(items, [(0, Some(0)), (0, Some(0)), (0, None), (10, Some(10))]);
            let items = timed_results(after(&[0, 100_000_000]).timeout(Duration::MAX)).await;
            assert_eq!(items, [(0, Some(0)), (100_000_000, Some(100_000_000))]);
        });
    });
}

#[test]
fn throttled_items_are_a_pause_apart_at_least_and_the_first_comes_at_once() {
    on_paused_clocks(|runtime| {
        runtime.block_on(async {
            let items = timed(stream::iter(1..=4).throttle(100 * MS)).await;
            assert_eq!(items, [(0, 1), (100, 2), (200, 3), (300, 4)]);
            // What takes its time anyway begins to when the pause is over.
            let items = timed(after(&[10, 30, 0]).throttle(100 * MS)).await;
            assert_eq!(items, [(10, 10), (140, 30), (240, 0)]);
            let items = timed(stream::iter(1..=3).throttle(Duration::ZERO)).await;
            assert_eq!(items, [(0, 1), (0, 2), (0, 3)]);
        });
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_channel_is_not_looked_at_during_the_pause_after_its_message() {
    on_paused_clocks(|runtime| {
        runtime.block_on(async {
            let (send, receive) = mpsc::unbounded();
            let mut messages = receive.throttle(100 * MS);
            let start = Instant::now();
            send.unbounded_send(1).unwrap();
            assert_eq!(messages.next().await, Some(1));
            sleep(50 * MS).await;
            send.unbounded_send(2).unwrap();
            assert_eq!(messages.next().await, Some(2));
            assert_eq!(start.elapsed(), 100 * MS);
            sleep(500 * MS).await;
            send.unbounded_send(3).unwrap();
            assert_eq!(messages.next().await, Some(3));
            assert_eq!(start.elapsed(), 600 * MS, "no pause more after a long one");
            assert!(!messages.get_ref().is_terminated());
            messages.get_mut().close();
            assert!(send.is_closed());
            assert_eq!(messages.into_inner().next().await, None);
            assert_eq!(start.elapsed(), 600 * MS);
        });
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn nothing_comes_after_a_pause_of_never() {
    on_paused_clocks(|runtime| {
        runtime.block_on(async {
            let mut items = stream::iter(1..=3).throttle(Duration::MAX);
            assert_eq!(items.next().await, Some(1));
            assert!(items.next().timeout(1000 * MS).await.is_err());
        });
    });
}

/// A stream of one item, which must not be polled after its end.
struct Touchy(u32);

impl Stream for Touchy {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        self.0 += 1;
        assert!(self.0 < 3, "polled after its end");
        Poll::Ready((self.0 == 1).then_some(1))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (3, Some(4))
    }
}

#[test]
fn a_limited_stream_ends_once_and_says_how_long_it_may_be() {
    on_paused_clocks(|runtime| {
        runtime.block_on(async {
            let mut limited = Touchy(0).timeout(MS);
            let mut repeating = Touchy(0).timeout_repeating(interval(MS));
            assert_eq!((limited.size_hint(), repeating.size_hint()), ((3, Some(9)), (3, None)));
            assert_eq!(Touchy(0).throttle(MS).size_hint(), (3, Some(4)));
            assert_eq!((limited.next().await, repeating.next().await), (Some(Ok(1)), Some(Ok(1))));
            for _ in 0..2 {
                assert_eq!((limited.next().await, repeating.next().await), (None, None));
            }
            assert_eq!((limited.size_hint(), repeating.size_hint()), ((0, Some(0)), (0, Some(0))));
        });
    });
}

#[test]
fn futures_are_limited_by_methods() {
    on_paused_clocks(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            assert_eq!(async { 42 }.timeout(Duration::ZERO).await, Ok(42));
            assert!(pending::<()>().timeout(100 * MS).await.is_err());
            assert_eq!(start.elapsed(), 100 * MS);
            assert!(pending::<()>().timeout_at(start + 150 * MS).await.is_err());
            assert_eq!(start.elapsed(), 150 * MS);
            assert_eq!(sleep(10 * MS).timeout_at(start + 170 * MS).await, Ok(()));
        });
    });
}

#[test]
fn advance_moves_limits_and_pauses() {
    on_paused_clocks(|runtime| {
        runtime.block_on(async {
            let mut limited = stream::pending::<()>().timeout(100 * MS);
            let mut slow = stream::repeat(1).throttle(100 * MS);
            let mut poll = |context: &mut Context<'_>| {
                (limited.poll_next_unpin(context).is_ready(), slow.poll_next_unpin(context).is_ready())
            };
            let context = &mut Context::from_waker(Waker::noop());
            assert_eq!(poll(context), (false, true));
            advance(99 * MS).await;
            assert_eq!(poll(context), (false, false));
            advance(MS).await;
            assert_eq!(poll(context), (true, true));
            advance(1000 * MS).await;
            assert_eq!(poll(context), (false, true), "one error");
        });
    });
}

/// Takes items until another task of the only worker has run, and says how many.
async fn until_another_runs(stream: impl Stream) -> usize {
    let done = Arc::new(AtomicBool::new(false));
    let tell = done.clone();
    drop(fusee::spawn(async move { tell.store(true, Ordering::SeqCst) }));
    stream.take_while(|_| std::future::ready(!done.load(Ordering::SeqCst))).count().await
}

#[test]
fn items_that_are_all_there_starve_nobody() {
    on_one_worker(|runtime| {
        let task = runtime.spawn(async {
            let hour = 3_600_000 * MS;
            until_another_runs(stream::repeat(()).timeout(hour)).await;
            until_another_runs(stream::repeat(()).timeout_repeating(interval(hour))).await;
            until_another_runs(stream::repeat(()).throttle(Duration::ZERO)).await;
        });
        runtime.block_on(task).unwrap();
    });
}

/// Spends the whole budget in each poll, and has nothing.
struct Spendthrift;

impl Stream for Spendthrift {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<()>> {
        while Pin::new(&mut Box::pin(consume_budget())).poll(context).is_ready() {}
        Poll::Pending
    }
}

#[test]
fn a_stream_that_spends_the_whole_budget_does_not_outlast_its_limit() {
    on_one_worker(|runtime| {
        let task = runtime.spawn(async {
            assert!(Spendthrift.timeout(MS).next().await.unwrap().is_err());
            let mut ticks = Spendthrift.timeout_repeating(interval(MS));
            for _ in 0..3 {
                assert!(ticks.next().await.unwrap().is_err());
            }
        });
        runtime.block_on(task).unwrap();
    });
}

/// How many items one poll takes.
fn at_once(mut stream: impl Stream + Unpin) -> usize {
    let context = &mut Context::from_waker(Waker::noop());
    (0..).take_while(|_| stream.poll_next_unpin(context).is_ready()).count()
}

#[test]
fn a_poll_takes_128_items() {
    watchdog(|| {
        let runtime = current_thread();
        let task = runtime.spawn(async {
            assert_eq!(at_once(stream::repeat(()).timeout(1000 * MS)), 128);
            yield_now().await;
            assert_eq!(at_once(stream::repeat(()).timeout_repeating(interval(1000 * MS))), 128);
            yield_now().await;
            assert_eq!(at_once(stream::repeat(()).throttle(Duration::ZERO)), 128);
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_stream_whose_runtime_has_shut_down_panics_where_it_would_wait() {
    watchdog(|| {
        let runtime = workers(1);
        let entered = runtime.enter();
        let (mut limited, mut slow) =
            (stream::iter(0..1).chain(stream::pending()).timeout(MS), stream::repeat(0).throttle(MS));
        let context = &mut Context::from_waker(Waker::noop());
        assert!(slow.poll_next_unpin(context).is_ready());
        drop(entered);
        drop(runtime);
        assert_eq!(limited.poll_next_unpin(context), Poll::Ready(Some(Ok(0))));
        let panics = |poll: &mut dyn FnMut()| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)).unwrap_err();
        };
        panics(&mut || assert!(limited.poll_next_unpin(&mut Context::from_waker(Waker::noop())).is_ready()));
        panics(&mut || assert!(slow.poll_next_unpin(&mut Context::from_waker(Waker::noop())).is_ready()));
    });
}
