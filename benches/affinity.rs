//! Which CPUs a thread may run on: so that a wake goes from one CPU to another, wherever the kernel likes to put threads.

/// A CPU by its number.
pub(crate) type Cpu = usize;

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
pub(crate) fn leave_one() -> Option<Cpu> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn stay_on(_: Cpu) {}
