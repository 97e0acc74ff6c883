//! What is not there for want of a feature: the compiler names the feature, in a package that has none of those that are on by default.

#[expect(dead_code, reason = "what is built here fails")]
mod generated;

use generated::Package;

const DEPENDENCIES: &str = "fusee = { path = '{fusee}', default-features = false }";

/// Each use, and the feature that it wants.
const USES: &[(&str, &str)] = &[
    ("use fusee::net::TcpListener;", "net"),
    ("use fusee::io::AsyncReadExt;", "io"),
    ("use fusee::fs::File;", "fs"),
    ("use fusee::process::Command;", "process"),
    ("use fusee::signal::ctrl_c;", "signal"),
    ("use fusee::sync::mpsc;", "tokio-sync"),
    ("#[fusee::main] async fn by_the_attribute() {}", "macros"),
    ("fn paused() { fusee::time::pause(); }", "test-util"),
];

/// What of `fusee::io` wants more than `io`.
const STREAMS: &[(&str, &str)] = &[("use fusee::io::stdin;", "io-std"), ("use fusee::io::stdout;", "io-std")];

#[test]
fn an_error_names_the_feature_that_is_off() {
    check("featureless", DEPENDENCIES, USES);
    check("without_io_std", &DEPENDENCIES.replace("false }", "false, features = ['io'] }"), STREAMS);
}

fn check(name: &str, dependencies: &str, uses: &[(&str, &str)]) {
    let program: String =
        uses.iter().map(|(line, _)| format!("{line}\n")).chain(["fn main() {}\n".to_owned()]).collect();
    let package = Package::new(name, dependencies, &[("src/main.rs", &program)]);
    let output = package.run_cargo(&["check"]);
    assert!(!output.status.success());
    let errors = String::from_utf8(output.stderr).expect("cargo prints text");
    for (number, (line, feature)) in uses.iter().enumerate() {
        // All that the compiler says of the line, up to the next error.
        let place = format!("src/main.rs:{}:", number + 1);
        let said = errors.split("\nerror").find(|error| error.contains(&place));
        let said = said.unwrap_or_else(|| panic!("no error for {line}:\n{errors}"));
        assert!(said.contains(&format!("the item is gated behind the `{feature}` feature")), "{line}:\n{said}");
    }
}
