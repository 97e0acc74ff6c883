//! Stacks as text.

use std::error::Error as _;
use std::fmt;

use crate::{Frame, Report, Stack};

/// Where fusee polls a task.
const POLL: &str = "fusee::task::cell";

impl Stack {
    /// So many frames are the task's; nothing if no task is polled on this stack.
    fn above_poll(&self) -> Option<usize> {
        self.frames.iter().position(|frame| {
            frame.function().is_some_and(|name| name.trim_start_matches('<').starts_with(POLL))
        })
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = if f.alternate() { None } else { self.above_poll() };
        let shown = &self.frames[..cut.unwrap_or(self.frames.len())];
        for (index, frame) in shown.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{index:4}: {frame}")?;
        }
        if cut.is_none() && !self.is_whole {
            write!(f, "\n      (what is below is not known)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(function) => f.write_str(function)?,
            None => write!(f, "{:#x}", self.address)?,
        }
        if let Some(file) = &self.file {
            write!(f, "\n             at {file}")?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.alarm)?;
        match &self.stack {
            Some(Ok(stack)) => fmt::Display::fmt(stack, f),
            Some(Err(error)) => {
                write!(f, "  no stack: {error}")?;
                error.source().map_or(Ok(()), |source| write!(f, ": {source}"))
            }
            None if self.alarm.has_ended() => f.write_str("  no stack: the poll has ended"),
            None => f.write_str("  no stack: the thread is not known"),
        }
    }
}
