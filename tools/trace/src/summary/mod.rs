//! What a recording comes to: figures, for a terminal of 80 columns.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the summary, section by section |
//! | `longest.rs` | what is longest, place by place |
//! | `table.rs` | a section as text |

mod longest;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use fusee::insight::recording::{Outcome, TrackSource};

use crate::timeline::{Activity, Arrow, Happening, Slice, Thread, Timeline, in_words, without_column};
use longest::longest_by_place;
use table::{Column, Table, moment, percent, shown, took};

/// What a timeline comes to, as text: `Display` prints it. See [`Timeline::summary`].
#[derive(Clone, Debug)]
pub struct Summary {
    text: String,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Timeline {
    /// What each thread did, and where time went: tables of at most `rows` rows, 80 columns wide. Times have three digits and a unit; moments are seconds since the start of the
    /// runtime, with microseconds. Before a time `~` says that it is not exact, or adds up some that are not, and `>` that what took it was not over.
    ///
    /// ```
    /// use fusee::insight::Recorder;
    /// use fusee_trace::Timeline;
    ///
    /// let runtime = fusee::runtime::Builder::new_current_thread().recorder(Recorder::new()).build()?;
    /// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
    /// let summary = Timeline::new(&runtime.handle().recording().unwrap()).summary(10).to_string();
    /// assert!(summary.contains("worker 0"), "{summary}");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn summary(&self, rows: usize) -> Summary {
        let date = humantime::format_rfc3339_seconds(self.taken_at);
        let head = format!("{}: taken {date}, {} s after the start\n", shown(&self.title()), moment(self.taken));
        let sections = [
            self.tracks(),
            self.places(rows),
            self.longest_polls(rows),
            self.longest_waits(rows),
            self.steals(),
            self.wake_ups(),
            self.bad_ends(rows),
        ];
        let text = sections.into_iter().fold(head, |text, section| text + "\n" + &section);
        Summary { text }
    }

    fn tracks(&self) -> String {
        let columns = [
            Column::cut("thread"),
            Column::right("from (s)"),
            Column::right("span"),
            Column::right("events"),
            Column::right("lost"),
            Column::right("polling"),
            Column::right("parked"),
        ];
        let mut table = Table::new("What is recorded (lost: overwritten by later events)", columns);
        for thread in self.threads.iter().filter(|thread| thread.covers.is_some()) {
            let (first, last) = thread.covers.unwrap_or_default();
            let time = |does: fn(&Activity) -> bool| {
                let of: Duration = thread.slices.iter().filter(|slice| does(&slice.activity)).map(Slice::took).sum();
                percent(of, last - first)
            };
            table.row([
                thread.source.to_string(),
                moment(first),
                took(last - first),
                thread.events.to_string(),
                thread.overwritten.to_string(),
                time(|activity| matches!(activity, Activity::Poll(_) | Activity::Root | Activity::Job(_))),
                time(|activity| *activity == Activity::Park),
            ]);
        }
        table.to_string()
    }

    fn places(&self, rows: usize) -> String {
        #[derive(Default)]
        struct Sum<'a> {
            tasks: usize,
            polls: usize,
            total: Duration,
            is_about: bool,
            longest: Option<&'a Slice>,
        }
        let place = |task: usize| self.tasks[task].place.as_deref().unwrap_or("(not known)");
        let mut sums = BTreeMap::<&str, Sum<'_>>::new();
        for task in 0..self.tasks.len() {
            sums.entry(place(task)).or_default().tasks += 1;
        }
        for slice in self.slices().map(|(_, slice)| slice) {
            let sum = match slice.activity {
                Activity::Poll(task) => sums.entry(place(task)).or_default(),
                Activity::Root => sums.entry("(block_on)").or_default(),
                _ => continue,
            };
            sum.polls += 1;
            sum.total += slice.took();
            sum.is_about |= !slice.is_exact;
            if sum.longest.is_none_or(|longest| slice.took() > longest.took()) {
                sum.longest = Some(slice);
            }
        }
        let all: Duration = sums.values().map(|sum| sum.total).sum();
        let columns = [
            Column::cut("spawned at"),
            Column::right("tasks"),
            Column::right("polls"),
            Column::right("time"),
            Column::right("share"),
            Column::right("longest"),
        ];
        let mut table = Table::new("Busiest places, by the time of polls (~ about; > not over)", columns);
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.total));
        for (place, sum) in sums.into_iter().take(rows) {
            table.row([
                without_column(place).to_owned(),
                sum.tasks.to_string(),
                sum.polls.to_string(),
                about(!sum.is_about, sum.total),
                percent(sum.total, all),
                sum.longest.map_or_else(|| took(Duration::ZERO), length),
            ]);
        }
        table.to_string()
    }

    fn longest_polls(&self, rows: usize) -> String {
        let is_poll = |slice: &Slice| match slice.activity {
            Activity::Poll(_) => true,
            // One that has no end may have returned long ago.
            Activity::Root => slice.is_finished,
            _ => false,
        };
        let polls = self.slices().filter(|(_, slice)| is_poll(slice));
        let polls = longest_by_place(polls.map(|poll| match poll.1.activity {
            Activity::Poll(task) => (self.place_of(task), poll.1.took(), poll),
            _ => ("(block_on)", poll.1.took(), poll),
        }));
        let columns = [
            Column::right("took"),
            Column::right("of"),
            Column::cut("task"),
            Column::left("id"),
            Column::left("on"),
            Column::right("at (s)"),
        ];
        let mut table =
            Table::new("Longest polls, one of each place, which has so many (~ about; > not over)", columns);
        for (count, (thread, slice)) in polls.into_iter().take(rows) {
            let id = match slice.activity {
                Activity::Poll(task) => format!("{:#x}", self.tasks[task].id),
                _ => String::new(),
            };
            table.row([
                length(slice),
                count.to_string(),
                self.label(slice).to_owned(),
                id,
                thread.source.to_string(),
                moment(slice.begins),
            ]);
        }
        table.to_string()
    }

    fn longest_waits<'a>(&'a self, rows: usize) -> String {
        let of = |arrow: &'a Arrow| (self.place_of(arrow.task), arrow.waited(&self.threads), arrow);
        let arrows = longest_by_place(self.arrows.iter().map(of));
        let columns = [
            Column::right("waited"),
            Column::right("of"),
            Column::cut("task"),
            Column::left("woken by"),
            Column::left("polled by"),
            Column::right("at (s)"),
        ];
        let mut table = Table::new("Longest waits from wake to poll, as above (+ from the spawn; ~ about)", columns);
        for (count, arrow) in arrows.into_iter().take(rows) {
            let (to, slice) = (&self.threads[arrow.to.0], arrow.to.1);
            let spawn = if arrow.is_spawn { "+ " } else { "" };
            table.row([
                format!("{spawn}{}", about(arrow.is_exact, arrow.waited(&self.threads))),
                count.to_string(),
                self.name_of(arrow.task).to_owned(),
                self.threads[arrow.from.0].source.to_string(),
                to.source.to_string(),
                moment(to.slices[slice].begins),
            ]);
        }
        table.to_string()
    }

    fn steals(&self) -> String {
        let mut sums = BTreeMap::<(usize, usize), (usize, usize)>::new();
        for (number, thread) in self.threads.iter().enumerate() {
            for mark in &thread.marks {
                if let Happening::Steal { from, tasks } = mark.what {
                    let sum = sums.entry((number, from)).or_default();
                    *sum = (sum.0 + 1, sum.1 + tasks);
                }
            }
        }
        let columns = [Column::left("by"), Column::left("from"), Column::right("steals"), Column::right("tasks")];
        let mut table = Table::new("Steals", columns);
        for ((thread, from), (steals, tasks)) in sums {
            let from = TrackSource::Worker(from).to_string();
            table.row([self.threads[thread].source.to_string(), from, steals.to_string(), tasks.to_string()]);
        }
        table.to_string()
    }

    fn wake_ups(&self) -> String {
        let columns =
            [Column::left("thread"), Column::right("wake-ups"), Column::right("in vain"), Column::right("share")];
        let mut table = Table::new("Wake-ups (in vain: it parked again, and had done nothing)", columns);
        for thread in &self.threads {
            let unparks = thread.marks.iter().filter_map(|mark| match mark.what {
                Happening::Unpark { in_vain } => Some(in_vain),
                _ => None,
            });
            let (all, vain) = unparks.fold((0, 0), |(all, vain), is_vain| (all + 1, vain + u64::from(is_vain)));
            if all > 0 {
                let share = percent(Duration::from_nanos(vain), Duration::from_nanos(all));
                table.row([thread.source.to_string(), all.to_string(), vain.to_string(), share]);
            }
        }
        table.to_string()
    }

    fn bad_ends(&self, rows: usize) -> String {
        let marks = self.threads.iter().flat_map(|thread| thread.marks.iter().map(move |mark| (thread, mark)));
        let mut ends: Vec<_> = marks
            .filter_map(|(thread, mark)| match mark.what {
                Happening::End(task, outcome) if outcome != Outcome::Ready => Some((thread, mark, task, outcome)),
                _ => None,
            })
            .collect();
        // Panics first, the last of each.
        ends.sort_by_key(|(_, mark, _, outcome)| (*outcome != Outcome::Panicked, std::cmp::Reverse(mark.at)));
        let panicked = ends.iter().filter(|end| end.3 == Outcome::Panicked).count();
        let title = format!("Tasks that ended early: {panicked} panicked, {} cancelled", ends.len() - panicked);
        let columns =
            [Column::left("end"), Column::cut("task"), Column::left("id"), Column::left("on"), Column::right("at (s)")];
        let mut table = Table::new(&title, columns);
        for (thread, mark, task, outcome) in ends.into_iter().take(rows) {
            table.row([
                in_words(outcome).to_owned(),
                self.name_of(task).to_owned(),
                format!("{:#x}", self.tasks[task].id),
                thread.source.to_string(),
                moment(mark.at),
            ]);
        }
        table.to_string()
    }

    /// What a task's polls and waits are counted under.
    fn place_of(&self, task: usize) -> &str {
        self.tasks[task].place.as_deref().unwrap_or_else(|| self.name_of(task))
    }

    fn slices(&self) -> impl Iterator<Item = (&Thread, &Slice)> {
        self.threads.iter().flat_map(|thread| thread.slices.iter().map(move |slice| (thread, slice)))
    }
}

/// How long it took, or has taken so far.
fn length(slice: &Slice) -> String {
    let over = if slice.is_finished { "" } else { "> " };
    format!("{over}{}", about(slice.is_exact, slice.took()))
}

fn about(is_exact: bool, time: Duration) -> String {
    format!("{}{}", if is_exact { "" } else { "~ " }, took(time))
}
