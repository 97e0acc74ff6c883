//! Tasks with keys: each is joined once with its key, found, aborted and replaced by it; what was replaced is told to nobody.

mod support;

use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::hash::RandomState;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use fusee::task::{JoinMap, LocalSet, yield_now};
use futures::channel::oneshot;
use support::wakers::counting;
use support::{
    Drops, Latch, current_thread, message, on_1_2_and_4_workers, on_every_flavour, quiet_panic, until_within, watchdog,
};

#[test]
fn every_task_is_joined_once_with_its_key() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut map = JoinMap::new();
            (0..1000).for_each(|n| map.spawn(n, async move { n * n }));
            assert_eq!(map.len(), 1000);
            assert_eq!(map.keys().len(), 1000);
            assert_eq!(map.keys().copied().collect::<BTreeSet<_>>(), (0..1000).collect());
            let mut joined = BTreeSet::new();
            while let Some((n, square)) = map.join_next().await {
                assert_eq!(square.unwrap(), n * n);
                assert!(joined.insert(n));
                assert!(!map.contains_key(&n));
                assert_eq!(map.len(), 1000 - joined.len());
            }
            assert_eq!(joined.len(), 1000);
            assert!(map.is_empty());
            assert!(map.try_join_next().is_none());
        });
    });
}

#[test]
fn a_panic_and_an_abort_are_joined_as_such_with_their_keys() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut map = JoinMap::new();
            map.spawn("panics", async { quiet_panic("on purpose") });
            let (key, joined) = map.join_next().await.unwrap();
            assert_eq!((key, message(&*joined.unwrap_err().into_panic())), ("panics", "on purpose"));
            map.spawn("stuck", pending::<()>());
            assert!(!map.abort("other"));
            assert!(map.abort("stuck"));
            assert!(map.contains_key("stuck"), "until it is joined");
            let (key, joined) = map.join_next().await.unwrap();
            assert!(key == "stuck" && joined.unwrap_err().is_cancelled());
            assert!(!map.abort("stuck"));
        });
    });
}

#[test]
fn a_task_with_the_key_of_another_aborts_that_one_and_takes_its_place() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        let map = &mut JoinMap::new();
        runtime.block_on(async {
            map.spawn("key", async move { (pending::<()>().await, token).0 });
            map.spawn("key", pending());
            assert_eq!(map.len(), 1);
        });
        until_within(&runtime, "the first future is dropped", || drops.count() == 1);
        assert!(map.try_join_next().is_none(), "it is told to nobody");
        assert!(map.contains_key("key"));
        runtime.block_on(async {
            map.spawn("key", async {});
            let (key, joined) = map.join_next().await.unwrap();
            assert!(key == "key" && joined.is_ok());
            assert!(map.join_next().await.is_none());
        });
    });
}

#[test]
fn a_task_that_is_complete_and_not_joined_can_be_replaced() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        let mut map = JoinMap::new();
        let (tell, told) = oneshot::channel();
        map.spawn_on(
            "key",
            async move {
                tell.send(()).unwrap();
                Some(token)
            },
            runtime.handle(),
        );
        runtime.block_on(told).unwrap();
        map.spawn_on("key", async { None }, runtime.handle());
        let (_, joined) = runtime.block_on(map.join_next()).unwrap();
        assert!(joined.unwrap().is_none(), "the second one's");
        assert!(runtime.block_on(map.join_next()).is_none());
        drop(map);
        until_within(&runtime, "the first output is dropped", || drops.count() == 1);
    });
}

#[test]
fn a_blocking_job_that_was_replaced_keeps_nobody_waiting_but_a_shutdown() {
    on_1_2_and_4_workers(|runtime| {
        let (entered, leave) = (Latch::new(), Latch::new());
        let (enter, wait) = (entered.clone(), leave.clone());
        let mut map = JoinMap::new();
        let job = move || {
            enter.open();
            wait.wait();
            1
        };
        map.spawn_blocking_on("key", job, runtime.handle());
        entered.wait();
        map.spawn_blocking_on("key", || 2, runtime.handle());
        assert_eq!(runtime.block_on(map.join_next()).unwrap().1.unwrap(), 2);
        assert!(map.is_empty());
        assert!(runtime.block_on(map.join_next()).is_none(), "though the job runs");
        let (_, waker) = counting();
        let mut shutdown = pin!(map.shutdown());
        assert!(shutdown.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        leave.open();
        runtime.block_on(shutdown);
    });
}

#[test]
fn tasks_are_aborted_by_a_predicate_over_their_keys() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut map = JoinMap::new();
            (0..10).for_each(|n| map.spawn(format!("task {n}"), pending::<()>()));
            map.abort_matching(|key| key.ends_with('3') || key.ends_with('7'));
            let mut keys = Vec::new();
            for _ in 0..2 {
                let (key, joined) = map.join_next().await.unwrap();
                assert!(joined.unwrap_err().is_cancelled());
                keys.push(key);
            }
            keys.sort();
            assert_eq!(keys, ["task 3", "task 7"]);
            map.shutdown().await;
            assert!(map.is_empty());
        });
    });
}

#[test]
fn a_map_that_is_dropped_or_shut_down_aborts_its_tasks() {
    on_every_flavour(|runtime| {
        for shuts_down in [false, true] {
            let drops = Drops::new();
            let mut map = JoinMap::new();
            for n in 0..100 {
                let token = drops.token();
                map.spawn_on(n % 50, async move { (pending::<()>().await, token) }, runtime.handle());
            }
            if shuts_down {
                runtime.block_on(map.shutdown());
                assert!(map.is_empty());
                assert_eq!(drops.count(), 100, "the replaced ones too");
            } else {
                drop(map);
            }
            until_within(&runtime, "all futures are dropped", || drops.count() == 100);
        }
    });
}

#[test]
fn detached_tasks_run_on_and_their_keys_are_free() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut map = JoinMap::new();
            let (tell, told) = oneshot::channel();
            let (ran, end) = oneshot::channel();
            map.spawn("key", async {
                told.await.unwrap();
                ran.send(()).unwrap();
                1
            });
            map.detach_all();
            assert!(map.is_empty());
            assert!(map.join_next().await.is_none());
            map.spawn("key", async { 2 });
            tell.send(()).unwrap();
            end.await.unwrap();
            assert_eq!(map.join_next().await.unwrap().1.unwrap(), 2);
            assert!(map.join_next().await.is_none());
        });
    });
}

#[test]
fn what_is_asked_about_keys_and_tasks_is_answered() {
    on_every_flavour(|runtime| {
        let mut map = JoinMap::<_, _, RandomState>::default();
        map.spawn_on("a", async {}, runtime.handle());
        assert_eq!(format!("{:?}", map.keys()), r#"["a"]"#);
        assert!(format!("{map:?}").starts_with(r#"{"a": AbortHandle"#));
        let task = runtime.spawn(async {});
        assert!(!map.contains_task(&task.id()));
        let mut map = JoinMap::<u32, ()>::with_capacity(100);
        assert!(map.capacity() >= 100);
        map.shrink_to_fit();
        map.reserve(200);
        assert!(map.capacity() >= 200);
        map.spawn_on(1, async {}, runtime.handle());
        map.shrink_to(10);
        assert!((10..200).contains(&map.capacity()));
        assert_eq!(runtime.block_on(map.join_next()).unwrap().0, 1);
        let task = runtime.block_on(async {
            let (tell, told) = oneshot::channel();
            map.spawn(2, async { tell.send(fusee::task::id()).unwrap() });
            told.await.unwrap()
        });
        assert!(map.contains_task(&task));
        runtime.block_on(map.join_next());
        assert!(!map.contains_task(&task));
    });
}

#[test]
fn tasks_of_a_runtime_that_is_gone_are_joined_as_cancelled() {
    watchdog(|| {
        let mut map = JoinMap::new();
        let gone = current_thread();
        let handle = gone.handle().clone();
        map.spawn_on("before", async {}, &handle);
        drop(gone);
        map.spawn_on("after", async {}, &handle);
        map.spawn_blocking_on("job", || (), &handle);
        let runtime = current_thread();
        let mut keys = BTreeSet::new();
        while let Some((key, joined)) = runtime.block_on(map.join_next()) {
            assert!(joined.unwrap_err().is_cancelled());
            keys.insert(key);
        }
        assert_eq!(keys, ["after", "before", "job"].into());
    });
}

#[test]
fn local_tasks_have_keys_too() {
    watchdog(|| {
        let (runtime, local) = (current_thread(), LocalSet::new());
        let mut map = JoinMap::new();
        map.spawn_local_on(1, async { Rc::new(1) }, &local);
        local.block_on(&runtime, async {
            map.spawn_local(2, async { Rc::new(2) });
            map.spawn_local(3, pending());
            map.spawn_local(3, async { Rc::new(3) });
            let mut sum = 0;
            while let Some((n, joined)) = map.join_next().await {
                assert_eq!(*joined.unwrap(), n);
                sum += n;
            }
            assert_eq!(sum, 6);
        });
    });
}

#[test]
fn a_spawn_outside_a_runtime_panics_and_leaves_the_map_as_it_was() {
    watchdog(|| {
        let runtime = current_thread();
        let mut map = JoinMap::new();
        map.spawn_on("key", async { 1 }, runtime.handle());
        catch_unwind(AssertUnwindSafe(|| map.spawn("key", async { 2 }))).unwrap_err();
        catch_unwind(AssertUnwindSafe(|| map.spawn_local("key", async { 2 }))).unwrap_err();
        assert_eq!(map.len(), 1);
        assert_eq!(runtime.block_on(map.join_next()).unwrap().1.unwrap(), 1);
    });
}

#[test]
fn a_loop_that_joins_tasks_which_are_complete_gives_way() {
    watchdog(|| {
        let runtime = current_thread();
        runtime
            .block_on(runtime.spawn(async {
                let mut map = JoinMap::new();
                for n in 0..1000 {
                    // Each of these is replaced, too.
                    map.spawn(n, async {});
                    map.spawn(n, async {});
                }
                // On one worker this has its turn when all of them have had theirs.
                fusee::spawn(yield_now()).await.unwrap();
                let mut polls = 0;
                for _ in 0..1000 {
                    let mut next = pin!(map.join_next());
                    let joined = poll_fn(|context| {
                        polls += 1;
                        next.as_mut().poll(context)
                    });
                    joined.await.unwrap().1.unwrap();
                }
                // Each that was refused is a turn for the others.
                assert!(polls >= 1000 + 2000 / 128 - 1, "{polls} polls");
            }))
            .unwrap();
    });
}

#[test]
fn who_polls_a_map_is_woken_by_the_next_task() {
    on_every_flavour(|runtime| {
        let mut map = JoinMap::new();
        let (tell, told) = oneshot::channel::<()>();
        map.spawn_on("key", async move { told.await.unwrap() }, runtime.handle());
        let (wakes, waker) = counting();
        let context = &mut Context::from_waker(&waker);
        assert!(map.poll_join_next(context).is_pending());
        tell.send(()).unwrap();
        until_within(&runtime, "it is woken", || wakes.get() == 1);
        assert!(matches!(map.poll_join_next(context), Poll::Ready(Some(("key", Ok(()))))));
    });
}
