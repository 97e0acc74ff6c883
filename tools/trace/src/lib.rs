//! What the flight recorder of [fusee](fusee::insight::recording) has kept, to be looked at: a [`Timeline`] for [Perfetto](https://ui.perfetto.dev) or Chrome, and a [`Summary`] for a terminal.
//!
//! The program `fusee-trace` does that to files. This library does it in the process that is recorded, or in another program:
//!
//! ```
//! use fusee::insight::Recorder;
//! use fusee::runtime::Builder;
//! use fusee_trace::Timeline;
//!
//! let runtime = Builder::new_multi_thread().worker_threads(2).recorder(Recorder::new()).build()?;
//! runtime.block_on(async { fusee::spawn(async { fusee::task::yield_now().await }).await.unwrap() });
//!
//! let timeline = Timeline::new(&runtime.handle().recording().unwrap());
//! println!("{}", timeline.summary(10));
//! let mut trace = Vec::new();
//! timeline.write_perfetto(&mut trace, true)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How to read a timeline
//! Each thread of the runtime has a track. Its slices are polls, called by the task's name or the place where it was spawned; `park`, while it sleeps; `fire`, while it wakes who waits for timers and sources;
//! `hook`, while it is in the hook for parking or for unparking; `block_on`, for polls of the root future; and blocking jobs. An arrow goes from the slice in which a task was woken to the poll that follows. Marks say what happens at once: spawns, steals, tasks that are cancelled
//! or panic, and wake-ups in vain, which are followed by another park and nothing between.
//!
//! A slice has the task's id, where it was spawned, and whether its times are `exact`: if not they are spread over the time between two readings of the clock ([`Event::is_exact`]), and of several polls that share it one may have taken nearly all. With tasks each of them has a track of
//! its own, on which it waits, is queued and runs.
//!
//! [`Event::is_exact`]: fusee::insight::recording::Event::is_exact
//!
//! # What is not there
//! A recording ends, and begins where later events have overwritten what came before. What goes on at its end is drawn to the end. Before the first event of the worker that
//! was recorded last nobody knows where tasks were polled: there no task waits or is queued, and no wake has an arrow. An arrow that would point backwards, as times are spread, is left out.
//!
//! | file | holds |
//! |---|---|
//! | `timeline/` | what a recording tells, put in order |
//! | `chrome.rs` | it as JSON |
//! | `perfetto/` | it as Perfetto's protobuf |
//! | `summary/` | figures |
//! | `main.rs`, `output.rs` | the program |

mod chrome;
mod perfetto;
mod summary;
mod timeline;

pub use summary::Summary;
pub use timeline::Timeline;
