//! Spans that are exported in batches, in the background.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusee::runtime::{Builder, Handle, Id};
use fusee::time::Instant;
use fusee_traits::FuseeRuntime;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::runtime::{Runtime, RuntimeChannel, TrySend, TrySendError};
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::trace::{BatchConfig, BatchConfigBuilder, SdkTracerProvider, SpanData, SpanExporter};
use support::{current_thread, on_both_flavours, two_workers, watchdog};

/// Keeps the names of spans in memory, and notes where it exported.
#[derive(Clone, Debug, Default)]
struct Exporter(Arc<Mutex<Exported>>);

#[derive(Debug, Default)]
struct Exported {
    batches: Vec<Vec<String>>,
    on: Option<Id>,
    at: Option<Instant>,
    is_shut_down: bool,
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        // As one that goes by the network: it waits, and has tasks do something for it.
        fusee::time::sleep(Duration::from_millis(1)).await;
        fusee::spawn(fusee::task::yield_now()).await.unwrap();
        let mut exported = self.0.lock().unwrap();
        exported.batches.push(batch.into_iter().map(|span| span.name.into_owned()).collect());
        (exported.on, exported.at) = (Some(Handle::current().id()), Some(Instant::now()));
        Ok(())
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.0.lock().unwrap().is_shut_down = true;
        Ok(())
    }
}

impl Exporter {
    fn provider(&self, handle: &Handle, config: BatchConfig) -> SdkTracerProvider {
        let processor = BatchSpanProcessor::builder(self.clone(), FuseeRuntime::new(handle.clone()));
        SdkTracerProvider::builder().with_span_processor(processor.with_batch_config(config).build()).build()
    }

    fn batches(&self) -> Vec<Vec<String>> {
        self.0.lock().unwrap().batches.clone()
    }
}

/// Batches that wait for so long, if nobody flushes.
fn every(delay: Duration) -> BatchConfig {
    BatchConfigBuilder::default().with_scheduled_delay(delay).build()
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_flush_exports_at_once_and_a_shutdown_the_rest() {
    on_both_flavours(|runtime| {
        let exporter = Exporter::default();
        let provider = exporter.provider(runtime.handle(), every(HOUR));
        let tracer = provider.tracer("test");
        // Both block the thread that runs the current-thread runtime's tasks.
        runtime.block_on(async {
            for name in ["one", "two"] {
                tracer.in_span(name, |_| {});
            }
            assert!(exporter.batches().is_empty());
            provider.force_flush().unwrap();
            assert_eq!(exporter.batches(), [["one", "two"]]);
            fusee::spawn(async move { tracer.in_span("three", |_| {}) }).await.unwrap();
            provider.shutdown().unwrap();
        });
        assert_eq!(exporter.batches()[1..], [["three"]]);
        // The SDK answers before it shuts the exporter down.
        while !exporter.0.lock().unwrap().is_shut_down {
            std::thread::yield_now();
        }
        assert!(provider.shutdown().is_err());
    });
}

#[test]
fn a_full_batch_is_exported_without_a_flush() {
    on_both_flavours(|runtime| {
        let exporter = Exporter::default();
        let config = BatchConfigBuilder::default().with_scheduled_delay(HOUR).with_max_export_batch_size(2).build();
        let provider = exporter.provider(runtime.handle(), config);
        runtime.block_on(async {
            for name in ["one", "two", "three"] {
                provider.tracer("test").in_span(name, |_| {});
            }
            while exporter.batches().is_empty() {
                fusee::task::yield_now().await;
            }
        });
        assert_eq!(exporter.batches(), [["one", "two"]]);
        provider.shutdown().unwrap();
    });
}

#[test]
fn a_batch_is_exported_when_its_delay_has_passed_on_a_paused_clock() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).start_paused(true).build().unwrap();
        let exporter = Exporter::default();
        let provider = exporter.provider(runtime.handle(), every(HOUR));
        runtime.block_on(async {
            let start = Instant::now();
            provider.tracer("test").in_span("one", |_| {});
            // The first tick is left out.
            fusee::time::sleep(3 * HOUR).await;
            assert_eq!(exporter.batches(), [["one"]]);
            let passed = exporter.0.lock().unwrap().at.unwrap() - start;
            assert!(passed > HOUR && passed < 3 * HOUR, "{passed:?}");
        });
        assert_eq!(exporter.0.lock().unwrap().on, Some(runtime.handle().id()));
        provider.shutdown().unwrap();
    });
}

#[test]
fn the_work_of_a_current_thread_runtime_needs_nobody_in_block_on() {
    watchdog(|| {
        let runtime = current_thread();
        let exporter = Exporter::default();
        let provider = exporter.provider(runtime.handle(), every(HOUR));
        provider.tracer("test").in_span("one", |_| {});
        provider.force_flush().unwrap();
        assert_eq!(exporter.batches(), [["one"]]);
        assert_ne!(exporter.0.lock().unwrap().on, Some(runtime.handle().id()));
        // Nor the runtime.
        drop(runtime);
        provider.tracer("test").in_span("two", |_| {});
        provider.shutdown().unwrap();
        assert_eq!(exporter.batches()[1..], [["two"]]);
    });
}

#[test]
fn after_a_shutdown_of_its_workers_a_flush_is_an_error() {
    watchdog(|| {
        let runtime = two_workers();
        let provider = Exporter::default().provider(runtime.handle(), every(HOUR));
        provider.tracer("test").in_span("one", |_| {});
        drop(runtime);
        assert!(provider.force_flush().is_err());
        assert!(provider.shutdown().is_err());
    });
}

#[test]
fn a_channel_tells_when_it_is_full_and_when_nobody_listens() {
    on_both_flavours(|runtime| {
        let runtime = FuseeRuntime::new(runtime.handle().clone());
        let (sender, receiver) = runtime.batch_message_channel(0);
        sender.try_send(1).unwrap();
        assert!(matches!(sender.try_send(2), Err(TrySendError::ChannelFull)));
        drop(receiver);
        assert!(matches!(sender.try_send(3), Err(TrySendError::ChannelClosed)));
    });
}

#[test]
fn a_delay_outside_a_runtime_is_that_of_its_own() {
    watchdog(|| {
        let paused = Builder::new_multi_thread().worker_threads(1).start_paused(true).build().unwrap();
        let delay = FuseeRuntime::new(paused.handle().clone()).delay(24 * HOUR);
        // Under the watchdog, a day of the machine's would be too long.
        two_workers().block_on(delay);
    });
}
