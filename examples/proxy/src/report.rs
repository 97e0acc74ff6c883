//! The lines at the end.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use proxy::{Tally, Upstreams};

/// What became of all connections, and what each upstream has got.
pub(crate) fn lines(tally: &Tally, upstreams: &Upstreams) -> String {
    let figure = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut text = format!(
        "accepted {}, without upstream {}, failed {}, idle {}, cut at the end {}",
        figure(&tally.accepted),
        figure(&tally.without_upstream),
        figure(&tally.failed),
        figure(&tally.idle),
        figure(&tally.cut),
    );
    for upstream in upstreams.all() {
        let (connections, there, back) =
            (figure(&upstream.connections), figure(&upstream.there), figure(&upstream.back));
        let address = &upstream.address;
        let _ = write!(text, "\n{address}: connections {connections}, bytes there {there}, bytes back {back}");
    }
    text
}
