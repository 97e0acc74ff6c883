//! A client for a terminal: what is typed goes to the room, and what is said there is printed.

use std::io::{self, Write};

use async_tungstenite::tungstenite::http::Uri;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{Error, Message};
use async_tungstenite::{WebSocketStream, client_async};
use fusee::net::TcpStream;
use fusee::sync::mpsc::Receiver;
use fusee::time::{Duration, timeout};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

/// How long a server may take to let somebody in, and to answer a farewell.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who ended the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// This side: there were no more lines, or it was told to stop.
    Here,
    /// The server, for this reason.
    There(String),
}

/// Goes to the room of `url`, such as `ws://127.0.0.1:7000/lobby`, by the name `name`; sends what comes from `lines` and prints what is said, until either side has enough.
///
/// # Errors
/// The server cannot be reached, or lets nobody in: what to tell the user.
pub async fn client(
    url: &Uri,
    name: &str,
    lines: &mut Receiver<String>,
    stop: CancellationToken,
) -> Result<Left, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot go to {url}: {error}");
    let host = url.host().ok_or_else(|| failed(&"it names no host"))?;
    // An IPv6 address stands in brackets.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let connect = async {
        let stream = TcpStream::connect((host, url.port_u16().unwrap_or(80))).await.map_err(|error| failed(&error))?;
        let _ = stream.set_nodelay(true);
        match client_async(format!("{url}?nick={name}"), stream).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(response)) => {
                let reason = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                Err(failed(&format!("{} ({})", reason.trim(), response.status())))
            }
            Err(error) => Err(failed(&error)),
        }
    };
    let Some(connected) = stop.run_until_cancelled(timeout(PATIENCE, connect)).await else { return Ok(Left::Here) };
    let mut socket = connected.unwrap_or_else(|_| Err(failed(&"no answer")))?;
    loop {
        fusee::select! {
            biased;
            () = stop.cancelled() => break,
            message = socket.next() => match message {
                Some(Ok(message)) => if let Some(reason) = print(message) { return Ok(Left::There(reason)) },
                Some(Err(error)) => return Ok(Left::There(error.to_string())),
                None => return Ok(Left::There("the connection is closed".to_owned())),
            },
            line = lines.recv() => match line {
                Some(line) => socket.send(Message::text(line)).await.map_err(|error| format!("cannot send: {error}"))?,
                None => break,
            },
        }
    }
    leave(&mut socket).await;
    Ok(Left::Here)
}

/// Says farewell, and prints what still comes before the answer.
async fn leave(socket: &mut WebSocketStream<TcpStream>) {
    let farewell = async {
        if socket.close(None).await.is_ok() {
            while let Some(Ok(message)) = socket.next().await {
                print(message);
            }
        }
    };
    let _ = timeout(PATIENCE, farewell).await;
}

/// Prints a line; answers the reason of a farewell.
fn print(message: Message) -> Option<String> {
    match message {
        Message::Text(line) => {
            // Whether somebody reads it or not.
            let _ = writeln!(io::stdout(), "{line}");
            None
        }
        Message::Close(Some(frame)) if frame.code != CloseCode::Normal => Some(frame.reason.to_string()),
        Message::Close(_) => Some("it has closed the connection".to_owned()),
        _ => None,
    }
}
