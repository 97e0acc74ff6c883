//! What a source is ready for, as users see it.
//!
//! Who calls it: users, on any thread, of what `source/` tells them.
//! Deliberately not here: the readiness of a source that threads share (`slot.rs`).

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

use super::{Interest, bits};

/// What a source is ready for: a set, joined with `|`, cut with `&` and `-`.
///
/// It is a guess: an operation that is tried may still find that it would block. An [`Interest`] is taken where a set
/// is joined or cut.
///
/// ```
/// use fusee::io::Ready;
///
/// let ready = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(ready.is_readable() && !ready.is_writable());
/// assert!(Ready::ALL.contains(ready));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// It has urgent data, or what else the kernel calls a priority event.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const PRIORITY: Self = Self(bits::PRIORITY);
    /// The kernel reports an error of it.
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
    ///
    /// ```
    /// # use fusee::io::Ready;
    /// assert!(Ready::EMPTY.is_empty() && !Ready::ERROR.is_empty());
    /// ```
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it can be read: [`READABLE`](Self::READABLE), or its end can be ([`READ_CLOSED`](Self::READ_CLOSED)).
    ///
    /// ```
    /// # use fusee::io::Ready;
    /// assert!(Ready::READABLE.is_readable() && Ready::READ_CLOSED.is_readable());
    /// assert!(!Ready::WRITABLE.is_readable());
    /// ```
    pub const fn is_readable(self) -> bool {
        self.0 & (bits::READABLE | bits::READ_CLOSED) != 0
    }

    /// Whether it can be written: [`WRITABLE`](Self::WRITABLE), or to try would tell that nobody reads
    /// ([`WRITE_CLOSED`](Self::WRITE_CLOSED)).
    ///
    /// ```
    /// # use fusee::io::Ready;
    /// assert!(Ready::WRITABLE.is_writable() && Ready::WRITE_CLOSED.is_writable());
    /// assert!(!Ready::READABLE.is_writable());
    /// ```
    pub const fn is_writable(self) -> bool {
        self.0 & (bits::WRITABLE | bits::WRITE_CLOSED) != 0
    }

    /// Whether it includes [`READ_CLOSED`](Self::READ_CLOSED).
    ///
    /// ```
    /// # use fusee::io::Ready;
    /// assert!(Ready::READ_CLOSED.is_read_closed() && !Ready::READABLE.is_read_closed());
    /// ```
    pub const fn is_read_closed(self) -> bool {
        self.0 & bits::READ_CLOSED != 0
    }

    /// Whether it includes [`WRITE_CLOSED`](Self::WRITE_CLOSED).
    ///
    /// ```
    /// # use fusee::io::Ready;
    /// assert!(Ready::WRITE_CLOSED.is_write_closed() && !Ready::WRITABLE.is_write_closed());
    /// ```
    pub const fn is_write_closed(self) -> bool {
        self.0 & bits::WRITE_CLOSED != 0
    }

    /// Whether it includes [`PRIORITY`](Self::PRIORITY).
    ///
    /// ```
    /// # use fusee::io::Ready;
    /// assert!(Ready::PRIORITY.is_priority() && !Ready::READABLE.is_priority());
    /// ```
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const fn is_priority(self) -> bool {
        self.0 & bits::PRIORITY != 0
    }

    /// Whether it includes [`ERROR`](Self::ERROR).
    ///
    /// ```
    /// # use fusee::io::Ready;
    /// assert!(Ready::ERROR.is_error() && !Ready::READABLE.is_error());
    /// ```
    pub const fn is_error(self) -> bool {
        self.0 & bits::ERROR != 0
    }

    /// Whether all of `other` is in it.
    ///
    /// ```
    /// use fusee::io::{Interest, Ready};
    ///
    /// let ready = Ready::READABLE | Ready::READ_CLOSED;
    /// assert!(ready.contains(Ready::READ_CLOSED) && ready.contains(Interest::READABLE));
    /// assert!(!ready.contains(Ready::READABLE | Ready::ERROR));
    /// ```
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
        let mut fields = f.debug_struct("Ready");
        fields
            .field("is_readable", &self.is_readable())
            .field("is_writable", &self.is_writable())
            .field("is_read_closed", &self.is_read_closed())
            .field("is_write_closed", &self.is_write_closed())
            .field("is_error", &self.is_error());
        #[cfg(any(target_os = "linux", target_os = "android"))]
        fields.field("is_priority", &self.is_priority());
        fields.finish()
    }
}
