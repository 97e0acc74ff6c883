//! How fast are HTTP servers on each runtime, what do their answers cost, and how long do they take? Servers of hyper 1 on 127.0.0.1, loaded by one
//! client that is none of them.
//!
//! How the turns are taken, and what is measured, is as in the bench `net` of the crate, of which this one has the machinery: processes of
//! their own, one client around an epoll loop, closed and open loops, ratios within a round. Each server is set up as its
//! users would; `http/workload.rs` says what they are asked, and `http/tokio.rs` and its kin how they answer. Every answer's status and
//! body are compared.
//!
//! ```text
//! cargo bench -p fusee-hyper --bench http                                 everything, 3 rounds, in some three minutes; tails want more time
//! cargo bench -p fusee-hyper --bench http -- --rounds 9 'hello_64/'       one workload, on the multi-threaded runtimes
//! cargo bench -p fusee-hyper --bench http -- --pin --seconds 2 'hello'    the client on a CPU of its own
//! cargo bench -p fusee-hyper --bench http -- --syscalls 'hello_64/'       with the servers' system calls
//! ```

#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "other benches spread workers")]
#[path = "../../../benches/affinity.rs"]
mod affinity;
#[path = "../../../benches/args.rs"]
mod args;
#[cfg(target_os = "linux")]
#[path = "http/contenders.rs"]
mod contenders;
#[cfg(target_os = "linux")]
#[path = "http/contest.rs"]
mod contest;
#[cfg(target_os = "linux")]
#[path = "../../../benches/machine.rs"]
mod machine;
#[cfg(target_os = "linux")]
#[path = "../../../benches/others.rs"]
mod others;
#[cfg(target_os = "linux")]
#[path = "../../../benches/sheet.rs"]
mod sheet;
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "the latencies have a histogram for their percentiles")]
#[path = "../../../benches/stats.rs"]
mod stats;
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "other benches look at more")]
#[path = "../../../benches/usage.rs"]
mod usage;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    contest::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    args::Args::from_env();
    println!("http: the client needs epoll");
}
