//! The roster by itself, without threads.

use super::*;
use crate::facade::testing::alone;
use crate::task::blocking::unlisted;
use crate::task::meta::Origin;

fn work() -> Work {
    Box::new(|| ())
}

fn idler(id: u64) -> Idler {
    Idler { id, bell: Arc::new(Condvar::new()) }
}

/// What a thread that is free does, in a word.
fn next(roster: &mut Roster) -> &'static str {
    match roster.next() {
        Next::Run(Job::Task(_)) => "job",
        Next::Run(Job::Work(_)) => "work",
        Next::Idle => "idle",
        Next::Leave => "leave",
    }
}

#[test]
fn a_thread_that_carries_makes_room_for_another() {
    let mut roster = Roster::new(1);
    let carrier = roster.enlist_for(work());
    assert!(roster.arrive(carrier).is_some());
    let other = roster.enlist_below_maximum().expect("a carrier does not count");
    assert!(roster.arrive(other).is_none());
    assert_eq!((roster.enlist_below_maximum(), roster.adopt(), roster.threads()), (None, None, 2));
    // Done with its work, the carrier is one too many.
    roster.put_down();
    assert_eq!(next(&mut roster), "leave");
    roster.leave(carrier);
    assert_eq!(next(&mut roster), "idle");
    roster.leave(other);
    assert_eq!(roster.threads(), 0);
}

#[test]
fn a_carrier_that_finds_another_work_goes_on() {
    alone(|| {
        let mut roster = Roster::new(1);
        roster.enlist_for(work());
        let idler = idler(roster.enlist_below_maximum().expect("a carrier does not count"));
        roster.begin_idle(idler.clone());
        assert!(roster.promise().is_some());
        roster.hand(work());
        roster.put_down();
        assert_eq!(next(&mut roster), "work");
        // The one that was promised finds nothing, and is one of the maximum.
        assert!(roster.keep_promise(idler.id) && !roster.keep_promise(idler.id));
        assert_eq!(next(&mut roster), "idle");
        assert_eq!(roster.adopt(), None);
    });
}

#[test]
fn a_promise_is_made_to_the_thread_that_came_last_and_one_whose_time_is_up_is_passed_over() {
    alone(|| {
        let mut roster = Roster::new(4);
        let ids: Vec<_> = (0..4).map(|_| roster.adopt().expect("there is room")).collect();
        ids.iter().for_each(|&id| roster.begin_idle(idler(id)));
        roster.give_up_idle(ids[0]);
        roster.give_up_idle(ids[2]);
        let promised: Vec<_> = std::iter::from_fn(|| roster.promise()).map(|idler| idler.id).collect();
        assert_eq!(promised, [ids[3], ids[1]]);
        assert!(!roster.keep_promise(ids[2]) && roster.keep_promise(ids[1]) && roster.keep_promise(ids[3]));
        assert_eq!((roster.idle(), roster.promised), (0, 0));
    });
}

#[test]
fn an_adopted_thread_counts_until_it_leaves() {
    let mut roster = Roster::new(1);
    let id = roster.adopt().expect("there is room");
    assert_eq!(roster.enlist_below_maximum(), None);
    assert!(!roster.is_empty());
    assert!(roster.leave(id).is_empty());
    assert!(roster.is_empty() && roster.enlist_below_maximum().is_some());
}

#[test]
fn a_thread_that_leaves_before_its_start_returns_stays_on_the_roster() {
    let mut roster = Roster::new(1);
    let id = roster.enlist_below_maximum().expect("there is room");
    roster.leave(id);
    assert_eq!((roster.threads(), roster.is_empty()), (0, false));
}

#[test]
fn a_closed_pool_runs_the_works_that_it_has_and_ends() {
    alone(|| {
        let mut roster = Roster::new(1);
        let id = roster.adopt().expect("there is room");
        roster.begin_idle(idler(id));
        assert!(roster.promise().is_some());
        roster.hand(work());
        let (settled, idle) = roster.close();
        assert!(settled.cancelled.is_empty() && settled.owed.is_empty() && idle.is_empty() && roster.adopt().is_none());
        assert!(roster.keep_promise(id));
        assert_eq!(next(&mut roster), "work");
        roster.put_down();
        assert_eq!(next(&mut roster), "leave");
        roster.leave(id);
        assert!(roster.is_empty());
    });
}

#[test]
fn a_work_whose_thread_does_not_start_comes_back_and_leaves_no_trace() {
    let mut roster = Roster::new(1);
    let id = roster.enlist_for(work());
    drop(roster.strike_carrier(id));
    assert!(roster.is_empty());
    assert_eq!((roster.threads(), roster.free()), (0, 0));
}

#[test]
fn a_job_that_is_owed_runs_though_the_last_start_fails_on_a_closed_pool() {
    alone(|| {
        let mut roster = Roster::new(1);
        let id = roster.enlist_below_maximum().expect("there is room");
        for at_close in [AtClose::Run, AtClose::Cancelled] {
            roster.queue(unlisted(|| (), None, Origin::here()).0, at_close);
        }
        let (closing, _) = roster.close();
        assert_eq!((closing.cancelled.len(), closing.owed.len()), (1, 0), "a thread comes for the first");
        let struck = roster.strike();
        roster.forget(id);
        assert_eq!((struck.cancelled.len(), struck.owed.len()), (0, 1), "none comes any more");
        struck.owed.into_iter().for_each(Runnable::run);
        closing.cancelled.into_iter().for_each(Runnable::cancel);
        assert!(roster.is_empty() && roster.queued() == 0);
    });
}
