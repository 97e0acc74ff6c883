//! Return addresses.

use framehop::FrameAddress;
use framehop::x86_64::UnwindRegsX86_64;

use super::images::Images;
use super::prologue;
use super::thread::{Copy, Memory};

/// So many calls are followed.
const MOST: usize = 1_000;
/// `rbp`, where it is not known: an address at which nothing can be.
const UNKNOWN: u64 = u64::MAX;

/// Where the thread is, and the addresses to which its calls return, the innermost first; and whether that is all.
pub(super) fn addresses(copy: &Copy, images: &mut Images, memory: &Memory) -> (Vec<u64>, bool) {
    let mut registers = UnwindRegsX86_64::new(copy.ip, copy.sp, UNKNOWN);
    let mut found = vec![copy.ip];
    while found.len() < MOST {
        let before = registers;
        let frame = match (found.len(), FrameAddress::from_return_address(before.ip())) {
            (1, _) => FrameAddress::from_instruction_pointer(before.ip()),
            (_, Some(frame)) => frame,
            (_, None) => return (found, false),
        };
        if images.start_of_function(frame.address_for_lookup()).is_none() {
            // No table has it. framehop would follow `rbp`, which may be of any caller, or no address at all.
            return (found, false);
        }
        let mut next = images.unwind(frame, &mut registers, copy);
        if next.is_err() && before.bp() == UNKNOWN {
            let Some(bp) = frame_pointer(&before, frame.address_for_lookup(), copy, images, memory) else {
                return (found, false);
            };
            registers = UnwindRegsX86_64::new(before.ip(), before.sp(), bp);
            next = images.unwind(frame, &mut registers, copy);
        }
        match next {
            Ok(None) => return (found, true),
            // The stack grows downwards, and calls lead to code.
            Ok(Some(address)) if registers.sp() > before.sp() && images.has_code_at(address) => found.push(address),
            Ok(Some(_)) | Err(_) => return (found, false),
        }
    }
    (found, false)
}

/// `rbp` in a function that keeps its frame by it: so far above `rsp` as the function's first instructions have put it.
fn frame_pointer(
    registers: &UnwindRegsX86_64,
    address: u64,
    copy: &Copy,
    images: &Images,
    memory: &Memory,
) -> Option<u64> {
    let start = images.start_of_function(address)?;
    let mut code = vec![0; (address - start).min(256) as usize];
    let read = memory.read(start, &mut code).ok()?;
    let bp = registers.sp().checked_add(prologue::frame_size(&code[..read])?)?;
    let back = copy.word(bp.checked_add(8)?)?;
    let mut call = [0; prologue::LONGEST_CALL];
    let has_read = memory.read(back.checked_sub(call.len() as u64)?, &mut call).ok()? == call.len();
    (has_read && images.has_code_at(back) && prologue::ends_in_call(&call)).then_some(bp)
}
