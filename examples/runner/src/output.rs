//! Lines of all jobs, in one place: whole ones, each with the name of its job before it.
//!
//! One task writes them all. It is given them through a channel that holds few: if the terminal, or whoever reads what is written, is slow, so are the jobs.

use std::fmt;
use std::io;

use fusee::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use fusee::sync::mpsc;

/// A line that is longer is broken.
const LONGEST: usize = 8 * 1024;

/// So many lines wait to be written.
const WAITING: usize = 64;

/// Lines are written together, as long as they go to the same place, up to so many bytes and one line.
const TOGETHER: usize = 64 * 1024;

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The standard output.
    Standard,
    /// The standard error.
    Error,
}

/// Takes lines to be written.
#[derive(Clone)]
pub struct Printer(mpsc::Sender<(Output, Vec<u8>)>);

/// A printer, and what writes all that it and its clones are given, until they are gone or nobody reads any more.
pub fn printer() -> (Printer, impl Future<Output = io::Result<()>> + Send) {
    let (sender, mut lines) = mpsc::channel::<(Output, Vec<u8>)>(WAITING);
    let write = async move {
        let (mut standard, mut error) = (fusee::io::stdout(), fusee::io::stderr());
        let mut next = lines.recv().await;
        while let Some((output, mut text)) = next {
            // What waits already goes with it: each write is a job on a thread of its own.
            next = loop {
                match lines.try_recv() {
                    Ok((other, line)) if other == output && text.len() < TOGETHER => text.extend(line),
                    Ok(other) => break Some(other),
                    Err(_) => break None,
                }
            };
            match output {
                Output::Standard => write(&mut standard, &text).await?,
                Output::Error => write(&mut error, &text).await?,
            }
            if next.is_none() {
                next = lines.recv().await;
            }
        }
        Ok(())
    };
    (Printer(sender), write)
}

/// Writes `text`, whole: so that what is written elsewhere after that comes after it.
async fn write(stream: &mut (impl AsyncWrite + Unpin), text: &[u8]) -> io::Result<()> {
    stream.write_all(text).await?;
    stream.flush().await
}

impl Printer {
    /// Has a line written, which ends without a newline. True unless nobody reads any more.
    pub async fn print(&self, output: Output, name: &str, line: &[u8]) -> bool {
        let mut whole = Vec::with_capacity(name.len() + line.len() + 4);
        whole.extend_from_slice(name.as_bytes());
        whole.extend_from_slice(b" | ");
        whole.extend_from_slice(line);
        whole.push(b'\n');
        self.0.send((output, whole)).await.is_ok()
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Printer").finish()
    }
}

/// Prints what `source` says, line by line, until it says no more. An error is told as a line.
pub(crate) async fn pass_on(source: impl AsyncRead + Unpin, name: &str, output: Output, printer: &Printer) {
    let mut source = BufReader::new(source);
    let mut line = Vec::new();
    loop {
        let chunk = match source.fill_buf().await {
            Ok(chunk) => chunk,
            Err(error) => {
                printer.print(Output::Error, name, format!("cannot be read: {error}").as_bytes()).await;
                break;
            }
        };
        if chunk.is_empty() {
            break;
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(chunk.len()).min(LONGEST - line.len());
        line.extend_from_slice(&chunk[..taken]);
        let ends = end == Some(taken);
        source.consume_unpin(taken + usize::from(ends));
        if (ends || line.len() == LONGEST) && !printer.print(output, name, &std::mem::take(&mut line)).await {
            // Nobody reads it: the job is told by its next write.
            return;
        }
    }
    if !line.is_empty() {
        printer.print(output, name, &line).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines_of(bytes: &[u8]) -> Vec<String> {
        let (sender, mut lines) = mpsc::channel(WAITING);
        pass_on(bytes, "job", Output::Standard, &Printer(sender)).await;
        let mut all = Vec::new();
        while let Some((_, line)) = lines.recv().await {
            all.push(String::from_utf8(line).unwrap());
        }
        all
    }

    #[fusee::test]
    async fn lines_are_whole_and_have_their_job_before_them() {
        assert_eq!(lines_of(b"one\n\ntwo").await, ["job | one\n", "job | \n", "job | two\n"]);
        assert_eq!(lines_of(b"").await, [""; 0]);
    }

    #[fusee::test]
    async fn a_line_without_end_is_broken() {
        let long = vec![b'x'; 2 * LONGEST + 1];
        let lengths: Vec<_> = lines_of(&long).await.iter().map(|line| line.len() - "job | \n".len()).collect();
        assert_eq!(lengths, [LONGEST, LONGEST, 1]);
    }
}
