//! The standard streams of the process: [`stdin`], [`stdout`] and [`stderr`].
//!
//! They are shared with whoever else has them, this process's parent and children, so they are left as they are: never in non-blocking mode, which would be that of all
//! who share them. What blocks is a job on the blocking pool.
//!
//! | file | holds |
//! |---|---|
//! | `input.rs` | the standard input |
//! | `gate.rs` | how it is known that there is something to read, before a job reads it |
//! | `look.rs` | the looks at it that keep reads from blocking |
//! | `output.rs` | what both outputs have in common, and what they are |
//!
//! Who calls it: users, in a task. Checked by `tests/stdio.rs`, whose programs run in processes of their own.
//! Deliberately not here: how a job is run (`io/on_pool.rs`).

mod gate;
mod input;
#[cfg(unix)]
mod look;
mod output;

pub use input::{Stdin, stdin};
pub use output::{Stderr, Stdout, stderr, stdout};
