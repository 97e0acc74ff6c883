//! Connections in memory: hyper's client and fusee-hyper's server, without a socket.

use std::future::{IntoFuture, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::http::Uri;
use fusee::io::{DuplexStream, duplex};
use fusee_hyper::{Io, Listener, serve};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

/// Connects to a server in this process, whatever the address.
#[derive(Clone)]
pub struct Wire(UnboundedSender<DuplexStream>);

/// Where those connections come from.
pub struct Wires(UnboundedReceiver<DuplexStream>);

/// Serves `router` in a task.
pub fn served(router: Router) -> Wire {
    let (wire, wires) = unbounded();
    fusee::spawn(serve(Wires(wires), router).into_future());
    Wire(wire)
}

impl Listener for Wires {
    type Stream = DuplexStream;
    type Address = ();

    async fn accept(&mut self) -> io::Result<(DuplexStream, ())> {
        match self.0.next().await {
            Some(stream) => Ok((stream, ())),
            None => std::future::pending().await,
        }
    }
}

impl Service<Uri> for Wire {
    type Response = Stream;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Stream>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let (ours, theirs) = duplex(64 * 1024);
        let sent = self.0.unbounded_send(theirs).map_err(|_| io::ErrorKind::ConnectionRefused.into());
        ready(sent.map(|()| Stream(Io::new(ours))))
    }
}

/// A type of ours, for it needs a trait of hyper-util's.
pub struct Stream(Io<DuplexStream>);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
