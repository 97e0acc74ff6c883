//! Options that are unknown, malformed, of the wrong kind, given twice or at odds.

#[fusee::main(foo)]
async fn unknown_word() {}

#[fusee::main(threads = 4)]
async fn unknown_option() {}

#[fusee::main("multi_thread")]
async fn no_name() {}

#[fusee::main(flavor)]
async fn no_value() {}

#[fusee::main(flavor = )]
async fn nothing_after_equals() {}

#[fusee::main(flavor("multi_thread"))]
async fn parentheses_for_equals() {}

#[fusee::main(flavor: "multi_thread")]
async fn colon_for_equals() {}

#[fusee::main(flavor = 4)]
async fn flavor_of_a_number() {}

#[fusee::main(flavor = multi_thread)]
async fn flavor_without_quotes() {}

#[fusee::main(flavor = "threadpool")]
async fn unknown_flavor() {}

#[fusee::main(worker_threads = "4")]
async fn workers_of_a_string() {}

#[fusee::main(worker_threads = 1.5)]
async fn workers_of_a_fraction() {}

#[fusee::main(worker_threads = -1)]
async fn workers_below_zero() {}

#[fusee::main(worker_threads = 2 * COUNT)]
async fn workers_of_an_expression() {}

#[fusee::main(worker_threads = 0)]
async fn no_workers() {}

#[fusee::main(worker_threads = 0x1_0000_0000_0000_0000)]
async fn too_many_workers() {}

#[fusee::main(name = 4)]
async fn name_of_a_number() {}

#[fusee::main(name = " ")]
async fn blank_name() {}

#[fusee::main(flavor = "local", worker_threads = 2)]
async fn workers_of_a_local_runtime() {}

#[fusee::main(start_paused = "true")]
async fn paused_of_a_string() {}

#[fusee::main(crate = 4)]
async fn path_of_a_number() {}

#[fusee::main(crate = "4")]
async fn path_that_is_none() {}

#[fusee::main(worker_threads = 2, worker_threads = 2)]
async fn twice() {}

#[fusee::main(flavor = "current_thread", worker_threads = 2)]
async fn workers_of_a_current_thread() {}

#[fusee::test(worker_threads = 2)]
async fn workers_of_a_test() {}

#[fusee::main(worker_threads = 2 flavor = "multi_thread")]
async fn no_comma() {}

fn main() {}
