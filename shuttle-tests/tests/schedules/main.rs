//! Scenarios: programs as a user of fusee would write them, run under many schedules.

mod blocking;
mod collections;
mod current_thread;
mod local;
mod mutants;
mod shutdown;
mod sources;
mod spawning;
mod timers;
mod tools;
mod waking;
