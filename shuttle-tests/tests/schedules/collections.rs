//! Tasks under keys, and tasks that are counted.

use shuttle_tests::harness::{Census, Counted, check, linger, random, witness};
use shuttle_tests::spawn;
use shuttle_tests::task::{JoinMap, TaskTracker, yield_now};

/// A map joins one task for each of its keys, the latest, however often they are replaced.
#[test]
fn join_map() {
    check("collections::join_map", &["completed", "cancelled", "dropped"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        runtime.block_on(async move {
            let maps: Vec<_> = (0..3).map(|_| spawn(replace(counted.clone()))).collect();
            for map in maps {
                map.await.unwrap();
            }
        });
        drop(runtime);
        census.settle();
    });
}

async fn replace(census: Census) {
    let mut map: JoinMap<usize, (usize, Counted)> = JoinMap::new();
    let mut latest = [None; 3];
    for turn in 0..8 {
        let (key, counted) = (random(3), census.count());
        map.spawn(key, async move {
            for _ in 0..random(4) {
                yield_now().await;
            }
            (turn, counted)
        });
        latest[key] = Some(turn);
        if random(4) == 0 {
            assert!(map.abort(&key));
        }
        if random(3) == 0
            && let Some((key, joined)) = map.try_join_next()
        {
            let expected = latest[key].take();
            assert!(joined.is_err() || joined.is_ok_and(|(turn, _)| Some(turn) == expected), "the latest of its key");
        }
    }
    if random(4) == 0 {
        return witness("dropped");
    }
    while let Some((key, joined)) = map.join_next().await {
        let expected = latest[key].take();
        match joined {
            Ok((turn, _)) => {
                witness("completed");
                assert_eq!(Some(turn), expected, "the latest of its key");
            }
            Err(error) => {
                witness("cancelled");
                assert!(error.is_cancelled());
            }
        }
    }
    assert_eq!(latest, [None; 3], "each key is joined once");
}

/// Whoever waits for a tracker goes on when it is closed and the last of its tasks is gone, also of those spawned by others.
#[test]
fn task_tracker() {
    check("collections::task_tracker", &["closed first", "closed last"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        runtime.block_on(async move {
            let tracker = TaskTracker::new();
            let waits: Vec<_> = (0..2)
                .map(|_| {
                    let tracker = tracker.clone();
                    spawn(async move { tracker.wait().await })
                })
                .collect();
            let is_first = random(2) == 0;
            witness(if is_first { "closed first" } else { "closed last" });
            let token = tracker.token();
            if is_first {
                tracker.close();
            }
            for _ in 0..4 {
                let (counted, own) = (counted.count(), tracker.clone());
                let task = tracker.spawn(async move {
                    let _counted = counted;
                    if random(2) == 0 {
                        drop(own.spawn(yield_now()));
                    }
                    yield_now().await;
                });
                if random(4) == 0 {
                    task.abort();
                }
            }
            linger(4);
            drop(token);
            tracker.close();
            tracker.wait().await;
            assert!(tracker.is_empty());
            for wait in waits {
                wait.await.unwrap();
            }
        });
        drop(runtime);
        census.settle();
    });
}
