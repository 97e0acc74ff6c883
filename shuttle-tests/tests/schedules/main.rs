//! Scenarios: programs as a user of fusee would write them, run under many schedules.

mod spawning;
mod tools;
mod waking;
