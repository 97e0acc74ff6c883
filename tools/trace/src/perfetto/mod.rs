//! A timeline in Perfetto's protobuf: `TrackEvent`s, which ui.perfetto.dev and `trace_processor` read.
//!
//! Names and places stand in the first packet, and events refer to them by number. An arrow leaves the slice whose number of the flow it has, and arrives at the slice that ends the flow.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | packets, from a timeline |
//! | `message.rs` | what they consist of |

mod message;

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use prost::Message;

use self::message::{Annotation, Bytes, Interned, Packet, Process, Text, Thread, Trace, Track, TrackEvent};

use crate::timeline::{Activity, Happening, Mark, Slice, StateKind, Task, Timeline, in_words};

/// `TrackEvent.Type`.
const BEGIN: i32 = 1;
const END: i32 = 2;
const INSTANT: i32 = 3;

/// `SequenceFlags`: what was interned before is forgotten; it is needed.
const CLEARED: u32 = 1;
const NEEDED: u32 = 2;

/// `ChildTracksOrdering`: by their ranks.
const EXPLICIT: i32 = 3;

/// All packets are of one sequence.
const SEQUENCE: u32 = 1;

/// Numbers of tracks: those of threads come behind the process, those of tasks behind their own.
const PROCESS: u64 = 1;
const ALL_TASKS: u64 = 2;
const FIRST_THREAD: u64 = 3;
const FIRST_TASK: u64 = 1 << 32;

/// What events say of themselves: the names of annotations are interned by these numbers.
#[derive(Clone, Copy)]
enum Key {
    Task = 1,
    Place,
    Exact,
    Ended,
    GaveWay,
    End,
    Timers,
    Sources,
    From,
    Tasks,
}

const KEYS: [(Key, &str); 10] = [
    (Key::Task, "task"),
    (Key::Place, "place"),
    (Key::Exact, "exact"),
    (Key::Ended, "ended"),
    (Key::GaveWay, "gave_way"),
    (Key::End, "end"),
    (Key::Timers, "timers"),
    (Key::Sources, "sources"),
    (Key::From, "from"),
    (Key::Tasks, "tasks"),
];

/// Writes packets.
struct Packets<'a, W> {
    to: W,
    buffer: Vec<u8>,
    /// The numbers of names and places.
    texts: HashMap<&'a str, u64>,
}

impl<'a, W: Write> Packets<'a, W> {
    fn write(&mut self, packet: Packet) -> io::Result<()> {
        self.buffer.clear();
        let packet = Packet { trusted_packet_sequence_id: SEQUENCE, ..packet };
        Trace { packet: vec![packet] }.encode(&mut self.buffer).map_err(io::Error::other)?;
        self.to.write_all(&self.buffer)
    }

    fn track(&mut self, track: Track) -> io::Result<()> {
        self.write(Packet { track_descriptor: Some(track), ..Default::default() })
    }

    fn event(&mut self, at: Duration, event: TrackEvent) -> io::Result<()> {
        let (timestamp, track_event) = (Some(at.as_nanos() as u64), Some(event));
        self.write(Packet { timestamp, track_event, sequence_flags: NEEDED, ..Default::default() })
    }

    /// The number of a text. All are known before the first event.
    fn iid(&self, text: &str) -> Option<u64> {
        self.texts.get(text).copied()
    }

    fn text(&self, key: Key, text: &str) -> Annotation {
        Annotation { name_iid: key as u64, string_value_iid: self.iid(text), ..Default::default() }
    }

    fn task(&self, task: &Task) -> Vec<Annotation> {
        let mut all = vec![pointer(task.id)];
        all.extend(task.place.as_deref().map(|place| self.text(Key::Place, place)));
        all
    }
}

fn pointer(id: u64) -> Annotation {
    Annotation { name_iid: Key::Task as u64, pointer_value: Some(id), ..Default::default() }
}

fn truth(key: Key, value: bool) -> Annotation {
    Annotation { name_iid: key as u64, bool_value: Some(value), ..Default::default() }
}

fn number(key: Key, value: usize) -> Annotation {
    Annotation { name_iid: key as u64, uint_value: Some(value as u64), ..Default::default() }
}

impl Timeline {
    /// Writes Perfetto's protobuf, for <https://ui.perfetto.dev> and `trace_processor`: what [`write_chrome`](Self::write_chrome) writes, in less room. It is written in many small pieces: have a buffer
    /// before a file.
    ///
    /// # Errors
    /// Those of `to`.
    ///
    /// ```
    /// use fusee::insight::Recorder;
    /// use fusee_trace::Timeline;
    ///
    /// let runtime = fusee::runtime::Builder::new_current_thread().recorder(Recorder::new()).build()?;
    /// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
    /// let mut bytes = Vec::new();
    /// Timeline::new(&runtime.handle().recording().unwrap()).write_perfetto(&mut bytes, false)?;
    /// assert!(!bytes.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_perfetto(&self, to: impl Write, with_tasks: bool) -> io::Result<()> {
        let mut packets = Packets { to, buffer: Vec::new(), texts: self.texts() };
        let interned = interned(&packets.texts);
        packets.write(Packet { interned_data: Some(interned), sequence_flags: CLEARED, ..Default::default() })?;
        let (pid, process_name) = (1, self.title());
        let process = Some(Process { pid, process_name });
        packets.track(Track { uuid: PROCESS, process, child_ordering: Some(EXPLICIT), ..Default::default() })?;
        let flows = self.flows();
        for (number, thread) in self.threads.iter().enumerate() {
            let uuid = FIRST_THREAD + number as u64;
            // The thread whose number is the process's would be its main one.
            let tid = pid + 1 + number as i32;
            let sibling_order_rank = Some(number as i32);
            let thread_track = Some(Thread { pid, tid, thread_name: thread.source.to_string() });
            let parent_uuid = Some(PROCESS);
            packets.track(Track {
                uuid,
                thread: thread_track,
                parent_uuid,
                sibling_order_rank,
                ..Default::default()
            })?;
            for (index, slice) in thread.slices.iter().enumerate() {
                let mut begin = self.perfetto_slice(&packets, slice);
                (begin.track_uuid, begin.r#type) = (uuid, BEGIN);
                if let Some((from, to)) = flows.get(&(number, index)) {
                    (begin.flow_ids, begin.terminating_flow_ids) = (from.clone(), to.clone());
                }
                packets.event(slice.begins, begin)?;
                packets.event(slice.ends, TrackEvent { r#type: END, track_uuid: uuid, ..Default::default() })?;
            }
            for mark in &thread.marks {
                if let Some(event) = self.perfetto_mark(&packets, mark) {
                    packets.event(mark.at, TrackEvent { track_uuid: uuid, ..event })?;
                }
            }
        }
        if with_tasks {
            self.perfetto_tasks(&mut packets)?;
        }
        packets.to.flush()
    }

    fn texts(&self) -> HashMap<&str, u64> {
        let of_tasks = (0..self.tasks.len())
            .flat_map(|task| [Some(self.name_of(task)), self.tasks[task].place.as_deref()].into_iter().flatten());
        let of_slices = self.threads.iter().flat_map(|thread| thread.slices.iter().map(|slice| self.label(slice)));
        let of_marks = self.threads.iter().flat_map(|thread| thread.marks.iter().filter_map(|mark| mark.what.label()));
        let of_states = [StateKind::Waiting, StateKind::Queued, StateKind::Running].map(StateKind::label);
        let fixed = ["not recorded", "ready", "cancelled", "panicked"];
        let mut texts = HashMap::new();
        for text in of_tasks.chain(of_slices).chain(of_marks).chain(of_states).chain(fixed) {
            let next = texts.len() as u64 + 1;
            texts.entry(text).or_insert(next);
        }
        texts
    }

    /// The arrows that leave a slice, and those that arrive.
    fn flows(&self) -> HashMap<(usize, usize), (Vec<u64>, Vec<u64>)> {
        let mut flows = HashMap::<_, (Vec<u64>, Vec<u64>)>::new();
        for (id, (arrow, slice, _)) in (1..).zip(self.drawn()) {
            flows.entry((arrow.from.0, slice)).or_default().0.push(id);
            flows.entry(arrow.to).or_default().1.push(id);
        }
        flows
    }

    fn perfetto_slice<W: Write>(&self, packets: &Packets<'_, W>, slice: &Slice) -> TrackEvent {
        let mut all = match slice.activity {
            Activity::Poll(task) => packets.task(&self.tasks[task]),
            Activity::Fire { timers, sources } => vec![number(Key::Timers, timers), number(Key::Sources, sources)],
            Activity::Job(id) => vec![pointer(id)],
            Activity::Root | Activity::Park | Activity::Hook | Activity::Earlier => Vec::new(),
        };
        all.push(truth(Key::Exact, slice.is_exact));
        all.extend((!slice.is_finished).then(|| packets.text(Key::End, "not recorded")));
        all.extend(slice.gave_way.then(|| truth(Key::GaveWay, true)));
        all.extend(slice.outcome.map(|outcome| packets.text(Key::Ended, in_words(outcome))));
        TrackEvent { debug_annotations: all, name_iid: packets.iid(self.label(slice)), ..Default::default() }
    }

    fn perfetto_mark<W: Write>(&self, packets: &Packets<'_, W>, mark: &Mark) -> Option<TrackEvent> {
        let name = mark.what.label()?;
        let mut all = match mark.what {
            Happening::Spawn(task) | Happening::Wake(task) | Happening::End(task, _) => packets.task(&self.tasks[task]),
            Happening::Steal { from, tasks } => vec![number(Key::From, from), number(Key::Tasks, tasks)],
            Happening::Unpark { .. } => Vec::new(),
        };
        all.push(truth(Key::Exact, mark.is_exact));
        let name_iid = packets.iid(name);
        Some(TrackEvent { debug_annotations: all, r#type: INSTANT, name_iid, ..Default::default() })
    }

    fn perfetto_tasks<W: Write>(&self, packets: &mut Packets<'_, W>) -> io::Result<()> {
        let (uuid, name) = (ALL_TASKS, Some("tasks".to_owned()));
        let (parent_uuid, sibling_order_rank) = (Some(PROCESS), Some(self.threads.len() as i32));
        let child_ordering = Some(EXPLICIT);
        packets.track(Track { uuid, name, parent_uuid, child_ordering, sibling_order_rank, ..Default::default() })?;
        for (index, task) in self.tasks.iter().enumerate().filter(|(_, task)| !task.states.is_empty()) {
            let (uuid, name) = (FIRST_TASK + index as u64, Some(format!("{} {:#x}", self.name_of(index), task.id)));
            let (parent_uuid, sibling_order_rank) = (Some(ALL_TASKS), Some(index as i32));
            packets.track(Track { uuid, name, parent_uuid, sibling_order_rank, ..Default::default() })?;
            for state in &task.states {
                let name_iid = packets.iid(state.kind.label());
                let event = |r#type| TrackEvent { r#type, track_uuid: uuid, ..Default::default() };
                packets.event(state.begins, TrackEvent { name_iid, ..event(BEGIN) })?;
                packets.event(state.ends, event(END))?;
            }
        }
        Ok(())
    }
}

fn interned(texts: &HashMap<&str, u64>) -> Interned {
    let mut texts: Vec<_> = texts.iter().map(|(&text, &iid)| (iid, text.to_owned())).collect();
    texts.sort_unstable();
    let bytes = texts.iter().map(|(iid, text)| Bytes { iid: *iid, str: text.clone().into_bytes() }).collect();
    Interned {
        debug_annotation_string_values: bytes,
        event_names: texts.into_iter().map(|(iid, name)| Text { iid, name }).collect(),
        debug_annotation_names: KEYS.map(|(key, name)| Text { iid: key as u64, name: name.to_owned() }).into(),
    }
}
