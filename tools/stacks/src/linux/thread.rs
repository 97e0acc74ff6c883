//! What the kernel tells of a thread, and the copy of its stack.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::Error;

/// So many bytes of a stack are looked at.
const MOST: u64 = 256 * 1024;

/// This process's memory, as a file: what is not mapped is an error.
pub(super) struct Memory(File);

impl Memory {
    pub(super) fn open() -> io::Result<Self> {
        File::open("/proc/self/mem").map(Self)
    }

    /// Copies what is at `address`; less if it ends before.
    pub(super) fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(buffer, address)
    }
}

/// A line of `/proc/self/maps`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) range: Range<u64>,
    pub(super) is_executable: bool,
    pub(super) offset: u64,
    pub(super) inode: u64,
    pub(super) path: String,
}

impl Mapping {
    fn parse(line: &str) -> Option<Self> {
        let mut rest = line;
        let mut word = || {
            let (word, after) = rest.trim_start().split_once(' ').unwrap_or((rest, ""));
            rest = after;
            word
        };
        let (start, end) = word().split_once('-')?;
        let is_executable = word().as_bytes().get(2) == Some(&b'x');
        let offset = u64::from_str_radix(word(), 16).ok()?;
        let _device = word();
        let inode = word().parse().ok()?;
        let range = u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?;
        Some(Self { range, is_executable, offset, inode, path: rest.trim_start().to_owned() })
    }
}

/// The stack of a thread, from its stack pointer on.
pub(super) struct Copy {
    pub(super) ip: u64,
    pub(super) sp: u64,
    bytes: Vec<u8>,
}

impl Copy {
    /// The word at `address`, if it has been copied.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.sp)?).ok()?;
        let word = self.bytes.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(word.try_into().ok()?))
    }
}

/// The sleep that a thread is in.
#[derive(PartialEq, Eq)]
struct Sleep {
    /// How often the thread has left a CPU, of its own will and not.
    switches: [u64; 2],
    /// The system call, its arguments, the stack pointer and the program counter.
    call: String,
}

impl Sleep {
    /// That of `thread`, to be compared with what [`after`](Self::after) says. The calls stand between the switches: if
    /// the thread has slept at both, and run between, it has gone to sleep again between them, which the switches have
    /// counted.
    fn before(thread: u32) -> Result<Self, Error> {
        let switches = switches_of(thread)?;
        Ok(Self { switches, call: call_of(thread)? })
    }

    fn after(thread: u32) -> Result<Self, Error> {
        let call = call_of(thread)?;
        Ok(Self { switches: switches_of(thread)?, call })
    }

    /// The stack pointer and the program counter, which come last.
    fn registers(&self) -> Result<(u64, u64), Error> {
        let mut words = self.call.split_whitespace().rev();
        let mut word = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
        let (ip, sp) = (word(), word());
        sp.zip(ip).filter(|&(sp, ip)| sp != 0 && ip != 0).ok_or_else(|| unclear("syscall"))
    }
}

fn switches_of(thread: u32) -> Result<[u64; 2], Error> {
    let status = read(thread, "status")?;
    let count = |name| {
        let line = status.lines().find_map(|line: &str| line.strip_prefix(name));
        line.and_then(|number| number.trim().parse().ok()).ok_or_else(|| unclear("status"))
    };
    Ok([count("voluntary_ctxt_switches:")?, count("nonvoluntary_ctxt_switches:")?])
}

/// What `syscall` says of a thread that sleeps.
fn call_of(thread: u32) -> Result<String, Error> {
    let call = read(thread, "syscall")?;
    if call.trim() == "running" { Err(Error::Running) } else { Ok(call) }
}

/// Whether `thread` is the one that asks: its own `syscall` says that it sleeps in the call that reads it.
fn is_this(thread: u32) -> io::Result<bool> {
    let this = fs::read_link("/proc/thread-self")?;
    Ok(this.file_name().and_then(|name| name.to_str()?.parse().ok()) == Some(thread))
}

fn unclear(file: &str) -> Error {
    Error::Io(io::Error::new(io::ErrorKind::InvalidData, format!("/proc/self/task: `{file}` is not understood")))
}

fn read(thread: u32, file: &str) -> Result<String, Error> {
    let folder = format!("/proc/self/task/{thread}");
    // Names of threads are cut at some byte.
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    fs::read(format!("{folder}/{file}")).map(text).map_err(|error| {
        // A thread that has ended meanwhile is ESRCH.
        let is_there = fs::exists(&folder).unwrap_or(true);
        if is_there { Error::Io(error) } else { Error::NoThread }
    })
}

/// What is mapped.
pub(super) fn maps() -> io::Result<Vec<Mapping>> {
    // A file whose name is no text is not found by it, and has no symbols.
    let maps = fs::read("/proc/self/maps")?;
    Ok(String::from_utf8_lossy(&maps).lines().filter_map(Mapping::parse).collect())
}

/// The stack of `thread`, which is the same before and after, and what is mapped.
pub(super) fn copy_of(thread: u32, memory: &Memory) -> Result<(Vec<Mapping>, Copy), Error> {
    if is_this(thread)? {
        return Err(Error::Running);
    }
    // First, so that the thread need not sleep meanwhile.
    let maps = maps()?;
    let before = Sleep::before(thread)?;
    let (sp, ip) = before.registers()?;
    let Some(stack) = maps.iter().find(|mapping| mapping.range.contains(&sp)) else { return Err(Error::MovedOn) };
    let mut bytes = vec![0; (stack.range.end - sp).min(MOST) as usize];
    let copied = memory.read(sp, &mut bytes);
    match Sleep::after(thread) {
        Ok(after) if after == before => {}
        Ok(_) | Err(Error::Running | Error::NoThread) => return Err(Error::MovedOn),
        Err(error) => return Err(error),
    }
    bytes.truncate(copied?);
    Ok((maps, Copy { ip, sp, bytes }))
}
