//! One run of a job: its processes, their output, their end.
//!
//! A job has a process group of its own, so that what it has started ends with it. The group's number is not given to another as long as the job's own process was not waited
//! for: so that is done last, when its output has ended.

use std::future::{Future, pending};
use std::io;
use std::pin::{Pin, pin};
use std::process::{ExitStatus, Stdio};

use fusee::process::{Child, Command};
use fusee::select;
use fusee::time::{Duration, sleep};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::output::{Output, Printer, pass_on};
use crate::plan::Job;
use crate::schedule::{Ended, Launch, Stop};

/// How long the output of a job that was killed is waited for: a process that has left its group may hold it open for ever.
const AFTER_KILL: Duration = Duration::from_secs(1);

/// Runs jobs as processes.
#[derive(Debug)]
pub struct Processes {
    /// Takes what the jobs say.
    pub printer: Printer,
    /// How long a job that is asked to end may take to do so.
    pub grace: Duration,
}

/// Why a job is ended before its end.
enum Early {
    TimedOut,
    Stopped,
}

impl Launch for Processes {
    async fn launch(&self, job: &Job, stop: &Stop) -> Ended {
        let mut child = match start(job) {
            Ok(child) => child,
            Err(error) => return Ended::CannotStart(culprit(job, error).await),
        };
        let group = child.id().and_then(|id| Pid::from_raw(id as i32)).expect("a child that was not waited for");
        let mut ending = pin!(end(&mut child, &job.name, &self.printer));
        let early = select! {
            ended = &mut ending => return ended,
            () = limit(job.limit) => Early::TimedOut,
            () = stop.politely.cancelled() => Early::Stopped,
        };
        let ended = self.cut(group, ending.as_mut(), stop).await;
        match (early, ended) {
            // It was done, just then.
            (_, Some(Ended::Succeeded)) => Ended::Succeeded,
            (Early::TimedOut, _) => Ended::TimedOut,
            (Early::Stopped, _) => Ended::Stopped,
        }
    }
}

impl Processes {
    /// Asks the processes of a job to end, and kills them if they do not in time. How it ended, unless even then its output has not.
    async fn cut(&self, group: Pid, mut ending: Pin<&mut impl Future<Output = Ended>>, stop: &Stop) -> Option<Ended> {
        // An error: they have all ended.
        let _ = kill_process_group(group, Signal::TERM);
        select! {
            ended = &mut ending => return Some(ended),
            () = sleep(self.grace) => {}
            () = stop.at_once.cancelled() => {}
        }
        let _ = kill_process_group(group, Signal::KILL);
        select! {
            ended = &mut ending => Some(ended),
            () = sleep(AFTER_KILL) => None,
        }
    }
}

fn start(job: &Job) -> io::Result<Child> {
    let mut command = Command::new(&job.program);
    command.args(&job.arguments).envs(&job.environment).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = &job.folder {
        command.current_dir(folder);
    }
    command.spawn()
}

/// The error with what it is about: the folder of a job, if that cannot be read, or else its program.
async fn culprit(job: &Job, error: io::Error) -> String {
    if let Some(folder) = &job.folder
        && let Err(error) = fusee::fs::read_dir(folder).await
    {
        return format!("folder {}: {error}", folder.display());
    }
    format!("program {}: {error}", job.program)
}

/// Passes on all output of a job, and then waits for its end.
async fn end(child: &mut Child, name: &str, printer: &Printer) -> Ended {
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    fusee::join!(
        pass_on(output.expect("a pipe"), name, Output::Standard, printer),
        pass_on(errors.expect("a pipe"), name, Output::Error, printer),
    );
    match child.wait().await {
        Ok(status) if status.success() => Ended::Succeeded,
        Ok(status) => Ended::Failed(in_words(status)),
        Err(error) => Ended::Failed(error.to_string()),
    }
}

fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;

    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

async fn limit(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => pending().await,
    }
}
