//! Looking into a running process: a Unix socket that tells what its runtime does, for `fusee-top` to show. With the feature `console`, on Unix.
//!
//! [`Builder::console`] opens it. A thread of its own answers there, with what [`Handle::dump`](crate::runtime::Handle::dump), [`Handle::metrics`](crate::runtime::Handle::metrics)
//! and [`Handle::recording`](crate::runtime::Handle::recording) tell: it asks no worker for anything, and answers though all of them are stuck, and while a shutdown waits for
//! them. As long as nobody asks it sleeps, and costs nothing.
//!
//! ```
//! use std::io::{BufRead, BufReader, Write};
//! use std::os::unix::net::UnixStream;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("app.sock");
//! let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(2).name("app").console(&path).build()?;
//!
//! let mut stream = UnixStream::connect(&path)?;
//! stream.write_all(b"{\"get\": \"stats\"}\n")?;
//! let mut lines = BufReader::new(stream).lines();
//! assert!(lines.next().unwrap()?.starts_with(r#"{"fusee":"console","version":1,"#));
//! assert!(lines.next().unwrap()?.starts_with(r#"{"stats":{"#));
//!
//! drop(runtime);
//! assert!(!path.exists());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Who may connect
//! The user whose process it is, and root: the socket has the mode 0600 before it listens. Who may connect sees names of tasks and files of the source, and can change nothing, but have tasks polled once more than they would be.
//!
//! # Protocol
//! Lines of JSON both ways. The first of the server says who it is: `{"fusee":"console","version":1,"pid":…,"runtime":…,"recorder":…}`; another version may speak otherwise, while fields and requests
//! may be added to this one. Each request is answered in its turn:
//!
//! | request | answer |
//! |---|---|
//! | `{"get":"stats"}` | `{"stats":{…}}`: workers, places where tasks are spawned, stuck and stranded tasks, timers, the blocking pool; with a [recorder](crate::runtime::Builder::recorder) also what was polled within the last second |
//! | `{"get":"dump","place":"src/main.rs:4:5","most":100}` | `{"dump":{…}}`: its tasks, those that were polled the longest time ago first; without `place` and `most` all of them; the place `""` is that of tasks whose place is not known |
//! | `{"get":"text"}` | `{"text":"…"}`: the dump as it is printed; with `"all":true` every task of it |
//! | `{"get":"waits","most":20}` | `{"waits":"…"}`: where the tasks wait that have waited longest, as by [`Handle::wait_traces`](crate::runtime::Handle::wait_traces), as text. They are polled for that; who does not answer within a second is left out, and other clients wait meanwhile |
//! | `{"get":"recording"}` | `{"recording":N}`, and then N bytes, as by [`Recording::write_to`](crate::insight::recording::Recording::write_to); `{"recording":null}` without a recorder |
//! | anything else | `{"error":"…"}` |
//!
//! Stuck is a task of which a poll has taken 100 ms so far. One in [`block_in_place`](crate::task::block_in_place) is told of too, though it keeps no worker from others: it is in one poll for as long.
//!
//! A request takes at most 4,096 bytes, without its end of line. Sixteen clients may be there at a time; one that takes nothing of its answer for ten seconds is disconnected.

// | file | holds |
// |---|---|
// | `mod.rs` | the builder's method |
// | `socket.rs` | opening the socket, and removing it |
// | `server.rs` | the thread's loop |
// | `client.rs` | one connection: its requests, one by one, and its answers |
// | `desk.rs` | what is answered |
// | `stats.rs`, `recent.rs` | the figures: from counters and a dump; from a recording |
//
// Who calls it: `runtime/companion.rs`, as a runtime starts and ends. No lock is held between two answers, and none by a write to a client. Checked by `tests/console.rs`.

mod client;
mod desk;
mod recent;
mod server;
mod socket;
mod stats;

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crate::runtime::companion::Companion;
use crate::runtime::{Builder, Handle};
use desk::Desk;
use server::Server;

impl Builder {
    /// Opens a Unix socket at `path`, by which `fusee-top` looks into the process; [`console`](self) says more. None by default; each call adds one. Needs the feature `console`.
    ///
    /// The socket is there when [`build`](Self::build) returns, and gone when the runtime has shut down. A process that ends otherwise leaves it behind; the next one that opens it takes its place.
    ///
    /// `build` fails, with an error that names the path,
    /// - with [`AddrInUse`](io::ErrorKind::AddrInUse) if somebody listens there,
    /// - with [`AlreadyExists`](io::ErrorKind::AlreadyExists) if what is there is no socket,
    /// - with [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is empty, or too long: systems take some hundred bytes,
    /// - with [`ResourceBusy`](io::ErrorKind::ResourceBusy) if somebody keeps the folder locked for seconds,
    /// - and with the system's error if the folder is missing, or not to be written to.
    ///
    /// Its thread is called `fusee-console`. It runs no code of the user's, and hooks are not told of it. A forked child neither serves the socket nor removes it; while it lives after its parent the path is in use, for it has a copy of the socket:
    /// let it call `exec`, or end. A relative path is one of the folder in which `build` is called.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("app.sock");
    /// let runtime = fusee::runtime::Builder::new_multi_thread().console(&path).build()?;
    /// println!("fusee-top {}", path.display());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn console(&mut self, path: impl Into<PathBuf>) -> &mut Self {
        let path = path.into();
        self.accompany(move |handle| open(path.clone(), handle))
    }
}

fn open(path: PathBuf, handle: &Handle) -> io::Result<Companion> {
    let (listener, place) = socket::listen(path)?;
    let (ended, end) = UnixStream::pair()?;
    let server = Server::new(listener, ended, Desk::new(handle.clone()));
    Ok(Companion {
        name: "fusee-console",
        main: Box::new(move || server.run()),
        end: Box::new(move || {
            // At once, so that the next runtime can have it.
            drop(place);
            // Not by a drop of this end: a forked child may have a copy. The other end is open, or the thread has ended.
            let _ = end.shutdown(std::net::Shutdown::Both);
        }),
    })
}
