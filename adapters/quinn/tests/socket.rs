//! The socket by itself.

mod support;

use std::future::poll_fn;
use std::io::IoSliceMut;
use std::sync::Arc;

use fusee_quinn::FuseeRuntime;
use quinn::udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use quinn::{AsyncUdpSocket, Runtime};
use support::{anywhere, on_both_flavours};

fn socket() -> Arc<dyn AsyncUdpSocket> {
    FuseeRuntime::current().wrap_udp_socket(std::net::UdpSocket::bind(anywhere()).unwrap()).unwrap()
}

#[test]
fn it_sends_and_receives_in_batches_as_far_as_the_kernel_does() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let plain = std::net::UdpSocket::bind(anywhere()).unwrap();
            let state = UdpSocketState::new((&plain).into()).unwrap();
            let (from, to) = (socket(), socket());
            assert_eq!(from.max_transmit_segments(), state.max_gso_segments());
            assert_eq!(to.max_receive_segments(), state.gro_segments());
            assert_eq!(from.may_fragment(), state.may_fragment());

            let count = from.max_transmit_segments().min(4);
            let contents = vec![7; count * 1000];
            let destination = to.local_addr().unwrap();
            let segment_size = (count > 1).then_some(1000);
            let transmit = Transmit { destination, ecn: None, contents: &contents, segment_size, src_ip: None };
            let mut poller = from.clone().create_io_poller();
            while let Err(error) = from.try_send(&transmit) {
                assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                poll_fn(|context| poller.as_mut().poll_writable(context)).await.unwrap();
            }

            let mut room = vec![vec![0; 65_536]; BATCH_SIZE];
            let mut received = 0;
            while received < contents.len() {
                let mut meta = [RecvMeta::default(); BATCH_SIZE];
                let mut buffers: Vec<_> = room.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
                let messages = poll_fn(|context| to.poll_recv(context, &mut buffers, &mut meta)).await.unwrap();
                for (meta, buffer) in meta[..messages].iter().zip(&buffers) {
                    assert_eq!((meta.stride, meta.addr), (1000, from.local_addr().unwrap()));
                    assert!(buffer[..meta.len].iter().all(|byte| *byte == 7));
                    received += meta.len;
                }
            }
        });
    });
}
