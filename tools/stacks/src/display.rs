//! Stacks as text.

use std::error::Error as _;
use std::fmt;

use crate::{Frame, Report, Stack};

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = if f.alternate() { None } else { self.task_frames() };
        let shown = &self.frames()[..cut.unwrap_or(self.frames().len())];
        for (index, frame) in shown.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{index:4}: {frame}")?;
        }
        if cut.is_none() && !self.is_whole() {
            write!(f, "\n      (what is below is not known)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.function(), self.image(), self.address_in_image()) {
            (Some(function), ..) => f.write_str(function)?,
            (None, Some(image), Some(address)) => write!(f, "{address:#x} in {image}")?,
            (None, ..) => write!(f, "{:#x}", self.address())?,
        }
        if let Some(file) = self.file() {
            write!(f, "\n             at {file}")?;
            if let Some(line) = self.line() {
                write!(f, ":{line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.alarm())?;
        match self.stack() {
            Ok(stack) => fmt::Display::fmt(stack, f),
            Err(error) => {
                write!(f, "  no stack: {error}")?;
                error.source().map_or(Ok(()), |source| write!(f, ": {source}"))
            }
        }
    }
}
