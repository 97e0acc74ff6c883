//! One suite of tests over the stand-in deques and over crossbeam's: they answer alike, call by call.
//!
//! One thread, no exploration: what concurrency adds is in [`super::deque`]. The suite's tasks are plain numbers, and no
//! test holds more tasks than the stand-ins do.

use crossbeam_deque::Steal;

use crate::facade::deque as stand_in;

/// Runs outside of any model.
fn natively(test: impl Fn() + Send + Sync + 'static) {
    test();
}

macro_rules! suite {
    ($name:ident, $deques:path, $run:path) => {
        mod $name {
            use crossbeam_deque::Steal;
            use $deques as deques;

            #[test]
            fn tasks_come_out_in_the_order_in_which_they_went_in() {
                $run(|| {
                    let worker = deques::Worker::new_fifo();
                    let stealer = worker.stealer();
                    (1..=3).for_each(|task| worker.push(task));
                    assert_eq!(stealer.steal(), Steal::Success(1));
                    assert_eq!(worker.pop(), Some(2));
                    assert_eq!(stealer.clone().steal(), Steal::Success(3));
                    assert_eq!(worker.pop(), None);
                    assert_eq!(stealer.steal(), Steal::Empty);
                });
            }

            #[test]
            fn a_thief_leaves_half_and_keeps_to_the_limit() {
                $run(|| {
                    for (len, limit, moved) in [(1, 4, 0), (2, 4, 0), (3, 4, 1), (4, 4, 1), (4, 1, 0)] {
                        let (worker, thief) = (deques::Worker::new_fifo(), deques::Worker::new_fifo());
                        (0..len).for_each(|task| worker.push(task));
                        let stolen = worker.stealer().steal_batch_with_limit_and_pop(&thief, limit);
                        assert_eq!(stolen, Steal::Success(0));
                        assert_eq!((thief.len(), worker.len()), (moved, len - 1 - moved));
                        assert!((1..=moved).all(|task| thief.pop() == Some(task)));
                    }
                });
            }

            #[test]
            fn stealing_from_oneself_is_a_pop() {
                $run(|| {
                    let worker = deques::Worker::new_fifo();
                    assert_eq!(worker.stealer().steal_batch_and_pop(&worker), Steal::<u32>::Empty);
                    (1..=3).for_each(|task| worker.push(task));
                    assert_eq!(worker.stealer().steal_batch_and_pop(&worker), Steal::Success(1));
                    assert_eq!(worker.len(), 2);
                });
            }

            #[test]
            fn an_injector_gives_up_half_and_keeps_to_the_limit() {
                $run(|| {
                    for (len, limit, moved) in [(1, 4, 0), (2, 4, 0), (3, 4, 1), (5, 4, 2), (8, 4, 3), (8, 2, 1)] {
                        let (injector, worker) = (deques::Injector::new(), deques::Worker::new_fifo());
                        assert!(injector.is_empty());
                        (0..len).for_each(|task| injector.push(task));
                        let stolen = injector.steal_batch_with_limit_and_pop(&worker, limit);
                        assert_eq!(stolen, Steal::Success(0));
                        assert_eq!((worker.len(), injector.len()), (moved, len - 1 - moved));
                        assert!((1..=moved).all(|task| worker.pop() == Some(task)));
                    }
                });
            }

            #[test]
            fn an_empty_injector_says_so() {
                $run(|| {
                    let injector = deques::Injector::default();
                    assert_eq!(injector.steal(), Steal::<u32>::Empty);
                    assert_eq!(injector.steal_batch_and_pop(&deques::Worker::new_fifo()), Steal::Empty);
                    injector.push(1);
                    assert!(!injector.is_empty());
                    assert_eq!(injector.steal(), Steal::Success(1));
                    assert!(injector.is_empty());
                });
            }

            #[test]
            fn what_is_left_is_dropped_once() {
                $run(|| {
                    let token = std::sync::Arc::new(());
                    let (worker, injector) = (deques::Worker::new_fifo(), deques::Injector::new());
                    for _ in 0..2 {
                        worker.push(token.clone());
                        injector.push(token.clone());
                    }
                    drop(worker.pop());
                    drop(worker);
                    assert_eq!(std::sync::Arc::strong_count(&token), 3);
                    drop(injector);
                    assert_eq!(std::sync::Arc::strong_count(&token), 1);
                });
            }
        }
    };
}

suite!(crossbeam, crossbeam_deque, super::natively);
suite!(stand_ins, crate::facade::deque, loom::model);

/// While its tasks lie in two of its blocks crossbeam's injector gives up the first to its end, and not half. See the stand-in's header.
#[test]
fn an_injector_that_spans_blocks_gives_up_one_of_them() {
    let (injector, worker) = (crossbeam_deque::Injector::new(), crossbeam_deque::Worker::new_fifo());
    (0..64).for_each(|task| injector.push(task));
    (0..60).for_each(|task| assert_eq!(injector.steal(), Steal::Success(task)));
    assert_eq!(injector.steal_batch_with_limit_and_pop(&worker, 32), Steal::Success(60));
    assert_eq!((worker.len(), injector.len()), (2, 1));
}

/// A fixed sequence of pseudo-random numbers below `bound` (xorshift: Marsaglia 2003).
fn below(state: &mut u64, bound: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % bound
}

/// Long mixed histories, side by side.
#[test]
fn stand_ins_and_crossbeam_answer_alike() {
    for seed in 1..=500 {
        loom::model(move || history(seed));
    }
}

fn history(seed: u64) {
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let ours = (stand_in::Worker::new_fifo(), stand_in::Worker::new_fifo(), stand_in::Injector::new());
    let real =
        (crossbeam_deque::Worker::new_fifo(), crossbeam_deque::Worker::new_fifo(), crossbeam_deque::Injector::new());
    let mut injected = 0;
    for task in 0..20_u64 {
        match below(&mut random, 6) {
            0 if real.0.len() < stand_in::CAPACITY => {
                ours.0.push(task);
                real.0.push(task);
            }
            1 if injected < 8 => {
                injected += 1;
                ours.2.push(task);
                real.2.push(task);
            }
            2 => assert_eq!(ours.0.pop(), real.0.pop()),
            3 => assert_eq!(ours.0.stealer().steal(), real.0.stealer().steal()),
            4 if real.1.is_empty() => assert_eq!(
                ours.0.stealer().steal_batch_with_limit_and_pop(&ours.1, 3),
                real.0.stealer().steal_batch_with_limit_and_pop(&real.1, 3)
            ),
            5 if real.0.is_empty() => assert_eq!(
                ours.2.steal_batch_with_limit_and_pop(&ours.0, 4),
                real.2.steal_batch_with_limit_and_pop(&real.0, 4)
            ),
            _ => assert_eq!(ours.1.pop(), real.1.pop()),
        }
        assert_eq!((ours.0.len(), ours.1.len(), ours.2.len()), (real.0.len(), real.1.len(), real.2.len()));
        assert_eq!(ours.0.stealer().is_empty(), real.0.stealer().is_empty());
    }
    while let Some(task) = ours.0.pop() {
        assert_eq!(real.0.pop(), Some(task));
    }
    assert_eq!(real.0.stealer().steal(), Steal::Empty);
}
