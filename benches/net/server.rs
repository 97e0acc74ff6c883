//! A server in a process of its own, and how its parent asks it what it uses.
//!
//! The parent starts its own program with the server's description. The child prints its port, and then a line of figures for each line that it
//! reads; when there are no more lines, it ends. Reading and answering has a thread of its own, which sleeps meanwhile.

use super::allocator;
use super::flavor::Flavor;
use super::limits;
use super::network::Network;
use super::service;
use super::workload::Service;
use crate::contenders::Entrant;
use crate::usage::{cpu_time, resident_bytes, switches};
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, panic, process, thread};

/// The first argument of a child.
const SERVE: &str = "--serve";

/// Who serves what, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orders {
    pub(super) entrant: Entrant,
    pub(super) flavor: Flavor,
    pub(super) service: Service,
    pub(super) workers: usize,
}

/// What the process has used so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    /// Of all threads, without what tasks have computed.
    pub(super) cpu: Duration,
    /// How often a thread went to sleep.
    pub(super) switches: u64,
    /// Bytes that are allocated; counted for [`Service::Idle`] alone.
    pub(super) allocated: usize,
    pub(super) resident: usize,
}

/// A running child; dropping it ends it.
pub(super) struct Server {
    child: Child,
    /// `None` once it is to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub(super) port: u16,
}

impl Server {
    pub(super) fn start(orders: Orders) -> io::Result<Self> {
        let Orders { entrant, flavor, service, workers } = orders;
        let mut child = Command::new(env::current_exe()?)
            .args([SERVE, entrant.name(), flavor.name(), service.name(), &workers.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut server = Self { child, questions, answers, port: 0 };
        let [port] = server.numbers()?;
        server.port = u16::try_from(port).expect("the child prints its port");
        Ok(server)
    }

    /// The child's process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn used(&mut self) -> io::Result<Used> {
        self.questions.as_mut().expect("it is not to end yet").write_all(b"\n")?;
        let [cpu, switches, allocated, resident] = self.numbers()?;
        let (allocated, resident) = (allocated as usize, resident as usize);
        Ok(Used { cpu: Duration::from_nanos(cpu), switches, allocated, resident })
    }

    fn numbers<const N: usize>(&mut self) -> io::Result<[u64; N]> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let numbers: Vec<_> = line.split_whitespace().map_while(|number| number.parse().ok()).collect();
        numbers.try_into().map_err(|_| io::Error::other(format!("the server says {line:?}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.questions = None;
        // Whatever it has come to, it is over.
        let _ = self.child.wait();
    }
}

/// What the parent wants, if this process is a child.
pub(super) fn orders() -> Option<Orders> {
    let mut arguments = env::args().skip(1);
    if arguments.next()? != SERVE {
        return None;
    }
    let mut next = || arguments.next().expect("the parent gives all arguments");
    let (entrant, flavor, service, workers) = (next(), next(), next(), next());
    Some(Orders {
        entrant: Entrant::ALL.into_iter().find(|known| known.name() == entrant).expect("the parent knows the names"),
        flavor: Flavor::ALL.into_iter().find(|known| known.name() == flavor).expect("the parent knows the flavors"),
        service: Service::ALL.into_iter().find(|known| known.name() == service).expect("the parent knows the services"),
        workers: workers.parse().expect("the parent gives a number"),
    })
}

/// Is a server, until the parent has no more questions.
pub(super) fn serve<N: Network>(Orders { flavor, service, workers, .. }: Orders) {
    limits::raise();
    end_at_a_panic();
    if service == Service::Idle {
        allocator::count();
    }
    N::run(flavor, workers, async move {
        let port = service::start::<N>(service).await.expect("a server must start");
        println!("{port}");
        thread::spawn(answer_questions);
        std::future::pending::<()>().await;
    });
}

fn answer_questions() {
    for _ in io::stdin().lines() {
        let cpu = cpu_time().saturating_sub(service::computed()).as_nanos();
        println!("{cpu} {} {} {}", switches(), allocator::bytes(), resident_bytes());
    }
    process::exit(0);
}

/// A task that panics is the end of its server: the client would wait for what it leaves.
fn end_at_a_panic() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        usual(panic);
        process::exit(101);
    }));
}
