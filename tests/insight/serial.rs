//! A dump as JSON: the shape that the module's page promises, field by field.

use std::future::pending;
use std::time::Duration;

use fusee::insight::TaskState;
use fusee::runtime::{Builder, Handle};
use fusee::task::{self, yield_now};
use fusee::time::sleep;
use serde_json::{Value, json};

use super::support::watchdog;

/// The fields of an object, in alphabetical order.
fn fields(value: &Value) -> Vec<&str> {
    let mut fields: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

/// Until so many tasks wait.
async fn waiting(count: usize) {
    while Handle::current().dump().tasks().iter().filter(|task| task.state() == TaskState::Waiting).count() < count {
        yield_now().await;
    }
}

#[test]
fn a_task_that_sleeps_has_the_shape_that_is_documented() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).name("shop").build().unwrap();
        let (late, line) = runtime.block_on(async {
            let late = task::Builder::new().name("late").spawn(sleep(Duration::from_secs(3_600))).unwrap();
            let line = line!() - 1;
            waiting(1).await;
            (late, line)
        });
        let dump = serde_json::to_value(runtime.handle().dump()).unwrap();
        assert_eq!(fields(&dump), ["others", "runtime", "tasks"]);
        assert_eq!((&dump["runtime"], &dump["others"]), (&json!("shop"), &json!(0)));
        let [task] = &dump["tasks"].as_array().unwrap()[..] else { panic!("{dump}") };
        let known = ["id", "is_stranded", "name", "polled_ns", "spawned_at", "state", "waits"];
        assert_eq!(fields(task).into_iter().filter(|field| *field != "wakers").collect::<Vec<_>>(), known);
        #[cfg(target_pointer_width = "64")]
        assert_eq!(task["wakers"], json!(1));
        assert_eq!(task["id"], json!(late.id().to_string()));
        assert_eq!(task["name"], json!("late"));
        assert_eq!(fields(&task["spawned_at"]), ["column", "file", "line"]);
        assert_eq!((&task["spawned_at"]["file"], &task["spawned_at"]["line"]), (&json!(file!()), &json!(line)));
        assert!(task["spawned_at"]["column"].is_u64());
        assert_eq!((&task["state"], &task["is_stranded"]), (&json!("waiting"), &json!(false)));
        assert!(task["polled_ns"].is_u64());
        let [wait] = &task["waits"].as_array().unwrap()[..] else { panic!("{task}") };
        assert_eq!(fields(wait), ["kind", "left_ns"]);
        assert_eq!(wait["kind"], json!("timer"));
        assert!((3_000_000_000_000..=3_600_000_000_000).contains(&wait["left_ns"].as_u64().unwrap()), "{wait}");
    });
}

#[test]
fn what_is_not_known_is_left_out() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            fusee::spawn(pending::<()>());
            waiting(1).await;
        });
        let dump = serde_json::to_value(runtime.handle().dump()).unwrap();
        assert_eq!(fields(&dump), ["others", "tasks"]);
        let task = &dump["tasks"][0];
        assert!(task.get("name").is_none(), "{task}");
        assert_eq!(task["waits"], json!([]));
        #[cfg(target_pointer_width = "64")]
        assert_eq!((&task["wakers"], &task["is_stranded"]), (&json!(0), &json!(true)));
    });
}

#[cfg(feature = "net")]
#[test]
fn a_source_is_told_by_its_number_and_interest() {
    use fusee::net::UdpSocket;

    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            fusee::spawn(async move { drop(socket.recv(&mut [0; 8]).await) });
            waiting(1).await;
        });
        let dump = serde_json::to_value(runtime.handle().dump()).unwrap();
        let wait = &dump["tasks"][0]["waits"][0];
        assert!(wait["number"].is_u64(), "{dump}");
        assert_eq!(*wait, json!({ "kind": "source", "number": wait["number"], "interest": ["readable", "error"] }));
    });
}

#[test]
fn a_state_is_told_by_one_word() {
    let states = [TaskState::Running, TaskState::Queued, TaskState::Waiting, TaskState::Complete];
    assert_eq!(serde_json::to_value(states).unwrap(), json!(["running", "queued", "waiting", "complete"]));
}
