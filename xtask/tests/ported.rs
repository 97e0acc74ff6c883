//! A program for tokio's runtime, channels and macros compiles in a package without tokio, once `tokio::` is replaced by `fusee::`.

mod generated;

use generated::Package;

const DEPENDENCIES: &str = "fusee = { path = '{fusee}', features = ['test-util', 'tokio-sync'] }";

#[test]
fn a_program_is_ported_by_the_name_of_the_crate() {
    let program = include_str!("ported/program.rs").replace("tokio::", "fusee::");
    let package = Package::new("ported", DEPENDENCIES, &[("src/main.rs", &program)]);
    package.cargo(&["clippy", "--no-deps", "--all-targets", "--", "-D", "warnings"]);
}
