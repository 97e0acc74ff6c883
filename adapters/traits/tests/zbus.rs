//! Connections without a bus, between two ends of a socket, and what zbus asks of a runtime besides.
#![cfg(unix)]

mod support;

use std::future::pending;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use fusee::net::{TcpListener, UnixListener};
use fusee::runtime::Handle;
use fusee::time::Instant;
use fusee_traits::FuseeRuntime;
use futures_util::future::try_join;
use futures_util::{FutureExt, StreamExt};
use support::{on_a_bare_thread, on_both_flavours, on_paused_clocks, two_workers, watchdog};
use tokio::sync::oneshot;
use zbus::object_server::SignalEmitter;
use zbus::runtime::traits::{Runtime, TaskHandle};
use zbus::{Connection, Guid, connection};

const HOUR: Duration = Duration::from_secs(3600);

/// A counter on the other side.
struct Counter(u32);

#[zbus::interface(name = "org.example.Counter", proxy(default_path = "/counter"))]
impl Counter {
    /// Adds to it, and tells of it.
    async fn add(&mut self, number: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) -> zbus::fdo::Result<u32> {
        self.0 += number;
        emitter.added(number).await?;
        self.total_changed(&emitter).await?;
        Ok(self.0)
    }

    /// Never answers.
    async fn wait(&self) {
        pending::<()>().await;
    }

    /// What it has come to.
    #[zbus(property)]
    async fn total(&self) -> u32 {
        self.0
    }

    /// Something was added.
    #[zbus(signal)]
    async fn added(emitter: &SignalEmitter<'_>, number: u32) -> zbus::Result<()>;
}

/// Both ends of a connection, of which the first serves a counter.
async fn pair(serving: FuseeRuntime, calling: FuseeRuntime) -> (Connection, Connection) {
    let (here, there) = UnixStream::pair().unwrap();
    let server = connection::Builder::unix_stream(there).server(Guid::generate()).p2p();
    let server = server.serve_at("/counter", Counter(0)).runtime(serving).build();
    let client = connection::Builder::unix_stream(here).p2p().method_timeout(24 * HOUR).runtime(calling).build();
    try_join(server, client).await.unwrap()
}

async fn proxy(client: &Connection) -> CounterProxy<'_> {
    // Without a bus nobody has a name, and the one that is asked for counts for nothing.
    CounterProxy::builder(client).destination("org.example.Counter").build().await.unwrap()
}

#[test]
fn a_call_a_signal_and_a_property() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (_server, client) = pair(FuseeRuntime::current(), FuseeRuntime::current()).await;
            let counter = proxy(&client).await;
            let mut added = counter.receive_added().await.unwrap();
            let mut totals = counter.receive_total_changed().await;
            assert_eq!(counter.total().await.unwrap(), 0);
            for n in 1..=20 {
                let (sum, signal) = futures_util::join!(counter.add(n), added.next());
                assert_eq!(sum.unwrap(), (1..=n).sum::<u32>());
                assert_eq!(signal.unwrap().args().unwrap().number(), &n);
            }
            while totals.next().await.unwrap().get().await.unwrap() != 210 {}
            assert_eq!(counter.total().await.unwrap(), 210);
        });
    });
}

#[test]
fn a_client_and_a_server_on_runtimes_of_their_own_used_from_a_third() {
    watchdog(|| {
        let (serving, calling, third) = (two_workers(), two_workers(), two_workers());
        let kits = [&serving, &calling].map(|runtime| FuseeRuntime::new(runtime.handle().clone()));
        let [server, client] = kits;
        third.block_on(async {
            let (_server, client) = pair(server, client).await;
            let counter = proxy(&client).await;
            assert_eq!(counter.add(42).await.unwrap(), 42);
        });
    });
}

#[test]
fn a_closed_connection_leaves_no_task_behind() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (server, client) = pair(FuseeRuntime::current(), FuseeRuntime::current()).await;
            let counter = proxy(&client).await;
            assert_eq!(counter.add(1).await.unwrap(), 1);
            assert!(Handle::current().metrics().num_alive_tasks() > 0);
            drop(counter);
            client.close().await.unwrap();
            server.close().await.unwrap();
            while Handle::current().metrics().num_alive_tasks() > 0 {
                fusee::task::yield_now().await;
            }
        });
    });
}

#[test]
fn a_call_that_is_not_answered_times_out_on_a_paused_clock() {
    on_paused_clocks(async || {
        let (_server, client) = pair(FuseeRuntime::current(), FuseeRuntime::current()).await;
        let counter = proxy(&client).await;
        let start = Instant::now();
        counter.wait().await.unwrap_err();
        assert_eq!(start.elapsed(), 24 * HOUR);
    });
}

#[test]
fn after_a_shutdown_a_call_is_an_error() {
    watchdog(|| {
        let (runtime, other) = (two_workers(), two_workers());
        let kit = FuseeRuntime::new(runtime.handle().clone());
        let (_server, client) = runtime.block_on(pair(kit.clone(), kit.clone()));
        drop(runtime);
        other.block_on(async {
            let call = client.call_method(None::<&str>, "/counter", Some("org.example.Counter"), "Add", &1u32);
            call.await.unwrap_err();
        });
        let (here, _there) = UnixStream::pair().unwrap();
        assert!(kit.register_io_source(std::os::fd::OwnedFd::from(here).into()).is_err());
        assert!(other.block_on(kit.spawn("lost", async {})).is_err());
        assert!(other.block_on(kit.connect_unix("/nowhere".as_ref())).is_err());
    });
}

#[test]
fn a_dropped_task_is_aborted_and_a_detached_one_runs_on() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let kit = FuseeRuntime::current();
            assert_eq!(kit.spawn("value", async { 42 }).await.unwrap(), 42);

            let (held, dropped) = oneshot::channel::<()>();
            let task = kit.spawn("held", async move {
                let _held = held;
                pending::<()>().await;
            });
            fusee::task::yield_now().await;
            drop(task);
            assert!(dropped.await.is_err());

            let (tell, told) = oneshot::channel();
            kit.spawn("detached", async move { tell.send(fusee::task::try_name()) }).detach();
            assert_eq!(told.await.unwrap().as_deref(), Some("detached"));
        });
    });
}

#[test]
fn panics_of_tasks_and_of_work_go_on_in_who_awaits_them() {
    on_both_flavours(|runtime| {
        let kit = FuseeRuntime::new(runtime.handle().clone());
        let of_task = AssertUnwindSafe(kit.spawn("panics", async { panic!("on purpose") })).catch_unwind();
        let of_work = AssertUnwindSafe(kit.spawn_blocking(|| panic!("on purpose"))).catch_unwind();
        for payload in [runtime.block_on(of_task).unwrap_err(), runtime.block_on(of_work).unwrap_err()] {
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
        }
    });
}

#[test]
fn blocking_work_runs_to_its_end_whatever_becomes_of_its_future_and_its_runtime() {
    on_both_flavours(|runtime| {
        let kit = FuseeRuntime::new(runtime.handle().clone());
        let here = std::thread::current().id();
        let (tell, told) = mpsc::channel();
        let told_of = tell.clone();
        drop(kit.spawn_blocking(move || told_of.send(std::thread::current().id()).unwrap()));
        assert_ne!(told.recv().unwrap(), here);
        drop(runtime);
        let answer = kit.spawn_blocking(move || tell.send(std::thread::current().id()).is_ok());
        assert_ne!(told.recv().unwrap(), here);
        assert!(on_a_bare_thread(answer));
    });
}

#[test]
fn a_shutdown_in_the_background_waits_for_no_blocking_work_and_that_runs_all_the_same() {
    watchdog(|| {
        let mut builder = fusee::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).max_blocking_threads(1).build().unwrap();
        let kit = FuseeRuntime::new(runtime.handle().clone());
        let (begun, begins) = mpsc::channel();
        let [(go, goes), (go_on, goes_on)] = [(); 2].map(|()| mpsc::channel());
        let running = kit.spawn_blocking(move || {
            begun.send(()).unwrap();
            goes.recv().is_ok()
        });
        begins.recv().unwrap();
        let waiting = kit.spawn_blocking(move || goes_on.recv().is_ok());
        runtime.shutdown_background();
        // Only now: neither has been waited for.
        go_on.send(()).unwrap();
        assert!(on_a_bare_thread(waiting));
        go.send(()).unwrap();
        assert!(on_a_bare_thread(running));
    });
}

#[test]
fn sockets_are_connected_from_a_thread_that_has_no_runtime() {
    watchdog(|| {
        let ours = two_workers();
        let kit = FuseeRuntime::new(ours.handle().clone());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let unix = ours.block_on(async { UnixListener::bind(&path) }).unwrap();
        let tcp = ours.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let by_unix = kit.connect_unix(&path);
        let by_tcp = kit.connect_tcp(tcp.local_addr().unwrap());
        let sources = on_a_bare_thread(try_join(by_unix, by_tcp)).unwrap();
        let accepted = ours.block_on(async { (unix.accept().await.unwrap().0, tcp.accept().await.unwrap().0) });
        // They are not blocking, and no runtime has them: each can be registered.
        for source in [sources.0, sources.1] {
            let socket = std::net::TcpStream::from(source.as_fd().try_clone_to_owned().unwrap());
            assert_eq!((&socket).read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
            kit.register_io_source(source).unwrap();
        }
        drop(accepted);
        assert!(on_a_bare_thread(kit.connect_unix(&folder.path().join("none"))).is_err());
    });
}

#[test]
fn a_child_is_waited_for_and_never_killed() {
    on_both_flavours(|runtime| {
        let kit = FuseeRuntime::new(runtime.handle().clone());
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        // From outside of the runtime.
        let exit = kit.spawn_process(shell("exit 3"), Stdio::null(), Stdio::null(), Stdio::null()).unwrap();
        assert_eq!(on_a_bare_thread(exit).unwrap().code(), Some(3));

        // A dropped wait leaves it alone; its output ends with it, for nobody else keeps the pipe.
        let (mut output, end) = std::io::pipe().unwrap();
        let (input, go_on) = std::io::pipe().unwrap();
        let command = shell("read line; echo done");
        drop(kit.spawn_process(command, input.into(), end.into(), Stdio::null()).unwrap());
        drop(go_on);
        let mut said = String::new();
        output.read_to_string(&mut said).unwrap();
        assert_eq!(said, "done\n");

        let missing = Command::new("/no/such/program");
        assert!(kit.spawn_process(missing, Stdio::null(), Stdio::null(), Stdio::null()).is_err());
    });
}

#[test]
fn a_registration_keeps_its_socket_open_and_lets_go_of_it() {
    on_both_flavours(|runtime| {
        let kit = FuseeRuntime::new(runtime.handle().clone());
        let (here, mut there) = UnixStream::pair().unwrap();
        let registration = kit.register_io_source(std::os::fd::OwnedFd::from(here).into()).unwrap();
        let registration = Arc::new(registration);
        drop(registration.clone());
        there.set_nonblocking(true).unwrap();
        assert_eq!(there.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        drop(registration);
        assert_eq!(there.read(&mut [0]).unwrap(), 0);
    });
}
