//! epoll, with a timer that is as exact as the kernel's: epoll itself counts in milliseconds.
//!
//! Every socket is edge-triggered, and so is the timer, which therefore is never read.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// The token of the timer.
const TIMER: u64 = u64::MAX;

/// As many events as one call may bring.
const BATCH: usize = 256;

/// No answer for so long is none any more.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

const NEVER: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

#[derive(Clone, Copy, Debug)]
pub(super) enum Interest {
    Answer,
    /// An answer, and room for what could not be sent.
    Both,
}

pub(super) struct Selector {
    epoll: OwnedFd,
    timer: OwnedFd,
    /// What the last call brought.
    events: Vec<Event>,
}

impl Selector {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        Ok(Self { epoll, timer, events: Vec::with_capacity(BATCH) })
    }

    /// To be told of as `token`. A socket that is closed is forgotten.
    pub(super) fn add(&self, socket: &OwnedFd, token: usize, interest: Interest) -> io::Result<()> {
        let flags = match interest {
            Interest::Answer => EventFlags::IN,
            Interest::Both => EventFlags::IN | EventFlags::OUT,
        };
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token as u64), flags | EventFlags::ET)?)
    }

    /// Waits until something has happened, or for `time` if that is given. The sockets it has happened to are in `tokens` then.
    pub(super) fn wait(&mut self, time: Option<Duration>, tokens: &mut VecDeque<usize>) -> io::Result<()> {
        if let Some(time) = time {
            // Zero would disarm it.
            let time = Timespec::try_from(time.max(Duration::from_nanos(1))).expect("a schedule is short");
            let once = Itimerspec { it_interval: NEVER, it_value: time };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        }
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&PATIENCE)) {
            Err(Errno::INTR) => return Ok(()),
            Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "the server has fallen silent")),
            result => drop(result?),
        }
        let of_sockets = self.events.iter().map(|event| event.data.u64()).filter(|token| *token != TIMER);
        tokens.extend(of_sockets.map(|token| token as usize));
        Ok(())
    }
}
