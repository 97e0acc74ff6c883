//! Crates that ask for no runtime run without the bridge.

use std::fmt;
use std::future::ready;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::JoinSet;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use tokio::sync::oneshot;
use tracing::field::{Field, Visit};
use tracing::instrument::{Instrument, WithSubscriber};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Runs `body` with a current-thread runtime and with one of two workers, without tokio's.
fn on_both_flavours(body: impl Fn(Runtime)) {
    body(Builder::new_current_thread().build().unwrap());
    body(Builder::new_multi_thread().worker_threads(2).build().unwrap());
}

#[test]
fn moka_computes_a_value_once_for_all_who_wait() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let computed = Arc::new(AtomicUsize::new(0));
    let cache = moka::future::Cache::new(10);
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..50 {
            let (cache, computed) = (cache.clone(), computed.clone());
            tasks.spawn(async move {
                let compute = async {
                    fusee::task::yield_now().await;
                    computed.fetch_add(1, Ordering::SeqCst) + 7
                };
                assert_eq!(cache.get_with("key", compute).await, 7);
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    assert_eq!(computed.load(Ordering::SeqCst), 1);
}

#[test]
fn governor_waits_for_its_quota() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let quota = governor::Quota::per_second(NonZeroU32::new(200).unwrap()).allow_burst(NonZeroU32::MIN);
    let limiter = governor::RateLimiter::direct(quota);
    let start = std::time::Instant::now();
    runtime.block_on(async {
        for _ in 0..3 {
            limiter.until_ready().await;
        }
    });
    // Two waits of five milliseconds, less what a clock rounds.
    assert!(start.elapsed() >= std::time::Duration::from_millis(9));
}

#[test]
fn rayon_answers_a_task_over_a_oneshot() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for n in 1..=20u64 {
                tasks.spawn(async move {
                    let (answer, answered) = oneshot::channel();
                    // It may not wait for the task's runtime, nor the task for it otherwise than so.
                    rayon::spawn(move || {
                        let _ = answer.send((1..=n).into_par_iter().map(|n| n * n).sum::<u64>());
                    });
                    (n, answered.await.unwrap())
                });
            }
            while let Some(done) = tasks.join_next().await {
                let (n, sum) = done.unwrap();
                assert_eq!(sum, n * (n + 1) * (2 * n + 1) / 6);
            }
        });
    });
}

/// Pauses by our clock, which is paused here.
struct Pauses;

impl backoff::future::Sleeper for Pauses {
    type Sleep = fusee::time::Sleep;

    fn sleep(&self, pause: Duration) -> Self::Sleep {
        fusee::time::sleep(pause)
    }
}

#[test]
fn backoff_pauses_between_its_tries_on_a_paused_clock() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.worker_threads(2).start_paused(true).build().unwrap();
        runtime.block_on(async {
            let pauses = backoff::ExponentialBackoff {
                initial_interval: Duration::from_secs(10),
                current_interval: Duration::from_secs(10),
                multiplier: 2.0,
                randomization_factor: 0.0,
                ..Default::default()
            };
            let tries = AtomicUsize::new(0);
            let fails_twice = || {
                let tries = tries.fetch_add(1, Ordering::SeqCst);
                ready(if tries < 2 { Err(backoff::Error::transient("no")) } else { Ok(tries) })
            };
            let start = fusee::time::Instant::now();
            let result = backoff::future::Retry::new(Pauses, pauses, |_, _| (), fails_twice).await;
            assert_eq!(result, Ok(2));
            assert_eq!(start.elapsed(), Duration::from_secs(10 + 20));
        });
    }
}

/// Notes of each event in which span it was: the numbers of both.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Noted>>>);

type Noted = (u64, Option<u64>);

/// The one number among the fields of a span, and of an event.
#[derive(Default)]
struct Number(u64);

impl Visit for Number {
    fn record_u64(&mut self, _field: &Field, value: u64) {
        self.0 = value;
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut number = Number::default();
        attributes.record(&mut number);
        context.span(id).unwrap().extensions_mut().insert(number);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut number = Number::default();
        event.record(&mut number);
        let of_span = context.event_span(event).map(|span| span.extensions().get::<Number>().unwrap().0);
        self.0.lock().unwrap().push((number.0, of_span));
    }
}

#[test]
fn a_span_of_tracings_goes_along_with_its_task_from_worker_to_worker() {
    on_both_flavours(|runtime| {
        let spans = Spans::default();
        let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(spans.clone()));
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for task in 1..=50u64 {
                let work = async move {
                    for _ in 0..20 {
                        tracing::info!(task);
                        fusee::task::yield_now().await;
                    }
                    fusee::time::sleep(Duration::from_millis(1)).await;
                    tracing::info!(task);
                };
                // The span is made by the subscriber that hears of it.
                let span = tracing::dispatcher::with_default(&subscriber, || tracing::info_span!("work", task));
                tasks.spawn(work.instrument(span).with_subscriber(subscriber.clone()));
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap();
            }
        });
        let spans = spans.0.lock().unwrap();
        assert_eq!(spans.len(), 50 * 21);
        assert!(spans.iter().all(|(task, of_span)| Some(*task) == *of_span));
    });
}
