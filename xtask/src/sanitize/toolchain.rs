//! The nightly toolchain that the sanitizers need, and the flags and options of each sanitizer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::shim;

/// The one target whose sanitizers are used; naming it keeps build scripts and procedural macros free of them.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Which sanitizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// AddressSanitizer, and LeakSanitizer with it.
    Address,
    /// ThreadSanitizer.
    Thread,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Address, Self::Thread];

    /// Its name, as the command and `-Zsanitizer` take it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Thread => "thread",
        }
    }

    /// The file of its runtime in the toolchain, without what precedes it.
    fn runtime(self) -> &'static str {
        match self {
            Self::Address => "_rt.asan.a",
            Self::Thread => "_rt.tsan.a",
        }
    }

    /// The suppressions, by path from the workspace's folder.
    pub(super) fn suppressions(self) -> &'static str {
        match self {
            Self::Address => "xtask/src/sanitize/leaks.supp",
            Self::Thread => "xtask/src/sanitize/thread.supp",
        }
    }
}

/// A nightly toolchain.
#[derive(Debug)]
pub(super) struct Nightly {
    sysroot: PathBuf,
}

impl Nightly {
    /// The installed one, if it has the runtimes of `kinds`.
    pub(super) fn find(kinds: &[Kind]) -> Result<Self, String> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            return Err(format!("the sanitizers are run on {TARGET} alone"));
        }
        let output = command("rustc").args(["--print", "sysroot"]).stderr(Stdio::null()).output();
        let sysroot = match output {
            Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            _ => return Err(missing("a nightly toolchain")),
        };
        let nightly = Self { sysroot: sysroot.into() };
        let names: Vec<String> = std::fs::read_dir(nightly.libraries())
            .map_err(|_| missing(&format!("the nightly toolchain's libraries for {TARGET}")))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        for kind in kinds {
            if !names.iter().any(|name| name.ends_with(kind.runtime())) {
                return Err(missing(&format!("the nightly toolchain's runtime for -Zsanitizer={}", kind.name())));
            }
        }
        if Command::new("llvm-symbolizer").arg("--version").stdout(Stdio::null()).status().is_err() {
            return Err("the sanitizers need `llvm-symbolizer` on the path: without names nothing can be \
                        suppressed by name. It comes with LLVM: `apt-get install llvm`"
                .to_owned());
        }
        Ok(nightly)
    }

    /// A program of the toolchain.
    pub(super) fn command(&self, program: &str) -> Command {
        command(program)
    }

    /// Where its compiled libraries lie.
    pub(super) fn libraries(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(TARGET).join("lib")
    }
}

/// `program` of the nightly toolchain, which is not installed if it is missing.
fn command(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]).env("RUSTUP_AUTO_INSTALL", "0");
    // This command runs under another toolchain's cargo, which leaves its own paths in the environment.
    for variable in ["RUSTC", "RUSTDOC", "CARGO", "RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(variable);
    }
    command
}

fn missing(what: &str) -> String {
    format!("the sanitizers need {what}: `rustup toolchain install nightly --profile minimal`")
}

/// A sanitizer, ready to build and run programs.
#[derive(Debug)]
pub(super) struct Sanitizer {
    pub(super) kind: Kind,
    nightly: Nightly,
    root: PathBuf,
    folder: PathBuf,
    flags: Vec<String>,
}

impl Sanitizer {
    pub(super) fn prepare(root: &Path, kind: Kind) -> Result<Self, String> {
        let nightly = Nightly::find(&[kind])?;
        let folder = root.join("target/sanitize").join(kind.name());
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut flags = vec![format!("-Zsanitizer={}", kind.name())];
        if kind == Kind::Thread {
            // The compiled standard library is not instrumented: the compiler wants to hear that this is known.
            flags.push("-Cunsafe-allow-abi-mismatch=sanitizer".to_owned());
            flags.push(shim::compile(&nightly, &folder)?);
        }
        Ok(Self { kind, nightly, root: root.to_owned(), folder, flags })
    }

    /// `cargo COMMAND` with instrumentation, in a target folder of its own.
    pub(super) fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = self.nightly.command("cargo");
        let flags = self.flags.join("\x1f");
        cargo.current_dir(&self.root).arg(subcommand).args(["--target", TARGET, "--target-dir"]).arg(&self.folder);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", &flags).env("CARGO_ENCODED_RUSTDOCFLAGS", &flags);
        self.set_options(&mut cargo);
        cargo
    }

    /// Where cargo put the binary `name` of a package.
    pub(super) fn binary(&self, name: &str) -> PathBuf {
        self.folder.join(TARGET).join("debug").join(name)
    }

    /// An instrumented program.
    pub(super) fn program(&self, path: &Path) -> Command {
        let mut command = Command::new(path);
        command.current_dir(&self.root);
        self.set_options(&mut command);
        command
    }

    fn set_options(&self, command: &mut Command) {
        let suppressions = self.root.join(self.kind.suppressions());
        // A panic's backtrace is looked up in tables that compiled code of the standard library keeps under a lock of its own.
        command.env("RUST_BACKTRACE", "0");
        // The tests' watchdogs wait longer: what is instrumented takes its time.
        command.env("FUSEE_PATIENT", "1");
        let suppressions = format!("suppressions={}:print_suppressions=1", suppressions.display());
        match self.kind {
            Kind::Address => {
                command.env("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1");
                command.env("LSAN_OPTIONS", suppressions);
            }
            Kind::Thread => {
                command.env("TSAN_OPTIONS", suppressions);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_command_that_brings_it() {
        let message = missing("a nightly toolchain");
        assert_eq!(
            message,
            "the sanitizers need a nightly toolchain: `rustup toolchain install nightly --profile minimal`"
        );
    }

    #[test]
    fn every_suppression_has_its_reason_above() {
        for kind in Kind::ALL {
            let text = std::fs::read_to_string(crate::workspace_root().join(kind.suppressions())).unwrap();
            let lines: Vec<&str> = std::iter::once("").chain(text.lines()).collect();
            let suppressions: Vec<_> =
                lines.windows(2).filter(|pair| pair[1].contains(':') && !pair[1].starts_with('#')).collect();
            assert!(!suppressions.is_empty());
            for pair in suppressions {
                assert!(pair[0].starts_with("# "), "{}: no reason above `{}`", kind.suppressions(), pair[1]);
            }
        }
    }
}
