//! What may cross threads, move after polling, and pass `catch_unwind`: asserted when this file is compiled.

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::future::{Future, Pending, Ready};
use std::hash::Hash;
use std::marker::PhantomPinned;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::MutexGuard;

use fusee::runtime::{
    self, Builder, EnterGuard, Handle, Histogram, LocalOptions, LocalRuntime, Runtime, RuntimeMetrics, TaskMeta,
    TryCurrentError,
};
use fusee::task::coop::{Coop, RestoreOnPending};
use fusee::task::futures::TaskLocalFuture;
use fusee::task::task_tracker::{TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};
use fusee::task::{
    self, AbortHandle, AbortOnDrop, AbortOnDropHandle, AccessError, Id, JoinError, JoinHandle, JoinMap, JoinMapKeys,
    JoinSet, LocalEnterGuard, LocalKey, LocalSet, TaskTracker, Unconstrained,
};
use fusee::time::error::Elapsed;
use fusee::time::stream::{self, Throttle, TimeoutRepeating};
use fusee::time::{Instant, Interval, MissedTickBehavior, Sleep, Timeout};

const fn send<T: Send>() {}
const fn sync<T: Sync>() {}
const fn unpin<T: Unpin>() {}
const fn unwind<T: UnwindSafe + RefUnwindSafe>() {}
const fn debug<T: Debug>() {}
const fn error<T: std::error::Error + Send + Sync + 'static>() {}
const fn value<T: Copy + Eq + Ord + Hash + Debug>() {}
const fn all_of_an_identifier<T: Copy + Eq + Hash + Debug + Display + Send + Sync + Unpin + UnwindSafe>() {}
const fn send_value<T: Send>(_: &T) {}

/// Asserts that a type has not the trait: two ways to answer would be ambiguous.
macro_rules! not {
    ($type:ty: $trait:path) => {
        const _: fn() = || {
            trait Answer<A> {
                fn answer() {}
            }
            impl<T: ?Sized> Answer<()> for T {}
            struct Has;
            impl<T: ?Sized + $trait> Answer<Has> for T {}
            let _ = <$type as Answer<_>>::answer;
        };
    };
}

/// A `Send` type that is neither `Sync` nor `Unpin` nor unwind-safe.
struct Awkward(Cell<u8>, PhantomPinned);

macro_rules! all {
    ($($type:ty),* $(,)?) => {
        $(
            const _: () = {
                send::<$type>();
                sync::<$type>();
                unpin::<$type>();
                debug::<$type>();
            };
        )*
    };
}

all![
    Runtime,
    Builder,
    Handle,
    RuntimeMetrics,
    Histogram,
    TryCurrentError,
    TaskMeta<'static>,
    task::Builder<'static>,
    JoinHandle<()>,
    JoinHandle<Cell<u8>>,
    JoinHandle<Awkward>,
    AbortHandle,
    JoinError,
    JoinSet<()>,
    JoinSet<Cell<u8>>,
    JoinSet<Awkward>,
    AbortOnDropHandle<()>,
    AbortOnDropHandle<Awkward>,
    AbortOnDrop,
    JoinMap<u8, ()>,
    JoinMap<u8, Awkward>,
    JoinMapKeys<'static, u8, ()>,
    TaskTracker,
    TaskTrackerToken,
    TaskTrackerWaitFuture<'static>,
    TrackedFuture<Ready<()>>,
    LocalKey<Rc<()>>,
    AccessError,
    Coop<Ready<()>>,
    Unconstrained<Ready<()>>,
    Id,
    Instant,
    Interval,
    MissedTickBehavior,
    Sleep,
    Timeout<Ready<()>>,
    Timeout<Pending<()>>,
    Timeout<Sleep>,
    Timeout<JoinHandle<()>>,
    stream::Timeout<Interval>,
    TimeoutRepeating<Interval>,
    Throttle<Interval>,
    Elapsed,
];

#[cfg(feature = "net")]
const _: () = {
    use fusee::net::tcp::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
    use fusee::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};

    all![
        TcpListener,
        TcpStream,
        TcpSocket,
        UdpSocket,
        ReadHalf<'static>,
        WriteHalf<'static>,
        OwnedReadHalf,
        OwnedWriteHalf,
        ReuniteError,
    ];
    unwind::<TcpListener>();
    unwind::<TcpStream>();
    unwind::<TcpSocket>();
    unwind::<UdpSocket>();
    unwind::<ReadHalf<'static>>();
    unwind::<WriteHalf<'static>>();
    unwind::<OwnedReadHalf>();
    unwind::<OwnedWriteHalf>();
    error::<ReuniteError>();
};

#[cfg(all(unix, feature = "net"))]
const _: () = {
    use std::os::fd::OwnedFd;

    use fusee::io::unix::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdTryNewError, TryIoError};
    use fusee::io::{Interest, Ready};
    use fusee::net::unix::pipe::{OpenOptions, Receiver, Sender};
    use fusee::net::unix::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, SocketAddr, UCred, WriteHalf};
    use fusee::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};

    macro_rules! all_and_unwind {
        ($($type:ty),* $(,)?) => {
            all![$($type),*];
            $( unwind::<$type>(); )*
        };
    }
    all_and_unwind![
        AsyncFd<OwnedFd>,
        AsyncFdReadyGuard<'static, OwnedFd>,
        TryIoError,
        Interest,
        Ready,
        UnixListener,
        UnixStream,
        UnixDatagram,
        UnixSocket,
        SocketAddr,
        UCred,
        ReadHalf<'static>,
        WriteHalf<'static>,
        OwnedReadHalf,
        OwnedWriteHalf,
        ReuniteError,
        Sender,
        Receiver,
        OpenOptions,
    ];
    all![AsyncFdReadyMutGuard<'static, OwnedFd>, AsyncFdTryNewError<()>];
    error::<ReuniteError>();
    error::<TryIoError>();
    error::<AsyncFdTryNewError<OwnedFd>>();
    value::<Interest>();
    value::<Ready>();
    not!(AsyncFd<Rc<OwnedFd>>: Send);
    not!(AsyncFd<Rc<OwnedFd>>: Sync);
    not!(AsyncFdTryNewError<Rc<()>>: Send);
    not!(UnixStream: Clone);
};

const _: () = {
    unwind::<JoinHandle<()>>();
    unwind::<JoinHandle<Awkward>>();
    unwind::<JoinSet<Awkward>>();
    unwind::<AbortHandle>();
    unwind::<AbortOnDropHandle<Awkward>>();
    unwind::<AbortOnDrop>();
    unwind::<JoinMap<u8, Awkward>>();
    unwind::<TaskTracker>();
    unwind::<TaskTrackerToken>();
    unwind::<TaskTrackerWaitFuture<'static>>();
    unwind::<Builder>();
    unwind::<Runtime>();
    unwind::<Handle>();
    unwind::<RuntimeMetrics>();
    unwind::<Histogram>();
    unwind::<TryCurrentError>();
    unwind::<TaskMeta<'static>>();
    unwind::<task::Builder<'static>>();
    unwind::<Elapsed>();
    unwind::<Id>();
    unwind::<Instant>();
    value::<Id>();
    value::<Instant>();
    error::<JoinError>();
    error::<Elapsed>();
    error::<TryCurrentError>();
    error::<AccessError>();
    send::<TaskLocalFuture<Cell<u8>, Ready<()>>>();
    sync::<TaskLocalFuture<u8, Ready<()>>>();
    sync::<EnterGuard<'static>>();
    all_of_an_identifier::<runtime::Id>();
    unpin::<LocalSet>();
    unpin::<LocalRuntime>();
    unwind::<LocalRuntime>();
    unwind::<LocalOptions>();
    unpin::<LocalEnterGuard>();
    debug::<LocalSet>();
    debug::<LocalEnterGuard>();
    unwind::<LocalSet>();
};

// What must not be.
not!(JoinHandle<Rc<()>>: Send);
not!(JoinHandle<Rc<()>>: Sync);
not!(JoinSet<Rc<()>>: Send);
not!(JoinSet<Rc<()>>: Sync);
not!(AbortOnDropHandle<Rc<()>>: Send);
not!(AbortOnDropHandle<()>: Clone);
not!(JoinMap<Rc<()>, ()>: Send);
not!(JoinMap<u8, Rc<()>>: Send);
not!(JoinMap<Cell<u8>, ()>: Sync);
not!(TaskTrackerWaitFuture<'static>: Clone);
not!(TrackedFuture<PhantomFuture>: Unpin);
not!(RestoreOnPending: Send);
not!(TaskLocalFuture<Rc<()>, Ready<()>>: Send);
not!(TaskLocalFuture<Cell<u8>, Ready<()>>: Sync);
not!(TaskLocalFuture<u8, Ready<()>>: Unpin);
not!(Coop<PhantomFuture>: Unpin);
not!(Unconstrained<PhantomFuture>: Unpin);
not!(LocalRuntime: Send);
not!(LocalRuntime: Sync);
not!(LocalOptions: Send);
not!(LocalOptions: Sync);
not!(LocalSet: Send);
not!(LocalSet: Sync);
not!(LocalEnterGuard: Send);
not!(LocalEnterGuard: Sync);
not!(JoinHandle<MutexGuard<'static, ()>>: Send);
not!(EnterGuard<'static>: Send);
not!(EnterGuard<'static>: Clone);
not!(JoinHandle<()>: Clone);
not!(Runtime: Clone);
// As its payload may not be.
not!(JoinError: UnwindSafe);
not!(Timeout<PhantomFuture>: Unpin);
not!(Timeout<Awkward>: Sync);
not!(stream::Timeout<PhantomFuture>: Unpin);
not!(Throttle<Awkward>: Sync);

/// A future that must not move.
struct PhantomFuture(PhantomPinned);

/// Asserts of what async functions and blocks return, without running them, that it is all that is named.
macro_rules! futures {
    ($($future:expr => $($assertion:ident)+),* $(,)?) => {
        const _: fn() = || {
            $($( $assertion(&$future); )+)*
        };
    };
}

const fn is_send<T: Send>(_: &T) {}
const fn is_sync<T: Sync>(_: &T) {}
const fn is_unpin<T: Unpin>(_: &T) {}

futures![
    task::yield_now() => is_send is_sync,
    fusee::time::sleep(fusee::time::Duration::ZERO) => is_send is_sync is_unpin,
    fusee::time::sleep_until(Instant::now()) => is_send is_sync is_unpin,
    fusee::time::timeout(fusee::time::Duration::ZERO, std::future::ready(())) => is_send is_sync is_unpin,
    fusee::spawn(async {}) => is_send is_sync is_unpin,
    task::Builder::new().spawn(async {}).unwrap() => is_send is_sync is_unpin,
    async { fusee::spawn(async { Awkward(Cell::new(1), PhantomPinned) }).await } => is_send,
    async { fusee::time::timeout(fusee::time::Duration::ZERO, std::future::pending::<()>()).await } => is_send is_sync,
];

#[cfg(feature = "net")]
const _: fn(&fusee::net::TcpListener, &fusee::net::TcpStream, &fusee::net::UdpSocket) = |listener, stream, socket| {
    use fusee::io::Interest;
    use fusee::net::{TcpListener, TcpSocket, TcpStream, UdpSocket, lookup_host};

    macro_rules! are_send_and_sync {
        ($($future:expr),* $(,)?) => {
            $( is_send(&$future); is_sync(&$future); )*
        };
    }
    are_send_and_sync![
        TcpListener::bind("localhost:0"),
        TcpStream::connect(String::new()),
        TcpSocket::new_v4().unwrap().connect("127.0.0.1:1".parse().unwrap()),
        UdpSocket::bind(("localhost", 0)),
        lookup_host("localhost:0"),
        listener.accept(),
        stream.peek(&mut []),
        stream.ready(Interest::READABLE),
        stream.async_io(Interest::READABLE, || Ok(())),
        socket.connect("localhost:0"),
        socket.send(&[]),
        socket.send_to(&[], "localhost:0"),
        socket.recv(&mut []),
        socket.recv_from(&mut []),
        socket.peek_sender(),
    ];
};

#[cfg(all(unix, feature = "net"))]
const _: fn(
    &fusee::io::unix::AsyncFd<std::os::fd::OwnedFd>,
    &fusee::net::UnixListener,
    &fusee::net::UnixStream,
    &fusee::net::UnixDatagram,
) = |descriptor, listener, stream, socket| {
    use fusee::io::Interest;
    use fusee::net::{UnixSocket, UnixStream};

    macro_rules! are_send_and_sync {
        ($($future:expr),* $(,)?) => {
            $( is_send(&$future); is_sync(&$future); )*
        };
    }
    are_send_and_sync![
        descriptor.ready(Interest::READABLE),
        descriptor.async_io(Interest::READABLE, |_| Ok(())),
        listener.accept(),
        UnixStream::connect("/path"),
        UnixSocket::new_stream().unwrap().connect("/path"),
        stream.ready(Interest::READABLE),
        stream.async_io(Interest::READABLE, || Ok(())),
        stream.send_fds(&[], &[]),
        stream.recv_fds(&mut [], &mut Vec::new()),
        socket.send(&[]),
        socket.send_to(&[], "/path"),
        socket.recv(&mut []),
        socket.recv_from(&mut []),
    ];
};

#[cfg(feature = "net")]
const _: fn(&mut fusee::io::DuplexStream, &mut fusee::io::DuplexStream) = |one, other| {
    use fusee::io::{DuplexStream, Empty, ReadHalf, Repeat, SimplexStream, Sink, WriteHalf, copy, copy_bidirectional};

    all![DuplexStream, SimplexStream, ReadHalf<Awkward>, WriteHalf<Awkward>, Empty, Repeat, Sink];
    unwind::<DuplexStream>();
    unwind::<SimplexStream>();
    unwind::<ReadHalf<Awkward>>();
    unwind::<WriteHalf<Awkward>>();
    send_value(&copy(one, other));
    send_value(&copy_bidirectional(one, other));
    not!(ReadHalf<Rc<()>>: Send);
    not!(WriteHalf<MutexGuard<'static, ()>>: Sync);
};

#[test]
fn futures_of_the_public_functions_are_send() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let _entered = runtime.enter();
    send_value(&fusee::task::yield_now());
    send_value(&fusee::task::consume_budget());
    send_value(&JoinSet::<Cell<u8>>::new().join_next());
    send_value(&JoinSet::<Cell<u8>>::new().shutdown());
    send_value(&JoinSet::<Cell<u8>>::new().join_all());
    send_value(&JoinMap::<Cell<u8>, Cell<u8>>::new().join_next());
    send_value(&JoinMap::<Cell<u8>, Cell<u8>>::new().shutdown());
    send_value(&TaskTracker::new().wait());
    send_value(&fusee::time::timeout(fusee::time::Duration::ZERO, Box::pin(async {})));
    // A task may hold across its awaits what it likes, as long as that is Send.
    let task = fusee::spawn(async {
        let awkward = Awkward(Cell::new(1), PhantomPinned);
        fusee::task::yield_now().await;
        awkward
    });
    fn is_future<F: Future + Send + Unpin>(_: &F) {}
    is_future(&task);
    assert_eq!(runtime.block_on(task).unwrap().0.get(), 1);
}
