//! Descriptors that a process has no room for are told to be lost, and leak nothing.
//!
//! One test alone, for it lowers the process's limit, and counts its files.
#![cfg(all(target_os = "linux", feature = "net"))]

mod support;

use std::os::fd::AsFd;

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::UnixStream;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::on_one_worker;
use support::proc::open_files;

#[test]
fn descriptors_without_room_are_an_error_after_which_the_stream_goes_on() {
    on_one_worker(|runtime| {
        runtime.block_on(async {
            let (mut one, mut other) = UnixStream::pair().unwrap();
            let sent = [other.as_fd(); 16];
            one.send_fds(b"many", &sent).await.unwrap();
            one.write_all(b"more").await.unwrap();
            let before = open_files();
            let limit = getrlimit(Resource::Nofile);
            // One of those counted is the folder's own; eight are left.
            setrlimit(Resource::Nofile, Rlimit { current: Some(before as u64 - 1 + 8), ..limit }).unwrap();
            let mut descriptors = Vec::new();
            let received = other.recv_fds(&mut [0; 4], &mut descriptors).await;
            setrlimit(Resource::Nofile, limit).unwrap();
            assert!(received.unwrap_err().to_string().contains("lost"));
            assert!(descriptors.is_empty());
            assert_eq!(open_files(), before, "those that came are closed");
            let mut rest = [0; 4];
            other.read_exact(&mut rest).await.unwrap();
            assert_eq!(&rest, b"more");
            one.send_fds(b"x", &[other.as_fd()]).await.unwrap();
            // A read that does not ask for them closes them.
            other.read_exact(&mut [0; 1]).await.unwrap();
            assert_eq!(open_files(), before);
        });
    });
}
