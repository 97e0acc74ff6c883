//! A worker that blocks in a poll, for a lock that another thread has: the watchdog tells of it with the stack.
//!
//! `cargo run -p fusee-stacks --example blocked` prints the frames of the task, with `--whole` those below it, too;
//! with `--times N` it blocks so often, and says how long each report has taken, and how much memory the process has
//! more than before the first one. With `--wait` it begins once it has read a line.

use std::error::Error;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use fusee::insight::{Alarm, Watchdog};
use fusee::runtime::Builder;
use fusee_stacks::Stacks;

struct Store {
    orders: Mutex<Vec<u32>>,
}

impl Store {
    fn add(&self, order: u32) {
        self.orders.lock().unwrap().push(order);
    }
}

async fn checkout(store: Arc<Store>) {
    store.add(7);
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (mut is_whole, mut times) = (false, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--whole" => is_whole = true,
            "--wait" => drop(io::stdin().read_line(&mut String::new())?),
            "--times" => times = Some(arguments.next().ok_or("how many times?")?.parse()?),
            _ => return Err(format!("`{argument}` is not known").into()),
        }
    }
    let (tell, told) = channel();
    let stacks = Stacks::new();
    let hook = move |alarm: &Alarm| {
        if !alarm.has_ended() {
            let (memory, begun) = (memory(), Instant::now());
            let report = stacks.report(alarm);
            drop(tell.send((report, begun.elapsed(), memory)));
        }
    };
    let watchdog = Watchdog::new(Duration::from_millis(100)).on_alarm(hook);
    let runtime = Builder::new_multi_thread().worker_threads(1).watchdog(watchdog).build()?;
    let store = Arc::new(Store { orders: Mutex::new(Vec::new()) });
    let mut first = None;
    for _ in 0..times.unwrap_or(1) {
        let locked = store.orders.lock().unwrap();
        let task = runtime.spawn(checkout(store.clone()));
        let (report, took, before) = told.recv()?;
        drop(locked);
        runtime.block_on(task)?;
        match (times, is_whole) {
            (Some(_), _) => {
                let frames = report.stack().map_or(0, |stack| stack.frames().len());
                let more = memory().map(|now| now.saturating_sub(*first.get_or_insert(before.unwrap_or(0))));
                println!("{frames} frames in {took:.1?}; {} KiB more than before", more.unwrap_or(0));
            }
            (None, true) => println!("{report:#}"),
            (None, false) => println!("{report}"),
        }
    }
    Ok(())
}

/// How much memory of the process is no file's, in KiB, on Linux.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
