//! Whatever a person types for a pattern and whatever the lines are, a search finds those lines whose text it matches.

#![no_main]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::{By, Case, Ended, Filter, Levels, Log, Merge, Pattern};
use fuzz::{Dribble, LARGE_BYTES_MAX, SMALL_BYTES_MAX, encoded, input, texts};
use libfuzzer_sys::fuzz_target;
use record::{Level, Timestamp};
use regex_automata::meta::Regex;
use regex_automata::util::syntax;

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, conditions, piece], rest)) = data.split_first_chunk() else { return };
    let end = rest.iter().position(|byte| *byte == 0x1E).unwrap_or(rest.len());
    let Ok(pattern) = std::str::from_utf8(&rest[..end]) else { return };
    let case = [Case::Match, Case::Smart, Case::Ignore][usize::from(choice % 3)];
    let Ok(compiled) = Pattern::new(pattern, case) else { return };
    let automaton = (case == Case::Match).then(|| automaton(pattern)).flatten();

    // Much at a time makes another way through long lines than little.
    let (bytes_max, piece) = match piece {
        0xFE => (LARGE_BYTES_MAX, 0),
        0xFF => (LARGE_BYTES_MAX, 0xFF),
        piece => (SMALL_BYTES_MAX, piece),
    };
    let texts = texts(rest.get(end + 1..).unwrap_or_default(), 2, bytes_max);
    let source = |(at, text): (usize, Vec<u8>)| {
        let bytes = encoded(text, choice >> (4 + 2 * at) & 3).into();
        input(at, Dribble { bytes, piece, breaks_at: None }).expect("it reads")
    };
    let log = Log::new(texts.into_iter().enumerate().map(source).collect::<Vec<_>>());
    log.build_index(&AtomicBool::new(false), |_| {});

    let mut filter = filter(conditions, &log);
    filter.pattern = Some(Arc::new(compiled.clone()));
    let mut merge = Merge::from_start(Arc::clone(log.inputs()));
    let (mut wanted, mut matches, mut ordinal) = (Vec::new(), 0, 0);
    while let Some((source, line)) = merge.next().map(|(source, line)| (source, *line)) {
        let text = merge.record(None).expect("there is a line").text.text;
        let is_match = compiled.is_match(&text);
        // The pattern has no newline, and never a match across one.
        if let Some(automaton) = &automaton
            && !text.contains('\n')
        {
            assert_eq!(is_match, automaton.is_match(text.as_bytes()), "{pattern:?} in {text:?}");
        }
        matches += u64::from(is_match);
        if is_match && filter.wants(source, &line) {
            wanted.push(ordinal);
        }
        ordinal += 1;
    }

    let mut found = Vec::new();
    let mut next = 0;
    let mut share = 0.0;
    let ended = log.search(&filter, 0, &AtomicBool::new(false), |searched| {
        assert_eq!(searched.blocks.start, next, "stretches come in order");
        next = searched.blocks.end;
        assert!(searched.share >= share && searched.share <= 1.0, "{} after {share}", searched.share);
        share = searched.share;
        found.extend(searched.lines);
        true
    });
    assert!(matches!(ended, Ended::Done), "{ended:?}");
    assert_eq!(found, wanted, "{matches} of {ordinal} lines match {pattern:?}");

    let parts =
        log.stats(7, if choice & 8 == 0 { By::Time } else { By::Line }, &AtomicBool::new(false)).expect("memory reads");
    assert_eq!(parts.buckets.iter().map(|part| part.lines).sum::<u64>(), ordinal);
});

/// Conditions of all kinds, by these bits.
fn filter(conditions: u8, log: &Log) -> Filter {
    let key = |part: u64| {
        let ordinal = log.index().lines() * part / 8;
        log.merge_from(ordinal).next().map_or(Timestamp::default(), |(_, line)| line.key)
    };
    let mut filter = Filter::default();
    if conditions & 1 != 0 {
        filter.levels = Some(Levels::default().with(Some(Level::Info)).with(None));
    }
    if conditions & 2 != 0 {
        filter.sources = Some((0..log.inputs().len()).map(|at| at == usize::from(conditions >> 2 & 1)).collect());
    }
    if conditions & 8 != 0 {
        filter.since = Some(key(u64::from(conditions >> 4 & 3)));
    }
    if conditions & 0x40 != 0 {
        filter.until = Some(key(4 + u64::from(conditions >> 4 & 3)));
    }
    filter.heads = conditions & 0x80 != 0;
    filter
}

/// The same pattern without anything that is done to make it fast.
fn automaton(pattern: &str) -> Option<Regex> {
    let config = Regex::config().nfa_size_limit(Some(1 << 20)).utf8_empty(false);
    Regex::builder()
        .configure(config)
        .syntax(syntax::Config::new().multi_line(true).utf8(false).nest_limit(64))
        .build(pattern)
        .ok()
}
