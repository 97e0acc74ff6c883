//! The file of jobs.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use fusee::time::Duration;
use serde::Deserialize;

/// What a file says of a job.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    run: Vec<String>,
    #[serde(default)]
    after: Vec<String>,
    /// In seconds.
    limit: Option<f64>,
    #[serde(default)]
    retries: u32,
    folder: Option<PathBuf>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    job: BTreeMap<String, Entry>,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// By which others wait for it.
    pub name: String,
    /// The program.
    pub program: String,
    /// What it is given.
    pub arguments: Vec<String>,
    /// The jobs that must have succeeded before, by their place in the plan.
    pub after: Vec<usize>,
    /// How long a run may take.
    pub limit: Option<Duration>,
    /// How often it may run again after it has failed.
    pub retries: u32,
    /// Where it runs, if not here.
    pub folder: Option<PathBuf>,
    /// Variables of its own.
    pub environment: BTreeMap<String, String>,
}

/// Jobs, each after those that it waits for.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In an order in which they may run.
    pub jobs: Vec<Job>,
}

impl Plan {
    /// Reads a file's `text`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, and where: it is no TOML, a job is unknown, has nothing to run, or waits for itself.
    ///
    /// ```
    /// let plan = runner::Plan::parse(
    ///     r#"
    ///     [job.greet]
    ///     run = ["echo", "hello"]
    ///     after = ["wake"]
    ///
    ///     [job.wake]
    ///     run = ["true"]
    ///     limit = 2.5
    ///     "#,
    /// )?;
    /// assert_eq!(plan.jobs[0].name, "wake");
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let File { job: mut entries } =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if entries.is_empty() {
            return Err("there is no job in it: one begins with [job.NAME]".to_owned());
        }
        let mut jobs = Vec::with_capacity(entries.len());
        let mut places = HashMap::new();
        for name in order(&entries)? {
            let entry = entries.remove(&name).expect("each name is there once");
            let after = entry.after.iter().map(|name| places[name]).collect();
            places.insert(name.clone(), jobs.len());
            jobs.push(entry.into_job(name, after)?);
        }
        Ok(Self { jobs })
    }
}

impl Entry {
    fn into_job(self, name: String, after: Vec<usize>) -> Result<Job, String> {
        let Self { run, limit, retries, folder, environment, .. } = self;
        let mut run = run.into_iter();
        let program = run.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| format!("the job {name:?} has nothing to run"))?;
        let limit = limit
            .map(|seconds| {
                let limit = Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero());
                limit.ok_or_else(|| format!("the limit of the job {name:?} must be some seconds, not {seconds}"))
            })
            .transpose()?;
        Ok(Job { name, program, arguments: run.collect(), after, limit, retries, folder, environment })
    }
}

/// The names, each after those that it waits for.
fn order(entries: &BTreeMap<String, Entry>) -> Result<Vec<String>, String> {
    let mut ordered = Vec::with_capacity(entries.len());
    let mut visited = HashMap::new();
    for name in entries.keys() {
        visit(name, entries, &mut Vec::new(), &mut visited, &mut ordered)?;
    }
    Ok(ordered)
}

/// Orders `name` behind what it waits for; `path` leads to it. A name that is `visited` is ordered already, if true.
fn visit<'a>(
    name: &'a str,
    entries: &'a BTreeMap<String, Entry>,
    path: &mut Vec<&'a str>,
    visited: &mut HashMap<&'a str, bool>,
    ordered: &mut Vec<String>,
) -> Result<(), String> {
    let Some(entry) = entries.get(name) else {
        let waiter = path.last().unwrap_or(&name);
        return Err(format!("the job {waiter:?} waits for {name:?}, which there is not"));
    };
    match visited.get(name) {
        Some(true) => return Ok(()),
        Some(false) => {
            let circle = path.iter().skip_while(|on_path| **on_path != name).chain([&name]);
            let circle: Vec<_> = circle.copied().collect();
            return Err(format!("jobs wait for each other in a circle: {}", circle.join(" after ")));
        }
        None => {}
    }
    visited.insert(name, false);
    path.push(name);
    for before in &entry.after {
        visit(before, entries, path, visited, ordered)?;
    }
    path.pop();
    visited.insert(name, true);
    ordered.push(name.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_stand_behind_those_that_they_wait_for() {
        let text = "[job.a]\nrun=['x']\nafter=['b','c']\n[job.b]\nrun=['x']\nafter=['c']\n[job.c]\nrun=['x', '1']\n";
        let plan = Plan::parse(text).unwrap();
        let names: Vec<_> = plan.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["c", "b", "a"]);
        assert_eq!(plan.jobs[2].after, [1, 0]);
        assert_eq!(plan.jobs[0].arguments, ["1"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let complaint = |text: &str| Plan::parse(text).unwrap_err();
        assert!(complaint("").contains("no job"));
        assert!(complaint("[job.a]\nrun = 3").contains("line 2"), "{}", complaint("[job.a]\nrun = 3"));
        assert!(complaint("[job.a]\nrun=['x']\nlimits=1").contains("limits"));
        assert_eq!(complaint("[job.a]\nrun=[]"), r#"the job "a" has nothing to run"#);
        assert_eq!(complaint("[job.a]\nrun=['']"), r#"the job "a" has nothing to run"#);
        assert_eq!(
            complaint("[job.a]\nrun=['x']\nlimit=-1"),
            r#"the limit of the job "a" must be some seconds, not -1"#
        );
        assert_eq!(complaint("[job.a]\nrun=['x']\nafter=['b']"), r#"the job "a" waits for "b", which there is not"#);
        let circle =
            "[job.a]\nrun=['x']\nafter=['b']\n[job.b]\nrun=['x']\nafter=['c']\n[job.c]\nrun=['x']\nafter=['b']";
        assert_eq!(complaint(circle), "jobs wait for each other in a circle: b after c after b");
    }
}
