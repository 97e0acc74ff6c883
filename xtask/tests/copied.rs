//! The service of the examples, copied out of the workspace as its README says: cargo accepts the copy, and finds what it depends on.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn the_service_can_be_copied_as_its_page_says() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
    let page = fs::read_to_string(workspace.join("examples/service/README.md")).expect("its page");
    let (_, section) = page.split_once("\n## One of your own\n").expect("how to copy it");
    let (_, commands) = section.split_once("```sh\n").expect("commands");
    let (commands, _) = commands.split_once("```").expect("their end");
    // Outside of the repository, in whose folders a copy would be a member of the workspace.
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("stock");
    let commands = commands.replace("../stock", copy.to_str().expect("a path that is text"));
    let said = Command::new("sh").args(["-euc", &commands]).current_dir(workspace).output().expect("a shell");
    assert!(said.status.success() && said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr));

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--offline", "--no-deps", "--format-version", "1"];
    let said = Command::new(cargo).args(arguments).current_dir(&copy).output().expect("cargo is there");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let metadata: Value = serde_json::from_slice(&said.stdout).expect("cargo prints JSON");
    let dependencies = metadata["packages"][0]["dependencies"].as_array().expect("what it depends on");
    let paths: Vec<_> = dependencies.iter().filter_map(|dependency| dependency["path"].as_str()).collect();
    assert!(paths.len() >= 3, "{paths:?}");
    for path in paths {
        assert!(Path::new(path).join("Cargo.toml").is_file(), "{path}");
        assert!(Path::new(path).starts_with(workspace), "{path}");
    }
    let source = fs::read_to_string(copy.join("src/lib.rs")).expect("its source");
    assert!(source.contains("pub fn router(") && !source.contains("docs/"), "{source}");
}
