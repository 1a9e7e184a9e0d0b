//! Lines left out as copies, against the model.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::{Input, Log, MemorySource, Merge, Origin, Source};
use record::scan::Rules;
use record::{Timestamp, Zone};

use crate::naive::{Random, check, place_all, stamp, taken, written};

/// Sources that are nearly copies of each other, with keys that many lines share.
fn sources(random: &mut Random, count: u64, lines: u64) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut millis = 0;
    for _ in 0..lines {
        millis += i64::from(random.one_in(5)) * i64::try_from(random.below(3)).expect("small");
        let word = ["one", "two", "three", "four"][usize::try_from(random.below(4)).expect("small")];
        all.push(if random.one_in(8) { format!("  at {word}\n") } else { format!("{} {word}\n", written(millis)) });
    }
    (0..count)
        .map(|_| {
            let mut bytes = Vec::new();
            for line in &all {
                // Now and then a line is missing, or there once more.
                let times = if random.one_in(10) { random.below(3) } else { 1 };
                for _ in 0..times {
                    bytes.extend_from_slice(line.as_bytes());
                }
            }
            bytes
        })
        .collect()
}

fn inputs(sources: &[Vec<u8>]) -> Arc<[Input]> {
    let input = |(place, bytes): (usize, &Vec<u8>)| {
        let modified = stamp(0);
        let source: Arc<dyn Source> = Arc::new(MemorySource::new(bytes.clone(), modified));
        let rules = Rules { zone: Zone::Utc, modified, format: None };
        let origin = Origin::find(&source, &rules, 4096).expect("memory reads");
        Input { id: format!("s{place}").into(), source, rules, origin }
    };
    sources.iter().enumerate().map(input).collect()
}

/// Contract, section 5: of equal lines, as many as the source has that has most of them, of the earliest sources.
fn kept(sources: &[Vec<u8>]) -> Vec<crate::naive::Placed> {
    let mut counts: BTreeMap<(Timestamp, Vec<u8>, usize), usize> = BTreeMap::new();
    let mut lines = place_all(sources, stamp(0));
    lines.retain(|line| {
        let key = |source| (line.key, line.text.clone(), source);
        let own = counts.entry(key(line.source)).or_default();
        *own += 1;
        let own = *own;
        (0..line.source).all(|source| counts.get(&key(source)).is_none_or(|count| *count < own))
    });
    lines
}

#[test]
fn each_line_of_copies_is_shown_once() {
    for seed in 6000..6200 {
        let mut random = Random(seed);
        let sources = sources(&mut random, 1 + seed % 4, 120);
        let mut merge = Merge::from_start(inputs(&sources)).without_copies();
        check(&taken(&mut merge, usize::MAX), &kept(&sources), &format!("seed {seed}"));
    }
}

#[test]
fn every_window_of_copies_is_a_stretch_of_the_whole() {
    for seed in 6300..6310 {
        let mut random = Random(seed);
        let sources = sources(&mut random, 1 + seed % 4, 5000);
        let expected = kept(&sources);
        let log = Log::new(inputs(&sources)).without_copies();
        log.build_index(&AtomicBool::new(false), |_| {});
        assert_eq!(log.index().lines(), expected.len() as u64, "seed {seed}");
        for _ in 0..20 {
            let first = random.below(expected.len() as u64);
            let found = taken(&mut log.merge_from(first), 30);
            let first = usize::try_from(first).expect("small");
            let what = format!("line {first} of seed {seed}");
            check(&found, &expected[first..expected.len().min(first + 30)], &what);
        }
    }
}

#[test]
fn a_key_with_more_lines_than_are_remembered_is_told_apart_all_the_same() {
    let lines = 600_000;
    let text = |step: usize| {
        let mut bytes = Vec::new();
        for at in (0..lines).step_by(step) {
            bytes.extend_from_slice(format!("2024-12-20T00:00:00Z {}\n", at % 500_000).as_bytes());
        }
        bytes
    };
    // The first has some lines twice, the second every second line, the third one more that is its own.
    let sources = [text(1), text(2), [text(3), b"2024-12-20T00:00:00Z its own\n".to_vec()].concat()];
    let mut merge = Merge::from_start(inputs(&sources)).without_copies();
    let mut counts = [0; 3];
    while let Some((source, _)) = merge.next() {
        counts[source] += 1;
    }
    assert_eq!(counts, [lines, 0, 1]);
}
