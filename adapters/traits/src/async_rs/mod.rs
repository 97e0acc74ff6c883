//! [async-rs](https://docs.rs/async-rs)'s traits, and so [lapin](https://docs.rs/lapin), on fusee: feature `async-rs`.
//!
//! [`FuseeRuntime`] is a [`RuntimeKit`], to be put into an [`async_rs::Runtime`], which lapin's `connect_with_runtime` takes; both
//! crates without their default features:
//!
//! ```
//! use async_rs::Runtime;
//! use async_rs::traits::{Executor, Reactor};
//! use fusee_traits::FuseeRuntime;
//! use std::time::Duration;
//!
//! fusee::runtime::block_on(async {
//!     let runtime = Runtime::new(FuseeRuntime::current());
//!     runtime.sleep(Duration::from_millis(1)).await;
//!     assert_eq!(runtime.spawn(async { 6 * 7 }).await, 42);
//!     assert_eq!(runtime.spawn_blocking(|| 6 * 7).await, 42);
//! });
//! ```
//!
//! # What runs
//! Tasks, timers, sockets and blocking work belong to the runtime that the [`FuseeRuntime`] is of, whatever thread asks for them.
//!
//! - **Cancel**: a task that is dropped runs on, as async-rs has it; `cancel` aborts it and waits until it is gone. Blocking work that has begun is not stopped:
//!   `cancel` waits for it, and has its value.
//! - **Panics** of a task, and of blocking work, go on in who awaits them; `cancel` answers `None`.
//! - **After the runtime has shut down** sockets err; a task that is awaited, and a timer, panic: the traits have no errors for them.
//! - `block_on` blocks the calling thread, and panics on one that runs tasks. It runs none of a current-thread runtime's tasks: some thread has to be in the
//!   [`block_on`](fusee::runtime::Runtime::block_on) of that runtime, as in fusee itself.
//! - `register` makes a descriptor nonblocking by itself; on systems other than Unix it errs.
//! - `interval` ticks at once, then every so often, late ticks in a burst; a period of zero is one of a nanosecond.
//!
//! Timers go by the runtime's clock, which tests may pause, and an interval's ticks are told as instants of that clock. lapin waits for its heartbeats by them, but reckons
//! when they are due by the machine's: where the clock is paused, have none.

// Checked by `tests/async_rs.rs` and `tests/lapin.rs`.

#[cfg(unix)]
mod registered;
mod task;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use ::async_rs::traits::{Executor, Reactor, RuntimeKit};
use ::async_rs::util::Task;
use fusee::net::TcpStream;
use fusee::time::{Interval, Sleep, interval};
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};

use crate::FuseeRuntime;
use crate::entered::entered;
pub use task::FuseeTask;

impl RuntimeKit for FuseeRuntime {}

impl Executor for FuseeRuntime {
    type Task<T: Send + 'static> = FuseeTask<T>;

    #[track_caller]
    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.0.block_on(future)
    }

    #[track_caller]
    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(&self, future: F) -> Task<FuseeTask<T>> {
        FuseeTask::new(self.0.spawn(future)).into()
    }

    #[track_caller]
    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(&self, work: F) -> Task<FuseeTask<T>> {
        FuseeTask::new(self.0.spawn_blocking(work)).into()
    }
}

impl Reactor for FuseeRuntime {
    type TcpStream = TcpStream;
    type Sleep = Sleep;

    #[cfg(unix)]
    fn register<H: io::Read + io::Write + std::os::fd::AsFd + std::os::fd::AsRawFd + Send + 'static>(
        &self,
        source: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        let _entered = self.0.enter();
        registered::Registered::new(source)
    }

    #[cfg(windows)]
    fn register<
        H: io::Read + io::Write + std::os::windows::io::AsSocket + std::os::windows::io::AsRawSocket + Send + 'static,
    >(
        &self,
        _source: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<::async_rs::util::DummyIO, _>(io::ErrorKind::Unsupported.into())
    }

    #[track_caller]
    fn sleep(&self, duration: Duration) -> Sleep {
        let _entered = self.0.enter();
        fusee::time::sleep(duration)
    }

    #[track_caller]
    fn interval(&self, period: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        let _entered = self.0.enter();
        Ticks(interval(period.max(Duration::from_nanos(1))))
    }

    fn tcp_connect_addr(&self, address: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        entered(self.0.clone(), async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
    }
}

/// An interval's ticks, as the standard library's instants.
struct Ticks(Interval);

impl Stream for Ticks {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Instant>> {
        Poll::Ready(Some(ready!(self.0.poll_tick(context)).into_std()))
    }
}
