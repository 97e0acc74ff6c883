//! How much of the machine others use while turns are taken.
//!
//! Two workers that have one and a half processors contend less for a line, and wait more for each other, than two that have two: a
//! ratio of such turns says little about a quiet machine, however well the rounds agree with each other.

use std::fs;
use std::time::Duration;

/// A moment, from which the use is counted.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Of all processors, in the kernel's ticks.
    busy: u64,
    idle: u64,
    own: Duration,
}

impl Watch {
    /// `None` where the system does not tell.
    pub(crate) fn start() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        // user, nice, system, idle, iowait, irq, softirq, steal; then guests, which the first two hold already.
        let ticks: Vec<u64> =
            stat.lines().next()?.split_whitespace().skip(1).map_while(|ticks| ticks.parse().ok()).take(8).collect();
        let [user, nice, system, idle, iowait, irq, softirq, steal] = ticks[..] else { return None };
        let busy = user + nice + system + irq + softirq + steal;
        Some(Self { busy, idle: idle + iowait, own: of_own()? })
    }

    /// The part of all processors' time since then that neither was idle nor went to this process or to children of it that have ended.
    pub(crate) fn share(&self) -> Option<f64> {
        let now = Self::start()?;
        let (busy, idle) = ((now.busy - self.busy) as f64, (now.idle - self.idle) as f64);
        let own = (now.own - self.own).as_secs_f64() * ticks_per_second();
        // Ticks are coarse: others cannot have used less than nothing.
        (busy + idle > 0.0).then(|| ((busy - own) / (busy + idle)).max(0.0))
    }
}

#[cfg(unix)]
fn of_own() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    let time = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec().cast_unsigned(), u32::try_from(time.tv_usec()).unwrap_or(0) * 1_000)
    };
    let used = |who| getrusage(who).map(|usage| time(usage.user_time()) + time(usage.system_time())).ok();
    Some(used(UsageWho::RUSAGE_SELF)? + used(UsageWho::RUSAGE_CHILDREN)?)
}

#[cfg(not(unix))]
fn of_own() -> Option<Duration> {
    None
}

/// What /proc/stat counts in: the same on all of Linux's common architectures.
fn ticks_per_second() -> f64 {
    100.0
}
