//! Which threads of this process are asleep, as the kernel sees them.

use std::fs;

/// How many other threads than the caller run or could run; `None` where the system does not tell.
pub(crate) fn others_awake() -> Option<usize> {
    let own = fs::read_link("/proc/thread-self").ok()?;
    let threads = fs::read_dir("/proc/self/task").ok()?;
    // A thread that has ended meanwhile has no file any more.
    let others = threads.flatten().filter(|thread| Some(thread.file_name().as_os_str()) != own.file_name());
    let stats = others.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
    Some(stats.filter(|stat| is_awake(stat)).count())
}

/// The state stands behind the name, which is in parentheses and may have some of its own.
fn is_awake(stat: &str) -> bool {
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('R'))
}
