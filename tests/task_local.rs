//! Task-locals: set while the future is polled and while it is dropped, and at no other time.

mod support;

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use fusee::task::futures::TaskLocalFuture;
use fusee::task::{AccessError, LocalKey, yield_now};
use futures::FutureExt;
use support::{Drops, Token, holding, message, on_1_2_and_4_workers, on_drop, quiet_panic, until, watchdog, workers};

fusee::task_local! {
    static NUMBER: u32;
}

mod declared {
    use fusee::task_local;

    task_local! {}

    task_local! {
        /// Documented, and public within the test.
        pub(crate) static ONE: u32;

        #[allow(dead_code, reason = "attributes are kept: without this one the declaration would be warned of")]
        static TWO: std::collections::BTreeMap<u32, Vec<&'static str>>;
        #[cfg(any())]
        static LEFT_OUT: NoSuchType;
        pub static THREE: Option<super::Token>
    }

    task_local!(
        pub(super) static FOUR: (u32, u32);
    );
}

/// Polls once, in place.
fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn number() -> Option<u32> {
    NUMBER.try_get().ok()
}

#[test]
fn each_declaration_of_a_macro_call_is_a_key_of_its_own() {
    let drops = Drops::new();
    declared::ONE.sync_scope(1, || {
        declared::THREE.sync_scope(Some(drops.token()), || {
            declared::FOUR.sync_scope((4, 4), || {
                assert_eq!((declared::ONE.get(), declared::FOUR.get()), (1, (4, 4)));
                assert!(declared::THREE.with(Option::is_some));
                assert_eq!(number(), None);
            });
        });
        assert_eq!(drops.count(), 1);
        assert!(declared::FOUR.try_get().is_err());
    });
}

#[test]
fn a_value_goes_with_its_task_from_worker_to_worker() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let tasks: Vec<_> = (0..100)
                .map(|n| {
                    fusee::spawn(NUMBER.scope(n, async move {
                        for _ in 0..100 {
                            assert_eq!(NUMBER.get(), n);
                            yield_now().await;
                        }
                        fusee::spawn(async { number() }).await.unwrap()
                    }))
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await.unwrap(), None, "a task spawned within inherits nothing");
            }
            assert_eq!(number(), None);
        });
    });
}

#[test]
fn a_value_can_be_one_that_is_neither_copied_nor_sent() {
    thread_local! { static COUNT: Rc<Cell<u32>> = Rc::default(); }
    fusee::task_local! { static SHARED: Rc<Cell<u32>>; }
    let count = COUNT.with(Rc::clone);
    SHARED.scope(count.clone(), async { SHARED.with(|count| count.set(7)) }).now_or_never().unwrap();
    assert_eq!((count.get(), Rc::strong_count(&count)), (7, 2));
}

#[test]
fn scopes_nest_and_the_outer_value_is_back_between_the_polls_of_the_inner_one() {
    let mut inner = Box::pin(NUMBER.scope(2, async {
        for _ in 0..3 {
            assert_eq!(number(), Some(2));
            NUMBER.sync_scope(3, || assert_eq!(number(), Some(3)));
            assert_eq!(number(), Some(2));
            yield_now().await;
        }
    }));
    NUMBER.sync_scope(1, || {
        for _ in 0..3 {
            assert!(poll(&mut inner).is_pending());
            assert_eq!(number(), Some(1));
        }
    });
    assert_eq!(number(), None);
    assert!(poll(&mut inner).is_ready());
    assert_eq!(number(), None);
}

#[test]
fn the_value_is_set_while_the_future_is_dropped_ready_given_up_or_aborted() {
    on_1_2_and_4_workers(|runtime| {
        let seen = Arc::new(AtomicUsize::new(0));
        let witness = || {
            let seen = seen.clone();
            on_drop(move || assert!(seen.fetch_add(NUMBER.get() as usize, Ordering::SeqCst) < 1111))
        };
        drop(NUMBER.scope(1, holding(witness(), |_| Poll::<()>::Pending)));
        assert_eq!(seen.load(Ordering::SeqCst), 1, "never polled");
        assert!(NUMBER.scope(10, holding(witness(), |_| Poll::Ready(()))).now_or_never().is_some());
        assert_eq!(seen.load(Ordering::SeqCst), 11, "ready");
        assert!(NUMBER.scope(100, holding(witness(), |_| Poll::<()>::Pending)).now_or_never().is_none());
        assert_eq!(seen.load(Ordering::SeqCst), 111, "given up");
        let task = runtime.spawn(NUMBER.scope(1000, holding(witness(), |_| Poll::<()>::Pending)));
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(seen.load(Ordering::SeqCst), 1111, "aborted");
    });
}

#[test]
fn a_future_is_dropped_all_the_same_where_the_value_cannot_be_set() {
    let drops = Drops::new();
    let token = drops.token();
    let future = NUMBER.scope(1, holding(token, |_| Poll::<()>::Pending));
    NUMBER.sync_scope(2, || NUMBER.with(|_| drop(future)));
    assert_eq!(drops.count(), 1);
}

#[test]
fn the_value_is_dropped_after_the_future_and_outside_its_own_scope() {
    fusee::task_local! { static VALUE: Option<Last>; }
    struct Last(Arc<AtomicUsize>);
    impl Drop for Last {
        fn drop(&mut self) {
            assert!(VALUE.try_with(|_| ()).is_err(), "it is in no scope");
            VALUE.sync_scope(None, || assert!(VALUE.with(Option::is_none), "the storage is not lent out"));
            assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 1);
        }
    }
    let order = Arc::new(AtomicUsize::new(0));
    let first = order.clone();
    let held = on_drop(move || assert_eq!(first.fetch_add(1, Ordering::SeqCst), 0));
    drop(VALUE.scope(Some(Last(order.clone())), holding(held, |_| Poll::<()>::Pending)));
    assert_eq!(order.load(Ordering::SeqCst), 2);
}

#[test]
fn a_panic_within_leaves_the_value_before_in_its_place() {
    NUMBER.sync_scope(1, || {
        let panicked = catch_unwind(|| NUMBER.sync_scope(2, || quiet_panic("on purpose")));
        assert_eq!(message(&*panicked.unwrap_err()), "on purpose");
        assert_eq!(number(), Some(1));
        let mut future = Box::pin(NUMBER.scope(3, async { quiet_panic("on purpose") }));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut future))).is_err());
        assert_eq!(number(), Some(1));
        assert!(catch_unwind(AssertUnwindSafe(|| NUMBER.with(|_| quiet_panic("on purpose")))).is_err());
        let panics = holding(on_drop(|| quiet_panic("a future's drop")), |_| Poll::<()>::Pending);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(NUMBER.scope(4, panics)))).is_err());
        NUMBER.sync_scope(5, || assert_eq!(number(), Some(5)));
        assert_eq!(number(), Some(1));
    });
    assert_eq!(number(), None);
}

#[test]
fn a_value_that_is_lent_out_can_be_read_again_and_not_be_set() {
    NUMBER.sync_scope(1, || {
        NUMBER.with(|one| {
            assert_eq!((*one, NUMBER.get()), (1, 1));
            let refused = catch_unwind(|| NUMBER.sync_scope(2, || ())).unwrap_err();
            assert!(message(&*refused).contains("inside `with` of the same key"), "{}", message(&*refused));
            let mut future = Box::pin(NUMBER.scope(2, ready(())));
            let refused = catch_unwind(AssertUnwindSafe(|| poll(&mut future))).unwrap_err();
            assert!(message(&*refused).contains("inside `with` of the same key"), "{}", message(&*refused));
            // Another key is.
            declared::ONE.sync_scope(2, || assert_eq!(declared::ONE.get(), 2));
        });
        assert_eq!(number(), Some(1));
    });
}

#[test]
fn a_value_that_is_not_set_is_an_error_that_says_so() {
    let error: AccessError = NUMBER.try_with(|_| unreachable!("there is no value")).unwrap_err();
    assert_eq!(NUMBER.try_get(), Err(error));
    let error: Box<dyn Error + Send + Sync> = error.into();
    assert!(error.to_string().contains("not set"), "{error}");
    for read in [|| NUMBER.get(), || NUMBER.with(|number| *number)] {
        let panicked = catch_unwind(read).unwrap_err();
        assert_eq!(message(&*panicked), error.to_string());
    }
}

#[test]
fn a_value_can_be_taken_back_and_the_future_not_be_polled_once_it_was_ready() {
    fusee::task_local! { static LIST: RefCell<Vec<u32>>; }
    let mut future = Box::pin(LIST.scope(RefCell::default(), async {
        LIST.with(|list| list.borrow_mut().push(1));
        yield_now().await;
        LIST.try_with(|list| list.borrow_mut().push(2)).is_ok()
    }));
    assert!(poll(&mut future).is_pending());
    assert_eq!(poll(&mut future), Poll::Ready(true));
    assert_eq!(future.as_mut().take_value().unwrap().into_inner(), [1, 2]);
    assert!(future.as_mut().take_value().is_none());
    let panicked = catch_unwind(AssertUnwindSafe(|| poll(&mut future))).unwrap_err();
    assert!(message(&*panicked).contains("polled after it was ready"), "{}", message(&*panicked));
}

#[test]
fn a_future_whose_value_was_taken_early_goes_on_without() {
    let mut future = Box::pin(NUMBER.scope(1, async {
        let before = number();
        yield_now().await;
        (before, number())
    }));
    assert!(poll(&mut future).is_pending());
    assert_eq!(future.as_mut().take_value(), Some(1));
    NUMBER.sync_scope(2, || {
        assert_eq!(poll(&mut future), Poll::Ready((Some(1), None)));
        assert_eq!(number(), Some(2));
    });
}

#[test]
fn a_thread_that_has_lost_its_thread_locals_has_no_value_and_takes_none() {
    fusee::task_local! { static KEPT: String; }
    /// How many were dropped, and how many of them found no thread-local any more.
    struct AtTheEnd(Arc<[AtomicUsize; 2]>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let set = catch_unwind(|| KEPT.sync_scope("late".to_owned(), || ()));
            if let Err(refused) = set {
                assert!(message(&*refused).contains("thread-locals are gone"));
                assert!(KEPT.try_with(String::len).is_err());
                drop(KEPT.scope("late".to_owned(), pending::<()>()));
                self.0[1].fetch_add(1, Ordering::SeqCst);
            }
            self.0[0].fetch_add(1, Ordering::SeqCst);
        }
    }
    // One is made before the task-local's, one after: in whatever order they are dropped, it is before one of them.
    thread_local! {
        static BEFORE: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    }
    watchdog(|| {
        let counts = Arc::<[AtomicUsize; 2]>::default();
        let (before, after) = (AtTheEnd(counts.clone()), AtTheEnd(counts.clone()));
        let thread = std::thread::spawn(move || {
            BEFORE.set(Some(before));
            KEPT.sync_scope("early".to_owned(), || assert_eq!(KEPT.get(), "early"));
            AFTER.set(Some(after));
        });
        thread.join().unwrap();
        until("the thread has dropped its thread-locals", || counts[0].load(Ordering::SeqCst) == 2);
        assert_eq!(counts[1].load(Ordering::SeqCst), 1);
    });
}

#[test]
fn keys_and_futures_are_shown_without_their_futures() {
    assert_eq!(format!("{NUMBER:?}"), "LocalKey { .. }");
    assert_eq!(format!("{:?}", NUMBER.scope(1, pending::<()>())), "TaskLocalFuture { value: Some(1), .. }");
    fn of(key: &'static LocalKey<u32>) -> TaskLocalFuture<u32, std::future::Ready<()>> {
        key.scope(1, ready(()))
    }
    watchdog(|| workers(1).block_on(of(&NUMBER)));
}
