//! temp
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream};
fn main() {
    let n: usize = std::env::args().nth(1).map_or(10, |n| n.parse().unwrap());
    let rounds: usize = std::env::args().nth(2).map_or(10_000, |n| n.parse().unwrap());
    let runtime = if std::env::args().nth(3).is_some() {
        fusee::runtime::Builder::new_current_thread().build()
    } else {
        fusee::runtime::Builder::new_multi_thread().worker_threads(2).build()
    }
    .unwrap();
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        fusee::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                fusee::spawn(async move {
                    let mut buf = [0; 64];
                    loop {
                        let n = stream.read(&mut buf).await.unwrap();
                        if n == 0 {
                            break;
                        }
                        stream.write_all(&buf[..n]).await.unwrap();
                    }
                });
            }
        });
        let start = std::time::Instant::now();
        let clients: Vec<_> = (0..n)
            .map(|_| {
                fusee::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    stream.set_nodelay(true).unwrap();
                    let mut buf = [0; 64];
                    for _ in 0..rounds {
                        stream.write_all(&[7; 64]).await.unwrap();
                        stream.read_exact(&mut buf).await.unwrap();
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        let time = start.elapsed();
        println!("{n} clients: {:.0}/s", (n * rounds) as f64 / time.as_secs_f64());
    });
}
