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
