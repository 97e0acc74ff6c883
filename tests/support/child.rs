//! A test of this file in a process of its own: where a failure would end the process.

use std::env;
use std::process::Command;

/// Set in the child.
const CHILD: &str = "FUSEE_TEST_IN_CHILD";

/// Runs `body` in a process of its own, which is this one started again for the test `name` alone, that calls this. Fails if that does.
#[track_caller]
pub(crate) fn in_child(name: &str, body: impl FnOnce()) {
    if env::var_os(CHILD).is_some() {
        return body();
    }
    let mut child = Command::new(env::current_exe().expect("a test knows its own path"));
    let ended = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().expect("a child");
    let told = String::from_utf8_lossy(&ended.stdout);
    let (told, complained) = (told.trim(), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{}: {told}\n{complained}", ended.status);
    assert!(told.contains("1 passed"), "there is no test {name}: {told}");
}
