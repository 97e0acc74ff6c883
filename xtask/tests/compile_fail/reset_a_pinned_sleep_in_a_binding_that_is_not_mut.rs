//! The compiler proposes `mut`.

use std::pin::Pin;

use fusee::time::{Instant, Sleep};

fn postpone(pinned: Pin<&mut Sleep>) {
    pinned.reset(Instant::now());
}

fn main() {
    let _ = postpone;
}
