//! The values of the applications' options.

use fusee::time::Duration;
use lexopt::Parser;

use crate::arguments;

pub(crate) fn text(parser: &mut Parser) -> Result<String, String> {
    Ok(parser.value().map_err(|error| error.to_string())?.to_string_lossy().into_owned())
}

/// The count that an `option` has, such as `--queue`, from `least` to `most`.
pub(crate) fn count(parser: &mut Parser, option: &str, least: usize, most: usize) -> Result<usize, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    let option = format!("{option}:");
    match arguments::count(&option, &value, least)? {
        count if count <= most => Ok(count),
        count => Err(format!("{option} must be at most {most}, not {count}")),
    }
}

/// The seconds that an `option` has, from `least` to `most`.
pub(crate) fn seconds(parser: &mut Parser, option: &str, least: usize, most: usize) -> Result<Duration, String> {
    Ok(Duration::from_secs(count(parser, option, least, most)? as u64))
}
