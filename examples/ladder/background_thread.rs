//! Rung 6, `background_thread`: one thread that wakes everybody.
//!
//! A sleeping thread does nothing, and one can do nothing on behalf of all: it need only know whom to wake when. Each
//! sleep sends its deadline and its waker through a channel, once. The thread files them in a sorted map, earliest
//! deadline first, and waits on the channel until that deadline: either a new request comes, perhaps with an earlier
//! deadline, or the time is up and everybody due is woken. The deadline is no key of one waker only (two sleeps may
//! end in the same nanosecond), so the map holds a list of them: a sorted multimap.
//!
//! Two threads, two polls a job, no CPU time to speak of. Every runtime's timer is a descendant of this rung. What
//! remains is a thread beside the one that polls, and a hop from one to the other for every sleep: the next rungs do
//! without.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Instant;

use futures::future::join_all;

use crate::SECOND;
use crate::block_on::block_on;
use crate::measure::{Row, Task};

/// "Wake this one, then."
type Request = (Instant, Waker);

/// Pending until the deadline; the timer thread is told of it once.
struct Sleep {
    deadline: Instant,
    timer: Option<Sender<Request>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(());
        }
        // `join_all` hands a child the same waker every time, so the first one is good for all polls.
        if let Some(timer) = self.timer.take() {
            timer.send((self.deadline, cx.waker().clone())).expect("the timer thread lives as long as its senders");
        }
        Poll::Pending
    }
}

/// The timer thread: wakes each request at its deadline. It ends with its last sender, which outlives every sleep.
fn keep_time(requests: &Receiver<Request>) {
    let mut sleepers: BTreeMap<Instant, Vec<Waker>> = BTreeMap::new();
    loop {
        let received = match sleepers.first_key_value() {
            Some((deadline, _)) => requests.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            None => requests.recv().map_err(RecvTimeoutError::from),
        };
        match received {
            Ok((deadline, waker)) => sleepers.entry(deadline).or_default().push(waker),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        while let Some(due) = sleepers.first_entry().filter(|due| *due.key() <= now) {
            due.remove().into_iter().for_each(Waker::wake);
        }
    }
}

/// Joins the jobs on one thread, while another keeps the time.
pub(crate) fn run(task: &Task) -> Result<Vec<Row>, String> {
    let row = task.measured("", SECOND, |sheet| {
        let (timer, requests) = mpsc::channel();
        let keeper = thread::Builder::new()
            .name("timer".to_owned())
            .spawn(move || keep_time(&requests))
            .map_err(|error| format!("cannot start the timer thread: {error}"))?;
        let jobs = (1..=task.jobs).map(|n| {
            let timer = Some(timer.clone());
            async move {
                sheet.counted(n, Sleep { deadline: Instant::now() + SECOND, timer }).await;
                sheet.print(n);
            }
        });
        block_on(join_all(jobs));
        // The last sender; the jobs' own went with them. The thread sees the channel close, and ends.
        drop(timer);
        keeper.join().map_err(|_| "the timer thread panicked".to_owned())
    })?;
    Ok(vec![row])
}
