//! What must not compile, and what the compiler says then: each file of `compile_fail/` beside its `.stderr`.
//!
//! It stands here and not with the library's other tests because all that a package depends on for its tests is built once more for it:
//! here that is the library.

#[test]
fn misuse_of_the_library_is_refused_by_the_compiler() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
