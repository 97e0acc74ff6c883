//! tokio, with its I/O driver and its timer.

use super::flavor::Flavor;
use super::network::Network;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Builder;

pub(super) struct Tokio;

impl Network for Tokio {
    type Listener = TcpListener;
    type Stream = TcpStream;
    type Datagrams = UdpSocket;

    fn run(flavor: Flavor, workers: usize, root: impl Future<Output = ()>) {
        let mut builder = match flavor {
            Flavor::MultiThread => Builder::new_multi_thread(),
            Flavor::CurrentThread => Builder::new_current_thread(),
        };
        builder.worker_threads(workers).enable_all().build().expect("tokio must start").block_on(root);
    }

    fn detach(task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(task));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    async fn listen(address: SocketAddr) -> io::Result<(TcpListener, u16)> {
        let listener = TcpListener::bind(address).await?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn read<'a>(stream: &'a mut TcpStream, buffer: &'a mut [u8]) -> impl Future<Output = io::Result<usize>> + Send {
        stream.read(buffer)
    }

    fn write_all<'a>(stream: &'a mut TcpStream, bytes: &'a [u8]) -> impl Future<Output = io::Result<()>> + Send {
        stream.write_all(bytes)
    }

    async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, u16)> {
        let socket = UdpSocket::bind(address).await?;
        let port = socket.local_addr()?.port();
        Ok((socket, port))
    }

    async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        socket.recv_from(buffer).await
    }

    async fn answer(socket: &UdpSocket, bytes: &[u8], peer: SocketAddr) -> io::Result<usize> {
        socket.send_to(bytes, peer).await
    }
}
