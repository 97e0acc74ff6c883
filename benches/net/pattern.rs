//! The bytes of the requests: others in each, so that an answer that belongs to another request is noticed.
//!
//! A request is a stretch of one long array of random bytes, sent from there and compared there, without a copy. Where the stretch begins
//! tells the server whether to compute: zero stands at each multiple of [`COMPUTED`] and nowhere else, and of as many requests in a row one
//! begins there.

use super::workload::COMPUTED;

/// The multiples of [`COMPUTED`] at which requests begin.
const STARTS: usize = 4_096;

/// A stretch of the array.
pub(super) type Request = std::ops::Range<usize>;

pub(super) struct Pattern {
    bytes: Vec<u8>,
    /// As many bytes as each request has.
    length: usize,
}

impl Pattern {
    pub(super) fn new(length: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let mut byte = |at: usize| if at.is_multiple_of(COMPUTED) { 0 } else { random.u8(1..) };
        Self { bytes: (0..STARTS * COMPUTED + length).map(&mut byte).collect(), length }
    }

    /// The request of that number.
    pub(super) fn request(&self, number: u64) -> Request {
        // Odd, so that as many numbers in a row as there are starts have one each.
        let start = (number / COMPUTED as u64).wrapping_mul(0x9E37_79B1) as usize % STARTS;
        let begin = start * COMPUTED + number as usize % COMPUTED;
        begin..begin + self.length
    }

    pub(super) fn bytes(&self, request: Request) -> &[u8] {
        &self.bytes[request]
    }
}

/// Whether the server is to compute before it answers.
pub(super) fn is_marked(request: &[u8]) -> bool {
    request.first() == Some(&0)
}
