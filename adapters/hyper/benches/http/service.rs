//! What a server's process does beside serving: nothing.

use super::network::Network;
use super::workload::Service;
use std::io;
use std::time::Duration;

pub(super) async fn start<N: Network>(service: Service) -> io::Result<u16> {
    N::serve(service).await
}

/// What tasks have computed: nothing that would not be the server's.
pub(super) fn computed() -> Duration {
    Duration::ZERO
}
