//! What the applications' programs have in common: the way from a command line to an exit code, and what two signals do.

use std::process::ExitCode;

use fusee::runtime::Runtime;
use fusee::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::arguments;

/// Runs `main` with what the command line asks for, which is nothing if it only asked for help. An error is a line on standard error, and a failure.
pub(crate) fn run<R>(
    program: &str,
    request: Result<Option<R>, String>,
    main: impl AsyncFnOnce(R) -> Result<ExitCode, String>,
) -> ExitCode {
    let request = match request {
        Ok(Some(request)) => request,
        Ok(None) => return ExitCode::SUCCESS,
        Err(complaint) => return arguments::complain(program, &complaint),
    };
    let ended = Runtime::new().map_err(|error| format!("cannot start: {error}")).and_then(|runtime| {
        let ended = runtime.block_on(main(request));
        // A blocking job that takes its time, such as the look-up of a name or a write to a terminal that is stopped, keeps nobody.
        runtime.shutdown_timeout(Duration::from_secs(1));
        ended
    });
    ended.unwrap_or_else(|error| {
        eprintln!("{program}: {error}");
        ExitCode::FAILURE
    })
}

/// From here on the first ctrl-c or SIGTERM cancels `gently`, and the second `at_once`.
///
/// # Errors
/// If the signals cannot be listened to.
pub(crate) fn listen(gently: CancellationToken, at_once: CancellationToken) -> Result<(), String> {
    let mut told = fusee::signal::shutdown().map_err(|error| format!("cannot listen to signals: {error}"))?;
    fusee::spawn(async move {
        (&mut told).await;
        gently.cancel();
        (&mut told).await;
        at_once.cancel();
    });
    Ok(())
}
