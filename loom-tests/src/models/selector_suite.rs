//! One suite of tests over the stand-in for the kernel's selector and over the real one: they answer alike, call by call.
//!
//! One thread, but for the one that lets virtual time pass: what concurrency adds is in the models of `reactor`. The real one waits on the machine's clock, for two
//! milliseconds at a time.

/// The library's own file, which waits on the machine's clock.
#[path = "../../../src/facade/selector.rs"]
mod real;

type RawInstant = std::time::Instant;

/// The machine's.
mod native {
    use std::io::{self, Read, Write};

    use mio::net::UnixStream;

    pub(super) use super::RawInstant;
    pub(super) use super::real::{Remote, Selector, Wait, bits};

    pub(super) fn pair() -> (UnixStream, UnixStream) {
        UnixStream::pair().unwrap()
    }

    pub(super) fn read(mut stream: &UnixStream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.read(buffer)
    }

    pub(super) fn write(mut stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
        stream.write(bytes)
    }

    /// It passes by itself.
    pub(super) fn let_pass(_until: RawInstant) {}

    pub(super) fn run(test: impl Fn() + Send + Sync + 'static) {
        test();
    }
}

/// The models'.
mod stand_in {
    use std::io;

    pub(super) use crate::facade::RawInstant;
    use crate::facade::clock;
    pub(super) use crate::facade::selector::{Remote, Selector, Stream, Wait, bits};
    use crate::harness::{Model, spawn};

    pub(super) fn pair() -> (Stream, Stream) {
        Stream::pair(3)
    }

    pub(super) fn read(stream: &Stream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.read(buffer)
    }

    pub(super) fn write(stream: &Stream, bytes: &[u8]) -> io::Result<usize> {
        stream.write(bytes)
    }

    pub(super) fn let_pass(until: RawInstant) {
        spawn(move || clock::advance_to(until));
    }

    pub(super) fn run(test: impl Fn() + Send + Sync + 'static) {
        Model::new("selector_suite", 1).branches(10_000).check(test);
    }
}

macro_rules! suite {
    ($name:ident, $kernel:ident) => {
        mod $name {
            use std::io::ErrorKind;
            use std::time::Duration;

            use super::$kernel::{RawInstant, Remote, Selector, Wait, bits, let_pass, pair, read, run, write};

            const BOTH: u8 = bits::READABLE | bits::WRITABLE;
            const SHORT: Duration = Duration::from_millis(2);
            const LONG: Duration = Duration::from_secs(60);

            /// What a wait tells.
            fn told(selector: &mut Selector, wait: Wait) -> Vec<(usize, u8)> {
                let mut told = Vec::new();
                let waited = selector.wait(wait, |number, ready| told.push((number, ready)));
                assert_eq!((waited.events, waited.is_over), (told.len(), wait == Wait::No));
                told
            }

            #[test]
            fn to_add_tells_what_is_there_already() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    let ((mut own, peer), (mut other, _other_peer)) = (pair(), pair());
                    assert_eq!(write(&peer, b"a").unwrap(), 1);
                    remote.add(&mut own, 5, BOTH).unwrap();
                    assert_eq!(told(&mut selector, Wait::Forever), [(5, BOTH)]);
                    remote.add(&mut other, 6, bits::READABLE).unwrap();
                    assert_eq!(told(&mut selector, Wait::No), []);
                });
            }

            #[test]
            fn each_arrival_is_told_once() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    let (mut own, peer) = pair();
                    remote.add(&mut own, 1, BOTH).unwrap();
                    assert_eq!(told(&mut selector, Wait::Forever), [(1, bits::WRITABLE)]);
                    for _ in 0..2 {
                        assert_eq!(write(&peer, b"a").unwrap(), 1);
                        assert_eq!(told(&mut selector, Wait::Forever), [(1, BOTH)]);
                        assert_eq!(told(&mut selector, Wait::No), []);
                    }
                    write(&peer, b"a").unwrap();
                    // What is read before it is told is not told.
                    assert_eq!(read(&own, &mut [0; 9]).unwrap(), 3);
                    assert_eq!(told(&mut selector, Wait::No), [(1, bits::WRITABLE)]);
                    assert_eq!(read(&own, &mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
                });
            }

            #[test]
            fn what_is_gone_before_it_is_told_ends_no_wait() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    let (mut own, peer) = pair();
                    remote.add(&mut own, 1, bits::READABLE).unwrap();
                    assert_eq!(write(&peer, b"a").unwrap(), 1);
                    assert_eq!(read(&own, &mut [0; 9]).unwrap(), 1);
                    let until = RawInstant::now() + SHORT;
                    let_pass(until);
                    let waited = selector.wait(Wait::Until(until), |_, _| panic!("nothing is there"));
                    assert_eq!((waited.events, waited.is_over), (0, true));
                });
            }

            #[test]
            fn room_is_told_after_a_write_has_found_none() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    let (mut own, peer) = pair();
                    remote.add(&mut own, 1, BOTH).unwrap();
                    let mut written = 0;
                    let error = loop {
                        match write(&own, &[0; 1_000]) {
                            Ok(count) => written += count,
                            Err(error) => break error,
                        }
                    };
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    assert_eq!(told(&mut selector, Wait::No), []);
                    while written > 0 {
                        written -= read(&peer, &mut [0; 1_000]).unwrap();
                    }
                    assert_eq!(told(&mut selector, Wait::Forever), [(1, bits::WRITABLE)]);
                });
            }

            #[test]
            fn the_end_of_the_other_side_is_told_whatever_was_asked_for() {
                run(|| {
                    for interest in [bits::READABLE, bits::WRITABLE] {
                        let (mut selector, remote) = Selector::new().unwrap();
                        let (mut own, peer) = pair();
                        remote.add(&mut own, 1, interest).unwrap();
                        told(&mut selector, Wait::No);
                        drop(peer);
                        let ends = bits::READ_CLOSED | bits::WRITE_CLOSED;
                        assert_eq!(told(&mut selector, Wait::Forever), [(1, interest | ends)]);
                        assert_eq!(read(&own, &mut [0; 9]).unwrap(), 0);
                        assert_eq!(write(&own, b"a").unwrap_err().kind(), ErrorKind::BrokenPipe);
                    }
                });
            }

            #[test]
            fn a_wake_ends_one_wait() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    remote.wake();
                    remote.wake();
                    assert_eq!(told(&mut selector, Wait::Forever), []);
                    let until = RawInstant::now() + SHORT;
                    let_pass(until);
                    assert!(selector.wait(Wait::Until(until), |_, _| ()).is_over, "it is over");
                    // One that came too late for its wait ends the next.
                    remote.wake();
                    let until = RawInstant::now() + LONG;
                    assert!(!selector.wait(Wait::Until(until), |_, _| ()).is_over);
                });
            }

            #[test]
            fn who_was_removed_is_told_of_no_more() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    let (mut own, peer) = pair();
                    assert_eq!(remote.remove(&mut own).unwrap_err().kind(), ErrorKind::NotFound);
                    remote.add(&mut own, 1, BOTH).unwrap();
                    assert_eq!(remote.add(&mut own, 2, BOTH).unwrap_err().kind(), ErrorKind::AlreadyExists);
                    assert_eq!(write(&peer, b"a").unwrap(), 1);
                    remote.remove(&mut own).unwrap();
                    assert_eq!(write(&peer, b"a").unwrap(), 1);
                    assert_eq!(told(&mut selector, Wait::No), []);
                    remote.add(&mut own, 3, BOTH).unwrap();
                    assert_eq!(told(&mut selector, Wait::No), [(3, BOTH)]);
                    drop(own);
                    assert_eq!(told(&mut selector, Wait::No), []);
                });
            }

            #[test]
            fn time_ends_a_wait_and_not_before_it_has_come() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    let (mut own, peer) = pair();
                    let now = RawInstant::now();
                    assert!(selector.wait(Wait::Until(now), |_, _| ()).is_over);
                    remote.add(&mut own, 1, bits::READABLE).unwrap();
                    assert_eq!(write(&peer, b"a").unwrap(), 1);
                    // Who has events does not say that the time is over, too.
                    let waited = selector.wait(Wait::Until(now), |_, _| ());
                    assert_eq!((waited.events, waited.is_over), (1, false));
                    let until = RawInstant::now() + SHORT;
                    let_pass(until);
                    assert!(selector.wait(Wait::Until(until), |_, _| ()).is_over);
                    assert!(RawInstant::now() >= until);
                });
            }

            #[test]
            fn an_earlier_alarm_is_kept_by_a_later_one() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    let (early, late) = (RawInstant::now() + SHORT, RawInstant::now() + LONG);
                    remote.wake();
                    assert!(!selector.wait(Wait::Until(early), |_, _| ()).is_over);
                    let_pass(early);
                    let waited = selector.wait(Wait::Until(late), |_, _| ());
                    assert_eq!((waited.events, waited.is_over), (0, false), "the alarm of the first wait rings");
                    assert!(RawInstant::now() < late);
                });
            }

            #[test]
            fn a_later_alarm_is_overtaken_by_an_earlier_one() {
                run(|| {
                    let (mut selector, remote) = Selector::new().unwrap();
                    let (early, late) = (RawInstant::now() + SHORT, RawInstant::now() + LONG);
                    remote.wake();
                    assert!(!selector.wait(Wait::Until(late), |_, _| ()).is_over);
                    let_pass(early);
                    assert!(selector.wait(Wait::Until(early), |_, _| ()).is_over);
                    assert!(early <= RawInstant::now() && RawInstant::now() < late);
                });
            }

            #[test]
            fn more_events_than_one_wait_tells_are_told_by_the_next() {
                run(|| {
                    let (mut selector, remote): (Selector, Remote) = Selector::new().unwrap();
                    let mut pairs: Vec<_> = (0..100).map(|_| pair()).collect();
                    for (number, (own, peer)) in pairs.iter_mut().enumerate() {
                        remote.add(own, number, bits::READABLE).unwrap();
                        assert_eq!(write(peer, b"a").unwrap(), 1);
                    }
                    let mut numbers = Vec::new();
                    for count in [64, 36, 0] {
                        let told = told(&mut selector, Wait::No);
                        assert_eq!(told.len(), count);
                        numbers.extend(told.into_iter().map(|(number, _)| number));
                    }
                    numbers.sort_unstable();
                    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
                });
            }
        }
    };
}

suite!(real_selector, native);
suite!(stand_ins, stand_in);
