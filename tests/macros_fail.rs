//! What `#[fusee::main]` and `#[fusee::test]` refuse, and where the compiler points: one program a theme, beside what it is told.
//!
//! `TRYBUILD=overwrite cargo test --test macros_fail` writes the `.stderr` files anew, to be read before they are kept.

#![cfg(feature = "macros")]

#[test]
fn what_cannot_be_is_refused_where_it_stands() {
    trybuild::TestCases::new().compile_fail("tests/macros_fail/*.rs");
}
