//! What a function's first instructions do to the stack, of functions that keep their frame by `rbp`.

/// The longest call, in bytes: `call [r12 + disp32]` without its prefix.
pub(super) const LONGEST_CALL: usize = 7;

/// How far below `rbp` a function has put `rsp`, by its first instructions in `code`; nothing if it does not keep its
/// frame by `rbp`, or aligns `rsp`, or loops to touch a large frame.
pub(super) fn frame_size(code: &[u8]) -> Option<u64> {
    // endbr64
    let code = code.strip_prefix(&[0xf3, 0x0f, 0x1e, 0xfa]).unwrap_or(code);
    // push rbp; mov rbp, rsp
    let mut code = code.strip_prefix(&[0x55, 0x48, 0x89, 0xe5])?;
    let mut size = 0_u64;
    loop {
        let (more, length) = match code {
            // and rsp, N; lea r11, [rsp - N], which begins a loop
            [0x48, 0x83 | 0x81, 0xe4, ..] | [0x4c, 0x8d, 0x9c, 0x24, ..] => return None,
            // push
            [0x50..=0x57, ..] => (8, 1),
            [0x41, 0x50..=0x57, ..] => (8, 2),
            // sub rsp, N
            [0x48, 0x83, 0xec, by @ 0..=0x7f, ..] => (u64::from(*by), 4),
            [0x48, 0x81, 0xec, a, b, c, d, ..] => (u64::from(u32::from_le_bytes([*a, *b, *c, *d])), 7),
            // mov qword [rsp], 0, which touches a page
            [0x48, 0xc7, 0x04, 0x24, 0, 0, 0, 0, ..] => (0, 8),
            _ => return Some(size),
        };
        size += more;
        code = &code[length..];
    }
}

/// Whether `code` may end in a call.
pub(super) fn ends_in_call(code: &[u8; LONGEST_CALL]) -> bool {
    // call rel32; or call by a register or by memory, of 2 to 7 bytes
    code[LONGEST_CALL - 5] == 0xe8 || code.windows(2).any(|pair| pair[0] == 0xff && pair[1] >> 3 & 7 == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_pushes_and_room() {
        // push rbp; mov rbp, rsp; push r15; push rbx; sub rsp, 0x28; mov rbx, rdi
        let code = [0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x53, 0x48, 0x83, 0xec, 0x28, 0x48, 0x89, 0xfb];
        assert_eq!(frame_size(&code), Some(8 + 8 + 0x28));
        // push rbp; mov rbp, rsp; sub rsp, 0x1000; mov qword [rsp], 0; sub rsp, 0x120
        let code = [
            &[0x55, 0x48, 0x89, 0xe5][..],
            &[0x48, 0x81, 0xec, 0, 0x10, 0, 0],
            &[0x48, 0xc7, 0x04, 0x24, 0, 0, 0, 0],
            &[0x48, 0x81, 0xec, 0x20, 1, 0, 0, 0x90],
        ];
        assert_eq!(frame_size(&code.concat()), Some(0x1000 + 0x120));
    }

    #[test]
    fn refuses_what_it_cannot_count() {
        // push rbp; push r15: `rbp` is one of the registers saved.
        assert_eq!(frame_size(&[0x55, 0x41, 0x57]), None);
        // push rbp; mov rbp, rsp; and rsp, -32
        assert_eq!(frame_size(&[0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xe4, 0xe0]), None);
        assert_eq!(frame_size(&[]), None);
    }

    #[test]
    fn knows_calls() {
        assert!(ends_in_call(&[0, 0, 0xe8, 1, 2, 3, 4]));
        // call [rip + N]; call rax
        assert!(ends_in_call(&[0, 0xff, 0x15, 1, 2, 3, 4]));
        assert!(ends_in_call(&[0, 0, 0, 0, 0, 0xff, 0xd0]));
        assert!(!ends_in_call(&[0; 7]));
        // jmp rax
        assert!(!ends_in_call(&[0, 0, 0, 0, 0, 0xff, 0xe0]));
    }
}
