//! What is started, and how: the standard library's command, whose children are waited for by tasks.
//!
//! Deliberately not here: what only Unix has (`command_unix.rs`), and what becomes of a child (`running.rs`).

use std::ffi::OsStr;
use std::future::Future;
use std::io;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use super::Child;
use crate::runtime::Handle;

/// A program that is to be started, with its arguments, its environment and its streams. It can be started several times.
///
/// What is not set is inherited from this process: the environment, the folder, and the three standard streams, but for [`output`](Self::output). The program is looked for in `PATH` if its name has no slash.
///
/// ```
/// use fusee::process::Command;
///
/// # fusee::runtime::block_on(async {
/// let output = Command::new("sh").args(["-c", "echo $GREETING"]).env("GREETING", "hello").output().await?;
/// assert_eq!(output.stdout, b"hello\n");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct Command {
    pub(super) std: process::Command,
    kill_on_drop: bool,
}

impl Command {
    /// `program`, without arguments.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// assert!(Command::new("true").status().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn new<S: AsRef<OsStr>>(program: S) -> Self {
        Self::from(process::Command::new(program))
    }

    /// The standard library's command, which this is on top of.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let command = Command::new("true");
    /// assert_eq!(command.as_std().get_program(), "true");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn as_std(&self) -> &process::Command {
        &self.std
    }

    /// As [`as_std`](Self::as_std), to change it.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut command = Command::new("echo");
    /// command.as_std_mut().arg("hello");
    /// assert_eq!(command.output().await?.stdout, b"hello\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.std
    }

    /// The standard library's command. What [`kill_on_drop`](Self::kill_on_drop) says is lost.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut command = Command::new("true").into_std();
    /// assert!(command.status()?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn into_std(self) -> process::Command {
        self.std
    }

    /// One more argument.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("echo").arg("two words").output().await?;
    /// assert_eq!(output.stdout, b"two words\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn arg<S: AsRef<OsStr>>(&mut self, argument: S) -> &mut Self {
        self.std.arg(argument);
        self
    }

    /// More arguments.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("echo").args(["two", "words"]).output().await?;
    /// assert_eq!(output.stdout, b"two words\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&mut self, arguments: I) -> &mut Self {
        self.std.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("sh").args(["-c", "echo $COLOUR"]).env("COLOUR", "red").output().await?;
    /// assert_eq!(output.stdout, b"red\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn env<K: AsRef<OsStr>, V: AsRef<OsStr>>(&mut self, name: K, value: V) -> &mut Self {
        self.std.env(name, value);
        self
    }

    /// Sets several variables of its environment.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("sh").args(["-c", "echo $A$B"]).envs([("A", "x"), ("B", "y")]).output().await?;
    /// assert_eq!(output.stdout, b"xy\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn envs<I, K, V>(&mut self, variables: I) -> &mut Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.std.envs(variables);
        self
    }

    /// Takes a variable out of its environment, be it inherited or set before.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("sh").args(["-c", "echo $HOME"]).env_remove("HOME").output().await?;
    /// assert_eq!(output.stdout, b"\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn env_remove<K: AsRef<OsStr>>(&mut self, name: K) -> &mut Self {
        self.std.env_remove(name);
        self
    }

    /// Inherits no variable, and forgets those that were set before.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("/usr/bin/env").env_clear().output().await?;
    /// assert_eq!(output.stdout, b"");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// In which folder it begins.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("pwd").current_dir("/").output().await?;
    /// assert_eq!(output.stdout, b"/\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn current_dir<P: AsRef<Path>>(&mut self, folder: P) -> &mut Self {
        self.std.current_dir(folder);
        self
    }

    /// What it reads: with [`Stdio::piped`] what is written to [`Child::stdin`].
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// use std::process::Stdio;
    ///
    /// let output = Command::new("cat").stdin(Stdio::null()).output().await?;
    /// assert_eq!(output.stdout, b"");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn stdin<T: Into<Stdio>>(&mut self, stream: T) -> &mut Self {
        self.std.stdin(stream);
        self
    }

    /// Where it writes to: with [`Stdio::piped`] to [`Child::stdout`]. Whoever pipes it reads it, or drops it: else the child waits once the pipe is full, with 64 KiB on Linux.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// use std::process::Stdio;
    ///
    /// let child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
    /// assert_eq!(child.wait_with_output().await?.stdout, b"hello\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn stdout<T: Into<Stdio>>(&mut self, stream: T) -> &mut Self {
        self.std.stdout(stream);
        self
    }

    /// Where it complains to, as [`stdout`](Self::stdout).
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// use std::process::Stdio;
    ///
    /// let status = Command::new("ls").arg("/no/such/file").stderr(Stdio::null()).status().await?;
    /// assert!(!status.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn stderr<T: Into<Stdio>>(&mut self, stream: T) -> &mut Self {
        self.std.stderr(stream);
        self
    }

    /// Whether it is killed, by SIGKILL, when its [`Child`] is dropped, or a future of [`status`](Self::status), [`output`](Self::output) or [`Child::wait_with_output`]; it is not unless this says so. A task waits for its end.
    ///
    /// What it has started in turn is not killed; [`process_group`](Self::process_group) helps there.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// use fusee::time::{Duration, timeout};
    ///
    /// let mut command = Command::new("sleep");
    /// command.arg("3600").kill_on_drop(true);
    /// assert!(timeout(Duration::from_millis(10), command.status()).await.is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn kill_on_drop(&mut self, kills: bool) -> &mut Self {
        self.kill_on_drop = kills;
        self
    }

    /// What [`kill_on_drop`](Self::kill_on_drop) says.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// assert!(!Command::new("true").get_kill_on_drop());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn get_kill_on_drop(&self) -> bool {
        self.kill_on_drop
    }

    /// Starts it. This thread is blocked meanwhile, for tens to hundreds of microseconds as a rule.
    ///
    /// # Errors
    /// There is no such program, or it may not be run; the process or the system has no descriptors, no room or no number left for it. If what this crate needs to wait for it is not to be had, the child is killed, and has run for a moment. All of it is as before then, and may be tried again.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child of the process that built it.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("true").spawn()?;
    /// assert!(child.wait().await?.success());
    /// let error = Command::new("/no/such/program").spawn().unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn spawn(&mut self) -> io::Result<Child> {
        // It panics before anything is started.
        Handle::current().assert_not_forked();
        Child::new(self.std.spawn()?, self.kill_on_drop)
    }

    /// Starts it, before this returns, and waits until it has ended. Pipes to it are dropped at once.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::wait`], by the future.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    ///
    /// # Cancel safety
    /// Dropped before it is done, the child is dropped: it runs on, unless [`kill_on_drop`](Self::kill_on_drop) says otherwise.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// assert!(Command::new("true").status().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        let child = self.spawn();
        async {
            let mut child = child?;
            drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
            child.wait().await
        }
    }

    /// Starts it, before this returns, with `stdout` and `stderr` piped, whatever was set, and waits until it has ended; all that it writes is kept. They are piped from then on, for later starts too:
    /// [`status`](Self::status) drops such pipes.
    ///
    /// What it reads is this process's, unless [`stdin`](Self::stdin) says otherwise; a pipe is at its end at once.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::wait_with_output`], by the future.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    ///
    /// # Cancel safety
    /// As [`status`](Self::status); what was read is lost.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("echo").arg("hello").output().await?;
    /// assert_eq!(output.stdout, b"hello\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        self.std.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.spawn();
        async { child?.wait_with_output().await }
    }
}

impl From<process::Command> for Command {
    fn from(std: process::Command) -> Self {
        Self { std, kill_on_drop: false }
    }
}
