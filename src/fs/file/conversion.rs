//! From and to the standard library's file, and its descriptor.

use std::fs::File as StdFile;
use std::future::poll_fn;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::task::{Context, Waker};

use super::File;
use crate::facade::Arc;

impl File {
    /// Makes one of the standard library's. It needs no runtime.
    ///
    /// ```
    /// let file = fusee::fs::File::from_std(std::fs::File::open("Cargo.toml")?);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn from_std(std: StdFile) -> Self {
        std.into()
    }

    /// Makes one of the standard library's of it, once no job runs. Its position is where the last read has ended: what was read beyond is given back; where there is no
    /// position, as in a named pipe, that is lost. So is the error of a write, of which nobody was told: flush before.
    ///
    /// # Panics
    /// If a call on the file that was dropped still runs, and the process has no descriptor left.
    ///
    /// # Cancel safety
    /// Dropped, the file is closed.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use std::io::Read;
    ///
    /// let mut file = fusee::fs::File::open("Cargo.toml").await?.into_std().await;
    /// file.read_to_end(&mut Vec::new())?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn into_std(mut self) -> StdFile {
        let desk = self.desk.get_mut();
        poll_fn(|context| desk.poll_settled(context)).await;
        // To move a position asks for no wait.
        let _ = desk.go_back(&self.std);
        Arc::try_unwrap(self.std)
            .unwrap_or_else(|std| std.try_clone().expect("a descriptor for the file, which a job still has"))
    }

    /// Makes one of the standard library's of it at once. The error of a write, of which nobody was told, is lost: flush before.
    ///
    /// # Errors
    /// The file itself, if a job still runs: a write that was not flushed, or what was given up. So, too, if something was read ahead that cannot be given back, as in a named pipe.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// let file = fusee::fs::File::open("Cargo.toml").await?.try_into_std().expect("nothing was done with it");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[allow(clippy::result_large_err, reason = "the file itself, which is wanted back")]
    pub fn try_into_std(mut self) -> Result<StdFile, Self> {
        let desk = self.desk.get_mut();
        if desk.poll_settled(&mut Context::from_waker(Waker::noop())).is_pending()
            || !matches!(desk.go_back(&self.std), Ok(true))
        {
            return Err(self);
        }
        Arc::try_unwrap(self.std).map_err(|std| Self { std, ..self })
    }
}

#[cfg(unix)]
impl From<OwnedFd> for File {
    fn from(descriptor: OwnedFd) -> Self {
        StdFile::from(descriptor).into()
    }
}

#[cfg(unix)]
impl FromRawFd for File {
    /// As [`File::from_std`], of a descriptor.
    ///
    /// # Safety
    /// As that of [`OwnedFd`]: the descriptor is open, and the caller's alone.
    unsafe fn from_raw_fd(descriptor: RawFd) -> Self {
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { OwnedFd::from_raw_fd(descriptor) }.into()
    }
}

#[cfg(unix)]
impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.std.as_raw_fd()
    }
}

#[cfg(unix)]
impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std.as_fd()
    }
}
