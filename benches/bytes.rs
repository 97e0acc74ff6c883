//! How much memory does a sleeping task hold, its timer included, and what do a million of them cost while asleep?
//!
//! Each contender runs in a process of its own, so that nothing is left of the one before. The counted bytes are those
//! that the program asked for; the resident ones are what the kernel gave, with the allocator's rounding and the pages
//! that the runtimes' tables touch.

#[expect(dead_code, reason = "this bench takes one turn")]
mod args;
mod child;
#[expect(dead_code, reason = "this bench only spawns and sleeps")]
mod contenders;
mod countdown;
mod machine;
mod sheet;
#[expect(dead_code, reason = "other benches count more")]
mod usage;

use args::{Args, Scale};
use contenders::{Contender, Entrant, Fusee, MutexLoop, Smol, Tokio};
use countdown::COUNTDOWN;
use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use usage::{cpu_time, resident_bytes};

#[global_allocator]
static ALLOCATOR: Counted = Counted { live: AtomicUsize::new(0) };

/// The system's allocator, which knows how many bytes are live.
struct Counted {
    live: AtomicUsize,
}

// SAFETY: every call goes to the system's allocator unchanged; the counter is beside it.
unsafe impl GlobalAlloc for Counted {
    // The counts of a block that the system refuses are off; then the bench ends anyway.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.live.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller got `block` from `alloc` above, hence from the system's allocator, with this layout.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.live.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the system's too.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.live.fetch_add(size, Ordering::Relaxed);
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller got `block` from this allocator, hence from the system's, with this layout; `size` is
        // theirs to keep valid.
        unsafe { System.realloc(block, layout, size) }
    }
}

const NOTE: &str = "\
counted: what the program has asked the allocator for. resident: what the kernel gave, with the allocator's rounding.";

/// What a process finds out about its contender: the bytes that it asked for, those that are in memory, where the system tells, and the
/// seconds of CPU time in one second in which everybody sleeps.
type Findings = [f64; 3];

fn main() -> ExitCode {
    if let Some((entrant, orders)) = child::orders() {
        let [tasks, workers] = orders[..] else { panic!("a child needs two numbers, not {orders:?}") };
        child::answer(&observe(entrant, tasks, workers));
        return ExitCode::SUCCESS;
    }
    let args = Args::from_env();
    let selected: Vec<_> = Entrant::ALL.into_iter().filter(|entrant| args.selects("bytes", entrant.name())).collect();
    if args.list {
        selected.iter().for_each(|entrant| println!("bytes/{}: benchmark", entrant.name()));
        return ExitCode::SUCCESS;
    }
    args.require_match(selected.is_empty());
    let tasks = if args.scale == Scale::Full { 1_000_000 } else { 1_000 };
    let found: Vec<_> =
        selected.iter().map(|entrant| (*entrant, child::ask(*entrant, &[tasks, args.workers]))).collect();
    match args.scale {
        Scale::Full => print(&found, tasks),
        Scale::Smoke => println!("bytes: {} runtimes put {tasks} tasks to sleep", found.len()),
    }
    ExitCode::SUCCESS
}

fn print(found: &[(Entrant, Vec<f64>)], tasks: usize) {
    println!("\n{}\n\nBytes per task, of {tasks} tasks that sleep for an hour\n", machine::header());
    let head = ["runtime", "counted", "resident", "CPU in a second of sleep, ms"].map(String::from).into();
    let row = |(entrant, found): &(Entrant, Vec<f64>)| {
        let [counted, resident, cpu] = found[..] else { panic!("a child finds three numbers, not {found:?}") };
        let per_task = |bytes: f64| format!("{:.0}", bytes / tasks as f64);
        vec![entrant.name().into(), per_task(counted), per_task(resident), format!("{:.2}", cpu * 1e3)]
    };
    println!("{}\n\n{NOTE}\n", sheet::markdown([head].into_iter().chain(found.iter().map(row))));
}

fn observe(entrant: Entrant, tasks: usize, workers: usize) -> Findings {
    match entrant {
        Entrant::Fusee => sleepers::<Fusee>(tasks, workers),
        Entrant::Tokio => sleepers::<Tokio>(tasks, workers),
        Entrant::Smol => sleepers::<Smol>(tasks, workers),
        Entrant::MutexLoop => sleepers::<MutexLoop>(tasks, workers),
    }
}

/// Puts `tasks` tasks to sleep, and looks at them.
fn sleepers<C: Contender>(tasks: usize, workers: usize) -> Findings {
    let runtime = C::start(workers);
    runtime.block_on(async {
        let (counted, resident) = (ALLOCATOR.live.load(Ordering::Relaxed), resident_bytes());
        let all_polled = COUNTDOWN.start(tasks);
        for _ in 0..tasks {
            C::detach(async {
                COUNTDOWN.arrive();
                C::sleep(Duration::from_secs(3_600)).await;
            });
        }
        all_polled.await.expect("the last task sends");
        // The last few have arrived and may not be asleep yet.
        C::sleep(Duration::from_millis(100)).await;
        let counted = ALLOCATOR.live.load(Ordering::Relaxed) - counted;
        let resident = resident_bytes().saturating_sub(resident);
        let before = cpu_time();
        C::sleep(Duration::from_secs(1)).await;
        [counted as f64, resident as f64, (cpu_time() - before).as_secs_f64()]
    })
}
