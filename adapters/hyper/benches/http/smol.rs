//! smol: a global executor, run by threads that block in async-io, as `smol::spawn` sets them up; with async-io's sockets and timers, in a
//! loop as axum's.

use super::flavor::Flavor;
use super::network::{Network, hello, json};
use super::workload::Service;
use async_executor::Executor;
use async_io::Async;
use fusee_hyper::FuturesIo;
use hyper::service::service_fn;
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::future::pending;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::{Duration, Instant};

static EXECUTOR: Executor<'static> = Executor::new();

pub(super) struct Smol;

impl Network for Smol {
    fn run(flavor: Flavor, workers: usize, root: impl Future<Output = ()>) {
        assert_eq!(flavor, Flavor::MultiThread, "the parent does not ask for another");
        for _ in 0..workers {
            thread::spawn(|| async_io::block_on(EXECUTOR.run(pending::<()>())));
        }
        async_io::block_on(root);
    }

    async fn serve(service: Service) -> io::Result<u16> {
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
        let port = listener.get_ref().local_addr()?.port();
        EXECUTOR.spawn(serve(listener, service)).detach();
        Ok(port)
    }
}

async fn serve(listener: Async<TcpListener>, service: Service) {
    let mut http = auto::Builder::new(Spawner);
    http.http1().timer(Timer);
    let router = json();
    loop {
        let (stream, _) = listener.accept().await.expect("connections must come");
        stream.get_ref().set_nodelay(true).expect("a socket has the option");
        let (http, router, stream) = (http.clone(), router.clone(), FuturesIo::new(stream));
        let served = async move {
            // A client that leaves is no error of the server's.
            let _ = match service {
                Service::Json => http.serve_connection_with_upgrades(stream, TowerToHyperService::new(router)).await,
                Service::Hello | Service::Idle => http.serve_connection_with_upgrades(stream, service_fn(hello)).await,
            };
        };
        EXECUTOR.spawn(served).detach();
    }
}

#[derive(Clone, Copy)]
struct Spawner;

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Spawner {
    fn execute(&self, future: F) {
        EXECUTOR.spawn(future).detach();
    }
}

struct Timer;

struct Sleep(async_io::Timer);

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(async_io::Timer::after(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(async_io::Timer::at(deadline)))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: Instant) {
        if let Some(mut sleep) = sleep.as_mut().downcast_mut_pin::<Sleep>() {
            sleep.0.set_at(deadline);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        ready!(Pin::new(&mut self.0).poll(context));
        Poll::Ready(())
    }
}

impl hyper::rt::Sleep for Sleep {}
