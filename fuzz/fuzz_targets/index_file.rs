//! Whatever a file of the cache holds, it is refused, or it is an index that makes sense for the log it is loaded for; and
//! an index that was kept is worth after its files grew what a new one is.

#![no_main]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use engine::{By, Case, Ended, Filter, Found, Index, Input, Loaded, Log, LogIdentity, Pattern, Place};
use fuzz::{MODIFIED, MemoryFile, encoded, input, log_text, taken};
use libfuzzer_sys::fuzz_target;
use record::Timestamp;

/// Bytes before what is packed in an index file.
const HEAD_BYTES: usize = 8 + 4 + 8 + 8;

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, a, b, c], rest)) = data.split_first_chunk() else { return };
    let kept = &KEPT[usize::from(choice >> 3) % KEPT.len()];
    match choice & 7 {
        0 => check_load(kept, rest, a),
        1 => check_load(kept, &sealed(rest), a),
        2 => {
            let mut file = kept.file.clone();
            mutate(&mut file, rest);
            check_load(kept, &file, a);
        }
        3 | 4 => {
            let mut unpacked = kept.unpacked.clone();
            mutate(&mut unpacked, rest);
            check_load(kept, &sealed(&unpacked), a);
        }
        5 => {
            let start = usize::from(u16::from_le_bytes([b, c])) % kept.unpacked.len();
            check_load(kept, &sealed(&[&kept.unpacked[..start], rest].concat()), a);
        }
        _ => check_growth(choice, [a, b, c], rest),
    }
});

/// An index that was kept, and the log it is of; or what that has grown to.
struct Kept {
    today: Arc<[Input]>,
    file: Vec<u8>,
    unpacked: Vec<u8>,
}

static KEPT: LazyLock<Vec<Kept>> = LazyLock::new(|| {
    let texts: [&[(&[u8], u8)]; 3] = [
        &[(b"\x01\x42\x85\xc3", 0)],
        &[(b"\x02\xe0", 0), (b"\x03\x80", 2), (b"\x04\x67\xa0\x11\x12\x13", 0)],
        &[(b"\x05\xdf", 0), (b"\x81", 0)],
    ];
    let mut kept = Vec::new();
    for (at, texts) in texts.into_iter().enumerate() {
        let texts: Vec<Vec<u8>> =
            texts.iter().map(|(script, encoding)| encoded(log_text(script, 2500 + 1000 * at), *encoding)).collect();
        let (whole, packed) = (files(&texts, MODIFIED, false), files(&texts, MODIFIED, true));
        let grown: Vec<_> = texts.iter().map(|text| [text, &text[text.len() / 2 & !1..]].concat()).collect();
        kept.extend([
            Kept::new(whole.clone(), whole.clone(), usize::MAX),
            Kept::new(whole.clone(), whole.clone(), 2),
            Kept::new(whole, files(&grown, MODIFIED, false), usize::MAX),
            Kept::new(packed.clone(), packed, usize::MAX),
        ]);
    }
    kept
});

impl Kept {
    /// The index of `inputs` after so many blocks, to be loaded for `today`.
    fn new(inputs: Arc<[Input]>, today: Arc<[Input]>, blocks: usize) -> Self {
        let file = built(&inputs, false, blocks).index().encode(&identity(&inputs, 0)).expect("it is worth keeping");
        let unpacked = zstd::decode_all(&file[HEAD_BYTES..]).expect("it was just packed");
        Self { today, file, unpacked }
    }
}

fn files(texts: &[Vec<u8>], modified: Timestamp, packed: bool) -> Arc<[Input]> {
    let file = |(at, text): (usize, &Vec<u8>)| {
        let file = MemoryFile { bytes: text.as_slice().into(), inode: at as u64, modified, packed: packed && at == 0 };
        input(at, file).expect("memory reads")
    };
    texts.iter().enumerate().map(file).collect()
}

fn identity(inputs: &[Input], copies: u8) -> LogIdentity {
    LogIdentity::of(inputs, "UTC", copies).expect("they are files")
}

fn built(inputs: &Arc<[Input]>, copies: bool, blocks: usize) -> Log {
    let log = Log::new(Arc::clone(inputs));
    let log = if copies { log.without_copies() } else { log };
    let cancelled = AtomicBool::new(false);
    log.build_index(&cancelled, |index| cancelled.store(index.blocks().len() >= blocks, Ordering::Relaxed));
    log
}

fn sealed(unpacked: &[u8]) -> Vec<u8> {
    Index::seal(unpacked).expect("it is short enough")
}

/// Each four bytes change something at one place.
fn mutate(bytes: &mut Vec<u8>, edits: &[u8]) {
    for &[low, high, what, value] in edits.as_chunks::<4>().0.iter().take(16) {
        let at = usize::from(u16::from_le_bytes([low, high])) % bytes.len().max(1);
        match what % 6 {
            0 if at < bytes.len() => bytes[at] = value,
            1 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(value),
            2 => bytes.insert(at, value),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            // A large number in place of a small one.
            5 if at < bytes.len() => {
                let digits = std::iter::repeat_n(0xFF, usize::from(value % 20)).chain([value >> 5]);
                bytes.splice(at..=at, digits);
            }
            _ => {}
        }
    }
}

/// An index that loads can be asked whatever an index can be asked.
fn check_load(kept: &Kept, file: &[u8], n: u8) {
    let inputs = &kept.today;
    let index = match Index::load(file, &identity(inputs, 0), inputs) {
        Err(error) => return assert!(!error.to_string().is_empty()),
        Ok(Loaded::Stale) => return,
        Ok(Loaded::Same(index) | Loaded::Grown(index)) => index,
    };
    check_sums(&index);
    assert_eq!(index.is_complete(), index.resume().is_none());
    let log = Log::new(Arc::clone(inputs)).with_index(index);
    let (lines, last) = {
        let index = log.index();
        assert!(index.bytes_passed() <= 1 << 40, "{} bytes are passed", index.bytes_passed());
        (index.lines(), index.blocks().last().map_or(MODIFIED, |block| block.last_key))
    };
    let n = lines * u64::from(n) / 255;
    for ordinal in [0, n, lines.saturating_sub(1), lines] {
        let mut merge = log.merge_from(ordinal);
        while let Some((_, line)) = merge.next().filter(|(_, line)| line.start() < 4000) {
            assert!(line.start() < line.next);
            assert!(merge.record(Some(ordinal)).is_some());
            merge.write_raw(&mut std::io::sink()).expect("it takes all");
        }
    }
    for place in [
        Place::Line(n),
        Place::Tail(n),
        Place::Time(last),
        Place::Time(MODIFIED),
        Place::Time(Timestamp::from_nanos(i128::MAX)),
        Place::Anchor { source: 0, offset: n },
        Place::Anchor { source: inputs.len() - 1, offset: u64::MAX },
    ] {
        if let Found::At(ordinal) = log.find(place) {
            assert!(ordinal <= lines.max(n) + log.index().spacing(), "{place:?} is line {ordinal} of {lines}");
        }
    }
    for by in [By::Time, By::Line] {
        assert!(log.stats(50, by, &AtomicBool::new(false)).expect("memory reads").buckets.len() <= 50);
    }
    let never = AtomicBool::new(false);
    if !log.index().is_complete() {
        log.build_index(&never, |_| {});
        check_sums(&log.index());
        assert!(log.index().is_complete());
    }
    let pattern = Some(Arc::new(Pattern::new("at|wild 7", Case::Match).expect("a pattern")));
    let mut before = None;
    let ended = log.search(&Filter { pattern, ..Filter::default() }, 0, &never, |searched| {
        for ordinal in searched.lines {
            assert!(before < Some(ordinal), "line {ordinal} comes after {before:?}");
            before = Some(ordinal);
        }
        true
    });
    assert!(matches!(ended, Ended::Done), "{ended:?}");
}

fn check_sums(index: &Index) {
    assert_eq!(index.blocks().iter().map(|block| block.lines).sum::<u64>(), index.lines());
    assert_eq!(index.levels().iter().sum::<u64>(), index.lines());
    assert_eq!(index.lines_by_source().iter().sum::<u64>(), index.lines());
    let keys: Vec<_> = index.blocks().iter().flat_map(|block| [block.first_key, block.last_key]).collect();
    assert!(keys.is_sorted(), "keys fall: {keys:?}");
}

/// What is kept of files that grew, and built on, is what a new index is.
fn check_growth(choice: u8, [a, b, c]: [u8; 3], script: &[u8]) {
    let copies = choice & 8 != 0;
    let blocks = if choice & 16 == 0 { usize::MAX } else { 1 + usize::from(c & 3) };
    let sources = 1 + usize::from(choice >> 5) % 3;
    let lines = 1200 + 40 * usize::from(a & 0x3F);
    let grown: Vec<Vec<u8>> = script
        .chunks(script.len().div_ceil(sources).max(1))
        .enumerate()
        .map(|(at, script)| encoded(log_text(script, lines), if a >> 6 == 1 + at as u8 { 2 + (c >> 7) } else { 0 }))
        .collect();
    if grown.is_empty() {
        return;
    }
    let old: Vec<Vec<u8>> = grown
        .iter()
        .enumerate()
        .map(|(at, text)| {
            // The first source grows, and of the others those that `c` says.
            let grows = at == 0 || c >> (2 + at) & 1 != 0;
            let left = if grows { usize::from(b) * text.len() / 400 + usize::from(c & 0x1F) } else { 0 };
            text[..text.len().saturating_sub(left)].to_vec()
        })
        .collect();
    let later = if c & 0x40 == 0 { MODIFIED } else { Timestamp::from_nanos(MODIFIED.nanos() + 1_000_000_000) };
    let (before, today) = (files(&old, MODIFIED, false), files(&grown, later, false));
    let Some(file) = built(&before, copies, blocks).index().encode(&identity(&before, u8::from(copies))) else {
        assert!(blocks <= 4, "it is worth nothing");
        return;
    };
    let index = match Index::load(&file, &identity(&today, u8::from(copies)), &today).expect("it is whole") {
        Loaded::Stale => return,
        Loaded::Same(index) | Loaded::Grown(index) => index,
    };
    let log = Log::new(Arc::clone(&today)).with_index(index);
    let log = if copies { log.without_copies() } else { log };
    log.build_index(&AtomicBool::new(false), |_| {});
    let new = built(&today, copies, usize::MAX);
    {
        let (index, new) = (log.index(), new.index());
        check_sums(&index);
        assert_eq!(index.blocks(), new.blocks());
        assert_eq!(index.lines_by_source(), new.lines_by_source());
        assert!(index.encode(&identity(&today, 0)) == new.encode(&identity(&today, 0)), "they stand elsewhere");
    }
    let n = u64::from(b) * new.index().lines() / 255;
    assert!(taken(&mut log.merge_from(n), 20) == taken(&mut new.merge_from(n), 20), "line {n} is another one");
}
