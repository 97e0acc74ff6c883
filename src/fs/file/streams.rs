//! Reading, writing and seeking by the traits of both worlds.
//!
//! Each operation that succeeds spends a unit of the poll's budget.

use std::io::{self, IoSlice, IoSliceMut, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::File;
#[cfg(feature = "tokio-io")]
use crate::io::traits::read_cleared;
use crate::io::traits::{implement_read, implement_write};
use crate::task::coop::poll_leaf;

impl File {
    #[cfg(feature = "tokio-io")]
    fn poll_read_buf(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        read_cleared(buffer, |room| self.poll_read_into(context, room))
    }

    fn poll_read_into(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let most = buffer.len().min(self.max_buf_size);
        let (std, desk) = (&self.std, self.desk.get_mut());
        poll_leaf(context, |context| desk.poll_read(context, std, most, |ahead| ahead.take(buffer)))
    }

    fn poll_read_vectored_into(
        &mut self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let most = buffers.iter().fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len())).min(self.max_buf_size);
        let (std, desk) = (&self.std, self.desk.get_mut());
        poll_leaf(context, |context| desk.poll_read(context, std, most, |ahead| ahead.take_vectored(buffers)))
    }

    fn poll_write_from(&mut self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored_from(context, &[IoSlice::new(buffer)])
    }

    fn poll_write_vectored_from(
        &mut self,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let most = self.max_buf_size;
        let (std, desk) = (&self.std, self.desk.get_mut());
        poll_leaf(context, |context| desk.poll_write(context, std, most, buffers))
    }

    fn poll_flush_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let desk = self.desk.get_mut();
        poll_leaf(context, |context| desk.poll_flush(context))
    }

    /// A file has no end to be told: it is closed when it is dropped.
    fn poll_close_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush_written(context)
    }
}

implement_read!(File);
implement_write!(File);

impl futures_io::AsyncSeek for File {
    fn poll_seek(self: Pin<&mut Self>, context: &mut Context<'_>, position: SeekFrom) -> Poll<io::Result<u64>> {
        let file = self.get_mut();
        let (std, desk) = (&file.std, file.desk.get_mut());
        poll_leaf(context, |context| desk.poll_seek(context, std, position))
    }
}

#[cfg(feature = "tokio-io")]
impl tokio::io::AsyncSeek for File {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let file = self.get_mut();
        let desk = file.desk.get_mut();
        if desk.is_busy() {
            return Err(io::Error::other(
                "another operation of the file is under way: call `poll_complete` before `start_seek`",
            ));
        }
        desk.begin_seek(&file.std, position)
    }

    fn poll_complete(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let desk = self.get_mut().desk.get_mut();
        poll_leaf(context, |context| desk.poll_seek_end(context))
    }
}
