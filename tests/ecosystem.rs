//! Crates of both worlds take our streams as they are: codecs of tokio-util, halves and lines of `futures`.

#![cfg(feature = "tokio-io")]

mod support;

use std::io;

use fusee::net::{TcpListener, TcpStream};
use futures::{SinkExt, StreamExt, TryStreamExt};
use support::on_every_flavour;
use tokio_util::bytes::Bytes;
use tokio_util::codec::{Framed, FramedRead, FramedWrite, LengthDelimitedCodec, LinesCodec, LinesCodecError};

/// Serves each connection by `serve`, and answers where.
async fn served<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> std::net::SocketAddr
where
    F: Future<Output: Send> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    fusee::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            fusee::spawn(serve(stream));
        }
    });
    address
}

#[test]
fn lines_framed_by_tokio_util_on_both_ends_of_a_socket() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let address = served(async |stream| {
                let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(100));
                while let Some(line) = lines.next().await {
                    match line {
                        Ok(line) => lines.send(line.to_uppercase()).await.unwrap(),
                        Err(LinesCodecError::MaxLineLengthExceeded) => lines.send("too long").await.unwrap(),
                        Err(LinesCodecError::Io(error)) => panic!("{error}"),
                    }
                }
            })
            .await;
            let clients = (0..20).map(|n| {
                fusee::spawn(async move {
                    let mut lines = Framed::new(TcpStream::connect(address).await.unwrap(), LinesCodec::new());
                    for round in 0..20 {
                        lines.send(format!("client {n}, round {round}")).await.unwrap();
                        let answer = lines.next().await.unwrap().unwrap();
                        assert_eq!(answer, format!("CLIENT {n}, ROUND {round}"));
                    }
                    lines.send("x".repeat(101)).await.unwrap();
                    assert_eq!(lines.next().await.unwrap().unwrap(), "too long");
                })
            });
            for client in clients.collect::<Vec<_>>() {
                client.await.unwrap();
            }
        });
    });
}

#[test]
fn frames_of_a_megabyte_between_the_halves_of_tokio_util() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let address = served(async |stream| {
                let (reader, writer) = fusee::io::split(stream);
                let frames = FramedRead::new(reader, LengthDelimitedCodec::new());
                let answers = FramedWrite::new(writer, LengthDelimitedCodec::new());
                frames.map_ok(|frame| frame.freeze()).forward(answers).await.unwrap();
            })
            .await;
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut sends, mut receives) = Framed::new(stream, LengthDelimitedCodec::new()).split::<Bytes>();
            let sender = fusee::spawn(async move {
                for n in 0..5u8 {
                    sends.send(vec![n; 1 << 20].into()).await.unwrap();
                }
                sends
            });
            for n in 0..5u8 {
                let frame = receives.next().await.unwrap().unwrap();
                assert!(frame == vec![n; 1 << 20]);
            }
            sender.await.unwrap().close().await.unwrap();
            assert!(receives.next().await.is_none(), "the other end saw the end, and closed");
        });
    });
}

#[test]
fn lines_and_halves_of_futures_on_both_ends_of_a_socket() {
    use futures::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};

    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let address = served(async |stream| {
                let (reader, mut writer) = AsyncReadExt::split(stream);
                let mut lines = BufReader::new(reader).lines();
                while let Some(line) = lines.try_next().await? {
                    writer.write_all(format!("{}\n", line.len()).as_bytes()).await?;
                }
                writer.close().await?;
                io::Result::Ok(())
            })
            .await;
            let (reader, writer) = AsyncReadExt::split(TcpStream::connect(address).await.unwrap());
            let sender = fusee::spawn(async move {
                let mut writer = BufWriter::new(writer);
                for length in 0..1000 {
                    writer.write_all(format!("{}\n", "x".repeat(length)).as_bytes()).await.unwrap();
                }
                writer.close().await.unwrap();
                writer.into_inner()
            });
            let mut reader = BufReader::new(reader);
            let lengths: Vec<String> = (&mut reader).lines().try_collect().await.unwrap();
            assert!(lengths.into_iter().eq((0..1000).map(|length| length.to_string())));
            let mut whole = reader.into_inner().reunite(sender.await.unwrap()).unwrap();
            assert_eq!(whole.read(&mut [0]).await.unwrap(), 0);
        });
    });
}
