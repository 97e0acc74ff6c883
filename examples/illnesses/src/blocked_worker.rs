//! A poll that blocks its thread: it waits for a lock of the standard library, which a thread holds that does something slow.

use std::io;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusee::insight::Watchdog;
use fusee::runtime::Builder;
use fusee::task;

pub(crate) fn diagnose() -> io::Result<String> {
    let (tell, told) = channel();
    let watchdog = Watchdog::new(Duration::from_millis(100)).on_alarm(move |alarm| drop(tell.send(alarm.to_string())));
    let runtime = Builder::new_multi_thread().worker_threads(2).watchdog(watchdog).build()?;
    let stock = Arc::new(Mutex::new(3));
    let held = stock.lock().map_err(|_| io::Error::other("poisoned"))?;
    let shared = stock.clone();
    let checkout = runtime.block_on(async {
        task::Builder::new().name("checkout").spawn(async move {
            if let Ok(mut left) = shared.lock() {
                *left -= 1;
            }
        })
    })?;
    let mut alarms: Vec<String> = told.recv().into_iter().collect();
    drop(held);
    runtime.block_on(checkout).map_err(io::Error::other)?;
    alarms.extend(told.recv());
    Ok(alarms.join("\n"))
}
