//! Models of `src/io/standard/look.rs`.

use std::io;
use std::task::Poll;

use super::reactor::{Waiting, deliver};
use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{Arc, Mutex};
use crate::harness::{Model, join, spawn, witness};
use crate::look::{Level, poll_readable, read_now};
use crate::reactor::bits;
use crate::reactor::slot::{Direction, Gone, Slot};

/// An input that holds so many bytes. Nobody may block on it.
struct Bytes(AtomicUsize);

impl Level for Bytes {
    fn is_readable(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    fn read(&self, _room: &mut [u8]) -> io::Result<usize> {
        let take = |bytes: usize| bytes.checked_sub(1);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).expect("a read blocks");
        Ok(1)
    }
}

/// Reads a byte, as often as somebody else is faster. How often that was.
fn read(input: &Bytes, reading: &Mutex<()>, slot: &Slot) -> usize {
    let waiting = Waiting::new();
    for late in 0.. {
        loop {
            let poll_ready =
                || slot.poll_ready(Direction::Read, &waiting.waker).map_err(|Gone| unreachable!("it is there"));
            match poll_readable(input, poll_ready, |seen| slot.refute(seen)) {
                Poll::Ready(answer) => break answer.expect("it is there"),
                Poll::Pending => waiting.parker.park(),
            }
        }
        match read_now(input, reading, &mut [0]) {
            Ok(_) => return late,
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
    unreachable!("it reads in the end")
}

/// Two readers of one input, to which a byte comes, and then another: each gets one, none blocks in a read, and none waits for ever.
///
/// Mutants: `gate_looks_first`, `gate_unlocked`.
#[test]
fn stdin_readers() {
    let model = Model::with_sources("stdin_readers", 1_000).preemptions(2).branches(5_000);
    model.witnesses(&["in turn", "one was late"]).check(|| {
        let input = Arc::new((Bytes(AtomicUsize::new(0)), Mutex::new(())));
        let slots = [Arc::new(Slot::new()), Arc::new(Slot::new())];
        let (read_there, slot) = (input.clone(), slots[1].clone());
        let other = spawn(move || read(&read_there.0, &read_there.1, &slot));
        let (written, told) = (input.clone(), slots.clone());
        let writer = spawn(move || {
            for _ in 0..2 {
                written.0.0.fetch_add(1, Ordering::AcqRel);
                told.iter().for_each(|slot| deliver(slot, bits::READABLE));
            }
        });
        let late = read(&input.0, &input.1, &slots[0]);
        witness(if late + other.join().unwrap() > 0 { "one was late" } else { "in turn" });
        join([writer]);
        assert!(!input.0.is_readable(), "each byte is read once");
    });
}
