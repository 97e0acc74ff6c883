//! tokio, with hyper-util's parts for it in a loop as axum's, with timers; for JSON axum's own server.

use super::flavor::Flavor;
use super::network::{Network, hello, json};
use super::workload::Service;
use axum::serve::ListenerExt;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::io;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

pub(super) struct Tokio;

impl Network for Tokio {
    fn run(flavor: Flavor, workers: usize, root: impl Future<Output = ()>) {
        let mut builder = match flavor {
            Flavor::MultiThread => Builder::new_multi_thread(),
            Flavor::CurrentThread => Builder::new_current_thread(),
        };
        builder.worker_threads(workers).enable_all().build().expect("tokio must start").block_on(root);
    }

    async fn serve(service: Service) -> io::Result<u16> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        match service {
            Service::Json => {
                let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a socket has the option"));
                drop(tokio::spawn(axum::serve(listener, json()).into_future()));
            }
            Service::Hello | Service::Idle => drop(tokio::spawn(serve_hello(listener))),
        }
        Ok(port)
    }
}

async fn serve_hello(listener: TcpListener) {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    loop {
        let (stream, _) = listener.accept().await.expect("connections must come");
        stream.set_nodelay(true).expect("a socket has the option");
        let http = http.clone();
        tokio::spawn(async move {
            // A client that leaves is no error of the server's.
            let _ = http.serve_connection_with_upgrades(TokioIo::new(stream), service_fn(hello)).await;
        });
    }
}
