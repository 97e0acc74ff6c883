//! The models' test binaries: built once, each model run in a process of its own under a watchdog.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::ci::cargo_output;
use crate::programs::{Run, listed_tests, run_watched, test_binaries};

/// Names the mutant to the models' process.
const CHOSEN_MUTANT: &str = "FUSEE_MUTANT";

/// Which binary holds which model.
#[derive(Debug)]
pub(crate) struct Models {
    folder: PathBuf,
    binaries: BTreeMap<String, PathBuf>,
}

impl Models {
    /// Builds the tests of `loom-tests`, which are among those of cargo's arguments `tests`, and asks them for their names.
    pub(crate) fn build(root: &Path, tests: &[&str]) -> Result<Self, String> {
        let arguments = [tests, &["--no-run", "--message-format", "json-render-diagnostics"]].concat();
        let output = cargo_output(root, &arguments, "building the models")?;
        let folder = root.join("loom-tests");
        let mut binaries = BTreeMap::new();
        for binary in test_binaries(&output).into_iter().filter(|binary| binary.name == "loom_tests") {
            let listing = Command::new(&binary.path)
                .args(["--list", "--format", "terse"])
                .current_dir(&folder)
                .output()
                .map_err(|error| format!("{} could not be started: {error}", binary.path.display()))?;
            for test in listed_tests(&String::from_utf8_lossy(&listing.stdout)) {
                if binaries.insert(test.clone(), binary.path.clone()).is_some() {
                    return Err(format!("two test binaries hold a model `{test}`"));
                }
            }
        }
        Ok(Self { folder, binaries })
    }

    pub(crate) fn contains(&self, test: &str) -> bool {
        self.binaries.contains_key(test)
    }

    /// Runs one model, with `mutant` chosen if there is one, for at most `watchdog`.
    pub(crate) fn run(&self, test: &str, mutant: Option<&str>, watchdog: Duration) -> Result<Run, String> {
        let binary = self.binaries.get(test).ok_or_else(|| format!("`{test}` is no model"))?;
        let mut command = Command::new(binary);
        // Uncaptured, so that a panic is on record even if the process aborts after it.
        command.args(["--exact", test, "--nocapture", "--test-threads", "1"]).current_dir(&self.folder);
        command.env_remove(CHOSEN_MUTANT).env("RUST_BACKTRACE", "0");
        if let Some(mutant) = mutant {
            command.env(CHOSEN_MUTANT, mutant);
        }
        run_watched(&mut command, watchdog).map_err(|error| format!("{} could not be run: {error}", binary.display()))
    }
}
