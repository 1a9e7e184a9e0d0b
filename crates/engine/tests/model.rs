//! The merge and its windows against a model that holds everything in memory and sorts it.
//!
//! The inputs are random; a failure prints the seed of its log.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::{Error, Found, Input, Log, MemorySource, Merge, Origin, Place, Source};
use record::scan::Rules;
use record::{Timestamp, Zone};

/// Splitmix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// A source that gives a few bytes at a time, so that every boundary is met.
struct Dribble(MemorySource, usize);

impl Source for Dribble {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let count = buf.len().min(self.1);
        self.0.read_at(offset, &mut buf[..count])
    }

    fn bytes(&self) -> Option<u64> {
        self.0.bytes()
    }

    fn modified(&self) -> Timestamp {
        self.0.modified()
    }
}

/// Seconds after 2024-12-20T00:00:00Z, in thousandths.
fn stamp(millis: i64) -> Timestamp {
    Timestamp::from_nanos((1_734_652_800_000 + i128::from(millis)) * 1_000_000)
}

fn written(millis: i64) -> String {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("2024-12-20T{:02}:{:02}:{:02}.{millis:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The model's own reading of a line: only what `written` writes is a time.
fn own_time(line: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(line.get(..24)?).ok()?;
    let digits = text.strip_prefix("2024-12-20T")?;
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let seconds = number(0..2)? * 3600 + number(3..5)? * 60 + number(6..8)?;
    digits.ends_with('Z').then_some(stamp(seconds * 1000 + number(9..12)?))
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    key: Timestamp,
    source: usize,
    offset: u64,
    time: Option<Timestamp>,
    late: bool,
    wild: bool,
    text: Vec<u8>,
}

/// Contract, section 4, as it reads.
fn model_of(source: usize, bytes: &[u8], modified: Timestamp) -> Vec<Placed> {
    let mut lines = Vec::new();
    let mut offset = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let next = offset + line.len() as u64;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        lines.push((offset, next, own_time(text), text.to_vec()));
        offset = next;
    }
    let is_wild = |at: usize| {
        let (_, next, Some(time), _) = &lines[at] else { return false };
        lines[at + 1..]
            .iter()
            .take_while(|(start, ..)| *start < next + 65_536)
            .filter_map(|(_, _, time, _)| *time)
            .take(16)
            .any(|other| time.nanos() - other.nanos() > 60_000_000_000)
    };
    let wild: Vec<bool> = (0..lines.len()).map(is_wild).collect();
    let first = lines
        .iter()
        .zip(&wild)
        .take_while(|((start, ..), _)| *start < 1 << 20)
        .find_map(|((_, _, time, _), wild)| time.filter(|_| !wild));
    let mut key = first.unwrap_or(modified);
    let mut placed = Vec::new();
    for ((offset, _, time, text), wild) in lines.into_iter().zip(wild) {
        if let Some(time) = time
            && !wild
            && first.is_some()
        {
            key = key.max(time);
        }
        let late = time.is_some_and(|time| time < key);
        placed.push(Placed { key, source, offset, time, late, wild, text });
    }
    placed
}

fn random_source(random: &mut Random, lines: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut millis = random.below(120_000);
    let timed = !random.one_in(6);
    let step = [1, 20, 3_000][usize::try_from(random.below(3)).expect("small")];
    let returns = random.one_in(4);
    for at in 0..lines {
        millis += random.below(step) * random.below(2);
        let shown = match random.below(40) {
            // Wild: more than a minute ahead; ahead but not so far; back by a little; back by a lot.
            0 => millis + 60_001 + random.below(3_000_000),
            1 => millis + random.below(60_000),
            2 | 3 => millis.saturating_sub(random.below(2_000)),
            4 => millis.saturating_sub(random.below(90_000)),
            _ => millis,
        };
        match random.below(12) {
            0 => {}
            1 | 2 => bytes.extend_from_slice(format!("  at frame {at}").as_bytes()),
            _ if timed => {
                bytes.extend_from_slice(
                    format!("{} line {at}", written(i64::try_from(shown).expect("small"))).as_bytes(),
                );
            }
            _ => bytes.extend_from_slice(format!("line {at}").as_bytes()),
        }
        if random.one_in(400) {
            let long = 40_000 + random.below(60_000);
            bytes.resize(bytes.len() + usize::try_from(long).expect("small"), b'x');
        }
        bytes.extend_from_slice(if returns { b"\r\n" } else { b"\n" });
    }
    if random.one_in(3) {
        bytes.pop();
    }
    bytes
}

struct Case {
    inputs: Arc<[Input]>,
    expected: Vec<Placed>,
}

fn case(seed: u64, sources: u64, lines: u64, dribble: bool) -> Case {
    let mut random = Random(seed);
    let mut inputs = Vec::new();
    let mut expected = Vec::new();
    for place in 0..usize::try_from(sources).expect("few") {
        let lines = random.below(lines + 1);
        let bytes = random_source(&mut random, lines);
        let modified = stamp(i64::try_from(random.below(300_000)).expect("small"));
        expected.extend(model_of(place, &bytes, modified));
        let step = if dribble { usize::try_from(1 + random.below(97)).expect("small") } else { usize::MAX };
        let source: Arc<dyn Source> = Arc::new(Dribble(MemorySource::new(bytes, modified), step));
        let rules = Rules { zone: Zone::Utc, modified, format: None };
        let origin = Origin::find(&source, &rules, 4096).expect("memory reads");
        inputs.push(Input { id: format!("s{place}").into(), source, rules, origin });
    }
    // Stable: within a source, lines stand in the order of their offsets, and so do their keys.
    expected.sort_by_key(|line| (line.key, line.source, line.offset));
    Case { inputs: inputs.into(), expected }
}

fn taken(merge: &mut Merge, count: usize) -> Vec<Placed> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let Some((source, line)) = merge.next().map(|(source, line)| (source, *line)) else { break };
        let record = merge.record(None).expect("there is a current line");
        lines.push(Placed {
            key: line.key,
            source,
            offset: line.offset,
            time: line.time(),
            late: line.is_late(),
            wild: line.is_wild(),
            text: record.text.text.as_bytes().to_vec(),
        });
    }
    lines
}

#[track_caller]
fn check(found: &[Placed], expected: &[Placed], what: &str) {
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "line {at} of {what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

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
