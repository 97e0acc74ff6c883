//! A set as a stream: what is joined, in which order, and how it gives way.

mod support;

use std::future::pending;
use std::pin::Pin;
use std::task::Poll;

use fusee::task::JoinSet;
use futures::channel::oneshot;
use futures::stream::{Stream, StreamExt};
use support::wakers::counting;
use support::{on_every_flavour, quiet_panic, until_within};

#[test]
fn tasks_come_in_the_order_in_which_they_complete_with_their_errors() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let (tell, told) = oneshot::channel::<()>();
            set.spawn(async move {
                told.await.unwrap();
                2
            });
            set.spawn(async { 1 });
            assert_eq!(set.size_hint(), (2, Some(2)));
            assert_eq!(set.next().await.unwrap().unwrap(), 1);
            tell.send(()).unwrap();
            assert_eq!(set.next().await.unwrap().unwrap(), 2);
            set.spawn(async { quiet_panic("on purpose") });
            assert!(set.next().await.unwrap().unwrap_err().is_panic());
            set.spawn(pending());
            set.abort_all();
            assert!(set.next().await.unwrap().unwrap_err().is_cancelled());
            assert!(set.next().await.is_none());
            assert_eq!(set.size_hint(), (0, Some(0)));
            // A set that was at its end and is filled goes on.
            set.spawn(async { 3 });
            assert_eq!(set.next().await.unwrap().unwrap(), 3);
        });
    });
}

#[test]
fn who_polls_the_stream_is_woken_by_the_next_task() {
    on_every_flavour(|runtime| {
        let mut set = JoinSet::new();
        let (tell, told) = oneshot::channel::<()>();
        set.spawn_on(async move { told.await.unwrap() }, runtime.handle());
        let (wakes, waker) = counting();
        let context = &mut std::task::Context::from_waker(&waker);
        assert!(Pin::new(&mut set).poll_next(context).is_pending());
        tell.send(()).unwrap();
        until_within(&runtime, "it is woken", || wakes.get() == 1);
        assert!(matches!(Pin::new(&mut set).poll_next(context), Poll::Ready(Some(Ok(())))));
    });
}
