//! The models, one file for each part of `src/`. `README.md` has the table.

mod abort;
mod attendance;
mod block_on;
mod blocking;
mod deque;
mod deque_suite;
mod idle;
mod join_set;
mod keeping;
mod local;
mod park;
mod paused;
mod poller;
mod queue;
mod reactor;
mod runtime;
mod selector_suite;
mod shutdown;
mod slot;
mod stage;
mod stand_ins;
mod task;
mod task_tracker;
mod timer;
mod wakers;
mod worker;
