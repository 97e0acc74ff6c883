//! Which of a name's addresses is connected to: the first that answers.
//!
//! As RFC 8305 has it ("Happy Eyeballs"): addresses of IPv6 and IPv4 take turns, in the order that the resolver prefers; an attempt that
//! has neither succeeded nor failed after 250 ms is joined by the next, and one that fails makes room for it at once. The resolver
//! of the operating system answers both families together, so that there is no waiting for one of them.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use fusee::time::{Instant, sleep};

/// How long an attempt has for itself.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to one of `addresses` by `connect`. Attempts that come too late are dropped; the error is that of the attempt that failed last.
pub(crate) async fn first_of<T, F>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    mut connect: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut addresses = interleaved(addresses).into_iter();
    let mut attempts = Attempts { running: Vec::new(), last: None };
    let mut delay = pin!(sleep(ATTEMPT_DELAY));
    let mut is_due = true;
    poll_fn(|context| {
        loop {
            match attempts.poll(context) {
                Poll::Ready(Ok(stream)) => return Poll::Ready(Ok(stream)),
                Poll::Ready(Err(())) => is_due = true,
                Poll::Pending => is_due |= addresses.len() > 0 && delay.as_mut().poll(context).is_ready(),
            }
            if !is_due {
                return Poll::Pending;
            }
            match addresses.next() {
                Some(address) => attempts.running.push(Box::pin(connect(address))),
                None if attempts.running.is_empty() => {
                    return Poll::Ready(Err(attempts.last.take().unwrap_or_else(no_address)));
                }
                None => {}
            }
            delay.reset(Instant::now() + ATTEMPT_DELAY);
            is_due = false;
        }
    })
    .await
}

/// Attempts that are under way.
struct Attempts<F> {
    running: Vec<Pin<Box<F>>>,
    /// The last failure.
    last: Option<io::Error>,
}

impl<T, F: Future<Output = io::Result<T>>> Attempts<F> {
    /// The first that has succeeded, or that one has failed, which is taken out.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<T, ()>> {
        for index in 0..self.running.len() {
            match self.running[index].as_mut().poll(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(stream)) => return Poll::Ready(Ok(stream)),
                Poll::Ready(Err(error)) => {
                    self.last = Some(error);
                    self.running.remove(index);
                    return Poll::Ready(Err(()));
                }
            }
        }
        Poll::Pending
    }
}

/// The families by turns, beginning with that of the first address.
fn interleaved(addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let addresses: Vec<SocketAddr> = addresses.into_iter().collect();
    let is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::new();
    loop {
        let before = turns.len();
        turns.extend(first.next());
        turns.extend(second.next());
        if turns.len() == before {
            return turns;
        }
    }
}

/// A name without any address.
fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "there is no address to connect to")
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use super::*;

    /// What becomes of an attempt, after how many milliseconds: the last digit of its address says which it is.
    type Plan = &'static [(u64, bool)];

    fn v4(number: u8) -> SocketAddr {
        ([10, 0, 0, number], 80).into()
    }

    fn v6(number: u16) -> SocketAddr {
        ([0xfd00, 0, 0, 0, 0, 0, 0, number], 80).into()
    }

    /// Counts attempts that have begun and not been dropped.
    struct Open(Rc<Cell<usize>>);

    impl Drop for Open {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }

    /// Which attempt wins, or that none does; when; and when each began.
    fn race(plan: Plan) -> (Option<usize>, u64, Vec<u64>) {
        let runtime = fusee::runtime::Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let (began, open) = (RefCell::new(Vec::new()), Rc::new(Cell::new(0)));
            let addresses = (0..plan.len()).map(|number| v4(number as u8));
            let won = first_of(addresses, |address| {
                began.borrow_mut().push(start.elapsed().as_millis() as u64);
                open.set(open.get() + 1);
                let guard = Open(open.clone());
                async move {
                    let SocketAddr::V4(address) = address else { unreachable!() };
                    let number = usize::from(address.ip().octets()[3]);
                    let _guard = guard;
                    let (time, succeeds) = plan[number];
                    sleep(Duration::from_millis(time)).await;
                    if succeeds { Ok(number) } else { Err(io::Error::other(number.to_string())) }
                }
            });
            let won = won.await;
            assert_eq!(open.get(), 0, "the others have been dropped");
            (won.ok(), start.elapsed().as_millis() as u64, began.into_inner())
        })
    }

    #[test]
    fn the_first_address_has_a_head_start_and_the_first_that_answers_wins() {
        assert_eq!(race(&[(100, true), (1, true)]), (Some(0), 100, vec![0]));
        assert_eq!(race(&[(60_000, true), (100, true)]), (Some(1), 350, vec![0, 250]));
        assert_eq!(race(&[(400, true), (300, true)]), (Some(0), 400, vec![0, 250]));
        assert_eq!(race(&[(60_000, false), (60_000, false), (5, true)]), (Some(2), 505, vec![0, 250, 500]));
    }

    #[test]
    fn an_address_that_fails_makes_room_at_once() {
        assert_eq!(race(&[(10, false), (10, false), (10, true)]), (Some(2), 30, vec![0, 10, 20]));
        // From the second attempt on the time is counted anew.
        assert_eq!(race(&[(10, false), (60_000, true), (10, true)]), (Some(2), 270, vec![0, 10, 260]));
        // One that fails late.
        assert_eq!(race(&[(300, false), (400, true), (500, true)]), (Some(1), 650, vec![0, 250, 300]));
    }

    #[test]
    fn the_last_failure_is_the_error() {
        assert_eq!(race(&[(300, false), (10, false)]), (None, 300, vec![0, 250]));
        let runtime = fusee::runtime::Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let fails = async |address: SocketAddr| io::Result::<()>::Err(io::Error::other(address.to_string()));
            let error = first_of([v6(1), v4(2)], fails).await.unwrap_err();
            assert_eq!(error.to_string(), "10.0.0.2:80");
            let error = first_of([], fails).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        });
    }

    #[test]
    fn families_take_turns_in_the_resolvers_order() {
        assert_eq!(interleaved([v6(1), v6(2), v6(3), v4(1)]), [v6(1), v4(1), v6(2), v6(3)]);
        assert_eq!(interleaved([v4(1), v4(2), v6(1), v6(2)]), [v4(1), v6(1), v4(2), v6(2)]);
        assert_eq!(interleaved([v4(1)]), [v4(1)]);
    }
}
