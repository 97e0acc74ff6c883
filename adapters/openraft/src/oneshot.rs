//! Channels for one message: tokio's.

use openraft_rt::OptionalSend;
use tokio::sync::oneshot;

/// Makes channels for one message.
#[derive(Debug)]
pub struct Oneshot;

/// The sending end of a channel of [`Oneshot`].
#[derive(Debug)]
pub struct OneshotSender<T>(oneshot::Sender<T>);

impl openraft_rt::Oneshot for Oneshot {
    type Sender<T: OptionalSend> = OneshotSender<T>;
    type Receiver<T: OptionalSend> = oneshot::Receiver<T>;
    type ReceiverError = oneshot::error::RecvError;

    fn channel<T: OptionalSend>() -> (OneshotSender<T>, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (OneshotSender(sender), receiver)
    }
}

impl<T: OptionalSend> openraft_rt::OneshotSender<T> for OneshotSender<T> {
    fn send(self, message: T) -> Result<(), T> {
        self.0.send(message)
    }
}
