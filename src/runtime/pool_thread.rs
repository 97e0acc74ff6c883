//! The threads of the blocking pool: started where they are needed, on whatever thread asks for one.

use std::io;

use super::context;
use super::handle::Handle;
use crate::blocking::Ticket;
use crate::scheduler::{Scheduler, Shard};
use crate::sync::Arc;
use crate::sync::thread::JoinHandle;

/// Starts a thread for the blocking pool of `scheduler`. It enters the runtime, so that jobs can spawn, and may block.
pub(super) fn start(scheduler: &Arc<Scheduler>, ticket: Ticket) -> io::Result<JoinHandle<()>> {
    // A reference of its own: what its jobs spawn counts on no worker's line.
    let shard = Shard::new(scheduler.clone(), scheduler.workers());
    scheduler.threads().builder()?.spawn(move || {
        context::become_pool_thread();
        let handle = Handle::new(shard);
        let _entered = context::enter(&handle);
        handle.scheduler().thread_hooks().around(|| handle.scheduler().run_blocking(ticket));
    })
}
