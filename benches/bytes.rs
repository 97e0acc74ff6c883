//! How much memory does a sleeping task hold, its timer included, and what do a million of them cost while asleep?
//!
//! Each contender runs in a process of its own, so that nothing is left of the one before. The counted bytes are those
//! that the program asked for; the resident ones are what the kernel gave, with the allocator's rounding and the pages
//! that the runtimes' tables touch.

mod args;
#[expect(dead_code, reason = "this bench only spawns and sleeps")]
mod contenders;
mod countdown;
mod machine;

use args::{Args, Scale};
use contenders::{Contender, Entrant, Fusee, MutexLoop, Smol, Tokio};
use countdown::COUNTDOWN;
use machine::cpu_time;
use std::alloc::{GlobalAlloc, Layout, System};
use std::env;
use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The first argument of a process that observes one contender.
const CHILD: &str = "--child";

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

/// What a process finds out about its contender.
struct Findings {
    /// Bytes asked for.
    counted: usize,
    /// Bytes that are in memory, where the system tells.
    resident: usize,
    /// CPU time in one second in which everybody sleeps.
    cpu: Duration,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().collect();
    if let [_, flag, name, tasks, workers] = arguments.as_slice()
        && flag == CHILD
    {
        let number = |text: &str| text.parse().expect("the parent gives numbers");
        println!("{}", observe(name, number(tasks), number(workers)).to_line());
        return ExitCode::SUCCESS;
    }
    let args = Args::from_env();
    let selected: Vec<_> = Entrant::ALL.into_iter().filter(|entrant| args.selects("bytes", entrant.name())).collect();
    if args.list {
        selected.iter().for_each(|entrant| println!("bytes/{}: benchmark", entrant.name()));
        return ExitCode::SUCCESS;
    }
    let tasks = if args.scale == Scale::Full { 1_000_000 } else { 1_000 };
    let found: Vec<_> = selected.iter().map(|entrant| (*entrant, in_child(*entrant, tasks, args.workers))).collect();
    match args.scale {
        Scale::Full if !found.is_empty() => print(&found, tasks),
        Scale::Full => {}
        Scale::Smoke => println!("bytes: {} runtimes put {tasks} tasks to sleep", found.len()),
    }
    ExitCode::SUCCESS
}

fn print(found: &[(Entrant, Findings)], tasks: usize) {
    println!("\n{}\n\nBytes per task, of {tasks} tasks that sleep for an hour\n", machine::header());
    println!("| runtime    | counted | resident | CPU in a second of sleep |");
    println!("|------------|---------|----------|--------------------------|");
    for (entrant, Findings { counted, resident, cpu }) in found {
        let (name, counted, resident) = (entrant.name(), counted / tasks, resident / tasks);
        println!("| {name:<10} | {counted:>7} | {resident:>8} | {:>21.2} ms |", cpu.as_secs_f64() * 1e3);
    }
    println!();
}

fn in_child(entrant: Entrant, tasks: usize, workers: usize) -> Findings {
    let program = env::current_exe().expect("a running program has a path");
    let output = Command::new(program)
        .args([CHILD, entrant.name(), &tasks.to_string(), &workers.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("a bench can start itself");
    assert!(output.status.success(), "{} did not come through", entrant.name());
    Findings::from_line(&String::from_utf8_lossy(&output.stdout)).expect("a child prints its findings")
}

fn observe(name: &str, tasks: usize, workers: usize) -> Findings {
    let entrant = Entrant::ALL.into_iter().find(|entrant| entrant.name() == name).expect("the parent knows the names");
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
        Findings { counted, resident, cpu: cpu_time() - before }
    })
}

/// The process's resident memory, where the system has it in `/proc`; else zero.
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_or(0, |kilobytes: usize| kilobytes * 1024)
}

impl Findings {
    fn to_line(&self) -> String {
        format!("{} {} {}", self.counted, self.resident, self.cpu.as_nanos())
    }

    fn from_line(line: &str) -> Option<Self> {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        let (counted, resident) = (usize::try_from(next()?).ok()?, usize::try_from(next()?).ok()?);
        Some(Self { counted, resident, cpu: Duration::from_nanos(next()?) })
    }
}
