//! An event is one word.
//!
//! | bits | of a time | of any other |
//! |---|---|---|
//! | 0 to 3 | the kind | the kind |
//! | 4 to 63 | nanoseconds since the start of the runtime: 36 years | |
//! | 4 to 19 | | where the task was spawned (`scheduler/sites.rs`), or a number that the kind explains |
//! | 3 | | of a poll: the task that was polled before has ended, and was ready ([`ENDED`]) |
//! | 19 | | of a poll: that task was woken meanwhile, and queued again ([`AGAIN`]) |
//! | 20 to 63 | | the task's address without its lowest four bits, or a number that the kind explains |
//!
//! Who calls it: who records (`pen.rs`) makes words, who tells of a recording (`insight/recording/`) reads them.

/// What has happened. The numbers are those of the file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// The event before was so late.
    Stamp = 1,
    /// A poll begins, of a task spawned there. It ends as the next thing begins that is none of its doing.
    Poll = 2,
    /// The task, which is polled or dropped, comes to its end: number 0 to 2, see [`End`]. Without an address it is the one that was polled last.
    End = 3,
    /// A task is spawned there.
    Spawn = 4,
    /// A task that waited is queued, or one that was woken as it was polled.
    Wake = 5,
    /// The poll before was made to give way.
    Yield = 6,
    /// So many tasks were taken from the queue of the worker of the first number.
    Steal = 7,
    /// So many wakers of timers and sources are about to be woken; the first number says of how many, it is timers.
    Fire = 8,
    /// There is nothing to do; or, by the number, something that who does not know it may take for that: see [`PARK`], [`HOOK`], [`PAUSE`].
    Park = 9,
    /// A blocking job begins, or has ended: number 0 or 1.
    Block = 11,
    /// It is so late.
    Time = 12,
    /// A root future is polled.
    Root = 13,
    /// The task has a name, of the first number.
    Name = 14,
    Unpark = 15,
}

/// How a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Ready = 0,
    Cancelled = 1,
    Panicked = 2,
}

const KIND_BITS: u32 = 4;
const NUMBER_BITS: u32 = 16;
const ADDRESS_SHIFT: u32 = KIND_BITS + NUMBER_BITS;
/// Allocators put what is as large as a task at multiples of sixteen; one that does not has its tasks told by the multiple below. So there is room for addresses of 48 bits.
const ALIGN_BITS: u32 = 4;

/// The task that was polled before has ended: a bit that makes one kind of poll the other.
pub(crate) const ENDED: u64 = 1 << 3;

/// The poll before has left its task in a queue: a bit that numbers of places leave.
pub(crate) const AGAIN: u64 = 1 << (ADDRESS_SHIFT - 1);

/// The thread sleeps.
pub(crate) const PARK: u64 = of_numbers(Kind::Park, 0, 0);

/// A hook of the thread's is called, for it goes idle or has something to do again. It ends as a poll does.
pub(crate) const HOOK: u64 = of_numbers(Kind::Park, 1, 0);

/// Nothing is recorded from here on: what comes next is recorded after a while of which nobody knows.
pub(crate) const PAUSE: u64 = of_numbers(Kind::Park, 2, 0);

/// The thread has woken.
pub(crate) const UNPARK: u64 = of_numbers(Kind::Unpark, 0, 0);

/// The highest number that has room.
pub(crate) const MOST: u64 = (1 << NUMBER_BITS) - 1;

/// Something that happens to the task at `address`.
#[inline]
pub(crate) const fn of_task(kind: Kind, number: u64, address: usize) -> u64 {
    debug_assert!(number <= MOST, "a number of 16 bits");
    kind as u64 | number << KIND_BITS | (address as u64) >> ALIGN_BITS << ADDRESS_SHIFT
}

/// Something of two numbers: one that is too high stands as the highest that has room.
#[inline]
pub(crate) const fn of_numbers(kind: Kind, first: u64, second: u64) -> u64 {
    const MOST_OF_SECOND: u64 = (1 << (64 - ADDRESS_SHIFT)) - 1;
    let first = if first < MOST { first } else { MOST };
    let second = if second < MOST_OF_SECOND { second } else { MOST_OF_SECOND };
    kind as u64 | first << KIND_BITS | second << ADDRESS_SHIFT
}

#[inline]
pub(crate) fn time(kind: Kind, nanoseconds: u64) -> u64 {
    kind as u64 | nanoseconds << KIND_BITS
}

/// A word that is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) kind: Kind,
    pub(crate) number: u64,
    /// As it was put in, in words of two numbers.
    pub(crate) second: u64,
}

impl Parts {
    /// `None` for what is no event.
    pub(crate) fn of(word: u64) -> Option<Self> {
        let kind = match word & ((1 << KIND_BITS) - 1) {
            1 => Kind::Stamp,
            2 | 10 => Kind::Poll,
            3 => Kind::End,
            4 => Kind::Spawn,
            5 => Kind::Wake,
            6 => Kind::Yield,
            7 => Kind::Steal,
            8 => Kind::Fire,
            9 => Kind::Park,
            11 => Kind::Block,
            12 => Kind::Time,
            13 => Kind::Root,
            14 => Kind::Name,
            15 => Kind::Unpark,
            _ => return None,
        };
        Some(Self { kind, number: word >> KIND_BITS & MOST, second: word >> ADDRESS_SHIFT })
    }

    /// The address of the task that it happens to.
    pub(crate) fn address(self) -> u64 {
        self.second << ALIGN_BITS
    }

    /// The number of the place where that was spawned.
    pub(crate) fn place(self) -> u16 {
        self.number as u16 & !((AGAIN >> KIND_BITS) as u16)
    }

    /// The time that a stamp or a time says, in nanoseconds.
    pub(crate) fn nanoseconds(word: u64) -> u64 {
        word >> KIND_BITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out() {
        for address in [0, 16, 0x7fff_ffff_fff0, 0xffff_ffff_fff0] {
            for number in [0, 1, MOST] {
                let parts = Parts::of(of_task(Kind::Wake, number, address)).unwrap();
                assert_eq!((parts.kind, parts.number, parts.address()), (Kind::Wake, number, address as u64));
            }
        }
        let parts = Parts::of(of_numbers(Kind::Steal, 3, 7)).unwrap();
        assert_eq!((parts.kind, parts.number, parts.second), (Kind::Steal, 3, 7));
        assert_eq!(Parts::of(of_numbers(Kind::Fire, u64::MAX, u64::MAX)).unwrap().number, MOST);
        assert_eq!(Parts::nanoseconds(time(Kind::Stamp, u64::MAX >> KIND_BITS)), u64::MAX >> KIND_BITS);
    }

    #[test]
    fn every_kind_is_read_as_what_it_was_written_as() {
        assert!(Parts::of(0).is_none());
        for kind in 1..16 {
            let known = Parts::of(kind).unwrap().kind;
            assert!(known as u64 == kind || known == Kind::Poll && kind == Kind::Poll as u64 | ENDED);
        }
    }
}
