//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! `ci` is everything that must hold before a change lands; `tidy`, `mutants` and `sanitize` are steps of it that no other
//! tool offers; `bench-check` compares speed with what is on record. They use the standard library alone, so that the checks lean on nothing they
//! check. `simulate` checks nothing: it shows how the scheduler would do on more cores.

mod bench_check;
mod ci;
mod mutants;
mod programs;
mod sanitize;
mod simulate;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
The project's own commands.

Usage: cargo xtask COMMAND

Commands:
  ci [--keep-going] [--skip-tests | --deep]
      Format, house rules, lints, tests, documentation and mutants, with the time each took.
      --keep-going   run the remaining steps after a failure
      --skip-tests   leave out what `cargo test --workspace --all-features` has just run
      --deep         let the tests explore further: more random cases, more preemptions in bounded models, more
                     schedules of whole runtimes; then the sanitizers
  tidy
      The house rules that a machine can check.
  mutants [FILTER]
      Break each protocol on purpose and require that its model notices.
      FILTER         only the mutants whose name or model contains this text
  sanitize [address | thread] [FILTER]
      The tests under AddressSanitizer with leak detection, and under ThreadSanitizer; needs a nightly toolchain.
      FILTER         only the files of tests whose name contains this text
  bench-check [--record]
      Compare fusee with tokio and with what is recorded in benches/recorded.txt; fails if it has fallen behind. Not part
      of ci: it takes a minute and wants a quiet machine, and valgrind to count instructions.
      --record       write the file anew
  simulate [--svg DIR] [--wake NANOS] [--transfer NANOS] [--seed N]
      The scheduler's rules on 2 to 128 simulated workers, and other rules beside them.
      --svg          also draw the figures, into this folder
      --wake         how long it takes to wake a thread
      --transfer     how long it takes to pass a cache line to another core
      --seed         another run of what happens at random
";

/// What follows an error in the command line itself.
const HINT: &str = "`cargo xtask --help` lists the commands";

/// What a command needs: the arguments after its name, and the folder that holds the workspace.
struct Invocation {
    arguments: Vec<String>,
    root: PathBuf,
}

impl Invocation {
    /// Takes the flag `name` out of the arguments; true when it was there.
    fn take_flag(&mut self, name: &str) -> bool {
        let before = self.arguments.len();
        self.arguments.retain(|argument| argument != name);
        self.arguments.len() != before
    }

    /// Takes the option `name` and its value out of the arguments, if it was there.
    fn take_value(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(position) = self.arguments.iter().position(|argument| argument == name) else { return Ok(None) };
        self.arguments.remove(position);
        if position < self.arguments.len() {
            return Ok(Some(self.arguments.remove(position)));
        }
        Err(format!("`{name}` needs a value\n{HINT}"))
    }

    /// As [`take_value`](Self::take_value), for a number.
    fn take_number(&mut self, name: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.take_value(name)? else { return Ok(None) };
        value.parse().map(Some).map_err(|_| format!("`{name}` needs a number, and not `{value}`\n{HINT}"))
    }

    /// Takes the next positional argument.
    fn take_word(&mut self) -> Option<String> {
        let position = self.arguments.iter().position(|argument| !argument.starts_with('-'))?;
        Some(self.arguments.remove(position))
    }

    /// Fails if an argument is left that nobody took.
    fn finish(&self) -> Result<(), String> {
        match self.arguments.first() {
            None => Ok(()),
            Some(argument) => Err(format!("unexpected argument `{argument}`\n{HINT}")),
        }
    }
}

fn main() -> ExitCode {
    let mut invocation = Invocation { arguments: std::env::args().skip(1).collect(), root: workspace_root() };
    match run(&mut invocation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(invocation: &mut Invocation) -> Result<(), String> {
    if invocation.take_flag("--help") || invocation.take_flag("-h") {
        print!("{USAGE}");
        return Ok(());
    }
    match invocation.take_word().as_deref() {
        Some("help") => {
            print!("{USAGE}");
            Ok(())
        }
        Some("ci") => {
            let options = ci::Options {
                keep_going: invocation.take_flag("--keep-going"),
                skip_tests: invocation.take_flag("--skip-tests"),
                deep: invocation.take_flag("--deep"),
            };
            invocation.finish()?;
            if options.skip_tests && options.deep {
                return Err("--deep is about the tests that --skip-tests leaves out".to_owned());
            }
            ci::run(&invocation.root, options)
        }
        Some("tidy") => {
            invocation.finish()?;
            tidy::run(&invocation.root)
        }
        Some("mutants") => {
            let filter = invocation.take_word();
            invocation.finish()?;
            mutants::run(&invocation.root, filter.as_deref(), mutants::Baseline::Run)
        }
        Some("sanitize") => {
            let first = invocation.take_word();
            let kinds = sanitize::Kind::ALL.into_iter().filter(|kind| Some(kind.name()) == first.as_deref());
            let mut kinds: Vec<_> = kinds.collect();
            let filter = if kinds.is_empty() { first } else { invocation.take_word() };
            if kinds.is_empty() {
                kinds.extend(sanitize::Kind::ALL);
            }
            invocation.finish()?;
            sanitize::run(&invocation.root, &kinds, filter.as_deref())
        }
        Some("bench-check") => {
            let record = invocation.take_flag("--record");
            invocation.finish()?;
            bench_check::run(&invocation.root, record)
        }
        Some("simulate") => simulate(invocation),
        Some(other) => Err(format!("unknown command `{other}`\n{HINT}")),
        None => Err(format!("a command is missing\n{HINT}")),
    }
}

fn simulate(invocation: &mut Invocation) -> Result<(), String> {
    let folder = invocation.take_value("--svg")?.map(PathBuf::from);
    let options = simulate::Options {
        wake: invocation.take_number("--wake")?,
        transfer: invocation.take_number("--transfer")?,
        seed: invocation.take_number("--seed")?,
    };
    invocation.finish()?;
    simulate::run(&options, folder.as_deref())
}

/// The folder above this package; cargo names the package's own at run time, which follows a moved checkout.
fn workspace_root() -> PathBuf {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or_else(|| package.clone(), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(arguments: &[&str]) -> Invocation {
        Invocation { arguments: arguments.iter().map(ToString::to_string).collect(), root: PathBuf::new() }
    }

    #[test]
    fn a_misspelt_flag_is_an_error() {
        let mut invocation = invocation(&["ci", "--skip-test"]);
        let message = run(&mut invocation).unwrap_err();
        assert!(message.contains("unexpected argument `--skip-test`"), "{message}");
    }

    #[test]
    fn an_unknown_command_is_an_error() {
        assert!(run(&mut invocation(&["lint"])).unwrap_err().contains("unknown command `lint`"));
        let message = run(&mut invocation(&[])).unwrap_err();
        assert_eq!(message, format!("a command is missing\n{HINT}"));
        assert!(run(&mut invocation(&["help"])).is_ok());
    }

    #[test]
    fn a_sanitizer_takes_one_filter_and_no_flag() {
        let message = run(&mut invocation(&["sanitize", "thread", "races", "wake"])).unwrap_err();
        assert!(message.contains("unexpected argument `wake`"), "{message}");
        let message = run(&mut invocation(&["sanitize", "--deep"])).unwrap_err();
        assert!(message.contains("unexpected argument `--deep`"), "{message}");
    }

    #[test]
    fn an_option_needs_its_value() {
        let message = run(&mut invocation(&["simulate", "--seed"])).unwrap_err();
        assert!(message.contains("`--seed` needs a value"), "{message}");
        let message = run(&mut invocation(&["simulate", "--wake", "soon"])).unwrap_err();
        assert!(message.contains("`--wake` needs a number, and not `soon`"), "{message}");
    }

    #[test]
    fn flags_that_contradict_each_other_are_an_error() {
        let message = run(&mut invocation(&["ci", "--deep", "--skip-tests"])).unwrap_err();
        assert!(message.contains("--deep is about the tests"), "{message}");
    }

    #[test]
    fn flags_and_words_are_taken_in_any_order() {
        let mut invocation = invocation(&["--keep-going", "ci"]);
        assert_eq!(invocation.take_word().as_deref(), Some("ci"));
        assert!(invocation.take_flag("--keep-going"));
        assert!(!invocation.take_flag("--keep-going"));
        assert!(invocation.finish().is_ok());
    }
}
