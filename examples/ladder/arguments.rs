//! What the examples' command lines have in common: counts, and complaints of one line.

use std::ffi::OsStr;
use std::num::IntErrorKind;
use std::process::ExitCode;

/// Exit code of a command line that makes no sense.
const USAGE: u8 = 2;

/// Reads a count for `what`, at least `least`; digits may be grouped with `_`.
pub(crate) fn count(what: &str, text: &OsStr, least: usize) -> Result<usize, String> {
    let text = text.to_string_lossy();
    let digits = text.replace('_', "");
    match digits.parse::<usize>() {
        Ok(count) if count >= least => Ok(count),
        Ok(_) => Err(format!("{what} must be at least {least}, not {text}")),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Err(format!("{what} is too large: {text}")),
        Err(_) if digits.parse::<f64>().is_ok_and(|number| number < 0.0) => {
            Err(format!("{what} must not be negative: {text}"))
        }
        Err(_) => Err(format!("{what} must be a whole number, not {text:?}")),
    }
}

/// What is wrong with an argument that nobody expected. A negative number looks like an option to the parser.
pub(crate) fn unexpected(argument: lexopt::Arg<'_>, rest: Option<&OsStr>) -> String {
    match argument {
        lexopt::Arg::Short(digit) if digit.is_ascii_digit() => {
            format!("N must not be negative: -{digit}{}", rest.unwrap_or_default().to_string_lossy())
        }
        other => other.unexpected().to_string(),
    }
}

/// Complains about the command line: one line on standard error, and the exit code.
pub(crate) fn complain(program: &str, complaint: &str) -> ExitCode {
    eprintln!("{program}: {} (--help lists the arguments)", complaint.replace('\n', " "));
    ExitCode::from(USAGE)
}
