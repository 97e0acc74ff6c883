//! gRPC by tonic, without tonic's transport, which spawns and waits by tokio: its services are served as a router is, and its
//! clients call by hyper-util's.

mod support;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::middleware::{Next, from_fn};
use bytes::{Buf, BufMut};
use fusee::time::{Instant, sleep, timeout};
use fusee_hyper::{Connector, client_builder};
use futures::{Stream, StreamExt, stream};
use http::uri::PathAndQuery;
use support::{Server, on_every_flavour, on_every_paused_flavour};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};

/// Messages that are texts, without protobuf.
#[derive(Clone, Copy)]
struct Texts;

impl Codec for Texts {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Texts {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Texts {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| Status::internal("no text"))
    }
}

/// What tonic would generate of a service's description.
#[derive(Clone, Copy)]
struct Greeter;

impl NamedService for Greeter {
    const NAME: &'static str = "test.Greeter";
}

impl tower_service::Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Texts);
            Ok(match request.uri().path() {
                "/test.Greeter/Greet" => grpc.unary(tower::service_fn(greet), request).await,
                "/test.Greeter/Count" => grpc.server_streaming(tower::service_fn(count), request).await,
                "/test.Greeter/Sleep" => grpc.unary(tower::service_fn(sleep_long), request).await,
                _ => Status::unimplemented("unknown").into_http(),
            })
        })
    }
}

async fn greet(name: Request<String>) -> Result<Response<String>, Status> {
    match name.get_ref().as_str() {
        "" => Err(Status::invalid_argument("nobody")),
        name => Ok(Response::new(format!("Hello, {name}!"))),
    }
}

type Counts = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

async fn count(to: Request<String>) -> Result<Response<Counts>, Status> {
    let to: u32 = to.get_ref().parse().map_err(|_| Status::invalid_argument("no number"))?;
    Ok(Response::new(stream::iter(0..to).map(|n| Ok(n.to_string())).boxed()))
}

async fn sleep_long(_: Request<String>) -> Result<Response<String>, Status> {
    sleep(Duration::from_secs(3600)).await;
    Ok(Response::new("rested".into()))
}

/// Ends calls at their deadlines, as tonic's transport does on tokio's timer. A deadline's unit is a letter: here milli- and microseconds.
async fn deadlines(request: axum::extract::Request, next: Next) -> axum::response::Response {
    let limit = request.headers().get("grpc-timeout").and_then(|limit| limit.to_str().ok()).and_then(|limit| {
        let (number, unit) = limit.split_at_checked(limit.len() - 1)?;
        match unit {
            "m" => Some(Duration::from_millis(number.parse().ok()?)),
            "u" => Some(Duration::from_micros(number.parse().ok()?)),
            _ => None,
        }
    });
    let answering = next.run(request);
    match limit {
        None => answering.await,
        Some(limit) => match timeout(limit, answering).await {
            Ok(answer) => answer,
            Err(_) => Status::deadline_exceeded("too late").into_http(),
        },
    }
}

async fn serve() -> Server {
    Server::start(Routes::new(Greeter).into_axum_router().layer(from_fn(deadlines))).await
}

type Client = tonic::client::Grpc<hyper_util::client::legacy::Client<Connector, Body>>;

async fn client_of(server: &Server) -> Client {
    let client = client_builder().http2_only(true).build::<_, Body>(Connector::new());
    let mut client = tonic::client::Grpc::with_origin(client, server.uri("/"));
    client.ready().await.unwrap();
    client
}

async fn unary(client: &mut Client, path: &'static str, request: Request<String>) -> Result<String, Status> {
    client.unary(request, PathAndQuery::from_static(path), Texts).await.map(Response::into_inner)
}

#[test]
fn calls_answer_texts_streams_and_errors() {
    on_every_flavour(async || {
        let server = serve().await;
        let mut client = client_of(&server).await;
        let greet = "/test.Greeter/Greet";
        assert_eq!(unary(&mut client, greet, Request::new("tonic".into())).await.unwrap(), "Hello, tonic!");
        let error = unary(&mut client, greet, Request::new(String::new())).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "nobody"));
        let error = unary(&mut client, "/test.Greeter/Other", Request::new(String::new())).await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);

        let path = PathAndQuery::from_static("/test.Greeter/Count");
        let counts = client.server_streaming(Request::new("1000".to_owned()), path, Texts).await.unwrap().into_inner();
        let counts: Vec<String> = counts.map(Result::unwrap).collect().await;
        assert!(counts.iter().map(|n| n.parse::<u32>().unwrap()).eq(0..1000));
        drop(client);
        server.stop().await;
    });
}

#[test]
fn a_call_with_a_deadline_ends_at_it_on_the_runtimes_clock() {
    on_every_paused_flavour(async || {
        let server = serve().await;
        let mut client = client_of(&server).await;
        let start = Instant::now();
        let mut request = Request::new(String::new());
        request.set_timeout(Duration::from_secs(5));
        let error = unary(&mut client, "/test.Greeter/Sleep", request).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        assert_eq!(
            unary(&mut client, "/test.Greeter/Greet", Request::new("again".into())).await.unwrap(),
            "Hello, again!"
        );
        drop(client);
        server.stop().await;
    });
}
