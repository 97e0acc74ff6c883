//! fusee, with fusee-hyper's server as it is without any option.

use super::flavor::Flavor;
use super::network::{Network, hello, json};
use super::workload::Service;
use ::fusee::net::TcpListener;
use ::fusee::runtime::Builder;
use std::io;

pub(super) struct Fusee;

impl Network for Fusee {
    fn run(flavor: Flavor, workers: usize, root: impl Future<Output = ()>) {
        let mut builder = match flavor {
            Flavor::MultiThread => Builder::new_multi_thread(),
            Flavor::CurrentThread => Builder::new_current_thread(),
        };
        builder.worker_threads(workers).build().expect("fusee must start").block_on(root);
    }

    async fn serve(service: Service) -> io::Result<u16> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = match service {
            Service::Json => fusee_hyper::serve(listener, json()).into_future(),
            Service::Hello | Service::Idle => fusee_hyper::serve(listener, tower::service_fn(hello)).into_future(),
        };
        drop(::fusee::spawn(server));
        Ok(port)
    }
}
