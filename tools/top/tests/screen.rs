//! The screen, drawn from answers at hand: every cell of a small one, and what a large one shows besides.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fusee_top::args::Args;
use fusee_top::keys::press;
use fusee_top::model::{Model, Now};
use fusee_top::protocol::{Answer, Hello, Stats, Tasks};
use fusee_top::{once, screen};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

fn hello() -> Hello {
    serde_json::from_str(r#"{"fusee":"console","version":1,"pid":42,"runtime":"shop","recorder":true}"#).unwrap()
}

/// After so many seconds; the second worker is stuck from the first on.
fn stats(seconds: u64) -> Stats {
    let polls =
        |polls: u64, busy: u64, longest: u64| format!(r#"{{"polls":{polls},"busy_ns":{busy},"longest_ns":{longest}}}"#);
    let line = format!(
        r#"{{"stats":{{"flavor":"multi_thread","uptime_ns":{uptime},"alive":10412,"spawned":{spawned},"queued":3,
        "workers":[
          {{"polls":{polls0},"parks":{seconds},"is_parked":true,"queued":0,"busy_ns":{busy0},"current":null,"recent":{recent0}}},
          {{"polls":7,"parks":2,"is_parked":false,"queued":12,"busy_ns":{busy1},"recent":{recent1},
            "current":{{"task":"0x7f10","place":"src/db.rs:88:17","for_ns":312000000}}}}],
        "places":[
          {{"place":"src/http/server/connection.rs:41:9","alive":10240,"waiting":10200,"queued":40,"oldest_idle_ms":31000,"recent":{recent2}}},
          {{"place":"src/db.rs:88:17","alive":4,"running":1,"waiting":3,"recent":{recent1}}},
          {{"place":"src/cache.rs:17:5","alive":1,"waiting":1,"stranded":1,"oldest_idle_ms":840000,"recent":{recent3}}},
          {{"place":null,"alive":2,"waiting":2,"oldest_idle_ms":5,"recent":{recent3}}}],
        "stuck":[{{"id":"0x7f10","state":"running","polled_ns":312000000,"waits":[]}}],
        "timers":{{"live":10240,"fired":9}},"blocking":{{"threads":2,"idle":0,"queued":5}},
        "window_ns":1000000000,"added_later":[1]}}}}"#,
        uptime = 10_800_000_000_000 + seconds * 1_000_000_000,
        spawned = 20_000 + 812 * seconds,
        polls0 = 81_200 * seconds,
        busy0 = 410_000_000 * seconds,
        busy1 = 1_000_000_000 * seconds,
        recent0 = polls(81_200, 410_000_000, 1_440_000),
        recent1 = polls(3, 970_000_000, 312_000_000),
        recent2 = polls(80_100, 390_000_000, 1_440_000),
        recent3 = polls(0, 0, 0),
    );
    match serde_json::from_str(&line.replace('\n', "")).unwrap() {
        Answer::Stats(stats) => *stats,
        other => panic!("{other:?}"),
    }
}

fn model() -> Model {
    let mut model = Model::new(&Args::parse(["a.sock"]).unwrap(), hello());
    (1..=4).for_each(|seconds| model.take(hello(), stats(seconds)));
    model
}

fn press_all(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            other => KeyCode::Char(other),
        };
        press(model, KeyEvent::new(code, KeyModifiers::NONE));
    }
}

#[test]
fn a_small_screen_shows_this() {
    let expected = "\
shop · pid 42 · 2 workers · up 3.0 h    alive 10,412  queued 15  blocking 2/2
812 spawned/s · 10,240 timers · polls of the last 1.0 s · every 1.0 s

worker   busy          now                          polls/s  queue  longest
0        41 %      ▄▄▄ parked                        81,200      0   1.4 ms
1       100 %      ███ POLL 312 ms  …/db.rs:88:17         0     12   312 ms

spawned at                   alive▼  ready   polls/s    busy   longest      idle
…erver/connection.rs:41:9    10,240     40    80,100    39 %    1.4 ms      31 s
src/db.rs:88:17                   4      1       3.0    97 %    312 ms      0 ms
at other places                   2      0         0     0 %         –      5 ms
src/cache.rs:17:5                 1      0         0     0 %         –    14 min








! worker 1 is stuck for 312 ms in a poll of 0x7f10, src/db.rs:88:17
! 1 task is STRANDED at src/cache.rs:17:5: no waker, only an abort ends it
! 5 blocking jobs wait for a thread: all 2 are busy
↑↓ Enter tasks  s sort  r reverse  / filter  space pause  +- interval  q quit
";
    assert_eq!(once::text(&model(), 80, 24), expected);
}

#[test]
fn a_large_screen_shows_more_of_each_line() {
    let text = once::text(&model(), 200, 50);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 50);
    assert!(lines[5].contains("POLL 312 ms  src/db.rs:88:17") && lines[5].contains("   ███ "), "{text}");
    assert!(lines[8].starts_with("src/http/server/connection.rs:41:9 "), "{text}");
    assert!(lines[47].ends_with("only an abort ends it"), "{text}");
}

#[test]
fn keys_sort_filter_and_open() {
    let mut model = model();
    let first = |model: &Model| once::text(model, 120, 24).lines().nth(8).unwrap().to_owned();
    press_all(&mut model, "sss");
    assert!(once::text(&model, 120, 24).contains("longest▼") && first(&model).starts_with("src/db.rs:88:17"));
    press_all(&mut model, "r");
    assert!(first(&model).starts_with("at other places"), "{}", first(&model));
    press_all(&mut model, "/CACHE");
    assert!(once::text(&model, 120, 24).contains("filter: CACHE_"));
    press_all(&mut model, "\n");
    assert!(first(&model).starts_with("src/cache.rs:17:5"));
    press_all(&mut model, "q");
    assert!(model.ends, "a key again, and no letter of the filter");
    press_all(&mut model, "\n");
    assert_eq!(model.opened.as_ref().unwrap().place, "src/cache.rs:17:5");
    assert!(once::text(&model, 120, 24).contains("asks for its tasks"));

    let tasks = r#"{"dump":{"count":1200,"tasks":[
        {"id":"0x7f10","name":"load","state":"waiting","polled_ns":31000000000,"wakers":2,"waits":[
            {"kind":"timer","left_ns":1500000000},{"kind":"source","number":3,"interest":["readable","error"]},{"kind":"dream"},
            {"kind":"task","id":"0x7f30"},{"kind":"blocking_job","id":"0x7f40"}]},
        {"id":"0x7f20","state":"waiting","polled_ns":1000,"is_stranded":true,"wakers":0,"waits":[]}]}}"#;
    let Answer::Dump(tasks) = serde_json::from_str(tasks).unwrap() else { panic!("a dump") };
    model.take_tasks(&"src/other.rs:1:1".into(), tasks.clone());
    assert!(model.opened.as_ref().unwrap().tasks.is_none(), "those of another place");
    model.take_tasks(&"src/cache.rs:17:5".into(), tasks);
    let text = once::text(&model, 160, 24);
    for part in [
        "1,200 tasks, those 2 that were polled the longest time ago",
        r#"0x7f10 "load"  waiting  31 s     2      timer in 1.5 s, source 3 readable+error, something, task 0x7f30, blocking job 0x7f40"#,
        "0x7f20         STRANDED 1.0 µs   0      nothing can wake it",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    press_all(&mut model, "jjj");
    assert_eq!(model.opened.as_ref().unwrap().chosen, 1);
    model.take_tasks(&"src/cache.rs:17:5".into(), Tasks::default());
    assert_eq!(model.opened.as_ref().unwrap().chosen, 0);
    press_all(&mut model, "\x1b\x1b");
    assert!(model.opened.is_none() && model.filter.is_empty());
}

#[test]
fn stuck_tasks_are_called_by_their_names_and_circles_are_followed() {
    let mut model = model();
    let told = model.stats.as_mut().unwrap();
    told.stuck[0].name = Some("reindex".into());
    told.circles = vec![vec!["0xa".into(), "0xb".into()], vec!["0xc".into()], Vec::new()];
    let text = once::text(&model, 100, 24);
    for line in [
        r#"! worker 1 is stuck for 312 ms in a poll of 0x7f10 "reindex", src/db.rs:88:17"#,
        "! 1 task is STRANDED at src/cache.rs:17:5: no waker, only an abort ends it",
        "! 2 tasks wait for each other in a circle: 0xa → 0xb → 0xa",
        "! and 2 more",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    press_all(&mut model, "\n");
    let tasks = r#"{"dump":{"count":1,"tasks":[{"id":"0xb","name":"writer","state":"waiting","waits":[]}]}}"#;
    let Answer::Dump(tasks) = serde_json::from_str(tasks).unwrap() else { panic!("a dump") };
    let opened = model.opened.as_ref().unwrap().place.clone();
    model.take_tasks(&opened, tasks);
    model.stats.as_mut().unwrap().stuck.clear();
    model.stats.as_mut().unwrap().workers.clear();
    model.stats.as_mut().unwrap().circles.push((0..12).map(|id| format!("0x{id}").as_str().into()).collect());
    let text = once::text(&model, 100, 24);
    for line in [
        r#"! 2 tasks wait for each other in a circle: 0xa → 0xb "writer" → 0xa"#,
        "! 1 task waits for itself in a circle: 0xc → 0xc",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    model.stats.as_mut().unwrap().circles.drain(..2);
    let text = once::text(&model, 120, 24);
    let line = "! 12 tasks wait for each other in a circle: 0x0 → 0x1 → 0x2 → 0x3 → 0x4 → 0x5 → 0x6 → 0x7 → …";
    assert!(text.lines().any(|told| told == line), "{text}");
}

#[test]
fn what_is_chosen_is_reversed_and_what_should_not_be_is_red() {
    let mut model = model();
    press_all(&mut model, "jj");
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| screen::draw(frame, &model)).unwrap();
    let cell = |x, y| terminal.backend().buffer().cell((x, y)).unwrap();
    assert!(cell(0, 9).modifier.contains(Modifier::REVERSED) && !cell(0, 8).modifier.contains(Modifier::REVERSED));
    assert_eq!((cell(0, 20).symbol(), cell(0, 20).fg), ("!", Color::Red));
    assert_eq!((cell(0, 11).fg, cell(0, 8).fg), (Color::Red, Color::Reset), "the place with a stranded task");
}

#[test]
fn no_size_is_too_small() {
    let (mut model, before) = (model(), Model::new(&Args::parse(["a.sock"]).unwrap(), hello()));
    for width in [1, 2, 10, 39, 60, 300] {
        for height in 1..40 {
            once::text(&before, width, height);
            once::text(&model, width, height);
            press_all(&mut model, "\n");
            once::text(&model, width, height);
            press_all(&mut model, "\x1b");
        }
    }
}

#[test]
fn many_workers_take_half_of_the_screen() {
    let mut many = stats(1);
    many.workers = (0..64).map(|_| many.workers[0].clone()).collect();
    let mut model = Model::new(&Args::parse(["a.sock"]).unwrap(), hello());
    model.take(hello(), many);
    let text = once::text(&model, 80, 24);
    assert!(text.contains("and 57 more workers") && text.contains("src/cache.rs:17:5"), "{text}");
    let all = once::text(&model, 80, screen::height(&model));
    assert!(all.contains("\n63 ") && !all.contains("more workers"), "{all}");
}

#[test]
fn more_rows_than_a_terminal_counts_are_no_more_than_a_page() {
    let of = stats(1);
    for (workers, places) in [(65_534, 1), (1, 65_535)] {
        let mut many = of.clone();
        many.workers = vec![of.workers[0].clone(); workers];
        many.places = vec![of.places[0].clone(); places];
        let mut model = Model::new(&Args::parse(["a.sock"]).unwrap(), hello());
        model.take(hello(), many);
        assert_eq!(screen::height(&model), screen::HIGHEST, "{workers} workers and {places} places");
        let text = once::text(&model, 80, screen::height(&model));
        assert_eq!(text.contains(" more workers\n"), workers > 1);
        assert!(text.contains("connection.rs:41:9"));
    }
}

#[test]
fn rates_are_of_one_process() {
    let mut model = model();
    assert_eq!(model.spawn_rate, Some(812.0));
    assert_eq!((model.workers[0].busy, model.workers[0].history.len()), (Some(0.41), 3));
    // One that has started again, under the same path.
    model.lost = Some("gone".to_owned());
    assert!(once::text(&model, 80, 24).contains("NO ANSWER, connecting again: gone"));
    model.take(Hello { pid: 43, ..hello() }, stats(9));
    assert!(model.lost.is_none());
    assert_eq!((model.spawn_rate, model.workers[0].busy, model.workers[0].history.len()), (None, None, 0));
    model.take(Hello { pid: 43, ..hello() }, stats(8));
    assert_eq!(model.spawn_rate, None, "time has gone back");
}

#[test]
fn without_a_recorder_counters_tell_of_a_poll_that_lasts() {
    let mut model = Model::new(&Args::parse(["a.sock"]).unwrap(), hello());
    for seconds in 1..=3 {
        let mut stats = stats(seconds);
        stats.window_ns = None;
        stats.stuck.clear();
        stats.workers.iter_mut().for_each(|worker| (worker.current, worker.recent) = (None, None));
        stats.places.iter_mut().for_each(|place| place.recent = None);
        model.take(hello(), stats);
    }
    assert_eq!((model.now_of(0), model.now_of(1)), (Now::Parked, Now::Quiet(2_000_000_000)));
    let text = once::text(&model, 100, 24);
    assert!(text.contains("in a poll for 2.0 s") && text.contains("worker 1 has ended no poll for 2.0 s"), "{text}");
    assert!(text.contains("recorder paused"), "{text}");
    // Where a dump knows the task, one line is enough.
    let mut known = model.clone();
    known.stats.as_mut().unwrap().stuck = stats(1).stuck;
    let text = once::text(&known, 100, 24);
    assert!(text.contains("a poll of 0x7f10 is stuck for 312 ms") && !text.contains("has ended no poll"), "{text}");
}
