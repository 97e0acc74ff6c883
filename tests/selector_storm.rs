//! Many events at once, and sockets that always have more: neither keeps a neighbour or a timer waiting for long.
#![cfg(all(target_os = "linux", feature = "net"))]

mod support;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fusee::io::unix::AsyncFd;
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream};
use fusee::task::yield_now;
use fusee::time::{Duration, Instant, sleep_until};
use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::on_one_worker;

/// What a poll of a task is granted.
const BUDGET: u64 = 128;

#[test]
fn a_task_whose_socket_always_has_more_gives_way() {
    on_one_worker(|runtime| {
        let task = runtime.spawn(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut writer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (mut reader, _) = listener.accept().await.unwrap();
            // All of it lies in the reader's buffer, or the writer's, before it is read.
            writer.write_all(&[0; 20_000]).await.unwrap();
            let (reads, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
            let (seen, end) = (reads.clone(), ended.clone());
            let neighbour = fusee::spawn(async move {
                let (mut before, mut most) = (0, 0);
                while !end.load(Ordering::Relaxed) {
                    let now = seen.load(Ordering::Relaxed);
                    most = most.max(now - before);
                    before = now;
                    yield_now().await;
                }
                most
            });
            for _ in 0..20_000 {
                assert_eq!(reader.read(&mut [0]).await.unwrap(), 1);
                reads.fetch_add(1, Ordering::Relaxed);
            }
            ended.store(true, Ordering::Relaxed);
            neighbour.await.unwrap()
        });
        let most = runtime.block_on(task).unwrap();
        assert!((1..=2 * BUDGET).contains(&most), "{most} reads between two polls of the neighbour");
    });
}

#[test]
fn ten_thousand_events_at_once_let_a_timer_fire_in_between() {
    const EVENTS: usize = 10_000;
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("the hard limit is allowed");
    on_one_worker(|runtime| {
        let task = runtime.spawn(async {
            let counted = Arc::new(AtomicU64::new(0));
            // How many had been told when the timer was due, and when it fired.
            let (due, fired) = (Arc::new(AtomicU64::new(u64::MAX)), Arc::new(AtomicU64::new(u64::MAX)));
            let deadline = Instant::now() + Duration::from_millis(200);
            let sources: Vec<Arc<AsyncFd<OwnedFd>>> = (0..EVENTS)
                .map(|_| Arc::new(AsyncFd::new(eventfd(0, EventfdFlags::NONBLOCK).expect("a descriptor")).unwrap()))
                .collect();
            let tasks: Vec<_> = sources
                .iter()
                .map(|source| {
                    let (source, counted, due) = (source.clone(), counted.clone(), due.clone());
                    fusee::spawn(async move {
                        drop(source.readable().await.unwrap());
                        let told = counted.fetch_add(1, Ordering::Relaxed);
                        if Instant::now() >= deadline {
                            due.fetch_min(told, Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            let (count, fires) = (counted.clone(), fired.clone());
            let timer = fusee::spawn(async move {
                sleep_until(deadline).await;
                fires.store(count.load(Ordering::Relaxed), Ordering::Relaxed);
            });
            // All wait, and then all have an event, while the timer is about to be due.
            while Instant::now() < deadline - Duration::from_millis(60) {
                yield_now().await;
            }
            for source in &sources {
                rustix::io::write(source.get_ref(), &1u64.to_ne_bytes()).unwrap();
            }
            while Instant::now() < deadline - Duration::from_micros(500) {
                std::hint::spin_loop();
            }
            timer.await.unwrap();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(counted.load(Ordering::Relaxed), EVENTS as u64);
            (due.load(Ordering::Relaxed), fired.load(Ordering::Relaxed))
        });
        let (due, fired) = runtime.block_on(task).unwrap();
        assert!(due < EVENTS as u64, "the timer was due while events were told");
        // There may be 255 tasks in the queue: 127 before a look, 64 that it finds, and 64 of one that is made all the same. So 128 polls until a look may fire timers, 61 until that look; then the
        // timer's task is behind the 67 that are left and the 64 events of that look.
        assert!(fired <= due.saturating_add(128 + 61 + 67 + 64), "due after {due} events, fired after {fired}");
    });
}
