//! The system calls of a server's process, counted by the kernel for perf while a closed loop runs. A call takes a little longer then, so
//! that this is done in turns of its own. Where perf may not count, nothing.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

/// Every call.
const ALL: &str = "raw_syscalls:sys_enter";

/// The columns, and the calls that each has; not all machines know all of them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("epoll_wait", &["epoll_wait", "epoll_pwait", "epoll_pwait2"]),
    ("epoll_ctl", &["epoll_ctl"]),
    ("recv", &["recvfrom", "recvmsg"]),
    ("send", &["sendto", "sendmsg"]),
    ("futex", &["futex"]),
    ("read, write", &["read", "write"]),
];

/// perf, where it can count.
#[derive(Debug)]
pub(super) struct Perf {
    /// What it is asked for.
    events: Vec<String>,
}

/// The calls of each group, of all others, and all together.
pub(super) type Counts = [f64; GROUPS.len() + 2];

/// What the counts are called.
pub(super) fn titles() -> impl Iterator<Item = &'static str> {
    GROUPS.into_iter().map(|(name, _)| name).chain(["others", "all"])
}

impl Perf {
    pub(super) fn of_this_machine() -> Option<Self> {
        let counts = |event: &String| {
            let mut command = Command::new("perf");
            command.args(["stat", "-x", ",", "-e", event, "true"]);
            command.output().is_ok_and(|output| value(&String::from_utf8_lossy(&output.stderr), event).is_some())
        };
        let all = counts(&ALL.into());
        let named = GROUPS.into_iter().flat_map(|(_, calls)| calls).map(|call| event(call)).filter(counts);
        all.then(|| Self { events: named.chain([ALL.into()]).collect() })
    }

    /// Counts the calls of a process while `work` runs; what it gives, too.
    pub(super) fn count<T>(&self, process: u32, work: impl FnOnce() -> io::Result<T>) -> io::Result<(Counts, T)> {
        let mut perf = Command::new("perf")
            // It counts nothing until it is told to, by its standard input, and acknowledges on its standard output.
            .args(["stat", "-x", ",", "-D", "-1", "--control", "fd:0,1", "-p", &process.to_string()])
            .args(["-e", &self.events.join(",")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut acknowledged = BufReader::new(perf.stdout.take().expect("it is piped"));
        let mut tell = |perf: &mut Child, word: &str| -> io::Result<()> {
            perf.stdin.as_mut().expect("it is piped").write_all(word.as_bytes())?;
            acknowledged.read_line(&mut String::new()).map(drop)
        };
        tell(&mut perf, "enable\n")?;
        let worked = work();
        tell(&mut perf, "disable\n")?;
        kill(Pid::from_raw(perf.id().cast_signed()), Signal::SIGINT)?;
        let report = perf.wait_with_output()?.stderr;
        Ok((counts(&String::from_utf8_lossy(&report)), worked?))
    }
}

fn counts(report: &str) -> Counts {
    let mut counts = [0.0; GROUPS.len() + 2];
    for (count, (_, calls)) in counts.iter_mut().zip(GROUPS) {
        *count = calls.iter().filter_map(|call| value(report, &event(call))).sum();
    }
    let named: f64 = counts.iter().sum();
    let all = value(report, ALL).unwrap_or(f64::NAN);
    [counts[GROUPS.len()], counts[GROUPS.len() + 1]] = [all - named, all];
    counts
}

fn event(call: &str) -> String {
    format!("syscalls:sys_enter_{call}")
}

/// The count in `count,unit,event,…`; a word is there if it could not be counted.
fn value(report: &str, event: &str) -> Option<f64> {
    report.lines().find_map(|line| {
        let mut fields = line.split(',');
        let (count, _unit, name) = (fields.next()?, fields.next()?, fields.next()?);
        if name == event { count.parse().ok() } else { None }
    })
}
