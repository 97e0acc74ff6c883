//! The kernel's selector: which sources are ready, asked of many at once. mio's, edge-triggered, with an alarm that is exact.
//!
//! `epoll_wait` counts milliseconds. So on Linux a timer of the kernel's (`timerfd`) is one of the sources: it is armed when a wait must end before it would
//! ring anyway, and never read, for each time that it rings is an edge of its own. Elsewhere the selector's own timeout is used.
//!
//! Who calls it: `reactor/`, whoever has the lease for [`Selector::wait`], any thread for [`Remote`].
//! Deliberately not here: who waits, and what an event is for.

use std::io;
use std::time::Duration;

use mio::{Events, Interest, Poll, Registry, Token, Waker};

use super::RawInstant;

/// A source of readiness: a socket, a pipe.
pub(crate) use mio::event::Source;

/// What a source is ready for, or asked for: bits of a byte.
pub(crate) mod bits {
    pub(crate) const READABLE: u8 = 1;
    pub(crate) const WRITABLE: u8 = 1 << 1;
    pub(crate) const READ_CLOSED: u8 = 1 << 2;
    pub(crate) const WRITE_CLOSED: u8 = 1 << 3;
    pub(crate) const PRIORITY: u8 = 1 << 4;
    pub(crate) const ERROR: u8 = 1 << 5;
}

/// The most events that one wait answers.
const MOST: usize = 64;

/// What no source is called: the wake, and the alarm.
const WAKE: Token = Token(usize::MAX);
#[cfg(target_os = "linux")]
const ALARM: Token = Token(usize::MAX - 1);

/// Until when to wait for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Not at all.
    No,
    Until(RawInstant),
    Forever,
}

/// How a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waited {
    /// Events of sources.
    pub(crate) events: usize,
    /// The time to wait until has come.
    pub(crate) is_over: bool,
}

/// The part of a selector that waits.
#[derive(Debug)]
pub(crate) struct Selector {
    poll: Poll,
    events: Events,
    #[cfg(target_os = "linux")]
    alarm: alarm::Alarm,
}

/// The part of a selector that any thread may use.
#[derive(Debug)]
pub(crate) struct Remote {
    registry: Registry,
    waker: Waker,
}

impl Selector {
    /// # Errors
    /// When the process has no descriptors left, of which it takes four on Linux.
    pub(crate) fn new() -> io::Result<(Self, Remote)> {
        let poll = Poll::new()?;
        let remote = Remote { registry: poll.registry().try_clone()?, waker: Waker::new(poll.registry(), WAKE)? };
        #[cfg(target_os = "linux")]
        let alarm = alarm::Alarm::new(poll.registry())?;
        let events = Events::with_capacity(MOST);
        #[cfg(target_os = "linux")]
        return Ok((Self { poll, events, alarm }, remote));
        #[cfg(not(target_os = "linux"))]
        Ok((Self { poll, events }, remote))
    }

    /// Waits for events, and hands each to `deliver`, with the number and the readiness of its source. It may return before the time, without any.
    pub(crate) fn wait(&mut self, wait: Wait, mut deliver: impl FnMut(usize, u8)) -> Waited {
        let timeout = self.timeout(wait);
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            Err(error) => panic!("the selector, which is this runtime's alone, cannot be waited for: {error}"),
        }
        let mut events = 0;
        for event in &self.events {
            match event.token() {
                WAKE => {}
                #[cfg(target_os = "linux")]
                ALARM => self.alarm.rings(),
                token => {
                    events += 1;
                    deliver(token.0, readiness(event));
                }
            }
        }
        let is_over = match wait {
            Wait::No => true,
            Wait::Until(deadline) => events == 0 && deadline <= RawInstant::now(),
            Wait::Forever => false,
        };
        Waited { events, is_over }
    }

    #[cfg(target_os = "linux")]
    fn timeout(&mut self, wait: Wait) -> Option<Duration> {
        match wait {
            Wait::No => Some(Duration::ZERO),
            Wait::Until(deadline) => self.alarm.set(deadline),
            Wait::Forever => None,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn timeout(&mut self, wait: Wait) -> Option<Duration> {
        match wait {
            Wait::No => Some(Duration::ZERO),
            Wait::Until(deadline) => Some(deadline.saturating_duration_since(RawInstant::now())),
            Wait::Forever => None,
        }
    }
}

impl Remote {
    /// Adds `source` under the number `token`, to be told of what `interest` has bits for. What it is ready for already is told, too.
    pub(crate) fn add(&self, source: &mut impl Source, token: usize, interest: u8) -> io::Result<()> {
        source.register(&self.registry, Token(token), to_mio(interest))
    }

    /// Takes `source` out again.
    pub(crate) fn remove(&self, source: &mut impl Source) -> io::Result<()> {
        source.deregister(&self.registry)
    }

    /// Ends the wait of whoever waits, or the next one.
    pub(crate) fn wake(&self) {
        self.waker.wake().expect("the selector's own descriptor can be written to");
    }
}

fn to_mio(interest: u8) -> Interest {
    let wanted = [
        (bits::READABLE, Interest::READABLE),
        (bits::WRITABLE, Interest::WRITABLE),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        (bits::PRIORITY, Interest::PRIORITY),
    ];
    let wanted = wanted.into_iter().filter(|(bit, _)| interest & bit != 0).map(|(_, interest)| interest);
    // Errors are told in any case: to ask for them alone is to ask for something that is told of.
    wanted.reduce(Interest::add).unwrap_or(Interest::READABLE)
}

fn readiness(event: &mio::event::Event) -> u8 {
    let told = [
        (event.is_readable(), bits::READABLE),
        (event.is_writable(), bits::WRITABLE),
        (event.is_read_closed(), bits::READ_CLOSED),
        (event.is_write_closed(), bits::WRITE_CLOSED),
        (event.is_priority(), bits::PRIORITY),
        (event.is_error(), bits::ERROR),
    ];
    told.into_iter().filter(|(is_told, _)| *is_told).fold(0, |ready, (_, bit)| ready | bit)
}

#[cfg(target_os = "linux")]
mod alarm {
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::time::Duration;

    use mio::event::Source;
    use mio::unix::SourceFd;
    use mio::{Interest, Registry};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };

    use super::RawInstant;

    /// A timer of the kernel's.
    #[derive(Debug)]
    pub(super) struct Alarm {
        timer: OwnedFd,
        /// When it rings, unless it has rung.
        at: Option<RawInstant>,
    }

    impl Alarm {
        pub(super) fn new(registry: &Registry) -> io::Result<Self> {
            let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
            SourceFd(&timer.as_raw_fd()).register(registry, super::ALARM, Interest::READABLE)?;
            Ok(Self { timer, at: None })
        }

        /// Sees to it that it rings at `deadline`, or before. The timeout that is needed beside it: none, unless it cannot be set.
        pub(super) fn set(&mut self, deadline: RawInstant) -> Option<Duration> {
            if self.at.is_some_and(|at| at <= deadline) {
                return None;
            }
            let left = deadline.saturating_duration_since(RawInstant::now());
            if left.is_zero() {
                return Some(Duration::ZERO);
            }
            let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
            let value = Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos().into() };
            let interval = Timespec { tv_sec: 0, tv_nsec: 0 };
            let new = Itimerspec { it_interval: interval, it_value: value };
            match timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &new) {
                Ok(_) => {
                    self.at = Some(deadline);
                    None
                }
                // A time that the kernel cannot tell. The wait ends later than that by less than a millisecond, if it ever does.
                Err(_) => Some(left),
            }
        }

        /// It has rung.
        pub(super) fn rings(&mut self) {
            self.at = None;
        }
    }
}
