//! A table in Markdown, aligned for who reads it as it is.

use tabled::builder::Builder;
use tabled::settings::Style;

/// The first row is the head.
pub(crate) fn markdown(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut builder = Builder::default();
    rows.into_iter().for_each(|row| builder.push_record(row));
    builder.build().with(Style::markdown()).to_string()
}
