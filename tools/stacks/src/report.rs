//! The stack of the poll that an alarm tells of, and whether it is that.

use fusee::insight::Alarm;

use crate::{Error, Frame, Stack, Stacks};

/// Where fusee polls a task.
const POLL: &str = "fusee::task::cell::";
/// Where fusee's threads wait for something to do.
const PARKS: [&str; 2] = ["fusee::park::", "fusee::reactor::lease::"];
/// So often a stack is asked for.
const TRIES: usize = 3;

/// What [`Stacks::report`] returns: `Display` shows the alarm's line, and below it the stack, or why there is none.
/// `{:#}` shows the whole stack.
#[derive(Debug)]
pub struct Report {
    alarm: Alarm,
    stack: Result<Stack, Error>,
}

impl Stacks {
    /// Takes the stack of the poll that `alarm` tells of, unless the poll has ended.
    ///
    /// Call it where the alarm is told, while the poll goes on. Nobody watches meanwhile: see [`of`](Self::of) for how
    /// long it may take.
    ///
    /// The stack is one that the thread has had while it slept. Whether it is the poll's is told by what is on it: if
    /// fusee polls no task there, or the thread waits for something to do, the poll has [ended](Error::PollEnded). That
    /// cannot be told of a stack that is not [whole](Stack::is_whole), nor of a program without symbols. And what is
    /// never certain: that it is not the next poll, should the first have ended in the fraction of a millisecond
    /// between the watchdog's look and the copy of the stack, and the next one block, too. The alarm of the first one's
    /// end, which comes then, says that it lasted hardly longer than the limit.
    ///
    /// A poll that goes on all the time, from one short sleep to the next, is tried three times: one that reads a file
    /// piece by piece is met in one of its reads.
    ///
    /// See the [crate] for an example.
    pub fn report(&self, alarm: &Alarm) -> Report {
        Report { alarm: alarm.clone(), stack: self.stack_of(alarm) }
    }

    fn stack_of(&self, alarm: &Alarm) -> Result<Stack, Error> {
        if alarm.has_ended() {
            return Err(Error::PollEnded);
        }
        // The watchdog knows the number on Linux alone.
        let none = if cfg!(target_os = "linux") { Error::NoThread } else { Error::Unsupported };
        let thread = alarm.thread().ok_or(none)?;
        let mut stack = self.of(thread);
        for _ in 1..TRIES {
            if matches!(stack, Err(Error::MovedOn)) {
                stack = self.of(thread);
            }
        }
        stack.and_then(|stack| if stack.may_be_of(alarm) { Ok(stack) } else { Err(Error::PollEnded) })
    }
}

impl Report {
    /// The alarm.
    pub fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// The stack, or why there is none.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn stack(&self) -> Result<&Stack, &Error> {
        self.stack.as_ref()
    }
}

impl Stack {
    /// Whether it may be that of the poll that `alarm` tells of, by what is known of it.
    fn may_be_of(&self, alarm: &Alarm) -> bool {
        // Without its end, or without fusee's names, it does not tell.
        let tells = self.is_whole && self.frames.iter().any(|frame| frame.is_in("fusee::"));
        let parks = || self.frames.iter().any(|frame| PARKS.iter().any(|module| frame.is_in(module)));
        // What is no task's is the future of a `block_on`, or a waker.
        let polls = self.task_frames().is_some() || alarm.task().is_none() && !parks();
        polls || !tells
    }

    /// So many frames are the task's; nothing if no task is polled on this stack.
    pub(crate) fn task_frames(&self) -> Option<usize> {
        let at = self.frames.iter().position(|frame| frame.is_in(POLL))?;
        let poll = &self.frames[at];
        // What is inlined there may have no module in its name, but it has the file.
        let is_inlined =
            |frame: &Frame| frame.address == poll.address && frame.file.is_some() && frame.file == poll.file;
        Some(self.frames[..at].iter().position(is_inlined).unwrap_or(at))
    }
}

impl Frame {
    /// Whether the function is in `module`, or a method of a type in it.
    fn is_in(&self, module: &str) -> bool {
        self.function().is_some_and(|name| name.trim_start_matches('<').starts_with(module))
    }
}
