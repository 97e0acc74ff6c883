//! Files and folders, as those of `std::fs`, without a thread that is blocked for them.
//!
//! ```
//! use fusee::fs;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! fusee::runtime::block_on(async {
//!     fs::create_dir_all(folder.join("notes")).await?;
//!     fs::write(folder.join("notes/today"), "buy bread").await?;
//!     let mut entries = fs::read_dir(folder.join("notes")).await?;
//!     while let Some(entry) = entries.next_entry().await? {
//!         println!("{}: {}", entry.path().display(), fs::read_to_string(entry.path()).await?);
//!     }
//!     std::io::Result::Ok(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How it works
//! No operating system tells reliably when a file on a disk is ready. So each function of this module is a job on the runtime's blocking pool
//! ([`spawn_blocking`](crate::task::spawn_blocking)): the standard library's function of the same name, run there from its beginning to its end. What it costs is a
//! hop to another thread and back, some ten microseconds: read a file as a whole rather than byte by byte, and wrap a [`File`] that is read or written in small pieces in a
//! [`BufReader`](crate::io::BufReader) or a [`BufWriter`](crate::io::BufWriter). Work with many small files at a time is faster as one job of one's own, with `std::fs` in it.
//!
//! As many jobs run at a time as the pool has threads ([`Builder::max_blocking_threads`](crate::runtime::Builder::max_blocking_threads)); the others wait in the order in which they came.
//!
//! # Errors
//! Those of the operating system, unchanged. Besides, each function answers an error, and does nothing, outside a runtime, on a runtime that has shut down, and if the
//! pool can start no thread. In a child that was forked from a process with the runtime it panics.
//!
//! # Cancel safety
//! A job that has begun cannot be stopped. Who drops a function of this module that waits learns nothing of what becomes of it: it is done, all of it, perhaps only later, as
//! long as the runtime lives. Where that matters, spawn it as a task, and await that. A [`File`] and a [`ReadDir`] lose nothing when a call on them is dropped.
//!
//! # Shutdown
//! The shutdown of a runtime waits for the jobs that run, but for
//! [`shutdown_background`](crate::runtime::Runtime::shutdown_background) and a
//! [`shutdown_timeout`](crate::runtime::Runtime::shutdown_timeout) whose time is over. Those that still wait for a thread are cancelled, and answer an error, but for the writes that a [`File`] has taken
//! charge of: these are carried out. A `File` that is dropped waits for nothing: what its last write came to is told by a flush, and by nobody else.
//!
//! # Paused time
//! A job counts as awake: while it runs, or has a thread to come for it, a [paused clock](crate::time) stands still.

// `contents.rs`, `folders.rs`, `links.rs`, `names.rs` and `attributes.rs` hold the functions; `open_options.rs` and `file/` a file that is open, `read_dir.rs` the entries of a
// folder. Each function is one call of `io/on_pool.rs`. Checked by `tests/fs.rs`, `fs_file.rs`, `fs_faults.rs`.
// Deliberately not here: what Windows has beside this.

mod attributes;
mod contents;
mod file;
mod folders;
mod links;
mod names;
mod open_options;
mod read_dir;

pub use attributes::{metadata, set_permissions, symlink_metadata, try_exists};
pub use contents::{copy, read, read_to_string, write};
pub use file::File;
pub use folders::{DirBuilder, create_dir, create_dir_all, remove_dir, remove_dir_all};
#[cfg(unix)]
pub use links::symlink;
pub use links::{canonicalize, hard_link, read_link};
pub use names::{remove_file, rename};
pub use open_options::OpenOptions;
pub use read_dir::{DirEntry, ReadDir, read_dir};

#[doc(no_inline)]
pub use std::fs::FileTimes;
