//! The rules that the simulator must keep, whatever the load and the policy.

use super::costs::{Costs, Line};
use super::load::{Kind, Load};
use super::machine::{Machine, Step, Token};
use super::outcome::Outcome;
use super::policy::Policy;

const LOADS: [Load; 7] = [
    Load::Burst { tasks: 300, work: 2_000 },
    Load::Injected { tasks: 300, work: 2_000 },
    Load::Trickle { tasks: 100, work: 1_000, period: 20_000 },
    Load::Tree { depth: 6, work: 1_000 },
    Load::Pairs { pairs: 3, rounds: 40 },
    Load::Chains { length: 20 },
    Load::Spawners { left: 10, work: 1_000 },
];

fn machine(workers: usize, load: Load, policy: Policy, seed: u64) -> Machine {
    Machine::new(workers, load, policy, Costs::DEFAULT, seed)
}

fn run(workers: usize, load: Load, policy: Policy, seed: u64) -> Outcome {
    machine(workers, load, policy, seed).run()
}

#[test]
fn no_task_is_lost_and_the_work_is_what_was_given() {
    for load in LOADS {
        for (name, policy) in Policy::ALL {
            for workers in [1, 2, 7, 33] {
                let outcome = run(workers, load, policy, 3);
                let what = format!("{load:?}, {name}, {workers} workers");
                assert_eq!(outcome.lost, 0, "{what}");
                assert_eq!(outcome.completed, load.tasks(workers), "{what}");
                assert_eq!(outcome.worked, load.work(workers), "{what}");
                assert!(outcome.polls >= outcome.completed, "{what}");
                assert!(outcome.time * workers as u64 >= outcome.worked, "{what}");
            }
        }
    }
}

#[test]
fn the_same_seed_has_the_same_outcome_and_another_has_another() {
    for load in LOADS {
        assert_eq!(run(8, load, Policy::FUSEE, 5), run(8, load, Policy::FUSEE, 5), "{load:?}");
    }
    let load = Load::Trickle { tasks: 100, work: 1_000, period: 20_000 };
    assert_ne!(run(8, load, Policy::FUSEE, 5), run(8, load, Policy::FUSEE, 6));
}

/// Whether all workers sleep, and nobody is on the way to wake one, beside a task that is queued.
fn all_sleep_beside_work(machine: &Machine) -> bool {
    let asleep = machine.workers.iter().all(|worker| worker.token == Token::Parked);
    let notifies = |step: &Step| {
        matches!(step, Step::Notify | Step::Claim { .. } | Step::CountClaimed { .. } | Step::Unpark { .. })
    };
    asleep && machine.has_work() && !machine.stacks.iter().flatten().any(notifies)
}

/// Whether, as the run goes on, a task lies in a queue for which nobody comes.
fn loses_a_wake_up(load: Load, policy: Policy, seed: u64) -> bool {
    // Sleep is short: what may go wrong does so as a worker falls asleep.
    let costs = Costs { wake: 500, call: 100, park: 100, ..Costs::DEFAULT };
    let mut machine = Machine::new(2, load, policy, costs, seed);
    while machine.happen() {
        if all_sleep_beside_work(&machine) {
            return true;
        }
    }
    machine.live > 0
}

#[test]
fn nobody_sleeps_beside_a_queued_task_that_nobody_looks_for() {
    let load = Load::Trickle { tasks: 200, work: 500, period: 1_500 };
    for (name, policy) in Policy::ALL {
        assert!((0..20).all(|seed| !loses_a_wake_up(load, policy, seed)), "{name}");
    }
}

#[test]
fn without_the_question_after_the_bit_a_wake_up_is_lost() {
    let load = Load::Trickle { tasks: 200, work: 500, period: 1_500 };
    let careless = Policy { asks_again: false, ..Policy::FUSEE };
    assert!((0..20).any(|seed| loses_a_wake_up(load, careless, seed)));
}

#[test]
fn at_the_end_all_sleep_and_nobody_searches() {
    for load in LOADS {
        for workers in [1, 5, 64, 65] {
            let mut machine = machine(workers, load, Policy::FUSEE, 1);
            while machine.happen() {
                assert!(machine.idle.searching <= workers);
            }
            assert_eq!(machine.idle.searching, 0, "{load:?}");
            let parked: u32 = machine.idle.parked.iter().map(|word| word.count_ones()).sum();
            assert_eq!(parked as usize, workers, "{load:?}");
        }
    }
}

#[test]
fn one_task_from_outside_wakes_one_worker() {
    for workers in [1, 2, 128] {
        let outcome = run(workers, Load::Injected { tasks: 1, work: 1_000 }, Policy::FUSEE, 1);
        assert_eq!((outcome.wakes, outcome.took_part), (1, 1));
    }
}

#[test]
fn a_pair_on_idle_workers_wakes_nobody_once_it_runs() {
    let wakes = |rounds| run(16, Load::Pairs { pairs: 1, rounds }, Policy::FUSEE, 1).wakes;
    assert_eq!(wakes(10), wakes(1_000));
}

#[test]
fn a_pair_may_be_polled_before_it_is_complete() {
    // The first partner is awake before the second is spawned.
    let costs = Costs { wake: 10, call: 1_000, ..Costs::DEFAULT };
    let load = Load::Pairs { pairs: 2, rounds: 5 };
    assert_eq!(Machine::new(4, load, Policy::FUSEE, costs, 1).run().completed, 4);
}

#[test]
fn a_thief_takes_half_and_no_more_than_a_batch() {
    assert_eq!([0, 1, 2, 3, 5, 64, 65, 1_000].map(|length| Policy::FUSEE.batch(length)), [0, 1, 1, 2, 3, 32, 32, 32]);
    let one = Policy { steals_half: false, ..Policy::FUSEE };
    assert_eq!([0, 1, 64].map(|length| one.batch(length)), [0, 1, 1]);
}

#[test]
fn half_of_the_workers_search_at_most() {
    assert!(Policy::FUSEE.may_search(63, 128) && !Policy::FUSEE.may_search(64, 128));
    assert!(Policy::FUSEE.may_search(0, 1) && !Policy::FUSEE.may_search(1, 2));
    assert!(Policy::FUSEE.may_return(127, 128), "who sees work as it parks may always");
    let four = Policy::named("four, binding");
    assert!(four.may_search(3, 128) && !four.may_search(4, 128) && !four.may_search(1, 2));
    assert!(four.may_return(3, 4) && !four.may_return(4, 128));
    let root = Policy::named("root search");
    assert!(root.may_search(11, 128) && !root.may_search(12, 128));
}

#[test]
fn who_is_fed_searches_longer() {
    for (polls, is_fed, last) in [(16, true, 100), (15, true, 3), (16, false, 3)] {
        let mut machine = machine(2, LOADS[0], Policy::named("fed, 100 rounds"), 1);
        (machine.workers[1].polls, machine.workers[1].is_fed) = (polls, is_fed);
        machine.search(1, Step::BeginRounds);
        assert_eq!((machine.workers[1].last_round, machine.workers[1].searched), (last, polls));
    }
    let looks = Policy::named("fed, 256 looks");
    assert_eq!([2, 8, 128].map(|workers| looks.fed_rounds(workers)), [100, 32, 3]);
}

#[test]
fn a_lone_task_is_taken_in_the_last_look_alone() {
    for (round, length, takes) in [(0, 1, false), (0, 2, true), (3, 1, true)] {
        let mut machine = machine(2, LOADS[0], Policy::FUSEE, 1);
        machine.search(1, Step::BeginRounds);
        let task = machine.new_task(0, Kind::Leaf { work: 0 });
        machine.workers[0].queue = vec![task; length].into();
        machine.search(1, Step::Steal { round, start: 0, offset: 0 });
        assert_eq!(matches!(machine.stacks[1].last(), Some(Step::TakeHalf { .. })), takes);
    }
}

#[test]
fn a_new_task_displaces_none_and_a_woken_one_does() {
    let displacing = Policy { new_displaces: true, ..Policy::FUSEE };
    for (policy, is_new, in_slot) in [(Policy::FUSEE, true, 0), (displacing, true, 1), (Policy::FUSEE, false, 1)] {
        let mut machine = machine(2, LOADS[0], policy, 1);
        for _ in 0..2 {
            let task = machine.new_task(0, Kind::Leaf { work: 0 });
            machine.poll(0, if is_new { Step::PushNew { task } } else { Step::Push { task } });
        }
        assert_eq!(machine.workers[0].slot, Some(in_slot));
    }
}

#[test]
fn after_three_polls_from_the_slot_it_is_passed_over() {
    for (policy, queue) in [(Policy::FUSEE, vec![1]), (Policy { passes_over: false, ..Policy::FUSEE }, vec![])] {
        let mut machine = machine(1, LOADS[0], policy, 1);
        let [first, second] = [1, 2].map(|_| machine.new_task(0, Kind::Leaf { work: 0 }));
        machine.workers[0].queue.push_back(first);
        machine.workers[0].slot = Some(second);
        machine.workers[0].slot_run = 3;
        machine.search(0, Step::Local);
        while let Some(step @ Step::Enqueue { .. }) = machine.stacks[0].pop() {
            machine.poll(0, step);
        }
        assert_eq!(Vec::from(machine.workers[0].queue.clone()), queue);
        assert_eq!(machine.workers[0].slot.is_some(), queue.is_empty());
    }
}

#[test]
fn a_task_enters_a_list_when_it_is_pending_and_not_before() {
    for (load, listed) in [(LOADS[0], 0), (Load::Pairs { pairs: 3, rounds: 40 }, 6)] {
        let mut machine = machine(4, load, Policy::FUSEE, 1);
        while machine.happen() {}
        assert_eq!(machine.tasks.iter().filter(|task| task.list.is_some()).count(), listed);
        assert!(machine.lists.iter().all(|list| list.head.is_none()));
    }
}

#[test]
fn references_that_are_lent_come_back_or_are_credit() {
    let mut machine = machine(4, Load::Burst { tasks: 3_000, work: 100 }, Policy::FUSEE, 1);
    while machine.happen() {}
    assert!(machine.workers.iter().all(|worker| worker.credit < 512));
    assert!(machine.workers.iter().any(|worker| worker.credit > 0));
}

#[test]
fn writers_of_a_line_come_one_after_the_other_and_its_holder_waits_for_nobody() {
    let costs = Costs::DEFAULT;
    let mut line = Line::of(0);
    assert_eq!(line.write(0, 0, &costs), costs.atomic);
    let ends: Vec<_> = (1..=4).map(|core| line.write(core, 1_000, &costs)).collect();
    assert_eq!(ends, [1, 2, 3, 4].map(|turn| 1_000 + turn * costs.transfer + costs.atomic));
    assert_eq!(line.write(4, 5_000, &costs), 5_000 + costs.atomic);
    // Read by two, it is nobody's own any more.
    assert_eq!(line.read(5, 6_000, &costs), 6_000 + costs.transfer);
    assert_eq!(line.read(5, 7_000, &costs), 7_000 + costs.hit);
    assert_eq!(line.write(4, 8_000, &costs), 8_000 + costs.transfer + costs.atomic);
}
