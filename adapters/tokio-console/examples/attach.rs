//! A runtime with some tasks, to which `tokio-console` can attach.

use std::future::pending;
use std::io;
use std::time::Duration;

use fusee::net::TcpListener;
use fusee::runtime::Builder;
use fusee::time::sleep;
use fusee_tokio_console::{ADDRESS, Console};

async fn ticks() {
    loop {
        sleep(Duration::from_millis(20)).await;
    }
}

fn main() -> io::Result<()> {
    let runtime = Builder::new_multi_thread().task_statistics(true).build()?;
    let console = Console::new(runtime.handle().clone());
    let answers = std::thread::spawn(move || -> io::Result<()> {
        let own = Builder::new_current_thread().build()?;
        own.block_on(async { console.serve(TcpListener::bind(ADDRESS).await?).await })
    });
    runtime.block_on(async {
        fusee::task::Builder::new().name("ticker").spawn(ticks())?;
        for client in 0..3 {
            fusee::task::Builder::new().name(&format!("client {client}")).spawn(sleep(Duration::from_secs(3_600)))?;
        }
        fusee::task::Builder::new().name("stranded").spawn(pending::<()>())?;
        io::Result::Ok(())
    })?;
    answers.join().expect("it does not panic")
}
