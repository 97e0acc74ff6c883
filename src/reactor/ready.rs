//! What a source is ready for, as users see it.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

use super::{Interest, bits};

/// What a source is ready for: a set, joined with `|`, cut with `&` and `-`. It is a guess: an operation that is tried may still find that it would block.
///
/// ```
/// use fusee::io::Ready;
///
/// let ready = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(ready.is_readable() && !ready.is_writable());
/// assert!(Ready::ALL.contains(ready));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready(u8);

impl Ready {
    /// Nothing.
    pub const EMPTY: Self = Self(0);
    /// It can be read.
    pub const READABLE: Self = Self(bits::READABLE);
    /// It can be written.
    pub const WRITABLE: Self = Self(bits::WRITABLE);
    /// No more will come: after what is there, a read answers the end.
    pub const READ_CLOSED: Self = Self(bits::READ_CLOSED);
    /// Nobody will read it any more.
    pub const WRITE_CLOSED: Self = Self(bits::WRITE_CLOSED);
    /// It has urgent data.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const PRIORITY: Self = Self(bits::PRIORITY);
    /// Something is wrong with it.
    pub const ERROR: Self = Self(bits::ERROR);
    /// All of these.
    pub const ALL: Self = Self(
        bits::READABLE
            | bits::WRITABLE
            | bits::READ_CLOSED
            | bits::WRITE_CLOSED
            | bits::ERROR
            | if cfg!(any(target_os = "linux", target_os = "android")) { bits::PRIORITY } else { 0 },
    );

    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it can be read: [`READABLE`](Self::READABLE), or its end can be ([`READ_CLOSED`](Self::READ_CLOSED)).
    pub const fn is_readable(self) -> bool {
        self.0 & (bits::READABLE | bits::READ_CLOSED) != 0
    }

    /// Whether it can be written: [`WRITABLE`](Self::WRITABLE), or to try would tell that nobody reads ([`WRITE_CLOSED`](Self::WRITE_CLOSED)).
    pub const fn is_writable(self) -> bool {
        self.0 & (bits::WRITABLE | bits::WRITE_CLOSED) != 0
    }

    /// Whether it includes [`READ_CLOSED`](Self::READ_CLOSED).
    pub const fn is_read_closed(self) -> bool {
        self.0 & bits::READ_CLOSED != 0
    }

    /// Whether it includes [`WRITE_CLOSED`](Self::WRITE_CLOSED).
    pub const fn is_write_closed(self) -> bool {
        self.0 & bits::WRITE_CLOSED != 0
    }

    /// Whether it includes [`PRIORITY`](Self::PRIORITY).
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const fn is_priority(self) -> bool {
        self.0 & bits::PRIORITY != 0
    }

    /// Whether it includes [`ERROR`](Self::ERROR).
    pub const fn is_error(self) -> bool {
        self.0 & bits::ERROR != 0
    }

    /// Whether all of `other` is in it.
    pub fn contains<T: Into<Self>>(self, other: T) -> bool {
        let other = other.into();
        self & other == other
    }

    pub(crate) const fn of_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Those of it that meet `interest`.
    pub(crate) const fn meeting(self, interest: Interest) -> Self {
        Self(self.0 & interest.mask())
    }
}

impl From<Interest> for Ready {
    fn from(interest: Interest) -> Self {
        Self(interest.bits())
    }
}

impl<T: Into<Ready>> BitOr<T> for Ready {
    type Output = Self;

    fn bitor(self, other: T) -> Self {
        Self(self.0 | other.into().0)
    }
}

impl<T: Into<Ready>> BitOrAssign<T> for Ready {
    fn bitor_assign(&mut self, other: T) {
        self.0 |= other.into().0;
    }
}

impl<T: Into<Ready>> BitAnd<T> for Ready {
    type Output = Self;

    fn bitand(self, other: T) -> Self {
        Self(self.0 & other.into().0)
    }
}

impl<T: Into<Ready>> Sub<T> for Ready {
    type Output = Self;

    fn sub(self, other: T) -> Self {
        Self(self.0 & !other.into().0)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("is_readable", &self.is_readable())
            .field("is_writable", &self.is_writable())
            .field("is_read_closed", &self.is_read_closed())
            .field("is_write_closed", &self.is_write_closed())
            .field("is_error", &self.is_error())
            .finish()
    }
}
