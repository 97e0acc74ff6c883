//! What a builder is told of the recorder.

use std::io;

/// A ring holds so many words at least.
pub(super) const LEAST: usize = 512;

/// And so many bytes at most.
const MOST: usize = 1 << 30;

/// A flight recorder: what the threads of a runtime have done last, for [`Builder::recorder`](crate::runtime::Builder::recorder). See
/// [`insight::recording`](crate::insight::recording).
///
/// ```
/// use fusee::insight::Recorder;
/// use fusee::runtime::Builder;
///
/// let runtime = Builder::new_multi_thread().worker_threads(1).recorder(Recorder::new().bytes_per_worker(256 * 1024)).build()?;
/// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
/// let recording = runtime.handle().recording().unwrap();
/// assert!(recording.tracks().iter().any(|track| track.events().len() > 0));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorder {
    bytes: usize,
    is_paused: bool,
}

impl Recorder {
    /// One that keeps the last mebibyte of each worker, and is on.
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: 1 << 20, is_paused: false }
    }

    /// So many bytes are kept of each worker, eight an event, rounded up to a power of two; a sixteenth of that of each other thread, which are the timer driver's, those of
    /// the blocking pool, and those in `block_on`. [`build`](crate::runtime::Builder::build) refuses less than 4 KiB and more than 1 GiB.
    ///
    /// Besides, 4,096 names of tasks are kept, and 256 bytes of each.
    ///
    /// A mebibyte is 131,072 events: some milliseconds of polls that do nothing, a second at 40,000 polls a second.
    #[must_use]
    pub fn bytes_per_worker(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// The least that there is, for who asks for the last poll alone.
    pub(crate) fn small() -> Self {
        Self::new().bytes_per_worker(64 * 1024)
    }

    /// Nothing is recorded before [`Handle::resume_recording`](crate::runtime::Handle::resume_recording).
    #[must_use]
    pub fn paused(self) -> Self {
        Self { is_paused: true, ..self }
    }

    /// Refuses what cannot be.
    pub(crate) fn check(&self) -> io::Result<()> {
        if (LEAST * size_of::<u64>()..=MOST).contains(&self.bytes) {
            return Ok(());
        }
        let message =
            format!("bytes_per_worker of the recorder must be 4 KiB at least and 1 GiB at most, not {}", self.bytes);
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    pub(super) fn words(&self) -> usize {
        self.bytes / size_of::<u64>()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.is_paused
    }
}

/// As [`new`](Self::new).
impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
