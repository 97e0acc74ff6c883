//! A process to look at: `cargo run -p fusee-top --example busy -- /tmp/busy.sock`, and in another terminal `cargo run -p fusee-top -- /tmp/busy.sock`.
//!
//! Its tasks sleep, hand numbers on and yield; one of them blocks its worker for 300 ms now and then, as none should, and one waits for what nobody can tell it.

use std::future::pending;
use std::time::Duration;

use fusee::insight::Recorder;
use fusee::runtime::Builder;
use fusee::task::yield_now;
use fusee::time::sleep;

fn main() -> std::io::Result<()> {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("Usage: busy SOCKET");
        return Ok(());
    };
    let runtime =
        Builder::new_multi_thread().worker_threads(2).name("busy").recorder(Recorder::new()).console(path).build()?;
    runtime.block_on(async {
        for client in 0..10_000 {
            fusee::spawn(serve(client));
        }
        fusee::spawn(hand_over());
        fusee::task::Builder::new().name("reindex").spawn(reindex())?;
        fusee::spawn(pending::<()>());
        sleep(Duration::from_secs(3_600)).await;
        Ok(())
    })
}

/// Does a little, now and then.
async fn serve(client: u64) {
    loop {
        sleep(Duration::from_millis(500 + client % 500)).await;
        yield_now().await;
    }
}

/// Spawns a task for each number.
async fn hand_over() {
    loop {
        sleep(Duration::from_millis(20)).await;
        for number in 0..100 {
            fusee::spawn(async move { number });
        }
    }
}

/// Blocks its worker.
async fn reindex() {
    loop {
        sleep(Duration::from_secs(2)).await;
        // In place of work that has no `.await`.
        std::thread::sleep(Duration::from_millis(300));
    }
}
