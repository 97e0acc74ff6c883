//! How connections end: by their owners, with their runtime.

mod support;

use fusee::runtime::Builder;
use quinn::{ConnectError, ConnectionError, TransportConfig, VarInt, WriteError};
use support::{connect, on_both_flavours, pair};

/// Waits until `connection` is told that its peer has closed it.
///
/// A peer that has not run for a while forgets the connection in the poll in which it says so, and answers with a reset what comes
/// then: who reads both at once is told of the last by quinn, on any runtime.
async fn assert_is_closed(connection: &quinn::Connection, code: u32, reason: &[u8]) {
    match connection.closed().await {
        ConnectionError::ApplicationClosed(told) => {
            assert_eq!((told.error_code, &told.reason[..]), (VarInt::from_u32(code), reason));
        }
        end => assert_eq!(end, ConnectionError::Reset),
    }
}

#[test]
fn who_closes_an_endpoint_ends_its_connections_and_accepts_no_more() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (server, client) = pair(TransportConfig::default());
            let (_accepted, made) = connect(&server, &client).await;
            let waiting = fusee::spawn({
                let server = server.clone();
                async move { server.accept().await.is_none() }
            });
            server.close(VarInt::from_u32(7), b"enough");
            assert!(waiting.await.unwrap());
            assert_is_closed(&made, 7, b"enough").await;
            server.wait_idle().await;
            client.wait_idle().await;
        });
    });
}

#[test]
fn a_runtime_dropped_with_open_connections_leaves_dead_endpoints_and_a_free_port() {
    on_both_flavours(|runtime| {
        let (server, client, accepted, made, mut stream) = runtime.block_on(async {
            let (server, client) = pair(TransportConfig::default());
            let (accepted, made) = connect(&server, &client).await;
            let stream = made.open_uni().await.unwrap();
            (server, client, accepted, made, stream)
        });
        let address = server.local_addr().unwrap();
        drop(runtime);

        let elsewhere = Builder::new_current_thread().build().unwrap();
        elsewhere.block_on(async {
            assert!(server.accept().await.is_none());
            let Err(error) = client.connect(address, "localhost") else { panic!("connected") };
            assert_eq!(error, ConnectError::EndpointStopping);
            // quinn keeps what nobody is left to send, unless the connection's task still saw the endpoint's go.
            match stream.write_all(b"nobody").await {
                Ok(()) | Err(WriteError::ConnectionLost(ConnectionError::TransportError(_))) => {}
                Err(other) => panic!("{other:?}"),
            }
        });
        made.close(0u8.into(), b"");
        drop((server, client, accepted, made, stream));
        std::net::UdpSocket::bind(address).expect("the socket is closed");
    });
}

#[test]
fn endpoints_are_called_from_threads_without_a_runtime() {
    on_both_flavours(|runtime| {
        let (server, client) = runtime.block_on(async { pair(TransportConfig::default()) });
        let address = server.local_addr().unwrap();
        // Its tasks and timers go to the runtime that the endpoint was made on.
        let connecting = std::thread::spawn(move || (client.connect(address, "localhost").unwrap(), client));
        let (connecting, client) = connecting.join().unwrap();
        runtime.block_on(async {
            let accepting = fusee::spawn(async move { server.accept().await.unwrap().await.unwrap() });
            let made = connecting.await.unwrap();
            let accepted = accepting.await.unwrap();
            std::thread::spawn(move || made.close(0u8.into(), b"")).join().unwrap();
            assert_is_closed(&accepted, 0, b"").await;
            client.wait_idle().await;
        });
    });
}
