//! Where a panic of this crate's own says that it comes from: the line of the user's that made the call, or that awaits the future.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::pin::{Pin, pin};
use std::sync::Once;
use std::task::{Context, Waker};
use std::time::Duration;

use fusee::runtime::{self, Builder, Handle, LocalRuntime, Runtime};
use fusee::task::{self, JoinMap, JoinSet, LocalSet, TaskTracker, coop};
use fusee::time::{self, Instant};
use futures::{Stream, executor};

const HOUR: Duration = Duration::from_secs(3600);

fusee::task_local! {
    static KEY: u32;
}

thread_local! {
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
    static SEEN: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// The file and the line from which a panic of `call`, on this thread, says that it comes; none if there is no panic.
fn location_of<R>(call: impl FnOnce() -> R) -> Option<(String, u32)> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |info| {
            if EXPECTED.get() {
                SEEN.set(info.location().map(|location| (location.file().to_owned(), location.line())));
            } else {
                others(info);
            }
        }));
    });
    EXPECTED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| _ = call()));
    EXPECTED.set(false);
    let seen = SEEN.take();
    outcome.is_err().then(|| seen.expect("a panic has a location"))
}

/// The call panics, and says that it does so on this line.
macro_rules! here {
    ($call:expr) => {
        assert_eq!(location_of(|| $call), Some((file!().to_owned(), line!())), "{}", stringify!($call))
    };
}

/// As [`here`], for a future that is awaited in `block_on`, on this thread.
macro_rules! awaited_here {
    ($future:expr) => {{
        let future = $future;
        here!(executor::block_on(async { _ = future.await }))
    }};
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn what_is_called_outside_a_runtime() {
    here!(Handle::current());
    here!(fusee::spawn(async {}));
    here!(fusee::spawn(async { _ = std::hint::black_box([0; 4096]) }));
    here!(task::spawn_blocking(|| ()));
    here!(task::spawn_local(async {}));
    here!(task::Builder::new().spawn(async {}));
    here!(task::Builder::new().spawn_blocking(|| ()));
    here!(task::Builder::new().spawn_local(async {}));
    here!(task::id());
    let mut set = JoinSet::new();
    here!(set.spawn(async {}));
    here!(set.spawn_blocking(|| ()));
    here!(set.spawn_local(async {}));
    here!(set.build_task().spawn(async {}));
    here!(set.build_task().spawn_blocking(|| ()));
    here!(set.build_task().spawn_local(async {}));
    here!(set.extend([ready(())]));
    here!(JoinSet::from_iter([ready(())]));
    here!(time::sleep(HOUR));
    here!(time::sleep_until(Instant::now()));
    here!(time::timeout(HOUR, async {}));
    here!(time::timeout_at(Instant::now(), async {}));
    here!(time::interval(HOUR));
    here!(time::interval_at(Instant::now(), HOUR));
    here!(time::FutureExt::timeout(ready(()), HOUR));
    here!(time::FutureExt::timeout_at(ready(()), Instant::now()));
    here!(time::StreamExt::timeout(pending_stream(), HOUR));
    here!(time::StreamExt::throttle(pending_stream(), HOUR));
    let mut map = JoinMap::new();
    here!(map.spawn(1, async {}));
    here!(map.spawn_blocking(1, || ()));
    here!(map.spawn_local(1, async {}));
    let tracker = TaskTracker::new();
    here!(tracker.spawn(async {}));
    here!(tracker.spawn_blocking(|| ()));
    here!(tracker.spawn_local(async {}));
}

#[test]
#[cfg(feature = "net")]
fn sockets_that_are_made_outside_a_runtime_or_in_blocking_mode() {
    use fusee::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
    use std::net;

    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = || net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let datagrams = || net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let bound = || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket
    };
    let runtime = current_thread();
    for mode in [false, true] {
        let (listener, stream, datagrams) = (listener.try_clone().unwrap(), stream(), datagrams());
        listener.set_nonblocking(mode).unwrap();
        stream.set_nonblocking(mode).unwrap();
        datagrams.set_nonblocking(mode).unwrap();
        // In blocking mode it panics everywhere, else outside a runtime.
        let _entered = if mode { None } else { Some(runtime.enter()) };
        here!(TcpListener::from_std(listener));
        here!(TcpStream::from_std(stream));
        here!(UdpSocket::from_std(datagrams));
    }
    here!(bound().listen(1));
    let connects = bound().connect(listener.local_addr().unwrap());
    assert!(location_of(|| executor::block_on(connects)).is_some());
}

#[test]
#[cfg(all(unix, feature = "signal"))]
fn signals_that_are_listened_to_outside_a_runtime() {
    use fusee::signal::{ctrl_c, shutdown, unix};

    here!(unix::signal(unix::SignalKind::window_change()));
    here!(shutdown());
    assert!(location_of(|| executor::block_on(ctrl_c())).is_some());
}

#[test]
#[cfg(all(unix, feature = "process"))]
fn children_that_are_started_outside_a_runtime() {
    use fusee::process::{ChildStdout, Command};
    use std::process::{self, Stdio};

    here!(Command::new("true").spawn());
    here!(Command::new("true").status());
    here!(Command::new("true").output());
    let mut child = process::Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    here!(ChildStdout::from_std(stdout));
    child.wait().unwrap();
}

#[test]
#[cfg(all(unix, feature = "net"))]
fn unix_sockets_and_descriptors_that_are_made_outside_a_runtime_or_in_blocking_mode() {
    use fusee::io::unix::AsyncFd;
    use fusee::net::unix::pipe;
    use fusee::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};
    use std::os::unix::net;

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let runtime = current_thread();
    for mode in [false, true] {
        let listener = net::UnixListener::bind(path(&format!("listener {mode}"))).unwrap();
        let (stream, datagrams) = (net::UnixStream::pair().unwrap().0, net::UnixDatagram::unbound().unwrap());
        listener.set_nonblocking(mode).unwrap();
        stream.set_nonblocking(mode).unwrap();
        datagrams.set_nonblocking(mode).unwrap();
        // In blocking mode it panics everywhere, else outside a runtime.
        let _entered = if mode { None } else { Some(runtime.enter()) };
        here!(UnixListener::from_std(listener));
        here!(UnixStream::from_std(stream));
        here!(UnixDatagram::from_std(datagrams));
    }
    here!(UnixListener::bind(path("one")));
    here!(UnixStream::pair());
    here!(UnixDatagram::bind(path("two")));
    here!(UnixDatagram::pair());
    here!(UnixDatagram::unbound());
    here!(UnixSocket::new_datagram().unwrap().datagram());
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(path("three")).unwrap();
    here!(socket.listen(1));
    here!(pipe::pipe());
    let (reader, writer) = std::io::pipe().unwrap();
    here!(pipe::Receiver::from_owned_fd(reader.into()));
    here!(pipe::Sender::from_file(std::os::fd::OwnedFd::from(writer).into()));
    here!(AsyncFd::new(net::UnixDatagram::unbound().unwrap()));
    here!(AsyncFd::try_new(net::UnixDatagram::unbound().unwrap()));
}

fn pending_stream() -> futures::stream::Pending<()> {
    futures::stream::pending()
}

#[test]
fn what_would_keep_a_runtime_from_running() {
    let (multi_thread, current_thread, local) = (multi_thread(), current_thread(), LocalRuntime::new().unwrap());
    let large = || async { drop([ready(()), ready(())].map(|ready| (ready, [0u8; 4096]))) };
    multi_thread.block_on(async {
        here!(runtime::block_on(async {}));
        here!(runtime::block_on(large()));
        here!(multi_thread.block_on(async {}));
        here!(multi_thread.block_on(large()));
        here!(current_thread.block_on(async {}));
        here!(Handle::current().block_on(async {}));
        here!(Handle::current().block_on(large()));
        here!(local.block_on(async {}));
        here!(LocalSet::new().block_on(&current_thread, async {}));
    });
    current_thread.block_on(async {
        here!(task::block_in_place(|| ()));
    });
}

#[test]
fn what_is_asked_of_a_worker_that_is_not_there() {
    let metrics = multi_thread().metrics();
    here!(metrics.worker_thread_id(1));
    here!(metrics.worker_poll_count(1));
    here!(metrics.worker_total_busy_duration(1));
    here!(metrics.worker_park_count(1));
    here!(metrics.worker_park_unpark_count(1));
    here!(metrics.worker_noop_count(1));
    here!(metrics.worker_steal_try_count(1));
    here!(metrics.worker_steal_operations(1));
    here!(metrics.worker_steal_count(1));
    here!(metrics.worker_local_schedule_count(1));
    here!(metrics.worker_local_queue_depth(1));
    here!(metrics.worker_overflow_count(1));
}

#[test]
fn what_has_no_answer() {
    let runtime = current_thread();
    let never = runtime.spawn(pending::<()>());
    never.abort();
    let cancelled = runtime.block_on(never).unwrap_err();
    here!(cancelled.into_panic());
    here!(KEY.with(|_| ()));
    here!(KEY.get());
    KEY.sync_scope(1, || KEY.with(|_| here!(KEY.sync_scope(2, || ()))));
}

#[test]
fn a_time_that_the_clock_cannot_tell() {
    let mut now = Instant::now();
    here!(now + Duration::MAX);
    here!(now - Duration::MAX);
    here!(now += Duration::MAX);
    here!(now -= Duration::MAX);
    current_thread().block_on(async {
        here!(time::interval(Duration::ZERO));
        here!(time::interval_at(now, Duration::ZERO));
    });
}

#[test]
fn a_poll_after_the_end() {
    let mut context = Context::from_waker(Waker::noop());
    let runtime = current_thread();
    let mut handle = runtime.spawn(async {});
    runtime.block_on(&mut handle).unwrap();
    here!(Pin::new(&mut handle).poll(&mut context));
    awaited_here!(handle);
    let mut scope = pin!(KEY.scope(1, async {}));
    assert!(scope.as_mut().poll(&mut context).is_ready());
    here!(scope.as_mut().poll(&mut context));
    KEY.sync_scope(1, || KEY.with(|_| awaited_here!(KEY.scope(2, async {}))));
}

#[test]
fn a_timer_that_outlives_its_runtime() {
    let runtime = current_thread();
    let entered = runtime.enter();
    let mut context = Context::from_waker(Waker::noop());
    let (fresh, mut polled, mut ticks) = (time::sleep(HOUR), time::sleep(HOUR), time::interval(HOUR));
    assert!(Pin::new(&mut polled).poll(&mut context).is_pending());
    let (fresh_timeout, fresh_until) =
        (time::timeout(HOUR, pending::<()>()), time::timeout_at(Instant::now(), pending::<()>()));
    let mut limited = time::StreamExt::timeout(pending_stream(), HOUR);
    let mut repeating = time::StreamExt::timeout_repeating(pending_stream(), time::interval(HOUR));
    drop(entered);
    drop(runtime);
    here!(Pin::new(&mut limited).poll_next(&mut context));
    here!(Pin::new(&mut repeating).poll_next(&mut context));
    here!(Pin::new(&mut polled).poll(&mut context));
    awaited_here!(fresh);
    awaited_here!(polled);
    awaited_here!(fresh_timeout);
    awaited_here!(fresh_until);
    here!(ticks.poll_tick(&mut context));
    awaited_here!(ticks.tick());
}

#[test]
fn a_set_that_cannot_answer_all_outputs() {
    let runtime = current_thread();
    let mut set = JoinSet::new();
    set.spawn_on(pending::<()>(), runtime.handle());
    set.abort_all();
    here!(runtime.block_on(async { set.join_all().await }));
}

#[cfg(feature = "test-util")]
#[test]
fn a_clock_that_is_not_as_asked() {
    here!(time::pause());
    here!(time::resume());
    here!(time::hold());
    awaited_here!(time::advance(HOUR));
    current_thread().block_on(async {
        here!(time::resume());
        awaited_here!(time::advance(HOUR));
        time::pause();
        here!(time::pause());
        awaited_here!(time::advance(Duration::MAX));
    });
}

#[test]
fn a_future_that_others_of_this_crate_poll() {
    let runtime = current_thread();
    let handle = runtime.handle().clone();
    drop(runtime);
    let closed = || {
        let _entered = handle.enter();
        time::sleep(HOUR)
    };
    awaited_here!(coop::cooperative(closed()));
    awaited_here!(coop::unconstrained(closed()));
    awaited_here!(KEY.scope(1, closed()));
    let set = LocalSet::new();
    awaited_here!(set.run_until(closed()));
    here!(handle.block_on(closed()));
    for runtime in [current_thread(), multi_thread()] {
        here!(runtime.block_on(closed()));
        here!(runtime.block_on(coop::unconstrained(closed())));
        here!(LocalSet::new().block_on(&runtime, closed()));
        let _entered = runtime.enter();
        awaited_here!(time::timeout(HOUR, closed()));
    }
    here!(LocalRuntime::new().unwrap().block_on(closed()));
    here!(runtime::block_on(closed()));
}

/// What spawns says where it was called, too.
#[test]
fn a_task_knows_the_line_that_spawned_it() {
    static SPAWNED: std::sync::Mutex<Vec<(String, u32)>> = std::sync::Mutex::new(Vec::new());
    let mut builder = Builder::new_current_thread();
    let runtime = builder.on_task_spawn(|meta| {
        SPAWNED.lock().unwrap().push((meta.spawned_at().file().to_owned(), meta.spawned_at().line()));
    });
    let runtime = runtime.build().unwrap();
    macro_rules! spawned_here {
        ($call:expr) => {
            let _spawned = $call;
            assert_eq!(SPAWNED.lock().unwrap().pop(), Some((file!().to_owned(), line!())), "{}", stringify!($call));
        };
    }
    let _entered = runtime.enter();
    spawned_here!(fusee::spawn(async {}));
    spawned_here!(runtime.spawn(async {}));
    spawned_here!(runtime.handle().spawn(async {}));
    spawned_here!(task::spawn_blocking(|| ()));
    spawned_here!(runtime.spawn_blocking(|| ()));
    spawned_here!(runtime.handle().spawn_blocking(|| ()));
    spawned_here!(task::Builder::new().spawn(async {}));
    let mut set = JoinSet::new();
    spawned_here!(set.spawn(async {}));
    spawned_here!(set.spawn_blocking(|| ()));
    spawned_here!(set.build_task().spawn(async {}));
    spawned_here!(set.extend([ready(())]));
    spawned_here!(JoinSet::from_iter([ready(())]));
}
