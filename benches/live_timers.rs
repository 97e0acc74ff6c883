//! Many live sleeps, and the time of operations among them. What is timed and why, `scale` says.

use crate::contenders::Contender;
use crate::stats::{median, sorted};
use crate::usage::{cpu_time, resident_bytes};
use fastrand::Rng;
use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Pieces in which operations are timed.
const SLICES: usize = 100;

/// More sleeps than it is worth dropping one by one in a process that ends.
const MANY: usize = 100_000;

/// What a process finds out about its contender: nanoseconds of an operation, and bytes of a live sleep.
pub(crate) struct Findings {
    pub(crate) fresh: f64,
    pub(crate) fresh_cpu: f64,
    pub(crate) random: f64,
    pub(crate) random_cpu: f64,
    pub(crate) bytes: f64,
}

impl Findings {
    pub(crate) const COUNT: usize = 5;

    pub(crate) fn to_numbers(&self) -> [f64; Self::COUNT] {
        [self.fresh, self.fresh_cpu, self.random, self.random_cpu, self.bytes]
    }

    pub(crate) fn from_numbers(numbers: &[f64]) -> Self {
        let [fresh, fresh_cpu, random, random_cpu, bytes] = numbers[..] else { panic!("a child finds {numbers:?}") };
        Self { fresh, fresh_cpu, random, random_cpu, bytes }
    }
}

/// Holds `live` sleeps in a task, and times `operations` of each kind. With many sleeps the runtime is left as it is: the process
/// is to end.
pub(crate) fn observe<C: Contender>(live: usize, operations: usize, workers: usize) -> Findings {
    let runtime = C::start(workers);
    let task = async move {
        let mut field = Field { make: C::sleep, live: Vec::with_capacity(live), random: Rng::with_seed(1) };
        let found = poll_fn(|context| Poll::Ready(field.observe(live, operations, context))).await;
        if live > MANY {
            mem::forget(field);
        }
        found
    };
    let found = runtime.block_on(async { C::spawn(task).await });
    if live > MANY {
        mem::forget(runtime);
    }
    found
}

/// The live sleeps, and how another is made.
struct Field<S, M> {
    make: M,
    live: Vec<Pin<Box<S>>>,
    random: Rng,
}

impl<S: Future<Output = ()>, M: Fn(Duration) -> S> Field<S, M> {
    fn observe(&mut self, live: usize, operations: usize, context: &mut Context<'_>) -> Findings {
        self.fresh(context);
        let before = resident_bytes();
        for _ in 0..live {
            let mut sleep = Box::pin(self.sleep());
            register(sleep.as_mut(), context);
            self.live.push(sleep);
        }
        let bytes = resident_bytes().saturating_sub(before) as f64 / live as f64;
        let (fresh, fresh_cpu) = timed(operations, || self.fresh(context));
        let (random, random_cpu) = timed(operations, || self.replace_one(context));
        for sleep in &mut self.live[..live.min(MANY)] {
            register(sleep.as_mut(), context);
        }
        Findings { fresh, fresh_cpu, random, random_cpu, bytes }
    }

    fn fresh(&mut self, context: &mut Context<'_>) {
        let sleep = pin!(self.sleep());
        register(sleep, context);
    }

    fn replace_one(&mut self, context: &mut Context<'_>) {
        let sleep = self.sleep();
        let at = self.random.usize(..self.live.len());
        let place = &mut self.live[at];
        place.set(sleep);
        register(place.as_mut(), context);
    }

    /// A sleep that ends in the hour after the next.
    fn sleep(&mut self) -> S {
        (self.make)(Duration::from_nanos(self.random.u64(3_600_000_000_000..7_200_000_000_000)))
    }
}

/// Polls a sleep for the first time, or sees that it has not ended.
fn register<S: Future<Output = ()>>(sleep: Pin<&mut S>, context: &mut Context<'_>) {
    assert!(sleep.poll(context).is_pending(), "no sleep ends within the hour");
}

/// The wall and CPU nanoseconds of one operation.
fn timed(operations: usize, mut operation: impl FnMut()) -> (f64, f64) {
    let in_slice = operations / SLICES;
    let cpu = cpu_time();
    let slices = (0..SLICES).map(|_| {
        let start = Instant::now();
        (0..in_slice).for_each(|_| operation());
        start.elapsed().as_nanos() as f64 / in_slice as f64
    });
    let wall = median(&sorted(slices));
    let cpu = cpu_time() - cpu;
    (wall, cpu.as_nanos() as f64 / (in_slice * SLICES) as f64)
}
