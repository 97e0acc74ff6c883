//! What the process uses while something runs: CPU time, and threads at the peak.
//!
//! Threads are sampled by a thread of this module, which leaves itself and its own CPU time out of the account. Where
//! the system does not tell (`/proc` is Linux's), the answer is `None`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often threads are counted.
const PERIOD: Duration = Duration::from_millis(10);

/// What was used between `start` and `stop`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time of all threads, the observer's left out.
    pub(crate) cpu: Option<Duration>,
    /// The most threads seen at once, the observer left out.
    pub(crate) threads: Option<usize>,
}

/// Observes the process from a thread of its own.
pub(crate) struct Observer {
    cpu_before: Option<Duration>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<Usage>>,
}

impl Observer {
    /// Starts to observe; `at_each_look` is called on the observing thread with each sample.
    pub(crate) fn start(mut at_each_look: impl FnMut() + Send + 'static) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let until = stopped.clone();
        let observe = move || {
            let mut peak = None;
            loop {
                peak = peak.max(threads_now().map(|count| count.saturating_sub(1)));
                if until.load(Ordering::Acquire) {
                    return Usage { cpu: cpu_time(Of::Thread), threads: peak };
                }
                at_each_look();
                thread::park_timeout(PERIOD);
            }
        };
        // Without an observer the run goes on, and has nothing to say about threads.
        let thread = thread::Builder::new().name("observer".to_owned()).spawn(observe).ok();
        Self { cpu_before: cpu_time(Of::Process), stopped, thread }
    }

    /// Stops, and reports.
    pub(crate) fn stop(mut self) -> Usage {
        let observer = self.join().unwrap_or_default();
        let process = cpu_time(Of::Process).zip(self.cpu_before).map(|(now, before)| now.saturating_sub(before));
        let cpu = process.map(|process| process.saturating_sub(observer.cpu.unwrap_or_default()));
        Usage { cpu, threads: observer.threads }
    }

    fn join(&mut self) -> Option<Usage> {
        self.stopped.store(true, Ordering::Release);
        let thread = self.thread.take()?;
        thread.thread().unpark();
        thread.join().ok()
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.join();
    }
}

/// Whose CPU time.
#[derive(Clone, Copy)]
enum Of {
    Process,
    Thread,
}

#[cfg(unix)]
fn cpu_time(of: Of) -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let clock = match of {
        Of::Process => ClockId::ProcessCPUTime,
        Of::Thread => ClockId::ThreadCPUTime,
    };
    clock_gettime(clock).try_into().ok()
}

#[cfg(not(unix))]
fn cpu_time(_of: Of) -> Option<Duration> {
    None
}

/// How many threads the process has now.
fn threads_now() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}
