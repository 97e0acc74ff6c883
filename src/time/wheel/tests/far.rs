//! Timers that are far away: they hide no near ones, and those past the end of time never fire.

use super::{Wheel, assert_consistent, expire, level_boundaries, tick_shifts};

#[test]
fn a_far_timer_never_hides_a_near_one() {
    for shift in tick_shifts() {
        let tick = 1 << shift;
        for far in level_boundaries(shift).filter(|&far| far > 8 * tick) {
            // Near timers registered before the far one's slot begins, as it begins, and within it.
            for now in [0, far / 2, far - 3 * tick, far - 2 * tick] {
                let mut wheel = Wheel::with_tick_shift(0, shift);
                wheel.insert(far, "far");
                wheel.insert(far, "far");
                assert!(expire(&mut wheel, now).is_empty());
                wheel.insert(now + tick, "near");
                let near = (now + tick).next_multiple_of(tick);
                assert!(wheel.next_expiry() <= Some(near));
                assert_eq!(expire(&mut wheel, near), ["near"]);
                assert_consistent(&wheel);
                assert_eq!(expire(&mut wheel, far), ["far", "far"]);
            }
        }
    }
}

#[test]
fn far_timers_in_every_slot_of_the_top_level_hide_no_near_one() {
    for shift in tick_shifts() {
        let (tick, last) = (1 << shift, u64::MAX >> shift);
        // The top level's slots: the last digit of all ticks, base 64.
        let width = 64u64.pow(last.ilog2() / 6);
        let starts: Vec<_> = (0..=last / width).map(|slot| slot * width).collect();
        for &start in &starts {
            // With the clock at a slot's edge and within it, the slot's own far timer is the last before the next slot.
            for elapsed in [start.saturating_sub(1), start, start + width / 2, start + (width - 66)] {
                let now = elapsed * tick;
                let mut wheel = Wheel::with_tick_shift(now, shift);
                let far = starts.iter().map(|start| (start + (width - 1)).min(last)).filter(|&far| far > elapsed + 65);
                let mut keys: Vec<_> = far.map(|far| wheel.insert(far * tick, false)).collect();
                for near in [1, 2, 63, 64, 65].map(|ahead| now + ahead * tick) {
                    keys.push(wheel.insert(near, true));
                    assert!(wheel.next_expiry() <= Some(near));
                    assert!(expire(&mut wheel, near - 1).is_empty());
                    assert_eq!(expire(&mut wheel, near), [true]);
                    wheel.remove(keys.pop().expect("the near one"));
                }
                let mut fired = keys.len();
                assert_eq!(assert_consistent(&wheel), fired);
                while let Some(next) = wheel.next_expiry() {
                    fired -= expire(&mut wheel, next).len();
                }
                assert_eq!(fired, 0, "nor is any of them lost");
            }
        }
    }
}

#[test]
fn a_deadline_that_rounds_past_the_end_of_time_never_fires() {
    for shift in tick_shifts() {
        let last = u64::MAX >> shift << shift;
        for start in [0, last - 1, last, u64::MAX] {
            let mut wheel = Wheel::with_tick_shift(start, shift);
            if shift > 0 {
                wheel.insert(u64::MAX, "never");
                wheel.insert(last + 1, "never");
                assert_eq!(wheel.next_expiry(), None);
            }
            wheel.insert(last, "last");
            assert!(wheel.next_expiry() <= Some(last));
            assert_eq!(expire(&mut wheel, u64::MAX), ["last"]);
            assert_eq!(wheel.next_expiry(), None);
            assert_eq!(expire(&mut wheel, u64::MAX), [""; 0]);
            assert!(!wheel.take_all(2, |value| assert_eq!(value, "never")));
        }
    }
}
