//! A connection to a console.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::protocol::{Answer, Hello, Stats, Tasks, VERSION};
use crate::untrusted::Untrusted;

/// A console that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many bytes a line has at most that tells of a runtime's workers and places, or of some hundred tasks: what is made of it takes a hundred times as many at the worst.
const LONGEST_LINE: u64 = 1 << 24;

/// So many one has that tells of all tasks: ten million are within it.
const LONGEST_TEXT: u64 = 1 << 30;

/// So many bytes of a recording are taken: rings of 16 MiB for each of 64 workers, where a mebibyte is the default. The length is the process's word, and what comes is kept until
/// it is whole.
const LONGEST_RECORDING: u64 = 1 << 30;

/// So many of them are read at a time.
const CHUNK: usize = 1 << 16;

/// A connection, which has been greeted.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    hello: Hello,
}

/// Why there is no connection, or no answer.
#[derive(Debug)]
pub enum Error {
    /// There is nothing at the path.
    Missing(PathBuf),
    /// There is something that is no socket.
    NoSocket(PathBuf),
    /// A socket that nobody listens at.
    Refused(PathBuf),
    /// A socket of another user's.
    Denied(PathBuf),
    /// What answers is no console of fusee's.
    NoConsole,
    /// A console that speaks another version of the protocol.
    Version(u32),
    /// The console has said why.
    Told(Untrusted),
    /// It answers more bytes than these.
    TooLong(u64),
    /// It has a recording of so many bytes, which are too many.
    TooLarge(u64),
    /// A recording ends too early.
    Short {
        /// So many bytes have come.
        came: u64,
        /// So many were to come.
        of: u64,
    },
    /// There is no recorder, and so no recording.
    NoRecorder,
    /// Something else.
    Io(io::Error),
}

impl Client {
    /// Connects to the console at `path`.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub fn connect(path: &Path) -> Result<Self, Error> {
        let owned = || path.to_owned();
        let stream = match UnixStream::connect(path) {
            Ok(stream) => stream,
            Err(error) => {
                let is_socket = path.metadata().is_ok_and(|metadata| metadata.file_type().is_socket());
                return Err(match error.kind() {
                    ErrorKind::NotFound => Error::Missing(owned()),
                    ErrorKind::PermissionDenied => Error::Denied(owned()),
                    ErrorKind::ConnectionRefused if is_socket => Error::Refused(owned()),
                    ErrorKind::ConnectionRefused => Error::NoSocket(owned()),
                    _ => Error::Io(error),
                });
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut client = Self { stream: BufReader::new(stream), hello: Hello::default() };
        let line = client.line(LONGEST_LINE)?;
        if let Ok(Answer::Error(why)) = serde_json::from_str(&line) {
            return Err(Error::Told(why));
        }
        client.hello = serde_json::from_str(&line).map_err(|_| Error::NoConsole)?;
        if client.hello.fusee != "console" {
            return Err(Error::NoConsole);
        }
        if client.hello.version != VERSION {
            return Err(Error::Version(client.hello.version));
        }
        Ok(client)
    }

    /// Who answers.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The figures.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub fn stats(&mut self) -> Result<Stats, Error> {
        match self.ask(r#"{"get":"stats"}"#, LONGEST_LINE)? {
            Answer::Stats(stats) => Ok(*stats),
            _ => Err(Error::NoConsole),
        }
    }

    /// Tasks that were spawned at `place`, `most` at most.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub fn tasks(&mut self, place: &str, most: usize) -> Result<Tasks, Error> {
        let place = serde_json::to_string(place).map_err(io::Error::from)?;
        match self.ask(&format!(r#"{{"get":"dump","place":{place},"most":{most}}}"#), LONGEST_LINE)? {
            Answer::Dump(tasks) => Ok(tasks),
            _ => Err(Error::NoConsole),
        }
    }

    /// The dump of all tasks, as it is printed: of each place some, or all of them.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub fn text(&mut self, all: bool) -> Result<Untrusted, Error> {
        let request = if all { r#"{"get":"text","all":true}"# } else { r#"{"get":"text"}"# };
        match self.ask(request, LONGEST_TEXT)? {
            Answer::Text(text) => Ok(text),
            _ => Err(Error::NoConsole),
        }
    }

    /// Where the tasks wait that have waited longest, `most` of them: they are polled for that.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub fn waits(&mut self, most: usize) -> Result<Untrusted, Error> {
        match self.ask(&format!(r#"{{"get":"waits","most":{most}}}"#), LONGEST_TEXT)? {
            Answer::Waits(text) => Ok(text),
            _ => Err(Error::NoConsole),
        }
    }

    /// A recording, as `fusee::insight::recording::Recording::read_from` reads it.
    ///
    /// # Errors
    /// As [`Error`] says; [`NoRecorder`](Error::NoRecorder) if there is none.
    pub fn recording(&mut self) -> Result<Vec<u8>, Error> {
        let length = match self.ask(r#"{"get":"recording"}"#, LONGEST_LINE)? {
            Answer::Recording(length) => length.ok_or(Error::NoRecorder)?,
            _ => return Err(Error::NoConsole),
        };
        if length > LONGEST_RECORDING {
            return Err(Error::TooLarge(length));
        }
        self.bytes(length)
    }

    /// What follows, chunk by chunk: room is made for what comes, and not for what is promised.
    fn bytes(&mut self, length: u64) -> Result<Vec<u8>, Error> {
        let (mut bytes, mut chunk) = (Vec::new(), vec![0; CHUNK]);
        while (bytes.len() as u64) < length {
            let left = length - bytes.len() as u64;
            match self.stream.read(&mut chunk[..left.min(CHUNK as u64) as usize]) {
                Ok(0) => return Err(Error::Short { came: bytes.len() as u64, of: length }),
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(silent(error)),
            }
        }
        Ok(bytes)
    }

    fn ask(&mut self, request: &str, longest: u64) -> Result<Answer, Error> {
        self.stream.get_mut().write_all(format!("{request}\n").as_bytes())?;
        match serde_json::from_str(&self.line(longest)?) {
            Ok(Answer::Error(why)) => Err(Error::Told(why)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(Error::NoConsole),
        }
    }

    fn line(&mut self, longest: u64) -> Result<String, Error> {
        let mut line = Vec::new();
        (&mut self.stream).take(longest).read_until(b'\n', &mut line).map_err(silent)?;
        match line.last() {
            Some(b'\n') => String::from_utf8(line).map_err(|_| Error::NoConsole),
            Some(_) if line.len() as u64 == longest => Err(Error::TooLong(longest)),
            _ => Err(gone()),
        }
    }
}

/// An error of the connection's; that nothing comes is told as that.
fn silent(error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            let why = format!("the process has said nothing for {} s: is it stopped?", PATIENCE.as_secs());
            Error::Io(io::Error::new(ErrorKind::TimedOut, why))
        }
        _ => Error::Io(error),
    }
}

fn gone() -> Error {
    Error::Io(io::Error::new(ErrorKind::UnexpectedEof, "the process has closed the connection"))
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(
                f,
                "there is no socket at {}: does the process run, and has its runtime a `Builder::console`?",
                path.display()
            ),
            Self::NoSocket(path) => write!(f, "{} is no socket", path.display()),
            Self::Refused(path) => {
                write!(f, "nobody listens at {}: its process has ended, and has left it behind", path.display())
            }
            Self::Denied(path) => {
                write!(f, "{} may not be opened: only the user of its process and root may", path.display())
            }
            Self::NoConsole => write!(f, "what answers is no console of fusee's"),
            Self::Version(version) => write!(
                f,
                "the process speaks version {version} of the console's protocol, and this program version {VERSION}"
            ),
            Self::Told(why) => write!(f, "the process answers: {why}"),
            Self::TooLong(longest) => write!(f, "the process answers more than {longest} bytes, which is too much"),
            Self::TooLarge(length) => write!(
                f,
                "the process offers a recording of {length} bytes, and {LONGEST_RECORDING} are taken: it can write it to a file itself"
            ),
            Self::Short { came, of } => {
                write!(f, "the recording ends too early: {came} of {of} bytes have come")
            }
            Self::NoRecorder => {
                write!(f, "the runtime records nothing: it was built without a `Builder::recorder`")
            }
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
