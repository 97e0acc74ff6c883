//! A program for tokio, which is ported by changing the one name.

use std::pin::Pin;

use tokio::sync::{Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::time::{Duration, Instant, Sleep, interval_at, sleep, sleep_until, timeout_at};
use tokio::{join, pin, select, task, try_join};

tokio::task_local! {
    static NAME: &'static str;
}

async fn ask(requests: mpsc::Sender<oneshot::Sender<u8>>) -> Result<u8, oneshot::error::RecvError> {
    let (answer, answered) = oneshot::channel();
    let _ = requests.send(answer).await;
    answered.await
}

async fn serve(mut inbox: mpsc::Receiver<oneshot::Sender<u8>>, mut stop: watch::Receiver<bool>) {
    let idle = sleep(Duration::from_secs(3600));
    pin!(idle);
    loop {
        select! {
            biased;
            _ = stop.changed() => break,
            Some(answer) = inbox.recv() => {
                let _ = answer.send(1);
                idle.as_mut().reset(Instant::now() + Duration::from_secs(3600));
            }
            () = &mut idle => panic!("nothing to do"),
            else => break,
        }
    }
}

fn postpone(mut pinned: Pin<&mut Sleep>) {
    pinned.as_mut().reset(Instant::now());
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let (requests, inbox) = mpsc::channel(1);
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(serve(inbox, stopped));
    let both = try_join!(ask(requests.clone()), ask(requests));
    assert_eq!(both, Ok((1, 1)));
    stop.send(true).unwrap();
    let (ended, name) = join!(server, NAME.scope("main", async { NAME.get() }));
    ended.unwrap();
    assert_eq!(name, "main");

    let deadline = std::time::Instant::now();
    sleep_until(deadline.into()).await;
    timeout_at(Instant::from_std(deadline), async {}).await.unwrap();
    interval_at(deadline.into(), Duration::from_secs(1)).tick().await;
    let mut pause = Box::pin(sleep(Duration::from_secs(3600)));
    postpone(pause.as_mut());
    pause.await;

    let (sender, mut receiver) = broadcast::channel(1);
    sender.send(*Mutex::new(1).lock().await + *RwLock::new(1).read().await).unwrap();
    assert_eq!(receiver.recv().await, Ok(2));
    let _permit = Semaphore::new(1).acquire_owned_by_hand().await;
    Notify::const_new().notify_one();
    task::yield_now().await;
}

trait AcquireByHand {
    async fn acquire_owned_by_hand(self) -> tokio::sync::OwnedSemaphorePermit;
}

impl AcquireByHand for Semaphore {
    async fn acquire_owned_by_hand(self) -> tokio::sync::OwnedSemaphorePermit {
        std::sync::Arc::new(self).acquire_owned().await.unwrap()
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_hour_passes() {
        tokio::time::advance(Duration::from_secs(3600)).await;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = async { tokio::time::sleep(Duration::from_secs(2)).await } => unreachable!(),
        }
    }

    #[test]
    fn a_runtime_by_hand() {
        let runtime = Builder::new_current_thread().enable_io().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async { tokio::pin!(let pause = sleep(Duration::from_secs(1));); pause.await });
    }
}
