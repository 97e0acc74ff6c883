//! The body of an answer, of which it is known how much has been written.
//!
//! HTTP/2 alone wants to know (`flow.rs`). With HTTP/1 the body and its chunks are handed through.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Buf, Bytes, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::flow::{Parcel, Turn};

pin_project! {
    /// A body, as hyper gets it.
    #[derive(Debug)]
    pub(crate) struct Answer<B> {
        #[pin]
        body: B,
        turn: Option<Turn>,
    }
}

impl<B> Answer<B> {
    pub(crate) fn new(body: B, turn: Option<Turn>) -> Self {
        Self { body, turn }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = Chunk<B::Data>;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let answer = this.body.poll_frame(context);
        if let (Poll::Pending, Some(turn)) = (&answer, &mut *this.turn) {
            turn.take();
        }
        answer.map_ok(|frame| frame.map_data(|bytes| Chunk { bytes, parcel: this.turn.as_mut().map(Turn::give) }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A part of a body that is being written.
#[derive(Debug)]
pub(crate) struct Chunk<D> {
    bytes: D,
    parcel: Option<Parcel>,
}

impl<D: Buf> Buf for Chunk<D> {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.bytes.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(parcel) = &mut self.parcel {
            parcel.moved();
        }
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        let bytes = self.bytes.copy_to_bytes(length);
        if let Some(parcel) = &mut self.parcel {
            parcel.moved();
        }
        bytes
    }
}
