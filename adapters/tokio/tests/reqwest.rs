//! reqwest, whose connections are tokio's, under the bridge; the server is of fusee's own sockets.

mod support;

use fusee::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use fusee::net::{TcpListener, TcpStream};
use fusee::task::JoinSet;
use support::on_every_flavour;

/// Answers each request on `stream` with its path, until the client closes.
async fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        // An empty line ends a request that has no body.
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let path = head.split(' ').nth(1).unwrap_or("none");
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len());
        stream.get_mut().write_all(response.as_bytes()).await?;
    }
}

#[test]
fn a_client_gets_its_answers_in_tasks() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = fusee::spawn(async move {
                let mut connections = JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    connections.spawn(answer(stream));
                }
            });
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let mut answers = JoinSet::new();
            for n in 0..16 {
                let client = client.clone();
                answers.spawn(async move {
                    // Over a connection that is kept, the second one.
                    for round in 0..2 {
                        let url = format!("http://{address}/{n}/{round}");
                        let text = client.get(url).send().await.unwrap().text().await.unwrap();
                        assert_eq!(text, format!("/{n}/{round}"));
                    }
                });
            }
            while let Some(answer) = answers.join_next().await {
                answer.unwrap();
            }
            server.abort();
        });
    });
}

#[test]
fn a_time_limit_of_the_clients_ends_the_wait() {
    on_every_flavour(|runtime| {
        let error = runtime.block_on(async {
            // Nobody accepts: the kernel does, and no answer comes.
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let limit = std::time::Duration::from_millis(20);
            let client = reqwest::Client::builder().no_proxy().timeout(limit).build().unwrap();
            client.get(url).send().await.unwrap_err()
        });
        assert!(error.is_timeout(), "{error:?}");
    });
}
