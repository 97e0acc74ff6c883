//! What of a command only Unix has.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;

use super::Command;

impl Command {
    /// As which user it runs, by number; its further groups are given up if this process may do that.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// use std::os::unix::fs::MetadataExt;
    ///
    /// let own = std::fs::metadata("/proc/self").map_or(0, |folder| folder.uid());
    /// assert!(Command::new("true").uid(own).status().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn uid(&mut self, id: u32) -> &mut Self {
        self.std.uid(id);
        self
    }

    /// In which group it runs, by number.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// use std::os::unix::fs::MetadataExt;
    ///
    /// let own = std::fs::metadata("/proc/self").map_or(0, |folder| folder.gid());
    /// assert!(Command::new("true").gid(own).status().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn gid(&mut self, id: u32) -> &mut Self {
        self.std.gid(id);
        self
    }

    /// What it is told that it is called, in place of the program's name.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let output = Command::new("sh").arg0("login").args(["-c", "echo $0"]).output().await?;
    /// assert_eq!(output.stdout, b"login\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn arg0<S: AsRef<OsStr>>(&mut self, name: S) -> &mut Self {
        self.std.arg0(name);
        self
    }

    /// In which group of processes it is: with 0 in a new one, of its own number. A signal to the group reaches what it has started, too; ctrl-c at the terminal does not reach a new group.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("sleep").arg("3600").process_group(0).spawn()?;
    /// let group = child.id().unwrap().to_string();
    /// Command::new("kill").args(["-TERM", "--", &format!("-{group}")]).status().await?;
    /// assert!(!child.wait().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.std.process_group(group);
        self
    }

    /// Has `f` called in the new process, right before it becomes the program. If `f` errs, so does the start. Starting it takes longer with this: the process is forked.
    ///
    /// # Safety
    /// `f` runs in a fork of a process with several threads: other threads are gone, and what they have locked stays locked. It must do no more than what is safe after a fork (`signal-safety(7)`): no allocation, no lock, nothing of this crate's; [`CommandExt::pre_exec`] says it in full.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut command = Command::new("sh");
    /// // SAFETY: it is one system call, which changes the mask of the new process and touches no memory of others.
    /// unsafe {
    ///     command.pre_exec(|| {
    ///         rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o27));
    ///         Ok(())
    ///     });
    /// }
    /// let output = command.args(["-c", "umask"]).output().await?;
    /// assert_eq!(output.stdout, b"0027\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub unsafe fn pre_exec<F>(&mut self, f: F) -> &mut Self
    where
        F: FnMut() -> io::Result<()> + Send + Sync + 'static,
    {
        // SAFETY: the caller vouches for `f`, by the same contract.
        unsafe { self.std.pre_exec(f) };
        self
    }
}
