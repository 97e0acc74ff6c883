//! What a client of the protocol is told of a runtime, over HTTP/2 on this machine.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::time::Duration;

use console_api::field::Value;
use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{
    InstrumentRequest, PauseRequest, ResumeRequest, StateRequest, TaskDetailsRequest, Temporality, Update,
};
use console_api::tasks::{Stats, Task};
use fusee::net::TcpListener;
use fusee::runtime::{Builder, Runtime};
use fusee::time::{sleep, timeout};
use fusee_hyper::Connector;
use fusee_tokio_console::{Console, MOST_CLIENTS};
use tonic::body::Body;
use tonic::{Code, Streaming};

const HOUR: Duration = Duration::from_secs(3_600);

type Client = InstrumentClient<Http>;
type Http = hyper_util::client::legacy::Client<Connector, Body>;

/// Runs `test` beside the console of `observed`.
fn attached<F: Future<Output = ()>>(observed: &Runtime, test: impl FnOnce(SocketAddr) -> F) {
    let console = Console::new(observed.handle().clone()).publish_interval(Duration::from_millis(10));
    let own = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    own.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serves = fusee::spawn(console.serve(listener));
        timeout(Duration::from_secs(100), test(address)).await.expect("a watchdog");
        serves.abort();
    });
}

fn client(address: SocketAddr) -> Client {
    let http = fusee_hyper::client_builder().http2_only(true).build(Connector::new());
    InstrumentClient::with_origin(http, format!("http://{address}").parse().unwrap())
}

fn observed() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).task_statistics(true).build().unwrap()
}

/// A client that watches, and what it was told.
struct Watcher {
    updates: Streaming<Update>,
    tasks: HashMap<u64, (Task, Stats)>,
    metas: usize,
}

impl Watcher {
    async fn new(client: &mut Client) -> Self {
        let updates = client.watch_updates(InstrumentRequest {}).await.unwrap().into_inner();
        Self { updates, tasks: HashMap::new(), metas: 0 }
    }

    async fn take(&mut self) {
        let update = self.updates.message().await.unwrap().expect("it goes on");
        self.metas += update.new_metadata.unwrap().metadata.len();
        let mut update = update.task_update.unwrap();
        for task in update.new_tasks {
            let number = task.id.unwrap().id;
            let stats = update.stats_update.remove(&number).expect("a new task has figures");
            assert!(self.tasks.insert(number, (task, stats)).is_none(), "a number is given once");
        }
        for (number, stats) in update.stats_update {
            self.tasks.get_mut(&number).expect("what changes is known").1 = stats;
        }
    }

    fn named(&self, name: &str) -> Option<&(Task, Stats)> {
        let is_it = |task: &Task| task.fields.iter().any(|field| field.value == Some(Value::StrVal(name.to_owned())));
        self.tasks.values().find(|(task, _)| is_it(task))
    }

    /// The task of that name, once it is so.
    async fn until(&mut self, name: &str, is: impl Fn(&Stats) -> bool) -> (Task, Stats) {
        loop {
            if let Some((task, stats)) = self.named(name)
                && is(stats)
            {
                return (task.clone(), *stats);
            }
            self.take().await;
        }
    }
}

fn polls(stats: &Stats) -> u64 {
    stats.poll_stats.as_ref().unwrap().polls
}

#[test]
fn a_task_is_told_by_name_and_place_and_its_polls_and_its_end() {
    let runtime = observed();
    let ticks = async {
        loop {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let line = line!() + 1;
    let ticker = fusee::task::Builder::new().name("ticker").spawn_on(ticks, runtime.handle()).unwrap();
    attached(&runtime, async |address| {
        let mut watcher = Watcher::new(&mut client(address)).await;
        let (task, first) = watcher.until("ticker", |stats| polls(stats) > 1).await;
        let place = task.location.unwrap();
        assert_eq!((place.file.as_deref(), place.line), (Some(file!()), Some(line)));
        assert!(first.dropped_at.is_none() && first.last_wake.is_some() && first.waker_clones == 1, "{first:?}");
        let (_, more) = watcher.until("ticker", |stats| polls(stats) > polls(&first)).await;
        assert_eq!(more.created_at, first.created_at);
        ticker.abort();
        watcher.until("ticker", |stats| stats.dropped_at.is_some()).await;
        assert_eq!(watcher.metas, 1);
    });
}

#[test]
fn one_that_is_stranded_has_lost_its_waker() {
    let runtime = observed();
    let task = fusee::task::Builder::new().name("lost").spawn_on(pending::<()>(), runtime.handle()).unwrap();
    attached(&runtime, async |address| {
        let mut watcher = Watcher::new(&mut client(address)).await;
        watcher.until("lost", |stats| stats.waker_clones == stats.waker_drops).await;
    });
    drop(task);
}

#[test]
fn clients_come_and_go_and_too_many_are_refused() {
    let runtime = observed();
    let _task =
        fusee::task::Builder::new().name("sleeper").spawn_on(async { sleep(HOUR).await }, runtime.handle()).unwrap();
    attached(&runtime, async |address| {
        let mut watchers = Vec::new();
        for _ in 0..MOST_CLIENTS {
            watchers.push(Watcher::new(&mut client(address)).await);
        }
        let mut numbers = Vec::new();
        for watcher in &mut watchers {
            numbers.push(watcher.until("sleeper", |_| true).await.0.id.unwrap().id);
        }
        assert!(numbers.iter().all(|number| *number == numbers[0]), "all know it by one number: {numbers:?}");
        let refused = client(address).watch_updates(InstrumentRequest {}).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        watchers.pop();
        while client(address).watch_updates(InstrumentRequest {}).await.is_err() {
            sleep(Duration::from_millis(1)).await;
        }
    });
}

#[test]
fn updates_can_be_paused() {
    let runtime = observed();
    attached(&runtime, async |address| {
        let mut client = client(address);
        let mut watcher = Watcher::new(&mut client).await;
        watcher.take().await;
        let mut states = client.watch_state(StateRequest {}).await.unwrap().into_inner();
        let mut next = async || states.message().await.unwrap().unwrap().temporality();
        assert_eq!(next().await, Temporality::Live);
        client.pause(PauseRequest {}).await.unwrap();
        assert_eq!(next().await, Temporality::Paused);
        // What was under way comes, and then nothing.
        while timeout(Duration::from_millis(100), watcher.take()).await.is_ok() {}
        client.resume(ResumeRequest {}).await.unwrap();
        assert_eq!(next().await, Temporality::Live);
        watcher.take().await;
    });
}

#[test]
fn details_end_with_their_task() {
    let runtime = observed();
    let task =
        fusee::task::Builder::new().name("sleeper").spawn_on(async { sleep(HOUR).await }, runtime.handle()).unwrap();
    attached(&runtime, async |address| {
        let mut client = client(address);
        let mut watcher = Watcher::new(&mut client).await;
        let id = watcher.until("sleeper", |_| true).await.0.id;
        let mut details = client.watch_task_details(TaskDetailsRequest { id }).await.unwrap().into_inner();
        assert_eq!(details.message().await.unwrap().unwrap().task_id, id);
        task.abort();
        watcher.until("sleeper", |stats| stats.dropped_at.is_some()).await;
        while details.message().await.unwrap().is_some() {}
        for (id, code) in [(id, Code::NotFound), (None, Code::InvalidArgument)] {
            let refused = client.watch_task_details(TaskDetailsRequest { id }).await.unwrap_err();
            assert_eq!(refused.code(), code);
        }
    });
}

#[test]
fn a_runtime_that_shuts_down_has_no_tasks_any_more() {
    let runtime = observed();
    let _task =
        fusee::task::Builder::new().name("sleeper").spawn_on(async { sleep(HOUR).await }, runtime.handle()).unwrap();
    let handle = runtime.handle().clone();
    let console = Console::new(handle).publish_interval(Duration::from_millis(10));
    Runtime::new().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        fusee::spawn(console.serve(listener));
        let mut watcher = Watcher::new(&mut client(address)).await;
        watcher.until("sleeper", |_| true).await;
        fusee::task::spawn_blocking(move || drop(runtime)).await.unwrap();
        watcher.until("sleeper", |stats| stats.dropped_at.is_some()).await;
        watcher.take().await;
    });
}
