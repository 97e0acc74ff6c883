//! The threads of the blocking pool: started where they are needed, on whatever thread asks for one.
//!
//! Where they are many, one is refused for which there is no room rather than started, for the process could end by it.

use std::io;

use super::context;
use super::handle::Handle;
use crate::blocking::Ticket;
use crate::duty;
use crate::facade::thread::JoinHandle;
use crate::facade::{Arc, catch_unwind};
use crate::scheduler::thread_settings::Role;
use crate::scheduler::{Coming, Scheduler, Shard};
use crate::task::raw::discard;

/// Starts a thread for the blocking pool of `scheduler`. It enters the runtime, so that jobs can spawn, and may block.
pub(super) fn start(scheduler: &Arc<Scheduler>, ticket: Ticket) -> io::Result<JoinHandle<()>> {
    // A reference of its own: what its jobs spawn counts on no worker's line.
    let shard = Shard::new(scheduler.clone(), scheduler.workers());
    // The user's function for names is asked in the middle of what the pool does: a panic of it is a start that fails.
    let builder = catch_unwind(|| scheduler.threads().builder(Role::Pool(ticket.number()))).unwrap_or_else(|payload| {
        discard(payload);
        Err(io::Error::other("the function for thread names panicked"))
    });
    let coming = Coming::new(scheduler).ok_or(io::ErrorKind::OutOfMemory)?;
    builder?.spawn(move || {
        drop(coming);
        duty::become_pool_thread();
        let handle = Handle::new(shard);
        let _entered = context::enter(&handle);
        handle.scheduler().thread_hooks().around(|| handle.scheduler().run_blocking(ticket));
    })
}
