//! What a file's jobs work on, and what came of them.
//!
//! The position in the file is the operating system's. It is ahead of the reader's by what was read and is not taken yet: each job that depends on the position
//! first moves it back by so much, and forgets those bytes as soon as that is done. Where there is no position, as in a named pipe, they are kept for the next read.
//!
//! Who calls it: the other files of the folder, under the file's lock or with the file borrowed exclusively.

use std::fs::File as StdFile;
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::task::{Context, Poll, ready};

use crate::blocking::AtClose;
use crate::facade::Arc;
use crate::io::buffer::Buffer;
use crate::io::on_pool::OnPool;

/// A file's jobs.
#[derive(Debug)]
pub(super) struct Desk {
    jobs: OnPool<Buffers, Done>,
    /// What a job has said that nobody has been told.
    write_error: Option<io::Error>,
    /// Where the last seek has ended.
    position: u64,
    /// The seek of futures-io's that is under way: who asks for another has given this one up.
    seeking: Option<SeekFrom>,
}

#[derive(Debug, Default)]
struct Buffers {
    /// What was read and is not taken yet.
    ahead: Buffer,
    /// What is to be written.
    written: Buffer,
}

/// What a job has done.
enum Done {
    Read(io::Result<()>),
    Write(io::Result<()>),
    Seek(io::Result<u64>),
    /// What concerns the position or the length, and is awaited by who has begun it.
    Other(io::Result<()>),
}

impl Desk {
    pub(super) fn new() -> Self {
        Self { jobs: OnPool::new(Buffers::default()), write_error: None, position: 0, seeking: None }
    }

    /// Whether a job may still run.
    #[cfg(feature = "tokio-io")]
    pub(super) fn is_busy(&self) -> bool {
        self.jobs.is_busy()
    }

    /// Pending while a job runs.
    pub(super) fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(done) = ready!(self.jobs.poll_end(context)) {
            self.note(done);
        }
        Poll::Ready(())
    }

    /// Keeps what is to be told later. An error of a read that was given up is told by the next one, if it is still there.
    fn note(&mut self, done: Done) {
        self.seeking = None;
        match done {
            Done::Write(Err(error)) => self.write_error = Some(error),
            Done::Seek(Ok(position)) => self.position = position,
            Done::Read(_) | Done::Write(Ok(())) | Done::Seek(Err(_)) | Done::Other(_) => {}
        }
    }

    /// What became of the writes before, once none runs.
    pub(super) fn take_write_error(&mut self) -> io::Result<()> {
        self.write_error.take().map_or(Ok(()), Err)
    }

    /// Reads at most `most` bytes if there are none left, and hands them to `take`.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        file: &Arc<StdFile>,
        most: usize,
        take: impl FnOnce(&mut Buffer) -> usize,
    ) -> Poll<io::Result<usize>> {
        loop {
            match ready!(self.jobs.poll_end(context)) {
                Some(Done::Read(read)) => return Poll::Ready(read.map(|()| take(&mut self.jobs.state().ahead))),
                Some(done) => self.note(done),
                None => {}
            }
            let mut buffers = self.jobs.state();
            if most == 0 || !buffers.ahead.is_empty() {
                return Poll::Ready(Ok(take(&mut buffers.ahead)));
            }
            drop(buffers);
            let file = file.clone();
            self.jobs.begin(
                AtClose::Cancelled,
                |error| Done::Read(Err(error)),
                move |buffers| Done::Read(buffers.ahead.fill_from(most, &mut &*file).map(drop)),
            )?;
        }
    }

    /// Takes charge of at most `most` bytes of `sources`.
    pub(super) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        file: &Arc<StdFile>,
        most: usize,
        sources: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_settled(context));
        self.take_write_error()?;
        let count = self.jobs.state().written.put(sources, most);
        if count > 0 {
            let file = file.clone();
            self.jobs.begin(
                AtClose::Run,
                |error| Done::Write(Err(error)),
                move |buffers| {
                    Done::Write(buffers.go_back(&file).and_then(|()| (&*file).write_all(buffers.written.bytes())))
                },
            )?;
        }
        Poll::Ready(Ok(count))
    }

    /// Pending until what was written is.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_settled(context));
        Poll::Ready(self.take_write_error())
    }

    /// Begins to move the position, while no job runs.
    pub(super) fn begin_seek(&mut self, file: &Arc<StdFile>, to: SeekFrom) -> io::Result<()> {
        let file = file.clone();
        self.jobs.begin(
            AtClose::Cancelled,
            |error| Done::Seek(Err(error)),
            move |buffers| Done::Seek(buffers.seek(&file, to)),
        )
    }

    /// Pending while a job runs: then where the last seek has ended.
    #[cfg(feature = "tokio-io")]
    pub(super) fn poll_seek_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        match ready!(self.jobs.poll_end(context)) {
            Some(Done::Seek(Err(error))) => {
                self.seeking = None;
                return Poll::Ready(Err(error));
            }
            Some(done) => self.note(done),
            None => {}
        }
        Poll::Ready(Ok(self.position))
    }

    /// Moves the position.
    pub(super) fn poll_seek(
        &mut self,
        context: &mut Context<'_>,
        file: &Arc<StdFile>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        loop {
            match ready!(self.jobs.poll_end(context)) {
                Some(Done::Seek(sought)) if self.seeking == Some(to) => {
                    self.seeking = None;
                    self.position = *sought.as_ref().unwrap_or(&self.position);
                    return Poll::Ready(sought);
                }
                Some(done) => self.note(done),
                None => {
                    self.begin_seek(file, to)?;
                    self.seeking = Some(to);
                }
            }
        }
    }

    /// Runs `operation` when the file's position is the reader's, while no job runs.
    pub(super) fn begin_other(
        &mut self,
        file: &Arc<StdFile>,
        operation: impl FnOnce(&StdFile) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let file = file.clone();
        self.jobs.begin(
            AtClose::Cancelled,
            |error| Done::Other(Err(error)),
            move |buffers| Done::Other(buffers.go_back(&file).and_then(|()| operation(&file))),
        )
    }

    /// Pending until that has ended.
    pub(super) fn poll_other(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.jobs.poll_end(context)) {
            Some(Done::Other(answer)) => Poll::Ready(answer),
            Some(done) => {
                self.note(done);
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Ok(())),
        }
    }

    /// Whether something was read and is not taken yet, while no job runs.
    pub(super) fn is_ahead(&mut self) -> bool {
        !self.jobs.state().ahead.is_empty()
    }

    /// Moves the position back to the reader's on this thread, while no job runs. False where there is none to be moved.
    pub(super) fn go_back(&mut self, file: &StdFile) -> io::Result<bool> {
        let mut buffers = self.jobs.state();
        buffers.go_back(file)?;
        Ok(buffers.ahead.is_empty())
    }
}

impl Buffers {
    /// Moves the position back to the reader's, where there is one.
    fn go_back(&mut self, file: &StdFile) -> io::Result<()> {
        if self.ahead.is_empty() {
            return Ok(());
        }
        match self.seek(file, SeekFrom::Current(0)) {
            Err(error) if error.kind() == io::ErrorKind::NotSeekable => Ok(()),
            sought => sought.map(drop),
        }
    }

    /// Moves the position, and forgets what was read ahead. The reader's position is the same if that fails.
    fn seek(&mut self, mut file: &StdFile, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Current(offset) => {
                // A buffer is no longer than `isize::MAX`.
                let ahead = self.ahead.bytes().len() as i64;
                match offset.checked_sub(ahead) {
                    Some(offset) => SeekFrom::Current(offset),
                    None => {
                        file.seek(SeekFrom::Current(-ahead))?;
                        self.ahead.clear();
                        to
                    }
                }
            }
            to => to,
        };
        let position = file.seek(to)?;
        self.ahead.clear();
        Ok(position)
    }
}
