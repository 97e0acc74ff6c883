//! The rules that the simulator must keep, whatever the load and the policy.

use super::costs::{Costs, Line};
use super::load::Load;
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
