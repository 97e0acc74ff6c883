//! What a source is asked for, as users say it.
//!
//! Who calls it: users, and whoever adds a source (`source/`, `net/`, `io/`), on any thread.
//! Deliberately not here: what a source is ready for (`ready.rs`).

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use super::bits;

/// What to wait for on a source: that it can be read, that it can be written, that it has something urgent to say, that
/// it has failed.
///
/// Interests are added up with `|`, or with [`add`](Self::add) where the sum is a constant. Who waits for a sum waits
/// until one of its parts is met. An interest is never empty.
///
/// ```
/// use fusee::io::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
/// assert_eq!(format!("{both:?}"), "READABLE | WRITABLE");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interest(u8);

impl Interest {
    /// That it can be read, or that no more will come.
    pub const READABLE: Self = Self(bits::READABLE);
    /// That it can be written, or that nobody will read it any more.
    pub const WRITABLE: Self = Self(bits::WRITABLE);
    /// That it has urgent data, as TCP calls it, or what else the kernel calls a priority event: a changed file in
    /// `/sys`, say.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const PRIORITY: Self = Self(bits::PRIORITY);
    /// That the kernel reports an error of it.
    pub const ERROR: Self = Self(bits::ERROR);

    /// Both.
    ///
    /// ```
    /// use fusee::io::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert!(BOTH.is_writable() && !BOTH.is_error());
    /// ```
    #[must_use = "the sum is returned, and `self` is as it was"]
    pub const fn add(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is left without `other`; `None` if that is nothing.
    ///
    /// ```
    /// use fusee::io::Interest;
    ///
    /// assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
    /// assert_eq!(Interest::READABLE.remove(Interest::ERROR), Some(Interest::READABLE));
    /// ```
    #[must_use = "what is left is returned, and `self` is as it was"]
    pub fn remove(self, other: Self) -> Option<Self> {
        Some(Self(self.0 & !other.0)).filter(|left| left.0 != 0)
    }

    /// Whether it includes [`READABLE`](Self::READABLE).
    ///
    /// ```
    /// # use fusee::io::Interest;
    /// assert!(Interest::READABLE.is_readable() && !Interest::WRITABLE.is_readable());
    /// ```
    pub const fn is_readable(self) -> bool {
        self.0 & bits::READABLE != 0
    }

    /// Whether it includes [`WRITABLE`](Self::WRITABLE).
    ///
    /// ```
    /// # use fusee::io::Interest;
    /// assert!(Interest::WRITABLE.is_writable() && !Interest::READABLE.is_writable());
    /// ```
    pub const fn is_writable(self) -> bool {
        self.0 & bits::WRITABLE != 0
    }

    /// Whether it includes [`PRIORITY`](Self::PRIORITY).
    ///
    /// ```
    /// # use fusee::io::Interest;
    /// assert!(Interest::PRIORITY.is_priority() && !Interest::READABLE.is_priority());
    /// ```
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const fn is_priority(self) -> bool {
        self.0 & bits::PRIORITY != 0
    }

    /// Whether it includes [`ERROR`](Self::ERROR).
    ///
    /// ```
    /// # use fusee::io::Interest;
    /// assert!(Interest::ERROR.is_error() && !Interest::READABLE.is_error());
    /// ```
    pub const fn is_error(self) -> bool {
        self.0 & bits::ERROR != 0
    }

    /// The bits that are asked of the selector.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// That of whoever waits for these bits of readiness, if it is one.
    pub(crate) fn of_mask(mask: u8) -> Option<Self> {
        Some(Self(mask & (bits::READABLE | bits::WRITABLE | bits::PRIORITY | bits::ERROR)))
            .filter(|interest| interest.0 != 0)
    }

    /// The bits of readiness that meet it: the end of a direction does, too, and nothing urgent comes after the end.
    pub(crate) const fn mask(self) -> u8 {
        let reads = self.0 & (bits::READABLE | bits::PRIORITY) != 0;
        let read = if reads { bits::READ_CLOSED } else { 0 };
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
        let named = names.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| *name);
        for (index, name) in named.enumerate() {
            f.write_str(if index == 0 { "" } else { " | " })?;
            f.write_str(name)?;
        }
        Ok(())
    }
}
