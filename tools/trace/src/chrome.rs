//! A timeline in Chrome's trace-event format: JSON, which ui.perfetto.dev and chrome://tracing open.
//!
//! The format: "Trace Event Format", by the authors of Catapult. Times are microseconds, with nanoseconds behind the point.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::timeline::{Activity, Happening, Mark, Slice, Timeline, in_words};

/// The process of the threads, and that of the tasks.
const THREADS: u32 = 1;
const TASKS: u32 = 2;

#[derive(Serialize, Default)]
struct Entry<'a> {
    ph: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    pid: u32,
    tid: usize,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    /// Of an arrow's end: it is bound to the slice that encloses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    /// Of a mark: how far it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Args<'a>>,
}

#[derive(Serialize, Default)]
struct Args<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    /// Whether the clock was read, and the time is not an estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gave_way: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timers: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_index: Option<usize>,
}

/// Writes entries, with commas between them.
struct Entries<W> {
    to: W,
    are_some: bool,
}

impl<W: Write> Entries<W> {
    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.to.write_all(if self.are_some { b",\n" } else { b"\n" })?;
        self.are_some = true;
        Ok(serde_json::to_writer(&mut self.to, entry)?)
    }
}

impl Timeline {
    /// Writes Chrome's trace events: JSON, for <https://ui.perfetto.dev> or chrome://tracing. A track for each thread of the runtime, with arrows from what wakes a task to its poll; and with
    /// `with_tasks` one for each task. It is written in many small pieces: have a buffer before a file.
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
    /// let mut json = Vec::new();
    /// Timeline::new(&runtime.handle().recording().unwrap()).write_chrome(&mut json, true)?;
    /// assert!(json.starts_with(b"{"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_chrome(&self, mut to: impl Write, with_tasks: bool) -> io::Result<()> {
        to.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
        let mut entries = Entries { to, are_some: false };
        self.chrome_names(&mut entries, with_tasks)?;
        for (tid, thread) in (1..).zip(&self.threads) {
            thread.slices.iter().try_for_each(|slice| entries.write(&self.chrome_slice(tid, slice)))?;
            let marks = thread.marks.iter().filter_map(|mark| self.chrome_mark(tid, mark));
            marks.into_iter().try_for_each(|mark| entries.write(&mark))?;
        }
        if with_tasks {
            self.chrome_tasks(&mut entries)?;
        }
        // Behind all slices: an arrow is bound to what is known by then.
        for (id, (arrow, _, at)) in self.drawn().enumerate() {
            let (name, cat) = (if arrow.is_spawn { "spawn" } else { "wake" }, Some("wake"));
            let to = &self.threads[arrow.to.0].slices[arrow.to.1];
            let end = |ph, thread, at, bp| Entry {
                ph,
                name,
                cat,
                pid: THREADS,
                tid: thread + 1,
                ts: micros(at),
                id: Some(id),
                bp,
                ..Default::default()
            };
            entries.write(&end("s", arrow.from.0, at, None))?;
            entries.write(&end("f", arrow.to.0, to.begins, Some("e")))?;
        }
        entries.to.write_all(b"\n]}\n")?;
        entries.to.flush()
    }

    fn chrome_names<W: Write>(&self, entries: &mut Entries<W>, with_tasks: bool) -> io::Result<()> {
        let mut write = |name, pid, tid, args| {
            entries.write(&Entry { ph: "M", name, pid, tid, args: Some(args), ..Default::default() })
        };
        let named = |name| Args { name: Some(name), ..Default::default() };
        let sorted = |index| Args { sort_index: Some(index), ..Default::default() };
        write("process_name", THREADS, 0, named(self.title()))?;
        write("process_sort_index", THREADS, 0, sorted(0))?;
        for (tid, thread) in (1..).zip(&self.threads) {
            write("thread_name", THREADS, tid, named(thread.source.to_string()))?;
            write("thread_sort_index", THREADS, tid, sorted(tid))?;
        }
        if with_tasks {
            write("process_name", TASKS, 0, named("tasks".to_owned()))?;
            write("process_sort_index", TASKS, 0, sorted(1))?;
        }
        Ok(())
    }

    fn chrome_slice<'a>(&'a self, tid: usize, slice: &Slice) -> Entry<'a> {
        let mut args = Args {
            exact: Some(slice.is_exact),
            end: (!slice.is_finished).then_some("not recorded"),
            gave_way: slice.gave_way.then_some(true),
            ended: slice.outcome.map(in_words),
            ..Default::default()
        };
        match slice.activity {
            Activity::Poll(task) => self.chrome_task(&mut args, task),
            Activity::Fire { timers, sources } => (args.timers, args.sources) = (Some(timers), Some(sources)),
            Activity::Job(id) => args.task = Some(format!("{id:#x}")),
            Activity::Root | Activity::Park | Activity::Hook | Activity::Earlier => {}
        }
        Entry {
            ph: "X",
            name: self.label(slice),
            pid: THREADS,
            tid,
            ts: micros(slice.begins),
            dur: Some(micros(slice.took())),
            args: Some(args),
            ..Default::default()
        }
    }

    fn chrome_mark<'a>(&'a self, tid: usize, mark: &Mark) -> Option<Entry<'a>> {
        let name = mark.what.label()?;
        let mut args = Args { exact: Some(mark.is_exact), ..Default::default() };
        match mark.what {
            Happening::Spawn(task) | Happening::Wake(task) | Happening::End(task, _) => {
                self.chrome_task(&mut args, task);
            }
            Happening::Steal { from, tasks } => (args.from, args.tasks) = (Some(from), Some(tasks)),
            Happening::Unpark { .. } => {}
        }
        let (ts, s) = (micros(mark.at), Some("t"));
        Some(Entry { ph: "i", name, pid: THREADS, tid, ts, s, args: Some(args), ..Default::default() })
    }

    fn chrome_task<'a>(&'a self, args: &mut Args<'a>, task: usize) {
        let task = &self.tasks[task];
        args.task = Some(format!("{:#x}", task.id));
        args.place = task.place.as_deref();
    }

    /// Each within a slice of the whole task, by whose name its track is called.
    fn chrome_tasks<W: Write>(&self, entries: &mut Entries<W>) -> io::Result<()> {
        for (number, task) in self.tasks.iter().enumerate() {
            let Some((first, last)) = task.states.first().zip(task.states.last()) else { continue };
            let mut write = |ph, name, at, args| {
                let (cat, id, ts) = (Some("task"), Some(number), micros(at));
                entries.write(&Entry { ph, name, cat, pid: TASKS, tid: 0, ts, id, args, ..Default::default() })
            };
            let mut args = Args { ended: task.outcome.map(in_words), ..Default::default() };
            self.chrome_task(&mut args, number);
            write("b", self.name_of(number), first.begins, Some(args))?;
            for state in &task.states {
                write("b", state.kind.label(), state.begins, None)?;
                write("e", state.kind.label(), state.ends, None)?;
            }
            write("e", self.name_of(number), last.ends, None)?;
        }
        Ok(())
    }
}

/// Exact as it is printed: up to 104 days are as many nanoseconds as a `f64` tells apart.
fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}
