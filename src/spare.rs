//! Room that a vector or a queue has to spare: what a burst has taken is given back.
//!
//! The standard collections keep the room of their peak for as long as they live. Whoever takes something out of one that lives as long as a
//! runtime, a set or a pool calls [`give_back`](GiveBack::give_back): once three quarters of the room are empty all goes but what is in use and as much again.
//! So half as many elements have to come or go as were moved before any is moved again, and each costs a constant on average, whatever the order. A
//! collection that is small anyway keeps what it has, and one that grows and shrinks by a few allocates nothing.
//!
//! Who calls it: anybody who owns a collection. It may free memory, under whatever lock guards the collection, as growing does.
//! Deliberately not here: the deques and the injector, which give back by themselves, and the timers' storage (`time/wheel/slab.rs`).

use std::collections::VecDeque;

/// Room for so many elements is kept.
const KEPT: usize = 64;

/// A collection that has room to spare.
pub(crate) trait GiveBack {
    /// Gives room back if less than a quarter of it is in use. Called after something was taken out.
    fn give_back(&mut self);
}

/// For how many elements room is left where `len` are in room for `capacity`: as many as are in use, and as many again. None if that room is not too much.
#[inline]
pub(crate) fn left_of(capacity: usize, len: usize) -> Option<usize> {
    (capacity > KEPT && len < capacity / 4).then(|| (2 * len).max(KEPT))
}

impl<T> GiveBack for Vec<T> {
    #[inline]
    fn give_back(&mut self) {
        #[cold]
        fn shrink<T>(vector: &mut Vec<T>, left: usize) {
            vector.shrink_to(left);
        }
        if let Some(left) = left_of(self.capacity(), self.len()) {
            shrink(self, left);
        }
    }
}

impl<T> GiveBack for VecDeque<T> {
    #[inline]
    fn give_back(&mut self) {
        #[cold]
        fn shrink<T>(queue: &mut VecDeque<T>, left: usize) {
            queue.shrink_to(left);
        }
        if let Some(left) = left_of(self.capacity(), self.len()) {
            shrink(self, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 10_000;

    #[test]
    fn what_is_left_of_a_peak_is_little_whether_it_goes_one_by_one_or_at_once() {
        for once in [false, true] {
            let (mut queue, mut stack): (VecDeque<_>, Vec<_>) = ((0..MANY).collect(), (0..MANY).collect());
            while let (Some(_), Some(_)) = (queue.pop_front(), stack.pop()) {
                if once {
                    queue.clear();
                    stack.clear();
                }
                queue.give_back();
                stack.give_back();
                for capacity in [queue.capacity(), stack.capacity()] {
                    assert!(capacity <= KEPT.max(4 * queue.len() + 4), "room for {capacity} beside {}", queue.len());
                }
            }
            assert!(queue.capacity() <= KEPT && stack.capacity() <= KEPT);
        }
    }

    #[test]
    fn one_that_comes_and_goes_moves_nothing() {
        let mut queue: VecDeque<_> = (0..MANY).collect();
        for left in (0..MANY).rev() {
            assert!(queue.pop_front().is_some());
            queue.give_back();
            let room = queue.capacity();
            for _ in 0..3 {
                queue.push_back(left);
                assert!(queue.pop_back().is_some());
                queue.give_back();
            }
            assert_eq!(queue.capacity(), room, "at {left}");
        }
    }

    #[test]
    fn a_peak_that_is_reached_again_and_again_moves_each_element_a_few_times_at_most() {
        let mut queue = VecDeque::new();
        let (mut moved, mut room) = (0, 0);
        for round in 0..10 {
            for n in 0..MANY {
                queue.push_back(n);
                if std::mem::replace(&mut room, queue.capacity()) != queue.capacity() {
                    moved += queue.len();
                }
            }
            while queue.pop_front().is_some() {
                queue.give_back();
                if std::mem::replace(&mut room, queue.capacity()) != queue.capacity() {
                    moved += queue.len();
                }
            }
            assert!(moved <= 4 * (round + 1) * MANY, "{moved} moves of {MANY} elements in {round} rounds");
        }
    }
}
