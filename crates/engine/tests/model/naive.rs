//! The naive model: contract, sections 3 and 4, as they read, over lines that a seed makes.

use std::sync::Arc;

use engine::{Error, Input, MemorySource, Merge, Origin, Source};
use record::scan::Rules;
use record::{Level, Timestamp, Zone};

/// Splitmix64: small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn one_in(&mut self, bound: u64) -> bool {
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
pub fn stamp(millis: i64) -> Timestamp {
    Timestamp::from_nanos((1_734_652_800_000 + i128::from(millis)) * 1_000_000)
}

pub fn written(millis: i64) -> String {
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

/// Only the word that follows the time is a level.
fn own_level(line: &[u8]) -> Option<Level> {
    let word = line.get(25..)?.split(|byte| *byte == b' ').next()?;
    Some(match word {
        b"INFO" => Level::Info,
        b"WARNING" => Level::Warn,
        b"ERROR" => Level::Error,
        _ => return None,
    })
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    pub key: Timestamp,
    pub source: usize,
    pub offset: u64,
    pub time: Option<Timestamp>,
    pub level: Option<Level>,
    pub late: bool,
    pub wild: bool,
    pub text: Vec<u8>,
}

/// Lines as they are cut: where each begins and the next one does, its own time, its text.
type Cut = (u64, u64, Option<Timestamp>, Vec<u8>);

fn cut(bytes: &[u8], mut offset: u64) -> (Vec<Cut>, Vec<bool>) {
    let mut lines = Vec::new();
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
    let wild = (0..lines.len()).map(is_wild).collect();
    (lines, wild)
}

/// Contract, section 4, as it reads.
fn model_of(source: usize, bytes: &[u8], modified: Timestamp) -> Vec<Placed> {
    let (lines, wild) = cut(bytes, 0);
    let first = lines
        .iter()
        .zip(&wild)
        .take_while(|((start, ..), _)| *start < 1 << 20)
        .find_map(|((_, _, time, _), wild)| time.filter(|_| !wild));
    place((lines, wild), source, (first.unwrap_or(modified), None), first.is_none())
}

/// The lines of a stretch of a source that begins at `offset`, behind a line with this key and level.
pub fn lines_of(
    source: usize,
    offset: u64,
    bytes: &[u8],
    before: (Timestamp, Option<Level>),
    untimed: bool,
) -> Vec<Placed> {
    place(cut(bytes, offset), source, before, untimed)
}

fn place(
    (lines, wild): (Vec<Cut>, Vec<bool>),
    source: usize,
    (mut key, mut level): (Timestamp, Option<Level>),
    untimed: bool,
) -> Vec<Placed> {
    let mut placed = Vec::new();
    for ((offset, _, time, text), wild) in lines.into_iter().zip(wild) {
        if let Some(time) = time
            && !wild
            && !untimed
        {
            key = key.max(time);
        }
        let late = time.is_some_and(|time| time < key);
        if time.is_some() {
            level = own_level(&text);
        }
        placed.push(Placed { key, source, offset, time, level, late, wild, text });
    }
    placed
}

/// All lines of these sources, last changed at `modified`, in the one order.
pub fn place_all(sources: &[Vec<u8>], modified: Timestamp) -> Vec<Placed> {
    let mut lines: Vec<_> =
        sources.iter().enumerate().flat_map(|(place, bytes)| model_of(place, bytes, modified)).collect();
    // Stable: within a source, lines stand in the order of their offsets, and so do their keys.
    lines.sort_by_key(|line| (line.key, line.source, line.offset));
    lines
}

pub fn random_source(random: &mut Random, lines: u64) -> Vec<u8> {
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
                let level =
                    ["INFO ", "INFO ", "WARNING ", "ERROR ", ""][usize::try_from(random.below(5)).expect("small")];
                let time = written(i64::try_from(shown).expect("small"));
                bytes.extend_from_slice(format!("{time} {level}line {at}").as_bytes());
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

pub struct Case {
    pub inputs: Arc<[Input]>,
    pub expected: Vec<Placed>,
}

/// Sources whose times never fall, and lie closely side by side.
pub fn rising(seed: u64, sources: u64, lines: u64) -> Case {
    let mut random = Random(seed);
    let texts: Vec<Vec<u8>> = (0..sources)
        .map(|_| {
            let mut millis = 0;
            let line = |at| {
                millis += i64::try_from(random.below(100)).expect("small");
                match random.below(10) {
                    0 => format!("  at frame {at}\n"),
                    _ => format!("{} line {at}\n", written(millis)),
                }
            };
            (0..lines).map(line).collect::<String>().into_bytes()
        })
        .collect();
    let expected = place_all(&texts, stamp(0));
    let input = |(place, text): (usize, Vec<u8>)| {
        let source: Arc<dyn Source> = Arc::new(MemorySource::new(text, stamp(0)));
        let rules = Rules { zone: Zone::Utc, modified: stamp(0), format: None };
        let origin = Origin::find(&source, &rules, 4096).expect("memory reads");
        Input { id: format!("s{place}").into(), source, rules, origin }
    };
    Case { inputs: texts.into_iter().enumerate().map(input).collect(), expected }
}

pub fn case(seed: u64, sources: u64, lines: u64, dribble: bool) -> Case {
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

pub fn taken(merge: &mut Merge, count: usize) -> Vec<Placed> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let Some((source, line)) = merge.next().map(|(source, line)| (source, *line)) else { break };
        let record = merge.record(None).expect("there is a current line");
        lines.push(Placed {
            key: line.key,
            source,
            offset: line.offset,
            time: line.time(),
            level: line.level,
            late: line.is_late(),
            wild: line.is_wild(),
            text: record.text.text.as_bytes().to_vec(),
        });
    }
    lines
}

#[track_caller]
pub fn check(found: &[Placed], expected: &[Placed], what: &str) {
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "line {at} of {what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}
