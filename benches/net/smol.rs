//! smol: the executor and the threads of the other benches, with async-io's sockets, of which async-net's are made.

use super::flavor::Flavor;
use super::network::Network;
use crate::contenders::{self, Contender};
use async_io::Async;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

pub(super) struct Smol;

impl Network for Smol {
    type Listener = Async<TcpListener>;
    type Stream = Async<TcpStream>;
    type Datagrams = Async<UdpSocket>;

    fn run(flavor: Flavor, workers: usize, root: impl Future<Output = ()>) {
        assert_eq!(flavor, Flavor::MultiThread, "the parent does not ask for another");
        contenders::Smol::start(workers).block_on(root);
    }

    fn detach(task: impl Future<Output = ()> + Send + 'static) {
        contenders::Smol::detach(task);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        contenders::Smol::yield_now()
    }

    async fn listen(address: SocketAddr) -> io::Result<(Self::Listener, u16)> {
        let listener = Async::<TcpListener>::bind(address)?;
        let port = listener.get_ref().local_addr()?.port();
        Ok((listener, port))
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self::Stream> {
        let (stream, _) = listener.accept().await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    fn read<'a>(stream: &'a mut Self::Stream, buffer: &'a mut [u8]) -> impl Future<Output = io::Result<usize>> + Send {
        stream.read(buffer)
    }

    fn write_all<'a>(stream: &'a mut Self::Stream, bytes: &'a [u8]) -> impl Future<Output = io::Result<()>> + Send {
        stream.write_all(bytes)
    }

    async fn bind(address: SocketAddr) -> io::Result<(Self::Datagrams, u16)> {
        let socket = Async::<UdpSocket>::bind(address)?;
        let port = socket.get_ref().local_addr()?.port();
        Ok((socket, port))
    }

    async fn receive(socket: &Self::Datagrams, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        socket.recv_from(buffer).await
    }

    async fn answer(socket: &Self::Datagrams, bytes: &[u8], peer: SocketAddr) -> io::Result<usize> {
        socket.send_to(bytes, peer).await
    }
}
