//! Filters, searches and counts against the model.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::{By, Case as Letters, Ended, Filter, Levels, Log, Pattern, level_place};
use record::Level;

use crate::naive::{Case, Placed, Random, case, stamp};

/// What is looked for, and how the model finds it in a text.
type Asked = (&'static str, fn(&str) -> bool);

const ASKED: [Asked; 8] = [
    ("line 17", |text| text.contains("line 17")),
    ("LINE 1", |_| false),
    ("at frame [0-9]*7$", |text| text.contains("at frame ") && text.ends_with('7')),
    ("^$", str::is_empty),
    ("^  at", |text| text.starts_with("  at")),
    ("x{300}", |text| text.contains(&"x".repeat(300))),
    ("INFO.*0", |text| text.split_once("INFO").is_some_and(|(_, rest)| rest.contains('0'))),
    ("(?s).", |text| !text.is_empty()),
];

/// The model's word on a line.
type Wants = Box<dyn Fn(&Placed) -> bool>;

fn random_filter(random: &mut Random, sources: usize) -> (Filter, Wants) {
    let mut filter = Filter::default();
    let mut wants: Vec<Wants> = Vec::new();
    if random.one_in(3) {
        let asked = [Some(Level::Error), Some(Level::Warn), None][usize::try_from(random.below(3)).expect("small")];
        filter.levels = Some(Levels::default().with(asked).with(Some(Level::Fatal)));
        wants.push(Box::new(move |line| line.level == asked));
    }
    if random.one_in(3) {
        let asked: Arc<[bool]> = (0..sources).map(|_| random.one_in(2)).collect();
        filter.sources = Some(Arc::clone(&asked));
        wants.push(Box::new(move |line| asked[line.source]));
    }
    if random.one_in(3) {
        let since = stamp(i64::try_from(random.below(2_000_000)).expect("small"));
        filter.since = Some(since);
        wants.push(Box::new(move |line| line.key >= since));
    }
    if random.one_in(3) {
        let until = stamp(i64::try_from(random.below(4_000_000)).expect("small"));
        filter.until = Some(until);
        wants.push(Box::new(move |line| line.key <= until));
    }
    if !random.one_in(3) {
        let (pattern, matches) = ASKED[usize::try_from(random.below(8)).expect("small")];
        filter.pattern = Some(Arc::new(Pattern::new(pattern, Letters::Match).expect("a pattern")));
        wants.push(Box::new(move |line| matches(std::str::from_utf8(&line.text).expect("the model writes UTF-8"))));
    }
    if random.one_in(3) {
        let (pattern, matches) = ASKED[usize::try_from(random.below(8)).expect("small")];
        filter.without = Some(Arc::new(Pattern::new(pattern, Letters::Match).expect("a pattern")));
        wants.push(Box::new(move |line| !matches(std::str::from_utf8(&line.text).expect("the model writes UTF-8"))));
    }
    if random.one_in(4) {
        filter.heads = true;
        wants.push(Box::new(|line| line.time.is_some()));
    }
    (filter, Box::new(move |line| wants.iter().all(|wants| wants(line))))
}

#[test]
fn a_search_finds_what_the_filter_lets_through() {
    for seed in 5000..5012 {
        let Case { inputs, expected } = case(seed, 1 + seed % 4, 4000, false);
        let sources = inputs.len();
        let log = Log::new(inputs);
        log.build_index(&AtomicBool::new(false), |_| {});
        let mut random = Random(seed ^ 0x5EA);
        for round in 0..50 {
            let (filter, wants) = random_filter(&mut random, sources);
            let mut found = Vec::new();
            let mut next = 0;
            let ended = log.search(&filter, 0, &AtomicBool::new(false), |searched| {
                assert_eq!(searched.blocks.start, next, "stretches come in order");
                next = searched.blocks.end;
                found.extend(searched.lines);
                true
            });
            assert!(matches!(ended, Ended::Done), "{ended:?}");
            let wanted: Vec<u64> =
                (0..).zip(&expected).filter(|(_, line)| wants(line)).map(|(ordinal, _)| ordinal).collect();
            assert_eq!(found, wanted, "seed {seed}, round {round}: {filter:?}");
        }
    }
}

#[test]
fn a_search_goes_along_with_the_index() {
    for seed in 5100..5104 {
        let Case { inputs, expected } = case(seed, 2, 6000, false);
        let log = Arc::new(Log::new(inputs));
        let pattern = Arc::new(Pattern::new("frame", Letters::Match).expect("a pattern"));
        let filter = Filter { pattern: Some(pattern), ..Filter::default() };
        let searching = {
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                let (mut found, mut next) = (0, 0);
                let never = AtomicBool::new(false);
                loop {
                    let ended = log.search(&filter, next, &never, |searched| {
                        found += searched.lines.len();
                        next = searched.blocks.end;
                        true
                    });
                    match ended {
                        Ended::Waits => assert!(log.wait_for_block(next, &never)),
                        Ended::Done => return found,
                        other => panic!("{other:?}"),
                    }
                }
            })
        };
        log.build_index(&AtomicBool::new(false), |_| {});
        let wanted = expected.iter().filter(|line| String::from_utf8_lossy(&line.text).contains("frame")).count();
        assert_eq!(searching.join().expect("it searches"), wanted, "seed {seed}");
    }
}

#[test]
fn the_parts_of_a_log_have_the_lines_that_lie_in_them() {
    for seed in 5200..5208 {
        let Case { inputs, expected } = case(seed, 1 + seed % 3, 5000, false);
        let log = Log::new(inputs);
        log.build_index(&AtomicBool::new(false), |_| {});
        for count in [1, 7, 100] {
            for by in [By::Time, By::Line] {
                let parts = log.stats(count, by, &AtomicBool::new(false)).expect("memory reads");
                let Some(first) = expected.first() else {
                    assert!(parts.buckets.is_empty());
                    continue;
                };
                let last = expected.last().expect("there is a first");
                let what = format!("seed {seed}, {count} by {by:?}");
                assert_eq!(parts.buckets.len() as u64, count, "{what}");
                assert_eq!(parts.last, Some(last.key), "{what}");
                let mut sums = vec![[0; 7]; parts.buckets.len()];
                for (ordinal, line) in (0u64..).zip(&expected) {
                    let place = match by {
                        By::Line => u128::from(ordinal) * u128::from(count) / expected.len() as u128,
                        By::Time | By::Span { .. } => {
                            let span = last.key.nanos() - first.key.nanos() + 1;
                            let place = (line.key.nanos() - first.key.nanos()) * i128::from(count) / span;
                            u128::try_from(place).expect("not before the first")
                        }
                    };
                    sums[usize::try_from(place).expect("small")][level_place(line.level)] += 1;
                }
                let found: Vec<_> = parts.buckets.iter().map(|part| part.levels).collect();
                assert_eq!(found, sums, "{what}");
                let mut next = 0;
                for part in &parts.buckets {
                    assert_eq!((part.first, part.lines), (next, part.levels.iter().sum()), "{what}");
                    next += part.lines;
                }
            }
        }
    }
}

#[test]
fn the_parts_of_a_span_have_the_lines_between_its_ends() {
    for seed in 5300..5306 {
        let Case { inputs, expected } = case(seed, 1 + seed % 3, 5000, false);
        let log = Log::new(inputs);
        log.build_index(&AtomicBool::new(false), |_| {});
        let mut random = Random(seed ^ 0x5BA);
        for round in 0..20 {
            let millis = |random: &mut Random| i64::try_from(random.below(4_000_000)).expect("small") - 500_000;
            let (one, other) = (millis(&mut random), millis(&mut random));
            let (since, until) = (stamp(one.min(other)), stamp(one.max(other)));
            let count = [1, 7, 100][usize::try_from(random.below(3)).expect("small")];
            let parts = log.stats(count, By::Span { since, until }, &AtomicBool::new(false)).expect("memory reads");
            let mut sums = vec![[0; 7]; usize::try_from(count).expect("small")];
            for line in expected.iter().filter(|line| line.key >= since && line.key <= until) {
                let span = until.nanos() - since.nanos() + 1;
                let place = (line.key.nanos() - since.nanos()) * i128::from(count) / span;
                sums[usize::try_from(place).expect("small")][level_place(line.level)] += 1;
            }
            let what = format!("seed {seed}, round {round}: {count} from {since} to {until}");
            let found: Vec<_> = parts.buckets.iter().map(|part| part.levels).collect();
            assert_eq!(found, sums, "{what}");
            let mut next = expected.iter().filter(|line| line.key < since).count() as u64;
            for part in &parts.buckets {
                assert_eq!((part.first, part.lines), (next, part.levels.iter().sum()), "{what}");
                assert!(part.from >= since && part.from <= until.max(since), "{what}");
                next += part.lines;
            }
        }
    }
}
