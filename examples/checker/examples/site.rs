//! The site of the tests, to try the checker on: `cargo run -p checker --example site`. It runs until ctrl-c.

use std::time::Duration;

use fusee::net::TcpListener;

#[allow(dead_code, unreachable_pub, reason = "the tests use the rest")]
#[path = "../tests/support/site.rs"]
mod site;

#[fusee::main]
async fn main() -> std::io::Result<()> {
    let stop = fusee::signal::shutdown()?;
    let listener = TcpListener::bind("127.0.0.1:8081").await?;
    println!("http://{}/", listener.local_addr()?);
    let (site, _asked) = site::Site::new("");
    let server = fusee_hyper::serve(listener, site.router()).with_graceful_shutdown(stop);
    server.with_shutdown_timeout(Duration::from_secs(1)).await
}
