//! What this process uses: CPU time, turns on a processor, memory. Where the system does not tell, zero.

use std::fs;
use std::time::Duration;

/// The CPU time that all threads of this process have used.
#[cfg(unix)]
pub(crate) fn cpu_time() -> Duration {
    clock(rustix::time::ClockId::ProcessCPUTime)
}

/// The CPU time that the calling thread has used.
#[cfg(unix)]
pub(crate) fn thread_cpu_time() -> Duration {
    clock(rustix::time::ClockId::ThreadCPUTime)
}

#[cfg(unix)]
fn clock(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::try_from(time).expect("nobody has used negative time")
}

/// How often a thread of this process has gone to sleep: voluntary context switches.
#[cfg(unix)]
pub(crate) fn switches() -> u64 {
    switches_of(nix::sys::resource::UsageWho::RUSAGE_SELF)
}

/// How often the calling thread has gone to sleep.
#[cfg(target_os = "linux")]
pub(crate) fn thread_switches() -> u64 {
    switches_of(nix::sys::resource::UsageWho::RUSAGE_THREAD)
}

#[cfg(unix)]
fn switches_of(who: nix::sys::resource::UsageWho) -> u64 {
    nix::sys::resource::getrusage(who).map_or(0, |usage| usage.voluntary_context_switches().cast_unsigned())
}

#[cfg(not(unix))]
pub(crate) fn cpu_time() -> Duration {
    Duration::ZERO
}

#[cfg(not(unix))]
pub(crate) fn thread_cpu_time() -> Duration {
    Duration::ZERO
}

#[cfg(not(unix))]
pub(crate) fn switches() -> u64 {
    0
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn thread_switches() -> u64 {
    0
}

/// The process's resident memory.
pub(crate) fn resident_bytes() -> usize {
    bytes_in("/proc/self/status", "VmRSS:")
}

/// The most that was ever resident of the process.
pub(crate) fn peak_bytes() -> usize {
    bytes_in("/proc/self/status", "VmHWM:")
}

/// What the machine can give without swapping.
pub(crate) fn available_bytes() -> usize {
    bytes_in("/proc/meminfo", "MemAvailable:")
}

/// The kilobytes behind `name` in a file of the kernel's.
fn bytes_in(file: &str, name: &str) -> usize {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_or(0, |kilobytes: usize| kilobytes * 1024)
}
