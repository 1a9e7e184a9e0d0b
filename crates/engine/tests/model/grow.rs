//! A log that grows, against a model that numbers each look's new lines behind those it has.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use engine::{Error, Found, Input, Log, Origin, Place, Source};
use record::scan::Rules;
use record::{Level, Timestamp, Zone};

use crate::naive::{Placed, Random, check, lines_of, random_source, stamp, taken};

/// Bytes that are added to, and count up to an end.
#[derive(Default)]
struct Growing {
    bytes: RwLock<Vec<u8>>,
    end: AtomicU64,
}

impl Source for Growing {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let bytes = self.bytes.read().expect("no test panics while it writes");
        let from = usize::try_from(offset).expect("small").min(bytes.len());
        let count = buf.len().min(bytes.len() - from);
        buf[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.end.load(Ordering::Relaxed))
    }

    fn modified(&self) -> Timestamp {
        stamp(30_000)
    }
}

/// One source as the model knows it.
struct Known {
    source: Arc<Growing>,
    text: Vec<u8>,
    end: usize,
    key: Timestamp,
    level: Option<Level>,
    untimed: bool,
}

/// Numbers what has come: by key, none before the last that has a number.
fn number(sources: &mut [Known], ends: &[usize], numbered: &mut Vec<Placed>) {
    let floor = numbered.last().map(|line| line.key);
    let mut new = Vec::new();
    for (place, (known, end)) in sources.iter_mut().zip(ends).enumerate() {
        let key = known.key.max(floor.unwrap_or(known.key));
        let stretch = &known.text[known.end..*end];
        let lines = lines_of(place, known.end as u64, stretch, (key, known.level), known.untimed);
        if let Some(last) = lines.last() {
            (known.key, known.level) = (last.key, last.level);
        }
        known.end = *end;
        new.extend(lines);
    }
    new.sort_by_key(|line| (line.key, line.source, line.offset));
    numbered.extend(new);
}

/// A source of which some lines are there, or none count yet.
fn begin(random: &mut Random, lines: u64, later: bool) -> (Known, Input) {
    let mut text = random_source(random, lines);
    if text.last().is_some_and(|byte| *byte != b'\n') {
        text.push(b'\n');
    }
    let first = line_end(&text, usize::try_from(random.below(text.len() as u64 + 1)).expect("small"));
    let source = Arc::new(Growing::default());
    source.bytes.write().expect("nobody panicked").extend_from_slice(&text);
    source.end.store(first as u64, Ordering::Relaxed);
    let rules = Rules { zone: Zone::Utc, modified: stamp(30_000), format: None };
    let as_source: Arc<dyn Source> = Arc::clone(&source) as _;
    let origin = Origin::find(&as_source, &rules, 4096).expect("memory reads");
    if later {
        source.end.store(0, Ordering::Relaxed);
    }
    let input = Input { id: "s".into(), source: as_source, rules, origin };
    (Known { source, text, end: 0, key: origin.first_key, level: None, untimed: origin.untimed }, input)
}

fn grown(seed: u64, lines: u64, looks: u64) {
    let mut random = Random(seed);
    let count = 1 + random.below(4);
    let mut known = Vec::new();
    let mut inputs = Vec::new();
    let mut ends = Vec::new();
    for _ in 0..count {
        let (source, input) = begin(&mut random, lines, false);
        ends.push(usize::try_from(source.source.end.load(Ordering::Relaxed)).expect("small"));
        known.push(source);
        inputs.push(input);
    }
    let told = |ends: &[usize]| ends.iter().map(|end| *end as u64).collect::<Vec<_>>();
    let mut log = Log::growing(inputs, &told(&ends));
    log.build_index(&AtomicBool::new(false), |_| {});
    let mut numbered = Vec::new();
    number(&mut known, &ends, &mut numbered);
    for look in 0..looks {
        if random.one_in(5) {
            // Another source appears, somewhere among those there are.
            let at = usize::try_from(random.below(known.len() as u64 + 1)).expect("small");
            let (source, input) = begin(&mut random, lines, true);
            let mut inputs = log.inputs().to_vec();
            let mut from: Vec<_> = (0..inputs.len()).map(Some).collect();
            inputs.insert(at, input);
            from.insert(at, None);
            for line in &mut numbered {
                line.source += usize::from(line.source >= at);
            }
            known.insert(at, source);
            ends.insert(at, 0);
            log = log.widened(inputs, &from);
        }
        for (known, end) in known.iter().zip(&mut ends) {
            let left = (known.text.len() - *end) as u64;
            if random.one_in(3) {
                let gained = random.below(left / (looks - look) * 2 + 1).min(left);
                let to = *end + usize::try_from(gained).expect("small");
                *end = line_end(&known.text, to).max(*end);
                known.source.end.store(*end as u64, Ordering::Relaxed);
            }
        }
        log.grow(&told(&ends)).expect("memory reads");
        number(&mut known, &ends, &mut numbered);
        let what = format!("look {look} of seed {seed}");
        assert_eq!(log.index().lines(), numbered.len() as u64, "{what}");
        assert_eq!(log.index().lines_by_source().iter().sum::<u64>(), numbered.len() as u64, "{what}");
        assert_eq!(log.index().levels().iter().sum::<u64>(), numbered.len() as u64, "{what}");
        let from = random.below(numbered.len() as u64 + 1);
        let found = taken(&mut log.merge_from(from), usize::MAX);
        check(&found, &numbered[usize::try_from(from).expect("small")..], &what);
        let time = stamp(i64::try_from(random.below(200_000)).expect("small"));
        let first = numbered.partition_point(|line| line.key < time);
        let place = if first < numbered.len() { Found::At(first as u64) } else { Found::Beyond };
        assert_eq!(log.find(Place::Time(time)), place, "{what}");
        if let Some(line) = numbered.get(usize::try_from(from).expect("small")) {
            let anchor = Place::Anchor { source: line.source, offset: line.offset };
            assert_eq!(log.find(anchor), Found::At(from), "{what}");
        }
    }
    check(&taken(&mut log.merge_from(0), usize::MAX), &numbered, &format!("seed {seed}"));
}

/// Where the last line ends that is whole before `at`.
fn line_end(text: &[u8], at: usize) -> usize {
    text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1)
}

#[test]
fn what_was_numbered_keeps_its_number_and_what_comes_is_numbered_behind_it() {
    for seed in 6000..6300 {
        grown(seed, 60, 12);
    }
}

#[test]
fn the_same_over_many_blocks() {
    for seed in 7000..7008 {
        grown(seed, 4000, 40);
    }
}

#[test]
fn sources_that_grow_in_step_stay_in_the_order_of_the_whole() {
    let line = |second: usize| format!("2024-12-20T00:{:02}:{:02}Z line\n", second / 60, second % 60);
    let (mut known, mut inputs) = (Vec::new(), Vec::new());
    for place in 0..3 {
        let source = Arc::new(Growing::default());
        source.bytes.write().expect("nobody panicked").extend_from_slice(line(place).as_bytes());
        let rules = Rules { zone: Zone::Utc, modified: stamp(0), format: None };
        source.end.store(line(0).len() as u64, Ordering::Relaxed);
        let as_source: Arc<dyn Source> = Arc::clone(&source) as _;
        let origin = Origin::find(&as_source, &rules, 4096).expect("memory reads");
        inputs.push(Input { id: format!("s{place}").into(), source: as_source, rules, origin });
        known.push(source);
    }
    let ends = |known: &[Arc<Growing>]| -> Vec<u64> {
        known.iter().map(|source| source.bytes.read().expect("nobody panicked").len() as u64).collect()
    };
    let log = Log::growing(inputs, &ends(&known));
    log.build_index(&AtomicBool::new(false), |_| {});
    for second in 3..600 {
        let source = &known[second % 3];
        source.bytes.write().expect("nobody panicked").extend_from_slice(line(second).as_bytes());
        assert!(log.grow(&ends(&known)).expect("memory reads"));
        assert!(!log.is_out_of_order(), "at second {second}");
    }
    assert_eq!(log.index().lines(), 600);
    // A straggler stays behind what has a number.
    known[1].bytes.write().expect("nobody panicked").extend_from_slice(line(5).as_bytes());
    assert!(log.grow(&ends(&known)).expect("memory reads"));
    assert!(log.is_out_of_order());
    let last = taken(&mut log.merge_from(600), 2);
    assert!(last.len() == 1 && last[0].late && last[0].key == stamp(599_000), "{last:?}");
}
