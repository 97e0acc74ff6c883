//! What ctrl-c and SIGTERM do.

use chat::Stop;

/// From here on the first ctrl-c or SIGTERM stops accepting and has all told, and the second ends everything.
///
/// # Errors
/// If the signals cannot be listened to.
pub(crate) fn listen(stop: &Stop) -> Result<(), String> {
    let mut told = fusee::signal::shutdown().map_err(|error| format!("cannot listen to signals: {error}"))?;
    let stop = stop.clone();
    fusee::spawn(async move {
        (&mut told).await;
        stop.accepting.cancel();
        (&mut told).await;
        stop.everything.cancel();
    });
    Ok(())
}
