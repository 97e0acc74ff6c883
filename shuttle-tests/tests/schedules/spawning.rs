//! Tasks that spawn tasks, from within and from outside.

use shuttle_tests::harness::{Census, check, random};
use shuttle_tests::spawn;
use shuttle_tests::task::yield_now;

/// A root spawns tasks that spawn tasks that spawn tasks; all join.
#[test]
fn storm() {
    check("spawning::storm", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        let sum = runtime.block_on(async move {
            let branches: Vec<_> = (0..5).map(|_| spawn(branch(counted.clone()))).collect();
            let mut sum = 0;
            for branch in branches {
                sum += branch.await.unwrap().0;
            }
            sum
        });
        assert_eq!(sum, 5 * (1 + 2 + 3));
        drop(runtime);
        census.settle();
    });
}

async fn branch(census: Census) -> (usize, shuttle_tests::harness::Counted) {
    let counted = census.count();
    let leaves: Vec<_> = (1..=3)
        .map(|number| {
            let counted = census.count();
            spawn(async move {
                for _ in 0..random(3) {
                    yield_now().await;
                }
                (number, counted)
            })
        })
        .collect();
    let mut sum = 0;
    for leaf in leaves {
        sum += leaf.await.unwrap().0;
    }
    (sum, counted)
}
