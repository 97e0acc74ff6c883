//! One client, from its handshake to its end.

use std::future::pending;
use std::sync::Arc;

use async_tungstenite::tungstenite::error::CapacityError;
use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use async_tungstenite::{WebSocketReceiver, WebSocketSender, WebSocketStream};
use fusee::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, sink};
use fusee::sync::mpsc::Receiver;
use fusee::time::{Instant, MissedTickBehavior, interval_at, timeout};
use futures_util::StreamExt;

use crate::{Outbox, Refused, Rooms, Seat, Settings, Stop, check_name};

const HELP: &str = "* /nick NAME takes another name, /join ROOM goes to another room, /who tells who is here";

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client said that it leaves, or its connection is gone.
    Left,
    /// Its queue was full.
    TooSlow,
    /// Nothing came from it for two pings' time.
    Silent,
    /// Its message was longer than the limit.
    TooLong,
    /// It sent what is no text.
    NoText,
    /// It does not speak the protocol.
    Nonsense,
    /// The server is to stop.
    Stopped,
}

impl End {
    /// What the client is told; nothing where nobody is there to be told.
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Left => return None,
            Self::TooSlow => (CloseCode::Policy, "too slow"),
            Self::Silent => (CloseCode::Policy, "not heard of"),
            Self::TooLong => (CloseCode::Size, "message too long"),
            Self::NoText => (CloseCode::Unsupported, "text only"),
            Self::Nonsense => (CloseCode::Protocol, "not the protocol"),
            Self::Stopped => (CloseCode::Away, "the server stops"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

/// Passes on what the client says and what it is to hear, until there is a reason to end; then tells it which, and waits for its answer no longer than the settings' `grace` and `stop` grant.
///
/// # Cancel safety
/// Dropped, it leaves the room; the client sees its connection end.
pub async fn session<S>(
    socket: WebSocketStream<S>,
    (seat, outbox, mut queue): (Seat, Outbox, Receiver<Utf8Bytes>),
    rooms: &Arc<Rooms>,
    settings: Settings,
    stop: &Stop,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, mut receiver) = socket.split();
    // The seat goes to `read`, and is left as that is dropped: before the farewell, which may take its time.
    let end = fusee::select! {
        biased;
        () = stop.accepting.cancelled() => End::Stopped,
        () = outbox.too_slow() => End::TooSlow,
        end = read(&mut receiver, seat, &outbox, rooms, settings) => end,
        _ = write(&mut sender, &mut queue, settings) => End::Left,
    };
    let farewell = async {
        let Some(frame) = end.frame() else { return };
        if sender.close(Some(frame)).await.is_err() {
            return;
        }
        // Until its own close frame, or at once if what it sent cannot be read on.
        while let Some(Ok(_)) = receiver.next().await {}
        if matches!(end, End::TooLong | End::Nonsense)
            && let Ok(socket) = WebSocketStream::reunite(sender, receiver)
        {
            hang_up(socket.into_inner()).await;
        }
    };
    let _ = timeout(settings.grace, stop.everything.run_until_cancelled(farewell)).await;
    end
}

/// Ends a connection over which something may still come, and throws that away: closed with something unread it would be reset, and take with it what it was told.
async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    if stream.close().await.is_ok() {
        let _ = copy(&mut stream, &mut sink()).await;
    }
}

/// Reads what the client says, until it has no more to say.
async fn read<S>(
    receiver: &mut WebSocketReceiver<S>,
    mut seat: Seat,
    outbox: &Outbox,
    rooms: &Arc<Rooms>,
    settings: Settings,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        // It is pinged in between, and whoever is there answers.
        let message = match timeout(2 * settings.ping, receiver.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. })))) => return End::TooLong,
            Ok(Some(Err(Error::Protocol(_) | Error::Utf8(_)))) => return End::Nonsense,
            Ok(Some(Err(_)) | None) => return End::Left,
            Err(_) => return End::Silent,
        };
        match message {
            Message::Text(text) => hear(&text, &mut seat, outbox, rooms),
            Message::Binary(_) => return End::NoText,
            // Pings are answered where they are read, and so is a close frame: what follows it is the end.
            _ => {}
        }
    }
}

/// Does what the client asks for: says a line, or obeys a command.
fn hear(text: &str, seat: &mut Seat, outbox: &Outbox, rooms: &Arc<Rooms>) {
    // One message is one line, which nobody should take for another's.
    let text: String = text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let complaint = match text.split_once(' ').unwrap_or((&text, "")) {
        ("", "") => None,
        ("/who", "") => Some(format!("* here: {}", seat.who().join(", "))),
        ("/nick", name) => check_name("your name", name).and_then(|()| seat.rename(name).map_err(because)).err(),
        ("/join", room) => join(room.trim(), seat, outbox, rooms).err(),
        (command, _) if command.starts_with('/') => Some(HELP.to_owned()),
        _ => {
            seat.say(&text);
            None
        }
    };
    if let Some(line) = complaint {
        outbox.put(if line.starts_with('*') { line.into() } else { format!("* {line}").into() });
    }
}

fn join(room: &str, seat: &mut Seat, outbox: &Outbox, rooms: &Arc<Rooms>) -> Result<(), String> {
    check_name("a room", room)?;
    if room == seat.room() {
        return Err("you are there".to_owned());
    }
    // The old seat is left as it is dropped.
    *seat = rooms.enter(room, seat.name(), outbox.clone()).map_err(because)?;
    Ok(())
}

fn because(refused: Refused) -> String {
    match refused {
        Refused::NameTaken => "somebody has that name".to_owned(),
        Refused::TooManyRooms => "there are too many rooms".to_owned(),
    }
}

/// Writes what is in `queue`, and pings; returns when the connection is gone.
async fn write<S>(
    sender: &mut WebSocketSender<S>,
    queue: &mut Receiver<Utf8Bytes>,
    settings: Settings,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut pings = interval_at(Instant::now() + settings.ping, settings.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Only what comes next is chosen here: to send it is not cancelled by the other.
        let message = fusee::select! {
            biased;
            _ = pings.tick() => Message::Ping(Default::default()),
            line = queue.recv() => match line {
                Some(line) => Message::Text(line),
                // Nobody can put anything in any more: the seat is gone, and the session about to end.
                None => pending().await,
            },
        };
        sender.send(message).await?;
    }
}

#[cfg(test)]
mod tests;
