//! The bridge itself: where tokio's context is, and how long its runtime lasts.

mod support;

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use fusee::runtime::{Builder, LocalOptions, Runtime};
use fusee_tokio::{Bridge, BuilderExt};
use support::{current_thread, on_every_flavour, until, watchdog, workers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::runtime::Id;

/// The runtime of tokio's that the thread has entered.
fn entered() -> Option<Id> {
    Handle::try_current().ok().map(|handle| handle.id())
}

/// A runtime of `workers` with `bridge`.
fn with_bridge(bridge: &Bridge, workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).with_bridge(bridge).build().unwrap()
}

/// Calls a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn all_code_on_a_runtime_is_inside() {
    on_every_flavour(|runtime| {
        let id = runtime.block_on(async { entered() });
        assert!(id.is_some());
        assert_eq!(entered(), None);
        assert_eq!(runtime.handle().block_on(async { entered() }), id);
        assert_eq!(runtime.block_on(runtime.spawn(async { entered() })).unwrap(), id);
        let handle = runtime.handle().clone();
        let job = runtime.spawn_blocking(move || (entered(), handle.block_on(async { entered() }), entered()));
        assert_eq!(runtime.block_on(job).unwrap(), (id, id, id));
    });
}

#[test]
fn a_worker_on_another_thread_is_inside() {
    watchdog(|| {
        let runtime = workers(1);
        let handle = runtime.handle().clone();
        let task = runtime.spawn(async move {
            let sleeps = fusee::spawn(async { tokio::time::sleep(Duration::from_millis(1)).await });
            fusee::task::block_in_place(|| handle.block_on(sleeps)).unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn local_tasks_are_inside() {
    watchdog(|| {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.with_tokio().unwrap().build_local(LocalOptions::default()).unwrap();
        let (tell, told) = channel();
        runtime.block_on(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            fusee::task::spawn_local(tokio::time::sleep(Duration::from_millis(1))).await.unwrap();
            let dropped = OnDrop(move || tell.send(entered()).unwrap());
            fusee::task::spawn_local(async move {
                let _dropped = dropped;
                pending::<()>().await;
            });
        });
        let id = runtime.block_on(async { entered() });
        drop(runtime);
        assert_eq!(told.recv().unwrap(), id);
    });
}

#[test]
fn a_waker_that_the_timers_wake_may_spawn_on_tokio() {
    struct Spawns(Mutex<Option<tokio::sync::oneshot::Sender<()>>>);
    impl Wake for Spawns {
        fn wake(self: Arc<Self>) {
            let done = self.0.lock().unwrap().take().unwrap();
            tokio::spawn(async move { done.send(()).unwrap() });
        }
    }
    on_every_flavour(|runtime| {
        let (done, wait) = tokio::sync::oneshot::channel();
        let _entered = runtime.enter();
        let mut sleep = pin!(fusee::time::sleep(Duration::from_millis(1)));
        let waker = Waker::from(Arc::new(Spawns(Mutex::new(Some(done)))));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        wait.blocking_recv().unwrap();
    });
}

#[test]
fn a_future_that_a_shutdown_drops_may_spawn_on_tokio() {
    watchdog(|| {
        let bridge = Bridge::new().unwrap();
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = builder.worker_threads(2).with_bridge(&bridge).build().unwrap();
            let (tell, told) = channel();
            let spawns = OnDrop(move || {
                let tell = tell.clone();
                tokio::spawn(async move { tell.send(()).unwrap() });
            });
            let task = runtime.spawn(poll_fn(move |_| {
                let _held = &spawns;
                Poll::<()>::Pending
            }));
            drop(runtime);
            told.recv().unwrap();
            drop(task);
        }
    });
}

#[test]
fn sockets_and_files_of_tokios_work_in_tasks() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = fusee::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await.unwrap()
            });
            let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
            client.write_all(&[7; 100_000]).await.unwrap();
            client.shutdown().await.unwrap();
            let mut all = Vec::new();
            client.read_to_end(&mut all).await.unwrap();
            assert_eq!(all, [7; 100_000]);
            assert_eq!(server.await.unwrap(), 100_000);
            let manifest = tokio::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).await.unwrap();
            assert!(manifest.contains("fusee-tokio"));
        });
    });
}

#[test]
fn runtimes_share_a_bridge() {
    watchdog(|| {
        let bridge = Bridge::new().unwrap();
        let id = Some(bridge.handle().id());
        let (first, second) = (with_bridge(&bridge, 1), with_bridge(&bridge, 2));
        drop(bridge);
        assert_eq!(first.block_on(first.spawn(async { entered() })).unwrap(), id);
        drop(first);
        assert_eq!(second.block_on(second.spawn(async { entered() })).unwrap(), id);
        second.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
    });
}

#[test]
fn a_runtime_that_is_there_already_is_entered_and_left_to_its_owner() {
    watchdog(|| {
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let runtime = with_bridge(&Bridge::from_handle(tokio.handle().clone()), 1);
        assert_eq!(runtime.block_on(async { entered() }), Some(tokio.handle().id()));
        drop(runtime);
        tokio.block_on(async { tokio::spawn(async {}).await.unwrap() });
    });
}

#[test]
fn a_bridge_can_be_entered_by_hand() {
    let bridge = Bridge::new().unwrap();
    let entered_by_hand = bridge.enter();
    assert_eq!(entered(), Some(bridge.handle().id()));
    drop(entered_by_hand);
    assert_eq!(entered(), None);
}

/// Told when tokio's runtime has dropped its tasks.
fn tell_end(runtime: &Runtime) -> Receiver<()> {
    let (tell, told) = channel();
    runtime.block_on(async {
        let dropped = OnDrop(move || tell.send(()).unwrap());
        tokio::spawn(async move {
            let _dropped = dropped;
            pending::<()>().await;
        });
    });
    told
}

#[test]
fn tokios_runtime_ends_with_the_last_that_has_its_bridge() {
    watchdog(|| {
        let bridge = Bridge::new().unwrap();
        let (first, second) = (with_bridge(&bridge, 1), with_bridge(&bridge, 1));
        let ended = tell_end(&first);
        let handle = second.handle().clone();
        drop((bridge, first, second));
        // A handle keeps what its runtime had, and with it the bridge.
        ended.try_recv().unwrap_err();
        drop(handle);
        ended.recv().unwrap();
    });
}

#[test]
fn a_runtime_is_dropped_anywhere() {
    watchdog(|| {
        let other = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        for make in [current_thread, || workers(2)] {
            let runtime = make();
            let ended = tell_end(&runtime);
            other.block_on(async move { drop(runtime) });
            ended.recv().unwrap();

            let runtime = make();
            let ended = tell_end(&runtime);
            other.block_on(other.spawn(async move { drop(runtime) })).unwrap();
            ended.recv().unwrap();

            // On the bridge's own thread.
            let runtime = make();
            let ended = tell_end(&runtime);
            let tokio = runtime.block_on(async { Handle::current() });
            tokio.spawn(async move { drop(runtime) });
            ended.recv().unwrap();

            // In a task of its own, whose poll the drop must not wait for.
            let runtime = workers(2);
            let ended = tell_end(&runtime);
            let (give, take) = tokio::sync::oneshot::channel::<Runtime>();
            let task = runtime.spawn(async move { drop(take.await.unwrap()) });
            give.send(runtime).unwrap();
            until("the task has ended", || task.is_finished());
            ended.recv().unwrap();
        }
    });
}

#[test]
fn a_runtime_ends_while_its_tasks_wait_for_tokio() {
    watchdog(|| {
        for runtime in [current_thread(), workers(2)] {
            let task = runtime.spawn(async { tokio::time::sleep(Duration::from_secs(3600)).await });
            runtime.block_on(fusee::task::yield_now());
            drop(runtime);
            assert!(task.is_finished());
        }
    });
}
