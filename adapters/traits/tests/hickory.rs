//! A resolver against a server on loopback.

mod support;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, UdpSocket};
use fusee::runtime::Handle;
use fusee::time::Instant;
use fusee_traits::hickory::{FuseeProvider, Timer};
use futures_util::FutureExt;
use futures_util::future::join_all;
use hickory_resolver::Resolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::{RuntimeProvider, Spawn, Time};
use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::{RData, Record};
use support::{on_both_flavours, on_paused_clocks, two_workers, watchdog};

const HOME: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The answer to a question: every name is at the same address. A `truncated` one says that there is more to be had by TCP.
fn answer(question: &[u8], address: Ipv4Addr, truncated: bool) -> Vec<u8> {
    let mut message = Message::from_vec(question).unwrap().into_response();
    if truncated {
        message.metadata.truncation = true;
    } else {
        let name = message.queries[0].name().clone();
        message.add_answer(Record::from_rdata(name, 60, RData::A(address.into())));
    }
    message.to_vec().unwrap()
}

/// A server over UDP that leaves the first `silent` questions unanswered. Answers its port, and how many questions it had.
async fn udp_server(silent: usize, truncated: bool) -> (u16, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind((HOME, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let questions = Arc::new(AtomicUsize::new(0));
    let counter = questions.clone();
    fusee::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (count, from) = socket.recv_from(&mut buffer).await.unwrap();
            if counter.fetch_add(1, Ordering::SeqCst) >= silent {
                let answer = answer(&buffer[..count], Ipv4Addr::new(192, 0, 2, 1), truncated);
                socket.send_to(&answer, from).await.unwrap();
            }
        }
    });
    (port, questions)
}

/// A server over TCP, at `port`, which tells another address.
async fn tcp_server(port: u16) -> u16 {
    let listener = TcpListener::bind((HOME, port)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    fusee::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            fusee::spawn(async move {
                let mut length = [0; 2];
                while stream.read_exact(&mut length).await.is_ok() {
                    let mut question = vec![0; u16::from_be_bytes(length).into()];
                    stream.read_exact(&mut question).await.unwrap();
                    let answer = answer(&question, Ipv4Addr::new(192, 0, 2, 2), false);
                    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                    stream.write_all(&[&length[..], &answer].concat()).await.unwrap();
                }
            });
        }
    });
    port
}

/// A resolver that asks at a port of this machine's, without a cache.
fn resolver(provider: FuseeProvider, connections: Vec<(ConnectionConfig, u16)>) -> Resolver<FuseeProvider> {
    let at_port = |(mut connection, port): (ConnectionConfig, u16)| {
        connection.port = port;
        connection
    };
    let server = NameServerConfig::new(HOME.into(), true, connections.into_iter().map(at_port).collect());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = Resolver::builder_with_config(config, provider);
    let options = builder.options_mut();
    options.cache_size = 0;
    options.ip_strategy = hickory_resolver::config::LookupIpStrategy::Ipv4Only;
    options.timeout = Duration::from_secs(5);
    options.attempts = 0;
    builder.build().unwrap()
}

async fn look_up(resolver: &Resolver<FuseeProvider>, name: &str) -> IpAddr {
    resolver.lookup_ip(name).await.unwrap().iter().next().unwrap()
}

#[test]
fn names_are_asked_for_over_udp() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (port, _) = udp_server(0, false).await;
            let resolver = resolver(FuseeProvider::current(), vec![(ConnectionConfig::udp(), port)]);
            let names = (0..20).map(|n| format!("host-{n}.example."));
            let answers = join_all(names.map(|name| {
                let resolver = resolver.clone();
                fusee::spawn(async move { look_up(&resolver, &name).await })
            }));
            for answer in answers.await {
                assert_eq!(answer.unwrap(), Ipv4Addr::new(192, 0, 2, 1));
            }
        });
    });
}

#[test]
fn a_truncated_answer_is_asked_for_again_over_tcp_whose_connection_is_kept() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (port, _) = udp_server(0, true).await;
            let tcp = tcp_server(0).await;
            let connections = vec![(ConnectionConfig::udp(), port), (ConnectionConfig::tcp(), tcp)];
            let resolver = resolver(FuseeProvider::current(), connections);
            let before = Handle::current().metrics().num_alive_tasks();
            for name in ["one.example.", "two.example."] {
                assert_eq!(look_up(&resolver, name).await, Ipv4Addr::new(192, 0, 2, 2));
            }
            // The connection has a task at each end.
            assert!(Handle::current().metrics().num_alive_tasks() >= before + 2);
            drop(resolver);
            while Handle::current().metrics().num_alive_tasks() > before {
                fusee::task::yield_now().await;
            }
        });
    });
}

#[test]
fn a_question_that_is_not_answered_is_sent_again() {
    on_paused_clocks(async || {
        let (port, questions) = udp_server(2, false).await;
        let resolver = resolver(FuseeProvider::current(), vec![(ConnectionConfig::udp(), port)]);
        let start = Instant::now();
        assert_eq!(look_up(&resolver, "silent.example.").await, Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(questions.load(Ordering::SeqCst), 3);
        let passed = start.elapsed();
        assert!(passed > Duration::ZERO && passed < Duration::from_secs(5), "{passed:?}");
    });
}

#[test]
fn a_silent_server_is_given_up_when_the_time_is_over() {
    on_paused_clocks(async || {
        let (port, questions) = udp_server(usize::MAX, false).await;
        let resolver = resolver(FuseeProvider::current(), vec![(ConnectionConfig::udp(), port)]);
        let start = Instant::now();
        resolver.lookup_ip("silent.example.").await.unwrap_err();
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        assert!(questions.load(Ordering::SeqCst) > 1);
    });
}

#[test]
fn a_connect_that_nobody_answers_times_out() {
    on_paused_clocks(async || {
        // Its queue is full: what connects now waits.
        let listener = fusee::net::TcpSocket::new_v4().unwrap();
        listener.bind((HOME, 0).into()).unwrap();
        let listener = listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let provider = FuseeProvider::current();
        let mut held = Vec::new();
        let start = Instant::now();
        let error = loop {
            match provider.connect_tcp(address, None, Some(Duration::from_secs(30))).await {
                Ok(stream) => held.push(stream),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), Duration::from_secs(30));
    });
}

#[test]
fn background_tasks_end_with_the_last_clone_of_their_provider() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let provider = FuseeProvider::current();
            let mut handle = provider.create_handle();
            let token = Arc::new(());
            let weak = Arc::downgrade(&token);
            handle.spawn_bg(async move {
                let _token = token;
                std::future::pending::<()>().await;
            });
            drop(provider);
            fusee::task::yield_now().await;
            assert!(weak.upgrade().is_some(), "a clone is left");
            drop(handle);
            while weak.upgrade().is_some() {
                fusee::task::yield_now().await;
            }
        });
    });
}

#[test]
fn outside_a_runtime_and_after_a_shutdown_what_can_err_does() {
    watchdog(|| {
        let limited = Timer::timeout(Duration::from_secs(1), std::future::ready(42));
        assert!(limited.now_or_never().unwrap().is_err());

        let runtime = two_workers();
        let mut provider = FuseeProvider::new(runtime.handle().clone());
        // Polled outside of a runtime, a socket is the provider's.
        assert!(provider.bind_udp((HOME, 0).into(), (HOME, 53).into()).now_or_never().unwrap().is_ok());
        drop(runtime);
        assert!(provider.bind_udp((HOME, 0).into(), (HOME, 53).into()).now_or_never().unwrap().is_err());
        provider.spawn_bg(async { unreachable!("there is nothing to run it") });
    });
}
