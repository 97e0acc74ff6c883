//! What does it cost that a socket or a timer is tokio's and the task fusee's? Each workload runs three ways: natively, all of it fusee's; through the
//! bridge; and on tokio, all of it tokio's. Both multi-threaded runtimes have as many workers, and only one is alive at a time.
//!
//! | workload | one operation |
//! |---|---|
//! | `echo_1`, `echo_64` | 64 bytes to a task and back, over so many TCP connections on 127.0.0.1; both ends are tasks of the same runtime |
//! | `timeout` | a limit of a minute around one `yield_now`, in one task for each worker |
//! | `sleep` | a sleep of a millisecond, in 64 tasks |
//!
//! In each round every way has its turn, forth in one and back in the next. Ratios are to tokio in the same round: medians, with the least and the
//! most. CPU time is the process's. Last, what a bridge adds to a runtime: the time to build, enter and drop it, its threads, and the memory
//! of each of 32 that are alive, as the kernel counts it.
//!
//! ```text
//! cargo bench -p fusee-tokio                              5 rounds of 300 ms
//! cargo bench -p fusee-tokio -- --rounds 9 --millis 500
//! cargo bench -p fusee-tokio -- --only echo_64            one workload; `start` is what a bridge adds
//! ```

use std::future::{Future, poll_fn};
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use fusee_tokio::BuilderExt;
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;

/// Of each runtime.
const WORKERS: usize = 2;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Native,
    Bridge,
    Tokio,
}

const WAYS: [Way; 3] = [Way::Native, Way::Bridge, Way::Tokio];

#[derive(Clone, Copy)]
enum Workload {
    Echo(usize),
    Timeout,
    Sleep,
}

const WORKLOADS: [(&str, Workload); 4] = [
    ("echo_1", Workload::Echo(1)),
    ("echo_64", Workload::Echo(64)),
    ("timeout", Workload::Timeout),
    ("sleep", Workload::Sleep),
];

/// Microseconds of an operation.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

/// A turn's tasks, which work until they are told to stop, and count what they do.
#[derive(Clone)]
struct Turn {
    way: Way,
    shared: Arc<(AtomicBool, AtomicU64)>,
}

impl Turn {
    fn is_over(&self) -> bool {
        self.shared.0.load(Ordering::Relaxed)
    }

    /// A task that repeats what `make` makes, and says when it has ended.
    fn repeat<F>(&self, mut make: impl FnMut() -> F + Send + 'static) -> oneshot::Receiver<()>
    where
        F: Future<Output = ()> + Send,
    {
        let (done, ended) = oneshot::channel();
        let turn = self.clone();
        self.spawn(Box::pin(async move {
            let mut count = 0;
            while !turn.is_over() {
                make().await;
                count += 1;
            }
            turn.shared.1.fetch_add(count, Ordering::Relaxed);
            let _ = done.send(());
        }));
        ended
    }

    fn spawn(&self, task: Task) {
        match self.way {
            Way::Tokio => drop(tokio::spawn(task)),
            Way::Native | Way::Bridge => drop(fusee::spawn(task)),
        }
    }

    async fn sleep(way: Way, duration: Duration) {
        match way {
            Way::Native => fusee::time::sleep(duration).await,
            Way::Bridge | Way::Tokio => tokio::time::sleep(duration).await,
        }
    }

    /// Starts the workload's tasks.
    async fn start(&self, workload: Workload) -> Vec<oneshot::Receiver<()>> {
        let way = self.way;
        match workload {
            Workload::Echo(connections) => self.echo(connections).await.expect("sockets"),
            Workload::Sleep => {
                (0..64).map(|_| self.repeat(move || Self::sleep(way, Duration::from_millis(1)))).collect()
            }
            Workload::Timeout => {
                let limited = move || async move {
                    let limit = Duration::from_secs(60);
                    match way {
                        Way::Native => fusee::time::timeout(limit, yield_now()).await.expect("no minute has passed"),
                        Way::Bridge | Way::Tokio => tokio::time::timeout(limit, yield_now()).await.expect("as above"),
                    }
                };
                (0..WORKERS).map(|_| self.repeat(limited)).collect()
            }
        }
    }

    async fn echo(&self, connections: usize) -> io::Result<Vec<oneshot::Receiver<()>>> {
        let mut ended = Vec::new();
        for _ in 0..connections {
            if self.way == Way::Native {
                let listener = fusee::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                let client = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
                let (server, _) = listener.accept().await?;
                client.set_nodelay(true).and(server.set_nodelay(true))?;
                ended.push(self.exchange(client, server));
            } else {
                let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                let client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
                let (server, _) = listener.accept().await?;
                client.set_nodelay(true).and(server.set_nodelay(true))?;
                ended.push(self.exchange(client, server));
            }
        }
        Ok(ended)
    }

    /// A task that asks, and one that answers until the other has hung up.
    fn exchange<S>(&self, mut client: S, mut server: S) -> oneshot::Receiver<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.spawn(Box::pin(async move {
            let mut bytes = [0; 64];
            while server.read_exact(&mut bytes).await.is_ok() {
                server.write_all(&bytes).await.expect("the client listens");
            }
        }));
        let (done, ended) = oneshot::channel();
        let turn = self.clone();
        self.spawn(Box::pin(async move {
            let (mut count, mut bytes) = (0, [7; 64]);
            while !turn.is_over() {
                client.write_all(&bytes).await.expect("the server listens");
                client.read_exact(&mut bytes).await.expect("an answer");
                count += 1;
            }
            turn.shared.1.fetch_add(count, Ordering::Relaxed);
            let _ = done.send(());
        }));
        ended
    }

    /// Lets the tasks work for `length`.
    async fn work(self, workload: Workload, length: Duration) -> Cost {
        let ended = self.start(workload).await;
        let (start, cpu) = (Instant::now(), cpu_time());
        Self::sleep(self.way, length).await;
        self.shared.0.store(true, Ordering::Relaxed);
        for end in ended {
            end.await.expect("a task panicked");
        }
        let (wall, cpu) = (start.elapsed(), cpu_time() - cpu);
        let count = self.shared.1.load(Ordering::Relaxed) as f64;
        Cost { wall: wall.as_secs_f64() * 1e6 / count, cpu: cpu.as_secs_f64() * 1e6 / count }
    }
}

/// Pending once.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn run(way: Way, workload: Workload, length: Duration) -> Cost {
    let turn = Turn { way, shared: Arc::default() };
    match way {
        Way::Native => fusee_runtime(false).block_on(turn.work(workload, length)),
        Way::Bridge => fusee_runtime(true).block_on(turn.work(workload, length)),
        Way::Tokio => tokio_runtime().block_on(turn.work(workload, length)),
    }
}

fn fusee_runtime(bridged: bool) -> fusee::runtime::Runtime {
    let mut builder = fusee::runtime::Builder::new_multi_thread();
    builder.worker_threads(WORKERS);
    if bridged {
        builder.with_tokio().expect("a runtime of tokio's");
    }
    builder.build().expect("a runtime")
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build().expect("a runtime")
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The median, the least and the most.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}

fn compare(name: &str, workload: Workload, rounds: usize, length: Duration) {
    let mut costs = [const { Vec::new() }; WAYS.len()];
    for round in 0..rounds {
        let mut order = WAYS;
        if round % 2 == 1 {
            order.reverse();
        }
        for way in order {
            costs[way as usize].push(run(way, workload, length));
        }
    }
    for way in WAYS {
        let pick = |part: fn(&Cost) -> f64| {
            let values: Vec<f64> = costs[way as usize].iter().map(part).collect();
            let ratios =
                values.iter().zip(&costs[Way::Tokio as usize]).map(|(value, tokio)| value / part(tokio)).collect();
            (spread(values).0, spread(ratios))
        };
        let ((wall, wall_ratio), (cpu, cpu_ratio)) = (pick(|cost| cost.wall), pick(|cost| cost.cpu));
        let ratio = |(median, least, most): (f64, f64, f64)| format!("{median:.2} ({least:.2}–{most:.2})");
        let way = format!("{way:?}").to_lowercase();
        println!("{name:<8} {way:<7} {wall:>9.2} {:<19} {cpu:>9.2} {}", ratio(wall_ratio), ratio(cpu_ratio));
    }
}

/// What a bridge adds to a runtime.
fn start(rounds: usize) {
    println!("\n{:<8} {:>13} {:>9} {:>13}", "a start", "µs, with drop", "threads", "resident KiB");
    for (name, bridged) in [("native", false), ("bridge", true)] {
        let times = (0..rounds * 10).map(|_| {
            let start = Instant::now();
            fusee_runtime(bridged).block_on(async {});
            start.elapsed().as_secs_f64() * 1e6
        });
        let time = spread(times.collect()).0;
        let before = (status("Threads:"), status("VmRSS:"));
        let alive: Vec<_> = (0..32).map(|_| fusee_runtime(bridged)).collect();
        alive.iter().for_each(|runtime| runtime.block_on(async {}));
        let after = (status("Threads:"), status("VmRSS:"));
        let each = |after: u64, before: u64| after.saturating_sub(before) / alive.len() as u64;
        println!("{name:<8} {time:>13.0} {:>9} {:>13}", each(after.0, before.0), each(after.1, before.1));
    }
}

/// A line of what the kernel says of this process; 0 where it says nothing.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str| -> Option<u64> {
        let at = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(at + 1)?.parse().expect("a number"))
    };
    // Run by the tests it says that it runs, and no more.
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let rounds = number("--rounds").unwrap_or(if is_bench { 5 } else { 1 }) as usize;
    let length = Duration::from_millis(number("--millis").unwrap_or(if is_bench { 300 } else { 5 }));
    println!("µs an operation, {WORKERS} workers, {rounds} rounds of {length:?}: ratios to tokio");
    println!("{:<8} {:<7} {:>9} {:<19} {:>9} ratio", "", "", "wall", "ratio", "CPU");
    let only = arguments.iter().position(|argument| argument == "--only").and_then(|at| arguments.get(at + 1));
    let is_wanted = |name: &str| only.is_none_or(|only| only == name);
    for (name, workload) in WORKLOADS.into_iter().filter(|(name, _)| is_wanted(name)) {
        compare(name, workload, rounds, length);
    }
    if is_wanted("start") {
        start(rounds);
    }
}
