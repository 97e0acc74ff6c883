//! The values of the applications' options.

use fusee::time::Duration;
use lexopt::Parser;

use crate::arguments;

pub(crate) fn text(parser: &mut Parser) -> Result<String, String> {
    Ok(parser.value().map_err(|error| error.to_string())?.to_string_lossy().into_owned())
}

/// A count for `what`, from `least` to `most`.
pub(crate) fn count(parser: &mut Parser, what: &str, least: usize, most: usize) -> Result<usize, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    match arguments::count(what, &value, least)? {
        count if count <= most => Ok(count),
        count => Err(format!("{what} must be at most {most}, not {count}")),
    }
}

/// From `least` to `most` seconds.
pub(crate) fn seconds(parser: &mut Parser, least: usize, most: usize) -> Result<Duration, String> {
    Ok(Duration::from_secs(count(parser, "S", least, most)? as u64))
}
