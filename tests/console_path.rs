//! The path of the socket by which others look into the process: who may connect, what is replaced, what is refused, and when it goes.
#![cfg(all(unix, feature = "console"))]

mod support;

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fusee::runtime::{Builder, Runtime};
use support::console::{Client, place, served};
use support::watchdog;

fn error_of(path: &Path) -> (ErrorKind, String) {
    let error = Builder::new_multi_thread().worker_threads(1).console(path).build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()), "it names the path: {text}");
    (error.kind(), text)
}

#[test]
fn only_the_user_may_connect_whatever_the_umask() {
    let (_folder, path) = place();
    let before = rustix::process::umask(rustix::fs::Mode::empty());
    let runtime = served(&path);
    rustix::process::umask(before);
    let metadata = fs::symlink_metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    drop(runtime);
}

#[test]
fn what_nobody_serves_is_replaced_and_goes_in_the_end() {
    watchdog(|| {
        let (folder, path) = place();
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "it is stale");
        let runtime = served(&path);
        assert_eq!(Client::new(&path).stats()["alive"], 0);
        drop(runtime);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "neither it nor what it was moved to");
        // The same builder may build again, then.
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).console(&path);
        builder.build().unwrap().shutdown_background();
        assert!(!path.exists(), "at once");
        drop(builder.build().unwrap());
    });
}

#[test]
fn a_relative_path_is_removed_though_the_process_goes_elsewhere() {
    watchdog(|| {
        let (folder, path) = place();
        let before = env::current_dir().unwrap();
        env::set_current_dir(folder.path()).unwrap();
        let runtime = served(Path::new("app.sock"));
        env::set_current_dir(before).unwrap();
        assert!(path.exists());
        drop(runtime);
        assert!(!path.exists());
    });
}

#[test]
fn of_many_that_replace_a_stale_one_one_succeeds() {
    watchdog(|| {
        for _ in 0..20 {
            let (folder, path) = place();
            drop(UnixListener::bind(&path).unwrap());
            let (start, all) = (Barrier::new(4), Barrier::new(4));
            let built = AtomicUsize::new(0);
            let build = || {
                start.wait();
                let runtime = Builder::new_current_thread().console(&path).build();
                match &runtime {
                    Ok(_) => drop(built.fetch_add(1, Ordering::Relaxed)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}"),
                }
                all.wait();
            };
            thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(build))));
            assert_eq!(built.into_inner(), 1);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    });
}

#[test]
fn what_is_somebody_elses_stays() {
    watchdog(|| {
        let (folder, path) = place();
        let runtime = served(&path);
        let (kind, text) = error_of(&path);
        assert!(kind == ErrorKind::AddrInUse && text.contains("listens there"), "{text}");
        assert_eq!(Client::new(&path).stats()["alive"], 0);

        let file = folder.path().join("notes");
        fs::write(&file, "mine").unwrap();
        let (kind, text) = error_of(&file);
        assert!(kind == ErrorKind::AlreadyExists && text.contains("no socket"), "{text}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        assert_eq!(error_of(folder.path()).0, ErrorKind::AlreadyExists);
        let link = folder.path().join("link");
        symlink(folder.path().join("nowhere"), &link).unwrap();
        assert_eq!(error_of(&link).0, ErrorKind::AlreadyExists);

        // Ours is gone, and another's stands in its place.
        fs::remove_file(&path).unwrap();
        let other = UnixListener::bind(&path).unwrap();
        drop(runtime);
        assert!(path.exists());
        drop(other);
    });
}

#[test]
fn a_path_that_cannot_be_is_an_error_that_says_why() {
    let (folder, _) = place();
    assert_eq!(error_of(&folder.path().join("no/such/folder.sock")).0, ErrorKind::NotFound);
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(error_of(&folder.path().join("file/app.sock")).0, ErrorKind::NotADirectory);
    let long = folder.path().join("x".repeat(120));
    let (kind, text) = error_of(&long);
    assert!(kind == ErrorKind::InvalidInput && text.contains("too long"), "{text}");
    assert_eq!(error_of(Path::new("")).0, ErrorKind::InvalidInput);
    assert_eq!(error_of(Path::new("a\0b")).0, ErrorKind::InvalidInput);
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
        assert_eq!(error_of(&folder.path().join("app.sock")).0, ErrorKind::PermissionDenied);
    }
}

#[test]
fn who_keeps_the_folder_locked_is_not_waited_for_for_ever() {
    watchdog(|| {
        let (folder, path) = place();
        let lock = fs::File::open(folder.path()).unwrap();
        lock.lock().unwrap();
        let (kind, text) = error_of(&path);
        assert!(kind == ErrorKind::ResourceBusy && text.contains("lock on the folder"), "{text}");
        // It is given back after each start, though the runtime lives.
        lock.unlock().unwrap();
        let _runtime = served(&path);
        lock.try_lock().unwrap();
    });
}

#[test]
fn who_shuts_down_waits_for_no_lock_on_the_folder() {
    const SHORT: Duration = Duration::from_secs(1);
    watchdog(|| {
        let (folder, path) = place();
        let lock = fs::File::open(folder.path()).unwrap();
        let took = |shut_down: &dyn Fn(Runtime)| {
            let runtime = served(&path);
            lock.lock().unwrap();
            let begin = Instant::now();
            shut_down(runtime);
            let took = begin.elapsed();
            assert!(!path.exists(), "it is removed all the same");
            lock.unlock().unwrap();
            took
        };
        let took_here = took(&Runtime::shutdown_background);
        assert!(took_here < SHORT, "{took_here:?}");
        // A drop on a worker of another runtime.
        let other = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let took_there = took(&|runtime| other.block_on(other.spawn(async { drop(runtime) })).unwrap());
        assert!(took_there < SHORT, "{took_there:?}");
    });
}
