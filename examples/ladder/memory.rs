//! How much memory a run may still take, so that too large a count is refused before it starts.
//!
//! Without this, ten thousand million jobs would be allocated until the system kills the process, or one nearby. The
//! least of three answers counts: what the machine has available, what the process's control group has left, and what
//! its address-space limit leaves. Where none is known, nothing is refused.

use std::fs;

use crate::units;

/// Refuses `jobs` jobs of some `bytes_each` bytes if they do not fit.
pub(crate) fn check(jobs: usize, bytes_each: u64) -> Result<(), String> {
    let needed = (jobs as u64).saturating_mul(bytes_each);
    match available() {
        Some(available) if needed > available => Err(format!(
            "N is too large: {} jobs of about {bytes_each} bytes take {}, and {} is available",
            units::grouped(jobs as u64),
            units::bytes(needed),
            units::bytes(available),
        )),
        _ => Ok(()),
    }
}

/// Bytes that this process may still allocate.
fn available() -> Option<u64> {
    [machine(), control_group(), address_space()].into_iter().flatten().min()
}

/// `MemAvailable`: free memory and what the kernel would give up for it.
fn machine() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// The process's control group (version 2): its limit, less what it uses.
fn control_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?.to_owned();
    let read = |file| fs::read_to_string(format!("/sys/fs/cgroup{path}/{file}")).ok()?.trim().parse::<u64>().ok();
    Some(read("memory.max")?.saturating_sub(read("memory.current")?))
}

/// `RLIMIT_AS`, less what is mapped.
#[cfg(unix)]
fn address_space() -> Option<u64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::As).current?;
    let mapped = kibibytes(&fs::read_to_string("/proc/self/status").ok()?, "VmSize:").unwrap_or(0);
    Some(limit.saturating_sub(mapped))
}

#[cfg(not(unix))]
fn address_space() -> Option<u64> {
    None
}

/// The value of `key` in a file of lines `key: value kB`, in bytes.
fn kibibytes(file: &str, key: &str) -> Option<u64> {
    let value = file.lines().find_map(|line| line.strip_prefix(key))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
