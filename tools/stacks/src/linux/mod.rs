//! From the thread's number to its frames.

mod images;
mod prologue;
mod thread;
mod unwind;

use std::sync::{Arc, Mutex, MutexGuard};

use crate::{Error, Stack};
use images::Images;
use thread::Memory;

/// What has been read of the program's files, kept for the next stack. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Images>>);

impl Kept {
    pub(crate) fn stack_of(&self, thread: u32) -> Result<Stack, Error> {
        let memory = Memory::open()?;
        let (maps, copy) = thread::copy_of(thread, &memory)?;
        // Only here, where the thread is done with: whoever waits has a true copy already.
        let mut images = self.lock();
        images.follow(&maps, &memory);
        let (addresses, is_whole) = unwind::addresses(&copy, &mut images, &memory);
        let mut frames = Vec::new();
        for (depth, &address) in addresses.iter().enumerate() {
            // A return address is after the call, which may be the last instruction of its line, or of its function.
            images.frames_at(address, if depth == 0 { address } else { address - 1 }, &mut frames);
        }
        Ok(Stack { frames, is_whole })
    }

    /// What a panic has left half done is read again.
    fn lock(&self) -> MutexGuard<'_, Images> {
        self.0.lock().unwrap_or_else(|poisoned| {
            let mut images = poisoned.into_inner();
            *images = Images::default();
            self.0.clear_poison();
            images
        })
    }
}
