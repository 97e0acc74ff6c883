//! Sessions over streams in memory, on the virtual clock.

use async_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use fusee::io::{DuplexStream, duplex};
use fusee::task::JoinHandle;
use fusee::time::{Duration, sleep};

use super::*;

type Client = WebSocketStream<DuplexStream>;

const SETTINGS: Settings = Settings {
    history: 10,
    queue: 8,
    message: 100,
    clients: 100,
    ping: Duration::from_secs(20),
    grace: Duration::from_secs(5),
};

/// A server without a listener.
struct Server {
    rooms: Arc<Rooms>,
    stop: Stop,
}

impl Server {
    fn new() -> Self {
        Self { rooms: Rooms::new(SETTINGS.history, 10), stop: Stop::default() }
    }

    /// A client called `name`, whose connection holds `room` bytes, and the session that serves it.
    async fn enter(&self, name: &str, room: usize) -> (Client, JoinHandle<End>) {
        let (near, far) = duplex(room);
        let (outbox, queue) = Outbox::new(SETTINGS.queue);
        let seat = self.rooms.enter("lobby", name, outbox.clone()).unwrap();
        let config = WebSocketConfig::default().max_message_size(Some(SETTINGS.message));
        let socket = WebSocketStream::from_raw_socket(far, Role::Server, Some(config)).await;
        let (rooms, stop) = (self.rooms.clone(), self.stop.clone());
        let served = fusee::spawn(async move { session(socket, (seat, outbox, queue), &rooms, SETTINGS, &stop).await });
        (WebSocketStream::from_raw_socket(near, Role::Client, None).await, served)
    }
}

/// The next text that `client` gets; pings are answered on the way.
async fn line(client: &mut Client) -> String {
    loop {
        if let Message::Text(text) = client.next().await.expect("it is open").expect("it works") {
            return text.to_string();
        }
    }
}

async fn say(client: &mut Client, text: &str) {
    client.send(Message::text(text)).await.unwrap();
}

/// What the close frame says that `client` gets; lines before it are passed over.
async fn farewell(client: &mut Client) -> (CloseCode, String) {
    loop {
        if let Message::Close(frame) = client.next().await.expect("it is open").expect("it works") {
            let frame = frame.expect("the server says why");
            return (frame.code, frame.reason.to_string());
        }
    }
}

#[fusee::test(start_paused = true)]
async fn what_one_says_all_hear_and_commands_are_obeyed() {
    let server = Server::new();
    let (mut ada, _served) = server.enter("ada", 1024).await;
    let (mut bob, served) = server.enter("bob", 1024).await;
    assert_eq!(line(&mut ada).await, "* ada is here");
    assert_eq!(line(&mut ada).await, "* bob is here");
    assert_eq!((line(&mut bob).await, line(&mut bob).await), ("* ada is here".to_owned(), "* bob is here".to_owned()));
    say(&mut bob, "  hello\n* ada has left ").await;
    assert_eq!(line(&mut ada).await, "bob: hello * ada has left");
    assert_eq!(line(&mut bob).await, "bob: hello * ada has left");
    for (said, answer) in [
        ("/who", "* here: ada, bob"),
        ("/nick ada", "* somebody has that name"),
        ("/nick b b", "* your name must be 1 to 32 letters, digits, - or _, not \"b b\""),
        ("/nick eve", "* bob is eve now"),
        ("/dance", HELP),
        ("/join lobby", "* you are there"),
        ("/join attic", "* eve is here"),
        ("/who", "* here: eve"),
    ] {
        say(&mut bob, said).await;
        // The last word of the old room may come first.
        let mut heard = line(&mut bob).await;
        if heard == "* eve has left" {
            heard = line(&mut bob).await;
        }
        assert_eq!(heard, answer);
    }
    assert_eq!(line(&mut ada).await, "* bob is eve now");
    assert_eq!(line(&mut ada).await, "* eve has left");
    bob.close(None).await.unwrap();
    assert_eq!(served.await.unwrap(), End::Left);
    assert_eq!(server.rooms.len(), 1);
}

#[fusee::test(start_paused = true)]
async fn who_answers_pings_stays_and_who_does_not_is_dropped() {
    let server = Server::new();
    let (mut ada, _served) = server.enter("ada", 1024).await;
    let (_silent, served) = server.enter("silent", 1024).await;
    let start = Instant::now();
    let listens = fusee::spawn(async move { while let Some(Ok(_)) = ada.next().await {} });
    assert_eq!(served.await.unwrap(), End::Silent);
    // It was waited for, and then for its answer to the farewell.
    assert_eq!(start.elapsed(), 2 * SETTINGS.ping + SETTINGS.grace);
    sleep(Duration::from_secs(3600)).await;
    assert!(!listens.is_finished());
}

#[fusee::test(start_paused = true)]
async fn who_does_not_read_is_dropped_and_others_are_not_kept() {
    let server = Server::new();
    let (mut ada, _served) = server.enter("ada", 1024).await;
    // Its connection holds no line.
    let (_slow, served) = server.enter("slow", 4).await;
    let start = Instant::now();
    for n in 0..20 {
        say(&mut ada, &n.to_string()).await;
        while line(&mut ada).await != format!("ada: {n}") {}
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(served.await.unwrap(), End::TooSlow);
    assert_eq!(start.elapsed(), SETTINGS.grace);
    say(&mut ada, "/who").await;
    assert_eq!(line(&mut ada).await, "* here: ada");
}

#[fusee::test(start_paused = true)]
async fn a_message_that_is_too_long_or_no_text_ends_the_session_and_says_why() {
    let server = Server::new();
    let (mut ada, served) = server.enter("ada", 1024).await;
    say(&mut ada, &"a".repeat(SETTINGS.message)).await;
    say(&mut ada, &"a".repeat(SETTINGS.message + 1)).await;
    assert_eq!(farewell(&mut ada).await, (CloseCode::Size, "message too long".to_owned()));
    assert_eq!(served.await.unwrap(), End::TooLong);

    let (mut bob, served) = server.enter("bob", 1024).await;
    bob.send(Message::binary(vec![0; 10])).await.unwrap();
    assert_eq!(farewell(&mut bob).await, (CloseCode::Unsupported, "text only".to_owned()));
    drop(bob);
    assert_eq!(served.await.unwrap(), End::NoText);
    assert!(server.rooms.is_empty());
}

#[fusee::test(start_paused = true)]
async fn at_the_end_all_are_told_and_who_does_not_answer_is_waited_for_as_long_as_the_grace() {
    let server = Server::new();
    let (mut ada, ada_served) = server.enter("ada", 1024).await;
    let (_silent, silent_served) = server.enter("silent", 1024).await;
    let start = Instant::now();
    server.stop.accepting.cancel();
    assert_eq!(farewell(&mut ada).await, (CloseCode::Away, "the server stops".to_owned()));
    // Its own close frame is sent as it reads on.
    assert!(ada.next().await.is_none_or(|ended| ended.is_err()));
    assert_eq!(ada_served.await.unwrap(), End::Stopped);
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(silent_served.await.unwrap(), End::Stopped);
    assert_eq!(start.elapsed(), SETTINGS.grace);
}
