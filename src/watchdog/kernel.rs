//! What the kernel knows of a thread of this process: Linux's `/proc/self/task`, described in proc(5).
//!
//! Two files are read, without a signal and without stopping the thread: `schedstat`, which says for how long it has had a CPU, and waited for one, and `syscall`, which
//! says in which system call it waits. Where either is not there nothing is known.

use std::fs;
use std::time::Duration;

use super::Activity;
use crate::facade::RawInstant;

/// How a thread has spent its time so far.
pub(super) struct Times {
    at: RawInstant,
    /// On a CPU.
    ran: Duration,
    /// Waiting for one.
    waited: Duration,
}

impl Times {
    pub(super) fn of(thread: u32, at: RawInstant) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
        let mut numbers = text.split_whitespace().map(|word| word.parse().map(Duration::from_nanos).ok());
        Some(Self { at, ran: numbers.next()??, waited: numbers.next()?? })
    }
}

/// What `thread` does, by what it has done since `before`.
pub(super) fn activity(thread: u32, before: Option<&Times>, now: RawInstant) -> Activity {
    let since = before.zip(Times::of(thread, now));
    if let Some((before, after)) = since {
        let half = after.at.saturating_duration_since(before.at) / 2;
        if after.waited.saturating_sub(before.waited) >= half {
            return Activity::Starved;
        }
        if after.ran.saturating_sub(before.ran) >= half {
            return Activity::Computing;
        }
    }
    let text = fs::read_to_string(format!("/proc/self/task/{thread}/syscall")).unwrap_or_default();
    match text.split_whitespace().next() {
        Some("running") => Activity::Computing,
        Some(call) => call.parse().map_or(Activity::Unknown, |call| Activity::Blocked { call, name: name_of(call) }),
        None => Activity::Unknown,
    }
}

/// The name of a system call in which threads often wait.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn name_of(call: u64) -> Option<&'static str> {
    Some(match call {
        0 => "read",
        1 => "write",
        7 => "poll",
        17 => "pread64",
        18 => "pwrite64",
        23 => "select",
        34 => "pause",
        35 => "nanosleep",
        42 => "connect",
        43 => "accept",
        44 => "sendto",
        45 => "recvfrom",
        46 => "sendmsg",
        47 => "recvmsg",
        61 => "wait4",
        73 => "flock",
        74 => "fsync",
        75 => "fdatasync",
        202 => "futex",
        230 => "clock_nanosleep",
        232 => "epoll_wait",
        247 => "waitid",
        257 => "openat",
        271 => "ppoll",
        281 => "epoll_pwait",
        288 => "accept4",
        _ => return None,
    })
}

/// As on x86-64, by the numbers of the generic table.
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn name_of(call: u64) -> Option<&'static str> {
    Some(match call {
        22 => "epoll_pwait",
        32 => "flock",
        56 => "openat",
        63 => "read",
        64 => "write",
        67 => "pread64",
        68 => "pwrite64",
        72 => "pselect6",
        73 => "ppoll",
        82 => "fsync",
        83 => "fdatasync",
        95 => "waitid",
        98 => "futex",
        101 => "nanosleep",
        115 => "clock_nanosleep",
        202 => "accept",
        203 => "connect",
        206 => "sendto",
        207 => "recvfrom",
        211 => "sendmsg",
        212 => "recvmsg",
        242 => "accept4",
        260 => "wait4",
        _ => return None,
    })
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn name_of(_: u64) -> Option<&'static str> {
    None
}
