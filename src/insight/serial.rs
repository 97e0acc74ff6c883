//! How a dump is serialised; [the module's page](super) fixes the shape, and `tests/insight/serial.rs` holds it to that.
//!
//! Who calls it: serde's derived code, on the thread that serialises a dump. Deserialising is the reader's: a place lives as long as its program.

use std::fmt::Display;
use std::panic::Location;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::{Wait, WokenBy};
use crate::facade::StdArc;
#[cfg(feature = "io")]
use crate::reactor::Interest;
use crate::task::Id;

pub(super) fn text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(super) fn optional_text<S: Serializer>(value: &Option<impl Display>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

pub(super) fn name<S: Serializer>(name: &Option<StdArc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    name.as_deref().serialize(serializer)
}

/// Those of five centuries and more are told as that.
pub(super) fn nanoseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

pub(super) fn optional_nanoseconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => nanoseconds(time, serializer),
        None => serializer.serialize_none(),
    }
}

pub(super) fn place<S: Serializer>(
    place: &Option<&'static Location<'static>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match place {
        Some(place) => known_place(place, serializer),
        None => serializer.serialize_none(),
    }
}

pub(super) fn known_place<S: Serializer>(place: &'static Location<'static>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Place {
        file: &'static str,
        line: u32,
        column: u32,
    }
    Place { file: place.file(), line: place.line(), column: place.column() }.serialize(serializer)
}

impl Serialize for Wait {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        enum Shape {
            Timer {
                #[serde(rename = "left_ns", serialize_with = "nanoseconds")]
                left: Duration,
            },
            #[cfg(feature = "io")]
            Source { number: usize, interest: Vec<&'static str> },
            Task {
                #[serde(serialize_with = "text")]
                id: Id,
            },
            BlockingJob {
                #[serde(serialize_with = "text")]
                id: Id,
            },
        }
        let shape = match *self {
            Self::Timer(left) => Shape::Timer { left },
            #[cfg(feature = "io")]
            Self::Source(number, interest) => Shape::Source { number, interest: names(interest) },
            Self::Task(id) => Shape::Task { id },
            Self::BlockingJob(id) => Shape::BlockingJob { id },
        };
        shape.serialize(serializer)
    }
}

impl Serialize for WokenBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape {
            kind: &'static str,
            #[serde(serialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
            id: Option<Id>,
        }
        let (kind, id) = match *self {
            Self::Task(id) => ("task", Some(id)),
            Self::Event => ("event", None),
            Self::WhilePolled => ("while_polled", None),
            Self::InBlockOn => ("in_block_on", None),
            Self::Outside => ("outside", None),
        };
        Shape { kind, id }.serialize(serializer)
    }
}

/// Of what an interest is made up.
#[cfg(feature = "io")]
fn names(interest: Interest) -> Vec<&'static str> {
    let parts = [
        (interest.is_readable(), "readable"),
        (interest.is_writable(), "writable"),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        (interest.is_priority(), "priority"),
        (interest.is_error(), "error"),
    ];
    parts.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect()
}
