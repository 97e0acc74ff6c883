//! Writes to Unix sockets that nobody reads are errors, and end no process that has not chosen to ignore `SIGPIPE`.
#![cfg(all(target_os = "linux", feature = "net"))]

#[path = "support/child.rs"]
mod child;
mod support;

use std::io::{ErrorKind, IoSlice};
use std::os::fd::AsFd;

use fusee::io::AsyncWriteExt;
use fusee::net::{UnixDatagram, UnixStream};
use nix::sys::signal::{SigHandler, Signal, signal};
use support::on_every_flavour;

#[test]
fn a_write_that_nobody_reads_raises_no_signal() {
    child::in_child("a_write_that_nobody_reads_raises_no_signal", || {
        // SAFETY: no handler is installed: the default ends the process, which is what must not happen.
        unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.unwrap();
        on_every_flavour(|runtime| {
            runtime.block_on(async {
                let (mut one, other) = UnixStream::pair().unwrap();
                one.writable().await.unwrap();
                drop(other);
                let two = [IoSlice::new(b"x"), IoSlice::new(b"y")];
                let sent = [one.as_fd()];
                let answers = [
                    one.try_write(b"x"),
                    one.try_write_vectored(&two),
                    one.try_send_fds(b"x", &sent),
                    one.send_fds(b"x", &sent).await,
                ];
                let (written, vectored) = (one.write(b"x").await, one.write_vectored(&two).await);
                for answer in answers.into_iter().chain([written, vectored]) {
                    assert_eq!(answer.unwrap_err().kind(), ErrorKind::BrokenPipe);
                }
                let (one, other) = UnixDatagram::pair().unwrap();
                drop(other);
                assert_eq!(one.send(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            });
        });
    });
}
