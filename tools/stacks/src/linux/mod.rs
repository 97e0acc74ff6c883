//! From the thread's number to its frames.

mod images;
mod prologue;
mod thread;
mod unwind;

use std::sync::{Mutex, PoisonError};

use crate::{Error, Stack};
use images::Images;
use thread::Memory;

/// What is read of the program's files, kept for the next stack.
static IMAGES: Mutex<Option<Images>> = Mutex::new(None);

pub(crate) fn stack_of(thread: u32) -> Result<Stack, Error> {
    let memory = Memory::open()?;
    let (maps, copy) = thread::copy_of(thread, &memory)?;
    // What a panic has left half done is read again below, or is as good as before: tables are added and never changed.
    let mut kept = IMAGES.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.as_ref().is_none_or(|images| !images.are_of(&maps)) {
        *kept = Some(Images::of(&maps));
    }
    let images = kept.get_or_insert_with(|| Images::of(&maps));
    let (addresses, is_whole) = unwind::addresses(&copy, images, &memory);
    let mut frames = Vec::new();
    for (depth, &address) in addresses.iter().enumerate() {
        // A return address is after the call, which may be the last instruction of its line, or of its function.
        images.frames_at(address, if depth == 0 { address } else { address - 1 }, &mut frames);
    }
    Ok(Stack { frames, is_whole })
}
