//! The program and its libraries: their tables and symbols, read from their files.

use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use addr2line::Loader;
use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{ExplicitModuleSectionInfo, FrameAddress, Module, Unwinder};
use gimli::{BaseAddresses, EhFrame, EhFrameHdr, EndianSlice, LittleEndian, UnwindSection};
use object::read::ReadCache;
use object::{Object, ObjectSection, ObjectSegment, SegmentFlags, elf};

use super::thread::{Copy, Mapping, Memory};
use crate::Frame;

/// The program's own file, also when it has been deleted.
const PROGRAM: &str = "/proc/self/exe";

/// All of them.
#[derive(Default)]
pub(super) struct Images {
    /// What is mapped and executable.
    mapped: Vec<Mapping>,
    unwinder: UnwinderX86_64<Arc<[u8]>>,
    cache: CacheX86_64,
    /// Those of what is mapped that could be read.
    images: Vec<Image>,
}

/// One, of which a range of addresses is executable.
struct Image {
    mapping: Mapping,
    /// What is added to the addresses in the file.
    base: u64,
    eh_frame: Section,
    eh_frame_hdr: Section,
    /// Symbols and debug information, once they have been asked for.
    symbols: Option<Loader>,
}

#[derive(Clone)]
struct Section {
    address: u64,
    bytes: Arc<[u8]>,
}

impl Section {
    fn range(&self) -> Range<u64> {
        self.address..self.address + self.bytes.len() as u64
    }

    /// Whether the same bytes are mapped, `base` above the addresses in the file.
    fn is_in(&self, memory: &Memory, base: u64) -> bool {
        let mut bytes = vec![0; self.bytes.len()];
        memory.read(base.wrapping_add(self.address), &mut bytes).is_ok_and(|length| length == bytes.len())
            && bytes == *self.bytes
    }
}

impl Images {
    /// Reads the tables of what has been mapped since, and lets go of what is mapped no more. What cannot be read is
    /// left out, so that stacks end there; the next time it may do: for want of descriptors, say.
    pub(super) fn follow(&mut self, maps: &[Mapping], memory: &Memory) {
        self.mapped = maps.iter().filter(|mapping| mapping.is_executable).cloned().collect();
        self.images.retain(|image| {
            let is_mapped = self.mapped.contains(&image.mapping);
            if !is_mapped {
                self.unwinder.remove_module(image.mapping.range.start);
            }
            is_mapped
        });
        for mapping in &self.mapped {
            // What is no file's has no inode.
            if mapping.inode != 0 && !self.images.iter().any(|image| image.mapping == *mapping) {
                self.images.extend(Image::read(mapping, memory, &mut self.unwinder));
            }
        }
    }

    pub(super) fn has_code_at(&self, address: u64) -> bool {
        self.mapped.iter().any(|mapping| mapping.range.contains(&address))
    }

    /// Changes `registers` to those of the caller; returns where it goes on, and nothing at the stack's end.
    pub(super) fn unwind(
        &mut self,
        frame: FrameAddress,
        registers: &mut UnwindRegsX86_64,
        copy: &Copy,
    ) -> Result<Option<u64>, framehop::Error> {
        let mut read = |address| copy.word(address).ok_or(());
        self.unwinder.unwind_frame(frame, registers, &mut self.cache, &mut read)
    }

    /// The start of the function that has the instruction at `address`.
    pub(super) fn start_of_function(&self, address: u64) -> Option<u64> {
        let image = self.images.iter().find(|image| image.mapping.range.contains(&address))?;
        let bases =
            BaseAddresses::default().set_eh_frame(image.eh_frame.address).set_eh_frame_hdr(image.eh_frame_hdr.address);
        let eh_frame = EhFrame::new(&image.eh_frame.bytes, LittleEndian);
        let header = EhFrameHdr::new(&image.eh_frame_hdr.bytes, LittleEndian).parse(&bases, 8).ok()?;
        let address = address.wrapping_sub(image.base);
        let get_cie = EhFrame::<EndianSlice<'_, LittleEndian>>::cie_from_offset;
        let entry = header.table()?.fde_for_address(&eh_frame, &bases, address, get_cie).ok()?;
        entry.contains(address).then(|| entry.initial_address().wrapping_add(image.base))
    }

    /// Adds the calls at `address`, the inlined ones first, which are told by the instruction at `lookup`.
    pub(super) fn frames_at(&mut self, address: u64, lookup: u64, frames: &mut Vec<Frame>) {
        match self.images.iter_mut().find(|image| image.mapping.range.contains(&lookup)) {
            Some(image) => image.frames_at(address, lookup, frames),
            None => frames.push(Frame { address, ..Frame::default() }),
        }
    }
}

impl Image {
    fn read(mapping: &Mapping, memory: &Memory, unwinder: &mut UnwinderX86_64<Arc<[u8]>>) -> Option<Self> {
        let file = File::open(path_to(mapping)?).ok()?;
        if file.metadata().ok()?.ino() != mapping.inode {
            return None;
        }
        let cache = ReadCache::new(file);
        let file = object::File::parse(&cache).ok()?;
        let base = file.segments().find_map(|segment| {
            let SegmentFlags::Elf { p_flags, .. } = segment.flags() else { return None };
            let (offset, size) = segment.file_range();
            let is_it = (p_flags & elf::PF_X).0 != 0
                && mapping.offset < offset.saturating_add(size)
                && offset >> 12 <= mapping.offset >> 12;
            // The address in the file of the mapping's first byte.
            let address = segment.address().wrapping_sub(offset).wrapping_add(mapping.offset);
            is_it.then(|| mapping.range.start.wrapping_sub(address))
        })?;
        let section = |name| {
            let section = file.section_by_name(name)?;
            Some(Section { address: section.address(), bytes: section.data().ok()?.into() })
        };
        let (eh_frame, eh_frame_hdr) = (section(".eh_frame")?, section(".eh_frame_hdr")?);
        // Inodes tell the files of one file system apart. Devices are not compared: for overlays the kernel names
        // others.
        if !eh_frame_hdr.is_in(memory, base) {
            return None;
        }
        let text = file.section_by_name(".text")?;
        let info = ExplicitModuleSectionInfo {
            base_svma: 0,
            text_svma: Some(text.address()..text.address().saturating_add(text.size())),
            eh_frame_svma: Some(eh_frame.range()),
            eh_frame: Some(eh_frame.bytes.clone()),
            eh_frame_hdr_svma: Some(eh_frame_hdr.range()),
            eh_frame_hdr: Some(eh_frame_hdr.bytes.clone()),
            ..Default::default()
        };
        unwinder.add_module(Module::new(mapping.path.clone(), mapping.range.clone(), base, info));
        Some(Self { mapping: mapping.clone(), base, eh_frame, eh_frame_hdr, symbols: None })
    }

    /// As of [`Images`].
    fn frames_at(&mut self, address: u64, lookup: u64, frames: &mut Vec<Frame>) {
        let first = frames.len();
        let frame = Frame {
            address,
            image: Some(self.mapping.path.clone()),
            address_in_image: Some(address.wrapping_sub(self.base)),
            ..Frame::default()
        };
        if self.symbols.is_none() {
            self.symbols = symbols_of(&self.mapping);
        }
        let symbols = self.symbols.as_ref();
        let lookup = lookup.wrapping_sub(self.base);
        let mut has_path = false;
        if let Some(Ok(mut calls)) = symbols.map(|symbols| symbols.find_frames(lookup)) {
            while let Ok(Some(call)) = calls.next() {
                let function = call.function.as_ref().and_then(|name| name.raw_name().ok());
                let path = function.as_deref().and_then(path_of);
                has_path = path.is_some();
                let function = path.or_else(|| function.map(|name| without_types(&name).to_owned()));
                let (file, line) = call.location.map_or((None, None), |at| (at.file.map(str::to_owned), at.line));
                frames.push(Frame { function, file, line, is_inlined: true, ..frame.clone() });
            }
        }
        if frames.len() == first {
            frames.push(frame);
        }
        let Some(outermost) = frames.last_mut() else { return };
        outermost.is_inlined = false;
        if !has_path && let Some(symbol) = symbols.and_then(|symbols| symbols.find_symbol(lookup)) {
            outermost.function = path_of(symbol).or(outermost.function.take()).or_else(|| Some(symbol.to_owned()));
        }
    }
}

/// A path that leads to the file that is mapped: by the one that it had another may be found by now.
fn path_to(mapping: &Mapping) -> Option<&str> {
    let is_it = |path: &&str| fs::metadata(path).is_ok_and(|file| file.ino() == mapping.inode);
    [&mapping.path, PROGRAM].into_iter().find(is_it)
}

fn symbols_of(mapping: &Mapping) -> Option<Loader> {
    let path = path_to(mapping)?;
    let symbols = Loader::new(path).ok()?;
    // It still leads there, so it has while the file was opened.
    (path_to(mapping)? == path).then_some(symbols)
}

/// The path that a compiler has made a symbol of; nothing if `name` is no such symbol.
fn path_of(name: &str) -> Option<String> {
    let path = addr2line::demangle_auto(name.into(), None);
    (path != name).then(|| path.into_owned())
}

/// A function's name as debug information has it, which leaves out its path, without the types that it is made for.
fn without_types(name: &str) -> &str {
    match name.find('<') {
        None | Some(0) => name,
        Some(at) => &name[..at],
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::thread::maps;
    use super::*;

    fn images_of(images: &Images) -> Vec<&str> {
        images.images.iter().map(|image| image.mapping.path.as_str()).collect()
    }

    #[test]
    fn follows_what_is_mapped() {
        let (memory, maps) = (Memory::open().unwrap(), maps().unwrap());
        let program = fs::read_link(PROGRAM).unwrap();
        let of_program: Vec<_> = maps.iter().filter(|mapping| Path::new(&mapping.path) == program).cloned().collect();
        let here = follows_what_is_mapped as fn() as usize as u64;
        let there = std::thread::yield_now as fn() as usize as u64;
        let mut images = Images::default();
        images.follow(&of_program, &memory);
        assert_eq!(images_of(&images), [program.to_str().unwrap()]);
        assert_eq!(images.start_of_function(here + 1), Some(here));
        images.follow(&maps, &memory);
        assert!(images_of(&images).len() > 1);
        let kept = images.images[0].eh_frame.bytes.as_ptr();
        images.follow(&of_program, &memory);
        assert_eq!(images_of(&images), [program.to_str().unwrap()]);
        assert_eq!(images.images[0].eh_frame.bytes.as_ptr(), kept, "it has been read again");
        assert_eq!(images.start_of_function(there + 1), Some(there));
        images.follow(&[], &memory);
        assert_eq!(images_of(&images), [""; 0]);
        assert_eq!(images.start_of_function(here + 1), None);
    }

    /// What is mapped, had it been mapped from `path`.
    fn program_at(path: &Path, inode: u64) -> Mapping {
        let here = program_at as fn(&Path, u64) -> Mapping as usize as u64;
        let mapping = maps().unwrap().into_iter().find(|mapping| mapping.range.contains(&here)).unwrap();
        Mapping { path: path.to_str().unwrap().to_owned(), inode, ..mapping }
    }

    #[test]
    fn reads_no_file_but_the_one_that_is_mapped() {
        let memory = Memory::open().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (copy, other) = (folder.path().join("copy"), folder.path().join("other"));
        fs::copy(PROGRAM, &copy).unwrap();
        let inode = fs::metadata(&copy).unwrap().ino();
        let mapping = program_at(&copy, inode);
        let read = |mapping| Image::read(mapping, &memory, &mut UnwinderX86_64::new()).is_some();
        assert!(read(&mapping) && symbols_of(&mapping).is_some());
        // Another file has taken its place.
        fs::copy(PROGRAM, &other).unwrap();
        fs::rename(&other, &copy).unwrap();
        assert!(!read(&mapping) && symbols_of(&mapping).is_none());
        // One of another file system has the same number.
        let mapping = program_at(&copy, fs::metadata(&copy).unwrap().ino());
        assert!(read(&mapping));
        let mut bytes = fs::read(&copy).unwrap();
        let header = Image::read(&mapping, &memory, &mut UnwinderX86_64::new()).unwrap().eh_frame_hdr.bytes;
        let at = bytes.windows(header.len()).position(|window| *window == *header).unwrap();
        bytes[at + header.len() - 1] ^= 1;
        fs::write(&copy, bytes).unwrap();
        assert!(!read(&mapping));
        fs::remove_file(&copy).unwrap();
        assert!(!read(&mapping));
    }
}
