//! How fast are servers on each runtime, what do their answers cost, and how long do they take? Echo servers on 127.0.0.1, loaded by one client
//! that is none of them.
//!
//! Each turn has two processes: a server, on a runtime of its own, and this one, whose client is a plain epoll loop on one thread. Both
//! share the machine's CPUs. Every byte of every answer is compared with what was sent; all connections have had an answer, and the server has
//! run for a while, before anything is measured. CPU time and switches (a thread goes to sleep; voluntary context switches) are those of the
//! server's process, which reads them itself before and after.
//!
//! In each round every contender has its turn, forth in one and back in the next, first in a closed loop. The slowest one's rate there
//! says at which rates all are asked in open loops, whose latencies count from when a request was due. What each workload asks is said
//! in `net/workload.rs`; multi-threaded runtimes run against each other, and so do those of one thread.
//!
//! Idle connections are weighed by themselves: by the bytes that the server's process has allocated for them, and those that are in memory. What the
//! kernel holds for their sockets is in neither.
//!
//! ```text
//! cargo bench --bench net                                  everything, 3 rounds, in some four minutes; tails want more time
//! cargo bench --bench net -- --rounds 9 'echo_64/'         one workload, on the multi-threaded runtimes
//! cargo bench --bench net -- --seconds 2 'current/'        the runtimes of one thread, with two seconds for each loop
//! cargo bench --bench net -- --twin 'echo_(1|64)/tokio'    tokio against itself: what the harness varies by
//! cargo bench --bench net -- --syscalls 'echo_1/'          with the servers' system calls, counted in turns of their own
//! ```

#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "other benches spread workers")]
mod affinity;
mod args;
#[cfg(target_os = "linux")]
#[expect(dead_code, unused_imports, reason = "this bench has sockets; of the contenders it takes the names, and smol")]
mod contenders;
#[cfg(target_os = "linux")]
#[path = "net/contest.rs"]
mod contest;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
mod others;
#[cfg(target_os = "linux")]
mod sheet;
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "the latencies have a histogram for their percentiles")]
mod stats;
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "other benches look at more")]
mod usage;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    contest::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    args::Args::from_env();
    println!("net: the client needs epoll");
}
