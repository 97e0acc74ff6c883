//! The accept loop, the handshake, and the end.

use std::io::{self, Write};
use std::sync::Arc;

use async_tungstenite::accept_hdr_async_with_config;
use async_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use async_tungstenite::tungstenite::http::StatusCode;
use async_tungstenite::tungstenite::protocol::WebSocketConfig;
use fusee::net::{TcpListener, TcpStream};
use fusee::sync::Semaphore;
use fusee::task::JoinSet;
use fusee::time::{Duration, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Address, End, Outbox, Refused, Rooms, session};

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What may be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many lines a room remembers.
    pub history: usize,
    /// How many lines may wait for a client that reads slowly.
    pub queue: usize,
    /// How many bytes a message has at most.
    pub message: usize,
    /// How many clients there are at most, and rooms: others wait where the system keeps them.
    pub clients: usize,
    /// How often a client is pinged; after twice as long without an answer it is dropped.
    pub ping: Duration,
    /// How long a client may take to answer a farewell.
    pub grace: Duration,
}

/// Ends a server: first gently, then at once.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// No new clients, and a farewell to all.
    pub accepting: CancellationToken,
    /// No more waiting for their answers.
    pub everything: CancellationToken,
}

/// How the sessions ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Clients that were let in.
    pub served: u64,
    /// Connections that were refused, or never said what they want.
    pub refused: u64,
    /// Clients that read too slowly.
    pub too_slow: u64,
    /// Clients that did not answer pings.
    pub silent: u64,
    /// Clients that sent what they may not send.
    pub bad: u64,
    /// Clients that were there at the end.
    pub stopped: u64,
}

impl Tally {
    /// Counts a connection that has ended; nothing for one that was not let in.
    fn count(&mut self, end: Option<End>) {
        let Some(end) = end else {
            self.refused += 1;
            return;
        };
        self.served += 1;
        match end {
            End::Left => {}
            End::TooSlow => self.too_slow += 1,
            End::Silent => self.silent += 1,
            End::TooLong | End::NoText | End::Nonsense => self.bad += 1,
            End::Stopped => self.stopped += 1,
        }
    }
}

/// Accepts clients, until `stop` says otherwise; then tells all that it stops, and waits for their answers for as long as the settings and `stop` grant.
pub async fn serve(listener: TcpListener, settings: Settings, stop: Stop) -> Tally {
    let rooms = Rooms::new(settings.history, settings.clients);
    let permits = Arc::new(Semaphore::new(settings.clients));
    let (mut tally, mut sessions) = (Tally::default(), JoinSet::new());
    loop {
        // A permit before the connection: where there is none, the client waits in the listener's backlog and costs nothing.
        let next = async {
            let permit = permits.clone().acquire_owned().await.expect("nobody closes it");
            (permit, listener.accept().await)
        };
        fusee::select! {
            biased;
            () = stop.accepting.cancelled() => break,
            Some(ended) = sessions.join_next() => tally.count(ended.ok().flatten()),
            (permit, accepted) = next => match accepted {
                Ok((stream, _)) => {
                    let (rooms, stop) = (rooms.clone(), stop.clone());
                    sessions.spawn(async move {
                        let end = welcome(stream, &rooms, settings, &stop).await;
                        drop(permit);
                        end
                    });
                }
                Err(error) => {
                    // Too many open files, as a rule: some will be closed.
                    eprintln!("chat: cannot accept: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    // From here on connections are refused.
    drop(listener);
    // Whether somebody reads it or not.
    let _ = writeln!(io::stdout(), "stopping; clients to be told: {}", sessions.len());
    // Each session waits no longer than its grace, and none at all after the second signal.
    while let Some(ended) = sessions.join_next().await {
        tally.count(ended.ok().flatten());
    }
    tally
}

/// One connection, from its first byte to its last; nothing if it was not let in.
async fn welcome(stream: TcpStream, rooms: &Arc<Rooms>, settings: Settings, stop: &Stop) -> Option<End> {
    // Lines are short, and each is sent when it is there.
    let _ = stream.set_nodelay(true);
    let (outbox, queue) = Outbox::new(settings.queue);
    let mut seat = None;
    #[allow(clippy::result_large_err, reason = "the handshake wants it so")]
    let enter = |request: &Request, response: Response| match enter(request, rooms, &outbox) {
        Ok(entered) => {
            seat = Some(entered);
            Ok(response)
        }
        Err((status, reason)) => {
            let mut refusal = ErrorResponse::new(Some(reason + "\n"));
            *refusal.status_mut() = status;
            Err(refusal)
        }
    };
    // Small: there may be many clients, and most are silent most of the time.
    let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(0);
    let config = config.max_message_size(Some(settings.message)).max_frame_size(Some(settings.message));
    let handshake = timeout(HANDSHAKE, accept_hdr_async_with_config(stream, enter, Some(config)));
    let socket = stop.accepting.run_until_cancelled(handshake).await?.ok()?.ok()?;
    Some(session(socket, (seat?, outbox, queue), rooms, settings, stop).await)
}

/// Lets a client in, by what its request says.
fn enter(request: &Request, rooms: &Arc<Rooms>, outbox: &Outbox) -> Result<crate::Seat, (StatusCode, String)> {
    let asked = request.uri().path_and_query().map_or("", |asked| asked.as_str());
    let address = Address::read(asked).map_err(|complaint| (StatusCode::BAD_REQUEST, complaint))?;
    rooms.enter(&address.room, &address.name, outbox.clone()).map_err(|refused| match refused {
        Refused::NameTaken => {
            (StatusCode::CONFLICT, format!("somebody in {} is called {}", address.room, address.name))
        }
        Refused::TooManyRooms => (StatusCode::SERVICE_UNAVAILABLE, "there are too many rooms".to_owned()),
    })
}
