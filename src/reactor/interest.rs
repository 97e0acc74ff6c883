//! What a source is asked for, as users say it.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use super::bits;

/// What to wait for on a source: that it can be read, written, or has something urgent to say. Interests are added up with `|`, or with [`add`](Self::add).
///
/// ```
/// use fusee::io::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interest(u8);

impl Interest {
    /// That it can be read, or that no more will come.
    pub const READABLE: Self = Self(bits::READABLE);
    /// That it can be written, or that nobody will read it any more.
    pub const WRITABLE: Self = Self(bits::WRITABLE);
    /// That it has urgent data, as TCP calls it, or something of the kind.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const PRIORITY: Self = Self(bits::PRIORITY);
    /// That something is wrong with it.
    pub const ERROR: Self = Self(bits::ERROR);

    /// Both.
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is left without `other`; `None` if that is nothing.
    #[must_use]
    pub fn remove(self, other: Self) -> Option<Self> {
        Some(Self(self.0 & !other.0)).filter(|left| left.0 != 0)
    }

    /// Whether it includes [`READABLE`](Self::READABLE).
    pub const fn is_readable(self) -> bool {
        self.0 & bits::READABLE != 0
    }

    /// Whether it includes [`WRITABLE`](Self::WRITABLE).
    pub const fn is_writable(self) -> bool {
        self.0 & bits::WRITABLE != 0
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

    /// The bits that are asked of the selector.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// The bits of readiness that meet it: the end of a direction does, too.
    pub(crate) const fn mask(self) -> u8 {
        let read = if self.is_readable() { bits::READ_CLOSED } else { 0 };
        let write = if self.is_writable() { bits::WRITE_CLOSED } else { 0 };
        self.0 | read | write
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (bits::READABLE, "READABLE"),
            (bits::WRITABLE, "WRITABLE"),
            (bits::PRIORITY, "PRIORITY"),
            (bits::ERROR, "ERROR"),
        ];
        let named: Vec<_> = names.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| *name).collect();
        f.write_str(&named.join(" | "))
    }
}
