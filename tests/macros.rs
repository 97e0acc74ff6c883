//! `#[fusee::main]` and `#[fusee::test]`: the runtime that they build, the functions that they take, and what of these stays.
//!
//! What does not compile is in `xtask/tests/attributes/`.

#![cfg(feature = "macros")]

#[path = "macros/stand_in.rs"]
mod stand_in;
mod support;

use std::error::Error;
use std::fmt::Debug;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::thread;

use fusee::runtime::Handle;
use stand_in::calls_of;
use support::message;

/// The workers of the runtime that a body runs on.
fn workers() -> usize {
    Handle::current().metrics().num_workers()
}

/// The name of the thread that a body runs on.
fn thread_name() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

mod the_runtime {
    use super::*;

    #[fusee::main]
    async fn of_main() -> (usize, Option<String>, Option<String>) {
        let spawned = fusee::spawn(async { thread_name() });
        (workers(), thread_name(), spawned.await.unwrap())
    }

    #[test]
    fn has_a_worker_for_each_core_and_the_body_on_the_callers_thread() {
        let (workers, body, spawned) = of_main();
        assert_eq!(workers, thread::available_parallelism().unwrap().get());
        assert_eq!(body, thread_name());
        assert!(spawned.is_some_and(|name| name.starts_with("fusee-worker-")));
    }

    #[fusee::main(worker_threads = 0x3_usize)]
    async fn of_three_workers() -> usize {
        workers()
    }

    #[test]
    fn has_as_many_workers_as_asked_for_and_is_new_for_each_call() {
        assert_eq!([of_three_workers(), of_three_workers()], [3, 3]);
    }

    #[fusee::test(flavor = "multi_thread")]
    async fn of_a_test_has_one_worker() {
        assert_eq!(workers(), 1);
        assert_eq!(fusee::spawn(async { thread_name() }).await.unwrap().as_deref(), Some("fusee-worker-0"));
    }

    #[fusee::test(worker_threads = 2, flavor = r"multi_thread")]
    async fn of_a_test_has_the_workers_asked_for() {
        assert_eq!(workers(), 2);
    }

    #[fusee::main(flavor = "current_thread")]
    async fn of_this_thread() -> Option<String> {
        fusee::spawn(async { thread_name() }).await.unwrap()
    }

    #[test]
    fn may_be_the_callers_thread_alone() {
        assert_eq!(of_this_thread(), thread_name());
    }

    #[fusee::test]
    async fn of_a_test_is_its_thread_alone() {
        assert_eq!(fusee::spawn(async { thread_name() }).await.unwrap(), thread_name());
    }

    #[test]
    fn is_configured_as_the_options_say() {
        use stand_in as path;

        #[fusee::main(crate = "path")]
        async fn main() {}
        assert_eq!(calls_of(main), ["new_multi_thread", "build", "block_on"]);
        #[fusee::main(worker_threads = 3, flavor = "multi_thread", crate = "path")]
        async fn workers() {}
        assert_eq!(calls_of(workers), ["new_multi_thread", "worker_threads(3)", "build", "block_on"]);
        #[fusee::main(flavor = "current_thread", start_paused = false, crate = "crate::stand_in")]
        async fn current() {}
        assert_eq!(calls_of(current), ["new_current_thread", "build", "block_on"]);
    }

    #[test]
    #[cfg(feature = "test-util")]
    fn starts_paused_where_the_options_say_so() {
        use stand_in as path;

        #[fusee::main(start_paused = true, worker_threads = 1, flavor = "multi_thread", crate = "path")]
        async fn paused() {}
        assert_eq!(
            calls_of(paused),
            ["new_multi_thread", "worker_threads(1)", "start_paused(true)", "build", "block_on"]
        );
        #[fusee::main(flavor = "local", start_paused = true, crate = "path")]
        async fn local() {}
        assert_eq!(calls_of(local), ["new_current_thread", "start_paused(true)", "build_local", "block_on"]);
    }

    #[test]
    fn may_be_local_and_have_a_name() {
        use stand_in as path;

        #[fusee::main(flavor = "local", crate = "path")]
        async fn main() {}
        assert_eq!(calls_of(main), ["new_current_thread", "build_local", "block_on"]);
        #[fusee::main(name = r#"a "raw" name"#, crate = "path")]
        async fn named() {}
        assert_eq!(calls_of(named), ["new_multi_thread", r#"name(a "raw" name)"#, "build", "block_on"]);
    }

    #[fusee::test(flavor = "local")]
    async fn that_is_local_runs_what_is_not_send() {
        let shared = Rc::new(42);
        let same = shared.clone();
        assert_eq!(fusee::task::spawn_local(async move { same }).await.unwrap(), shared);
    }

    #[fusee::test(name = "of a test")]
    async fn tells_its_name() {
        assert_eq!(Handle::current().name(), Some("of a test"));
    }

    #[fusee::test(crate = "crate::stand_in")]
    async fn of_a_test_is_a_current_thread_one() {
        assert_eq!(stand_in::calls(), ["new_current_thread", "build", "block_on"]);
    }

    #[test]
    fn that_cannot_be_started_is_a_panic_with_the_builders_error() {
        #[fusee::main(worker_threads = 32_769)]
        async fn main() {}
        let payload = catch_unwind(main).unwrap_err();
        let expected = "the runtime could not be started: worker_threads must be at most 32768, not 32769";
        assert_eq!(message(&*payload), expected);
    }

    #[fusee::test]
    #[should_panic(expected = "block_on")]
    async fn is_refused_inside_another() {
        of_main();
    }
}

mod the_body {
    use super::*;

    #[fusee::main(worker_threads = 1)]
    async fn sum(texts: &[&str]) -> Result<i32, Box<dyn Error + Send + Sync>> {
        let mut sum = 0;
        for text in texts {
            if text.is_empty() {
                return Err("an empty text".into());
            }
            sum += text.parse::<i32>()?;
        }
        Ok(sum)
    }

    #[test]
    fn returns_early_and_through_question_marks() {
        assert_eq!(sum(&["1", "2"]).unwrap(), 3);
        assert_eq!(sum(&["1", "", "x"]).unwrap_err().to_string(), "an empty text");
        assert_eq!(sum(&["x"]).unwrap_err().to_string(), "invalid digit found in string");
    }

    #[test]
    fn is_coerced_to_the_return_type() {
        #[fusee::main(worker_threads = 1)]
        async fn boxed() -> Box<dyn Fn(u8) -> u8> {
            let one = fusee::spawn(async { 1 }).await.unwrap();
            Box::new(move |number| number + one)
        }
        #[fusee::main(worker_threads = 1)]
        async fn opaque() -> impl Iterator<Item = impl Debug> {
            [1, 2].into_iter()
        }
        assert_eq!(boxed()(2), 3);
        assert_eq!(opaque().count(), 2);
    }

    #[test]
    fn that_never_returns_ends_in_its_panic() {
        #[fusee::main(worker_threads = 1)]
        async fn never() -> ! {
            panic!("the end")
        }
        let payload = catch_unwind(|| never()).unwrap_err();
        assert_eq!(message(&*payload), "the end");
    }

    #[test]
    fn keeps_its_inner_attributes_and_may_be_one_expression() {
        #[fusee::main(worker_threads = 1)]
        async fn unused() -> u8 {
            #![deny(unused_variables)]
            #![allow(unused_variables)]
            let unused = 1;
            2
        }
        #[rustfmt::skip]
        #[fusee::main(worker_threads = 1)]
        async fn short() -> u8 { 3 }
        assert_eq!([unused(), short()], [2, 3]);
    }

    #[test]
    #[deny(unfulfilled_lint_expectations)]
    fn is_warned_of_like_any_other() {
        #[fusee::main(worker_threads = 1)]
        async fn main() {
            #[expect(unused_variables)]
            let unused = 1;
            #[expect(unused_must_use)]
            fusee::spawn(async {}).await;
        }
        main();
    }

    #[test]
    fn may_call_its_function_on_another_thread() {
        #[fusee::main(worker_threads = 1)]
        async fn factorial(n: u64) -> u64 {
            if n < 2 { 1 } else { n * thread::spawn(move || factorial(n - 1)).join().unwrap() }
        }
        assert_eq!(factorial(4), 24);
    }
}

mod the_function {
    use super::*;

    struct Counter(u32);

    trait Count {
        fn add(&mut self, more: u32) -> &mut u32;
    }

    impl Count for Counter {
        #[fusee::main(worker_threads = 1)]
        async fn add(&mut self, more: u32) -> &mut u32 {
            Self::check(more);
            self.0 += fusee::spawn(async move { more }).await.unwrap();
            &mut self.0
        }
    }

    impl Counter {
        fn check(more: u32) {
            assert_ne!(more, 0);
        }
    }

    #[test]
    fn may_be_a_method() {
        let mut counter = Counter(1);
        *counter.add(2) += 1;
        assert_eq!(counter.0, 4);
    }

    #[test]
    fn keeps_generics_qualifiers_and_patterns() {
        #[fusee::main(worker_threads = 1)]
        pub(crate) async fn shown<T: Iterator<Item = Option<fn() -> u8>>, D, const N: usize>(
            (first, default): (T, D),
        ) -> [Option<u8>; N]
        where
            D: Fn() -> u8,
        {
            let mut all = first.map(|item| item.map(|call| call()));
            [(); N].map(|()| all.next().unwrap_or_else(|| Some(default())))
        }
        /// # Safety
        /// `number` is live.
        #[fusee::main(worker_threads = 1)]
        async unsafe extern "C" fn not_checked(number: *const u8) -> u8 {
            // SAFETY: the caller's pointer is live.
            unsafe { *number }
        }
        let calls: Vec<Option<fn() -> u8>> = vec![None, Some(|| 2)];
        assert_eq!(shown::<_, _, 3>((calls.into_iter(), || 0)), [None, Some(2), Some(0)]);
        // SAFETY: the pointer comes from a reference.
        assert_eq!(unsafe { not_checked(&7) }, 7);
    }

    macro_rules! made {
        ($visibility:vis $name:ident: $output:ty, $count:literal, $body:block) => {
            #[fusee::main(worker_threads = $count)]
            $visibility async fn $name() -> $output $body
        };
        ($item:item) => {
            #[fusee::main(worker_threads = 1)]
            $item
        };
    }

    made!(pub(super) from_fragments: (usize, u8), 2, { (workers(), 1) });
    made!(private: usize, 3, { workers() });
    made! {
        /// Documented.
        async fn from_an_item() -> u8 {
            fusee::spawn(async { 4 }).await.unwrap()
        }
    }

    #[test]
    fn may_come_from_a_macro() {
        assert_eq!(from_fragments(), (2, 1));
        assert_eq!(private(), 3);
        assert_eq!(from_an_item(), 4);
    }

    #[test]
    fn sees_no_name_of_the_expansion_and_gives_none() {
        let output = 1;
        #[allow(dead_code, reason = "what the expansion must not take for its own")]
        mod shadows {
            pub(super) struct Option;
            pub(super) mod core {}
            pub(super) mod fusee {}
            pub(super) fn error() -> u8 {
                5
            }
        }
        #[allow(unused_imports, reason = "as above")]
        use shadows::*;
        #[::fusee::main(worker_threads = 1)]
        async fn main() -> u8 {
            error()
        }
        assert_eq!(main() + output, 6);
    }
}

mod the_test {
    use std::future::pending;

    use fusee::test;
    use fusee::time::{Duration, timeout};

    #[test]
    async fn is_found_by_a_name_in_scope() {
        assert_eq!(fusee::spawn(async { 1 }).await.unwrap(), 1);
    }

    #[should_panic(expected = "as it should")]
    #[test]
    #[cfg_attr(all(), allow(clippy::manual_assert))]
    /// Attributes stand above and below.
    async fn keeps_its_attributes() {
        panic!("as it should");
    }

    #[fusee::test()]
    async fn may_answer_an_error() -> Result<(), fusee::task::JoinError> {
        fusee::spawn(async {}).await
    }

    #[cfg_attr(all(), fusee::test)]
    async fn has_a_clock() {
        timeout(Duration::from_millis(1), pending::<()>()).await.unwrap_err();
    }
}
