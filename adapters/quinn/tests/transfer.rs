//! What is sent arrives: streams, messages, many connections.

mod support;

use std::hash::{DefaultHasher, Hasher};

use futures_util::future::{join, join_all};
use quinn::{Connection, RecvStream, SendStream, TransportConfig};
use support::{connect, on_both_flavours, pair};

/// What goes over a stream each way.
const LENGTH: usize = 10_000_000;

/// Sends [`LENGTH`] bytes that `seed` tells, and answers their hash.
async fn send(mut stream: SendStream, seed: u64) -> u64 {
    let (mut hash, mut left, mut state) = (DefaultHasher::new(), LENGTH, seed);
    while left > 0 {
        let chunk: Vec<u8> = (0..left.min(30_000))
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        hash.write(&chunk);
        stream.write_all(&chunk).await.unwrap();
        left -= chunk.len();
    }
    stream.finish().unwrap();
    stream.stopped().await.unwrap();
    hash.finish()
}

/// Receives until the end, and answers the hash of [`LENGTH`] bytes.
async fn receive(mut stream: RecvStream) -> u64 {
    let (mut hash, mut count) = (DefaultHasher::new(), 0);
    // In the pieces that they were hashed in when they were sent.
    let mut piece = vec![0; 30_000];
    while count < LENGTH {
        let length = piece.len().min(LENGTH - count);
        stream.read_exact(&mut piece[..length]).await.unwrap();
        hash.write(&piece[..length]);
        count += length;
    }
    assert!(stream.read_chunk(1, true).await.unwrap().is_none(), "more has come than was sent");
    hash.finish()
}

#[test]
fn ten_megabytes_each_way_arrive_unharmed() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (server, client) = pair(TransportConfig::default());
            let (accepted, made) = connect(&server, &client).await;
            let there = fusee::spawn(async move {
                let (sending, receiving) = accepted.accept_bi().await.unwrap();
                let hashes = join(send(sending, 1), receive(receiving)).await;
                accepted.closed().await;
                hashes
            });
            let (sending, receiving) = made.open_bi().await.unwrap();
            let (sent, received) = join(send(sending, 2), receive(receiving)).await;
            made.close(0u8.into(), b"");
            assert_eq!((received, sent), there.await.unwrap());
        });
    });
}

#[test]
fn messages_arrive_whole() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (server, client) = pair(TransportConfig::default());
            let (accepted, made) = connect(&server, &client).await;
            // One at a time: what is under way may be dropped when it is too much.
            for number in 0..200u32 {
                let message: Vec<u8> = number.to_be_bytes().repeat(1 + number as usize);
                made.send_datagram_wait(message.clone().into()).await.unwrap();
                assert_eq!(accepted.read_datagram().await.unwrap(), message);
                accepted.send_datagram(message.clone().into()).unwrap();
                assert_eq!(made.read_datagram().await.unwrap(), message);
            }
        });
    });
}

async fn ask(connection: &Connection, number: u64) {
    let (mut sending, mut receiving) = connection.open_bi().await.unwrap();
    sending.write_all(&number.to_be_bytes()).await.unwrap();
    sending.finish().unwrap();
    assert_eq!(receiving.read_to_end(8).await.unwrap(), (number * 2).to_be_bytes());
}

async fn answer(connection: Connection) {
    while let Ok((mut sending, mut receiving)) = connection.accept_bi().await {
        let question = receiving.read_to_end(8).await.unwrap();
        let number = u64::from_be_bytes(question.try_into().unwrap());
        sending.write_all(&(number * 2).to_be_bytes()).await.unwrap();
        sending.finish().unwrap();
    }
}

#[test]
fn a_hundred_connections_at_once_are_answered() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (server, client) = pair(TransportConfig::default());
            let address = server.local_addr().unwrap();
            fusee::spawn(async move {
                while let Some(incoming) = server.accept().await {
                    fusee::spawn(async move { answer(incoming.await.unwrap()).await });
                }
            });
            // Few handshakes at a time: the kernel keeps what it has room for, and waits for what is sent again are long at first.
            let askers: Vec<_> = (0..4u64)
                .map(|asker| {
                    let client = client.clone();
                    fusee::spawn(async move {
                        let mut connections = Vec::new();
                        for _ in 0..25 {
                            connections.push(client.connect(address, "localhost").unwrap().await.unwrap());
                        }
                        for (connection, number) in connections.iter().zip(25 * asker..) {
                            join_all((0..5).map(|question| ask(connection, 5 * number + question))).await;
                        }
                        connections
                    })
                })
                .collect();
            let mut connections = Vec::new();
            for asker in askers {
                connections.extend(asker.await.unwrap());
            }
            assert_eq!(client.open_connections(), 100);
            for connection in connections {
                connection.close(0u8.into(), b"");
            }
            client.wait_idle().await;
            assert_eq!(client.open_connections(), 0);
        });
    });
}

#[test]
fn ipv6_reaches_ipv4_where_the_system_has_both() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        // There is no IPv6 here.
        return;
    }
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (server, configuration) = support::configurations(TransportConfig::default());
            let server = fusee_quinn::server(server, support::anywhere()).unwrap();
            let mut client = fusee_quinn::client("[::]:0".parse().unwrap()).unwrap();
            client.set_default_client_config(configuration);
            let (_accepted, made) = connect(&server, &client).await;
            assert!(made.remote_address().is_ipv6());
        });
    });
}
