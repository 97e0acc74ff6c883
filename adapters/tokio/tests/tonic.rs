//! tonic's server and client, over tokio's sockets, under the bridge; the messages are bytes, without protobuf.

mod support;

use std::convert::Infallible;
use std::future::{pending, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use fusee::task::JoinSet;
use support::on_every_flavour;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};

/// Messages are what they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// Sends back what comes, or never answers.
#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Raw);
            Ok(if request.uri().path().ends_with("Never") {
                grpc.unary(Never, request).await
            } else {
                grpc.unary(Back, request).await
            })
        })
    }
}

struct Back;

impl UnaryService<Bytes> for Back {
    type Response = Bytes;
    type Future = std::future::Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

struct Never;

impl UnaryService<Bytes> for Never {
    type Response = Bytes;
    type Future = std::future::Pending<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        pending()
    }
}

/// Calls `path` with `message`.
async fn call(channel: Channel, path: &'static str, message: Request<Bytes>) -> Result<Bytes, Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    client.unary(message, http::uri::PathAndQuery::from_static(path), Raw).await.map(Response::into_inner)
}

/// A server in a task, and a channel to it.
async fn served() -> (fusee::task::AbortOnDropHandle<()>, Channel) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().add_service(Echo).serve_with_incoming(TcpIncoming::from(listener));
    let server = fusee::spawn(async move { server.await.unwrap() });
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    (fusee::task::AbortOnDropHandle::new(server), channel)
}

#[test]
fn calls_are_answered_in_tasks() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_server, channel) = served().await;
            let mut calls = JoinSet::new();
            for n in 0..32u8 {
                let channel = channel.clone();
                calls.spawn(async move {
                    let message = Bytes::from(vec![n; 1000]);
                    assert_eq!(call(channel, "/test.Echo/Back", Request::new(message.clone())).await.unwrap(), message);
                });
            }
            while let Some(done) = calls.join_next().await {
                done.unwrap();
            }
        });
    });
}

#[test]
fn a_deadline_ends_a_call() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_server, channel) = served().await;
            let mut request = Request::new(Bytes::from_static(b"never"));
            request.set_timeout(Duration::from_millis(20));
            let status = call(channel, "/test.Echo/Never", request).await.unwrap_err();
            assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status:?}");
        });
    });
}
