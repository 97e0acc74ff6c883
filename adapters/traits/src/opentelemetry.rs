//! [opentelemetry](https://docs.rs/opentelemetry_sdk)'s batches, exported in the background by fusee: feature `opentelemetry`.
//!
//! [`FuseeRuntime`] is a [`Runtime`] and a [`RuntimeChannel`], for the processors that the SDK's `experimental_…_with_async_runtime` features bring:
//!
//! ```
//! use fusee_traits::FuseeRuntime;
//! use opentelemetry::trace::{Tracer, TracerProvider};
//! use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
//! use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
//! # #[derive(Debug)]
//! # struct Exporter;
//! # impl SpanExporter for Exporter {
//! #     async fn export(&self, batch: Vec<opentelemetry_sdk::trace::SpanData>) -> opentelemetry_sdk::error::OTelSdkResult {
//! #         assert_eq!(batch.len(), 1);
//! #         Ok(())
//! #     }
//! # }
//!
//! let runtime = fusee::runtime::Runtime::new()?;
//! let processor = BatchSpanProcessor::builder(Exporter, FuseeRuntime::new(runtime.handle().clone())).build();
//! let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
//! runtime.block_on(async {
//!     provider.tracer("example").in_span("work", |_| {});
//! });
//! provider.shutdown()?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # What runs
//! A processor's work is a task of the runtime's. Nothing aborts it: it ends when the processor is shut down, and is dropped with its runtime; a flush or a
//! shutdown that comes later is an error.
//!
//! `force_flush` and `shutdown` block their thread until the exporter is done. So
//!
//! - on a **current-thread** runtime, whose one thread that may be, the work runs on a thread of its own, with a small runtime of its own: exporters find that one to
//!   be the current one. Its time is the machine's. It needs neither [`block_on`](fusee::runtime::Runtime::block_on) nor the life of the [`FuseeRuntime`]'s runtime,
//!   and ends when the processor is shut down. Where no thread or no runtime can be had, the work is a task after all;
//! - on a **multi-thread** runtime call them outside of tasks, in `spawn_blocking`, or where other workers are left: each blocks one.
//!
//! A panic of the exporter ends the work, and the hook tells of it; flushes and shutdowns err from then on.
//!
//! Delays go by the clock of the runtime in which they are awaited, which is the work's; on a multi-thread runtime tests may pause it.
//!
//! A queue of no room has room for one.

// Checked by `tests/opentelemetry.rs`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use ::opentelemetry_sdk::runtime::{Runtime, RuntimeChannel, TrySend, TrySendError};
use fusee::runtime::{Builder, Handle, RuntimeFlavor};
use futures_core::Stream;
use tokio::sync::mpsc as queue;

use crate::FuseeRuntime;

impl Runtime for FuseeRuntime {
    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work: Work = Box::pin(future);
        let left = match self.0.runtime_flavor() {
            RuntimeFlavor::CurrentThread => run_on_a_thread(work),
            _ => Some(work),
        };
        if let Some(work) = left {
            self.0.spawn(work);
        }
    }

    fn delay(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        // That of the work, which may be on a thread of its own.
        let current = Handle::try_current().unwrap_or_else(|_| self.0.clone());
        let _entered = current.enter();
        fusee::time::sleep(duration)
    }
}

/// What a processor has to run.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs `work` on a thread of its own with a runtime of its own, or answers it if there cannot be one.
fn run_on_a_thread(work: Work) -> Option<Work> {
    let Ok(runtime) = Builder::new_current_thread().build() else { return Some(work) };
    let (hand_over, handed_over) = mpsc::channel::<(fusee::runtime::Runtime, Work)>();
    let thread = thread::Builder::new().name("opentelemetry".to_owned()).spawn(move || {
        if let Ok((runtime, work)) = handed_over.recv() {
            runtime.block_on(work);
        }
    });
    // Nobody joins it. If none has started, nobody receives.
    drop(thread);
    let (runtime, work) = hand_over.send((runtime, work)).err()?.0;
    // The calling thread may run tasks: it does not wait for the runtime's end.
    runtime.shutdown_background();
    Some(work)
}

impl RuntimeChannel for FuseeRuntime {
    type Receiver<T: fmt::Debug + Send> = Receiver<T>;
    type Sender<T: fmt::Debug + Send> = Sender<T>;

    fn batch_message_channel<T: fmt::Debug + Send>(&self, capacity: usize) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = queue::channel(capacity.max(1));
        (Sender(sender), Receiver(receiver))
    }
}

/// Where a processor puts messages for its work.
#[derive(Debug)]
pub struct Sender<T>(queue::Sender<T>);

impl<T: Send> TrySend for Sender<T> {
    type Message = T;

    fn try_send(&self, message: T) -> Result<(), TrySendError> {
        self.0.try_send(message).map_err(|error| match error {
            queue::error::TrySendError::Full(_) => TrySendError::ChannelFull,
            queue::error::TrySendError::Closed(_) => TrySendError::ChannelClosed,
        })
    }
}

/// Where a processor's work has its messages from.
#[derive(Debug)]
pub struct Receiver<T>(queue::Receiver<T>);

impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(context)
    }
}
