//! Items that are no `async fn`, and functions that cannot be what they are said to be.

#[fusee::main]
fn not_async() {}

#[fusee::test]
fn test_not_async() {}

#[fusee::test]
#[test]
async fn a_test_twice() {}

#[fusee::test]
#[::std::prelude::rust_2024::test]
async fn a_test_twice_by_another_name() {}

#[test]
#[fusee::test]
async fn a_test_twice_the_other_way() {}

#[fusee::test]
#[test]
fn a_test_that_is_not_async() {}

#[fusee::test]
#[fusee::test]
async fn written_twice() {}

#[fusee::test(flavor = "multi_thread")]
/// Documented.
#[::fusee::test(flavor = "current_thread")]
async fn written_twice_with_options() {}

#[fusee::test]
#[cfg_attr(all(), fusee::test)]
async fn written_twice_under_a_condition() {}

#[fusee::main]
#[fusee::main]
async fn written_twice_as_main() {}

#[fusee::main]
#[fusee::test]
async fn a_main_and_a_test() {}

#[fusee::test]
#[tokio::test]
async fn beside_another_runtime() {}

/// As other runtimes' attributes do, it makes a test of what is above the next attribute.
macro_rules! made_by_another {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[::core::prelude::v1::test]
        fn $name() {}
    };
}

made_by_another! {
    #[fusee::test]
    below_another_runtime
}

#[fusee::main]
struct NoFunction;

#[fusee::main]
const NEITHER: fn() = main;

trait NoBody {
    #[fusee::main]
    async fn without_a_body();
}

#[fusee::main]
async fn main(arguments: Vec<String>) {
    drop(arguments);
}
