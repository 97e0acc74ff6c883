//! The wheel by situation; `far` has the far timers, and `oracle` holds it against a sorted map.

mod far;
mod oracle;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Waker;

use super::{Key, TICK_SHIFT, Wheel, slab};

const TICK: u64 = 1 << TICK_SHIFT;

/// Every size of tick that is tried: exact nanoseconds, and the range that the default may move in.
fn tick_shifts() -> impl Iterator<Item = u32> {
    [0].into_iter().chain(10..=20)
}

/// Spans of `64^k` ticks, one less and one more, as far as they fit into a `u64` of nanoseconds.
fn level_boundaries(tick_shift: u32) -> impl Iterator<Item = u64> {
    let powers = (0..11).map(|level| 1u128 << (6 * level));
    let ticks = powers.flat_map(|power| [power - 1, power, power + 1]);
    ticks.filter_map(move |ticks| u64::try_from(ticks << tick_shift).ok())
}

/// Fires all that is due; the payloads in order.
fn expire<T>(wheel: &mut Wheel<T>, now: u64) -> Vec<T> {
    let mut fired = Vec::new();
    assert!(!wheel.expire(now, usize::MAX, |value| fired.push(value)), "no limit, nothing left");
    fired
}

/// Walks every list: links, occupied bits, and that each entry is where its tick belongs. How many entries are in lists.
fn assert_consistent<T>(wheel: &Wheel<T>) -> usize {
    let (due, mut listed) = (wheel.levels.due(), 0);
    for head in 0..=due {
        let list = wheel.slab.list(head);
        assert_eq!(wheel.levels.is_occupied(head), !list.is_empty(), "an occupied bit tells of a list");
        listed += list.len();
        for at in list {
            let entry = wheel.slab.entry(at);
            assert!(entry.value.is_some(), "what is listed is pending");
            let tick = wheel.tick(entry.deadline);
            if head == due {
                assert!(tick <= wheel.elapsed, "what is due is due");
                continue;
            }
            assert!(tick > wheel.elapsed, "what lies behind is due");
            // During a cascade, part of it is where it belongs as seen from the next tick.
            let homes = [wheel.elapsed, wheel.elapsed + 1].map(|from| wheel.levels.home(from, tick));
            assert!(homes.contains(&head), "an entry is at home");
        }
    }
    listed
}

/// The entries of the list that an entry is in.
fn neighbours<T>(wheel: &Wheel<T>, key: Key) -> usize {
    let mut lists = (0..=wheel.levels.due()).map(|head| wheel.slab.list(head));
    lists.find(|list| list.contains(&key.0)).map_or(0, |list| list.len())
}

#[test]
fn an_entry_with_a_waker_is_half_a_cache_line() {
    assert_eq!(size_of::<slab::Entry<Waker>>(), 32);
}

#[test]
fn a_timer_at_a_level_boundary_fires_with_its_tick_and_not_before() {
    for shift in tick_shifts() {
        let tick = 1 << shift;
        for start in level_boundaries(shift) {
            for span in level_boundaries(shift) {
                let Some(deadline) = start.checked_add(span).filter(|&deadline| deadline > start) else { continue };
                let mut wheel = Wheel::with_tick_shift(start, shift);
                wheel.insert(deadline, ());
                assert_eq!(wheel.next_expiry(), Some(deadline), "a sole entry's expiry is exact");
                assert_eq!(expire(&mut wheel, deadline - 1).len(), 0, "never early");
                assert_eq!(wheel.next_expiry(), Some(deadline));
                assert_eq!(expire(&mut wheel, deadline).len(), 1);

                let Some(rounded) = (deadline + 1).checked_next_multiple_of(tick) else { continue };
                wheel.insert(deadline + 1, ());
                assert_eq!(wheel.next_expiry(), Some(rounded));
                assert_eq!(expire(&mut wheel, rounded - 1).len(), 0, "rounded up to a tick");
                assert_eq!(expire(&mut wheel, rounded).len(), 1);
            }
        }
    }
}

#[test]
fn deadlines_that_have_passed_are_due_at_the_next_call() {
    let now = 1_000 * TICK + 1;
    let mut wheel = Wheel::new(now);
    for deadline in [0, 1, now - TICK, 1_000 * TICK, 1_000 * TICK - 1] {
        wheel.insert(deadline, deadline);
        assert_eq!(wheel.next_expiry(), Some(0));
        assert_eq!(expire(&mut wheel, now), [deadline], "at the same time, too");
        assert_eq!(wheel.next_expiry(), None);
    }
    wheel.insert(now, now);
    assert!(expire(&mut wheel, now).is_empty(), "now itself rounds up to the next tick");
    assert_eq!(wheel.next_expiry(), Some(1_001 * TICK));
}

#[test]
fn the_next_expiry_is_exact_for_a_sole_entry_and_the_start_of_a_slot_for_several() {
    let mut wheel = Wheel::new(0);
    let first = wheel.insert(100 * TICK - 5, ());
    assert_eq!(wheel.next_expiry(), Some(100 * TICK));
    wheel.insert(120 * TICK, ());
    assert_eq!(wheel.next_expiry(), Some(64 * TICK), "they share the slot of the ticks 64 to 127");
    assert!(expire(&mut wheel, 64 * TICK).is_empty());
    assert_eq!(wheel.next_expiry(), Some(100 * TICK), "cascaded");
    wheel.remove(first);
    assert_eq!(wheel.next_expiry(), Some(120 * TICK));
}

#[test]
fn a_timer_cancelled_between_two_batches_does_not_fire() {
    let mut wheel = Wheel::new(0);
    let keys: Vec<_> = (0..4).map(|n| wheel.insert(TICK, n)).collect();
    let mut fired = Vec::new();
    assert!(wheel.expire(TICK, 2, |n| fired.push(n)));
    assert_eq!(wheel.remove(keys[2]), Some(2));
    assert_eq!(wheel.remove(keys[0]), None, "it had fired");
    assert!(!wheel.expire(TICK, 2, |n| fired.push(n)));
    assert_eq!(fired, [0, 1, 3]);
    assert_eq!(wheel.len(), 2, "fired and not removed");
    assert_eq!(wheel.next_expiry(), None);
}

#[test]
fn a_storm_in_one_tick_fires_in_batches_in_the_order_of_registration() {
    let mut wheel = Wheel::new(0);
    for n in 0..1_000 {
        wheel.insert(5 * TICK - n % 7, n);
    }
    let mut fired = Vec::new();
    for batch in 1.. {
        let more = wheel.expire(9 * TICK, 7, |n| fired.push(n));
        assert_eq!(fired.len(), 1_000.min(7 * batch));
        assert_eq!(more, fired.len() < 1_000);
        assert_eq!(wheel.next_expiry(), more.then_some(0));
        if !more {
            break;
        }
    }
    assert!(fired.is_sorted());
}

#[test]
fn a_storm_in_a_high_slot_is_cascaded_in_batches() {
    for shift in tick_shifts() {
        let tick = 1 << shift;
        let mut wheel = Wheel::with_tick_shift(0, shift);
        let start = 3 * 64 * 64 * tick;
        let keys: Vec<_> = (0..1_000).map(|n| wheel.insert(start + n % 3 * tick, n)).collect();
        assert_eq!(neighbours(&wheel, keys[999]), 1_000);
        assert_eq!(wheel.next_expiry(), Some(start));

        for left in (1..10).rev().map(|batches| batches * 100) {
            assert!(wheel.expire(start, 100, |_| panic!("older ones are still to be moved")));
            assert_eq!(neighbours(&wheel, keys[999]), left, "a batch moves as many as the limit");
            assert_eq!(wheel.next_expiry(), Some(start), "there is work already");
            assert_consistent(&wheel);
        }
        let mut fired = 0;
        while wheel.expire(start, 100, |_| fired += 1) {}
        assert_eq!(fired, 334);
        assert_eq!(wheel.next_expiry(), Some(start + tick));
    }
}

#[test]
fn what_happens_in_the_middle_of_a_cascade_keeps_the_order() {
    let mut wheel = Wheel::new(0);
    let start = 64 * TICK;
    let keys: Vec<_> = (0..10).map(|n| wheel.insert(start + n % 2 * TICK, n)).collect();
    let mut fired = Vec::new();
    assert!(wheel.expire(start + TICK, 5, |n| fired.push(n)));
    wheel.insert(start + TICK, 12);
    wheel.insert(start, 10);
    wheel.insert(start - 1, 11);
    wheel.insert(0, 1_000);
    assert_eq!(wheel.remove(keys[0]), Some(0), "moved already");
    assert_eq!(wheel.remove(keys[8]), Some(8), "not yet moved");
    assert!(wheel.reset(keys[2], start));
    assert!(wheel.reset(keys[3], start + 3 * TICK));
    assert!(wheel.reset(keys[7], start + 64 * TICK));
    assert_consistent(&wheel);
    assert_eq!(wheel.next_expiry(), Some(0));
    while wheel.expire(start + TICK, 2, |n| fired.push(n)) {
        assert_consistent(&wheel);
    }
    assert_eq!(fired, [1_000, 4, 6, 10, 11, 2, 1, 5, 9, 12]);
    assert_eq!(expire(&mut wheel, start + 64 * TICK), [3, 7]);
}

#[test]
fn equal_ticks_fire_as_registered_whatever_levels_they_came_through() {
    for shift in tick_shifts() {
        let deadline = (64 * 64 * 64 + 64 * 64 + 64 + 1) << shift;
        let mut wheel = Wheel::with_tick_shift(0, shift);
        let approaches = level_boundaries(shift).take_while(|&ticks| ticks < deadline).collect::<Vec<_>>();
        let mut registered = 0;
        for before in approaches.into_iter().rev() {
            assert!(expire(&mut wheel, deadline - before.max(1)).is_empty());
            wheel.insert(deadline, registered);
            registered += 1;
        }
        let fired = expire(&mut wheel, deadline);
        assert_eq!(fired, (0..registered).collect::<Vec<_>>());
    }
}

#[test]
fn a_tick_of_a_nanosecond_fires_in_the_order_of_deadlines() {
    let mut wheel = Wheel::with_tick_shift(7, 0);
    let deadlines = [900_000, 8, 4_000_000_000, 10, 9, 899_999, 10, u64::MAX];
    for deadline in deadlines {
        wheel.insert(deadline, deadline);
    }
    let mut sorted = deadlines;
    sorted.sort_unstable();
    assert_eq!(expire(&mut wheel, u64::MAX), sorted);
}

#[test]
fn a_reset_moves_a_timer_earlier_later_and_across_levels() {
    for shift in tick_shifts() {
        let spans: Vec<_> = level_boundaries(shift).filter(|&span| span > 0).collect();
        for &from in &spans {
            for &to in &spans {
                let mut wheel = Wheel::with_tick_shift(0, shift);
                let key = wheel.insert(from, ());
                assert!(wheel.reset(key, to));
                assert_eq!(wheel.next_expiry(), Some(to));
                assert!(expire(&mut wheel, to - 1).is_empty());
                assert_eq!(expire(&mut wheel, to).len(), 1);
                assert!(!wheel.reset(key, to), "it has fired");
                assert_eq!((wheel.next_expiry(), wheel.len()), (None, 1));
            }
        }
    }
}

#[test]
fn a_reset_into_the_past_is_due_and_one_out_of_it_is_not() {
    let mut wheel = Wheel::new(10 * TICK);
    let (late, early) = (wheel.insert(20 * TICK, "late"), wheel.insert(TICK, "early"));
    assert!(wheel.reset(late, TICK));
    assert!(wheel.reset(early, 20 * TICK));
    assert_eq!(expire(&mut wheel, 10 * TICK), ["late"]);
    assert_eq!(wheel.next_expiry(), Some(20 * TICK));
}

#[test]
fn a_payload_can_be_replaced_until_it_fires() {
    let mut wheel = Wheel::new(0);
    let key = wheel.insert(TICK, "old");
    *wheel.get_mut(key).expect("pending") = "new";
    assert!(!wheel.is_fired(key));
    assert_eq!(expire(&mut wheel, TICK), ["new"]);
    assert!(wheel.is_fired(key));
    assert_eq!(wheel.get_mut(key), None);
    assert_eq!(wheel.remove(key), None);
    assert_eq!(wheel.len(), 0);
}

#[test]
fn a_clock_read_before_another_call_adds_nothing() {
    let mut wheel = Wheel::new(0);
    wheel.insert(10 * TICK, 10);
    wheel.insert(20 * TICK, 20);
    assert_eq!(expire(&mut wheel, 15 * TICK), [10]);
    wheel.insert(15 * TICK, 15);
    assert_eq!(expire(&mut wheel, 5 * TICK), [15], "it was due when registered");
    assert_eq!(wheel.next_expiry(), Some(20 * TICK));
    assert_eq!(expire(&mut wheel, 20 * TICK), [20]);
}

#[test]
fn storage_is_reused_and_payloads_live_once() {
    let mut wheel = Wheel::new(0);
    let payload = Rc::new(());
    for round in 1..=3 {
        let keys: Vec<_> = (0..5_000).map(|n| wheel.insert((round + n) * TICK, payload.clone())).collect();
        assert_eq!((wheel.len(), Rc::strong_count(&payload)), (5_000, 5_001));
        let most = keys.iter().map(|key| key.0).max();
        assert!(most < Some(6_144), "no number is new while others are free");
        expire(&mut wheel, (round + 2_499) * TICK);
        assert_eq!((wheel.len(), Rc::strong_count(&payload)), (5_000, 2_501));
        let pending = keys.into_iter().filter_map(|key| wheel.remove(key)).count();
        assert_eq!((pending, wheel.len(), Rc::strong_count(&payload)), (2_500, 0, 1));
        assert_eq!(wheel.next_expiry(), None);
        assert_consistent(&wheel);
    }
    wheel.insert(u64::MAX, payload.clone());
    drop(wheel);
    assert_eq!(Rc::strong_count(&payload), 1);
}

#[test]
fn everything_can_be_taken_out_in_batches() {
    let mut wheel = Wheel::new(0);
    let deadlines = level_boundaries(TICK_SHIFT).chain([u64::MAX, u64::MAX]);
    let mut keys: Vec<_> = deadlines.map(|deadline| wheel.insert(deadline, deadline)).collect();
    let kept = keys.pop().expect("the last");
    assert!(wheel.remove(kept).is_some());
    let mut taken = 0;
    while wheel.take_all(3, |_| taken += 1) {
        assert_eq!(taken % 3, 0);
        assert_consistent(&wheel);
    }
    assert_eq!(taken, keys.len());
    assert!(keys.iter().all(|&key| wheel.is_fired(key)));
    assert_eq!(wheel.next_expiry(), None);
    wheel.insert(TICK, 7);
    assert_eq!(expire(&mut wheel, TICK), [7], "it can be used as before");
}

#[test]
fn a_panic_while_firing_leaves_the_rest_in_order() {
    let mut wheel = Wheel::new(0);
    let keys: Vec<_> = (0..4).map(|n| wheel.insert(TICK, n)).collect();
    let fire = AssertUnwindSafe(|| wheel.expire(TICK, usize::MAX, |n| assert_ne!(n, 1, "as asked")));
    assert!(catch_unwind(fire).is_err());
    assert_consistent(&wheel);
    assert!(wheel.is_fired(keys[1]));
    assert_eq!(expire(&mut wheel, TICK), [2, 3]);
}
