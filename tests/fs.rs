//! The functions of `fs`, each beside what the standard library sees; what is in a folder.
#![cfg(feature = "fs")]

mod support;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::task::{Context, Poll, Waker};

use fusee::fs::{self, DirBuilder, DirEntry, File, OpenOptions, ReadDir};
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use futures::StreamExt;
use support::files::with_busy_pool;
use support::{occupy, on_every_flavour, watchdog};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

#[test]
fn contents_are_read_written_and_copied() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        runtime.block_on(async {
            let (note, copy) = (path.join("note"), path.join("copy"));
            fs::write(&note, "buy bread").await.unwrap();
            assert_eq!(std::fs::read(&note).unwrap(), b"buy bread");
            assert_eq!(fs::read(&note).await.unwrap(), b"buy bread");
            assert_eq!(fs::read_to_string(&note).await.unwrap(), "buy bread");
            assert_eq!(fs::copy(&note, &copy).await.unwrap(), 9);
            assert_eq!(std::fs::read(&copy).unwrap(), b"buy bread");
            fs::write(&note, [0xff]).await.unwrap();
            assert_eq!(fs::read_to_string(&note).await.unwrap_err().kind(), ErrorKind::InvalidData);
            assert_eq!(fs::read(path.join("none")).await.unwrap_err().kind(), ErrorKind::NotFound);
        });
    });
}

#[test]
fn names_come_and_go() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        runtime.block_on(async {
            let (draft, note) = (path.join("draft"), path.join("note"));
            fs::write(&draft, "buy bread").await.unwrap();
            assert!(fs::try_exists(&draft).await.unwrap());
            fs::rename(&draft, &note).await.unwrap();
            assert!(!fs::try_exists(&draft).await.unwrap() && note.exists());
            fs::hard_link(&note, &draft).await.unwrap();
            fs::remove_file(&note).await.unwrap();
            assert_eq!(fs::read(&draft).await.unwrap(), b"buy bread");
            assert_eq!(fs::remove_file(&note).await.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(fs::canonicalize(path.join(".").join("draft")).await.unwrap(), draft.canonicalize().unwrap());
        });
    });
}

#[cfg(unix)]
#[test]
fn links_are_followed_or_seen() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        runtime.block_on(async {
            let link = path.join("link");
            fs::symlink("note", &link).await.unwrap();
            assert_eq!(fs::read_link(&link).await.unwrap(), PathBuf::from("note"));
            assert!(!fs::try_exists(&link).await.unwrap());
            assert!(fs::symlink_metadata(&link).await.unwrap().is_symlink());
            assert_eq!(fs::metadata(&link).await.unwrap_err().kind(), ErrorKind::NotFound);
            fs::write(path.join("note"), "buy bread").await.unwrap();
            assert_eq!(fs::metadata(&link).await.unwrap().len(), 9);
        });
    });
}

#[test]
fn permissions_are_changed() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        runtime.block_on(async {
            let note = path.join("note");
            fs::write(&note, "buy bread").await.unwrap();
            let mut permissions = fs::metadata(&note).await.unwrap().permissions();
            permissions.set_readonly(true);
            fs::set_permissions(&note, permissions.clone()).await.unwrap();
            assert!(std::fs::metadata(&note).unwrap().permissions().readonly());
            let file = File::open(&note).await.unwrap();
            #[expect(clippy::permissions_set_readonly_false, reason = "the folder is removed with the file")]
            permissions.set_readonly(false);
            file.set_permissions(permissions).await.unwrap();
            assert!(!file.metadata().await.unwrap().permissions().readonly());
        });
    });
}

#[test]
fn folders_are_made_and_removed() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        runtime.block_on(async {
            let (year, month) = (path.join("2026"), path.join("2026/november"));
            assert_eq!(fs::create_dir(&month).await.unwrap_err().kind(), ErrorKind::NotFound);
            fs::create_dir_all(&month).await.unwrap();
            fs::create_dir_all(&month).await.unwrap();
            assert_eq!(fs::create_dir(&month).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
            assert!(fs::remove_dir(&year).await.is_err());
            fs::remove_dir(&month).await.unwrap();
            fs::create_dir(&month).await.unwrap();
            fs::remove_dir_all(&year).await.unwrap();
            assert!(!year.exists());
            let builder = DirBuilder::new();
            assert_eq!(builder.create(&month).await.unwrap_err().kind(), ErrorKind::NotFound);
        });
    });
}

#[cfg(unix)]
#[test]
fn who_may_is_said_as_something_is_made() {
    use std::os::unix::fs::PermissionsExt;

    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        runtime.block_on(async {
            DirBuilder::new().recursive(true).mode(0o700).create(path.join("a/b")).await.unwrap();
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path.join("key")).await.unwrap();
            for (name, mode) in [("a/b", 0o700), ("key", 0o600)] {
                assert_eq!(path.join(name).metadata().unwrap().permissions().mode() & 0o777, mode, "{name}");
            }
            let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap();
            fs::symlink("key", path.join("link")).await.unwrap();
            let opened = OpenOptions::new().read(true).custom_flags(no_follow).open(path.join("link")).await;
            assert!(opened.is_err());
        });
    });
}

#[test]
fn options_say_how_a_file_is_opened() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        runtime.block_on(async {
            let log = path.join("log");
            assert_eq!(File::open(&log).await.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(OpenOptions::new().open(&log).await.unwrap_err().kind(), ErrorKind::InvalidInput);
            for line in ["one\n", "two\n"] {
                let mut file = OpenOptions::new().append(true).create(true).open(&log).await.unwrap();
                file.write_all(line.as_bytes()).await.unwrap();
                file.flush().await.unwrap();
            }
            assert_eq!(fs::read(&log).await.unwrap(), b"one\ntwo\n");
            assert_eq!(File::create_new(&log).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
            let mut options = std::fs::OpenOptions::new();
            options.read(true).write(true).truncate(true);
            let mut file = OpenOptions::from(options).open(&log).await.unwrap();
            assert_eq!(file.read(&mut [0]).await.unwrap(), 0);
            File::create(&log).await.unwrap();
        });
    });
}

async fn names(mut entries: ReadDir) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    while let Some(entry) = entries.next_entry().await.unwrap() {
        assert!(names.insert(entry.file_name().into_string().unwrap()), "each entry comes once");
    }
    assert!(entries.next_entry().await.unwrap().is_none(), "the end stays");
    names
}

#[test]
fn a_folder_is_read_chunk_by_chunk() {
    on_every_flavour(|runtime| {
        for count in [0, 1, 31, 32, 33, 100] {
            let (_folder, path) = folder();
            let expected: BTreeSet<String> = (0..count).map(|n| format!("note {n}")).collect();
            expected.iter().for_each(|name| std::fs::write(path.join(name), name).unwrap());
            runtime.block_on(async {
                assert_eq!(names(fs::read_dir(&path).await.unwrap()).await, expected);
                let entries: Vec<DirEntry> =
                    fs::read_dir(&path).await.unwrap().map(|entry| entry.unwrap()).collect().await;
                assert_eq!(entries.len(), count);
                for entry in entries {
                    assert_eq!(entry.path(), path.join(entry.file_name()));
                    assert_eq!(entry.metadata().await.unwrap().len(), entry.file_name().len() as u64);
                    assert!(entry.file_type().await.unwrap().is_file());
                    #[cfg(unix)]
                    assert_eq!(entry.ino(), std::os::unix::fs::MetadataExt::ino(&entry.metadata().await.unwrap()));
                }
            });
        }
    });
}

#[test]
fn a_next_entry_that_is_given_up_loses_none() {
    watchdog(|| {
        let (runtime, end) = with_busy_pool();
        end.open();
        let (_folder, path) = folder();
        (0..70).for_each(|n| std::fs::write(path.join(n.to_string()), "").unwrap());
        let mut entries = runtime.block_on(fs::read_dir(&path)).unwrap();
        let (mut count, mut given_up) = (0, 0);
        loop {
            let end = occupy(&runtime);
            let _entered = runtime.handle().enter();
            let first = entries.poll_next_entry(&mut Context::from_waker(Waker::noop()));
            end.open();
            let entry = match first {
                Poll::Ready(entry) => entry,
                Poll::Pending => {
                    given_up += 1;
                    runtime.block_on(entries.next_entry())
                }
            };
            if entry.unwrap().is_none() {
                break;
            }
            count += 1;
        }
        assert_eq!((count, given_up), (70, 2));
    });
}
