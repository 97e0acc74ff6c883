//! What the operating system says of this process: its threads, their CPU time, its open files.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The kernel's name for a thread holds no more than so many bytes.
const NAME_LEN: usize = 15;

/// How many threads of this process have this name.
pub(crate) fn threads_named(name: &str) -> usize {
    let name = &name[..name.len().min(NAME_LEN)];
    threads()
        .filter(|thread| fs::read_to_string(format!("{thread}/comm")).is_ok_and(|comm| comm.trim_end() == name))
        .count()
}

/// How many threads this process has.
pub(crate) fn thread_count() -> usize {
    threads().count()
}

/// How many files this process has open.
pub(crate) fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").expect("procfs").count()
}

/// The CPU time that the threads alive now have used, in their time slices.
pub(crate) fn cpu_time() -> Duration {
    // The first field of schedstat: nanoseconds on a CPU. A thread that ends between listing and reading counts no more.
    let spent =
        |thread: String| fs::read_to_string(format!("{thread}/schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok();
    Duration::from_nanos(threads().filter_map(spent).sum())
}

fn threads() -> impl Iterator<Item = String> {
    let tasks = fs::read_dir("/proc/self/task").expect("procfs");
    tasks.filter_map(|task| Some(task.ok()?.path().to_str()?.to_owned()))
}

/// Lowers the limit on the process's address space until it is dropped.
pub(crate) struct Tight(Rlimit);

impl Tight {
    /// Leaves `room` bytes.
    pub(crate) fn new(room: u64) -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("procfs");
        let kib = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB"));
        let in_use = kib.and_then(|kib| kib.parse::<u64>().ok()).expect("a number of KiB") * 1024;
        let before = getrlimit(Resource::As);
        setrlimit(Resource::As, Rlimit { current: Some(in_use + room), ..before }).expect("a limit");
        Self(before)
    }
}

impl Drop for Tight {
    fn drop(&mut self) {
        setrlimit(Resource::As, self.0).expect("the former limit");
    }
}
