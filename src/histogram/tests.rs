//! The buckets, held against HdrHistogram itself and against a sorted list of all that was counted.

use std::time::Duration;

use hdrhistogram::Histogram as Model;
use proptest::prelude::*;

use super::{BUCKETS, Counts, Histogram, bucket_of, range_of};

/// HdrHistogram with one significant digit.
fn model() -> Model<u64> {
    Model::new_with_bounds(1, u64::MAX, 1).expect("bounds that it takes")
}

/// Times of every length.
fn times() -> impl Strategy<Value = u64> {
    (0..=64_u32, any::<u64>()).prop_map(|(bits, random)| random.checked_shr(bits).unwrap_or(0))
}

fn of(times: &[u64]) -> Histogram {
    let counts = Counts::new();
    times.iter().for_each(|time| counts.record(*time));
    let mut histogram = Histogram::new();
    histogram.add(&counts);
    histogram
}

#[test]
fn buckets_follow_one_another_without_gap_up_to_the_last_nanosecond() {
    let mut next = 0;
    for bucket in 0..BUCKETS {
        let (lowest, highest) = range_of(bucket);
        assert_eq!((lowest, bucket_of(lowest), bucket_of(highest)), (next, bucket, bucket));
        assert!(highest - lowest <= lowest / 16, "{lowest} to {highest} is too wide");
        next = highest.wrapping_add(1);
    }
    assert_eq!(next, 0, "the last holds what is longest");
}

#[test]
fn buckets_are_those_of_hdr_histogram() {
    let model = model();
    // Of the last one it says that it ends a nanosecond early.
    for bucket in 0..BUCKETS - 1 {
        let (lowest, highest) = range_of(bucket);
        for time in [lowest, highest] {
            assert_eq!((model.lowest_equivalent(time), model.highest_equivalent(time)), (lowest, highest));
        }
    }
}

#[test]
fn of_nothing_all_is_zero() {
    let histogram = of(&[]);
    assert_eq!((histogram.count(), histogram.sum(), histogram.max()), (0, Duration::ZERO, Duration::ZERO));
    assert_eq!(
        (histogram.mean(), histogram.quantile(0.5), histogram.buckets().count()),
        (Duration::ZERO, Duration::ZERO, 0)
    );
    assert!(histogram.cumulative().all(|(_, count)| count == 0));
}

#[test]
fn the_longest_time_there_is_has_a_bucket() {
    let histogram = of(&[u64::MAX]);
    let longest = Duration::from_nanos(u64::MAX);
    assert_eq!(histogram.buckets().collect::<Vec<_>>(), [(longest, 1)]);
    assert_eq!((histogram.max(), histogram.quantile(1.0), histogram.sum()), (longest, longest, longest));
    assert!(histogram.cumulative().all(|(_, count)| count == 0), "it is above all bounds");
}

#[test]
fn sums_of_several_saturate() {
    let mut histogram = of(&[u64::MAX]);
    let counts = Counts::new();
    counts.record(u64::MAX);
    histogram.add(&counts);
    assert_eq!((histogram.count(), histogram.sum()), (2, Duration::from_nanos(u64::MAX)));
}

#[test]
fn a_maximum_that_lags_is_made_up_for() {
    // As if the reader had come between the bucket and the maximum.
    let mut histogram = of(&[1_000_000]);
    histogram.max = 0;
    histogram.add(&Counts::new());
    assert_eq!(histogram.max(), Duration::from_nanos(range_of(bucket_of(1_000_000)).0));
}

#[test]
fn a_share_that_is_none_is_refused() {
    for share in [-0.1, 1.1, f64::NAN] {
        std::panic::catch_unwind(|| of(&[1]).quantile(share)).expect_err("it panics");
    }
}

#[test]
fn bounds_are_powers_of_four_and_count_what_is_shorter() {
    let bounds: Vec<u64> = of(&[]).cumulative().map(|(bound, _)| bound.as_nanos() as u64).collect();
    assert_eq!(bounds, (4..=16).map(|power| 1 << (2 * power)).collect::<Vec<u64>>());
    let around: Vec<u64> = bounds.iter().flat_map(|bound| [bound - 1, *bound]).collect();
    let counted: Vec<u64> = of(&around).cumulative().map(|(_, count)| count).collect();
    assert_eq!(counted, (0..13).map(|bound| 2 * bound + 1).collect::<Vec<u64>>());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_what_a_sorted_list_tells(mut times in prop::collection::vec(times(), 1..200), hundredths in 0..=100_usize) {
        let histogram = of(&times);
        times.sort_unstable();
        let last = *times.last().unwrap();
        prop_assert_eq!(histogram.count(), times.len() as u64);
        prop_assert_eq!(histogram.max(), Duration::from_nanos(last));
        // The least rank whose share is not below; in whole numbers, so that nothing is rounded.
        let rank = (hundredths * times.len()).div_ceil(100).max(1);
        let highest = range_of(bucket_of(times[rank - 1])).1.min(last);
        prop_assert_eq!(histogram.quantile(hundredths as f64 / 100.0), Duration::from_nanos(highest));
        for (bound, count) in histogram.cumulative() {
            prop_assert_eq!(count, times.iter().filter(|time| u128::from(**time) < bound.as_nanos()).count() as u64);
        }
    }

    #[test]
    fn what_is_told_is_what_hdr_histogram_tells(times in prop::collection::vec(times(), 1..200)) {
        // Without the last bucket: see above.
        let times: Vec<u64> = times.into_iter().map(|time| time >> 1).collect();
        let histogram = of(&times);
        let mut model = model();
        times.iter().for_each(|time| model.record(*time).expect("it fits"));
        let recorded: Vec<(u64, u64)> = model.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())).collect();
        let buckets: Vec<(u64, u64)> = histogram.buckets().map(|(time, count)| (time.as_nanos() as u64, count)).collect();
        prop_assert_eq!(buckets, recorded);
    }

    #[test]
    fn all_writers_count_alike_and_what_is_added_is_the_sum(times in prop::collection::vec(times(), 1..100), at in any::<prop::sample::Index>()) {
        // Sums wrap after centuries.
        let times: Vec<u64> = times.into_iter().map(|time| time >> 8).collect();
        let (first, second) = times.split_at(at.index(times.len()));
        let (alone, shared) = (Counts::new(), Counts::new());
        first.iter().for_each(|time| alone.record(*time));
        second.iter().for_each(|time| shared.record_shared(*time));
        let mut histogram = Histogram::new();
        histogram.add(&alone);
        histogram.add(&shared);
        prop_assert!(histogram == of(&times));
        prop_assert_eq!(histogram.sum(), Duration::from_nanos(times.iter().sum()));
    }
}
