//! Which CPUs a thread may run on: so that a wake goes from one CPU to another, wherever the kernel likes to put threads.

/// A CPU by its number.
pub(crate) type Cpu = usize;

/// Whose names have one of these look after timers or I/O for the workers, and stay where the kernel puts them.
#[cfg(target_os = "linux")]
const NO_WORKERS: [&str; 2] = ["driver", "async-io"];

/// Gives each worker, of whatever runtime lives, a CPU of its own, or each CPU several in turn. The workers are all threads of the process but the
/// main thread and those named above.
#[cfg(target_os = "linux")]
pub(crate) fn spread_workers() {
    use rustix::process::{Pid, getpid};
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None).expect("a process knows where it may run");
    let mut cpus = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu)).cycle();
    let threads = std::fs::read_dir("/proc/self/task").expect("a process knows its threads");
    let number = |thread: std::fs::DirEntry| Pid::from_raw(thread.file_name().to_str()?.parse().ok()?);
    let workers = threads.flatten().filter_map(number).filter(|thread| *thread != getpid()).filter(|thread| {
        let name = std::fs::read_to_string(format!("/proc/self/task/{}/comm", thread.as_raw_nonzero()));
        name.is_ok_and(|name| !NO_WORKERS.iter().any(|other| name.contains(other)))
    });
    for (worker, cpu) in workers.zip(&mut cpus) {
        let mut own = CpuSet::new();
        own.set(cpu);
        // One of a runtime that has ended may be listed for a moment more.
        let _ = sched_setaffinity(Some(worker), &own);
    }
}

/// Keeps the calling thread, and those that it starts from now on, off one CPU, if they may run on another. Which one.
#[cfg(target_os = "linux")]
pub(crate) fn leave_one() -> Option<Cpu> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let mut cpus = sched_getaffinity(None).ok()?;
    let first = (0..CpuSet::MAX_CPU).find(|cpu| cpus.is_set(*cpu))?;
    cpus.unset(first);
    sched_setaffinity(None, &cpus).ok().map(|()| first)
}

/// Keeps the calling thread on `cpu`.
#[cfg(target_os = "linux")]
pub(crate) fn stay_on(cpu: Cpu) {
    use rustix::thread::{CpuSet, sched_setaffinity};
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    sched_setaffinity(None, &cpus).expect("the process has been allowed to run there");
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn spread_workers() {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn leave_one() -> Option<Cpu> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn stay_on(_: Cpu) {}
