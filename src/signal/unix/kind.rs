//! The kinds of signals.

use std::ffi::c_int;

use signal_hook::consts;

/// A kind of signal, by its number.
///
/// ```
/// use fusee::signal::unix::SignalKind;
///
/// assert_eq!(SignalKind::from_raw(15), SignalKind::terminate());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalKind(c_int);

/// A constructor for each kind that has a name everywhere.
macro_rules! kinds {
    ($($(#[$attribute:meta])* $name:ident $constant:ident $meaning:literal;)*) => {
        impl SignalKind {
            $(
                #[doc = concat!("`", stringify!($constant), "`: ", $meaning)]
                #[doc = ""]
                #[doc = "```"]
                #[doc = "use fusee::signal::unix::SignalKind;"]
                #[doc = ""]
                #[doc = concat!("assert!(SignalKind::", stringify!($name), "().as_raw_value() > 0);")]
                #[doc = "```"]
                $(#[$attribute])*
                pub const fn $name() -> Self {
                    Self(consts::$constant)
                }
            )*
        }
    };
}

kinds! {
    alarm SIGALRM "a timer of the process's has rung. By default it ends the process.";
    child SIGCHLD "a child has stopped or ended. By default it does nothing.";
    hangup SIGHUP "the terminal is gone; daemons take it to read their configuration again. By default it ends the process.";
    #[cfg(any(
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "openbsd"
    ))]
    info SIGINFO "somebody asks at the terminal how far it is. By default it does nothing.";
    interrupt SIGINT "ctrl-c. By default it ends the process.";
    #[cfg(not(target_os = "haiku"))]
    io SIGIO "a descriptor is ready. By default it ends the process on Linux, and does nothing elsewhere.";
    pipe SIGPIPE "a write to a pipe that nobody reads. Rust's standard library ignores it as a program begins.";
    quit SIGQUIT "ctrl-\\\\. By default it ends the process with a core dump.";
    terminate SIGTERM "the process is asked to end, which it does by default.";
    user_defined1 SIGUSR1 "what the program likes. By default it ends the process.";
    user_defined2 SIGUSR2 "what the program likes. By default it ends the process.";
    window_change SIGWINCH "the terminal has another size. By default it does nothing.";
}

impl SignalKind {
    /// The kind of a number of this system's, be it a real-time signal or one that there is not: [`signal`](super::signal) says so.
    ///
    /// ```
    /// use fusee::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::from_raw(2), SignalKind::interrupt());
    /// ```
    pub const fn from_raw(number: c_int) -> Self {
        Self(number)
    }

    /// Its number.
    ///
    /// ```
    /// use fusee::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::hangup().as_raw_value(), 1);
    /// ```
    pub const fn as_raw_value(&self) -> c_int {
        self.0
    }
}

impl From<c_int> for SignalKind {
    fn from(number: c_int) -> Self {
        Self::from_raw(number)
    }
}

impl From<SignalKind> for c_int {
    fn from(kind: SignalKind) -> Self {
        kind.as_raw_value()
    }
}
