//! What can be an address, and how it becomes one: at once, or by a look-up on the blocking pool.
//!
//! Deliberately not here: the public look-up (`lookup.rs`).

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{option, vec};

use sealed::Resolve;

use crate::task::{JoinHandle, spawn_blocking};

/// What names one address of a socket, or several: what functions of [`net`](super) take.
///
/// - [`SocketAddr`], [`SocketAddrV4`] and [`SocketAddrV6`], and slices of `SocketAddr`;
/// - an IP address and a port: `(IpAddr, u16)`, `(Ipv4Addr, u16)`, `(Ipv6Addr, u16)`;
/// - a text: `"127.0.0.1:80"`, or a name and a port, as `"localhost:80"`, as `str` and `String`;
/// - a host, which is an IP address or a name, and a port: `(&str, u16)`, `(String, u16)`;
/// - references to any of them.
///
/// Names are looked up by the operating system's resolver, in a job of [`spawn_blocking`]. An IP address never is.
///
/// It is sealed: no other crate can implement it.
///
/// ```
/// use std::net::Ipv4Addr;
///
/// use fusee::net::UdpSocket;
///
/// fusee::runtime::block_on(async {
///     UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
///     UdpSocket::bind("127.0.0.1:0").await?;
///     UdpSocket::bind(("localhost", 0)).await
/// })
/// # .unwrap();
/// ```
pub trait ToSocketAddrs: Resolve {}

/// The addresses that `named` stands for. An error if a name is unknown.
///
/// # Panics
/// Outside a runtime, if it has a name.
pub(super) fn resolve(named: impl ToSocketAddrs) -> Resolving {
    named.resolve()
}

/// Tries `operation` with each address that `named` stands for, until it succeeds. The last error if it never does.
pub(super) async fn first_of<R>(
    named: impl ToSocketAddrs,
    mut operation: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut last = None;
    for address in resolve(named).await? {
        match operation(address) {
            Ok(done) => return Ok(done),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(no_address))
}

/// A name without any address.
pub(super) fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "there is no address to use")
}

/// The future of addresses.
#[derive(Debug)]
pub struct Resolving(State);

#[derive(Debug)]
enum State {
    Known(Option<Addresses>),
    /// It is no address, and no name to be looked up.
    Refused(String),
    LookedUp(JoinHandle<io::Result<vec::IntoIter<SocketAddr>>>),
}

/// Addresses.
#[derive(Debug)]
pub enum Addresses {
    One(option::IntoIter<SocketAddr>),
    Several(vec::IntoIter<SocketAddr>),
}

impl Resolving {
    fn one(address: SocketAddr) -> Self {
        Self(State::Known(Some(Addresses::One(Some(address).into_iter()))))
    }

    fn look_up<N: std::net::ToSocketAddrs<Iter = vec::IntoIter<SocketAddr>> + Send + 'static>(name: N) -> Self {
        Self(State::LookedUp(spawn_blocking(move || name.to_socket_addrs())))
    }
}

impl Future for Resolving {
    type Output = io::Result<Addresses>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Known(addresses) => Poll::Ready(Ok(addresses.take().expect("a future is polled until it is ready"))),
            State::Refused(why) => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidInput, std::mem::take(why)))),
            // The job is lost if its runtime shuts down, or if the resolver panics.
            State::LookedUp(job) => Poll::Ready(ready!(Pin::new(job).poll(context))?.map(Addresses::Several)),
        }
    }
}

impl Iterator for Addresses {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match self {
            Self::One(address) => address.next(),
            Self::Several(addresses) => addresses.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::One(address) => address.size_hint(),
            Self::Several(addresses) => addresses.size_hint(),
        }
    }
}

pub(super) mod sealed {
    /// What no other crate can implement, for it cannot name it.
    pub trait Resolve {
        #[doc(hidden)]
        fn resolve(&self) -> super::Resolving;
    }
}

macro_rules! is_one_address {
    ($($type:ty),+) => {
        $(
            impl ToSocketAddrs for $type {}

            impl Resolve for $type {
                fn resolve(&self) -> Resolving {
                    Resolving::one(SocketAddr::from(*self))
                }
            }
        )+
    };
}

is_one_address!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}

impl<T: Resolve + ?Sized> Resolve for &T {
    fn resolve(&self) -> Resolving {
        (**self).resolve()
    }
}

impl ToSocketAddrs for [SocketAddr] {}

impl Resolve for [SocketAddr] {
    fn resolve(&self) -> Resolving {
        let addresses = self.to_vec();
        Resolving(State::Known(Some(Addresses::Several(addresses.into_iter()))))
    }
}

impl ToSocketAddrs for str {}

impl Resolve for str {
    fn resolve(&self) -> Resolving {
        match self.parse() {
            Ok(address) => Resolving::one(address),
            Err(_) => match host_and_port(self) {
                Ok(parts) => parts.resolve(),
                Err(why) => Resolving(State::Refused(why)),
            },
        }
    }
}

/// The parts of a text that is no address with a port by itself; what it lacks if there are none.
fn host_and_port(text: &str) -> Result<(&str, u16), String> {
    let parts = text.rsplit_once(':');
    let is_ip = |host: &str| host.parse::<IpAddr>().is_ok();
    // What is an address as it stands may be a shorter one and a port, too, as `::1:80` is to the standard library.
    if text.parse::<Ipv6Addr>().is_ok() && !parts.is_some_and(|(host, _)| is_ip(host)) {
        return Err(format!("the address {text:?} has no port: as with `[{text}]:80`"));
    }
    let Some((host, port)) = parts else {
        return Err(format!("the address {text:?} has no port: as with `{text}:80`"));
    };
    if host.is_empty() {
        return Err(format!("the address {text:?} has no host: as with `localhost:{port}`"));
    }
    match port.parse() {
        Ok(port) => Ok((host, port)),
        Err(_) => Err(format!("the port of the address {text:?} is no number up to 65535")),
    }
}

impl ToSocketAddrs for String {}

impl Resolve for String {
    fn resolve(&self) -> Resolving {
        self.as_str().resolve()
    }
}

impl ToSocketAddrs for (&str, u16) {}

impl Resolve for (&str, u16) {
    fn resolve(&self) -> Resolving {
        let (host, port) = *self;
        match host.parse::<IpAddr>() {
            Ok(ip) => Resolving::one((ip, port).into()),
            Err(_) => Resolving::look_up((host.to_owned(), port)),
        }
    }
}

impl ToSocketAddrs for (String, u16) {}

impl Resolve for (String, u16) {
    fn resolve(&self) -> Resolving {
        (self.0.as_str(), self.1).resolve()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_parts_that_the_standard_library_finds() {
        for text in ["::1:80", "fe80::1:443", "2001:db8::1:2", "127.0.0.1:+80"] {
            let expected: Vec<_> = std::net::ToSocketAddrs::to_socket_addrs(text).unwrap().collect();
            // No name is looked up: outside a runtime that would panic.
            let State::Known(Some(addresses)) = text.resolve().0 else { panic!("{text} is an address and a port") };
            assert_eq!(addresses.collect::<Vec<_>>(), expected, "{text}");
        }
        for text in
            ["::1", "::", "1::", "2001:db8::1", "1:2:3:4:5:6:7:8", "127.0.0.1", ":80", "localhost:", "::1:65536"]
        {
            assert!(matches!(text.resolve().0, State::Refused(_)), "{text}");
        }
        assert_eq!(host_and_port("localhost:80"), Ok(("localhost", 80)));
    }
}
