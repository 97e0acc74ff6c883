//! Where and on what a bench ran: the lines above its table.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

/// The packages whose versions matter to a figure.
const PACKAGES: [&str; 9] =
    ["fusee", "tokio", "async-executor", "async-io", "async-channel", "futures", "hyper", "axum", "criterion"];

/// Machine, versions and date, one a line.
pub(crate) fn header() -> String {
    let cpus = thread::available_parallelism().map_or(0, usize::from);
    // A package of the workspace has its lock file further up.
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let lock = folders.find_map(|folder| fs::read_to_string(folder.join("Cargo.lock")).ok()).unwrap_or_default();
    let packages =
        PACKAGES.map(|name| format!("{name} {}", locked_version(&lock, name).unwrap_or("(version unknown)")));
    format!(
        "machine: {}, {cpus} CPUs, load {}\nsystem: {}, {}\npackages: {}\ndate: {}",
        cpu_model().as_deref().unwrap_or("unknown CPU"),
        fs::read_to_string("/proc/loadavg")
            .ok()
            .and_then(|load| load.split(' ').next().map(String::from))
            .unwrap_or("unknown".into()),
        first_line("uname", &["-srm"]),
        first_line("rustc", &["--version"]),
        packages.join(", "),
        first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
    )
}

fn cpu_model() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(": ")?.1.to_string())
}

/// The version of a package, as the lock file has it.
fn locked_version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let entry = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?.1;
    Some(entry.split_once('"')?.0)
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    let line = String::from_utf8_lossy(&output).lines().next().map(String::from);
    line.unwrap_or_else(|| format!("{program} unknown"))
}
