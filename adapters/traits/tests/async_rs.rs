//! What async-rs asks of a runtime.

mod support;

use std::future::pending;
use std::io::{ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use async_rs::Runtime;
use async_rs::traits::{Executor, Reactor};
use fusee::time::Instant;
use fusee_traits::FuseeRuntime;
use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt};
use support::{on_a_bare_thread, on_both_flavours, on_paused_clocks, two_workers, watchdog};
use tokio::sync::oneshot;

const HOUR: Duration = Duration::from_secs(3600);

/// Drives `body` on the runtime, with the traits' view of it.
fn on_kits(body: impl AsyncFn(Runtime<FuseeRuntime>) + Send + 'static) {
    on_both_flavours(move |runtime| runtime.block_on(async { body(Runtime::new(FuseeRuntime::current())).await }));
}

#[test]
fn tasks_and_blocking_work_hand_their_values_back() {
    on_kits(async |kit| {
        assert_eq!(kit.spawn(async { 42 }).await, 42);
        let here = std::thread::current().id();
        assert_ne!(kit.spawn_blocking(|| std::thread::current().id()).await, here);
    });
}

#[test]
fn a_dropped_task_runs_on_and_a_cancelled_one_does_not() {
    on_kits(async |kit| {
        let (tell, told) = oneshot::channel();
        drop(kit.spawn(async move { tell.send(42) }));
        assert_eq!(told.await.unwrap(), 42);

        let dropped = Arc::new(());
        let held = dropped.clone();
        let mut task = kit.spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
        assert_eq!(task.cancel().await, None);
        assert_eq!(Arc::strong_count(&dropped), 1, "it is gone when `cancel` says so");

        let mut done = kit.spawn(async { 42 });
        fusee::task::yield_now().await;
        let (begun, begins) = mpsc::channel();
        let mut job = kit.spawn_blocking(move || {
            begun.send(()).unwrap();
            7
        });
        begins.recv().unwrap();
        assert_eq!(job.cancel().await, Some(7), "blocking work that has begun is not stopped");
        while fusee::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            fusee::task::yield_now().await;
        }
        assert_eq!(done.cancel().await, Some(42), "it was done before");
    });
}

#[test]
fn a_panic_goes_on_in_who_awaits_it() {
    on_kits(async |kit| {
        for task in [kit.spawn(async { panic!("on purpose") }), kit.spawn_blocking(|| panic!("on purpose"))] {
            let payload = AssertUnwindSafe(task).catch_unwind().await.unwrap_err();
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
        }
        let mut panics = kit.spawn(async { panic!("on purpose") });
        while fusee::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            fusee::task::yield_now().await;
        }
        assert_eq!(panics.cancel().await, None::<()>);
    });
}

#[test]
fn timers_go_by_a_paused_clock() {
    on_paused_clocks(async || {
        let kit = FuseeRuntime::current();
        let start = Instant::now();
        kit.sleep(HOUR).await;
        assert_eq!(start.elapsed(), HOUR);

        let mut ticks = kit.interval(HOUR);
        let first = ticks.next().now_or_never().expect("the first comes at once").unwrap();
        assert_eq!(ticks.next().await.unwrap() - first, HOUR);
        assert_eq!(start.elapsed(), 2 * HOUR);
        assert!(kit.interval(Duration::ZERO).next().await.is_some());
    });
}

#[test]
fn a_stream_is_connected_from_a_thread_that_has_no_runtime() {
    watchdog(|| {
        let ours = two_workers();
        let kit = FuseeRuntime::new(ours.handle().clone());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let connect = kit.tcp_connect_addr(listener.local_addr().unwrap());
        let mut stream = on_a_bare_thread(connect).unwrap();
        assert!(stream.nodelay().unwrap());
        let (mut accepted, _) = listener.accept().unwrap();
        kit.block_on(async {
            stream.write_all(b"hello").await.unwrap();
            stream.close().await.unwrap();
        });
        let mut read = String::new();
        accepted.read_to_string(&mut read).unwrap();
        assert_eq!(read, "hello");
    });
}

#[test]
#[cfg(unix)]
fn a_socket_that_blocks_is_registered_and_does_not_block() {
    use std::os::unix::net::UnixStream;

    on_kits(async |kit| {
        let (here, mut there) = UnixStream::pair().unwrap();
        let mut same = here.try_clone().unwrap();
        let mut source = kit.register(here).unwrap();
        assert_eq!(same.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(same);
        let mut buffer = [0; 5];
        assert!(source.read(&mut buffer).now_or_never().is_none(), "nothing to read yet");
        there.write_all(b"hello").unwrap();
        source.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"hello");

        // More than there is room for.
        let sent = vec![7; 1 << 20];
        let reader = fusee::task::spawn_blocking(move || {
            let mut read = Vec::new();
            there.read_to_end(&mut read).unwrap();
            read
        });
        source.write_all(&sent).await.unwrap();
        source.close().await.unwrap();
        drop(source);
        assert_eq!(reader.await.unwrap(), sent);
    });
}

#[test]
#[cfg(unix)]
fn a_flush_and_a_close_wait_for_no_peer() {
    on_kits(async |kit| {
        let (here, _there) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut stream = kit.register(here).unwrap();
        while stream.write(&[0; 4096]).now_or_never().is_some() {}
        // Nobody reads, so there is no room.
        stream.flush().await.unwrap();
        stream.close().await.unwrap();
    });
}

/// A socket of which every operation is interrupted at first; flushes wait for room if they are to.
#[cfg(unix)]
struct Fickle {
    socket: std::os::unix::net::UnixStream,
    interrupts: bool,
    /// Flushes that find no room.
    full: usize,
}

#[cfg(unix)]
impl Fickle {
    fn try_it<R>(&mut self, operation: impl FnOnce(&mut Self) -> std::io::Result<R>) -> std::io::Result<R> {
        self.interrupts = !self.interrupts;
        if self.interrupts { Err(ErrorKind::Interrupted.into()) } else { operation(self) }
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for Fickle {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for Fickle {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(unix)]
impl Read for Fickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.try_it(|this| this.socket.read(buffer))
    }
}

#[cfg(unix)]
impl Write for Fickle {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.try_it(|this| this.socket.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.try_it(|this| {
            let is_full = this.full > 0;
            this.full = this.full.saturating_sub(1);
            if is_full { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        })
    }
}

#[test]
#[cfg(unix)]
fn what_a_signal_interrupts_is_tried_again() {
    on_kits(async |kit| {
        let (socket, mut there) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut stream = kit.register(Fickle { socket, interrupts: false, full: 1 }).unwrap();
        assert_eq!(stream.write(b"x").await.unwrap(), 1);
        assert_eq!(there.read(&mut [0]).unwrap(), 1);
        there.write_all(b"y").unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 1);
        stream.flush().await.unwrap();
        stream.close().await.unwrap();
    });
}

#[test]
fn names_are_looked_up_on_the_pool() {
    on_kits(async |kit| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let addresses = kit.to_socket_addrs(("127.0.0.1", port));
        assert_eq!(kit.tcp_connect(addresses).await.unwrap().peer_addr().unwrap().port(), port);
    });
}

#[test]
fn after_a_shutdown_what_can_err_does() {
    watchdog(|| {
        let runtime = two_workers();
        let kit = FuseeRuntime::new(runtime.handle().clone());
        drop(runtime);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(kit.block_on(kit.tcp_connect_addr(address)).is_err());
        assert!(kit.register(std::net::TcpStream::connect(address).unwrap()).is_err());
        assert_eq!(kit.block_on(async { kit.spawn(async {}).cancel().await }), None);
        let lost = catch_unwind(AssertUnwindSafe(|| kit.block_on(kit.spawn(async {})))).unwrap_err();
        assert!(lost.downcast_ref::<String>().unwrap().contains("did not complete"));
    });
}
