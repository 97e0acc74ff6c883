//! How does a large QUIC stream fare on fusee, beside quinn's own runtime, tokio?
//!
//! A client sends `--megabytes` over one stream to a server in the same process, over loopback, on two workers of fusee and of tokio in turn.
//! One line tells for each round, and for the medians of all, the ratios fusee / tokio of the time and of the CPU time.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::rustls::RootCertStore;
use quinn::{ClientConfig, Endpoint, EndpointConfig, Runtime, ServerConfig, TokioRuntime};
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn Error + Send + Sync>;
type Program = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// What one transfer took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    cpu: Duration,
}

struct Options {
    megabytes: usize,
    rounds: usize,
}

fn main() -> Result<(), Failure> {
    let options = options()?;
    let mut ratios = Vec::new();
    for round in 1..=options.rounds {
        let (ours, theirs) = if round % 2 == 0 {
            let theirs = on_tokio(options.megabytes)?;
            (on_fusee(options.megabytes)?, theirs)
        } else {
            let ours = on_fusee(options.megabytes)?;
            (ours, on_tokio(options.megabytes)?)
        };
        let ratio = [(ours.time, theirs.time), (ours.cpu, theirs.cpu)]
            .map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64());
        println!("round {round}: fusee / tokio: time {:.2}, CPU time {:.2}", ratio[0], ratio[1]);
        ratios.push(ratio);
    }
    let [time, cpu] = [0, 1].map(|column| median(ratios.iter().map(|ratio| ratio[column]).collect()));
    println!("median of {}: fusee / tokio: time {time:.2}, CPU time {cpu:.2}", options.rounds);
    Ok(())
}

fn options() -> Result<Options, Failure> {
    use lexopt::prelude::{Long, ValueExt};

    let mut options = Options { megabytes: 100, rounds: 5 };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("megabytes") => options.megabytes = arguments.value()?.parse()?,
            Long("rounds") => options.rounds = arguments.value()?.parse::<usize>()?.max(1),
            // Cargo adds it.
            Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    (ratios[ratios.len() / 2] + ratios[(ratios.len() - 1) / 2]) / 2.0
}

fn on_fusee(megabytes: usize) -> Result<Cost, Failure> {
    let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    measured(|| {
        runtime.block_on(async {
            let spawn = |program| async move { fusee::spawn(program).await? };
            transfer(Arc::new(fusee_quinn::FuseeRuntime::current()), megabytes, spawn).await
        })
    })
}

fn on_tokio(megabytes: usize) -> Result<Cost, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    measured(|| {
        runtime.block_on(async {
            let spawn = |program| async move { tokio::spawn(program).await? };
            transfer(Arc::new(TokioRuntime), megabytes, spawn).await
        })
    })
}

fn measured(program: impl FnOnce() -> Result<(), Failure>) -> Result<Cost, Failure> {
    let (cpu, start) = (cpu_time(), Instant::now());
    program()?;
    Ok(Cost { time: start.elapsed(), cpu: cpu_time() - cpu })
}

/// What the process has used, in the kernel and outside.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // A clock that counts from zero.
    Duration::try_from(time).expect("CPU time is not negative")
}

/// One stream, whose two ends are tasks of their own.
async fn transfer<S>(runtime: Arc<dyn Runtime>, megabytes: usize, spawn: impl Fn(Program) -> S) -> Result<(), Failure>
where
    S: Future<Output = Result<(), Failure>>,
{
    let (server_config, client_config) = configurations()?;
    let endpoint = |server| {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        Endpoint::new(EndpointConfig::default(), server, socket, runtime.clone())
    };
    let (server, mut client) = (endpoint(Some(server_config))?, endpoint(None)?);
    client.set_default_client_config(client_config);
    let address = server.local_addr()?;
    let sending = spawn(Box::pin(async move {
        let connection = client.connect(address, "localhost")?.await?;
        let mut stream = connection.open_uni().await?;
        let megabyte = vec![7; 1_000_000];
        for _ in 0..megabytes {
            stream.write_all(&megabyte).await?;
        }
        stream.finish()?;
        stream.stopped().await?;
        Ok(())
    }));
    let receiving = spawn(Box::pin(async move {
        let connection = server.accept().await.ok_or("the server is closed")?.await?;
        let mut stream = connection.accept_uni().await?;
        let mut count = 0;
        while let Some(chunk) = stream.read_chunk(usize::MAX, true).await? {
            count += chunk.bytes.len();
        }
        if count == megabytes * 1_000_000 { Ok(()) } else { Err(format!("{count} bytes have come").into()) }
    }));
    let (sent, received) = futures_util::future::join(sending, receiving).await;
    sent.and(received)
}

fn configurations() -> Result<(ServerConfig, ClientConfig), Failure> {
    let identity = rcgen::generate_simple_self_signed(["localhost".into()])?;
    let certificate = identity.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    let key = identity.signing_key.serialize_der().try_into()?;
    let server = ServerConfig::with_single_cert(vec![certificate], key)?;
    Ok((server, ClientConfig::with_root_certificates(Arc::new(roots))?))
}
