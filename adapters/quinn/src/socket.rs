//! An endpoint's socket: quinn's system calls, tried when fusee says that the socket is ready.
//!
//! The endpoint's task alone receives, by the one place that a socket has for that. Any number of connections send: each waits by a [`Poller`]
//! of its own, that is told beside the others.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use fusee::io::Interest;
use fusee::net::UdpSocket;
use quinn::udp::{RecvMeta, Transmit, UdpSocketState};
use quinn::{AsyncUdpSocket, UdpPoller};

/// `socket` as quinn asks for one, on the current runtime.
pub(crate) fn of_std(socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    // It makes the socket nonblocking, before the runtime gets it.
    let state = UdpSocketState::new((&socket).into())?;
    Ok(Arc::new(EndpointSocket::new(UdpSocket::from_std(socket)?, state)))
}

#[derive(Debug)]
struct EndpointSocket {
    io: UdpSocket,
    /// What quinn has found out of the socket and the kernel.
    state: UdpSocketState,
    /// The errors of receives that no message and no want of messages has come between.
    errors: AtomicUsize,
}

/// So many errors in a row are no longer those of messages that were sent before: each of those is told once, and more of them do not come as fast as they are asked for. A call that a filter refuses
/// errs for ever.
const LASTING: usize = 1000;

impl EndpointSocket {
    fn new(io: UdpSocket, state: UdpSocketState) -> Self {
        Self { io, state, errors: AtomicUsize::new(0) }
    }

    /// Has `receive` try whenever the socket is ready. An error that is not for want of messages is of a message that was sent before, to nobody: it ends no endpoint, unless it lasts.
    fn poll_receive(
        &self,
        context: &mut Context<'_>,
        mut receive: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            // Each round spends budget.
            ready!(self.io.poll_recv_ready(context))?;
            let received = self.io.try_io(Interest::READABLE, &mut receive);
            let is_harmless =
                received.as_ref().map_or_else(|error| error.kind() == io::ErrorKind::WouldBlock, |_| true);
            if is_harmless {
                self.errors.store(0, Ordering::Relaxed);
            } else if self.errors.fetch_add(1, Ordering::Relaxed) + 1 < LASTING {
                continue;
            }
            match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return Poll::Ready(received),
            }
        }
    }
}

impl AsyncUdpSocket for EndpointSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller { socket: self, waiting: None })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.io.try_io(Interest::WRITABLE, || self.state.send((&self.io).into(), transmit))
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.poll_receive(context, || self.state.recv((&self.io).into(), buffers, meta))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.state.gro_segments()
    }

    fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }
}

/// One who waits until the socket can be written, whenever he asks.
struct Poller {
    socket: Arc<EndpointSocket>,
    /// The wait that is under way.
    waiting: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>>,
}

impl UdpPoller for Poller {
    fn poll_writable(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { socket, waiting } = &mut *self;
        let wait = waiting.get_or_insert_with(|| {
            let socket = socket.clone();
            Box::pin(async move { socket.io.writable().await })
        });
        let answer = ready!(wait.as_mut().poll(context));
        *waiting = None;
        Poll::Ready(answer)
    }
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").field("socket", &self.socket).field("is_waiting", &self.waiting.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::{Wake, Waker};
    use std::time::Duration;

    use fusee::runtime::Builder;
    use fusee::task::yield_now;
    use fusee::time::timeout;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Calls(AtomicUsize);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn an_error_that_lasts_is_answered_and_one_of_a_message_is_not() {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let plain = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let state = UdpSocketState::new((&plain).into()).unwrap();
            let socket = EndpointSocket::new(UdpSocket::from_std(plain).unwrap(), state);
            socket.io.send_to(b"event", socket.io.local_addr().unwrap()).await.unwrap();
            let refused = || Err(io::ErrorKind::ConnectionRefused.into());
            for _ in 0..2 {
                // Less than what counts as lasting, and a message.
                let mut errors = LASTING - 1;
                let mut receive = || match errors.checked_sub(1) {
                    Some(fewer) => {
                        errors = fewer;
                        refused()
                    }
                    None => Ok(1),
                };
                assert_eq!(poll_fn(|context| socket.poll_receive(context, &mut receive)).await.unwrap(), 1);
            }
            let lasting = poll_fn(|context| socket.poll_receive(context, refused));
            let answer = timeout(Duration::from_secs(60), lasting).await.expect("a watchdog: it goes on for ever");
            assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        });
    }

    #[test]
    fn every_connection_that_waits_to_send_is_woken() {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let plain = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let state = UdpSocketState::new((&plain).into()).unwrap();
            let socket = Arc::new(EndpointSocket::new(UdpSocket::from_std(plain).unwrap(), state));
            let mut connections: Vec<_> =
                (0..3).map(|_| (socket.clone().create_io_poller(), Arc::new(Calls::default()))).collect();
            // A poller serves any number of times.
            for _ in 0..2 {
                // As sends that find no room. What was told of the socket before may come to be known in between, for another thread may look: then once more.
                let before: Vec<_> = loop {
                    let full = || io::Result::<()>::Err(io::ErrorKind::WouldBlock.into());
                    assert!(socket.io.try_io(Interest::WRITABLE, full).is_err());
                    let waiting = connections.iter_mut().map(|(poller, calls)| {
                        let before = calls.0.load(Ordering::Relaxed);
                        let waker = Waker::from(calls.clone());
                        poller.as_mut().poll_writable(&mut Context::from_waker(&waker)).is_pending().then_some(before)
                    });
                    // All of them are polled.
                    if let Some(before) = waiting.collect::<Vec<_>>().into_iter().collect() {
                        break before;
                    }
                    yield_now().await;
                };
                // Whatever is told of the socket tells that it can be written, too.
                socket.io.send_to(b"event", socket.io.local_addr().unwrap()).await.unwrap();
                let all_woken = async {
                    let are_waiting = || {
                        let mut calls = connections.iter().map(|(_, calls)| calls.0.load(Ordering::Relaxed));
                        before.iter().any(|before| calls.next() == Some(*before))
                    };
                    while are_waiting() {
                        yield_now().await;
                    }
                };
                timeout(Duration::from_secs(60), all_woken).await.expect("a watchdog: one is not woken");
                for (poller, calls) in &mut connections {
                    let waker = Waker::from(calls.clone());
                    assert!(poller.as_mut().poll_writable(&mut Context::from_waker(&waker)).is_ready());
                }
            }
        });
    }
}
