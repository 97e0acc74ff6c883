//! What a run of a model says: it passed, or how it failed.
//!
//! The *first* panic decides. Those after it come from values dropped while the model unwinds and say nothing.

use std::fmt;

use crate::programs::Run;

/// How a model fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Every thread waits.
    Deadlock,
    /// Accesses that nothing orders.
    Causality,
    /// A value that nobody dropped.
    Leak,
    /// The model's own claim, or one of the code's.
    Assert,
    /// The model itself grew too large: never a proof of anything.
    Branches,
}

impl Kind {
    /// The kinds that a mutant may be killed by.
    pub(crate) const EXPECTED: &[Self] = &[Self::Deadlock, Self::Causality, Self::Leak, Self::Assert];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::EXPECTED.iter().copied().find(|kind| kind.to_string() == word)
    }

    /// By how the model checker begins its messages.
    fn of(message: &str) -> Self {
        let is_leak = ["Arc leaked.", "Allocation leaked.", "Messages leaked."].iter().any(|m| message.starts_with(m));
        if message.starts_with("deadlock; threads") {
            Self::Deadlock
        } else if message.starts_with("Causality violation") {
            Self::Causality
        } else if is_leak {
            Self::Leak
        } else if message.starts_with("Model exceeded maximum number of branches") {
            Self::Branches
        } else {
            Self::Assert
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deadlock => "deadlock",
            Self::Causality => "causality",
            Self::Leak => "leak",
            Self::Assert => "assert",
            Self::Branches => "branches",
        })
    }
}

/// What a run says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed {
        kind: Kind,
        /// Of the first panic.
        message: String,
    },
    /// The watchdog ended it.
    TimedOut,
    /// Neither one test that passed nor a panic: why.
    Unclear(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed { kind, message } => {
                let first = message.lines().next().unwrap_or_default();
                write!(f, "{kind}, \"{}\"", first.chars().take(80).collect::<String>())
            }
            Self::TimedOut => f.write_str("no end before the watchdog"),
            Self::Unclear(why) => f.write_str(why),
        }
    }
}

impl Verdict {
    pub(crate) fn of(run: &Run) -> Self {
        if run.timed_out {
            return Self::TimedOut;
        }
        if !run.stdout.lines().any(|line| line == "running 1 test") {
            return Self::Unclear("the binary did not run exactly one test".to_owned());
        }
        let one_passed = run.stdout.contains("test result: ok. 1 passed; 0 failed");
        match (run.success, first_panic(&run.stderr)) {
            (true, _) if one_passed => Self::Passed,
            (false, Some(message)) => Self::Failed { kind: Kind::of(&message), message },
            (false, None) => Self::Unclear(format!("it failed without a panic: {}", run.status)),
            (true, _) => Self::Unclear("it succeeded, but no test passed".to_owned()),
        }
    }
}

/// The message of the first panic: what follows `panicked at …:` up to the next thread's, or a note.
fn first_panic(stderr: &str) -> Option<String> {
    let (_, after) = stderr.split_once("panicked at ")?;
    let (_, message) = after.split_once('\n')?;
    let ends = |line: &&str| !line.starts_with("note: ") && !line.contains("panicked at ");
    let lines: Vec<&str> = message.lines().take_while(ends).collect();
    Some(lines.join("\n").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = "\nrunning 1 test\ntest m ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed;\n";

    fn run(success: bool, stdout: &str, stderr: &str) -> Run {
        Run {
            success,
            status: "exit status: 101".to_owned(),
            timed_out: false,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    fn kind(message: &str) -> Kind {
        let stderr =
            format!("\nthread 'm' (7) panicked at src/rt.rs:1:2:\n{message}\nnote: run with `RUST_BACKTRACE=1`\n");
        match Verdict::of(&run(false, FAILED, &stderr)) {
            Verdict::Failed { kind, .. } => kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_checkers_messages_are_told_apart() {
        assert_eq!(kind("deadlock; threads = [(Id(0), Blocked)]"), Kind::Deadlock);
        assert_eq!(
            kind("Causality violation: Concurrent load and mut accesses.\n    load: thread #1"),
            Kind::Causality
        );
        assert_eq!(kind("\nCausality violation: Concurrent write accesses to `UnsafeCell`."), Kind::Causality);
        assert_eq!(kind("Arc leaked.\n  Index: 3"), Kind::Leak);
        assert_eq!(kind("Allocation leaked.\n  Index: 3"), Kind::Leak);
        assert_eq!(kind("assertion `left == right` failed\n  left: 1\n right: 2"), Kind::Assert);
        assert_eq!(kind("no deadlock was leaked"), Kind::Assert);
        assert_eq!(kind("Model exceeded maximum number of branches. This is often"), Kind::Branches);
    }

    #[test]
    fn the_first_panic_decides() {
        let stderr =
            "thread 'm' (7) panicked at a.rs:1:2:\ntoken lost\nthread 'm' (7) panicked at b.rs:1:2:\nArc leaked.\n";
        let expected = Verdict::Failed { kind: Kind::Assert, message: "token lost".to_owned() };
        assert_eq!(Verdict::of(&run(false, FAILED, stderr)), expected);
    }

    #[test]
    fn an_abort_after_a_panic_still_counts() {
        let stderr = "thread 'm' (7) panicked at a.rs:1:2:\ndeadlock; threads = []\nthread caused non-unwinding panic. aborting.\n";
        let verdict = Verdict::of(&run(false, "\nrunning 1 test\n", stderr));
        assert!(matches!(verdict, Verdict::Failed { kind: Kind::Deadlock, .. }), "{verdict:?}");
    }

    #[test]
    fn a_pass_is_one_test_that_passed() {
        let passed = "\nrunning 1 test\ntest m ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n";
        assert_eq!(Verdict::of(&run(true, passed, "")), Verdict::Passed);
        let none = "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n";
        assert!(matches!(Verdict::of(&run(true, none, "")), Verdict::Unclear(_)));
        let ignored = "\nrunning 1 test\ntest m ... ignored\n\ntest result: ok. 0 passed; 0 failed; 1 ignored\n";
        assert!(matches!(Verdict::of(&run(true, ignored, "")), Verdict::Unclear(_)));
    }

    #[test]
    fn a_crash_and_a_hang_are_no_kills() {
        assert!(matches!(Verdict::of(&run(false, "\nrunning 1 test\n", "")), Verdict::Unclear(_)));
        let hung = Run { timed_out: true, ..run(false, FAILED, "thread 'm' panicked at a:1:\ndeadlock; threads\n") };
        assert_eq!(Verdict::of(&hung), Verdict::TimedOut);
    }
}
