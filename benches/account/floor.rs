//! What the parts cost by themselves that every scheduler is made of: no task can cost less than the parts it needs.
//!
//! Each is at its best here: the block comes back from the thread's own cache, the line is in the core's, the branch is
//! foreseen. The exceptions are the three that two threads do together.

use crate::usage::cpu_time;
use crate::workloads::Cost;
use crossbeam_deque::{Injector, Steal, Worker};
use futures::FutureExt;
use futures::channel::oneshot;
use parking_lot::Mutex;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::thread;
use std::time::Instant;

/// A part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Floor {
    Box64,
    Box128,
    Add,
    Fence,
    Lock,
    Deque,
    Injector,
    Oneshot,
    Now,
    SharedAdd,
    Handover,
    Unpark,
}

impl Floor {
    pub(crate) const ALL: [Self; 12] = [
        Self::Box64,
        Self::Box128,
        Self::Add,
        Self::Fence,
        Self::Lock,
        Self::Deque,
        Self::Injector,
        Self::Oneshot,
        Self::Now,
        Self::SharedAdd,
        Self::Handover,
        Self::Unpark,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Box64 => "box_64",
            Self::Box128 => "box_128",
            Self::Add => "add",
            Self::Fence => "fence",
            Self::Lock => "lock",
            Self::Deque => "deque",
            Self::Injector => "injector",
            Self::Oneshot => "oneshot",
            Self::Now => "now",
            Self::SharedAdd => "shared_add",
            Self::Handover => "handover",
            Self::Unpark => "unpark",
        }
    }

    /// What one operation is.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Box64 => "a block of 64 bytes allocated and freed",
            Self::Box128 => "a block of 128 bytes allocated and freed",
            Self::Add => "`fetch_add` on a word that no other thread uses",
            Self::Fence => "a `SeqCst` fence",
            Self::Lock => "a parking_lot mutex that nobody else wants locked and unlocked",
            Self::Deque => "a push to a crossbeam deque and the pop by its owner",
            Self::Injector => "a push to crossbeam's injector and the steal, by one thread",
            Self::Oneshot => "a oneshot channel of `futures` made, sent to and received from, by one thread",
            Self::Now => "`Instant::now`",
            Self::SharedAdd => "`fetch_add` on a word to which another thread adds too",
            Self::Handover => {
                "a block of 128 bytes allocated, pushed to the injector, stolen and freed by another thread"
            }
            Self::Unpark => "a parked thread unparked, and its unpark of this one that has parked meanwhile",
        }
    }

    /// How many to time.
    pub(crate) fn jobs(self) -> usize {
        match self {
            Self::Unpark => 20_000,
            // Long enough for the system to part the threads.
            Self::SharedAdd => 20_000_000,
            _ => 1_000_000,
        }
    }

    /// Does `jobs` of them.
    pub(crate) fn run(self, jobs: usize) -> Cost {
        match self {
            Self::Box64 => each(jobs, Box::<[u8; 64]>::new_uninit),
            Self::Box128 => each(jobs, Box::<[u8; 128]>::new_uninit),
            Self::Add => {
                let word = AtomicUsize::new(0);
                each(jobs, || word.fetch_add(1, Ordering::AcqRel))
            }
            // Between two stores, or the compiler makes one fence of many.
            Self::Fence => {
                let mut word = 0_usize;
                each(jobs, || {
                    word = black_box(word + 1);
                    fence(Ordering::SeqCst);
                })
            }
            Self::Lock => {
                let mutex = Mutex::new(0_usize);
                each(jobs, || *black_box(&mutex).lock() += 1)
            }
            Self::Deque => {
                let deque = Worker::new_fifo();
                each(jobs, || {
                    deque.push(black_box(1_usize));
                    deque.pop()
                })
            }
            Self::Injector => {
                let injector = Injector::new();
                each(jobs, || {
                    injector.push(black_box(1_usize));
                    assert!(matches!(injector.steal(), Steal::Success(1)));
                })
            }
            Self::Oneshot => each(jobs, || {
                let (sender, receiver) = oneshot::channel();
                sender.send(black_box(1_usize)).expect("the receiver is there");
                assert_eq!(receiver.now_or_never(), Some(Ok(1)));
            }),
            Self::Now => each(jobs, Instant::now),
            Self::SharedAdd => shared_add(jobs),
            Self::Handover => handover(jobs),
            Self::Unpark => unpark(jobs),
        }
    }
}

/// The compiler must take every result for wanted.
fn each<T>(jobs: usize, mut work: impl FnMut() -> T) -> Cost {
    timed(|| {
        for _ in 0..jobs {
            black_box(work());
        }
    })
}

/// Two threads do half of the additions each.
fn shared_add(jobs: usize) -> Cost {
    let (word, half) = (AtomicUsize::new(0), jobs / 2);
    let add = || {
        for _ in 0..half {
            black_box(word.fetch_add(1, Ordering::AcqRel));
        }
    };
    // The other thread runs, on a processor of its own if there are two, before time is taken.
    let (ready, go) = (AtomicBool::new(false), AtomicBool::new(false));
    let wait = |flag: &AtomicBool| {
        while !flag.load(Ordering::Acquire) {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            ready.store(true, Ordering::Release);
            wait(&go);
            add();
        });
        wait(&ready);
        let cost = timed(|| {
            go.store(true, Ordering::Release);
            add();
            other.join().expect("an addition does not panic");
        });
        assert_eq!(word.load(Ordering::Acquire), 2 * half);
        cost
    })
}

/// This thread allocates and pushes; another steals and frees, and spins in between.
fn handover(jobs: usize) -> Cost {
    let injector = Injector::new();
    thread::scope(|scope| {
        let taker = scope.spawn(|| {
            let mut left = jobs;
            while left > 0 {
                match injector.steal() {
                    Steal::Success(block) => {
                        drop::<Box<[u8; 128]>>(block);
                        left -= 1;
                    }
                    // Yields rather than spins: on one CPU, or under a tool that runs one thread at a time, it would be in the way.
                    Steal::Empty => thread::yield_now(),
                    Steal::Retry => spin_loop(),
                }
            }
        });
        timed(|| {
            (0..jobs).for_each(|_| injector.push(Box::new([0; 128])));
            taker.join().expect("taking does not panic");
        })
    })
}

fn unpark(jobs: usize) -> Cost {
    let (there, back) = (AtomicBool::new(false), AtomicBool::new(false));
    let this = thread::current();
    let wait = |flag: &AtomicBool| {
        while !flag.swap(false, Ordering::Acquire) {
            thread::park();
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            for _ in 0..jobs {
                wait(&there);
                back.store(true, Ordering::Release);
                this.unpark();
            }
        });
        timed(|| {
            for _ in 0..jobs {
                there.store(true, Ordering::Release);
                other.thread().unpark();
                wait(&back);
            }
        })
    })
}

fn timed(work: impl FnOnce()) -> Cost {
    let (cpu, start) = (cpu_time(), Instant::now());
    work();
    Cost { wall: start.elapsed(), cpu: cpu_time() - cpu }
}
