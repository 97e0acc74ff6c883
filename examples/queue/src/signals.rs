//! What ctrl-c and SIGTERM do.

use queue::Stop;

/// From here on at the first ctrl-c or SIGTERM the worker takes no more jobs, and at the second it gives back those that it has.
///
/// # Errors
/// If the signals cannot be listened to.
pub(crate) fn listen(stop: &Stop) -> Result<(), String> {
    let mut told = fusee::signal::shutdown().map_err(|error| format!("cannot listen to signals: {error}"))?;
    let stop = stop.clone();
    fusee::spawn(async move {
        (&mut told).await;
        stop.taking.cancel();
        (&mut told).await;
        stop.everything.cancel();
    });
    Ok(())
}
