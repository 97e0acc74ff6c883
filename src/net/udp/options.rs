//! Options of UDP sockets, and groups of receivers.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
use socket2::SockRef;

use super::UdpSocket;
use crate::net::options::implement_options;

implement_options!(
    UdpSocket,
    "let socket = fusee::net::UdpSocket::bind(\"127.0.0.1:0\").await?;":

    /// Whether it can send to addresses that stand for all hosts of a network (`SO_BROADCAST`).
    broadcast set_broadcast: bool = true by broadcast set_broadcast;

    /// Whether what it sends to a group comes back to this host's members, over IPv4 (`IP_MULTICAST_LOOP`).
    multicast_loop_v4 set_multicast_loop_v4: bool = true by multicast_loop_v4 set_multicast_loop_v4;

    /// Over how many routers may go what it sends to a group, over IPv4 (`IP_MULTICAST_TTL`).
    multicast_ttl_v4 set_multicast_ttl_v4: u32 = 3 by multicast_ttl_v4 set_multicast_ttl_v4;

    /// Over how many routers its packets may go (`IP_TTL`).
    ttl set_ttl: u32 = 64 by ttl_v4 set_ttl_v4;

    /// The traffic class of its packets over IPv4 (`IP_TOS`).
    tos_v4 set_tos_v4: u32 = 16 by tos_v4 set_tos_v4
        if not(any(
            target_os = "fuchsia", target_os = "redox", target_os = "solaris", target_os = "illumos",
            target_os = "haiku", target_os = "wasi"
        ));
);

implement_options!(
    UdpSocket,
    "let Ok(socket) = fusee::net::UdpSocket::bind(\"[::1]:0\").await else { return Ok(()) };":

    /// Whether what it sends to a group comes back to this host's members, over IPv6 (`IPV6_MULTICAST_LOOP`).
    multicast_loop_v6 set_multicast_loop_v6: bool = true by multicast_loop_v6 set_multicast_loop_v6;

    /// The traffic class of its packets over IPv6 (`IPV6_TCLASS`).
    tclass_v6 set_tclass_v6: u32 = 16 by tclass_v6 set_tclass_v6
        if any(
            target_os = "android", target_os = "dragonfly", target_os = "freebsd", target_os = "fuchsia",
            target_os = "linux", target_os = "macos", target_os = "netbsd", target_os = "openbsd", target_os = "cygwin"
        );
);

impl UdpSocket {
    /// Receives what is sent to the group `group`, over the interface that has the address `interface`; with `0.0.0.0`
    /// the operating system chooses one.
    ///
    /// # Errors
    /// `group` is not the address of a group, there is no such interface, or what else the operating system says.
    ///
    /// ```
    /// # use std::net::Ipv4Addr;
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let socket = UdpSocket::bind("0.0.0.0:0").await?;
    /// let group = Ipv4Addr::new(224, 0, 0, 123);
    /// socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
    /// socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
    /// assert!(socket.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED).is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.0.join_multicast_v4(&group, &interface)
    }

    /// As [`join_multicast_v4`](Self::join_multicast_v4), over IPv6. The interface is told by its number; 0: the
    /// operating system chooses one.
    ///
    /// # Errors
    /// As [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// ```
    /// # use std::net::Ipv6Addr;
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let Ok(socket) = UdpSocket::bind("[::1]:0").await else { return Ok(()) };
    /// assert!(socket.join_multicast_v6(&Ipv6Addr::LOCALHOST, 0).is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.join_multicast_v6(group, interface)
    }

    /// Ends what [`join_multicast_v4`](Self::join_multicast_v4) has begun with the same arguments.
    ///
    /// # Errors
    /// It is not in that group there.
    ///
    /// ```
    /// # use std::net::Ipv4Addr;
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let socket = UdpSocket::bind("0.0.0.0:0").await?;
    /// assert!(socket.leave_multicast_v4(Ipv4Addr::new(224, 0, 0, 123), Ipv4Addr::LOCALHOST).is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.0.leave_multicast_v4(&group, &interface)
    }

    /// Ends what [`join_multicast_v6`](Self::join_multicast_v6) has begun with the same arguments.
    ///
    /// # Errors
    /// It is not in that group there.
    ///
    /// ```
    /// # use std::net::Ipv6Addr;
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let Ok(socket) = UdpSocket::bind("[::1]:0").await else { return Ok(()) };
    /// assert!(socket.leave_multicast_v6(&Ipv6Addr::LOCALHOST, 0).is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.leave_multicast_v6(group, interface)
    }

    /// The interface of the network that it is bound to (`SO_BINDTODEVICE`), if it is.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_eq!(socket.device()?, None);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        SockRef::from(&*self.0).device()
    }

    /// Binds it to an interface of the network, from and to which its packets go alone; `None`: to none.
    ///
    /// # Errors
    /// What the operating system says: there is no such interface, or this user must not.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.bind_device(None)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        SockRef::from(&*self.0).bind_device(interface)
    }
}
