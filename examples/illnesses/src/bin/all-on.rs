//! A program in which everything is turned on that tells what it does.

use std::fs::File;
use std::future::pending;
use std::io;
use std::time::Duration;

use fusee::insight::{Recorder, Watchdog};
use fusee::runtime::{Builder, Handle};
use fusee::signal::unix::{SignalKind, dump_on};

fn main() -> io::Result<()> {
    // Tells of polls that take too long, while they do. Its hook runs within the runtime.
    let watchdog = Watchdog::new(Duration::from_millis(100)).on_alarm(|alarm| {
        eprintln!("{alarm}");
        if !alarm.has_ended() {
            save(&Handle::current(), "alarm.fusee");
        }
    });
    let runtime = Builder::new_multi_thread()
        .name("shop")
        .watchdog(watchdog)
        // What each thread has done last, for fusee-trace.
        .recorder(Recorder::new())
        // The socket of fusee-top.
        .console("shop.sock")
        // Who joins whom, who was woken by whom, polls of each task.
        .task_statistics(true)
        // A task that nobody can wake any more.
        .on_task_stranded(|task| eprintln!("nobody can ever wake the task spawned at {}", task.spawned_at()))
        .build()?;

    let (handle, before) = (runtime.handle().clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        save(&handle, "panic.fusee");
    }));

    runtime.block_on(async {
        // `kill -USR1` prints what each task waits for.
        let _dumps = dump_on(SignalKind::user_defined1())?;
        serve().await
    })
}

/// Writes down what the threads have done last: `fusee-trace FILE` reads it.
fn save(handle: &Handle, file: &str) {
    let Some(recording) = handle.recording() else { return };
    match File::create(file).and_then(|to| recording.write_to(to)) {
        Ok(()) => eprintln!("fusee-trace {file}"),
        Err(error) => eprintln!("{file} could not be written: {error}"),
    }
}

/// In place of a service: a task that blocks its worker, one that panics, and one that nobody wakes.
async fn serve() -> io::Result<()> {
    fusee::spawn(async { std::thread::sleep(Duration::from_secs(1)) });
    fusee::spawn(async { panic!("on purpose") });
    fusee::spawn(pending::<()>());
    fusee::signal::shutdown()?.await;
    Ok(())
}
