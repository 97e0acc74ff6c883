//! The models, one file for each part of `src/`. `README.md` has the table.

mod deque;
mod deque_suite;
mod park;
mod stand_ins;
