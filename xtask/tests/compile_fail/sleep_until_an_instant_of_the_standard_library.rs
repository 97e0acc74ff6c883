//! The compiler proposes `.into()`.

use fusee::time::{Duration, sleep_until};

fn main() {
    let deadline = std::time::Instant::now() + Duration::from_secs(1);
    fusee::runtime::block_on(async {
        sleep_until(deadline).await;
    });
}
