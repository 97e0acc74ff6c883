//! [zbus](https://docs.rs/zbus), and so D-Bus, on fusee: feature `zbus`, on Unix.
//!
//! [`FuseeRuntime`] is a [`Runtime`] for [`Builder::runtime`](::zbus::connection::Builder::runtime); zbus without its default features, which bring
//! a runtime of its own. Here a connection without a bus, between two ends of a socket:
//!
//! ```
//! use fusee_traits::FuseeRuntime;
//! use futures_util::future::try_join;
//! use std::os::unix::net::UnixStream;
//! use zbus::{Guid, connection};
//!
//! struct Greeter;
//!
//! #[zbus::interface(name = "org.example.Greeter")]
//! impl Greeter {
//!     async fn greet(&self, name: &str) -> String {
//!         format!("Hello, {name}!")
//!     }
//! }
//!
//! fusee::runtime::block_on(async {
//!     let (here, there) = UnixStream::pair()?;
//!     let server = connection::Builder::unix_stream(there).server(Guid::generate()).p2p().serve_at("/", Greeter);
//!     let client = connection::Builder::unix_stream(here).p2p();
//!     let (_server, client) =
//!         try_join(server.runtime(FuseeRuntime::current()).build(), client.runtime(FuseeRuntime::current()).build()).await?;
//!
//!     let answer = client.call_method(None::<&str>, "/", Some("org.example.Greeter"), "Greet", &"Ada").await?;
//!     assert_eq!(answer.body().deserialize::<&str>()?, "Hello, Ada!");
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! })
//! # .unwrap();
//! ```
//!
//! # What runs
//! A connection's tasks, timers, sockets, child processes and blocking work belong to the runtime that it was built with, whatever thread calls it.
//!
//! - **Cancel**: a [`Task`] that is dropped aborts its task, which zbus relies on to close a connection. A connect that is dropped closes its socket.
//!   A child whose wait is dropped is never killed; the runtime waits for it. Blocking work runs to its end.
//! - **Panics** of a task, and of blocking work, go on in who awaits them.
//! - **After the runtime has shut down** whatever can err does, of the kind `Other` if nothing is more precise: a connection's calls do. Blocking work
//!   then runs on a thread of its own, since zbus is owed its end, and so does what waited for a thread as the runtime shut down; the shutdown waits for neither.
//!   Where no thread can be had it runs on the one that asks for it, or that shuts down. A sleep panics when it is polled: the trait has no error.
//!
//! Time limits of calls, and so all that waits, go by the runtime's clock, which tests may pause.

// Checked by `tests/zbus.rs`.

mod blocking;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::panic::resume_unwind;
use std::path::Path;
use std::pin::Pin;
use std::process::{Command, ExitStatus, Stdio};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::zbus::runtime::traits::{PollIo, Runtime, TaskHandle};
use ::zbus::runtime::{Interest, IoSource};
use fusee::io::unix::AsyncFd;
use fusee::net::{TcpStream, UnixStream};
use fusee::task::{AbortOnDropHandle, Builder};
use fusee::time::Sleep;

use crate::FuseeRuntime;
use crate::entered::entered;

impl Runtime for FuseeRuntime {
    type RegisteredIoSource = Registration;
    type Sleep = Sleep;
    type Task<T>
        = Task<T>
    where
        T: Send + 'static;

    fn register_io_source(&self, source: IoSource) -> io::Result<Registration> {
        let _entered = self.0.enter();
        Ok(Registration(AsyncFd::new(source)?))
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let _entered = self.0.enter();
        fusee::time::sleep(duration)
    }

    fn spawn<T>(&self, name: &str, future: impl Future<Output = T> + Send + 'static) -> Task<T>
    where
        T: Send + 'static,
    {
        Task(Builder::new().name(name).spawn_on(future, &self.0).map(AbortOnDropHandle::new))
    }

    fn connect_tcp(&self, address: SocketAddr) -> impl Future<Output = io::Result<IoSource>> + Send {
        entered(self.0.clone(), async move {
            let stream = TcpStream::connect(address).await?.into_std()?;
            Ok(OwnedFd::from(stream).into())
        })
    }

    fn connect_unix(&self, path: &Path) -> impl Future<Output = io::Result<IoSource>> + Send {
        // It waits where the listener has no room, and knows abstract names.
        entered(self.0.clone(), async move {
            let stream = UnixStream::connect(path).await?.into_std()?;
            Ok(OwnedFd::from(stream).into())
        })
    }

    fn spawn_process(
        &self,
        command: Command,
        stdin: Stdio,
        stdout: Stdio,
        stderr: Stdio,
    ) -> io::Result<Pin<Box<dyn Future<Output = io::Result<ExitStatus>> + Send + 'static>>> {
        let _entered = self.0.enter();
        let mut command = fusee::process::Command::from(command);
        let mut child = command.stdin(stdin).stdout(stdout).stderr(stderr).kill_on_drop(false).spawn()?;
        // Copies of the child's streams: whoever reads at their other ends waits for these to be closed, too.
        drop(command);
        Ok(Box::pin(entered(self.0.clone(), async move { child.wait().await })))
    }

    fn spawn_blocking<T>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = T> + Send + 'static>>
    where
        T: Send + 'static,
    {
        Box::pin(blocking::spawn(&self.0, work))
    }
}

/// A descriptor of zbus's, in the selector of a runtime. Of those that poll it the last is told, one for each direction.
#[derive(Debug)]
pub struct Registration(AsyncFd<IoSource>);

impl PollIo for Registration {
    fn poll_io<T>(
        &self,
        context: &mut Context<'_>,
        interest: Interest,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            let ready = match interest {
                Interest::Readable => self.0.poll_read_ready(context),
                Interest::Writable => self.0.poll_write_ready(context),
                _ => return Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
            };
            // An operation that would block takes the readiness back: the next round waits.
            if let Ok(answer) = ready!(ready)?.try_io(|_| operation()) {
                return Poll::Ready(answer);
            }
        }
    }
}

/// A task that is aborted when this is dropped.
///
/// # Panics
/// Polling it panics as the task has; and once more after it resolved.
#[derive(Debug)]
pub struct Task<T>(io::Result<AbortOnDropHandle<T>>);

impl<T: Send + 'static> Future for Task<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let handle = match &mut self.0 {
            Ok(handle) => handle,
            Err(error) => return Poll::Ready(Err(io::Error::new(error.kind(), error.to_string()))),
        };
        match ready!(Pin::new(handle).poll(context)) {
            Ok(value) => Poll::Ready(Ok(value)),
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(error) => Poll::Ready(Err(io::Error::other(error))),
        }
    }
}

impl<T: Send + 'static> TaskHandle<T> for Task<T> {
    fn detach(self) {
        if let Ok(handle) = self.0 {
            drop(handle.detach());
        }
    }
}
