//! The attributes of the crate `fusee`, which re-exports them: `#[fusee::main]` and `#[fusee::test]`.
//!
//! Both take an `async fn` apart into tokens (`function.rs`), read the attribute's options (`options.rs`, `literal.rs`),
//! and write a function that builds a runtime and blocks on the body (`expand.rs`). What cannot be is a
//! compile error at the token that is to blame (`error.rs`). It all runs in the compiler, on its thread.
//!
//! Deliberately not here: anything that a program does when it runs; that is `fusee`'s builder. Checked by the tests of
//! `fusee`: `tests/macros.rs`, `xtask/tests/attributes/` for the errors, and `xtask/tests/lints.rs` for what lints say.

mod error;
mod expand;
mod function;
mod literal;
mod options;

use proc_macro::TokenStream;

use expand::{Attribute, expand};

/// Runs the body of an `async fn` on a runtime made for the call, and returns what it returns.
///
/// The function becomes an ordinary one: it starts a runtime, blocks its thread on the body, and ends the runtime, with
/// what still runs on it. Other than for `main` that is seldom wanted, but allowed: each call has a runtime of
/// its own. Attributes, visibility, generics, arguments (of functions other than `main`) and the return type stay.
///
/// ```
/// #[fusee::main]
/// async fn main() -> Result<(), fusee::task::JoinError> {
///     let answer = fusee::spawn(async { 6 * 7 }).await?;
///     assert_eq!(answer, 42);
///     Ok(())
/// }
/// ```
///
/// # Options
/// Each once at most, as a literal, in any order.
///
/// - `flavor = "multi_thread"`, the default, `flavor = "current_thread"`, or `flavor = "local"`, on which `spawn_local` works everywhere: which
///   runtime.
/// - `worker_threads = 4`: the number of workers of a multi-thread runtime, at least 1; one for each core by default.
/// - `name = "requests"`: the runtime's name, which its handles tell.
/// - `start_paused = true`: the runtime's clock starts paused. Needs the feature `test-util` of `fusee`.
/// - `crate = "path"`: where `fusee` is found, if not as `::fusee`.
///
/// ```
/// #[fusee::main(flavor = "multi_thread", worker_threads = 2)]
/// async fn main() {
///     assert_eq!(fusee::runtime::Handle::current().metrics().num_workers(), 2);
/// }
/// ```
///
/// ```
/// #[fusee::main(flavor = "current_thread")]
/// async fn main() {
///     let here = std::thread::current().id();
///     assert_eq!(fusee::spawn(async { std::thread::current().id() }).await.unwrap(), here);
/// }
/// ```
///
/// # To stop at ctrl-c
/// The body is what knows when to end, so there is no option for it, but a line: `fusee::signal::shutdown` is a future that is ready at
/// ctrl-c and at SIGTERM. It needs the feature `signal` of `fusee`.
///
/// ```no_run
/// # async fn work() {}
/// #[fusee::main]
/// async fn main() -> std::io::Result<()> {
///     let stop = fusee::signal::shutdown()?;
///     fusee::spawn(work());
///     stop.await;
///     // What there is to save is saved here. Then the runtime ends, and drops what still works where it awaits.
///     Ok(())
/// }
/// ```
///
/// # Lints
/// Of the body lints say what they say of an `async` block, of the function what they say of any, and nothing of what the attribute writes.
///
/// # Without the attribute
/// The first example is short for
///
/// ```
/// fn main() -> Result<(), fusee::task::JoinError> {
///     fusee::runtime::Builder::new_multi_thread().build().expect("a runtime").block_on(async {
///         let answer = fusee::spawn(async { 6 * 7 }).await?;
///         assert_eq!(answer, 42);
///         Ok(())
///     })
/// }
/// ```
///
/// # Errors
/// What cannot be does not compile: a function that is not `async`, one that another attribute gives a runtime too, arguments of `main`, an
/// option that is unknown, given twice or of the wrong kind, `worker_threads` of a runtime that is not multi-threaded or of 0, and a
/// blank `name`.
///
/// # Panics
/// The function panics when the runtime cannot be started, with the builder's error, and when it is called inside a runtime.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(Attribute::Main, options, item)
}

/// Makes a test of an `async fn`: its body runs on a runtime of its own, on the thread of the test.
///
/// `#[test]` is added; other attributes, such as `#[should_panic]`, stay as they are. The test may return what any test
/// may, a `Result` for one.
///
/// ```
/// # mod fusee { pub use ::fusee::{main as test, *}; } // So that the body is run here.
/// #[fusee::test]
/// async fn spawned_work_is_done() -> Result<(), fusee::task::JoinError> {
///     assert_eq!(fusee::spawn(async { 6 * 7 }).await?, 42);
///     Ok(())
/// }
/// # fn main() { spawned_work_is_done().unwrap() }
/// ```
///
/// # Options
/// Each once at most, as a literal, in any order.
///
/// - `flavor = "current_thread"`, the default, `flavor = "local"`, on which `spawn_local` works everywhere, or `flavor = "multi_thread"`: which
///   runtime.
/// - `worker_threads = 2`: the number of workers of a multi-thread runtime, at least 1; one by default, for a test seldom
///   gains from more. Needs `flavor = "multi_thread"`.
/// - `name = "requests"`: the runtime's name, which its handles tell.
/// - `start_paused = true`: the runtime's clock starts paused, and a test that sleeps takes no time. Needs
///   the feature `test-util` of `fusee`.
/// - `crate = "path"`: where `fusee` is found, if not as `::fusee`.
///
/// ```
/// # mod fusee { pub use ::fusee::{main as test, *}; } // So that the body is run here.
/// #[fusee::test(flavor = "multi_thread", worker_threads = 2)]
/// async fn two_workers() {
///     assert_eq!(fusee::runtime::Handle::current().metrics().num_workers(), 2);
/// }
/// # fn main() { two_workers() }
/// ```
///
/// # Errors
/// As for [`macro@main`]; so does a function that is marked `#[test]` besides. A test that takes arguments is refused by
/// `#[test]` itself, unless another attribute supplies them.
///
/// # Panics
/// The test fails when the runtime cannot be started.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(Attribute::Test, options, item)
}
