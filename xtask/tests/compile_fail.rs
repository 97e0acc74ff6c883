//! What must not compile, and what the compiler says then: each program beside its `.stderr`.
//!
//! It stands here and not with the library's other tests because all that a package depends on for its tests is built once more for it:
//! here that is the library. `TRYBUILD=overwrite cargo test -p xtask --test compile_fail` writes the `.stderr` files anew, to be read before they
//! are kept.

/// `compile_fail/`: what must not cross threads or outlive what it borrows. `attributes/`: what `#[fusee::main]` and `#[fusee::test]` refuse, and
/// where the compiler points. `features/`: what is there with a feature alone, which the compiler names.
#[test]
fn misuse_of_the_library_is_refused_by_the_compiler() {
    let programs = trybuild::TestCases::new();
    programs.compile_fail("tests/compile_fail/*.rs");
    programs.compile_fail("tests/attributes/*.rs");
    programs.compile_fail("tests/features/*.rs");
}
