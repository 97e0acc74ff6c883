//! The program `chat` as its clients see it: its own, and one by the plain crate tungstenite.

#![cfg(unix)]

#[allow(dead_code, reason = "each program's tests use a part of it")]
#[path = "../../../tests/program/mod.rs"]
mod program;
#[allow(dead_code, reason = "each program's tests use a part of it")]
#[path = "../../../tests/program/running.rs"]
mod running;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{Error, Message, WebSocket, client};
use program::{WATCHDOG, assert_complaint, run};
use running::Running;
use rustix::process::Signal;

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_chat"))
}

/// A server, and where it listens.
fn server(more: &[&str]) -> (Running, String) {
    let mut server = Running::start(command().args(["serve", "--listen", "127.0.0.1:0"]).args(more));
    let line = server.line();
    let address = line.strip_prefix("listening on ").expect(&line).to_owned();
    (server, address)
}

/// A client of the program's own, in `lobby`.
fn typist(address: &str, name: &str) -> Running {
    Running::start(command().args(["client", &format!("ws://{address}/lobby"), name]))
}

/// Another client; the status and the body of the answer where it is not let in.
fn connect(address: &str, asked: &str) -> Result<WebSocket<TcpStream>, (u16, String)> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(WATCHDOG)).unwrap();
    match client(format!("ws://{address}{asked}"), stream) {
        Ok((socket, _)) => Ok(socket),
        Err(async_tungstenite::tungstenite::HandshakeError::Failure(Error::Http(response))) => {
            let body = response.body().clone().unwrap_or_default();
            Err((response.status().as_u16(), String::from_utf8(body).unwrap().trim().to_owned()))
        }
        Err(error) => panic!("{error}"),
    }
}

fn line(socket: &mut WebSocket<TcpStream>) -> String {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return text.to_string();
        }
    }
}

/// The code and the reason of the server's farewell; lines before it are passed over. Its answer is sent.
fn farewell(socket: &mut WebSocket<TcpStream>) -> (CloseCode, String) {
    loop {
        if let Message::Close(frame) = socket.read().unwrap() {
            // This sends the answer, if the server still waits for it.
            let _ = socket.read();
            let frame = frame.unwrap();
            return (frame.code, frame.reason.to_string());
        }
    }
}

#[test]
fn two_typists_talk_and_the_third_hears_what_was_said() {
    let (server, address) = server(&[]);
    let mut ada = typist(&address, "ada");
    assert_eq!(ada.line(), "* ada is here");
    let mut bob = typist(&address, "bob");
    assert_eq!(ada.line(), "* bob is here");
    ada.write("hello\n");
    assert_eq!(bob.line_with("ada"), "* ada is here");
    assert_eq!(bob.line_with("ada: "), "ada: hello");
    assert_eq!(ada.line(), "ada: hello");
    // Its last line has no end: it is sent, and heard, before it leaves.
    bob.write("good bye");
    bob.close();
    let ended = bob.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!((ada.line(), ada.line()), ("bob: good bye".to_owned(), "* bob has left".to_owned()));
    let mut eve = typist(&address, "eve");
    let expected = ["* ada is here", "* bob is here", "ada: hello", "bob: good bye", "* bob has left", "* eve is here"];
    assert_eq!(expected.map(|_| eve.line()), expected);
    server.signal(Signal::TERM);
    for client in [ada, eve] {
        let ended = client.end();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(ended.stderr, "chat: the server has ended it: the server stops\n", "{ended:?}");
    }
    let ended = server.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let last = "served 3, too slow 0, silent 0, with bad messages 0, told to go at the end 2; refused 0\n";
    assert!(ended.stdout.ends_with(last), "{ended:?}");
}

#[test]
fn a_typist_that_is_told_to_stop_leaves_and_that_is_no_error() {
    let (_server, address) = server(&[]);
    let mut stays = connect(&address, "/lobby?nick=ada").unwrap();
    assert_eq!(line(&mut stays), "* ada is here");
    for signal in [Signal::TERM, Signal::INT] {
        let mut bob = typist(&address, "bob");
        bob.line_with("* bob is here");
        assert_eq!(line(&mut stays), "* bob is here");
        bob.signal(signal);
        let ended = bob.end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        assert_eq!(line(&mut stays), "* bob has left");
    }
}

#[test]
fn a_name_that_is_taken_and_an_address_that_is_none_are_refused_with_a_reason() {
    let (server, address) = server(&[]);
    let _ada = connect(&address, "/lobby?nick=ada").unwrap();
    let refused = connect(&address, "/lobby?nick=ada").unwrap_err();
    assert_eq!(refused, (409, "somebody in lobby is called ada".to_owned()));
    assert_eq!(connect(&address, "/lobby").unwrap_err().0, 400);
    assert_eq!(connect(&address, "/lobby?nick=a%0Ab").unwrap_err().0, 400);
    let ended = run(command().args(["client", &format!("ws://{address}/lobby"), "ada"]));
    assert_complaint(&ended, "chat", 1);
    assert!(ended.stderr.ends_with(": somebody in lobby is called ada (409 Conflict)\n"), "{ended:?}");
    // What is no WebSocket at all.
    let mut plain = TcpStream::connect(&address).unwrap();
    plain.write_all(b"hello?\r\n\r\n").unwrap();
    let _ = plain.read_to_end(&mut Vec::new());
    server.signal(Signal::TERM);
    let ended = server.end();
    assert!(ended.stdout.ends_with("told to go at the end 1; refused 5\n"), "{ended:?}");
}

#[test]
fn a_message_that_is_too_long_ends_its_client_and_nobody_else() {
    let (_server, address) = server(&["--message", "100"]);
    let mut ada = connect(&address, "/lobby?nick=ada").unwrap();
    let mut bob = connect(&address, "/lobby?nick=bob").unwrap();
    bob.send(Message::text("b".repeat(101))).unwrap();
    assert_eq!(farewell(&mut bob), (CloseCode::Size, "message too long".to_owned()));
    ada.send(Message::text("a".repeat(100))).unwrap();
    let expected = ["* ada is here", "* bob is here", "* bob has left"];
    assert_eq!(expected.map(|_| line(&mut ada)), expected);
    assert_eq!(line(&mut ada), format!("ada: {}", "a".repeat(100)));
}

/// What it has sent besides is read and thrown away: closed with something unread a connection is reset, and its client would not learn why.
#[test]
fn a_client_that_is_still_sending_learns_that_its_message_is_too_long() {
    let (_server, address) = server(&["--message", "100"]);
    for _ in 0..10 {
        let mut ada = connect(&address, "/lobby?nick=ada").unwrap();
        ada.send(Message::text("a".repeat(4_000_000))).unwrap();
        assert_eq!(farewell(&mut ada), (CloseCode::Size, "message too long".to_owned()));
    }
}

#[test]
fn a_client_that_does_not_read_is_put_out_and_keeps_nobody() {
    let (server, address) = server(&["--queue", "4", "--history", "4", "--message", "1000000", "--grace", "0"]);
    let _deaf = connect(&address, "/lobby?nick=deaf").unwrap();
    let mut ada = connect(&address, "/lobby?nick=ada").unwrap();
    // What the system keeps for the other is soon full, however much that is.
    let text = "x".repeat(900_000);
    let mut tries = 0;
    loop {
        ada.send(Message::text(text.clone())).unwrap();
        let mut heard = line(&mut ada);
        while heard.starts_with("* deaf is") || heard.starts_with("* ada") {
            heard = line(&mut ada);
        }
        if heard == "* deaf was too slow, and is out" {
            break;
        }
        assert_eq!(heard.len(), text.len() + "ada: ".len());
        tries += 1;
        assert!(tries < 200, "it has been sent {tries} messages");
    }
    server.signal(Signal::TERM);
    farewell(&mut ada);
    let ended = server.end();
    assert!(
        ended
            .stdout
            .ends_with("served 2, too slow 1, silent 0, with bad messages 0, told to go at the end 1; refused 0\n"),
        "{ended:?}"
    );
}

#[test]
fn a_client_that_answers_no_pings_is_dropped() {
    let (server, address) = server(&["--ping", "1", "--grace", "0"]);
    let _silent = connect(&address, "/lobby?nick=silent").unwrap();
    let mut ada = connect(&address, "/lobby?nick=ada").unwrap();
    // To read is to answer pings.
    while line(&mut ada) != "* silent has left" {}
    server.signal(Signal::INT);
    farewell(&mut ada);
    assert!(server.end().stdout.contains("served 2, too slow 0, silent 1, "));
}

#[test]
fn told_to_stop_it_says_farewell_and_waits_for_the_answer_but_not_after_the_second_signal() {
    let (mut server, address) = server(&["--grace", "3600"]);
    let mut ada = connect(&address, "/lobby?nick=ada").unwrap();
    let mut silent = connect(&address, "/lobby?nick=silent").unwrap();
    server.signal(Signal::TERM);
    assert_eq!(server.line(), "stopping; clients to be told: 2");
    assert!(TcpStream::connect(&address).is_err());
    assert_eq!(farewell(&mut ada), (CloseCode::Away, "the server stops".to_owned()));
    server.signal(Signal::TERM);
    let ended = server.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    // The other was told as well.
    assert_eq!(farewell(&mut silent), (CloseCode::Away, "the server stops".to_owned()));
}

#[test]
fn bad_arguments_are_one_line_and_code_2() {
    let bad: [&[&str]; 16] = [
        &[],
        &["dance"],
        &["serve"],
        &["serve", "--listen", "localhost"],
        &["serve", "--listen", "127.0.0.1:99999"],
        &["serve", "now", "--listen", "127.0.0.1:0"],
        &["serve", "--listen", "127.0.0.1:0", "--queue", "1"],
        &["serve", "--listen", "127.0.0.1:0", "--ping", "0"],
        &["serve", "--listen", "127.0.0.1:0", "--message", "long"],
        &["client"],
        &["client", "ws://127.0.0.1:7000/lobby"],
        &["client", "ws://127.0.0.1:7000/lobby", "a b"],
        &["client", "127.0.0.1:7000", "ada"],
        &["client", "wss://127.0.0.1:7000/lobby", "ada"],
        &["client", "ws://127.0.0.1:7000/lobby", "ada", "--ping", "3"],
        &["--no-such-option"],
    ];
    for arguments in bad {
        assert_complaint(&run(command().args(arguments)), "chat", 2);
    }
    let ended = run(command().args(["serve", "--listen", "127.0.0.1:0", "--ping", "0"]));
    assert!(ended.stderr.starts_with("chat: --ping: must be at least 1, not 0"), "{ended:?}");
}

#[test]
fn an_address_that_is_taken_and_a_server_that_is_not_there_are_errors() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(command().args(["serve", "--listen", &address]));
    assert_complaint(&ended, "chat", 1);
    assert!(ended.stderr.contains(&format!("cannot listen on {address}: ")), "{ended:?}");
    drop(taken);
    let ended = run(command().args(["client", &format!("ws://{address}/lobby"), "ada"]));
    assert_complaint(&ended, "chat", 1);
    assert!(ended.stderr.contains(&format!("cannot go to ws://{address}/lobby: ")), "{ended:?}");
}

#[test]
fn help_is_no_error() {
    let ended = run(command().arg("--help"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.starts_with("Usage: chat ") && ended.stdout.contains("Exit codes:"), "{ended:?}");
}
