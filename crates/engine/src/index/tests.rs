//! Indexes that are kept and found again: as they were, trimmed where files have grown, and never by what is not theirs.

use std::sync::Arc;

use record::scan::Rules;
use record::{Timestamp, Zone};

use super::file::unpack;
use super::{Index, IndexFileError, Loaded, LogIdentity, Stretch};
use crate::limits::{INDEX_FILE_BYTES_MAX, SPOOL_BYTES_MAX};
use crate::merge::{Input, Merge};
use crate::source::ends_of;
use crate::stream::{Origin, Standing};
use crate::{By, Error, FileIdentity, Log, MemorySource, Source};

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

/// A file that lies in memory.
struct TestFile {
    bytes: MemorySource,
    inode: u64,
    packed: bool,
}

impl Source for TestFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        self.bytes.read_at(offset, buf)
    }

    fn bytes(&self) -> Option<u64> {
        self.bytes.bytes()
    }

    fn modified(&self) -> Timestamp {
        self.bytes.modified()
    }

    fn file_identity(&self) -> Option<FileIdentity> {
        let bytes = self.bytes()?;
        let (first_hash, last_hash) = ends_of(self, bytes)?;
        let modified = self.modified();
        Some(FileIdentity { device: 1, inode: self.inode, bytes, modified, first_hash, last_hash, packed: self.packed })
    }
}

fn file(place: usize, bytes: &[u8], modified: Timestamp, packed: bool) -> Input {
    let bytes = MemorySource::new(bytes, modified);
    let source: Arc<dyn Source> = Arc::new(TestFile { bytes, inode: 100 + place as u64, packed });
    let rules = Rules { zone: Zone::Utc, modified, format: None };
    let origin = Origin::find(&source, &rules, 4096).expect("memory reads");
    Input { id: format!("s{place}").into(), source, rules, origin }
}

fn files(texts: &[impl AsRef<[u8]>], modified: Timestamp) -> Arc<[Input]> {
    texts.iter().enumerate().map(|(place, text)| file(place, text.as_ref(), modified, false)).collect()
}

fn identity(inputs: &[Input]) -> LogIdentity {
    LogIdentity::of(inputs, "UTC", 0).expect("they are files")
}

/// Builds on `index`, or a new one: up to `blocks` blocks more.
fn build(inputs: &Arc<[Input]>, index: Option<Index>, blocks: usize) -> Index {
    let mut index = index.unwrap_or_else(|| Index::new(inputs.len()));
    let mut merge = match index.resume() {
        Some(resume) => Merge::new(Arc::clone(inputs), resume),
        None => Merge::from_start(Arc::clone(inputs)),
    };
    let blocks = index.blocks().len() + blocks;
    let mut stretch: Option<Stretch> = None;
    while merge.next().is_some() {
        if let Some(full) = stretch.take_if(|stretch| stretch.lines() == index.spacing()) {
            index.push(full);
            if index.blocks().len() == blocks {
                return index;
            }
        }
        let standings = stretch.is_none().then(|| merge.standings());
        let (source, line) = merge.current().expect("there is one");
        stretch.get_or_insert_with(|| Stretch::new(standings.unwrap_or_default(), line)).push(source, line);
    }
    if let Some(last) = stretch {
        index.push(last);
    }
    index.finish(merge.failures().to_vec());
    index
}

fn built(inputs: &Arc<[Input]>) -> Index {
    build(inputs, None, usize::MAX / 2)
}

fn finished(inputs: &Arc<[Input]>, index: Index) -> Index {
    build(inputs, Some(index), usize::MAX / 2)
}

#[track_caller]
fn check_equal(found: &Index, expected: &Index, what: &str) {
    assert_eq!(found.blocks(), expected.blocks(), "{what}");
    assert_eq!(found.standings, expected.standings, "{what}");
    assert_eq!(found.resume, expected.resume, "{what}");
    assert_eq!(found.block_lines, expected.block_lines, "{what}");
    assert_eq!(
        (found.lines(), found.levels(), found.lines_by_source(), found.is_complete(), found.spacing()),
        (expected.lines(), expected.levels(), expected.lines_by_source(), expected.is_complete(), expected.spacing()),
        "{what}"
    );
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_nanos((1_734_652_800_000 + i128::from(millis)) * 1_000_000)
}

fn written(millis: u64) -> String {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("2024-12-20T{:02}:{:02}:{:02}.{millis:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A log of so many lines, with late and wild ones and continuations.
fn log_text(random: &mut Random, lines: u64) -> Vec<u8> {
    let mut text = Vec::new();
    let mut millis = random.below(100_000);
    let step = [1, 20, 400][usize::try_from(random.below(3)).expect("small")];
    // Rare times that make what is before them wild, or none.
    let oddity = [8, 40, 3_000][usize::try_from(random.below(3)).expect("small")];
    for number in 0..lines {
        millis += random.below(step + 1);
        let shown = match random.below(oddity) {
            0 => millis + 60_001 + random.below(300_000),
            1 => millis + random.below(60_000),
            2 => millis.saturating_sub(random.below(2_000)),
            3 => millis.saturating_sub(61_000 + random.below(90_000)),
            _ => millis,
        };
        let level = ["INFO", "WARN", "ERROR", ""][usize::try_from(random.below(4)).expect("small")];
        match random.below(12) {
            0 => text.extend_from_slice(b"  at a frame"),
            1 => {}
            _ => text.extend_from_slice(format!("{} {level} line {number}", written(shown)).as_bytes()),
        }
        if random.one_in(300) {
            text.resize(text.len() + usize::try_from(random.below(50_000)).expect("small"), b'x');
        }
        text.push(b'\n');
    }
    if random.one_in(3) {
        text.pop();
    }
    text
}

fn log_texts(random: &mut Random, sources: u64, lines: u64) -> Vec<Vec<u8>> {
    (0..sources)
        .map(|_| {
            let lines = lines / 2 + random.below(lines);
            log_text(random, lines)
        })
        .collect()
}

#[track_caller]
fn load_same(file: &[u8], inputs: &[Input], what: &str) -> Index {
    match Index::load(file, &identity(inputs), inputs) {
        Ok(Loaded::Same(index)) => index,
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn an_index_that_was_kept_is_found_as_it_was() {
    for seed in 0..30 {
        let mut random = Random(seed);
        let lines = [10, 1_000, 5_000][usize::try_from(seed % 3).expect("small")];
        let inputs = files(&log_texts(&mut random, 1 + seed % 5, lines), at(1_000_000));
        let index = built(&inputs);
        let file = index.encode(&identity(&inputs)).expect("it is whole");
        check_equal(&load_same(&file, &inputs, "whole"), &index, &format!("seed {seed}"));
    }
}

#[test]
fn an_index_of_many_sources_with_the_first_and_the_last_times_is_found_as_it_was() {
    let mut texts: Vec<String> = (0..200).map(|place| format!("{} {place}\n", written(place)).repeat(70)).collect();
    texts.push("0001-01-01T00:00:00.000000001Z first\n9999-12-31T23:59:59.999999999Z last\n".to_owned());
    texts.push("no times\n".repeat(9_000));
    texts.push(String::new());
    let inputs = files(&texts, at(0));
    let index = built(&inputs);
    assert!(index.blocks().len() > 2);
    let file = index.encode(&identity(&inputs)).expect("it is whole");
    check_equal(&load_same(&file, &inputs, "many"), &index, "many");
}

#[test]
fn a_half_built_index_is_kept_and_built_on_to_the_whole() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let inputs = files(&log_texts(&mut random, 1 + seed % 4, 4_000), at(1_000_000));
        let whole = built(&inputs);
        let mut index = None;
        let mut rounds = 0;
        // Killed and started again, until it is whole.
        let found = loop {
            let blocks = usize::try_from(1 + random.below(4)).expect("small");
            let so_far = build(&inputs, index.take(), blocks);
            if so_far.is_complete() {
                break so_far;
            }
            rounds += 1;
            index = match so_far.encode(&identity(&inputs)) {
                Some(file) => Some(load_same(&file, &inputs, "half")),
                None => Some(so_far).filter(|index| index.resume().is_some()),
            };
            if let Some(index) = &index {
                assert!(!index.is_complete() && index.failures().is_empty());
                assert_eq!(index.lines(), index.spacing() * index.blocks().len() as u64);
            }
        };
        check_equal(&found, &whole, &format!("seed {seed}, {rounds} rounds"));
    }
}

/// What was kept of `old`, if anything, and whether building on from there gives what building anew gives.
#[track_caller]
fn check_grown(old: &Arc<[Input]>, index: &Index, new: &Arc<[Input]>, copies: u8, what: &str) -> Option<usize> {
    let of = |inputs: &[Input]| LogIdentity::of(inputs, "UTC", copies).expect("they are files");
    let file = index.encode(&of(old))?;
    assert_eq!(of(old).cache_key(), of(new).cache_key(), "{what}");
    match Index::load(&file, &of(new), new).expect("it is whole") {
        Loaded::Grown(index) => {
            let kept = index.blocks().len();
            assert!(kept > 0 && !index.is_complete() && index.failures().is_empty(), "{what}");
            assert_eq!(index.lines(), index.spacing() * kept as u64, "{what}");
            let whole = built(new);
            check_equal(&finished(new, index), &whole, what);
            Some(kept)
        }
        Loaded::Stale => None,
        Loaded::Same(_) => panic!("{what}: it has changed"),
    }
}

#[test]
fn an_index_of_files_that_grew_is_built_on_to_what_building_anew_gives() {
    let (mut kept, mut whole) = (0, 0);
    for seed in 0..100 {
        let mut random = Random(seed);
        let texts = log_texts(&mut random, 1 + seed % 4, 6_000);
        let changes: Vec<bool> = texts.iter().map(|_| !random.one_in(3)).collect();
        let cut = |text: &Vec<u8>, random: &mut Random| {
            // Near the end mostly, in mid-line mostly, and right behind a newline.
            let far = if random.one_in(3) { 100_000 } else { 5_000 };
            let back = 1 + random.below(far);
            let end = text.len().saturating_sub(usize::try_from(back).expect("small")).max(200).min(text.len());
            if random.one_in(3) {
                text[..end].iter().rposition(|byte| *byte == b'\n').map_or(end, |at| at + 1)
            } else {
                end
            }
        };
        let mut inputs = Vec::new();
        let mut later = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            if changes[place] {
                let end = cut(text, &mut random);
                inputs.push(file(place, &text[..end], at(1_000_000), false));
                later.push(file(place, text, at(2_000_000), false));
            } else {
                inputs.push(file(place, text, at(1_000_000), false));
                later.push(inputs[place].clone());
            }
        }
        if !changes.contains(&true) {
            continue;
        }
        let (old, new): (Arc<[Input]>, Arc<[Input]>) = (inputs.into(), later.into());
        let blocks = if random.one_in(4) { 3 } else { usize::MAX / 2 };
        let index = build(&old, None, blocks);
        whole += index.blocks().len();
        kept += check_grown(&old, &index, &new, 0, &format!("seed {seed}")).unwrap_or(0);
        check_grown(&old, &index, &new, 1, &format!("seed {seed}, copies"));
    }
    assert!(kept * 3 > whole, "only {kept} of {whole} blocks were kept");
}

/// The sharpest case: a few long lines beside many short ones, so that blocks begin between those that turn wild.
#[test]
fn lines_that_turn_wild_by_what_is_appended_are_not_kept() {
    let beside: String = (0..7_000).map(|place| format!("{} beside {place}\n", written(100_000 + place))).collect();
    let (mut kept, mut turned) = (0, 0);
    for seed in 0..300 {
        let mut random = Random(seed);
        let pads = [6_000, 9_000, 60_000][usize::try_from(seed % 3).expect("small")];
        let lines: Vec<String> = (0..70)
            .map(|place| {
                let back = if random.one_in(9) { 61_000 + random.below(9_000) } else { 0 };
                let shown = written(100_000 + place * 100 + random.below(50) - back);
                let pad = "x".repeat(usize::try_from(random.below(pads)).expect("small"));
                if random.one_in(5) { format!("{pad}\n") } else { format!("{shown} INFO {place} {pad}\n") }
            })
            .collect();
        let whole = lines.concat();
        let end = lines[..40 + usize::try_from(random.below(30)).expect("small")].concat().len();
        let end = end - usize::try_from(random.below(60)).expect("small") * usize::from(random.one_in(2));
        let (old, new) = (files(&[beside.as_str(), &whole[..end]], at(0)), files(&[&beside, &whole], at(0)));
        let index = built(&old);
        kept += check_grown(&old, &index, &new, 0, &format!("seed {seed}")).unwrap_or(0);
        let anew = built(&new);
        let differ = index.blocks().len() != anew.blocks().len()
            || (1..index.blocks().len()).any(|block| index.standings(block) != anew.standings(block));
        turned += usize::from(differ);
    }
    assert!(kept > 100 && turned > 100, "{kept} blocks were kept, {turned} logs turned");
}

#[test]
fn an_index_is_kept_up_to_the_first_line_of_a_file_that_has_just_begun() {
    let line = |place: u64| format!("{} step {place}\n", written(place * 10));
    let long: String = (0..20_000).map(line).collect();
    let short: String = (19_000..19_010).map(line).collect();
    let longer: String = (19_000..19_020).map(line).collect();
    let old = files(&[&long, &short], at(0));
    let new = files(&[&long, &longer], at(0));
    let index = built(&old);
    let kept = check_grown(&old, &index, &new, 0, "a new file").expect("most of it stays");
    assert_eq!(kept as u64, 19_000 / index.spacing());
    let kept = check_grown(&old, &index, &new, 1, "a new file, copies").expect("most of it stays");
    assert!(kept as u64 >= 19_000 / index.spacing() - 1);
}

#[test]
fn with_copies_no_block_stays_into_which_the_last_time_of_a_grown_file_reaches() {
    // All lines of the grown file have one time.
    let old_text = format!("{} a\n", written(500)).repeat(10_000);
    let other: String = (0..5_000).map(|place| format!("{} b\n", written(place / 5))).collect();
    let new_text = format!("{old_text}{} c\n", written(500));
    let old = files(&[&other, &old_text], at(0));
    let new = files(&[&other, &new_text], at(0));
    let index = built(&old);
    let with = check_grown(&old, &index, &new, 1, "copies").expect("some stay");
    let without = check_grown(&old, &index, &new, 0, "no copies").expect("some stay");
    assert!(index.blocks()[with].first_key < at(500));
    assert!(without > with + 5, "{without} and {with}");
}

#[test]
fn utf_16_and_wrapped_files_that_grew_are_built_on_to_what_building_anew_gives() {
    let utf16 = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    let plain: String = (0..9_000).map(|at| format!("{} step \u{a0a} {at}\n", written(at * 7))).collect();
    let wrapped: String = (0..9_000_u64)
        .map(|at| format!("{} stdout {} part {at}\n", written(at * 9), if at % 3 == 0 { 'F' } else { 'P' }))
        .collect();
    for (name, text) in [("utf-16", utf16(&plain)), ("wrapped", wrapped.into_bytes())] {
        for cut in [1, 2, 3, 50, 51, 7_000] {
            let old = files(&[&text[..text.len() - cut]], at(0));
            let new = files(&[&text], at(0));
            let kept = check_grown(&old, &built(&old), &new, 0, &format!("{name}, {cut}"));
            assert!(kept.is_some(), "{name}, {cut}");
        }
    }
}

#[test]
fn what_cannot_be_told_to_be_the_same_log_is_built_anew() {
    let text: String = (0..9_000).map(|place| format!("{} step {place}\n", written(place))).collect();
    let more = format!("{text}{} more\n", written(9_000));
    let old = files(&[&text], at(0));
    let index = built(&old);
    let kept = index.encode(&identity(&old)).expect("it is whole");
    let stale = |today: &LogIdentity, inputs: &[Input]| matches!(Index::load(&kept, today, inputs), Ok(Loaded::Stale));
    // It would be kept, if nothing else had changed.
    let grown = files(&[&more], at(1));
    assert!(matches!(Index::load(&kept, &identity(&grown), &grown), Ok(Loaded::Grown(_))));

    let other_times = LogIdentity::of(&old, "Europe/Berlin", 0).expect("a file");
    assert!(stale(&other_times, &old), "times are read in another way");
    let copies = LogIdentity::of(&old, "UTC", 1).expect("a file");
    assert!(stale(&copies, &old), "copies are dropped");
    let year = LogIdentity::of(&grown, "UTC", 0).expect("a file").with_guessed_years(&[true]);
    assert!(stale(&year, &grown), "the year is that of the last change");
    let two = files(&[&text, &text], at(0));
    assert!(stale(&identity(&two), &two), "a source more");
    let shorter = files(&[&text[..text.len() - 10]], at(0));
    assert!(stale(&identity(&shorter), &shorter), "it was cut short");
    let mut renamed = old.to_vec();
    renamed[0].id = "other".into();
    assert!(stale(&identity(&renamed), &renamed), "another name");
    let another: Arc<[Input]> = [Input { id: "s0".into(), ..file(7, more.as_bytes(), at(1), false) }].into();
    assert!(stale(&identity(&another), &another), "another file of that name");
    for place in [20, text.len() - 500] {
        let mut changed = more.clone().into_bytes();
        changed[place] = b'?';
        let changed = files(&[changed], at(1));
        assert!(stale(&identity(&changed), &changed), "written anew at {place}");
    }
    let packed: Arc<[Input]> = [file(0, more.as_bytes(), at(1), true)].into();
    assert!(stale(&identity(&packed), &packed), "packed bytes say nothing of the text");
    let earlier = files(&[&format!("{text}{} x\n", written(9)).replacen("00:00:00.000", "00:00:00.001", 1)], at(1));
    assert!(stale(&identity(&earlier), &earlier), "another first line");
}

#[test]
fn a_grown_file_without_times_is_built_anew() {
    let text = "no time\n".repeat(30_000);
    let old = files(&[&text], at(0));
    let new = files(&[&format!("{text}more\n")], at(0));
    let kept = built(&old).encode(&identity(&old)).expect("it is whole");
    assert!(matches!(Index::load(&kept, &identity(&new), &new), Ok(Loaded::Stale)));
    assert!(matches!(Index::load(&kept, &identity(&old), &old), Ok(Loaded::Same(_))));
}

#[test]
fn a_log_with_a_source_that_is_no_file_has_no_identity() {
    let mut inputs = files(&["a\n"], at(0)).to_vec();
    inputs[0].source = Arc::new(MemorySource::new("a\n", at(0)));
    assert!(LogIdentity::of(&inputs, "", 0).is_none());
    assert!(LogIdentity::of(&[], "", 0).is_none());
}

#[test]
fn an_index_of_a_log_that_failed_is_not_kept() {
    struct Broken(TestFile);
    impl Source for Broken {
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
            if offset < 100_000 { self.0.read_at(offset, buf) } else { Err(Error::Replaced { name: "a".into() }) }
        }
        fn bytes(&self) -> Option<u64> {
            self.0.bytes()
        }
        fn modified(&self) -> Timestamp {
            self.0.modified()
        }
        fn file_identity(&self) -> Option<FileIdentity> {
            self.0.file_identity()
        }
    }
    let text: String = (0..9_000).map(|place| format!("{} step {place}\n", written(place))).collect();
    let mut inputs = files(&[&text], at(0)).to_vec();
    let bytes = MemorySource::new(text, at(0));
    inputs[0].source = Arc::new(Broken(TestFile { bytes, inode: 1, packed: false }));
    let inputs: Arc<[Input]> = inputs.into();
    let index = built(&inputs);
    assert_eq!(index.failures().len(), 1);
    assert!(index.encode(&identity(&inputs)).is_none());
}

/// A log of a few blocks, and its index as a file.
fn small() -> (Arc<[Input]>, Index, Vec<u8>) {
    let mut random = Random(1);
    let inputs = files(&log_texts(&mut random, 3, 1_500), at(1_000_000));
    let index = built(&inputs);
    let file = index.encode(&identity(&inputs)).expect("it is whole");
    (inputs, index, file)
}

#[test]
fn every_flipped_bit_and_every_truncation_is_refused() {
    let (inputs, _, file) = small();
    let today = identity(&inputs);
    for place in 0..file.len() {
        for bit in 0..8 {
            let mut flipped = file.clone();
            flipped[place] ^= 1 << bit;
            assert!(Index::load(&flipped, &today, &inputs).is_err(), "bit {bit} of byte {place}");
        }
        assert!(Index::load(&file[..place], &today, &inputs).is_err(), "{place} bytes");
    }
    assert!(Index::load(&[&file[..], b"x"].concat(), &today, &inputs).is_err());
}

#[test]
fn noise_is_no_index() {
    let (inputs, _, file) = small();
    let today = identity(&inputs);
    for seed in 0..2_000 {
        let mut random = Random(seed);
        let mut noise: Vec<u8> = (0..random.below(300)).map(|_| random.next().to_le_bytes()[0]).collect();
        if random.one_in(2) {
            noise.splice(..0, file[..28].iter().copied());
        }
        assert!(Index::load(&noise, &today, &inputs).is_err(), "seed {seed}");
    }
}

/// What a file with a right checksum may say: anything, and yet it is refused, or an index that makes sense.
#[test]
fn an_index_that_lies_under_a_right_checksum_is_refused_or_makes_sense() {
    let (inputs, _, file) = small();
    let today = identity(&inputs);
    let payload = unpack(&file, INDEX_FILE_BYTES_MAX).expect("it is whole");
    let (mut refused, mut stale, mut taken) = (0, 0, 0);
    let mut try_out = |payload: &[u8]| match Index::load(&Index::seal(payload).expect("small"), &today, &inputs) {
        Err(_) => refused += 1,
        Ok(Loaded::Stale) => stale += 1,
        Ok(Loaded::Same(index) | Loaded::Grown(index)) => {
            taken += 1;
            check_sense(&index, &inputs);
        }
    };
    for place in 0..payload.len() {
        for byte in [0, 1, 0x7F, 0x80, 0xFF, payload[place] ^ 1, payload[place] ^ 0x80] {
            let mut lie = payload.clone();
            lie[place] = byte;
            try_out(&lie);
        }
        try_out(&payload[..place]);
        try_out(&[&payload[..place], &[0xFF; 18], &payload[place..]].concat());
    }
    assert!(refused > 1_000 && stale > 100 && taken > 100, "{refused}, {stale}, {taken}");
}

#[test]
fn a_number_that_no_log_can_reach_is_refused() {
    let text = log_text(&mut Random(7), 3_000);
    // Nothing says how long the text of a packed file is.
    for packed in [false, true] {
        let inputs: Arc<[Input]> = [file(0, &text, at(0), packed)].into();
        let today = identity(&inputs);
        let whole = built(&inputs).encode(&today).expect("it is whole");
        let payload = unpack(&whole, INDEX_FILE_BYTES_MAX).expect("it is whole");
        for place in 0..payload.len() {
            for digits in 1..19 {
                let lie = [&payload[..place], &vec![0xFF; digits][..], &[1], &payload[place + 1..]].concat();
                let file = Index::seal(&lie).expect("small");
                if let Ok(Loaded::Same(index)) = Index::load(&file, &today, &inputs) {
                    assert!(index.bytes_passed() <= SPOOL_BYTES_MAX, "{digits} digits at {place}");
                    let log = Log::new(Arc::clone(&inputs)).with_index(index);
                    assert_eq!(
                        log.stats(7, By::Time, &std::sync::atomic::AtomicBool::new(false))
                            .expect("memory reads")
                            .buckets
                            .len(),
                        7,
                        "{digits} digits at {place}"
                    );
                }
            }
        }
    }
}

#[track_caller]
fn check_sense(index: &Index, inputs: &[Input]) {
    let blocks = index.blocks().len();
    assert_eq!(index.lines(), index.blocks().iter().map(|block| block.lines).sum::<u64>());
    assert_eq!(index.lines(), index.lines_by_source().iter().sum::<u64>());
    assert_eq!(index.lines(), index.levels().iter().sum::<u64>());
    assert!(index.blocks().is_sorted_by(|one, two| one.last_key <= two.first_key));
    assert_eq!(index.is_complete(), index.resume().is_none());
    for (place, input) in inputs.iter().enumerate() {
        let standings: Vec<&Standing> = (0..blocks).map(|block| &index.standings(block)[place]).collect();
        assert!(standings.is_sorted_by(|one, two| one.offset <= two.offset && one.key <= two.key));
        let bytes = input.source.bytes().expect("known");
        assert!(standings.iter().all(|standing| standing.offset <= bytes));
    }
}

#[test]
fn an_index_says_of_another_version_that_it_is_one() {
    let (inputs, _, mut file) = small();
    file[8] = 9;
    let error = Index::load(&file, &identity(&inputs), &inputs).expect_err("it is another version");
    assert_eq!(error, IndexFileError::Version(9));
}

#[test]
fn a_file_that_unpacks_to_more_than_its_log_can_need_is_not_unpacked() {
    let (inputs, _, _) = small();
    let bomb = Index::seal(&vec![0; 64 << 20]).expect("it is short enough");
    assert!(bomb.len() < 20_000);
    let error = Index::load(&bomb, &identity(&inputs), &inputs).expect_err("it is too long");
    assert!(matches!(error, IndexFileError::Wrong(_)), "{error}");
}

#[test]
fn a_block_of_three_sources_takes_little_room() {
    let mut random = Random(5);
    let inputs = files(&log_texts(&mut random, 3, 12_000), at(0));
    let index = built(&inputs);
    let file = index.encode(&identity(&inputs)).expect("it is whole");
    let blocks = index.blocks().len();
    assert!(file.len() < 300 + 60 * blocks, "{} bytes for {blocks} blocks", file.len());
}
