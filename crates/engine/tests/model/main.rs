//! The merge, its windows and what is found in them, against a model that holds everything in memory and sorts it.
//!
//! The inputs are random; a failure prints the seed of its log.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod copies;
mod grow;
mod naive;
mod search;

use std::sync::atomic::AtomicBool;

use engine::{Found, Log, Merge, Place};
use naive::{Case, Random, case, check, rising, stamp, taken};

#[test]
fn the_merge_is_the_sorted_whole() {
    for seed in 0..300 {
        let Case { inputs, expected } = case(seed, 1 + seed % 7, 60, true);
        let mut merge = Merge::from_start(inputs);
        check(&taken(&mut merge, usize::MAX), &expected, &format!("seed {seed}"));
        assert!(merge.failures().is_empty());
    }
}

#[test]
fn long_sources_with_long_lines_are_merged_the_same() {
    for seed in 1000..1012 {
        let Case { inputs, expected } = case(seed, 3, 3000, false);
        check(&taken(&mut Merge::from_start(inputs), usize::MAX), &expected, &format!("seed {seed}"));
    }
}

#[test]
fn text_output_of_one_source_is_that_source() {
    for seed in 2000..2100 {
        let Case { inputs, .. } = case(seed, 1, 80, true);
        let mut whole = vec![0; usize::try_from(inputs[0].source.bytes().expect("known")).expect("small")];
        let mut filled = 0;
        while filled < whole.len() {
            filled += inputs[0].source.read_at(filled as u64, &mut whole[filled..]).expect("memory reads");
        }
        if whole.last().is_some_and(|byte| *byte != b'\n') {
            whole.push(b'\n');
        }
        let mut merge = Merge::from_start(inputs);
        let mut out = Vec::new();
        while merge.next().is_some() {
            merge.write_raw(&mut out).expect("memory takes all");
        }
        assert!(out == whole, "seed {seed}");
    }
}

#[test]
fn every_window_is_a_stretch_of_the_whole() {
    for seed in 3000..3010 {
        let Case { inputs, expected } = case(seed, 1 + seed % 4, 4000, false);
        let log = Log::new(inputs);
        log.build_index(&AtomicBool::new(false), |_| {});
        let mut random = Random(seed ^ 0xABCD);
        let what = |place: Place| format!("{place:?}, seed {seed}");
        assert_eq!(log.index().lines(), expected.len() as u64, "seed {seed}");
        assert_eq!(log.index().lines_by_source().iter().sum::<u64>(), expected.len() as u64);
        for _ in 0..60 {
            let (place, first) = match random.below(4) {
                0 => {
                    let n = random.below(expected.len() as u64 + 20);
                    (Place::Line(n), usize::try_from(n).expect("small"))
                }
                1 => {
                    let n = random.below(expected.len() as u64 * 2);
                    (Place::Tail(n), expected.len().saturating_sub(usize::try_from(n).expect("small")))
                }
                2 => {
                    let time = stamp(i64::try_from(random.below(4_000_000)).expect("small"));
                    (Place::Time(time), expected.partition_point(|line| line.key < time))
                }
                _ => {
                    let at = usize::try_from(random.below(expected.len() as u64)).expect("small");
                    (Place::Anchor { source: expected[at].source, offset: expected[at].offset }, at)
                }
            };
            match log.find(place) {
                Found::At(ordinal) => {
                    assert_eq!(ordinal, first as u64, "{}", what(place));
                    let found = taken(&mut log.merge_from(ordinal), 50);
                    check(&found, &expected[first..expected.len().min(first + 50)], &what(place));
                }
                Found::Beyond => assert!(first >= expected.len(), "{}", what(place)),
                Found::NotYet => panic!("the index is complete: {}", what(place)),
            }
        }
    }
}

#[test]
fn a_place_without_an_index_is_that_place_where_times_rise() {
    let mut told = 0;
    for seed in 4100..4120 {
        let Case { inputs, expected } = rising(seed, 1 + seed % 3, 30_000);
        let log = Log::new(inputs);
        let mut random = Random(seed ^ 0xEA);
        for _ in 0..20 {
            let at = usize::try_from(random.below(expected.len() as u64)).expect("small");
            let line = &expected[at];
            let (place, first) = match random.below(2) {
                0 => (Place::Time(line.key), expected.partition_point(|other| other.key < line.key)),
                _ => (Place::Anchor { source: line.source, offset: line.offset }, at),
            };
            let before = random.below(30);
            let Some((mut merge, kept)) = log.near(place, before) else { continue };
            told += 1;
            let what = format!("{place:?} and {before} before, seed {seed}");
            assert_eq!(kept, before.min(first as u64), "{what}");
            let first = first - usize::try_from(kept).expect("small");
            let found: Vec<_> = taken(&mut merge, 60).into_iter().map(|line| (line.source, line.offset)).collect();
            let wanted = &expected[first..expected.len().min(first + 60)];
            assert_eq!(found, wanted.iter().map(|line| (line.source, line.offset)).collect::<Vec<_>>(), "{what}");
        }
    }
    assert!(told > 390, "only {told} of 400 places were told");
}

#[test]
fn the_tail_without_an_index_is_the_tail() {
    let mut told = 0;
    for seed in 4000..4040 {
        let Case { inputs, expected } = case(seed, 1 + seed % 3, 3000, false);
        let log = Log::new(inputs);
        if let Some((mut merge, lines)) = log.tail(100) {
            told += 1;
            let found: Vec<_> =
                taken(&mut merge, usize::MAX).into_iter().map(|line| (line.source, line.offset)).collect();
            let tail = &expected[expected.len().saturating_sub(100)..];
            assert_eq!(found.len() as u64, lines, "seed {seed}");
            assert_eq!(found, tail.iter().map(|line| (line.source, line.offset)).collect::<Vec<_>>(), "seed {seed}");
        }
    }
    assert!(told > 20, "only {told} of 40 tails were told");
}
