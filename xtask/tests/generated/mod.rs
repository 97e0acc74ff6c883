//! A package made for a test, outside the workspace, as a user's would be: it depends on the library. All such packages have one target directory.
//!
//! It takes its versions from the workspace's lock file, and nothing from the network that `cargo test --workspace --all-features` has not fetched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A package under the target directory of the tests.
pub(crate) struct Package {
    folder: PathBuf,
}

impl Package {
    /// Writes the package `name` anew, with its `[dependencies]` and files. `{fusee}` in `dependencies` stands for the library's folder.
    pub(crate) fn new(name: &str, dependencies: &str, files: &[(&str, &str)]) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let dependencies = dependencies.replace("{fusee}", workspace.to_str().expect("a path that is text"));
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependencies}\n"
        );
        // What an earlier run left behind is no part of it, but for what it built.
        for old in ["src", "tests"] {
            let _ = fs::remove_dir_all(folder.join(old));
        }
        let lock = fs::read_to_string(workspace.join("Cargo.lock")).expect("the workspace's lock file");
        for (path, text) in files.iter().chain(&[("Cargo.toml", manifest.as_str()), ("Cargo.lock", lock.as_str())]) {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the file");
            fs::write(path, text).expect("the file is written");
        }
        Self { folder }
    }

    /// What cargo, run in the package, prints on its standard output; it must succeed.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> String {
        let output = self.run_cargo(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo {} in {}:\n{errors}", arguments[0], self.folder.display());
        String::from_utf8(output.stdout).expect("cargo prints text")
    }

    /// How cargo ends, run in the package, and what it prints.
    pub(crate) fn run_cargo(&self, arguments: &[&str]) -> Output {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Command::new(cargo)
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/target"))
            .env_remove("RUSTFLAGS")
            .output()
            .expect("cargo is there")
    }
}
